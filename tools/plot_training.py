#!/usr/bin/env python3
"""Draw the curves of a training run: the loss of training and the word accuracy of validation.

    python tools/plot_training.py --output_dir runs/first --picture_path curves.png

It reads what the run gave to TensorBoard.
"""
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import command_line, opening, tensorflow_import
from local_utils.errors import InputError, MissingInput


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--picture_path', required=True, metavar='FILE',
                        help='the picture to write (PNG, PDF or SVG)')
    return parser.parse_args(argv)


def event_files(log_dir):
    """Return the paths of what TensorBoard was given, the oldest first.

    Args:
        log_dir: the folder that holds log/.

    Raises:
        MissingInput: there is nothing of TensorBoard's.
        InputError: one is a folder or a pipe, for which TensorFlow would wait.
    """
    event_dir = os.path.join(log_dir, 'log')
    paths = glob.glob(os.path.join(glob.escape(event_dir), 'events.out.tfevents.*'))
    if not paths:
        raise MissingInput(f'{event_dir}: expected the events of a training run, found none')
    for path in paths:
        opening.check(path)
    return sorted(paths, key=os.path.getmtime)


def read_scalars(paths, tags):
    """Read what TensorBoard was given.

    Args:
        paths: of the files, as of `event_files`.
        tags: names of scalars.

    Returns:
        dict of tag → dict of step → value; where a step was done again after a restart, the later value.
    """
    tensorflow_import.import_tensorflow()
    import tensorflow.compat.v1 as tf
    from google.protobuf.message import DecodeError

    from local_utils import session_utils
    session_utils.silence_deprecations()
    scalars = {tag: {} for tag in tags}
    for path in paths:
        try:
            for event in tf.train.summary_iterator(path):
                for value in event.summary.value:
                    if value.tag in scalars:
                        scalars[value.tag][event.step] = value.simple_value
        except tf.errors.DataLossError:
            continue   # the run was killed while it wrote the last event of this file
        except DecodeError as error:
            raise InputError(f'{path}: expected the events of a training run, found other records') from error
    return scalars


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    log_dir = args.log_dir or args.output_dir
    paths = event_files(log_dir)   # before the imports, which take seconds
    from local_utils import plots
    scalars = read_scalars(paths, ('train/loss', 'validation/word_accuracy'))
    if not scalars['train/loss']:
        raise InputError(f'{log_dir}: the run has no loss yet; it has one every TRAIN.DISPLAY_STEP steps')
    plots.draw_curves(scalars['train/loss'], scalars['validation/word_accuracy'], args.picture_path)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
