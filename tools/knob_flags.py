"""The flag --set, which changes knobs of global_configuration/config.py."""
from global_configuration.config import knobs, override
from local_utils import platform_flags


def add_set_flag(parser, *sections):
    """Add --set to an argparse parser.

    Args:
        parser: argparse.ArgumentParser; `set_knobs` takes what it parsed.
        sections: names of the sections of knobs that the script reads; it refuses those of others.
    """
    names = ', '.join(f'{section}.*' for section in sections)
    parser.add_argument('--set', action='extend', nargs='+', metavar='KEY=VALUE', dest='assignments',
                        help=f'change knobs of global_configuration/config.py ({names})')
    parser.set_defaults(knob_sections=sections)


def set_knobs(config, args):
    """Change the knobs of `config` as --set asks.

    Raises:
        platform_flags.WrongArgument: an unknown knob, one that the script does not read, or a wrong value.
    """
    assignments = args.assignments or []
    for assignment in assignments:
        name = assignment.partition('=')[0].strip()
        if name in knobs(config) and name.partition('.')[0] not in args.knob_sections:
            expected = ' or '.join(f'{section}.*' for section in args.knob_sections)
            raise platform_flags.WrongArgument(f'--set: this script does not read {name}; expected a knob of {expected}')
    try:
        override(config, assignments)
    except (KeyError, ValueError) as error:
        raise platform_flags.WrongArgument(f'--set: {platform_flags.message_of(error)}') from error
