"""The one way in which files are opened: regular files only, no waiting, no link followed when writing.

A pipe with nobody at its other end would be waited for without end, and a link in an output folder would
lead the writing to a file elsewhere. What a library opens by its name is looked at by `check` first.
"""
import errno
import functools
import math
import os
import stat
import threading
from typing import IO

from local_utils.errors import InputError


def _flags(*names):
    """Return some flags of os.open together; not every system has each."""
    return functools.reduce(lambda flags, name: flags | getattr(os, name, 0), names, 0)


NO_WAITING = _flags('O_NONBLOCK', 'O_NOCTTY', 'O_BINARY')
NO_LINK = _flags('O_NOFOLLOW')
FOLDER = _flags('O_RDONLY', 'O_DIRECTORY', 'O_NOFOLLOW')
PERMISSIONS = 0o666   # of a new file, less what the process masks
FOLDERS_OPEN = 256    # of a tree, that are held open at the same time
HAS_PLACES = os.open in os.supports_dir_fd   # whether a file can be opened in a folder that is held open


def open_file(path: str | os.PathLike, mode: str = 'rb', **open_args) -> IO:
    """Open a regular file: one that is there for reading, or a new one for writing.

    A new one takes the place of whatever has its name, a link or a pipe too, and is never written through it.

    Args:
        path: the file; a link is followed for reading.
        mode: as of `open`: of reading (`r`, `rb`), or of writing (`w`, `wb`).
        open_args: as of `open`.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is a folder, a pipe or a device.
        OSError: what else the system says; names the file.
    """
    return open(path, mode, opener=_open_new if 'w' in mode else _open_there, **open_args)


def open_lock(path: str | os.PathLike) -> IO:
    """Open a file that is only locked, making it where it is missing.

    Raises:
        InputError: a link, a folder, a pipe or a device has its name.
    """
    if os.path.islink(path):
        raise InputError(f'{path}: expected a file to lock, got a link; remove it')
    return open(path, 'ab', opener=lambda path, flags: _regular(
        os.open(path, flags | NO_WAITING | NO_LINK, PERMISSIONS), path))


