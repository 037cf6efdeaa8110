"""The output folder of a training run: its checkpoints, the newest readable one and the best, the alphabet, the configuration."""
import collections
import contextlib
import glob
import json
import os
import re
import shutil

import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint
from local_utils import establish_char_dict, files, folder_lock, log_utils, session_utils
from local_utils.char_codec import alphabet_difference
from local_utils.errors import InputError

BEST_DIR = 'best'
RESULT_NAME = 'validation.json'   # of the last validation, and in best/ of the best
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
        self._saver = self._best_saver = self._keep_checkpoints = self._codec = None
        self._saved_step = None
        self._unreadable = []   # prefixes of checkpoints

    def __enter__(self):
        """As the chief, lock the folder, making it where it is missing, and remove what a killed run left half written.

        Raises:
            Unavailable: another run has it, or it cannot be made.
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
            InputError: there are checkpoints, but none can be read, or they are of another network or alphabet.
        """
        prefixes = checkpoint.checkpoints_in(self.output_dir)
        if not prefixes:
            return None
        try:
            newest = load_newest(self.output_dir, with_optimizer=True)
        except checkpoint.DamagedCheckpoint as error:
            raise InputError(f'{error}; give another --output_dir, or remove what is in it to start anew') from error
        difference = architecture_difference(architecture, checkpoint.architecture_of(newest.tensors, newest.prefix))
        if difference:
            raise InputError(f'{self.output_dir} holds a run of another network or alphabet ({difference}); '
                             'give another --output_dir')
        self._unreadable = prefixes[:prefixes.index(newest.prefix)]
        self._saved_step = int(newest.tensors['global_step'])
        return newest

    def make_savers(self, keep_checkpoints):
        """Make ready to save, so that the last `keep_checkpoints` checkpoints stay; the graph has to be complete."""
        if not self._is_chief:
            return
        self._keep_checkpoints = keep_checkpoints
        # They keep all: removing the old ones they would take a bracket in a path for a pattern.
        self._saver = tf.train.Saver(max_to_keep=None, save_relative_paths=True)
        weights = [variable for variable in tf.global_variables() if not variable.op.name.startswith('optimizer/')]
        self._best_saver = tf.train.Saver(weights, max_to_keep=None, save_relative_paths=True)

    def start(self, codec, configuration):
        """Write the alphabet and the configuration beside the checkpoints to come, with a warning for each knob that was another.

        Checkpoints that `load_last` could not read are set aside: they are of steps that the run comes to again.

        Args:
            codec: CharacterCodec.
            configuration: the knobs of the run, a dict.
        """
        if not self._is_chief:
            return
        for prefix in self._unreadable:
            set_aside(prefix)
        self._codec = codec
        establish_char_dict.write_alphabet(codec.characters, self.output_dir)
        config_path = os.path.join(self.output_dir, CONFIG_NAME)
        for name, before, now in changes(_object_in(config_path), configuration):
            log_utils.init_logger().warning('%s: %s before, %s now', name, before, now)
        files.write_json(config_path, configuration)

    def save(self, session, step):
        """Write the checkpoint of a step, unless it is there already."""
        if self._is_chief and step != self._saved_step:
            save_checkpoint(self._saver, session, self.output_dir, step)
            self._saved_step = step
            remove_checkpoints(own_checkpoints(self.output_dir)[self._keep_checkpoints:])

    def best_accuracy(self):
        """Return the word accuracy of the best checkpoint, or -1 where there is none."""
        accuracy = _object_in(os.path.join(self.best_dir, RESULT_NAME)).get('word_accuracy')
        return accuracy if isinstance(accuracy, (int, float)) and 0 <= accuracy <= 1 else -1.0

    def is_validated(self, step):
        """Whether the last validation that came to its end was that of a step."""
        return _object_in(os.path.join(self.output_dir, RESULT_NAME)).get('step') == step

    def save_validation(self, session, step, results):
        """Write the figures of a step's validation and, where its words are read better than before, its weights as the best."""
        if not self._is_chief:
            return
        results = {'step': step, **results}
        if results['word_accuracy'] > self.best_accuracy():
            os.makedirs(self.best_dir, exist_ok=True)
            establish_char_dict.write_alphabet(self._codec.characters, self.best_dir)
            save_checkpoint(self._best_saver, session, self.best_dir, step)
            remove_checkpoints([prefix for prefix in own_checkpoints(self.best_dir) if checkpoint.step_of(prefix) != step])
            files.write_json(os.path.join(self.best_dir, RESULT_NAME), results)
        files.write_json(os.path.join(self.output_dir, RESULT_NAME), results)   # last: by it the validation is known to be done


def architecture_difference(expected, actual):
    """Say in one line how two Architectures differ, of two alphabets in what, or return '' where they are the same."""
    if None in (expected.characters, actual.characters):
        return checkpoint.architecture_difference(expected, actual)
    rest = checkpoint.architecture_difference(expected._replace(characters=''), actual._replace(characters=''))
    return '; '.join(filter(None, [alphabet_difference(expected.characters, actual.characters), rest]))


def changes(before, now):
    """Return the entries of two dicts that differ, list of (key, value before, value now), for keys that both have."""
    now = json.loads(json.dumps(now))   # tuples become lists, as in a file
    return [(key, before[key], value) for key, value in now.items() if key in before and before[key] != value]


def _object_in(path):
    """Return the object of a JSON file, or an empty one where there is none that can be read."""
    try:
        return files.read_json_object(path)
    except (OSError, ValueError):
        return {}


def save_checkpoint(saver, session, folder, step):
    """Write the checkpoint of a step into a folder, or, where that fails, nothing; raises Unavailable then."""
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
        MissingInput: there is none.
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


def own_checkpoints(folder):
    """Return the prefixes of the checkpoints in a folder that have the names of a run's own, the newest first."""
    name = re.compile(re.escape(checkpoint.NAME) + r'-\d+')
    return [prefix for prefix in checkpoint.checkpoints_in(folder) if name.fullmatch(os.path.basename(prefix))]


def remove_checkpoints(prefixes):
    """Remove the files of checkpoints, of each the index first, without which the others count for nothing."""
    for prefix in prefixes:
        for path in [prefix + '.index', *glob.glob(glob.escape(prefix) + '.data-*-of-*[0-9]')]:
            os.remove(path)


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
