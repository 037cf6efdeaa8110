"""A training that kills itself in the middle of writing the checkpoint of a step.

    python -m tests.killed_in_writing MOMENT STEP FLAG_OF_TRAIN_SHADOWNET ...

TensorFlow writes data and index under temporary names, then gives the data its name, then the index.
"""
import os
import signal
import sys

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import tensorflow.compat.v1 as tf

from local_utils import command_line
from tools import train_shadownet

MOMENTS = ('data half written', 'index unnamed')


def leave_half_written(moment, prefix):
    """Make of a whole checkpoint what there is of it at one of MOMENTS."""
    data, index = prefix + '.data-00000-of-00001', prefix + '.index'
    os.rename(index, index + '.tempstate1')
    if moment == 'data half written':
        os.remove(index + '.tempstate1')
        os.truncate(data, os.path.getsize(data) // 2)
        os.rename(data, data + '.tempstate1')


def main(moment, last_step, *flags):
    """Train until the checkpoint of that step is half written."""
    save = tf.train.Saver.save

    def save_or_die(saver, session, path, global_step, **options):
        prefix = save(saver, session, path, global_step=global_step, **options)
        if global_step == int(last_step):
            leave_half_written(moment, prefix)
            os.kill(os.getpid(), signal.SIGKILL)
        return prefix

    tf.train.Saver.save = save_or_die
    return command_line.run_tool(train_shadownet.main, flags)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
