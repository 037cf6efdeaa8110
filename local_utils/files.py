"""Files that appear whole or not at all."""
import contextlib
import json
import os

INCOMPLETE_SUFFIX = '.incomplete'


@contextlib.contextmanager
def atomic_file(path, mode='wb', **open_args):
    """Open a file that takes its name only once it is whole and on the disk.

    What is written goes to `path` + '.incomplete'. When the block ends that file is flushed to the disk and renamed;
    when the block raises it is removed and whatever stood at `path` stays. A killed run leaves at most the
    incomplete file, which the next run writes over.

    Yields:
        The open file.
    """
    incomplete_path = os.fspath(path) + INCOMPLETE_SUFFIX
    try:
        with open(incomplete_path, mode, **open_args) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(incomplete_path, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = os.fspath(path)   # a full disk does not say which file it is about
        with contextlib.suppress(OSError):
            os.remove(incomplete_path)
        raise


def write_json(path, value):
    """Write `value` as indented JSON, whole or not at all."""
    with atomic_file(path, 'w', encoding='utf-8') as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write('\n')


def read_json_object(path):
    """Read a JSON file that holds an object.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not JSON or not an object, or one key stands in it twice; says where.
    """
    def unique_keys(pairs):
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
        if repeated:
            raise ValueError(f'{path}: key {repeated[0]!r} stands there more than once')
        return dict(pairs)

    with open(path, encoding='utf-8-sig') as file:
        try:
            value = json.load(file, object_pairs_hook=unique_keys)
        except UnicodeDecodeError as error:
            raise ValueError(f'{path}: expected UTF-8 text, got the byte 0x{error.object[error.start]:02x} '
                             f'at position {error.start}') from error
        except json.JSONDecodeError as error:
            raise ValueError(f'{path}, line {error.lineno}, column {error.colno}: expected JSON ({error.msg})') from error
        except RecursionError as error:
            raise ValueError(f'{path}: expected a flat JSON object, got one nested too deeply') from error
    if not isinstance(value, dict):
        raise ValueError(f'{path}: expected a JSON object, got {type(value).__name__}')
    return value
