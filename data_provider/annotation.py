"""The annotation file `sample.txt`: one `<image path> <label>` a line."""
import collections
import re

from local_utils import files
from local_utils.errors import InputError, MissingInput

AnnotatedLine = collections.namedtuple('AnnotatedLine', [
    'number',  # from 1
    'text',    # bytes, without the line's end
])

FILE_NAMES = ('Train/sample.txt', 'Test/sample.txt')   # in a data set
_BYTE_ORDER_MARK = b'\xef\xbb\xbf'


class RejectedSample(InputError):
    """A sample that cannot be used: `kind` is what is counted, the message says what was wrong with this one."""

    def __init__(self, kind, detail):
        super().__init__(f'{kind}: {detail}')
        self.kind = kind


def read_lines(annotation_path):
    """Yield the lines of an annotation file that are not blank, as AnnotatedLine.

    Raises:
        MissingInput: there is no such file.
    """
    try:
        file = files.open_regular(annotation_path)
    except FileNotFoundError as error:
        raise MissingInput(f"{annotation_path}: no such file; expected one '<image path> <label>' a line") from error
    with file:
        for number, text in enumerate(file, start=1):
            if number == 1:
                text = text.removeprefix(_BYTE_ORDER_MARK)
            text = text.strip()
            if text:
                yield AnnotatedLine(number, text)


def count_lines(annotation_path):
    """Return how many lines of an annotation file are not blank; raises what `read_lines` raises."""
    return sum(1 for _ in read_lines(annotation_path))


def parse_line(text):
    """Split a line into its image path and its label.

    The path ends at the first white space, the label is the rest. A leading slash is dropped, `//` is one slash.

    Args:
        text: bytes, UTF-8.

    Returns:
        (path relative to the data set, str; label, str).

    Raises:
        RejectedSample: the line is no UTF-8, has no label, or its path climbs out of the data set.
    """
    try:
        words = text.decode('utf-8').split(maxsplit=1)
    except UnicodeDecodeError as error:
        raise RejectedSample('not UTF-8', f'byte 0x{text[error.start]:02x} at position {error.start} of the line') from error
    if len(words) < 2:
        raise RejectedSample('no label', 'expected <image path> <label>, got one word')
    path = re.sub('/+', '/', words[0]).lstrip('/')
    if '..' in path.split('/'):
        raise RejectedSample('path leaves the data set', f'{words[0]} climbs with ..')
    return path, words[1].strip()
