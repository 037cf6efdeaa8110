"""Checkpoints as files: finding them, the newest that can be read, setting aside, removing leftovers."""
import glob
import os
import re
from typing import NamedTuple

from crnnmodel.tensor_bundle import DamagedCheckpoint, load_tensors
from local_utils import files, log_utils
from local_utils.errors import MissingInput

NAME = 'shadownet.ckpt'
BEST_DIR = 'best'           # in a run's folder: the checkpoint with the best validation
BUNDLED = 'bundled'         # stands for the project's own weights where a checkpoint is asked for
BUNDLED_DIR = files.repository_path('data', 'weights')   # where they are
ASIDE_ENDING = '.damaged'   # of the files of a checkpoint that could not be read


class Checkpoint(NamedTuple):
    """A checkpoint in memory."""

    prefix: str    # its path without the ending of a file
    tensors: dict  # variable name → array


def find_checkpoints(path: str) -> list[str]:
    """Return the prefixes of the checkpoints that a path means, the newest first.

    Args:
        path: a folder, a prefix, any file of a checkpoint, or BUNDLED.

    Raises:
        MissingInput: there is none.
    """
    path = BUNDLED_DIR if path == BUNDLED else path
    if os.path.basename(path) == 'checkpoint' and os.path.isfile(path):
        path = os.path.dirname(path) or '.'
    if os.path.isdir(path):
        found = checkpoints_in(path)
        if not found:
            raise MissingInput(f'{path}: no checkpoint in this folder; expected files like {NAME}-500.index')
        return found
    prefix = re.sub(r'\.(index|meta|data-\d{5}-of-\d{5})$', '', path)
    if not os.path.isfile(prefix + '.index'):
        found = 'no checkpoint' if os.path.isfile(path) else 'no such checkpoint'
        raise MissingInput(f'{path or repr(path)}: {found}; expected a folder, a prefix or a file of one')
    return [prefix]


def checkpoints_in(folder: str) -> list[str]:
    """Return the prefixes of a folder's checkpoints, the newest (highest step) first."""
    paths = glob.glob(os.path.join(glob.escape(folder), '*.index'))
    prefixes = [path.removesuffix('.index') for path in paths]
    return sorted(prefixes, key=lambda prefix: (step_of(prefix), prefix), reverse=True)


def own_checkpoints(folder: str) -> list[str]:
    """Return the prefixes of the checkpoints in a folder that a run has named, the newest first."""
    name = re.compile(re.escape(NAME) + r'-\d+')
    return [prefix for prefix in checkpoints_in(folder) if name.fullmatch(os.path.basename(prefix))]


def step_of(prefix: str) -> int:
    """Return the step in a checkpoint's name, or -1 where it has none."""
    match = re.search(r'-(\d+)$', prefix)
    return int(match[1]) if match else -1


def load_newest(path: str, with_optimizer: bool = False) -> Checkpoint:
    """Read the newest checkpoint that a path means and that can be read, with a warning for each newer one.

    A folder in which a newer one takes the place of another meanwhile is looked through again.

    Args:
        path: see `find_checkpoints`.
        with_optimizer: read all that a training goes on with, see `load_tensors`.

    Raises:
        MissingInput: there is none.
        DamagedCheckpoint: none of them can be read.
    """
    prefixes = find_checkpoints(path)
    for prefix in prefixes:
        try:
            return Checkpoint(prefix, load_tensors(prefix, with_optimizer))
        except DamagedCheckpoint as error:
            if find_checkpoints(path) != prefixes:
                return load_newest(path, with_optimizer)
            if len(prefixes) == 1:
                raise
            log_utils.init_logger().warning('%s; trying the one before', error)
    raise DamagedCheckpoint(f'{path}: none of its {len(prefixes)} checkpoints can be read')


def set_aside(prefix: str) -> None:
    """Give the files of a checkpoint another name, so that nothing takes them for one."""
    # The index last: without it the others were leftovers.
    for path in sorted(glob.glob(glob.escape(prefix) + '.*')):
        if not path.endswith(ASIDE_ENDING):
            os.replace(path, path + ASIDE_ENDING)
    log_utils.init_logger().warning('%s: set aside, its files have the ending %s now', prefix, ASIDE_ENDING)


def remove_checkpoints(prefixes: list[str]) -> None:
    """Remove the files of checkpoints, of each the index first, without which the others are leftovers."""
    for prefix in prefixes:
        for path in [prefix + '.index', *glob.glob(glob.escape(prefix) + '.data-*-of-*[0-9]')]:
            os.remove(path)


def half_written(folder: str) -> set[str]:
    """Return the paths that a checkpoint has while it is written, or that a killed writing left."""
    return set(_checkpoint_paths(folder, '-*temp*'))


def remove_leftovers(folder: str) -> None:
    """Remove what a killed or failed writing of a checkpoint, or removing of an old one, left in a folder."""
    without_index = [path for path in _checkpoint_paths(folder, '-*.data-*[0-9]')
                     if not os.path.exists(path.rpartition('.data-')[0] + '.index')]
    state_files = glob.glob(os.path.join(glob.escape(folder), 'checkpoint.tmp*'))
    for leftover in {*half_written(folder), *without_index, *state_files}:
        files.remove(leftover)


def _checkpoint_paths(folder, ending):
    return glob.glob(os.path.join(glob.escape(folder), NAME + ending))
