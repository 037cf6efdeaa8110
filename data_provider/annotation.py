"""The annotation file `sample.txt`: one `<image path> <text>` a line."""
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from local_utils import opening
from local_utils.errors import InputError, MissingInput

PARTS = ('Train', 'Test')   # of a data set
FILE_NAME = 'sample.txt'    # in the folder of each
_BYTE_ORDER_MARK = b'\xef\xbb\xbf'


class AnnotatedLine(NamedTuple):
    """A line of an annotation file."""

    number: int      # from 1
    content: bytes   # without the line's end


class RejectedSample(InputError):
    """A sample that cannot be used: `kind` is what is counted, the message says what was wrong with it."""

    def __init__(self, kind: str, detail: str):
        super().__init__(f'{kind}: {detail}')
        self.kind = kind


def name_of(part: str) -> str:
    """Return the path of a part's annotation file within the data set."""
    return f'{part}/{FILE_NAME}'


def path_of(part: str, dataset_dir: str) -> str:
    """Return the path of a part's annotation file."""
    return os.path.join(dataset_dir, part, FILE_NAME)


def read_lines(annotation_path: str) -> Iterator[AnnotatedLine]:
    """Yield the lines of an annotation file that are not blank.

    Raises:
        MissingInput: there is no such file.
    """
    try:
        file = opening.open_file(annotation_path)
    except FileNotFoundError as error:
        raise MissingInput(
            f"{annotation_path}: no such file; expected one '<image path> <text>' a line") from error
    with file:
        for number, content in enumerate(file, start=1):
            if number == 1:
                content = content.removeprefix(_BYTE_ORDER_MARK)
            content = content.strip()
            if content:
                yield AnnotatedLine(number, content)


def count_lines(annotation_path: str) -> int:
    """Return how many lines of an annotation file are not blank; raises what `read_lines` raises."""
    return sum(1 for _ in read_lines(annotation_path))


def parse_line(content: bytes) -> tuple[str, str]:
    """Split a line into its image path and its text.

    The path ends at the first white space, the text is the rest. A leading slash is dropped, `//` is one
    slash.

    Args:
        content: UTF-8.

    Returns:
        (path relative to the data set, text).

    Raises:
        RejectedSample: the line is no UTF-8, has no text, or its path climbs out of the data set.
    """
    try:
        words = content.decode('utf-8').split(maxsplit=1)
    except UnicodeDecodeError as error:
        raise RejectedSample('not UTF-8', f'byte 0x{content[error.start]:02x} at position {error.start} '
                                          'of the line') from error
    if len(words) < 2:
        raise RejectedSample('no text', 'expected <image path> <text>, got one word')
    path = re.sub('/+', '/', words[0]).lstrip('/')
    if '..' in path.split('/'):
        raise RejectedSample('path leaves the data set', f'{words[0]} climbs with ..')
    return path, words[1].strip()
