"""From the knobs of the configuration to what each room takes, the only place that reads them; the flag --set."""
import copy
import fnmatch

from crnnmodel.architecture import Architecture
from global_configuration.config import cfg, knobs, override
from local_utils.char_codec import CharacterCodec
from local_utils.errors import WrongArgument
from reading.settings import ReadingSettings
from training.settings import TrainingSettings


def add_set_flag(parser, *readable: str) -> None:
    """Add --set to an argparse parser.

    Args:
        parser: argparse.ArgumentParser; `configured` takes what it parsed.
        readable: names of the knobs that the script reads, such as 'ARCH.INPUT_SIZE', or of sections, 'TRAIN'; others
            are refused.
    """
    readable = [name if '.' in name else f'{name}.*' for name in readable]
    parser.add_argument('--set', action='extend', nargs='+', metavar='KEY=VALUE', dest='assignments',
                        help=f'change knobs of global_configuration/config.py ({", ".join(readable)})')
    parser.set_defaults(readable_knobs=readable)


def assigned_knobs(args) -> list[str]:
    """Return the names of the knobs that --set changes, as they were typed."""
    return [assignment.partition('=')[0].strip() for assignment in args.assignments or []]


def configured(args):
    """Return the configuration as --set changes it, an EasyDict of its own.

    Raises:
        WrongArgument: an unknown knob, one that the script does not read, or a wrong value.
    """
    config = copy.deepcopy(cfg)
    for name in assigned_knobs(args):
        if name in knobs(cfg) and not any(fnmatch.fnmatchcase(name, pattern) for pattern in args.readable_knobs):
            raise WrongArgument(f'--set: this script does not read {name}; expected {" or ".join(args.readable_knobs)}')
    try:
        override(config, args.assignments or [])
    except (KeyError, ValueError) as error:
        raise WrongArgument(f'--set: {error.args[0]}') from error
    return config


def architecture(config, codec: CharacterCodec) -> Architecture:
    """Return the Architecture of the knobs ARCH.* for an alphabet."""
    return Architecture(codec.characters, codec.num_classes, **_lower_case(config.ARCH))


def training(config) -> TrainingSettings:
    """Return the settings of the knobs TRAIN.*."""
    return TrainingSettings(**_lower_case(config.TRAIN))


def reading(config) -> ReadingSettings:
    """Return the settings of the knobs TEST.*."""
    return ReadingSettings(**_lower_case(config.TEST))


def _lower_case(section):
    return {key.lower(): value for key, value in section.items()}
