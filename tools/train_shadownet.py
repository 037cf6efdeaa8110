#!/usr/bin/env python3
"""Train ShadowNet from the records that write_text_features.py made.

    python tools/train_shadownet.py --dataset_dir records --output_dir runs/first --set TRAIN.STEPS=4000

Run again with the same output folder, it goes on where it stopped. SIGTERM and Ctrl-C save a checkpoint and
end the run.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from global_configuration.config import knobs
from local_utils import command_line, folder_lock, manifest, opening, record_files, tensorflow_import
from local_utils.errors import MissingInput
from tools import settings
from training import origin


def parse_args(argv=None):
    """Return the parsed command line, with `mixes_words`: whether drawn words are mixed with few records."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR',
                        help='the folder of the records and the alphabet (default: --data_dir)')
    parser.add_argument('--drawn_words', metavar='FILE',
                        help='train on words of this list, drawn while it trains, in place of the training '
                             'records')
    parser.add_argument('--fonts', nargs='+', metavar='DIR',
                        help="folders of fonts for --drawn_words (default: OpenCV's own and the system's)")
    parser.add_argument('--weights_path', metavar='PATH',
                        help="start a new run from the weights of this checkpoint, 'bundled' for those of "
                             'the project; words that are drawn are mixed with few records, see '
                             'TRAIN.DRAWN_FRACTION')
    settings.add_set_flag(parser, 'ARCH', 'TRAIN')
    args = parser.parse_args(argv)
    of_drawing = [name for name in settings.assigned_knobs(args) if name.startswith('TRAIN.DRAW')]
    args.mixes_words = not args.drawn_words and is_from_weights(args)
    if not args.drawn_words and not args.mixes_words and (args.fonts or of_drawing):
        parser.error(f'{"--fonts" if args.fonts else of_drawing[0]} is for --drawn_words or --weights_path')
    if args.drawn_words and 'TRAIN.DRAWN_FRACTION' in of_drawing:
        parser.error('TRAIN.DRAWN_FRACTION is for --weights_path without --drawn_words, with which all is '
                     'drawn')
    return args


def is_from_weights(args):
    """Whether a command line is of a run from weights, also when it goes on."""
    return bool(args.weights_path) or origin.started_from_weights(args.output_dir)


def check_inputs(args):
    """Raise MissingInput where there is no folder of records or no list of words."""
    if not os.environ.get('TF_CONFIG'):   # of a cluster some tasks need none
        record_files.check_folder(args.dataset_dir or args.data_dir)
    if args.drawn_words:
        try:
            opening.check(args.drawn_words)
        except FileNotFoundError as error:
            raise MissingInput(f'{args.drawn_words}: no such file; expected words, one a line') from error


def train_shadownet(args, config, cluster):
    """Train as the command line and the knobs say; return the number of steps done.

    Args:
        args: the parsed command line.
        config: the knobs.
        cluster: the devices and machines to train on.
    """
    from data_provider.data_provider import TextDataProvider
    from training import inputs
    from training import run as runs
    training_settings = settings.training(config)
    provider = TextDataProvider(args.dataset_dir or args.data_dir, config.ARCH.INPUT_SIZE)
    drawer = None
    if args.drawn_words:
        training_settings = training_settings._replace(drawn_fraction=1.0)
        drawer = inputs.make_drawer(args.drawn_words, args.fonts, provider, training_settings)
    elif args.mixes_words:
        drawer = inputs.make_companion(args.fonts, provider, training_settings)
    run = runs.Run(provider, drawer, settings.architecture(config, provider.codec),
                   output_dir=args.output_dir, log_dir=args.log_dir or args.output_dir,
                   configuration=knobs(config), weights_path=args.weights_path, max_step=args.max_step)
    return runs.train(run, cluster, training_settings)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    config = settings.configured(args)
    check_inputs(args)   # before TensorFlow's import, which takes seconds
    tensorflow_import.import_tensorflow()
    from local_utils import session_utils
    from training import run as runs
    session_utils.silence_deprecations()
    cluster = runs.open_cluster(args.num_gpus, settings.training(config))
    if not cluster:
        return
    dataset_dir = args.dataset_dir or args.data_dir
    with folder_lock.reading(manifest.path_in(dataset_dir)):
        train_shadownet(args, config, cluster)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
