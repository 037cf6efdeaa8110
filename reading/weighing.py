"""What several views of an image say together: the probabilities of texts, and where their characters stand.

Views of the same orientation are combined by their mean. A text that is upright in one orientation is
nothing in another; so of the orientations that counts in which it is the most probable.
"""
from typing import NamedTuple

import numpy as np

from crnnmodel import numpy_ctc
from crnnmodel.label_trie import LabelTrie

ORIENTATIONS = 4   # numbers of quarter turns, counter-clockwise
# how much a probability counts by its orientation: few texts run down or up
ORIENTATION_WEIGHTS = np.array([1.0, 0.8, 0.8, 0.8])


class ViewGroup(NamedTuple):
    """Views that have the same number of frames; of an image there may be several."""

    probabilities: np.ndarray   # float32 [time, views, classes]
    rows: np.ndarray            # int [views]: the image that each is of
    orientations: np.ndarray    # int [views]: the quarter turns of each


class Candidate(NamedTuple):
    """A text that an image may show."""

    label: tuple[int, ...]
    probability: float     # the mean of p(label | view) over the views of the orientation with frames enough
    orientation: int = 0

    @property
    def weight(self) -> float:
        """What the probability counts beside those of other candidates."""
        return self.probability * float(ORIENTATION_WEIGHTS[self.orientation])


def first_views(probabilities_tbc: np.ndarray) -> ViewGroup:
    """Return the ViewGroup of one view of each image."""
    count = probabilities_tbc.shape[1]
    return ViewGroup(probabilities_tbc, np.arange(count), np.zeros(count, int))


def views_of(groups: list[ViewGroup], images: list[int]) -> list[ViewGroup]:
    """Return the ViewGroups of some images, numbered anew."""
    place_of = {image: place for place, image in enumerate(images)}
    chosen = []
    for group in groups:
        views = [view for view, row in enumerate(group.rows.tolist()) if row in place_of]
        if views:
            rows = np.array([place_of[group.rows[view]] for view in views])
            chosen.append(ViewGroup(group.probabilities[:, views], rows, group.orientations[views]))
    return chosen


def weigh(groups: list[ViewGroup], labels_of_images: list[list[tuple]]) -> list[list[Candidate]]:
    """Return the candidates of each image from their labels."""
    counts_of_images = [len(labels) for labels in labels_of_images]
    starts = np.cumsum([0, *counts_of_images])
    most_frames = max(len(group.probabilities) for group in groups)
    labels = numpy_ctc.rows_of([   # of a longer one the rest would only take memory: no view has its frames
        label[:most_frames + 1] for of_image in labels_of_images for label in of_image])
    lengths, needed = (labels >= 0).sum(axis=1), numpy_ctc.required_frames(labels)
    sums, counts = np.zeros([ORIENTATIONS, len(labels)]), np.zeros([ORIENTATIONS, len(labels)])
    for group in groups:
        numbers = np.concatenate([np.arange(starts[row], starts[row + 1]) for row in group.rows]
                                 or [np.array([], int)])
        views = np.repeat(np.arange(len(group.rows)), [counts_of_images[row] for row in group.rows])
        has_frames = needed[numbers] <= len(group.probabilities)
        numbers, views = numbers[has_frames], views[has_frames]
        longest = lengths[numbers].max(initial=0)
        logs = numpy_ctc.log_probabilities(labels[numbers, :longest], group.probabilities, views)
        where = group.orientations[views], numbers
        np.add.at(sums, where, np.exp(logs))
        np.add.at(counts, where, 1)
    probabilities, orientations = _in_best_orientation(sums, counts)
    return [list(map(Candidate, of_image, probabilities[start:].tolist(), orientations[start:].tolist()))
            for of_image, start in zip(labels_of_images, starts[:-1].tolist(), strict=True)]


def weigh_trie(groups: list[ViewGroup], num_images: int, trie: LabelTrie) -> list[list[Candidate]]:
    """Return the candidates of each image: every label of a trie."""
    shape = num_images, ORIENTATIONS, len(trie.labels)
    sums, counts = np.zeros(shape), np.zeros(shape)
    for group in groups:
        where = group.rows, group.orientations
        np.add.at(sums, where, np.exp(trie.log_probabilities(group.probabilities)))
        np.add.at(counts, where, trie.required_frames <= len(group.probabilities))
    probabilities, orientations = _in_best_orientation(sums, counts)
    return [list(map(Candidate, trie.labels, *of_image))
            for of_image in zip(probabilities.tolist(), orientations.tolist(), strict=True)]


def _in_best_orientation(sums, counts):
    """Return the means of sums [..., ORIENTATIONS, labels] where they weigh most, and these orientations."""
    means = sums / np.maximum(counts, 1)
    best = (means * ORIENTATION_WEIGHTS[:, np.newaxis]).argmax(axis=-2)
    return np.take_along_axis(means, best[..., np.newaxis, :], axis=-2)[..., 0, :], best


def place_characters(candidates: list[Candidate], groups: list[ViewGroup]) -> numpy_ctc.Alignment:
    """Find each character of what was read in the views of its orientation.

    Args:
        candidates: of each image what was read.
        groups: of these images.

    Returns:
        Alignment: the frames are those of the first such view, or of the first with enough of them, in
            proportion;
        the probabilities are the mean over such views with frames enough.
    """
    labels = numpy_ctc.rows_of([candidate.label for candidate in candidates])
    time = len(groups[0].probabilities)
    needed = numpy_ctc.required_frames(labels)
    sums, counts = np.zeros(labels.shape, np.float32), np.zeros([len(labels), 1], np.float32)
    first, last = np.zeros(labels.shape, int), np.zeros(labels.shape, int)
    for group in groups:
        frames = len(group.probabilities)
        alignment = numpy_ctc.align(labels[group.rows], group.probabilities)
        for view, (row, orientation) in enumerate(zip(group.rows, group.orientations, strict=True)):
            if needed[row] > frames or orientation != candidates[row].orientation:
                continue
            if not counts[row]:
                first[row], last[row] = (figure[view] * time // frames for figure in alignment[:2])
            sums[row] += alignment.probabilities[view]
            counts[row] += 1
    return numpy_ctc.Alignment(first, last, sums / np.maximum(counts, 1))
