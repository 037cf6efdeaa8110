"""The output folder of a training run: checkpoints, the best of them, alphabet, configuration, figures."""
import contextlib
import json
import math
import os

import tensorflow.compat.v1 as tf

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint, checkpoint_files
from crnnmodel.architecture import GLOBAL_STEP, Architecture
from crnnmodel.tensor_bundle import AVERAGE, OPTIMIZER
from local_utils import establish_char_dict, files, folder_lock, log_utils, opening
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError, Unavailable
from training import averages
from training.origin import FIRST_RESULT_NAME

RESULT_NAME = 'validation.json'   # of the last validation, and in best/ of the best
CONFIG_NAME = 'config.json'
TOLD = ('step', 'word_accuracy', 'character_error_rate')   # of the figures of a validation


class RunFolder:
    """Saves what a run needs into a folder, and finds it again; while the block runs, no other run can."""

    def __init__(self, output_dir: str, is_chief: bool = True):
        """Name the folder; entering the block opens it.

        Args:
            output_dir: the folder.
            is_chief: whether this is the worker that writes; the others only read the last checkpoint.
        """
        self.output_dir = output_dir
        self.best_dir = os.path.join(output_dir, checkpoint_files.BEST_DIR)
        self._is_chief = is_chief
        self._saver = self._best_saver = self._keep_checkpoints = self._codec = None
        self._saved_step = self._identity = None
        self._unreadable = []   # prefixes of checkpoints

    def __enter__(self):
        """As the chief, lock the folder, making it where it is missing, and remove what a killed run left.

        Raises:
            Unavailable: another run has it, or it cannot be made.
            InputError: its best/ is a link.
        """
        with contextlib.ExitStack() as stack:
            if self._is_chief:
                stack.enter_context(folder_lock.only_writer(self.output_dir))
                opening.refuse_link(self.best_dir)   # before the long work
                self._identity = _identity_of(self.output_dir)
                checkpoint_files.remove_leftovers(self.output_dir)
                checkpoint_files.remove_leftovers(self.best_dir)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def load_last(self, architecture: Architecture) -> checkpoint_files.Checkpoint | None:
        """Return the newest readable checkpoint, a checkpoint_files.Checkpoint, or None where the run is new.

        Args:
            architecture: that the run has to have.

        Raises:
            InputError: none of the checkpoints can be read, or they are of another network or alphabet.
        """
        prefixes = checkpoint_files.checkpoints_in(self.output_dir)
        if not prefixes:
            return None
        try:
            newest = checkpoint_files.load_newest(self.output_dir, with_optimizer=True)
        except checkpoint_files.DamagedCheckpoint as error:
            raise InputError(f'{error}; give another --output_dir, or remove what is in it to start '
                             'anew') from error
        found = architectures.architecture_of(newest.tensors, newest.prefix)
        difference = architectures.difference(architecture, found)
        if difference:
            raise InputError(f'{self.output_dir} holds a run of another network or alphabet ({difference}); '
                             'give another --output_dir')
        self._unreadable = prefixes[:prefixes.index(newest.prefix)]
        if GLOBAL_STEP not in newest.tensors:
            raise InputError(f'{newest.prefix}: no checkpoint of a training, it has no {GLOBAL_STEP}; give '
                             'another --output_dir')
        self._saved_step = int(newest.tensors[GLOBAL_STEP])
        return newest

    def make_savers(self, keep_checkpoints: int) -> None:
        """Make ready to save, so that the last `keep_checkpoints` stay; the graph has to be complete."""
        if not self._is_chief:
            return
        self._keep_checkpoints = keep_checkpoints
        # They keep all: removing the old ones they would take a bracket in a path for a pattern.
        self._saver = tf.train.Saver(max_to_keep=None, save_relative_paths=True)
        weights = {variable.op.name: variable for variable in tf.global_variables()
                   if not variable.op.name.startswith((OPTIMIZER, AVERAGE))}
        self._best_saver = tf.train.Saver({**weights, **averages.averaged_variables()}, max_to_keep=None,
                                          save_relative_paths=True)

    def start(self, codec: CharacterCodec, configuration: dict) -> None:
        """Write alphabet and configuration beside the checkpoints; warn of each knob that was another.

        Checkpoints that `load_last` could not read are set aside: the run comes to their steps again.

        Args:
            codec: CharacterCodec.
            configuration: the knobs of the run, a dict.
        """
        if not self._is_chief:
            return
        for prefix in self._unreadable:
            checkpoint_files.set_aside(prefix)
        self._codec = codec
        establish_char_dict.write_alphabet(codec.characters, self.output_dir)
        config_path = os.path.join(self.output_dir, CONFIG_NAME)
        for name, before, now in changes(_object_in(config_path), configuration):
            log_utils.init_logger().warning('%s: %s before, %s now', name, before, now)
        files.write_json(config_path, configuration)

    def save(self, session: tf.Session, step: int) -> None:
        """Write the checkpoint of a step, unless it is there already."""
        if self._is_chief and step != self._saved_step:
            self.check_is_there()
            checkpoint.save_checkpoint(self._saver, session, self.output_dir, step)
            self._saved_step = step
            own = checkpoint_files.own_checkpoints(self.output_dir)
            checkpoint_files.remove_checkpoints(own[self._keep_checkpoints:])

    def check_is_there(self) -> None:
        """Raise Unavailable where the folder was removed, or another has its name: nothing could be kept."""
        if self._is_chief and _identity_of(self.output_dir) != self._identity:
            raise Unavailable(f'{self.output_dir}: the folder of the run is gone; the training ends')

    def best_results(self) -> dict:
        """Return the figures of the best checkpoint's validation, empty where there is none."""
        return _results_in(os.path.join(self.best_dir, RESULT_NAME))

    def is_validated(self, step: int) -> bool:
        """Whether the last validation that came to its end was that of a step."""
        return _object_in(os.path.join(self.output_dir, RESULT_NAME)).get('step') == step

    def save_validation(self, session: tf.Session, step: int, results: dict) -> None:
        """Write the figures of a step's validation and, where they are better than before, its weights."""
        if not self._is_chief:
            return
        self.check_is_there()
        results = {'step': step, **results}
        if step == 0:
            files.write_json(os.path.join(self.output_dir, FIRST_RESULT_NAME), results)
        if is_better(results, self.best_results()):
            opening.make_folder(self.output_dir, checkpoint_files.BEST_DIR)
            establish_char_dict.write_alphabet(self._codec.characters, self.best_dir)
            checkpoint.save_checkpoint(self._best_saver, session, self.best_dir, step)
            checkpoint_files.remove_checkpoints([
                prefix for prefix in checkpoint_files.own_checkpoints(self.best_dir)
                if checkpoint_files.step_of(prefix) != step])
            files.write_json(os.path.join(self.best_dir, RESULT_NAME), results)
        # Last: by it the validation is known to be done.
        files.write_json(os.path.join(self.output_dir, RESULT_NAME), results)

    def tell_gain(self) -> None:
        """Say in the log how much better the best weights read than those that the run started from."""
        before, best = _results_in(os.path.join(self.output_dir, FIRST_RESULT_NAME)), self.best_results()
        if not self._is_chief or not before or not best:
            return
        if is_better(best, before):
            log_utils.init_logger().info(
                'word accuracy %.4f with the weights that the run started from, %.4f with those of step %d; '
                'character error rate %.4f and %.4f; %s has the better', before['word_accuracy'],
                best['word_accuracy'], best['step'], before['character_error_rate'],
                best['character_error_rate'], self.best_dir)
        else:
            log_utils.init_logger().warning(
                'nothing was won: word accuracy %.4f with the weights that the run started from, never more; '
                '%s has those', before['word_accuracy'], self.best_dir)


