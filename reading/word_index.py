"""Words by what they look like: which of many are within some edits of a text."""
from collections.abc import Iterable

import numpy as np

BITS = 64             # of a word's signature, and of the numbers that `_edits` reckons with
LONGEST_TEXT = BITS


class WordIndex:
    """Many words, of which the nearest to a text are found.

    Each has a signature: a bit for each character in it and one for each that is in it twice, so that an edit
    changes at most one bit of what a text has and a word lacks, and one the other way. One pass over the
    signatures of the words of about the text's length leaves the few whose distance is worth reckoning.
    """

    def __init__(self, words: Iterable[str]):
        """Take words; their order breaks ties."""
        self.words = list(dict.fromkeys(words))
        self._known = set(self.words)
        lengths = np.array([len(word) for word in self.words], int)
        # by length, for a text is near words of about its own
        self._order = np.argsort(lengths, kind='stable')
        self._lengths = lengths[self._order]
        in_order = [self.words[number] for number in self._order]
        self._signatures = np.array([_signature(word) for word in in_order], np.uint64)
        points = np.frombuffer(''.join(in_order).encode('utf-32-le'), np.int32)
        self._alphabet, indices = np.unique(points, return_inverse=True)
        self._characters = indices.astype(np.uint16)                  # of all words, one behind the other
        self._starts = np.cumsum(self._lengths) - self._lengths       # of each word

    def __contains__(self, text: str) -> bool:
        return text in self._known

    def __len__(self) -> int:
        return len(self.words)

    def nearest(self, text: str, max_edits: int, limit: int) -> list[str]:
        """Return the words within so many edits (insertions, deletions, substitutions) of a text, the nearest
        first.

        Args:
            text: str.
            max_edits: edits, at most.
            limit: words to return, at most.
        """
        start, end = np.searchsorted(self._lengths, [len(text) - max_edits, len(text) + max_edits + 1])
        signature, signatures = np.uint64(_signature(text)), self._signatures[start:end]
        near = start + np.flatnonzero(np.bitwise_count(signatures & ~signature) <= max_edits)
        near = near[np.bitwise_count(~self._signatures[near] & signature) <= max_edits]
        edits = self._edits(text, near)
        is_near = edits <= max_edits
        return self._nearest(near[is_near], edits[is_near], limit)

    def nearest_of_all(self, text: str, limit: int) -> list[str]:
        """Return the words nearest to a text, however far they are."""
        everything = np.arange(len(self.words))
        return self._nearest(everything, self._edits(text, everything), limit)

    def _nearest(self, places, edits, limit):
        numbers = self._order[places]
        return [self.words[numbers[place]] for place in np.lexsort((numbers, edits))[:limit]]

    def _edits(self, text, places):
        """Return the Levenshtein distance of a text, of at most LONGEST_TEXT characters, to words; int
        [words].

        Myers' algorithm (1999) in Hyyrö's form: a column of the table of distances is two numbers of a bit
        for each of the text's characters, where it rises and where it falls; the columns of all words are
        worked out together.
        """
        text = text[:LONGEST_TEXT]
        lengths = self._lengths[places]
        if not text:
            return lengths
        bits_of = np.zeros(len(self._alphabet), np.uint64)   # where in the text each character stands
        for place, character in enumerate(text):
            index = np.searchsorted(self._alphabet, ord(character))
            if index < len(self._alphabet) and self._alphabet[index] == ord(character):
                bits_of[index] |= np.uint64(1 << place)
        starts = self._starts[places]
        one, last = np.uint64(1), np.uint64(len(text) - 1)
        rises, falls = np.full(len(places), ~np.uint64(0)), np.zeros(len(places), np.uint64)
        distance = np.full(len(places), len(text))
        longest = lengths.max(initial=0)
        for column in range(longest):
            # The words are in the order of their lengths: those that have ended come first.
            here = slice(np.searchsorted(lengths, column, side='right'), None)
            equal = bits_of[self._characters[starts[here] + column]]
            rise, fall = rises[here], falls[here]
            diagonal = (((equal & rise) + rise) ^ rise) | equal | fall
            up, down = fall | ~(diagonal | rise), rise & diagonal
            distance[here] += ((up >> last) & one).astype(int) - ((down >> last) & one).astype(int)
            up, down = up << one | one, down << one
            rises[here] = down | ~(diagonal | up)
            falls[here] = up & diagonal
        return distance


def _signature(word):
    signature = seen = 0
    for character in word:
        bit = 1 << ord(character) * 7 % BITS
        signature |= bit if not seen & bit else 1 << (ord(character) * 7 + 29) % BITS
        seen |= bit
    return signature
