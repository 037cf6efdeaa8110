"""The annotation files of a data set, `Train/sample.txt` and `Test/sample.txt`: a path and a text a line."""
import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from data_provider import annotation_json
from data_provider.annotation_diagnosis import diagnose
from data_provider.annotation_form import AnnotationForm, split_line
from data_provider.rejected_sample import RejectedSample
from local_utils import log_utils, text_file, texts
from local_utils.errors import MissingInput

PARTS = ('Train', 'Test')   # of a data set
FILE_NAME = 'sample.txt'    # in the folder of each
OWN_FORM = AnnotationForm()   # `<image path> <text>`


class AnnotatedLine(NamedTuple):
    """A line of an annotation file."""

    number: int      # from 1
    content: bytes   # in UTF-8, without the line's end


class AnnotationFile(NamedTuple):
    """An annotation file whose form is known."""

    path: str
    form: AnnotationForm

    def lines(self) -> Iterator[AnnotatedLine]:
        """Yield its lines that are not blank, behind one that names the columns."""
        if self.form.is_whole_json:
            value = annotation_json.load(self.path, self.form.encoding)
            pairs = annotation_json.pairs_of(value, self.path)
            for number, (path, text) in enumerate(pairs, start=1):
                yield AnnotatedLine(number, json.dumps({'path': path, 'text': text}).encode())
            return
        for number, content in text_file.read_lines(self.path, self.form.encoding):
            if number > self.form.header_line:
                yield AnnotatedLine(number, content)

    def count(self) -> int:
        """Return how many lines there are."""
        return sum(1 for _ in self.lines())


def name_of(part: str) -> str:
    """Return the path of a part's annotation file within the data set."""
    return f'{part}/{FILE_NAME}'


def path_of(part: str, dataset_dir: str) -> str:
    """Return the path of a part's annotation file."""
    return os.path.join(dataset_dir, part, FILE_NAME)


def open_annotation(annotation_path: str, image_dir: str, wanted: str | None = None) -> AnnotationFile:
    """Tell the form of an annotation file, and say it in a line.

    Args:
        annotation_path: the file.
        image_dir: the folder that its paths are relative to.
        wanted: one of annotation_form.FORMATS that it is to be; None to tell it.

    Raises:
        MissingInput: there is no such file.
        InputError: its first lines are of no known form.
    """
    try:
        form = diagnose(annotation_path, image_dir, wanted)
    except FileNotFoundError as error:
        raise MissingInput(
            f"{annotation_path}: no such file; expected one '<image path> <text>' a line") from error
    log_utils.init_logger().info('%s: %s', annotation_path, form.description)
    return AnnotationFile(annotation_path, form)


def read_lines(annotation_path: str) -> Iterator[AnnotatedLine]:
    """Yield the lines of an annotation file of this project's own form that are not blank.

    Raises:
        MissingInput: there is no such file.
    """
    try:
        for number, content in text_file.read_lines(annotation_path):
            yield AnnotatedLine(number, content)
    except FileNotFoundError as error:
        raise MissingInput(
            f"{annotation_path}: no such file; expected one '<image path> <text>' a line") from error


def parse_line(content: bytes, form: AnnotationForm = OWN_FORM) -> tuple[str, str]:
    """Split a line into its image path and its text, in form NFC.

    In this project's own form the path ends at the first tab, or else at the first blank of ASCII; the text
    is the rest. A leading slash and `./` are dropped, `//` is one slash.

    Returns:
        (path relative to the data set, text).

    Raises:
        RejectedSample: the line is no UTF-8, has no text, or its path climbs out of the data set.
    """
    try:
        line = content.decode('utf-8')
    except UnicodeDecodeError as error:
        raise RejectedSample('not UTF-8', f'byte 0x{content[error.start]:02x} at position {error.start} '
                                          'of the line') from error
    path, text = split_line(form, line)
    return normalised_path(path), texts.normalised(text)


def normalised_path(path: str) -> str:
    """Return the one way to write a path: without a leading slash, `./` and `//`.

    Raises:
        RejectedSample: it climbs out of the data set.
    """
    plain = path[1:] if path.startswith('/') else path
    if plain and plain[0] not in '/.' and '/.' not in plain and '//' not in plain:
        return plain
    names = [name for name in path.split('/') if name not in ('', '.')]
    if '..' in names:
        raise RejectedSample('path leaves the data set', f'{path} climbs with ..')
    return '/'.join(names)


def format_line(path: str, text: str) -> str:
    """Return the line, with its end, that `parse_line` splits into this path and this text."""
    separator = '\t' if ' ' in path or '\t' in text else ' '
    return f'{path}{separator}{text}\n'