def is_better(results: dict, others: dict) -> bool:
    """Whether one validation's figures are better: more words read right, or as many with fewer edits."""
    return _merit(results) > _merit(others)


def _merit(results):
    """Return (word accuracy, − character error rate), to compare; figures that are none are the worst."""
    accuracy, error_rate = results.get('word_accuracy'), results.get('character_error_rate')
    return (accuracy if isinstance(accuracy, (int, float)) and 0 <= accuracy <= 1 else -1.0,
            -error_rate if isinstance(error_rate, (int, float)) and error_rate >= 0 else -math.inf)


def changes(before: dict, now: dict) -> list[tuple]:
    """Return where two dicts differ, list of (key, value before, value now), for keys that both have."""
    now = json.loads(json.dumps(now))   # tuples become lists, as in a file
    return [(key, before[key], value) for key, value in now.items() if key in before and before[key] != value]


def _identity_of(folder):
    """Return what tells a folder from another of its name, or None where there is none."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _results_in(path):
    """Return the figures of a validation that a file holds, or none where it lacks what they are told by."""
    results = _object_in(path)
    is_whole = all(isinstance(results.get(name), int | float) for name in TOLD)
    return results if is_whole else {}


def _object_in(path):
    """Return the object of a JSON file, or an empty one where there is none that can be read."""
    try:
        return files.read_json_object(path)
    except (OSError, ValueError):
        return {}
