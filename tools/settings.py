"""From the knobs of the configuration to what each room takes, the only place that reads them; the flag
--set.
"""
import copy
import fnmatch

from crnnmodel import checkpoint_files
from crnnmodel.architecture import Architecture
from global_configuration.config import cfg, knobs, override
from local_utils import command_line, log_utils
from local_utils.char_codec import CharacterCodec
from local_utils.errors import WrongArgument
from reading import Expected, ReadingSettings, Recogniser, engines
from reading.expected import read_word_file
from training.settings import TrainingSettings


def add_set_flag(parser, *readable: str) -> None:
    """Add --set to an argparse parser.

    Args:
        parser: argparse.ArgumentParser; `configured` takes what it parsed.
        readable: names of the knobs that the script reads, such as 'ARCH.INPUT_SIZE', or of sections,
            'TRAIN'; others are refused.
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
        if name in knobs(cfg) and not any(fnmatch.fnmatchcase(name, pattern)
                                          for pattern in args.readable_knobs):
            raise WrongArgument(
                f'--set: this script does not read {name}; expected {" or ".join(args.readable_knobs)}')
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


def add_reading_flags(parser) -> None:
    """Add the flags of the scripts that read with a trained network to an argparse parser."""
    parser.add_argument('--weights_path', metavar='PATH',
                        help="a run's folder, a checkpoint (a folder, a prefix or a file of it), model.onnx "
                             "of export_shadownet.py, or 'bundled' (default: the best one in --output_dir, "
                             'else its last, else bundled)')
    parser.add_argument('--alphabet_dir', metavar='DIR',
                        help='the folder of char_dict.json and ord_map.json, for a checkpoint without an '
                             'alphabet of its own (default: beside it, else English)')
    parser.add_argument('--beam_search', action='store_true',
                        help='search beams of TEST.BEAM_WIDTH instead of the best path')
    known = parser.add_argument_group('what is known of the texts')
    known.add_argument('--lexicon', metavar='FILE',
                       help='a file of words, one a line; each text is one of them')
    known.add_argument('--word_list', metavar='FILE',
                       help='a file of words, one a line, that are more probable than others '
                            '(TEST.WORD_WEIGHT)')
    known.add_argument('--allow', metavar='CHARACTERS',
                       help='the only characters that are read, such as 0123456789')
    known.add_argument('--forbid', metavar='CHARACTERS', help='characters that are never read, such as il')
    known.add_argument('--case', choices=['lower'], help='read letters in lower case, whatever theirs is')
    known.add_argument('--format', metavar='FORMATS',
                       help="formats of the texts, several by commas, such as 'AA999?': A a letter, 9 a "
                            'digit, ? makes what stands before it optional, others stand for themselves, as '
                            'do these behind a backslash')


def expected(args) -> Expected:
    """Return what the flags of `add_reading_flags` say of the texts; raises InputError for an unreadable
    file.
    """
    lexicon, word_list = (None if path is None else read_word_file(path)
                          for path in (args.lexicon, args.word_list))
    return Expected(lexicon, word_list, args.allow, args.forbid or '', args.format, args.case == 'lower')


def open_recogniser(args, reading_settings: ReadingSettings, num_images: int,
                    alternatives: int = 0) -> Recogniser:
    """Return the Recogniser that the flags of `add_reading_flags` mean, for so many images; raises as it
    does.
    """
    weights_path = default_weights(args.output_dir) if args.weights_path is None else args.weights_path
    return Recogniser.open(weights_path, settings=reading_settings, alphabet_dir=args.alphabet_dir,
                           expected=expected(args), beam_search=args.beam_search, alternatives=alternatives,
                           num_images=num_images)


def default_weights(output_dir: str) -> str:
    """Return the --weights_path of a run's folder; the bundled weights where it has no checkpoint."""
    if checkpoint_files.checkpoints_in(engines.best_or_last(output_dir)):
        return output_dir
    if output_dir != command_line.OUTPUT_DIR:
        log_utils.init_logger().warning('%s: no checkpoint there; reading with the bundled weights',
                                        output_dir)
    return checkpoint_files.BUNDLED


def _lower_case(section):
    return {key.lower(): value for key, value in section.items()}
