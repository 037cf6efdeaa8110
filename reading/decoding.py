"""Logits to texts: of one view, and of several views of the same images together."""
from typing import NamedTuple

import numpy as np

from crnnmodel import numpy_ctc
from crnnmodel.prefix_search import prefix_beam_search


class ViewGroup(NamedTuple):
    """Views that have the same number of frames; of an image there may be several."""

    probabilities: np.ndarray   # float32 [time, views, classes]
    rows: np.ndarray            # int [views]: the image that each is of


class Decoded(NamedTuple):
    """What was read of images."""

    labels: np.ndarray        # int32 [images, longest], -1 behind the last character
    confidences: np.ndarray   # float64 [images]: the mean of p(label | view) over the views with frames enough


def decode(probabilities_tbc: np.ndarray, beam_width: int | None = None) -> Decoded:
    """Read one view of each image.

    Args:
        probabilities_tbc: float32 [time, images, classes].
        beam_width: of a prefix beam search; None for the best path.
    """
    labels = _read_alone(probabilities_tbc, beam_width)
    return Decoded(labels, np.exp(numpy_ctc.log_probabilities(labels, probabilities_tbc)))


def decode_together(groups: list[ViewGroup], num_images: int, beam_width: int | None = None) -> Decoded:
    """Read several views of each image: of what they read alone, take what is the most probable in all together.

    Args:
        groups: at least one view of each image; of equally probable texts that of an earlier view is taken.
        num_images: images.
        beam_width: see `decode`.
    """
    candidates = [{} for _ in range(num_images)]   # of each image: label → its number among all
    numbered = []                                  # the labels
    for group in groups:
        for row, label in zip(group.rows.tolist(), _read_alone(group.probabilities, beam_width).tolist(), strict=True):
            if tuple(label) not in candidates[row]:
                candidates[row][tuple(label)] = len(numbered)
                numbered.append([index for index in label if index >= 0])
    labels = numpy_ctc.rows_of(numbered)
    sums, counts = np.zeros(len(labels)), np.zeros(len(labels))
    for group in groups:
        of_view = [list(candidates[row].values()) for row in group.rows.tolist()]
        numbers = np.concatenate([*map(np.array, of_view)])
        views = np.repeat(np.arange(len(of_view)), [len(of_one) for of_one in of_view])
        logs = numpy_ctc.log_probabilities(labels[numbers], group.probabilities, views)
        fits = numpy_ctc.required_frames(labels[numbers]) <= len(group.probabilities)
        np.add.at(sums, numbers, np.exp(logs))
        np.add.at(counts, numbers, fits)
    best = [max(of_image.values(), key=sums.__getitem__) for of_image in candidates]
    chosen = labels[best]
    longest = (chosen >= 0).sum(axis=1).max(initial=0)
    return Decoded(chosen[:, :longest], sums[best] / counts[best])


def place_characters(labels: np.ndarray, groups: list[ViewGroup]) -> numpy_ctc.Alignment:
    """Find each character of what was read in the views.

    Args:
        labels: int32 [images, longest].
        groups: as `decode_together` takes them.

    Returns:
        Alignment: the frames are those of the image's first view, or those of the first that has enough, in proportion;
        the probabilities are the mean over the views with frames enough.
    """
    time = len(groups[0].probabilities)
    needed = numpy_ctc.required_frames(labels)
    sums, counts = np.zeros(labels.shape, np.float32), np.zeros([len(labels), 1], np.float32)
    first, last = np.zeros(labels.shape, int), np.zeros(labels.shape, int)
    for group in groups:
        frames = len(group.probabilities)
        alignment = numpy_ctc.align(labels[group.rows], group.probabilities)
        for view, row in enumerate(group.rows.tolist()):
            if needed[row] > frames:
                continue
            if not counts[row]:
                first[row], last[row] = (figure[view] * time // frames for figure in alignment[:2])
            sums[row] += alignment.probabilities[view]
            counts[row] += 1
    return numpy_ctc.Alignment(first, last, sums / counts)


def _read_alone(probabilities_tbc, beam_width):
    """Return what is read of each view, int32 [views, longest]."""
    if beam_width is None:
        return numpy_ctc.best_path(probabilities_tbc)
    return numpy_ctc.rows_of([
        prefix_beam_search(probabilities_tbc[:, view], beam_width)[0][0] for view in range(probabilities_tbc.shape[1])])
