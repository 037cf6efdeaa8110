"""Texts: their one Unicode form, what nobody sees of them, folding of case, the order in a picture."""
import collections
import re
import unicodedata
from collections.abc import Iterable

from local_utils.errors import Unavailable

_INVISIBLE_CATEGORIES = frozenset(['Cc', 'Cf', 'Cs', 'Zs', 'Zl', 'Zp'])
# Without ink though their categories are those of letters, marks and symbols: fillers, selectors, a Braille
# blank.
_INVISIBLE = frozenset('\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0')
_INVISIBLE |= frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
_VISIBLE_MARKS = ('Mn', 'Mc')          # which stay with their letter
_FOREIGN_MARKS = ('M', 'P', 'S', 'Z')  # marks, punctuation, symbols and the blank: what may be dropped
_RIGHT_TO_LEFT = ('R', 'AL')           # bidirectional classes
# Of a line that is written from right to left: numbers with, and without, the signs around them.
_LEFT_TO_RIGHT_RUNS = (re.compile(r'[\d%$€.,:/+-]*\d[\d%$€.,:/+-]*'), re.compile(r'\d[\d.,:/]*\d|\d'))
_FIRST_RIGHT_TO_LEFT = '\u0590'        # no character before it is written so

# Scripts whose letters join, stack or change places: drawn letter by letter they come out wrong.
_SHAPED_SCRIPTS = (
    ('Arabic', '\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefe'),
    ('Syriac', '\u0700-\u074f\u0860-\u086f'),
    ('Thaana', '\u0780-\u07bf'),
    ("N'Ko", '\u07c0-\u07ff'),
    ('Mandaic', '\u0840-\u085f'),
    ('Devanagari', '\u0900-\u097f\ua8e0-\ua8ff'),
    ('Bengali', '\u0980-\u09ff'),
    ('Gurmukhi', '\u0a00-\u0a7f'),
    ('Gujarati', '\u0a80-\u0aff'),
    ('Oriya', '\u0b00-\u0b7f'),
    ('Tamil', '\u0b80-\u0bff'),
    ('Telugu', '\u0c00-\u0c7f'),
    ('Kannada', '\u0c80-\u0cff'),
    ('Malayalam', '\u0d00-\u0d7f'),
    ('Sinhala', '\u0d80-\u0dff'),
    ('Thai', '\u0e00-\u0e7f'),
    ('Lao', '\u0e80-\u0eff'),
    ('Tibetan', '\u0f00-\u0fff'),
    ('Myanmar', '\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f'),
    ('Hangul Jamo', '\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7fb'),
    ('Tagalog', '\u1700-\u177f'),
    ('Khmer', '\u1780-\u17ff'),
    ('Mongolian', '\u1800-\u18af'),
    ('Limbu', '\u1900-\u194f'),
    ('Tai Tham', '\u1a20-\u1aaf'),
    ('Balinese', '\u1b00-\u1b7f'),
    ('Sundanese', '\u1b80-\u1bbf'),
    ('Batak', '\u1bc0-\u1bff'),
    ('Lepcha', '\u1c00-\u1c4f'),
    ('Syloti Nagri', '\ua800-\ua82f'),
    ('Phags-pa', '\ua840-\ua87f'),
    ('Saurashtra', '\ua880-\ua8df'),
    ('Javanese', '\ua980-\ua9df'),
    ('Cham', '\uaa00-\uaa5f'),
    ('Meetei Mayek', '\uaae0-\uaaff\uabc0-\uabff'),
    ('Adlam', '\U0001e900-\U0001e95f'),
    ('Hanifi Rohingya', '\U00010d00-\U00010d3f'),
    ('Brahmic', '\U00011000-\U00011fff'),
)
_SHAPED = tuple((name, re.compile(f'[{characters}]')) for name, characters in _SHAPED_SCRIPTS)


def normalised(text: str) -> str:
    """Return a text in Unicode's form NFC, in which annotations, word lists and alphabets are compared."""
    return text if text.isascii() else unicodedata.normalize('NFC', text)


def is_invisible(character: str) -> bool:
    """Whether a character leaves no ink: a control or format character, or a blank other than U+0020."""
    if character == ' ':
        return False
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _INVISIBLE


def invisible(text: str) -> list[str]:
    """Return the characters of a text that leave no ink."""
    if text.isascii() and text.isprintable():
        return []
    return [character for character in text if is_invisible(character)]


def without_invisible(text: str) -> str:
    """Return a text without the characters that leave no ink."""
    if text.isascii() and text.isprintable():
        return text
    return ''.join([character for character in text if not is_invisible(character)])


