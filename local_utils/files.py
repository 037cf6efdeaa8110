"""Files: where the project's own lie, and writing them so that they appear whole or not at all."""
import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from typing import IO

from local_utils import opening
from local_utils.errors import InputError, Unavailable, WrongArgument

try:
    import resource
except ImportError:   # Windows, which has no such limit
    resource = None

MAX_JSON_BYTES = 1 << 26   # an alphabet of all characters has half of it
FIGURE_ENDINGS = ('.png', '.pdf', '.svg')   # of what plots.py draws
INCOMPLETE_SUFFIX = '.incomplete'
# Of writing to a file that is open; they do not name it.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def repository_path(*names: str) -> str:
    """Return a path inside the repository."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), *names)


@contextlib.contextmanager
def named_errors(path: str | os.PathLike) -> Iterator[None]:
    """Name this file in what the system says of a disk that is full or broken, where it names none itself."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_ERRORS and error.filename is None:
            error.filename = os.fspath(path)
        raise


def check_target(path: str, endings: tuple[str, ...]) -> None:
    """Raise WrongArgument where a file to be written has none of the endings, InputError where it has the
    name of a folder, or is in none that may be written to.
    """
    if not path.lower().endswith(endings):
        raise WrongArgument(f'{path}: expected a name that ends in {", ".join(endings)}')
    if os.path.isdir(path):
        raise InputError(f'{path}: expected the name of a file to write, got a folder')
    folder = os.path.dirname(path) or '.'
    if not os.path.isdir(folder):
        raise InputError(f'{path}: there is no such folder to write to')
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f'{path}: expected a folder that may be written to')


def make_target_folder(path: str | os.PathLike) -> None:
    """Make the folder that is written to, and those above it, where they are missing.

    Raises:
        InputError: a file has its name.
        OSError: what else the system says; names the folder.
    """
    if os.path.exists(path) and not os.path.isdir(path):
        raise InputError(f'{path}: expected a folder, got a file')
    os.makedirs(path, exist_ok=True)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike, mode: str = 'wb', **open_args) -> Iterator[IO]:
    """Open a file that takes its name only once it is whole and on the disk.

    What is written goes to `path` + '.incomplete'. When the block ends that file is flushed to the disk and
    renamed; when the block raises it is removed and whatever stood at `path` stays. A killed run leaves at
    most the incomplete file, which the next run writes over.

    Yields:
        The open file.

    Raises:
        Unavailable: another has taken the place of the incomplete file.
        OSError: what else the system says; names the file.
    """
    incomplete_path, own = os.fspath(path) + INCOMPLETE_SUFFIX, None
    try:
        with named_errors(path):
            with opening.open_file(incomplete_path, mode, **open_args) as file:
                own = os.fstat(file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
            if not _has_name(own, incomplete_path):
                raise Unavailable(f'{path}: another run is writing this file, or has removed what was there')
            os.replace(incomplete_path, path)
    except BaseException as error:
        if (isinstance(error, OSError) and error.filename == incomplete_path
                and not os.path.lexists(incomplete_path)):
            error.filename = os.fspath(path)   # which the user knows
        with contextlib.suppress(OSError):
            if own and _has_name(own, incomplete_path):
                os.remove(incomplete_path)
        raise


def _has_name(status, path):
    """Whether a path is the name of the file that an os.stat is of."""
    try:
        return os.path.samestat(os.lstat(path), status)
    except OSError:
        return False


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[None]:
    """Make a folder, and those above it, for a block; where that raises, remove those of them that are empty.

    Those that were there stay, also where they are empty.
    """
    missing, above = [], path
    while above and not os.path.lexists(above):
        missing.append(above)
        above = os.path.dirname(above)
    try:
        os.makedirs(path, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with contextlib.suppress(OSError):   # it is not empty
                os.rmdir(folder)
        raise


def remove(path: str | os.PathLike) -> None:
    """Remove a file, a folder with what is in it, or a link, whose target stays; it may be gone already."""
    if opening.is_folder(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def allow_open_files(count: int) -> None:
    """Let this process have so many files open at once, as far as the system says how many it may.

    Raises:
        InputError: it may not have so many.
    """
    if resource is None:
        return
    allowed, largest = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or count <= allowed:
        return
    if largest != resource.RLIM_INFINITY and count > largest:
        raise InputError(f'{count} files would be open at once, the system allows {largest} (ulimit -n)')
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, largest))


def write_json(path: str | os.PathLike, value) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    with atomic_file(path, 'w', encoding='utf-8') as file:
        dump_json(value, file)


def dump_json(value, file: IO[str]) -> None:
    """Write `value` as indented JSON into an open text file."""
    json.dump(value, file, ensure_ascii=False, indent=2)
    file.write('\n')


def read_json_object(path: str | os.PathLike) -> dict:
    """Read a JSON file that holds an object.

    Raises:
        MissingInput: there is no such file.
        InputError: the file is not JSON, not an object or too large, or one key stands in it twice; says
            where.
    """
    def unique_keys(pairs):
        value = {}
        for key, item in pairs:
            if key in value:
                raise InputError(f'key {key!r} stands there more than once')
            value[key] = item
        return value

    content = opening.read_file(path, MAX_JSON_BYTES)
    try:
        value = json.loads(content.decode('utf-8-sig'), object_pairs_hook=unique_keys)
    except UnicodeDecodeError as error:
        raise InputError(f'{path}: expected UTF-8 text, got the byte 0x{error.object[error.start]:02x} '
                         f'at position {error.start}') from error
    except json.JSONDecodeError as error:
        place = f'line {error.lineno}, column {error.colno}'
        raise InputError(f'{path}, {place}: expected JSON ({error.msg})') from error
    except RecursionError as error:
        raise InputError(f'{path}: expected a flat JSON object, got one nested too deeply') from error
    except ValueError as error:
        raise InputError(f'{path}: {error}') from error
    if not isinstance(value, dict):
        raise InputError(f'{path}: expected a JSON object, got {type(value).__name__}')
    return value
