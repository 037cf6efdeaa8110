"""Chooses which texts are drawn: words of a list, names, numbers, prices, addresses, single characters."""
import bisect
import itertools
import zlib

import numpy as np

from data_provider.drawing import other_texts, word_texts
from data_provider.drawing.word_texts import Text
from local_utils import texts
from local_utils.errors import InputError

# How a text is chosen, with the probability of each where other texts than the list's are wanted.
NAME_FRACTION = 0.10      # names, brands, abbreviations, foreign words, words put together, made-up words
OTHER_FRACTION = 0.15     # numbers, prices, codes, addresses
SINGLE_FRACTION = 0.03    # single characters
# How readily a word of the list is taken by its number of characters: signs have shorter words than a list.
READILY = (0, 0.3, 1, 1, 1, 0.5, 0.32, 0.26, 0.2, 0.17, 0.14, 0.12, 0.09)
WORD_TRIES = 8            # after which a word is taken, however long
COMMONNESS = 3            # power of the chance that chooses a word: the first tenth makes up nearly a half
MAX_TRIES = 2000          # until a text is one that is wanted


class TextSource:
    """An endless source of texts, each decided by its number and the random generator that comes with it."""

    def __init__(self, words, *, codec, max_frames, can_draw, with_others=True, in_turn=False, part=None):
        """Choose what there is to draw.

        Args:
            words: list of str, the commonest first: the first tenth makes up nearly half of what is drawn.
            codec: char_codec.CharacterCodec of the alphabet.
            max_frames: frames that the network makes of a picture.
            can_draw: a function that says whether there is a font that can draw a text.
            with_others: whether names, numbers, codes and the like are drawn beside the words of the list.
            in_turn: whether the words come one after the other by their number, each as often as the others.
            part: Part of the texts that are drawn; None for all.
        """
        self.words = words
        self._codec, self._max_frames, self._can_draw, self._part = codec, max_frames, can_draw, part
        self._in_turn = in_turn
        makers = [self._name, self._other, self._single, self._word]
        fractions = [NAME_FRACTION, OTHER_FRACTION, SINGLE_FRACTION] if with_others else [0, 0, 0]
        self._makers, self._cumulated = makers, list(itertools.accumulate([*fractions, 1 - sum(fractions)]))

    def text(self, number: int, rng: np.random.Generator) -> Text:
        """Return the word_texts.Text of a number.

        Raises:
            InputError: chance gives no text of the part that the alphabet can write and a font can draw.
        """
        if self._in_turn:
            return self._dressed(self.words[number % len(self.words)], rng)
        for _ in range(MAX_TRIES):
            make = self._makers[bisect.bisect_right(self._cumulated[:-1], rng.random())]
            text = make(rng)
            if text is not None and text.label and (self._part is None or self._part.has(text.label)):
                return text
        raise InputError(f'{MAX_TRIES} texts that chance gave are none to draw; give a list of more words')

    def neighbour(self, rng: np.random.Generator) -> str:
        """Return a text that stands beside another, str."""
        return word_texts.in_some_case(self._choose_word(rng), rng)

    def _word(self, rng):
        return self._dressed(self._choose_word(rng), rng)

    def _choose_word(self, rng):
        """Return a word of the list, the commoner and the shorter the more often."""
        for _ in range(WORD_TRIES):
            word = self.words[int(len(self.words) * rng.random() ** COMMONNESS)]
            if rng.random() < READILY[min(len(word), len(READILY) - 1)]:
                break
        return word

    def _dressed(self, word, rng):
        """Return a word of the list in some case, at times with marks around it, as Text."""
        cased = word_texts.in_some_case(word, rng)
        drawn = cased if self._can_draw(cased) else word
        if rng.random() < word_texts.MARK_PROBABILITY:
            marked = word_texts.with_marks(drawn, rng)
            drawn = marked if self._keeps_word(marked, drawn) and self._is_possible(marked) else drawn
        return Text(drawn, word_texts.label_of(drawn, self._codec))

    def _keeps_word(self, marked, drawn):
        """Whether a label is that of the text without marks, or has them all: 'words' is none of word's."""
        label = word_texts.label_of(marked, self._codec)
        return label in (marked, word_texts.label_of(drawn, self._codec))

    def _name(self, rng):
        chance = rng.random()
        if chance < 0.4:
            name = word_texts.names()[rng.integers(len(word_texts.names()))]
        elif chance < 0.6:
            name = self.words[rng.integers(len(self.words))]   # a rare one
        elif chance < 0.75:
            name = self._compound(rng)
        else:
            name = other_texts.made_up_word(rng)
        return self._text(word_texts.in_some_case(name, rng))

    def _compound(self, rng):
        first, second = (self._choose_word(rng) for _ in range(2))
        if rng.random() < 0.5:
            return first + second
        return first[:1].upper() + first[1:] + second[:1].upper() + second[1:]

    def _other(self, rng):
        return self._text(other_texts.other_text(rng, lambda: self._choose_word(rng)))

    def _single(self, rng):
        characters = [character for character in self._codec.characters if not character.isspace()]
        character = other_texts.single_character(rng, characters)
        return self._text(character.upper() if rng.random() < 0.5 else character)

    def _text(self, drawn):
        if not self._is_possible(drawn):
            return None
        return Text(drawn, word_texts.label_of(drawn, self._codec))

    def _is_possible(self, text):
        return (word_texts.is_expressible(text, self._codec, self._max_frames)
                and texts.script_that_needs_shaping(text) is None and self._can_draw(text))


class Part:
    """One of the two parts into which all texts fall, by the letters and digits that are to be read."""

    def __init__(self, fraction: float, is_test: bool):
        """Choose a part: Test, which has a fraction of all texts, or Train."""
        self._limit, self._is_test = int(fraction * 2 ** 32), is_test

    def has(self, label: str) -> bool:
        """Whether a text with a label is of this part."""
        letters = ''.join([character for character in label if character.isalnum()]) or label
        return (zlib.crc32(letters.lower().encode()) < self._limit) == self._is_test


def split_words(words: list[str], num_train: int, num_test: int, seed: int) -> tuple[list[str], list[str]]:
    """Return (words of Train, words of Test) that share none if there are two, in proportion to the images.

    Words that differ in case only are one: the first of them is taken.
    """
    different = list({word.lower(): word for word in reversed(words)}.values())
    if len(different) == 1:
        return different, different
    different = [different[index] for index in np.random.default_rng(seed).permutation(len(different))]
    num_test_words = max(1, min(len(different) - 1, len(different) * num_test // (num_train + num_test)))
    return different[num_test_words:], different[:num_test_words]