def is_folder(path: str | os.PathLike) -> bool:
    """Whether a path is that of a folder, not of a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def refuse_link(path: str | os.PathLike) -> None:
    """Raise InputError where a link has the name of a folder to write to: it would lead elsewhere."""
    if os.path.islink(path):
        raise InputError(f'{path}: expected a folder to write to, got a link; remove it')


def make_folder(root: str | os.PathLike, path: str) -> str:
    """Make a folder below another, and those between them, where they are missing; return its whole path.

    Args:
        root: the folder that the user has given, which may be a link.
        path: relative to it.

    Raises:
        InputError: one of them is a link.
        OSError: one cannot be made.
    """
    whole = os.fspath(root)
    for name in path.split('/'):
        whole = os.path.join(whole, name)
        refuse_link(whole)
    os.makedirs(whole, exist_ok=True)
    return whole


def check(path: str | os.PathLike) -> None:
    """Raise what `open_file` raises for a file that a library is going to open by its name for reading."""
    _check_regular(os.stat(path).st_mode, path)


class Tree:
    """A folder and those below it, held open: a file in them is opened from there, and never one outside.

    A folder that becomes a link after its first file does not lead out.
    """

    def __init__(self, root: str | os.PathLike):
        """Open the folder; raises OSError where there is none."""
        self._root = os.path.realpath(root)
        self._folders = {}   # name → descriptor, the one that was used last at the end
        self._looking = threading.Lock()
        if HAS_PLACES:
            self._root_descriptor = os.open(self._root, FOLDER)

    def read(self, path: str, largest: int) -> bytes:
        """Return the content of a regular file.

        Args:
            path: relative to the folder; links are followed as far as they stay in it.
            largest: bytes, at most.

        Raises:
            OutsideFolder: a link on the way leads out of the folder.
            TooLarge: the file is larger.
            InputError: it is a folder, a pipe or a device.
            OSError: as of os.open; ValueError for a null byte in the path.
        """
        with self._looking:
            descriptor = self._open(path)
        try:
            return read_all(descriptor, path, largest)
        finally:
            os.close(descriptor)

    def _open(self, path):
        parent, name = os.path.split(path)
        if HAS_PLACES:
            try:
                return os.open(name, os.O_RDONLY | NO_WAITING | NO_LINK, dir_fd=self._folder(parent))
            except OSError:
                if not os.path.islink(os.path.join(self._root, path)):
                    raise
        parent, name = os.path.split(self._inside(path))
        if HAS_PLACES:
            return os.open(name, os.O_RDONLY | NO_WAITING | NO_LINK, dir_fd=self._folder(parent))
        return os.open(os.path.join(self._root, parent, name), os.O_RDONLY | NO_WAITING | NO_LINK)

    def _inside(self, path):
        """Return a path without links, relative to the root; raises OutsideFolder."""
        real = os.path.realpath(os.path.join(self._root, path))
        if os.path.commonpath([real, self._root]) != self._root:
            raise OutsideFolder(f'{path} leads to {real}')
        return os.path.relpath(real, self._root)

    def _folder(self, path):
        """Return the descriptor of a folder below the root."""
        if path in ('', os.curdir):
            return self._root_descriptor
        if path in self._folders:
            self._folders[path] = self._folders.pop(path)
            return self._folders[path]
        descriptor = self._walk(path)
        self._folders[path] = descriptor
        if len(self._folders) > FOLDERS_OPEN:
            os.close(self._folders.pop(next(iter(self._folders))))
        return descriptor

    def _walk(self, path):
        """Return the descriptor of a folder below the root; a link on the way is followed inside."""
        names = path.split(os.sep)
        if os.path.isabs(path) or os.pardir in names:
            names = self._inside(path).split(os.sep)
        try:
            return self._step_down(names)
        except OSError:   # a link is no folder to this
            if not os.path.isdir(os.path.join(self._root, path)):
                raise
            return self._step_down(self._inside(path).split(os.sep))

    def _step_down(self, names):
        """Return the descriptor of the folder that these lead to, each in the one before, none a link."""
        descriptor = os.dup(self._root_descriptor)
        for name in names:
            try:
                below = os.open(name or os.curdir, FOLDER, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = below
        return descriptor

    def close(self) -> None:
        """Let go of the folders."""
        while self._folders:
            os.close(self._folders.popitem()[1])
        if HAS_PLACES:
            os.close(self._root_descriptor)


class OutsideFolder(InputError):
    """A path leads out of the folder that it has to stay in."""


class TooLarge(InputError):
    """A file is larger than what it may be."""


def read_file(path: str | os.PathLike, largest: float = math.inf) -> bytes:
    """Return the content of a regular file; raises as `Tree.read`."""
    descriptor = os.open(path, os.O_RDONLY | NO_WAITING)
    try:
        return read_all(descriptor, path, largest)
    finally:
        os.close(descriptor)


def read_all(descriptor: int, path: str | os.PathLike, largest: float = math.inf) -> bytes:
    """Return the content of an open regular file; raises as `Tree.read`."""
    status = os.fstat(descriptor)
    _check_regular(status.st_mode, path)
    size = status.st_size
    if size > largest:
        raise TooLarge(f'{path}: expected at most {largest} bytes, got {size}')
    content = os.read(descriptor, size)
    while len(content) < size and (more := os.read(descriptor, size - len(content))):
        content += more
    return content


def _open_there(path, flags):
    """Open a file that is there, as an opener of `open`; what is no file is not even touched."""
    check(path)
    return _regular(os.open(path, flags | NO_WAITING), path)


def _open_new(path, flags):
    """Open a new file, as an opener of `open`; the name that it takes is there all the time."""
    folder, _ = os.path.split(path)
    temporary = os.path.join(folder, f'.{os.getpid()}-{os.urandom(4).hex()}.new')
    try:
        if is_folder(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        descriptor = os.open(temporary, flags | os.O_CREAT | os.O_EXCL | NO_WAITING | NO_LINK, PERMISSIONS)
        try:
            os.replace(temporary, path)
        except OSError:
            os.close(descriptor)
            os.remove(temporary)
            raise
    except OSError as error:   # which names another
        raise OSError(error.errno, error.strerror, path) from error
    return descriptor


def _regular(descriptor, path):
    """Return a descriptor, or close it and raise InputError where it is of no regular file."""
    try:
        _check_regular(os.fstat(descriptor).st_mode, path)
    except InputError:
        os.close(descriptor)
        raise
    return descriptor


def _check_regular(mode, path):
    if not stat.S_ISREG(mode):
        raise InputError(f'{path}: expected a file, got a folder, a pipe or a device')
