"""Other spellings of the path of an image that is missing."""
import functools
import itertools
import os
import unicodedata

from data_provider.rejected_sample import RejectedSample
from local_utils import visible

MAX_NAMED = 3   # files in a message
IMAGE_ENDINGS = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.dib', '.gif', '.tif', '.tiff', '.webp',
                 '.jp2', '.avif', '.pbm', '.pgm', '.ppm', '.pnm')

_ENDINGS = (*IMAGE_ENDINGS, '.heic', '.heif', '.jxl')   # in place of which another one can be meant


def other_spelling(folder: str, path: str) -> str:
    """Return the one spelling of a missing path under which there is a file.

    Tried are: without the data set's own folder, or its name, at its start, backslashes as slashes, other
    case, another form of Unicode, another ending of an image.

    Args:
        folder: the data set, as `os.path.realpath` gives it.
        path: relative to it.

    Raises:
        RejectedSample: there is none, or there are several; says what there is.
    """
    for candidate in dict.fromkeys(_rewritten(folder, path)):
        names = [name for name in candidate.split('/') if name != '.']
        if '..' in names or '' in names:
            continue
        found = _spelled_otherwise(folder, names)
        if len(found) == 1:
            return found[0]
        if found:
            raise RejectedSample('missing image', f'{visible.escaped(os.path.join(folder, path))}: there are '
                                                  f'{" and ".join(map(repr, found[:MAX_NAMED]))}; which one?')
    raise RejectedSample('missing image', f'{visible.escaped(os.path.join(folder, path))}: No such file or '
                                          f'directory{_relatives(folder, path)}')


def _rewritten(folder, path):
    """Yield a path as it stands, and as what else it can be meant."""
    plain = path.replace('\\', '/')
    yield from (path, plain)
    for absolute in ('/' + path, '/' + plain):
        if absolute.startswith(folder + '/'):
            yield absolute[len(folder) + 1:]
    if plain.startswith(own_name := os.path.basename(folder) + '/'):
        yield plain[len(own_name):]


def _spelled_otherwise(folder, names):
    """Return the paths, relative to a folder, whose parts are those names but for case and form of Unicode.

    Of the file's own name only the ending may be another, too. The closest spelling is taken alone.
    """
    found = ['']
    for depth, name in enumerate(names):
        is_file = depth == len(names) - 1
        next_found = []
        for parent in found:
            there = _names_in(os.path.join(folder, parent))
            next_found += [os.path.join(parent, match) for match in _closest(name, there, is_file)]
        found = next_found
    return [path for path in found if os.path.isfile(os.path.join(folder, path))]


def _closest(name, there, is_file):
    """Return what a name means in a folder: itself, else another form of it, else another ending."""
    by_key, by_stem = there
    if matches := by_key.get(_key(name)):
        return [name] if name in matches else matches
    stem, ending = os.path.splitext(name)
    return by_stem.get(_key(stem if ending.lower() in _ENDINGS else name), []) if is_file else []


def _key(name):
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold())


@functools.lru_cache(maxsize=8)
def _names_in(folder):
    """Return (key → names, key of the stem → names of images) of what lies in a folder."""
    by_key, by_stem = {}, {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        names = []
    for name in names:
        by_key.setdefault(_key(name), []).append(name)
        stem, ending = os.path.splitext(name)
        if ending.lower() in IMAGE_ENDINGS:
            by_stem.setdefault(_key(stem), []).append(name)
    return by_key, by_stem


def _relatives(folder, path):
    """Say which files of the same name but for the ending there are, such as one that cannot be read."""
    parent, name = os.path.split(path)
    stem = _key(os.path.splitext(name)[0])
    by_key, _ = _names_in(os.path.join(folder, parent))
    there = itertools.chain.from_iterable(by_key.values())
    others = [other for other in there if _key(os.path.splitext(other)[0]) == stem]
    return f' (there is {", ".join(map(visible.escaped, others[:MAX_NAMED]))})' if others else ''
