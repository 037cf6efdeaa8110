"""Telling the form of an annotation file from its first lines, before the alphabet is asked."""
import collections
import itertools
import os
import re

from data_provider.annotation_form import (
    CSV,
    FORMATS,
    ICDAR,
    JSON,
    MEANINGS,
    PATH_COLUMNS,
    PATH_TEXT,
    SEPARATORS,
    SYNTH90K,
    SYNTH90K_NAME,
    TEXT_COLUMNS,
    TEXT_PATH,
    AnnotationForm,
    fields_of,
    last_number_of,
    split_line,
    stem_of,
    whole_json,
)
from data_provider.image_listing import WHAT_TO_DO
from data_provider.image_path import IMAGE_ENDINGS
from data_provider.rejected_sample import RejectedSample
from local_utils import text_file
from local_utils.errors import InputError

DIAGNOSED_LINES = 1000
MAX_LOOKED_UP = 50   # paths of them without an ending, whose files are looked for
LEXICON_NAME = 'lexicon.txt'
# endings that only images' names have
LIKE_IMAGES = (*IMAGE_ENDINGS, *WHAT_TO_DO, '.j2k', '.ras', '.exr', '.hdr')
EXPECTED_COLUMNS = 'expected two columns, or a first line that names them (filename, words)'


def diagnose(annotation_path: str, image_dir: str, wanted: str | None = None) -> AnnotationForm:
    """Tell the form of an annotation file from its first lines.

    Args:
        annotation_path: the file.
        image_dir: the folder that its paths are relative to.
        wanted: one of FORMATS that it is to be; None to tell it.

    Raises:
        MissingInput: there is no such file.
        InputError: the first lines are of no known form, or not of the wanted one; says what was expected.
    """
    encoding = text_file.encoding_of(annotation_path)
    numbered = list(itertools.islice(text_file.read_lines(annotation_path, encoding), DIAGNOSED_LINES))
    form = AnnotationForm(encoding=encoding, line_ends=text_file.line_ends_of(annotation_path, encoding))
    lines = _decoded(annotation_path, numbered)
    if not lines:
        return form._replace(name=wanted or PATH_TEXT)
    diagnosis = _Diagnosis(annotation_path, image_dir, lines, form)
    return diagnosis.of(wanted) if wanted else diagnosis.told()


def _decoded(path, numbered):
    """Return the lines, (number, str), of those that are UTF-8; raises InputError where the file is not."""
    decoded, first_wrong, num_wrong = [], None, 0
    for number, content in numbered:
        try:
            decoded.append((number, content.decode('utf-8')))
        except UnicodeDecodeError as error:
            num_wrong += 1
            first_wrong = first_wrong or (
                f'{path}, line {number}: expected UTF-8 (or UTF-16), got the byte '
                f'0x{content[error.start]:02x}; iconv -f ENCODING -t UTF-8 converts it')
    if num_wrong > sum(not line.isascii() for _, line in decoded):
        raise InputError(first_wrong)
    return decoded


