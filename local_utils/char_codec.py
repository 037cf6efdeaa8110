"""The character codec: text to class indices and back, for one alphabet."""
import operator
from collections.abc import Iterable

from local_utils import texts, visible
from local_utils.errors import InputError, UnknownCharacter

_CAPITAL_SIGMA = 'Σ'   # the one letter whose lower-case form depends on its place
MAX_SHOWN = 20   # characters of an alphabet in a line


class CharacterCodec:
    """Maps the characters of an alphabet to the classes 0 … n-1; owns the CTC blank, the class after them."""

    def __init__(self, characters: str | list[str]):
        """Build a codec.

        Args:
            characters: the alphabet, a string or a list of single characters, in the order of their class
                indices.

        Raises:
            InputError: the alphabet is empty, or a character stands in it twice.
        """
        self.characters = ''.join(characters)
        if not self.characters:
            raise InputError('expected an alphabet of at least one character, got an empty one')
        self._index_of = _FoldingIndex()
        for index, character in enumerate(self.characters):
            if character in self._index_of:
                raise InputError(
                    f'the alphabet has {character!r} twice, at {self._index_of[character]} and {index}')
            self._index_of[character] = index
        for index, character in enumerate(self.characters):   # texts come in NFC, where some are others
            self._index_of.setdefault(texts.normalised(character), index)

    @property
    def blank(self) -> int:
        """The class index of the CTC blank."""
        return len(self.characters)

    @property
    def num_classes(self) -> int:
        """The number of classes: the characters and the blank."""
        return len(self.characters) + 1

    def encode(self, text: str) -> list[int]:
        """Return the class index of each character.

        A character outside the alphabet whose lower-case form is inside is folded to it.

        Raises:
            UnknownCharacter: a character is outside the alphabet; names it.
        """
        if _CAPITAL_SIGMA in text:
            text = self._with_small_sigmas(text)
        return [self._index_of[character] for character in text]

    def foreign(self, text: str) -> list[str]:
        """Return the characters of a text that are outside the alphabet."""
        return [character for character in text if not self.knows(character)]

    def knows(self, character: str) -> bool:
        """Whether a character, or its lower-case form, is in the alphabet."""
        return any(form in self._index_of for form in forms_of(character))

    def decode(self, label: Iterable[int]) -> str:
        """Return the text of a sequence of class indices (without blanks)."""
        return ''.join([self.characters[index] for index in label])

    def text_of(self, label: Iterable[int]) -> str:
        """Return the text, in the order of reading, of class indices in the order of a picture."""
        return texts.in_reading_order(self.decode(label))

    def fold(self, text: str) -> str:
        """Return `text` as the alphabet writes it; raises what `encode` raises."""
        return self.decode(self.encode(text))

    def _with_small_sigmas(self, text):
        """Return a text with its Σ, if the alphabet lacks it, in lower case: σ, or ς at a word's end."""
        if _CAPITAL_SIGMA in self.characters:
            return text
        return ''.join([lower if character == _CAPITAL_SIGMA else character
                        for character, lower in zip(text, texts.lower_case(text), strict=True)])


class _FoldingIndex(dict):
    """Character → class index; works out a folded character once and remembers it."""

    def __missing__(self, character):
        folded = next((form for form in forms_of(character) if form in self), None)
        if folded is None:
            raise UnknownCharacter(
                f'character {character!r} (code point {ord(character)}) is not in the alphabet')
        self[character] = self[folded]
        return self[folded]


def forms_of(character: str) -> tuple[str, str, str]:
    """Return what stands for a character where the alphabet lacks it, itself first."""
    return character, character.lower(), character.casefold()


def shortened(characters: str) -> str:
    """Return characters as text to show, of many the first."""
    more = len(characters) - MAX_SHOWN
    return repr(characters[:MAX_SHOWN]) + (f' and {more} more' if more > 0 else '')


def lacking(alphabet: str, characters: Iterable[str]) -> str:
    """Say how many of some characters an alphabet lacks, and which: "2 characters ('xy')"; '' for none."""
    missing = ''.join(sorted(set(characters) - set(alphabet)))
    return missing and f'{visible.counted(len(missing), "character")} ({shortened(missing)})'


def required_frames(label: list[int]) -> int:
    """Return how many frames CTC needs for a label: one a character, and a blank between equal neighbours."""
    return len(label) + sum(map(operator.eq, label, label[1:]))


def alphabet_difference(expected: str, actual: str) -> str:
    """Say in one line how two alphabets differ, or return '' where they are the same in the same order.

    Args:
        expected, actual: the characters of the two alphabets in the order of their class indices.
    """
    if expected == actual:
        return ''
    differences = {'missing': ''.join(sorted(set(expected) - set(actual))),
                   'extra': ''.join(sorted(set(actual) - set(expected)))}
    if any(differences.values()):
        lists = ', '.join(f'{what} {shortened(these)}' for what, these in differences.items() if these)
        return f'{visible.counted(len(expected), "character")} expected, {len(actual)} found; {lists}'
    place = next(index for index, (left, right) in enumerate(zip(expected, actual, strict=True))
                 if left != right)
    return (f'the same characters in another order: index {place} is {expected[place]!r} in one, '
            f'{actual[place]!r} in the other')
