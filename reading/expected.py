"""What is known of the texts before they are read: lexicon, word list, characters, formats."""
import functools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from crnnmodel.label_trie import LabelTrie
from local_utils import log_utils, text_file, texts
from local_utils.char_codec import CharacterCodec, shortened
from local_utils.errors import InputError, UnknownCharacter
from reading.formats import check_characters, parse_formats
from reading.word_index import WordIndex

SCORED_WHOLE = 2000   # forms of words of a lexicon that are all weighed; of more those near what was read
MAX_EDITS = 3         # from what was read to a word, as in section 2.3.3 of the paper
MAX_NEAR = 20         # words that are weighed for a text that was read
TEXTS_KEPT = 10000    # of which the nearest words are remembered
LONGEST_WORD = 1500   # characters; no view has the frames for more


class Expected(NamedTuple):
    """What is known of the texts; everything left out is unknown."""

    lexicon: Iterable[str] | None = None     # the text is one of these words, see Bounds.forms_of
    word_list: Iterable[str] | None = None   # words that are more probable than others
    allow: str | None = None                 # the only characters
    forbid: str = ''                         # characters that do not occur
    formats: str | None = None               # see formats.parse_formats
    lower_case: bool = False                 # letters are read in lower case, whatever theirs is


class Bounds:
    """Which labels may be read: those of the allowed characters that the formats take."""

    def __init__(self, expected: Expected, codec: CharacterCodec):
        """Work them out.

        Raises:
            InputError: an allowed or forbidden character or one of a format is not in the alphabet, or none
                is left to be read.
        """
        self.codec = codec
        pairs = case_pairs(expected, codec)
        self._unread = frozenset() if pairs is None else frozenset(pairs[0].tolist())   # capitals
        self.allowed = allowed_classes(expected, codec)   # bool [classes], or None for all
        self.automaton = None
        if expected.formats is not None:
            self.automaton = parse_formats(expected.formats, codec, self.allowed)

    def admits(self, label: Iterable[int]) -> bool:
        """Whether a label may be read."""
        if self.automaton is not None and not self.automaton.accepts(label):
            return False
        if not self._unread.isdisjoint(label):
            return False
        return self.allowed is None or all(self.allowed[index] for index in label)

    def forms_of(self, word: str) -> list[str]:
        """Return what a word may look like, characters from left to right: as it stands, small, CAPITAL or
        Title, as far as that may be read; none of an empty word.
        """
        word = texts.normalised(word.strip())
        if not 0 < len(word) <= LONGEST_WORD:
            return []
        forms = {}
        for form in {word: None, word.lower(): None, word.upper(): None, word.capitalize(): None}:
            try:
                label = self.codec.encode(texts.in_picture_order(form))
            except UnknownCharacter:
                continue
            if self.admits(label):
                forms[self.codec.decode(label)] = None
        return list(forms)

    def all_forms_of(self, words: Iterable[str]) -> list[str]:
        """Return the forms of several words."""
        return list(dict.fromkeys(form for word in checked_words(words) for form in self.forms_of(word)))


class Lexicon:
    """Words one of which a text is, in any of the forms that Bounds give them."""

    def __init__(self, words: Iterable[str], bounds: Bounds):
        """Take words; those that cannot be read are left out, and counted in a line of the log.

        Raises:
            InputError: there are no others.
        """
        forms, unreadable = {}, []
        for word in checked_words(words):
            of_word = bounds.forms_of(word)
            forms.update(dict.fromkeys(of_word))
            unreadable += [] if of_word else [word]
        if not forms:
            is_long = any(len(word) > LONGEST_WORD for word in unreadable)
            raise InputError(
                'the lexicon has no word that can be read: expected words of the alphabet '
                f'{shortened(bounds.codec.characters)} that the allowed characters and the formats '
                'take' + (f', of at most {LONGEST_WORD} characters' if is_long else ''))
        if unreadable:
            log_utils.init_logger().warning(
                'lexicon: words that cannot be read (characters, formats, length) are left out, %d of them, '
                'the first %r', len(unreadable), unreadable[0])
        self.forms = forms
        self.trie = LabelTrie(list(map(bounds.codec.encode, forms))) if len(forms) <= SCORED_WHOLE else None
        self._small_forms = {}   # word in small letters → its forms
        for form in forms:
            self._small_forms.setdefault(form.lower(), []).append(form)
        self._index = WordIndex(self._small_forms)
        self.near = functools.lru_cache(TEXTS_KEPT)(self._near)   # the first view's text is asked for again

    def _near(self, text):
        """Return the forms of the words that are nearest to a text, whatever its case."""
        return self._forms_of(self._index.nearest(text.lower(), MAX_EDITS, MAX_NEAR))

    def near_however_far(self, text: str) -> list[str]:
        """Return the forms of the words that are nearest to a text, with any number of edits."""
        return self._forms_of(self._index.nearest_of_all(text.lower(), MAX_NEAR))

    def _forms_of(self, words):
        return [form for word in words for form in self._small_forms[word]]


def word_list_of(words: Iterable[str]) -> WordIndex:
    """Return the words of a word list in small letters, characters from left to right."""
    return WordIndex(texts.in_picture_order(texts.normalised(word.strip()).lower())
                     for word in checked_words(words))


def checked_words(words: Iterable[str]) -> list[str]:
    """Return words; raises InputError for one text, whose characters are no words, and for what is none."""
    if isinstance(words, str):
        raise InputError(f'expected a list of words, got one text, {shortened(words)}')
    words = list(words)
    for word in words:
        if not isinstance(word, str):
            raise InputError(f'expected a list of words, got {type(word).__name__} in it, {word!r}')
    return words


def allowed_classes(expected: Expected, codec: CharacterCodec) -> np.ndarray | None:
    """Return which classes may be read, bool [classes], the blank among them; None for all.

    Raises:
        InputError: an allowed or forbidden character is not in the alphabet, or none is left.
    """
    if expected.allow is None and not expected.forbid:
        return None
    is_allowed = np.ones(codec.num_classes, bool)
    check_characters('forbid', expected.forbid, codec)
    if expected.allow is not None:
        check_characters('allow', expected.allow, codec)
        is_allowed[:-1] = False
        is_allowed[_classes_of(expected.allow, expected, codec)] = True
    is_allowed[_classes_of(expected.forbid, expected, codec)] = False
    if not is_allowed[:-1].any():
        raise InputError('allow and forbid leave no character that could be read')
    return is_allowed


def _classes_of(characters, expected, codec):
    """Return the classes of those characters that the alphabet has, in both cases where case is not read."""
    if expected.lower_case:
        cases = [form for character in characters for form in (character.lower(), character.upper())]
        characters += ''.join(form for form in cases if len(form) == 1)   # not ß with its capitals SS
    return codec.encode([character for character in characters if not codec.foreign(character)])


def case_pairs(expected: Expected, codec: CharacterCodec) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the classes of capitals and those of their small letters; None where case is read, too."""
    if not expected.lower_case:
        return None
    small = {character: character.lower() for character in codec.characters}
    pairs = [codec.encode([capital, letter]) for capital, letter in small.items()
             if letter != capital and letter in small]
    return tuple(np.array(pairs, int).reshape(-1, 2).T)


def read_word_file(path: str) -> list[str]:
    """Return the words of a file, one a line, in form NFC; raises InputError where there is none."""
    words = text_file.read_words(path)
    if not words:
        raise InputError(f'{path}: no word in it; expected one a line')
    return words