def named(characters: Iterable[str]) -> str:
    """Return characters by code point and name, such as 'U+200B ZERO WIDTH SPACE'."""
    return ', '.join(f'U+{ord(character):04X} {unicodedata.name(character, "")}'.strip()
                     for character in dict.fromkeys(characters))


def lower_case(text: str) -> list[str]:
    """Return the lower-case form of each character in its place: Σ at a word's end is ς."""
    lowered = text.lower()
    return list(lowered) if len(lowered) == len(text) else [character.lower() for character in text]


def alphanumeric(text: str) -> str:
    """Return what the alphanumeric protocol compares: letters with their marks, and digits, without case.

    Full-width and half-width forms are plain ones.
    """
    if text.isascii():
        return ''.join([character for character in text.lower() if character.isalnum()])
    kept, is_kept = [], False
    for character in without_invisible(_plain_width(text)).casefold().replace('i\u0307', 'i'):   # İ is an i
        is_kept = character.isalnum() or (is_kept and unicodedata.category(character) in _VISIBLE_MARKS)
        if is_kept:
            kept.append(character)
    return normalised(''.join(kept))


def without_foreign_marks(text: str, is_known) -> tuple[str, list[str]]:
    """Drop the marks of a text that an alphabet lacks: accents, punctuation, symbols, the blank; never a
    letter.

    Args:
        text: in form NFC.
        is_known: whether the alphabet has a character.

    Returns:
        (the text without them, what was dropped).
    """
    kept, dropped = [], []
    for character in text:
        base, *marks = unicodedata.normalize('NFD', character)
        if is_known(character):
            kept.append(character)
        elif marks and is_known(base):
            kept.append(base)
            dropped += marks
        elif unicodedata.category(character)[0] in _FOREIGN_MARKS:
            dropped.append(character)
        else:
            kept.append(character)
    return ''.join(kept).strip(), dropped


def is_right_to_left(text: str) -> bool:
    """Whether a text has letters that are written from right to left."""
    return not text.isascii() and max(text) >= _FIRST_RIGHT_TO_LEFT and any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)


def in_picture_order(text: str) -> str:
    """Return a text in the order in which a picture shows its characters from left to right.

    Raises:
        Unavailable: it has letters that are written from right to left, and python-bidi is not installed.
    """
    if not is_right_to_left(text):
        return text
    first = next(character for character in map(unicodedata.bidirectional, text)
                 if character == 'L' or character in _RIGHT_TO_LEFT)
    return _reordered(text, 'L' if first == 'L' else 'R')


def in_reading_order(shown: str) -> str:
    """Return the text that a picture shows, from its characters from left to right; undoes
    `in_picture_order`.

    Of a line of both directions several texts may look alike; the one whose direction most letters have is
    taken.

    Raises:
        Unavailable: as `in_picture_order`.
    """
    if not is_right_to_left(shown):
        return shown
    classes = collections.Counter(map(unicodedata.bidirectional, shown))
    is_mostly_left_to_right = classes['L'] > sum(classes[each] for each in _RIGHT_TO_LEFT)
    candidates = [_reordered(shown, direction) for direction in ('LR' if is_mostly_left_to_right else 'RL')]
    candidates += [_turned(shown, runs) for runs in _LEFT_TO_RIGHT_RUNS]
    return next((text for text in candidates if in_picture_order(text) == shown), candidates[0])


def script_that_needs_shaping(text: str) -> str | None:
    """Return the name of the first script of a text that cannot be drawn letter by letter, or None.

    Its letters join, stack or change places. A mark that no letter takes into itself is one, too.
    """
    if text.isascii():
        return None
    for name, pattern in _SHAPED:
        if pattern.search(text):
            return name
    marks = [character for character in normalised(text) if unicodedata.category(character)[0] == 'M']
    return f'combining mark {named(marks[:1])}' if marks else None


def _plain_width(text):
    """Return a text in NFC whose full-width and half-width forms are plain ones."""
    plain = [unicodedata.normalize('NFKC', character)
             if unicodedata.decomposition(character).startswith(('<wide>', '<narrow>')) else character
             for character in text]
    return unicodedata.normalize('NFC', ''.join(plain))


def _reordered(text, direction):
    try:
        from bidi.algorithm import get_display
    except ImportError as error:
        raise Unavailable(f'{text!r} is written from right to left, which needs python-bidi: '
                          'pip install -r requirements-bidi.txt') from error
    return get_display(text, base_dir=direction)


def _turned(shown, runs):
    """Return a line of the order of a picture from its right end, but for its runs from left to right."""
    from bidi.mirror import MIRRORED
    turned = ''.join([MIRRORED.get(character, character) for character in reversed(shown)])
    return runs.sub(lambda run: run[0][::-1], turned)
