"""Logits to texts: views of the same images together, bound or drawn by what is known of the texts."""
import math
import operator
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from crnnmodel import numpy_ctc
from crnnmodel.prefix_search import prefix_beam_search
from local_utils.char_codec import CharacterCodec
from reading import expected as known
from reading.expected import Bounds, Expected, Lexicon
from reading.settings import ReadingSettings
from reading.weighing import Candidate, ViewGroup, views_of, weigh, weigh_trie

MAX_TEXTS = 2          # of an image, the most probable ones, near which words of a large lexicon are sought
SETTLED = 0.5          # a text that has more of the probability than this has more than any other
WORD_LIST_EDITS = 1    # from what a view read to a word of a word list …
WORD_LIST_NEAR = 60    # … of which so many are weighed


class Decoded(NamedTuple):
    """What was read of an image."""

    best: Candidate
    others: list[Candidate]    # that were weighed, too, the most probable first
    relative: float            # the probability of the best in that of all that were weighed


NOTHING_EXPECTED = Expected()


class Decoder:
    """Reads logits, as what is expected of the texts allows."""

    def __init__(self, codec: CharacterCodec, settings: ReadingSettings,
                 expected: Expected = NOTHING_EXPECTED, *, beam_search: bool = False, alternatives: int = 0):
        """Prepare.

        Args:
            codec: of the network's alphabet.
            settings: ReadingSettings.
            expected: Expected.
            beam_search: search a beam instead of the best path.
            alternatives: how many other texts are wanted of each image.

        Raises:
            InputError: what is expected cannot be written with the alphabet.
        """
        self._codec, self._alternatives = codec, alternatives
        self._bounds = Bounds(expected, codec)
        self._lexicon = None if expected.lexicon is None else Lexicon(expected.lexicon, self._bounds)
        self._word_list = None if expected.word_list is None else known.word_list_of(expected.word_list)
        self._word_factor = math.exp(settings.word_weight)
        searches = beam_search or (alternatives and not self._lexicon) or self._bounds.automaton
        self._case_pairs = known.case_pairs(expected, codec)
        self._beam_width = settings.beam_width if searches else None

    def probabilities(self, logits_tbc: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes, float32 [time, views, classes]; 0 for what is not allowed,
        and for a capital whose probability its small letter has, too, as case is not read.
        """
        if self._bounds.allowed is not None:
            logits_tbc = np.where(self._bounds.allowed, logits_tbc, -np.inf)
        if self._case_pairs is not None:
            capitals, small = self._case_pairs
            logits_tbc = logits_tbc.copy()
            logits_tbc[..., small] = np.logaddexp(logits_tbc[..., small], logits_tbc[..., capitals])
            logits_tbc[..., capitals] = -np.inf
        return numpy_ctc.softmax(logits_tbc)

    def decode(self, groups: list[ViewGroup], num_images: int,
               lexicons: list[Iterable[str] | None] | None = None) -> list[Decoded]:
        """Read images.

        Of the texts that the views read alone, or that what is expected adds, that is taken which is the most
        probable in all views together.

        Args:
            groups: at least one view of each image; of equally probable texts that of an earlier view is
                taken.
            num_images: images.
            lexicons: of each image None, or the words of a lexicon of its own, which replaces the common one.

        Returns:
            list of Decoded, one an image.
        """
        texts = self._read_alone(groups, num_images)
        own = [words is not None for words in lexicons or [None] * num_images]
        weighed = weigh(groups, [
            self._labels_of(self._bounds.all_forms_of(lexicons[image])) if has_own
            else list(texts[image])
            for image, has_own in enumerate(own)])
        if self._lexicon:
            self._bind(weighed, groups, own)
        elif self._word_list:
            self._add_words(weighed, groups, texts, own)
        return [self._decided(candidates, has_own) for candidates, has_own in zip(weighed, own, strict=True)]

    def _read_alone(self, groups, num_images):
        """Return of each image the labels that its views read, dict of label → None."""
        texts = [{} for _ in range(num_images)]
        for group in groups:
            if self._beam_width is None:
                labels = [[tuple(index for index in label if index >= 0)]
                          for label in numpy_ctc.best_path(group.probabilities).tolist()]
            else:
                found = [prefix_beam_search(of_view, self._beam_width, 1 + self._alternatives,
                                            self._bounds.automaton)
                         for of_view in group.probabilities.transpose(1, 0, 2)]
                labels = [[label for label, _ in of_view] for of_view in found]
            for row, of_view in zip(group.rows.tolist(), labels, strict=True):
                texts[row].update(dict.fromkeys(of_view))
        return texts

    def _labels_of(self, words):
        return [tuple(self._codec.encode(word)) for word in words]

    def _bind(self, weighed, groups, own):
        """Leave of the candidates of each image those in the lexicon; where they do not settle it, add
        others.
        """
        open_images, read = [], []
        for image, candidates in enumerate(weighed):
            if own[image]:
                continue
            inside = [candidate for candidate in candidates
                      if self._codec.decode(candidate.label) in self._lexicon.forms]
            weighed[image] = inside
            if not inside or max(candidate.probability
                                 for candidate in inside) < SETTLED or self._alternatives:
                open_images.append(image)
                read.append(sorted(candidates, key=operator.attrgetter('weight'), reverse=True)[:MAX_TEXTS])
        if not open_images:
            return
        of_open = views_of(groups, open_images)
        if self._lexicon.trie:
            found = weigh_trie(of_open, len(open_images), self._lexicon.trie)
        else:
            found = weigh(of_open, list(map(self._near, read)))
        for image, candidates in zip(open_images, found, strict=True):
            weighed[image] = candidates

    def _near(self, candidates):
        """Return the labels of the words of the lexicon that are nearest to what was read."""
        texts = [self._codec.decode(candidate.label) for candidate in candidates] or ['']
        words = {word: None for text in texts for word in self._lexicon.near(text)}
        return self._labels_of(words or self._lexicon.near_however_far(texts[0]))

    def _add_words(self, weighed, groups, texts, own):
        """Add to the candidates of each image that is not settled the words of the list that are near."""
        open_images, near = [], []
        for image, candidates in enumerate(weighed):
            highest = max((candidate.weight for candidate in candidates), default=1.0)
            # Beside such a text no word can have enough for its weight to bring it above.
            if own[image] or highest * (1 + self._word_factor) > self._word_factor:
                continue
            labels = self._near_words(texts[image]).difference(texts[image])
            if labels:
                open_images.append(image)
                near.append(list(labels))
        if open_images:
            for image, found in zip(open_images, weigh(views_of(groups, open_images), near), strict=True):
                weighed[image] = weighed[image] + found

    def _near_words(self, labels):
        """Return the labels of words of the list near to what views read, in the case of that; not near to
        digits.
        """
        found = set()
        for text in map(self._codec.decode, labels):
            if any(character.isdigit() for character in text):
                continue
            for word in self._word_list.nearest(text.lower(), WORD_LIST_EDITS, WORD_LIST_NEAR):
                form = _in_case_of(word, text)
                label = () if self._codec.foreign(form) else tuple(self._codec.encode(form))
                if label and self._bounds.admits(label):
                    found.add(label)
        return found

    def _decided(self, candidates, has_own_lexicon):
        """Return the Decoded of an image's candidates."""
        # no text of so few frames is of the format, or no word of the lexicon of the alphabet
        if not candidates:
            return Decoded(Candidate((), 0.0), [], 0.0)
        weights = [candidate.weight for candidate in candidates]
        if self._word_list and not self._lexicon and not has_own_lexicon:
            weights = [weight * (self._word_factor if self._is_listed(candidate.label) else 1)
                       for weight, candidate in zip(weights, candidates, strict=True)]
        # stable: of equals the first
        order = sorted(range(len(candidates)), key=weights.__getitem__, reverse=True)
        total = sum(weights)
        ranked = [candidates[place] for place in order[:1 + self._alternatives]]
        return Decoded(ranked[0], ranked[1:], weights[order[0]] / total if total else 0.0)

    def _is_listed(self, label):
        text = self._codec.decode(label)
        return text.lower() in self._word_list and not any(character.isdigit() for character in text)


def _in_case_of(word, text):
    """Return a word in small letters as a text writes its letters."""
    if text.isupper():
        return word.upper()
    return word.capitalize() if text[:1].isupper() else word
