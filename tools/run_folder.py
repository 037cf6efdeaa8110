"""The output folder of a training run: its checkpoints, the newest readable one and the best, the alphabet, the configuration."""
import collections
import contextlib
import glob
import os
import shutil

import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint
from local_utils import establish_char_dict, files, folder_lock, log_utils
from tools import session_utils

BEST_DIR = 'best'
BEST_RESULT = 'validation.json'
CONFIG_NAME = 'config.json'
ASIDE_ENDING = '.damaged'   # of the files of a checkpoint that could not be read

Checkpoint = collections.namedtuple('Checkpoint', [
    'prefix',   # its path without the ending of a file
    'tensors',  # dict of variable name → array, see checkpoint.load_tensors
])


class RunFolder:
    """Saves what a run needs into a folder, and finds it again; while the block runs, no other run can."""

    def __init__(self, output_dir, is_chief=True):
        """Name the folder; entering the block opens it.

        Args:
            output_dir: the folder.
            is_chief: whether this is the worker that writes; the others only read the last checkpoint.
        """
        self.output_dir = output_dir
        self.best_dir = os.path.join(output_dir, BEST_DIR)
        self._is_chief = is_chief
        self._saver = self._best_saver = None
        self._saved_step = None
        self._unreadable = []   # prefixes of checkpoints

    def __enter__(self):
        """As the chief, lock the folder, making it where it is missing, and remove what a killed run left half written.

        Raises:
            OSError: another run has it, or it cannot be made.
        """
        with contextlib.ExitStack() as stack:
            if self._is_chief:
                stack.enter_context(folder_lock.only_writer(self.output_dir))
                remove_leftovers(self.output_dir)
                remove_leftovers(self.best_dir)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def load_last(self, architecture):
        """Return the newest checkpoint that can be read, a Checkpoint, or None where the run is new.

        Args:
            architecture: checkpoint.Architecture that the run has to have.

        Raises:
            ValueError: there are checkpoints, but none can be read, or they are of another network or alphabet.
        """
        prefixes = checkpoint.checkpoints_in(self.output_dir)
        if not prefixes:
            return None
        try:
            newest = load_newest(self.output_dir, with_optimizer=True)
        except checkpoint.DamagedCheckpoint as error:
            raise ValueError(f'{error}; give another --output_dir, or remove what is in it to start anew') from error
        difference = checkpoint.architecture_difference(
            architecture, checkpoint.architecture_of(newest.tensors, newest.prefix))
        if difference:
            raise ValueError(f'{self.output_dir} holds a run of another network or alphabet ({difference}); '
                             'give another --output_dir')
        self._unreadable = prefixes[:prefixes.index(newest.prefix)]
        return newest

    def start(self, codec, configuration, keep_checkpoints):
        """Write the alphabet and the configuration beside the checkpoints to come; the graph has to be complete.

        Checkpoints that `load_last` could not read are set aside: they are of steps that the run comes to again.

        Args:
            codec: CharacterCodec.
            configuration: the knobs of the run, a dict.
            keep_checkpoints: how many of the last checkpoints stay.
        """
        if not self._is_chief:
            return
        for prefix in self._unreadable:
            set_aside(prefix)
        os.makedirs(self.best_dir, exist_ok=True)
        for folder in (self.output_dir, self.best_dir):
            establish_char_dict.write_alphabet(codec.characters, folder)
        files.write_json(os.path.join(self.output_dir, CONFIG_NAME), configuration)
        readable = [variable for variable in tf.global_variables() if not variable.op.name.startswith('optimizer/')]
        self._saver = tf.train.Saver(max_to_keep=keep_checkpoints, save_relative_paths=True)
        self._saver.recover_last_checkpoints(checkpoint.checkpoints_in(self.output_dir)[::-1])
        self._best_saver = tf.train.Saver(readable, max_to_keep=1, save_relative_paths=True)
        self._best_saver.recover_last_checkpoints(checkpoint.checkpoints_in(self.best_dir)[::-1])

    def save(self, session, step):
        """Write the checkpoint of a step, unless it is there already."""
        if self._is_chief and step != self._saved_step:
            save_checkpoint(self._saver, session, self.output_dir, step)
            self._saved_step = step

    def best_accuracy(self):
        """Return the word accuracy of the best checkpoint, or -1 where there is none."""
        try:
            accuracy = float(files.read_json_object(os.path.join(self.best_dir, BEST_RESULT))['word_accuracy'])
        except (OSError, ValueError, KeyError, TypeError):
            return -1.0
        return accuracy if 0 <= accuracy <= 1 else -1.0

    def save_best(self, session, step, results):
        """Write the weights of a step, without the optimizer's state, as the best, with the figures of its validation."""
        if not self._is_chief:
            return
        save_checkpoint(self._best_saver, session, self.best_dir, step)
        files.write_json(os.path.join(self.best_dir, BEST_RESULT), {'step': step, **results})


def save_checkpoint(saver, session, folder, step):
    """Write the checkpoint of a step into a folder, or, where that fails, nothing; raises OSError then."""
    try:
        with session_utils.readable_errors(f'{folder}: cannot write the checkpoint of step {step}'):
            saver.save(session, os.path.join(folder, checkpoint.NAME), global_step=step, write_meta_graph=False)
    except OSError:
        remove_leftovers(folder)
        raise


def load_newest(path, with_optimizer=False):
    """Read the newest checkpoint that a path means and that can be read, with a warning for each newer one that cannot.

    Args:
        path: see checkpoint.find_checkpoints.
        with_optimizer: read the optimizer's variables, too.

    Returns:
        Checkpoint.

    Raises:
        FileNotFoundError: there is none.
        checkpoint.DamagedCheckpoint: none of them can be read.
    """
    prefixes = checkpoint.find_checkpoints(path)
    for prefix in prefixes:
        try:
            return Checkpoint(prefix, checkpoint.load_tensors(prefix, with_optimizer))
        except checkpoint.DamagedCheckpoint as error:
            if len(prefixes) == 1:
                raise
            log_utils.init_logger().warning('%s; trying the one before', error)
    raise checkpoint.DamagedCheckpoint(f'{path}: none of its {len(prefixes)} checkpoints can be read')


def set_aside(prefix):
    """Give the files of a checkpoint another name, so that nothing takes them for one."""
    for path in sorted(glob.glob(glob.escape(prefix) + '.*')):   # the index last: without it the others were leftovers
        if not path.endswith(ASIDE_ENDING):
            os.replace(path, path + ASIDE_ENDING)
    log_utils.init_logger().warning('%s: set aside, its files have the ending %s now', prefix, ASIDE_ENDING)


def half_written(folder):
    """Return the paths that a checkpoint has in a folder while it is written, or that a killed writing left, as a set."""
    return set(_checkpoint_paths(folder, '-*temp*'))


def remove_leftovers(folder):
    """Remove what a killed or failed writing of a checkpoint, or removing of an old one, left in a folder."""
    without_index = [path for path in _checkpoint_paths(folder, '-*.data-*[0-9]')
                     if not os.path.exists(path.rpartition('.data-')[0] + '.index')]
    state_files = glob.glob(os.path.join(glob.escape(folder), 'checkpoint.tmp*'))
    for leftover in {*half_written(folder), *without_index, *state_files}:
        shutil.rmtree(leftover) if os.path.isdir(leftover) else os.remove(leftover)


def _checkpoint_paths(folder, ending):
    return glob.glob(os.path.join(glob.escape(folder), checkpoint.NAME + ending))