class _Diagnosis:
    """The first lines of an annotation file, and which forms they can be of."""

    def __init__(self, path, image_dir, lines, form):
        self._path, self._image_dir, self._lines, self._form = path, image_dir, lines, form
        self._num_looked_up = 0

    def told(self):
        """Return the form that most lines are of."""
        if self._lines[0][1][0] in '{[' and (found := self._json()):
            return found
        found = self._named_columns()
        if found:
            return found
        fitting = {name: sum(map(self._is_image, self._paths(name)))
                   for name in (PATH_TEXT, ICDAR, TEXT_PATH)}
        fitting |= {separator: sum(map(self._is_image, self._paths(CSV, separator))) for separator in ',;|'}
        name = max(fitting, key=fitting.get)   # of equal ones the first
        if not fitting[name]:
            self._refuse(self._lines[0], 'expected an image path and a text')
        if name in SEPARATORS:
            return self._unnamed_columns(name)
        form = self._form._replace(name=name)
        return self._with_indices(form) if name == PATH_TEXT else form

    def of(self, wanted):
        """Return the form of a wanted name."""
        if wanted == JSON:
            found = self._json()
        elif wanted == CSV:
            counts = {separator: sum(separator in line for _, line in self._lines)
                      for separator in SEPARATORS}
            found = self._named_columns() or self._unnamed_columns(max(counts, key=counts.get))
        elif wanted == SYNTH90K:
            found = self._form._replace(name=SYNTH90K, lexicon_path=self._lexicon_path())
        else:
            found = self._form._replace(name=wanted)
        return found or self._refuse(self._lines[0], f'expected {MEANINGS[wanted]}')

    def _refuse(self, numbered_line, message):
        number, line = numbered_line
        shown = line if len(line) <= 80 else line[:80] + '…'
        hint = ''
        if re.match(r'(\d+,\s*){4,8}', line):
            hint = '; boxes of whole pictures are no word images: crop the words first'
        raise InputError(f'{self._path}, line {number}: {message}, got {shown!r}{hint} '
                         f'(--annotation_format names one of {", ".join(FORMATS)})')

    def _is_image(self, path):
        """Whether something looks like the path of an image, or is one."""
        if not path or '\0' in path:
            return False
        if _looks_like_image(path):
            return True
        if self._num_looked_up >= MAX_LOOKED_UP:
            return False
        self._num_looked_up += 1
        return os.path.isfile(os.path.join(self._image_dir, path.lstrip('/')))

    def _paths(self, name, separator=''):
        """Yield what would be the path of each line, were the file of a form."""
        form = self._form._replace(name=name, separator=separator)
        for _, line in self._lines:
            if name == CSV:
                fields = [field.strip() for field in fields_of(line, separator)]
                yield next(filter(_looks_like_image, fields), fields[0]) if len(fields) > 1 else ''
            else:
                yield (_split_or_none(form, line) or [''])[0]

    def _rows(self, separator):
        return [(numbered, fields_of(numbered[1], separator)) for numbered in self._lines]

    def _named_columns(self):
        """Return the form of columns that the first line names, or None."""
        for separator in SEPARATORS:
            names = [name.strip().lower() for name in fields_of(self._lines[0][1], separator)]
            path_column = next((names.index(name) for name in PATH_COLUMNS if name in names), None)
            text_column = next((names.index(name) for name in TEXT_COLUMNS if name in names), None)
            if len(names) > 1 and path_column is not None and text_column is not None:
                return self._form._replace(
                    name=CSV, separator=separator, num_columns=len(names), path_column=path_column,
                    text_column=text_column, header_line=self._lines[0][0])
        return None

    def _unnamed_columns(self, separator):
        """Return the form of columns without names: the one of images, and the one beside it."""
        rows = self._rows(separator)
        lengths = collections.Counter(len(fields) for _, fields in rows)
        is_image = [collections.Counter(self._is_image(field.strip()) for field in column)[True]
                    for column in itertools.zip_longest(*(fields for _, fields in rows), fillvalue='')]
        path_column = is_image.index(max(is_image))
        if lengths.most_common(1)[0][0] != 2:
            self._refuse(rows[0][0], EXPECTED_COLUMNS)
        return self._form._replace(
            name=CSV, separator=separator, path_column=path_column, text_column=1 - path_column)

    def _with_indices(self, form):
        """Return the form of Synth 90k where each text is the last number of its image's name."""
        pairs = [split for split in (_split_or_none(form, line) for _, line in self._lines) if split]
        if all(re.fullmatch(r'\d+( \d+){3,}', text) for _, text in pairs) and len(pairs) >= 10:
            self._refuse(
                self._lines[0], 'expected a text, got numbers alone (indices into a list of characters?)')
        if not all(text.isdecimal() and last_number_of(path) == text for path, text in pairs):
            return form
        lexicon_path = self._lexicon_path()
        if lexicon_path or all(SYNTH90K_NAME.fullmatch(stem_of(path)) for path, _ in pairs):
            return form._replace(name=SYNTH90K, lexicon_path=lexicon_path)
        if len(pairs) > 1:
            self._refuse(self._lines[0], "expected a text, got the number of the image's name: an index? Put "
                                         f'its {LEXICON_NAME} into {self._image_dir}')
        return form

    def _lexicon_path(self):
        folder = os.path.dirname(os.path.abspath(self._path))
        places = self._image_dir, folder, os.path.dirname(folder)
        paths = [os.path.join(place, LEXICON_NAME) for place in places]
        return next(filter(os.path.isfile, paths), '')

    def _json(self):
        """Return the form of a JSON value a line, or of one value in all; None where the file is no JSON."""
        form = self._form._replace(name=JSON)
        try:
            split_line(form, self._lines[0][1])
            return form
        except RejectedSample:
            pass
        try:
            next(iter(whole_json(self._path, form.encoding)), None)
        except InputError:
            return None
        return form._replace(is_whole_json=True)


def _looks_like_image(path):
    return path.lower().endswith(LIKE_IMAGES)


def _split_or_none(form, line):
    try:
        return split_line(form, line)
    except RejectedSample:
        return None
