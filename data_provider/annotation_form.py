"""The form of an annotation file, and how a line of each form is split into an image path and a text."""
import csv
import functools
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from data_provider.rejected_sample import RejectedSample
from local_utils import text_file, visible
from local_utils.errors import InputError

PATH_TEXT, TEXT_PATH, ICDAR, CSV, SYNTH90K, JSON = FORMATS = (
    'path_text', 'text_path', 'icdar', 'csv', 'synth90k', 'json')
MEANINGS = {
    PATH_TEXT: '<image path> <text>', TEXT_PATH: '<text> <image path>', ICDAR: '<image path>, "<text>"',
    CSV: 'columns with a separator', SYNTH90K: '<image path> <index of its word in lexicon.txt>',
    JSON: 'JSON with paths and texts',
}
SEPARATORS = {',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars'}
PATH_COLUMNS = ('filename', 'file_name', 'file', 'path', 'filepath', 'file_path', 'image', 'images',
                'image_path', 'imagepath', 'image_name', 'imagename', 'image_file', 'img', 'img_path',
                'img_name', 'imgname', 'name', 'id')
TEXT_COLUMNS = ('text', 'words', 'word', 'label', 'labels', 'transcription', 'transcript', 'ground_truth',
                'groundtruth', 'gt', 'caption', 'identity', 'string', 'value', 'sentence')
SCRIPTS = ('Arabic', 'Bangla', 'Chinese', 'Hindi', 'Japanese', 'Korean', 'Latin', 'Mixed', 'None', 'Symbols')
BLANKS = ' \t\n\r\x0b\x0c'   # of ASCII; U+00A0, U+202F and U+3000 are characters of a text
_QUOTED = re.compile(r'(.*?)\s*,\s*"(.*)"', re.DOTALL)
_OF_SCRIPT = re.compile(rf'(.*?),\s*(?:{"|".join(SCRIPTS)}),\s*(.*)', re.DOTALL)
SYNTH90K_NAME = re.compile(r'\d+_(.+)_(\d+)')


class AnnotationForm(NamedTuple):
    """How the lines of an annotation file are to be read."""

    name: str = PATH_TEXT
    encoding: str = text_file.UTF_8
    line_ends: str = 'LF'
    separator: str = ''        # of CSV
    path_column: int = 0
    text_column: int = 1
    num_columns: int = 2
    header_line: int = 0       # number of the line that names the columns, 0 for none
    lexicon_path: str = ''     # of SYNTH90K; '' where the word is taken from the image's name
    is_whole_json: bool = False   # one JSON value in place of one a line

    @property
    def description(self) -> str:
        """What the form is, for people."""
        of_form = MEANINGS[self.name]
        if self.name == CSV:
            of_form = f'{self.num_columns} columns with {SEPARATORS[self.separator]} between them'
            of_form += ', named by the first line' if self.header_line else ''
        elif self.name == SYNTH90K:
            of_form += f', by {self.lexicon_path}' if self.lexicon_path else ", the word taken from the name"
        return f'{of_form}; {self.encoding.upper()}, {self.line_ends}'


def split_line(form: AnnotationForm, line: str) -> tuple[str, str]:
    """Split a line into its image path, as it stands there, and its text.

    Raises:
        RejectedSample: the line is not of the form.
    """
    path, text = _SPLITTERS[form.name](form, line)
    path, text = path.strip(BLANKS), text.strip(BLANKS)
    if not path or not text:
        missing = 'no text' if path else 'no path'
        raise RejectedSample(missing, f'expected {MEANINGS[form.name]}')
    return path, text


def _path_text(_, line):
    path, _, text = line.partition('\t' if '\t' in line else ' ')
    return path, text


def _text_path(_, line):
    text, _, path = line.rpartition('\t' if '\t' in line else ' ')
    return path, text


def _icdar(_, line):
    if quoted := _QUOTED.fullmatch(line):
        path, text = quoted.groups()
        if of_script := _OF_SCRIPT.fullmatch(path + ','):
            path = of_script[1]
        return path, re.sub(r'\\(["\\])', r'\1', text.replace('""', '"'))
    if of_script := _OF_SCRIPT.fullmatch(line):
        return of_script[1], of_script[2]
    raise RejectedSample('no text', f'expected {MEANINGS[ICDAR]}')


