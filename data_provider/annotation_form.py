"""The form of an annotation file, and how a line of each form is split into an image path and a text."""
import csv
import functools
import re
from typing import NamedTuple

from data_provider import annotation_json
from data_provider.rejected_sample import RejectedSample
from local_utils import text_file, visible

PATH_TEXT, TEXT_PATH, ICDAR, CSV, SYNTH90K, JSON = FORMATS = (
    'path_text', 'text_path', 'icdar', 'csv', 'synth90k', 'json')
MEANINGS = {
    PATH_TEXT: '<image path> <text>', TEXT_PATH: '<text> <image path>', ICDAR: '<image path>, "<text>"',
    CSV: 'columns with a separator', SYNTH90K: '<image path> <index of its word in lexicon.txt>',
    JSON: 'JSON with paths and texts',
}
SEPARATORS = {',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars'}
SCRIPTS = ('Arabic', 'Bangla', 'Chinese', 'Hindi', 'Japanese', 'Korean', 'Latin', 'Mixed', 'None', 'Symbols')
_QUOTES = {('"', '"'), ('\u201c', '\u201d'), ('\u201e', '\u201c'), ('\xab', '\xbb')}
_COMMENTS = ('#', '//', ';', '%')   # that stand before a comment, and are no paths
BLANKS = ' \t\n\r\x0b\x0c'   # of ASCII; U+00A0, U+202F and U+3000 are characters of a text
_QUOTED = re.compile(r'(.*?),\s*"(.*)"', re.DOTALL)
_OF_SCRIPT = re.compile(rf'(.*?),\s*(?:{"|".join(SCRIPTS)}),\s*(.*)', re.DOTALL)
MAX_DIGITS = 18   # of an index
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
    header_line: int = 0       # number of the line that names the columns, before the samples; 0 for none
    is_quoted: bool = False    # the texts stand in quotes
    lexicon_path: str = ''     # of SYNTH90K; '' where the word is taken from the image's name
    is_whole_json: bool = False   # one JSON value in place of one a line

    @property
    def description(self) -> str:
        """What the form is, for people."""
        of_form = MEANINGS[self.name]
        if self.name == CSV:
            of_form = f'{self.num_columns} columns with {SEPARATORS[self.separator]} between them'
        elif self.name == SYNTH90K:
            of_form += f', by {self.lexicon_path}' if self.lexicon_path else ", the word taken from the name"
        of_form += f', named by line {self.header_line}' if self.header_line else ''
        of_form += ', texts in quotes' if self.is_quoted else ''
        return f'{of_form}; {self.encoding.upper()}, {self.line_ends}'


def split_line(form: AnnotationForm, line: str) -> tuple[str, str]:
    """Split a line into its image path, as it stands there, and its text.

    Raises:
        RejectedSample: the line is not of the form.
    """
    path, text = _SPLITTERS[form.name](form, line)
    path, text = path.strip(BLANKS), text.strip(BLANKS)
    if form.is_quoted:
        text = _out_of_quotes(text)
    if path and not text and form.name == CSV:
        raise RejectedSample('no text', 'expected something in the column of the text, got nothing')
    if not path or not text:
        missing = 'no text' if path else 'no path'
        raise RejectedSample(missing, f'expected {MEANINGS[form.name]}')
    return path, text


def _path_text(_, line):
    path, _, text = line.partition('\t' if '\t' in line else ' ')
    if path in _COMMENTS:
        raise RejectedSample('comment', f'expected {MEANINGS[PATH_TEXT]}')
    return path, text


def _text_path(_, line):
    text, _, path = line.rpartition('\t' if '\t' in line else ' ')
    return path, text


def _icdar(_, line):
    # Without such an end each quote would be tried as the first: minutes, where a line is long.
    if line.endswith('"') and (quoted := _QUOTED.fullmatch(line)):
        path, text = quoted[1].rstrip(), quoted[2]
        if of_script := _OF_SCRIPT.fullmatch(path + ','):
            path = of_script[1]
        return path, re.sub(r'\\(["\\])', r'\1', text.replace('""', '"'))
    if of_script := _OF_SCRIPT.fullmatch(line):
        return of_script[1], of_script[2]
    raise RejectedSample('no text', f'expected {MEANINGS[ICDAR]}')


def _columns(form, line):
    fields = _unquoted_fields(line, form.separator)
    if fields is None:
        raise RejectedSample('odd quotes', 'expected quotes in pairs around a whole field')
    if len(fields) > form.num_columns and (form.path_column, form.text_column) == (0, form.num_columns - 1):
        # The text has separators in it that nobody put into quotes.
        fields[form.text_column:] = [form.separator.join(fields[form.text_column:])]
    if len(fields) != form.num_columns:
        raise RejectedSample('other columns', f'expected {form.num_columns} of them, got {len(fields)}')
    return fields[form.path_column], fields[form.text_column]


def fields_of(line: str, separator: str) -> list[str]:
    """Return the fields of a line of columns, out of their quotes, or with them where they are odd."""
    return _unquoted_fields(line, separator) or line.split(separator)


def _unquoted_fields(line, separator):
    """Return the fields of a line, or None where its quotes are odd; a quote in quotes is "" or \\"."""
    if '"' not in line:
        return line.split(separator)
    with_backslashes = {'doublequote': False, 'escapechar': '\\'}
    for escapes in ({}, with_backslashes) if r'\"' in line else ({},):
        try:
            return next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True,
                                   **escapes))
        except csv.Error:
            continue
    return None


def in_quotes(text: str) -> bool:
    """Whether a text stands in quotes, straight or curly ones."""
    return len(text) > 1 and (text[0], text[-1]) in _QUOTES


def _out_of_quotes(text):
    return re.sub(r'\\(["\\])', r'\1', text[1:-1].replace('""', '"')) if in_quotes(text) else text


def _synth90k(form, line):
    path, index = _path_text(form, line)
    index, stem = index.strip(BLANKS), stem_of(path)
    if not index.isdecimal() or len(index) > MAX_DIGITS or last_number_of(path) != index:
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


_SPLITTERS = {PATH_TEXT: _path_text, TEXT_PATH: _text_path, ICDAR: _icdar, CSV: _columns, SYNTH90K: _synth90k,
              JSON: lambda _, line: annotation_json.pair_of_line(line)}
