"""One writer at a time in a folder, and none while others read.

The locks are the system's: they end with their process.
"""
import contextlib
import os
from collections.abc import Iterator

from local_utils import files, opening
from local_utils.errors import Unavailable

try:
    import fcntl
except ImportError:   # Windows: there two runs in one folder are not kept apart
    fcntl = None

LOCK_NAME = '.lock'


@contextlib.contextmanager
def only_writer(folder: str | os.PathLike) -> Iterator[None]:
    """Make the folder where it is missing, and keep other runs out of it while the block runs.

    The file `.lock` of a killed run may stay behind; it is not locked then, and the next run takes it.

    Raises:
        Unavailable: another run has the folder.
        InputError: a file has its name.
    """
    files.make_target_folder(folder)
    if fcntl is None:
        yield
        return
    path = os.path.join(folder, LOCK_NAME)
    with _locked_file(folder, path):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.remove(path)   # while it is locked, so that nobody else's is removed


def reading(path: str | os.PathLike) -> contextlib.AbstractContextManager[None]:
    """Keep a file, and what belongs to it, from being replaced while the block runs.

    Several may read at a time. A file that is not there, or on a file system without locks, is not kept.

    Raises:
        Unavailable: another run is about to replace it.
    """
    return _lock(path, True, 'another run is writing these files anew; wait for it')


def replacing(path: str | os.PathLike) -> contextlib.AbstractContextManager[None]:
    """Keep others from reading a file, and what belongs to it, while the block replaces it.

    A file that is not there, or on a file system without locks, is not kept.

    Raises:
        Unavailable: another run reads it.
    """
    return _lock(path, False, 'another run reads these files; wait for it, or write into another folder')


@contextlib.contextmanager
def _lock(path, is_shared, refusal):
    with contextlib.ExitStack() as stack:
        if fcntl is not None and os.path.isfile(path):
            _lock_file(stack.enter_context(opening.open_file(path)), is_shared, f'{path}: {refusal}')
        yield


def _lock_file(file, is_shared, refusal):
    """Lock an open file and return whether that could be done.

    Raises:
        Unavailable: another run has it; the refusal says so.
    """
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unavailable(refusal) from error
    except OSError:
        return False   # a file system without locks: better to write than not
    return True


def _locked_file(folder, path):
    """Return the open and locked file of a path."""
    refusal = f'{folder}: another run is writing into this folder; wait for it, or give another folder'
    while True:
        file = opening.open_lock(path)
        try:
            is_locked = _lock_file(file, False, refusal)
        except OSError:
            file.close()
            raise
        if not is_locked or _is_the_file_of(path, file):
            return file
        file.close()   # the run before removed it in between


def _is_the_file_of(path, file):
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