def _columns(form, line):
    fields = fields_of(line, form.separator)
    if len(fields) > form.num_columns and (form.path_column, form.text_column) == (0, form.num_columns - 1):
        # The text has separators in it that nobody put into quotes.
        fields[form.text_column:] = [form.separator.join(fields[form.text_column:])]
    if len(fields) != form.num_columns:
        raise RejectedSample('other columns', f'expected {form.num_columns} of them, got {len(fields)}')
    return fields[form.path_column], fields[form.text_column]


def fields_of(line: str, separator: str) -> list[str]:
    """Return the fields of a line of columns, out of their quotes."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        return line.split(separator)


def _synth90k(form, line):
    path, index = _path_text(form, line)
    index, stem = index.strip(BLANKS), stem_of(path)
    if not index.isdecimal() or last_number_of(path) != index:
        raise RejectedSample('no index', f'expected the last number of the name {stem!r}, got {index!r}')
    of_name = SYNTH90K_NAME.fullmatch(stem)
    if not form.lexicon_path:
        if not of_name:
            raise RejectedSample(
                'no word in the name', f'expected a name like 466_MONIKER_49537, got {stem!r}')
        return path, of_name[1]
    lexicon = read_lexicon(form.lexicon_path)
    if int(index) >= len(lexicon):
        raise RejectedSample(
            'index outside the lexicon', f'{index}, but it has {visible.counted(len(lexicon), "word")}')
    word = lexicon[int(index)]
    if of_name and of_name[1].casefold() != word.casefold():
        raise RejectedSample(
            'lexicon and name disagree', f'{word!r} in the lexicon, {of_name[1]!r} in the name')
    return path, of_name[1] if of_name else word   # with the capitals that the picture shows


@functools.lru_cache(maxsize=2)
def read_lexicon(path: str) -> list[str]:
    """Return the words of a lexicon, one a line."""
    return [content.decode('utf-8', 'replace') for _, content in text_file.read_lines(path)]


def stem_of(path: str) -> str:
    """Return the name of a path without its ending."""
    return re.split(r'[/\\]', path)[-1].rpartition('.')[0]


def last_number_of(path: str) -> str | None:
    """Return the digits that come last in the name of a path."""
    numbers = re.findall(r'\d+', stem_of(path))
    return numbers[-1] if numbers else None


def _json(_, line):
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RejectedSample('no JSON', f'expected an object a line, got {line[:40]!r}') from error
    pair = _pair_of(value)
    if pair is None:
        raise RejectedSample(
            'no text', f'expected an object with {PATH_COLUMNS[0]} and {TEXT_COLUMNS[0]}, got {line[:40]!r}')
    return pair


def _pair_of(value):
    """Return (path, text) of a JSON object that has both, else None."""
    if not isinstance(value, dict):
        return None
    by_name = {key.lower(): item for key, item in value.items()}
    path = next((by_name[name] for name in PATH_COLUMNS if isinstance(by_name.get(name), str)), None)
    text = next((by_name[name] for name in TEXT_COLUMNS if isinstance(by_name.get(name), str)), None)
    return None if path is None or text is None else (path, text)


def whole_json(path: str, encoding: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of each sample of a file that is one JSON value: a list of objects, or {path: text}.

    Raises:
        InputError: it is none, or of another form.
    """
    text = b'\n'.join(content for _, content in text_file.read_lines(path, encoding))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path}: expected JSON ({error})') from error
    pairs = _pairs_of(value)
    if not pairs or None in pairs:
        raise InputError(f'{path}: expected a list of objects with {PATH_COLUMNS[0]} and {TEXT_COLUMNS[0]}, '
                         'or one object of paths and texts')
    yield from pairs


def _pairs_of(value):
    """Return the pairs of {path: text}, of a list of objects, or of an object with one such list in it."""
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return list(value.items())
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list)]
        value = lists[0] if len(lists) == 1 else []
    return [_pair_of(item) for item in value] if isinstance(value, list) else []


_SPLITTERS = {PATH_TEXT: _path_text, TEXT_PATH: _text_path, ICDAR: _icdar, CSV: _columns, SYNTH90K: _synth90k,
              JSON: _json}
