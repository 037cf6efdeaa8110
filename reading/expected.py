"""What is known of the texts before they are read: lexicon, word list, characters, formats."""
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from crnnmodel.label_trie import LabelTrie
from crnnmodel.prefix_search import Automaton
from local_utils import text_file
from local_utils.char_codec import CharacterCodec, shortened
from local_utils.errors import InputError, UnknownCharacter
from reading.formats import parse_formats
from reading.word_index import WordIndex

SCORED_WHOLE = 2000   # words of a lexicon that are all weighed; of a larger one those near what was read


class Expected(NamedTuple):
    """What is known of the texts; everything left out is unknown."""

    lexicon: Iterable[str] | None = None     # the text is one of these words, see Lexicon
    word_list: Iterable[str] | None = None   # words that are more probable than others
    allow: str | None = None                 # the only characters
    forbid: str = ''                         # characters that do not occur
    formats: str | None = None               # see formats.parse_formats
    lower_case: bool = False                 # letters are read in lower case, whatever theirs is


class Lexicon:
    """Words one of which a text is, in any of its usual cases: as it stands, small, CAPITAL or Title."""

    def __init__(self, words: Iterable[str], codec: CharacterCodec, automaton: Automaton | None = None):
        """Take the words that the alphabet can write, and the formats allow.

        Raises:
            InputError: there are none.
        """
        forms = forms_of(words, codec, automaton)
        if not forms:
            raise InputError('the lexicon has no word that the alphabet can write and the format allows')
        self.index = WordIndex(forms)
        self.trie = LabelTrie(list(map(codec.encode, forms))) if len(forms) <= SCORED_WHOLE else None


def forms_of(words: Iterable[str], codec: CharacterCodec, automaton: Automaton | None = None) -> list[str]:
    """Return what words may look like, see Lexicon, as far as the alphabet can write it and the formats allow
    it.
    """
    forms = dict.fromkeys(form for word in words for form in cases_of(word.strip(), codec))
    return [form for form in forms if automaton is None or automaton.accepts(codec.encode(form))]


def cases_of(word: str, codec: CharacterCodec) -> list[str]:
    """Return the forms of a word that a picture may show and the alphabet can write; none of
    an empty word.
    """
    forms = []
    for form in (word, word.lower(), word.upper(), word.capitalize()):
        try:
            forms.append(codec.fold(form))
        except UnknownCharacter:
            continue
    return [form for form in dict.fromkeys(forms) if form]


def allowed_classes(expected: Expected, codec: CharacterCodec) -> np.ndarray | None:
    """Return which classes may be read, bool [classes], the blank among them; None for all.

    Raises:
        InputError: an allowed character is not in the alphabet, or none is left.
    """
    if expected.allow is None and not expected.forbid:
        return None
    is_allowed = np.ones(codec.num_classes, bool)
    if expected.allow is not None:
        foreign = codec.foreign(expected.allow)
        if foreign:
            raise InputError(f'--allow: expected characters of the alphabet {shortened(codec.characters)}, '
                             f'got {shortened("".join(foreign))}')
        is_allowed[:-1] = False
        is_allowed[_classes_of(expected.allow, expected, codec)] = True
    is_allowed[_classes_of(expected.forbid, expected, codec)] = False
    if not is_allowed[:-1].any():
        raise InputError('--allow and --forbid leave no character that could be read')
    return is_allowed


def _classes_of(characters, expected, codec):
    """Return the classes of those characters that the alphabet has, in both cases where case is not read."""
    if expected.lower_case:
        characters += characters.lower() + characters.upper()
    return codec.encode([character for character in characters if not codec.foreign(character)])


def case_pairs(expected: Expected, codec: CharacterCodec) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the classes of capitals and those of their small letters; None where case is read, too."""
    if not expected.lower_case:
        return None
    small = {character: character.lower() for character in codec.characters}
    pairs = [codec.encode([capital, letter]) for capital, letter in small.items()
             if letter != capital and letter in small]
    return tuple(np.array(pairs, int).reshape(-1, 2).T)


def automaton_of(expected: Expected, codec: CharacterCodec) -> Automaton | None:
    """Return the automaton of the formats; None where there are none."""
    return parse_formats(expected.formats, codec) if expected.formats else None


def read_word_file(path: str) -> list[str]:
    """Return the words of a file, one a line, in form NFC; raises InputError where there is none."""
    words = text_file.read_words(path)
    if not words:
        raise InputError(f'{path}: no word in it; expected one a line')
    return words
