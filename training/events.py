"""The file that TensorBoard reads: records of tf.Event, one behind the other.

TensorFlow's own writer works in a thread, which a full disk ends with a traceback on the terminal.
"""
import os
import socket
import time

import tensorflow.compat.v1 as tf

from local_utils import opening, tfrecord

FOLDER = 'log'
VERSION = 'brain.Event:2'   # with which each file begins


class EventFile:
    """An event file that is being written."""

    def __init__(self, log_dir: str):
        """Make a new file in the folder log/ of a folder; both are made where they are missing.

        Raises:
            InputError: log/ is a link.
            OSError: one of them cannot be made.
        """
        folder = opening.make_folder(log_dir, FOLDER)
        # TensorBoard knows the file by the start of its name, and its turn by the seconds.
        name = f'events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}.{time.time_ns()}'
        self._file = opening.open_file(os.path.join(folder, name), 'wb')
        self._write(tf.Event(wall_time=time.time(), file_version=VERSION))

    def add(self, values: list, step: int) -> None:
        """Write values, a list of tf.Summary.Value, of a step; raises OSError where that fails."""
        self._write(tf.Event(wall_time=time.time(), step=step, summary=tf.Summary(value=values)))

    def close(self) -> None:
        """End the file; raises OSError where that fails."""
        self._file.close()

    def _write(self, event):
        self._file.write(tfrecord.frame(event.SerializeToString()))
        self._file.flush()
