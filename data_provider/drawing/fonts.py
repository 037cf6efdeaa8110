"""Fonts to draw words with: OpenCV's own, and the font files of folders; which of them can draw what."""
import collections
import functools
import itertools
import os
import re
import string
from collections.abc import Iterable

import cv2
import numpy as np

from data_provider.drawing import font_files
from local_utils import files, opening, parallel, texts
from local_utils.errors import InputError, MissingInput

BUILT_IN_FONTS = ('sans', 'italic')   # OpenCV's; what a font lacks it takes from the first, then from 'uni'
SYSTEM_FONT_DIRS = ('/usr/share/fonts', '/usr/local/share/fonts', os.path.expanduser('~/.fonts'),
                    '/Library/Fonts', 'C:/Windows/Fonts')
FONT_ENDINGS = ('.ttf', '.otf', '.ttc')
MIN_LIKENESS = 0.15        # of a font's letters to plain ones; symbols are near 0, an italic 0.3, sans 0.9
SMALL_MARGIN = 0.15        # by which capitals are more like small letters, in a font that has no others
TWO_CASE_LETTERS = 'abdeghnqrt'       # whose small and capital forms differ
KINDS_PATH = files.repository_path('data', 'font_kinds.tsv')
KINDS = {'text': 0.45, 'display': 0.3, 'script': 0.2, 'odd': 0.05}   # how often a font of each is chosen
FAMILIES_OF_A_KIND = 10    # with fewer a kind is chosen the more seldom


def find_fonts(folders: Iterable[str] | None = None) -> list[str]:
    """Return the fonts to draw with: names of OpenCV's own, paths of font files.

    Args:
        folders: where to look for font files; None for OpenCV's own fonts and the system's folders.

    Raises:
        MissingInput: one of the given folders does not exist.
        InputError: they hold no font file.
    """
    for folder in folders or ():
        if not os.path.isdir(folder):
            raise MissingInput(f'{folder}: no such folder of fonts')
    walks = itertools.chain.from_iterable(map(os.walk, folders or SYSTEM_FONT_DIRS))
    named = (os.path.join(parent, name) for parent, _, names in walks for name in names
             if name.lower().endswith(FONT_ENDINGS))
    paths = [path for path in named if os.path.isfile(path)]   # not a link to what is gone
    if folders and not paths:
        raise InputError(f'{", ".join(folders)}: no font; expected files that end in '
                         f'{", ".join(FONT_ENDINGS)}')
    return sorted(paths) if folders else [*BUILT_IN_FONTS, *sorted(paths)]


def check_usable(font_paths: list[str]) -> None:
    """Raise InputError where none of the fonts, as of `find_fonts`, can be used."""
    if not any(map(draws_letters, font_paths)):
        raise InputError(f'no usable font: each of {len(font_paths)}, such as {font_paths[0]}, is damaged or '
                         'of symbols; give other folders with --fonts')


def _is_file(font):
    """Whether a font is a file, not one of OpenCV's own by its name."""
    return font.lower().endswith(FONT_ENDINGS)


@functools.cache
def load_font(font: str) -> cv2.FontFace | None:
    """Return the cv2.FontFace of a name or path, or None where OpenCV cannot use it.

    It is kept for ever: OpenCV knows the letters that it drew by their font's address, so a font in the
    place of one that is gone would be drawn with the letters of that one.
    """
    if _is_file(font) and not font_files.is_usable(font):
        return None
    try:
        face = cv2.FontFace(font)
    except cv2.error:
        return None
    return face if face.getName() else None


@functools.cache
def read_kinds() -> dict[str, str]:
    """Return the kind of each family or folder of fonts not of plain text, simplified name → kind."""
    with opening.open_file(KINDS_PATH, 'r', encoding='utf-8') as file:
        return dict(line.rstrip('\n').split('\t') for line in file if line.strip())


@functools.cache
def kind_of(font: str) -> str:
    """Return the kind of a font, a key of KINDS, by the name of its family or else of its folder."""
    folder, name = os.path.split(font)
    stem = os.path.splitext(name)[0]
    kinds = read_kinds()
    for name in (re.split('[-_]', stem)[0], stem, os.path.basename(folder)):
        kind = kinds.get(simplified(name))
        if kind:
            return kind
    return 'text'


def simplified(name: str) -> str:
    """Return the name of a family or folder as the table of kinds has it: small letters and digits."""
    return re.sub('[^a-z0-9]', '', name.lower()).removeprefix('fonts')


