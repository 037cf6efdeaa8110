"""Annotations in JSON: an object a line, or one value of all samples."""
import json

from data_provider.rejected_sample import RejectedSample
from local_utils import text_file
from local_utils.errors import InputError

PATH_COLUMNS = ('filename', 'file_name', 'file', 'path', 'filepath', 'file_path', 'image', 'images',
                'image_path', 'imagepath', 'image_name', 'imagename', 'image_file', 'image_id', 'img',
                'img_path', 'img_name', 'imgname', 'img_id', 'name', 'id')
TEXT_COLUMNS = ('text', 'words', 'word', 'label', 'labels', 'transcription', 'transcript', 'ground_truth',
                'groundtruth', 'gt', 'caption', 'identity', 'string', 'value', 'sentence')
_WORDS_OF_IMAGE = 'instances'   # a list of objects, one for each word of an image
_SHOWN = 40

Pair = tuple[str, str]   # path, text


class _Object(dict):
    """A JSON object that keeps keys which stand there more than once."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs


def pair_of_line(line: str) -> Pair:
    """Return the path and the text of a line that is an object; raises RejectedSample where it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RejectedSample('no JSON', f'expected an object a line, got {line[:_SHOWN]!r}') from error
    pair = _pair_of(value)
    if pair is None:
        raise RejectedSample('no text', f'expected an object with {PATH_COLUMNS[0]} and {TEXT_COLUMNS[0]}, '
                                        f'got {line[:_SHOWN]!r}')
    return pair


def load(path: str, encoding: str) -> object:
    """Return the value of a file that is one JSON value; raises InputError where it is none."""
    text = b'\n'.join(content for _, content in text_file.read_lines(path, encoding))
    try:
        return json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path}: expected JSON ({error})') from error


def pairs_of(value: object, path: str) -> list[Pair]:
    """Return the samples of a value of `load`.

    That is {path: text}, a list of objects, an object with one such list in it, or an object of two lists.

    Raises:
        InputError: it is of another form; names the file, `path`.
    """
    pairs = _pairs_of(value)
    if not pairs or None in pairs:
        raise InputError(f'{path}: expected a list of objects with {PATH_COLUMNS[0]} and {TEXT_COLUMNS[0]}, '
                         'or one object of paths and texts')
    return pairs


def _pairs_of(value):
    if isinstance(value, dict):
        paths, all_texts = (_first_of(value, names, lambda item: isinstance(item, list))
                            for names in (PATH_COLUMNS, TEXT_COLUMNS))
        if paths and all_texts and len(paths) == len(all_texts):
            value = [_Object([('path', path), ('text', text)])
                     for path, text in zip(paths, all_texts, strict=True)]
        elif all(_text_of(item) is not None for item in value.values()):
            return [(path, _text_of(text)) for path, text in value.pairs]
        else:
            lists = [item for item in value.values() if isinstance(item, list)]
            value = lists[0] if len(lists) == 1 else []
    return [_pair_of(item) for item in value] if isinstance(value, list) else []


def _pair_of(value):
    """Return (path, text) of an object that has both, else None."""
    if not isinstance(value, dict):
        return None
    words = value.get(_WORDS_OF_IMAGE)
    if isinstance(words, list) and len(words) == 1 and isinstance(words[0], dict):
        value = {**value, **words[0]}
    path = _first_of(value, PATH_COLUMNS, lambda item: isinstance(item, str))
    text = _text_of(_first_of(value, TEXT_COLUMNS, lambda item: _text_of(item) is not None))
    return None if path is None or text is None else (path, text)


def _first_of(value, names, fits):
    """Return the first item that fits under one of some names, in whatever case; None where none does."""
    by_name = {key.lower(): item for key, item in value.items()}
    return next((by_name[name] for name in names if name in by_name and fits(by_name[name])), None)


def _text_of(value):
    """Return a text, or a whole number as one; None for another value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
