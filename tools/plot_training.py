#!/usr/bin/env python3
"""Draw the curves of a training run: the loss of training and the word accuracy of validation.

    python tools/plot_training.py --output_dir runs/first --picture_path curves.png

It reads what the run gave to TensorBoard.
"""
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import command_line, files, log_utils, opening, tensorflow_import, tfrecord
from local_utils.errors import InputError, MissingInput

EVENT_FOLDER = 'log'
MAX_EVENT_BYTES = 1 << 26   # some have pictures


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
        InputError: one is a folder or a pipe.
    """
    event_dir = os.path.join(log_dir, EVENT_FOLDER)
    paths = glob.glob(os.path.join(glob.escape(event_dir), 'events.out.tfevents.*'))
    if not paths:
        raise MissingInput(f'{event_dir}: expected the events of a training run, found none')
    for path in paths:
        opening.check(path)
    return sorted(paths, key=os.path.getmtime)


def read_events(path):
    """Yield the events of a file; where it is cut off, as by a kill, those before.

    Raises:
        InputError: it is damaged, or no file of events.
    """
    tensorflow_import.import_tensorflow()
    import tensorflow.compat.v1 as tf
    from google.protobuf.message import DecodeError

    try:
        for payload in tfrecord.read_records(path, largest=MAX_EVENT_BYTES):
            yield tf.Event.FromString(payload)
    except tfrecord.CutOff:
        return
    except DecodeError as error:
        raise InputError(f'{path}: expected the events of a training run, found other records') from error


def read_scalars(paths, tags):
    """Read what TensorBoard was given.

    Args:
        paths: of the files, as of `event_files`.
        tags: names of scalars.

    Returns:
        dict of tag → dict of step → value; where a step was done again after a restart, the later value.

    Raises:
        InputError: what there is has none of the scalars and is damaged, or of something else.
    """
    scalars, problems = {tag: {} for tag in tags}, []
    for path in paths:
        try:
            for event in read_events(path):
                for value in event.summary.value:
                    if value.tag in scalars and value.HasField('simple_value'):
                        scalars[value.tag][event.step] = value.simple_value
        except InputError as error:
            problems.append(error)
    if problems and not any(scalars.values()):
        raise problems[0]
    for problem in problems:
        log_utils.init_logger().warning('%s; what comes after is not drawn', problem)
    return scalars


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    log_dir = args.log_dir or args.output_dir
    files.check_target(args.picture_path, files.FIGURE_ENDINGS)
    paths = event_files(log_dir)   # before the imports, which take seconds
    from local_utils import plots
    scalars = read_scalars(paths, ('train/loss', 'validation/word_accuracy'))
    if not scalars['train/loss']:
        raise InputError(f'{log_dir}: the run has no loss yet; it has one every TRAIN.DISPLAY_STEP steps')
    plots.draw_curves(scalars['train/loss'], scalars['validation/word_accuracy'], args.picture_path)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