class FontChooser:
    """Chooses a font for a text.

    Each kind of fonts is chosen as often as KINDS says, however many fonts there are of it. Within a kind a
    folder with many fonts, often the weights and widths of one family, counts by their number's square root.
    """

    def __init__(self, font_paths: list[str]):
        """Take the fonts to be used, as of `find_fonts`; each is looked at when it is first chosen."""
        self._fonts = font_paths
        self.kinds = [kind_of(font) for font in font_paths]
        groups = list(zip(self.kinds, map(os.path.dirname, font_paths), strict=True))
        sizes = collections.Counter(groups)
        weights = np.array([sizes[group] ** -0.5 for group in groups])
        totals, families = collections.Counter(), collections.Counter(kind for kind, _ in sizes)
        for kind, weight in zip(self.kinds, weights, strict=True):
            totals[kind] += weight
        wanted = {kind: KINDS[kind] * min(1, families[kind] / FAMILIES_OF_A_KIND) for kind in totals}
        weights = np.array([weight / totals[kind] * wanted[kind]
                            for kind, weight in zip(self.kinds, weights, strict=True)])
        self.probabilities = weights / weights.sum()
        self._cumulated = np.cumsum(self.probabilities)

    def check_characters(self, words: Iterable[str]) -> None:
        """Raise InputError where none of the fonts can draw some character of the words; names it."""
        for character in sorted(set(itertools.chain.from_iterable(words))):
            if not self.can_draw(character):
                raise self._cannot_draw(character)

    def drawable(self, words: list[str]) -> list[str]:
        """Return those of some words that one of the fonts can draw, a list."""
        characters = sorted(set(itertools.chain.from_iterable(words)))
        if self.can_draw(''.join(characters)):
            return list(words)
        foreign = {character for character in characters if not self.can_draw(character)}
        return [word for word in words if foreign.isdisjoint(word) and self.can_draw(word)]

    def can_draw(self, text: str) -> bool:
        """Whether one of the fonts can draw a text."""
        return any(can_draw(font, text) for font in self._fonts)

    def choose(self, text: str, rng: np.random.Generator, tries: int = 20) -> str:
        """Return a random font that can draw a text; raises InputError where none can."""
        for chance in rng.random(tries):
            font = self._fonts[min(int(np.searchsorted(self._cumulated, chance)), len(self._fonts) - 1)]
            if can_draw(font, text):
                return font
        for index in rng.permutation(len(self._fonts)):
            if can_draw(self._fonts[index], text):
                return self._fonts[index]
        raise self._cannot_draw(text)

    def _cannot_draw(self, text):
        return InputError(f'none of the {len(self._fonts)} fonts can draw {text!r}; '
                          'give a folder of fonts that can with --fonts')


def can_draw(font: str, text: str) -> bool:
    """Whether a font, a name or path, is one of letters and has a shape for each character of a text."""
    return draws_letters(font) and all(
        _has_shape(font, character) for character in text
        if character != ' ' and not texts.is_invisible(character))


def _has_shape(font, character):
    """Whether a font has a shape of its own for a character: not blank, borrowed or that of a missing one."""
    known = _known_shapes(font)
    if character not in known:
        known[character] = _looks_drawn(font, character)
    return known[character]


@functools.cache
def _known_shapes(font):
    """Return the dict of character → whether the font has a shape for it; `_has_shape` fills it."""
    return {}


def _looks_drawn(font, character):
    if _is_file(font) and not font_files.may_draw(font, character):
        return False
    parallel.note(font)
    shape = _shape(font, character)
    missing = character != '?' and np.array_equal(shape, _shape(font, font_files.NO_CHARACTER))
    borrowed = font not in BUILT_IN_FONTS and np.array_equal(shape, _shape(BUILT_IN_FONTS[0], character))
    return bool(shape.any()) and not missing and not borrowed


@functools.cache
def only_case(font: str) -> str | None:
    """Return 'upper' where a font draws capitals for small letters, 'lower' for the contrary, else None."""
    tests = (('upper', TWO_CASE_LETTERS, 0), ('lower', TWO_CASE_LETTERS.upper(), SMALL_MARGIN))
    for case, letters, margin in tests:
        shapes = [(_square(font, letter), letter) for letter in letters if _has_shape(font, letter)]
        likenesses = [_correlation(shape, _square('uni', letter.swapcase()))
                      - _correlation(shape, _square('uni', letter)) for shape, letter in shapes]
        if likenesses and np.mean(likenesses) > margin:
            return case
    return None


@functools.cache
def draws_letters(font: str) -> bool:
    """Whether OpenCV can use a font and its letters look like letters, not like symbols.

    One without letters cannot tell, and a script is known by its name.
    """
    if load_font(font) is None:
        return False
    if kind_of(font) == 'script':
        return True   # a script's letters are as unlike plain ones as symbols are
    letters = [letter for letter in string.ascii_lowercase if _has_shape(font, letter)]
    return not letters or float(np.mean([_likeness(font, letter) for letter in letters])) > MIN_LIKENESS


def _likeness(font, letter):
    """Return the correlation of a font's letter with the plain one."""
    return _correlation(_square(font, letter), _square('uni', letter))


def _correlation(left, right):
    """Return the correlation of two pictures; 0 where one is all of one grey."""
    left, right = left - left.mean(), right - right.mean()
    scale = np.sqrt((left @ left) * (right @ right))
    return left @ right / scale if scale > 0 else 0.0


@functools.lru_cache(maxsize=1 << 8)   # the plain letters, and those of the font that is being looked at
def _square(font, character):
    """Return the picture of one character, cut out and stretched to float64 [576]; not to be written to."""
    shape = _shape(font, character)
    x, y, width, height = cv2.boundingRect(shape)
    square = cv2.resize(shape[y:y + height, x:x + width], (24, 24), interpolation=cv2.INTER_AREA)
    return square.ravel().astype(np.float64)


@functools.lru_cache(maxsize=1 << 9)   # the plain letters, and those of the font that is being looked at
def _shape(font, character):
    """Return the picture of one character, for comparison; not to be written to."""
    mask = np.zeros((96, 96), np.uint8)
    cv2.putText(mask, character, (24, 64), 255, load_font(font), 24)
    return mask
