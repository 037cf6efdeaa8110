"""Telling the form of an annotation file from its first lines, before the alphabet is asked."""
import collections
import itertools
import json
import os
import re

from data_provider import annotation_json
from data_provider.annotation_form import (
    CSV,
    FORMATS,
    ICDAR,
    JSON,
    MEANINGS,
    PATH_TEXT,
    SEPARATORS,
    SYNTH90K,
    SYNTH90K_NAME,
    TEXT_PATH,
    AnnotationForm,
    fields_of,
    in_quotes,
    last_number_of,
    split_line,
    stem_of,
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
_NUMBERS = re.compile(r'\d+([ ,;]+\d+){3,}')   # four of them or more
_FIRST_OF_EXCEL = re.compile('sep=.')
MIN_NUMBERED = 10    # texts that are all numbers, from which they are taken for indices of characters
BOXES_HINT = '; boxes of whole pictures are no word images: crop the words first'
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
        """Return the form that most lines are of, once its texts are seen to be texts."""
        form = self._of_most_lines()
        pairs = list(itertools.islice(self._pairs(form), DIAGNOSED_LINES))
        if form.name == JSON and not any(self._is_image(path) for path, _ in pairs):
            self._refuse(self._lines[0], 'expected JSON with image paths and texts')
        self._check_texts([text for _, text in pairs])
        if form.name in (PATH_TEXT, TEXT_PATH, CSV) and pairs and all(in_quotes(text) for _, text in pairs):
            form = form._replace(is_quoted=True)
        return self._with_indices(form, pairs)

    def _of_most_lines(self):
        if self._lines[0][1][0] in '{[' and (found := self._json()):
            return found
        if _FIRST_OF_EXCEL.fullmatch(self._lines[0][1]) and len(self._lines) > 1:
            self._form = self._form._replace(header_line=self._lines.pop(0)[0])
        if found := self._named_columns():
            return found
        fitting = {name: sum(map(self._is_image, self._paths(name)))
                   for name in (PATH_TEXT, ICDAR, TEXT_PATH)}
        fitting |= {separator: sum(map(self._is_image, self._paths(CSV, separator))) for separator in ',;|'}
        name = max(fitting, key=fitting.get)   # of equal ones the first
        if not fitting[name]:
            self._refuse(self._lines[0], 'expected an image path and a text')
        if name in SEPARATORS:
            return self._unnamed_columns(name)
        return self._form._replace(name=name)

    def _pairs(self, form):
        """Yield (path, text) of the first lines that are of a form."""
        if form.is_whole_json:
            yield from annotation_json.pairs_of(annotation_json.load(self._path, form.encoding), self._path)
            return
        yield from filter(None, (_split_or_none(form, line) for number, line in self._lines
                                 if number > form.header_line))

    def _check_texts(self, all_texts):
        """Refuse a file whose texts are none: JSON, or indices of characters."""
        if all_texts and all(map(_is_json, all_texts)):
            self._refuse(self._lines[0], 'expected a text, not JSON',
                         BOXES_HINT if '"points"' in all_texts[0] else '')
        if len(all_texts) >= MIN_NUMBERED and all(map(_NUMBERS.fullmatch, all_texts)):
            self._refuse(
                self._lines[0], 'expected a text, got numbers alone (indices into a list of characters?)')

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

    def _refuse(self, numbered_line, message, hint=''):
        number, line = numbered_line
        shown = line if len(line) <= 80 else line[:80] + '…'
        if re.match(r'(\d+,\s*){4,8}', line):
            hint = BOXES_HINT
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
        number, line = self._lines[0]
        for separator in (*SEPARATORS, ' '):
            names = [re.sub(r'[\s-]+', '_', name.strip().lower()) for name in fields_of(line, separator)]
            path_column, text_column = (
                next((names.index(name) for name in known if name in names), None)
                for known in (annotation_json.PATH_COLUMNS, annotation_json.TEXT_COLUMNS))
            if path_column is None or text_column is None:
                continue
            if separator != ' ':
                return self._form._replace(
                    name=CSV, separator=separator, num_columns=len(names), path_column=path_column,
                    text_column=text_column, header_line=number)
            if len(names) == 2:
                return self._form._replace(
                    name=(PATH_TEXT, TEXT_PATH)[path_column], header_line=number)
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
        form = self._form._replace(
            name=CSV, separator=separator, path_column=path_column, text_column=1 - path_column)
        images = [any(self._is_image(field.strip()) for field in fields) for _, fields in rows]
        if len(rows) > 1 and all(images[1:]) and not images[0]:   # it names them in words of its own
            form = form._replace(header_line=rows[0][0][0])
        return form

    def _with_indices(self, form, pairs):
        """Return the form of Synth 90k where each text is the last number of its image's name."""
        if form.name == SYNTH90K or not pairs or not all(
                text.isdecimal() and last_number_of(path) == text for path, text in pairs):
            return form
        lexicon_path = self._lexicon_path()
        if not lexicon_path and all(stem_of(path) == text for path, text in pairs):
            return form   # the names are the texts
        is_by_name = all(SYNTH90K_NAME.fullmatch(stem_of(path)) for path, _ in pairs)
        if form.name == PATH_TEXT and (lexicon_path or is_by_name):
            return form._replace(name=SYNTH90K, lexicon_path=lexicon_path)
        if lexicon_path or is_by_name:
            self._refuse(self._lines[0], f'expected a text, got an index; write {MEANINGS[SYNTH90K]}')
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
        """Return the form of a JSON value a line, or of one value in all; None where the file is no JSON.

        Raises:
            InputError: it is one value of another form.
        """
        form = self._form._replace(name=JSON)
        if 2 * len(list(self._pairs(form))) > len(self._lines):
            return form
        try:
            value = annotation_json.load(self._path, form.encoding)
        except InputError:
            return None
        annotation_json.pairs_of(value, self._path)
        return form._replace(is_whole_json=True)


def _is_json(text):
    """Whether a text is a JSON object or a list of some."""
    if not text.startswith(('{"', '[{')):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _looks_like_image(path):
    return path.lower().endswith(LIKE_IMAGES)


def _split_or_none(form, line):
    try:
        return split_line(form, line)
    except RejectedSample:
        return None
