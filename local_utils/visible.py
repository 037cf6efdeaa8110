r"""Texts of strangers on a terminal or in a line: names of files, what annotations say, what a network reads.

Control characters would move the cursor, a line break would begin a line that looks like one of ours, and a
character that changes the direction would show a name backwards. They are written as escapes, such as \n,
\x1b, \u202e; a byte of a file's name that is no UTF-8 is \xff.
"""
import json
import re

from local_utils import texts

LONGEST_WORD, KEPT_OF_A_WORD = 1000, 500   # characters of what has no blank in it, in a line
LONGEST_LINE = 10_000
_LONG_WORD = re.compile(rf'\S{{{LONGEST_WORD + 1},}}')
_SHORT = {'\t': r'\t', '\n': r'\n', '\r': r'\r'}
_FIRST_OF_BYTES, _BYTES = 0xDC80, range(0xDC80, 0xDD00)   # how bytes stand in the text of a file's name


def escaped(text: str) -> str:
    """Return a text with escapes for what is not printable, and for what leaves no ink though it is."""
    if text.isprintable() and not texts.invisible(text):
        return text
    return ''.join([character if character.isprintable() and not texts.is_invisible(character)
                    else _escape(character) for character in text])


def field(text: str) -> str:
    r"""Return a text as a field of a line of tab-separated ones: as `escaped`, and a backslash is \\."""
    return escaped(text.replace('\\', r'\\'))


def line(text: str) -> str:
    """Return a text as one line of a log: as `escaped`, and what is very long is cut."""
    text = _LONG_WORD.sub(lambda word: _cut(word[0], KEPT_OF_A_WORD), text)
    return escaped(_cut(text, LONGEST_LINE) if len(text) > LONGEST_LINE else text)


def located(path: str, message: str) -> str:
    """Return a message with the path that it is about before it, unless that stands in it already."""
    path = escaped(path)
    return message if f' {path}:' in f' {message}' else f'{path}: {message}'


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as '1 word' or '2 words'."""
    if count == 1:
        return f'1 {noun}'
    return f'{count} {noun}es' if noun.endswith('s') else f'{count} {noun}s'


def json_text(value, encoding: str | None = 'utf-8', **how) -> str:
    """Return a value as JSON, readable, but with JSON's escapes for what is not printable.

    Args:
        value: what json.dumps takes.
        encoding: of what it is written to; where that is not UTF-8 there are escapes for all that is not
            ASCII.
        how: as of json.dumps.
    """
    if (encoding or 'utf-8').lower() != 'utf-8':   # there Python's backslash escape would be none of JSON's
        return json.dumps(value, **how)
    text = json.dumps(value, ensure_ascii=False, **how)
    if text.isprintable():
        return text
    return ''.join([character if character.isprintable() or character == '\n' else json.dumps(character)[1:-1]
                    for character in text])


def _escape(character):
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code in _BYTES:
        code -= _FIRST_OF_BYTES - 0x80
    return f'\\x{code:02x}' if code < 0x100 else f'\\u{code:04x}' if code < 0x10000 else f'\\U{code:08x}'


def _cut(text, kept):
    return f'{text[:kept]}… ({len(text)} characters)'
