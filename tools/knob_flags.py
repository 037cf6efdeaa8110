"""The flag --set, which changes knobs of global_configuration/config.py."""
import fnmatch

from global_configuration.config import knobs, override
from local_utils.errors import WrongArgument


def add_set_flag(parser, *readable):
    """Add --set to an argparse parser.

    Args:
        parser: argparse.ArgumentParser; `set_knobs` takes what it parsed.
        readable: names of the knobs that the script reads, such as 'ARCH.INPUT_SIZE', or of sections, 'TRAIN'; it refuses others.
    """
    readable = [name if '.' in name else f'{name}.*' for name in readable]
    names = ', '.join(readable)
    parser.add_argument('--set', action='extend', nargs='+', metavar='KEY=VALUE', dest='assignments',
                        help=f'change knobs of global_configuration/config.py ({names})')
    parser.set_defaults(readable_knobs=readable)


def assigned_knobs(args):
    """Return the names of the knobs that --set changes, as they were typed, a list."""
    return [assignment.partition('=')[0].strip() for assignment in args.assignments or []]


def set_knobs(config, args):
    """Change the knobs of `config` as --set asks.

    Raises:
        WrongArgument: an unknown knob, one that the script does not read, or a wrong value.
    """
    for name in assigned_knobs(args):
        if name in knobs(config) and not any(fnmatch.fnmatchcase(name, pattern) for pattern in args.readable_knobs):
            raise WrongArgument(f'--set: this script does not read {name}; '
                                               f'expected {" or ".join(args.readable_knobs)}')
    try:
        override(config, args.assignments or [])
    except (KeyError, ValueError) as error:
        raise WrongArgument(f'--set: {error.args[0]}') from error
