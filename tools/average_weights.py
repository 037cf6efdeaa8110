#!/usr/bin/env python3
"""Average the weights of checkpoints of one network; of a single one, leave out the optimizer's state.

    python tools/average_weights.py --weights_path runs/first/best bundled --save_dir runs/average

Where each has gone on from the other, or both from the same weights, their mean often reads better than any
of them (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", arXiv
1803.05407).
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint, checkpoint_files
from local_utils import command_line, establish_char_dict, folder_lock, log_utils, session_utils, visible
from local_utils.errors import InputError


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--weights_path', nargs='+', required=True, metavar='PATH',
                        help="checkpoints, each a folder, a prefix or a file of it, or 'bundled'")
    parser.add_argument('--save_dir', metavar='DIR',
                        help='a folder without a checkpoint, for their mean (default: --output_dir)')
    parser.add_argument('--step', type=command_line.whole_number, metavar='N',
                        help='the step in its name (default: the highest of theirs)')
    return parser.parse_args(argv)


def average_weights(weights_paths, save_dir, step=None):
    """Write the mean of the weights of some checkpoints as a checkpoint of its own.

    Args:
        weights_paths: paths as checkpoint_files.find_checkpoints takes them.
        save_dir: the folder that gets it, with the alphabet where the checkpoints know theirs.
        step: the step in its name, or None for the highest of theirs.

    Raises:
        MissingInput: one of them is not there.
        InputError: one is damaged or of another network or alphabet than the first, or the folder holds a
            checkpoint.
        Unavailable: another run is writing there, or it cannot be written.
    """
    found = [checkpoint_files.load_newest(path) for path in weights_paths]
    forms = [architectures.architecture_of(each.tensors, each.prefix) for each in found]
    for each, form in zip(found, forms, strict=True):
        difference = architectures.difference(forms[0], form)
        if difference:
            raise InputError(
                f'{each.prefix}: of another network or alphabet than {found[0].prefix} ({difference})')
    if step is None:
        newest = max(found, key=lambda each: checkpoint_files.step_of(each.prefix))
        step = max(0, checkpoint_files.step_of(newest.prefix))
        if step > command_line.LARGEST_NUMBER:
            raise InputError(f'{newest.prefix}: its step is no number of 32 bits; give another with --step')
    with folder_lock.only_writer(save_dir):
        if checkpoint_files.checkpoints_in(save_dir):
            raise InputError(f'{save_dir}: there is a checkpoint already; give another --save_dir')
        if forms[0].characters is not None:
            establish_char_dict.write_alphabet(forms[0].characters, save_dir)
        of_network = {*architectures.variable_shapes(forms[0]), architectures.DESCRIPTION}
        means = mean_of([{name: value for name, value in each.tensors.items() if name in of_network}
                         for each in found])
        write_checkpoint(means, save_dir, step)
    log_utils.init_logger().info('the mean of %s is in %s', visible.counted(len(found), 'checkpoint'),
                                 save_dir)


def mean_of(all_tensors):
    """Return the mean of what several dicts of name → array all have; what is no float32 is the first's."""
    means = {}
    for name, first in all_tensors[0].items():
        if all(name in tensors for tensors in all_tensors):
            is_weight = np.asarray(first).dtype == np.float32
            means[name] = _mean([tensors[name] for tensors in all_tensors]) if is_weight else first
    return means


def _mean(arrays):
    return np.mean(arrays, axis=0, dtype=np.float64).astype(np.float32)


def write_checkpoint(tensors, folder, step):
    """Write a dict of name → array as the checkpoint of a step, which stands in it as in its name."""
    tensors = {**tensors, 'global_step': np.int32(step)}
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.get_variable(name, initializer=tf.constant(value)) for name, value in tensors.items()]
        session.run(tf.global_variables_initializer())
        checkpoint.save_checkpoint(tf.train.Saver(variables, save_relative_paths=True), session, folder, step)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    session_utils.silence_deprecations()
    average_weights(args.weights_path, args.save_dir or args.output_dir, args.step)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
