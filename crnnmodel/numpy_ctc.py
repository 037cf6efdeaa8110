"""Connectionist temporal classification in numpy (section 2.3 of the paper).

Free of TensorFlow, so that every engine's logits are decoded by the same code. The blank is the last class.
Labels are rows of class indices, int32 [labels, longest], with -1 behind the last character. Several labels
may be asked of the
same image: `rows` then says which image each label is of.
"""
from typing import NamedTuple

import numpy as np

RESCALED_EVERY = 8   # frames: the products of so many stay far above the smallest float64


class Alignment(NamedTuple):
    """Where the characters of labels stand in an image, by the most probable path; 0 behind the last one."""

    first: np.ndarray          # int [labels, longest]: the first frame of each character
    last: np.ndarray           # int [labels, longest]: the last one
    probabilities: np.ndarray  # float32 [labels, longest]: the highest of the character in its frames


def softmax(logits_tbc: np.ndarray) -> np.ndarray:
    """Return the probabilities of the classes in each frame, float32 [time, batch, classes]."""
    exponentials = np.exp(logits_tbc - logits_tbc.max(axis=2, keepdims=True))
    return exponentials / exponentials.sum(axis=2, keepdims=True)


def best_path(probabilities_tbc: np.ndarray) -> np.ndarray:
    """Return the labels of the best paths, int32 [batch, longest]: repeats collapse, then blanks go."""
    path = probabilities_tbc.argmax(axis=2).T
    is_kept = path != probabilities_tbc.shape[2] - 1
    is_kept[:, 1:] &= path[:, 1:] != path[:, :-1]
    lengths = is_kept.sum(axis=1)
    labels = np.full([len(path), lengths.max(initial=0)], -1, np.int32)
    labels[np.arange(labels.shape[1]) < lengths[:, np.newaxis]] = path[is_kept]
    return labels


def rows_of(labels: list) -> np.ndarray:
    """Return sequences of class indices as labels, int32 [labels, longest]."""
    rows = np.full([len(labels), max(map(len, labels), default=0)], -1, np.int32)
    for row, label in zip(rows, labels, strict=True):
        row[:len(label)] = label
    return rows


def required_frames(labels: np.ndarray) -> np.ndarray:
    """Return the frames that CTC needs for each label: one a character, a blank between equal neighbours."""
    return (labels >= 0).sum(axis=1) + _repeats(labels).sum(axis=1)


def log_probabilities(
        labels: np.ndarray, probabilities_tbc: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Return log p(label | image) over all paths, by the forward algorithm.

    Args:
        labels: int32 [labels, longest].
        probabilities_tbc: float32 [time, batch, classes].
        rows: int [labels]: the image of each label; None for one label an image.

    Returns:
        float64 [labels]; -inf where the frames do not suffice, or where it is less than 1e-300 of what
        another beginning of the label has.
    """
    of_characters, of_blank, may_skip, lengths = _emissions(labels, probabilities_tbc, rows)
    longest, count = may_skip.shape
    # Before each character and behind the last is a blank. characters[k + 1] is the path's probability in
    # character k, blanks[k] that in the blank before it; characters[0] stays empty.
    blanks, characters = np.zeros([longest + 1, count]), np.zeros([longest + 1, count])
    blanks[0] = 1
    log_scale = np.zeros(count)
    for frame, (character, blank) in enumerate(zip(of_characters, of_blank, strict=True), start=1):
        arriving = characters[1:] + blanks[:-1]
        arriving += may_skip * characters[:-1]
        blanks += characters
        blanks *= blank
        np.multiply(arriving, character, out=characters[1:])
        if frame % RESCALED_EVERY == 0:
            scale = np.maximum(blanks.max(axis=0), characters.max(axis=0))
            scale[scale == 0] = 1
            blanks /= scale
            characters /= scale
            log_scale += np.log(scale)
    everything = np.arange(count)
    ends = blanks[lengths, everything] + characters[lengths, everything]
    with np.errstate(divide='ignore'):
        return np.minimum(np.log(ends) + log_scale, 0)


def align(labels: np.ndarray, probabilities_tbc: np.ndarray, rows: np.ndarray | None = None) -> Alignment:
    """Find the most probable path of each label; the arguments are those of `log_probabilities`.

    Where the frames do not suffice, there is no path, and the characters have the probability 0.
    """
    of_characters, of_blank, may_skip, lengths = _emissions(labels, probabilities_tbc, rows)
    with np.errstate(divide='ignore'):
        path = _best_states(np.log(of_characters), np.log(of_blank), np.log(may_skip), lengths)
    states = 2 * np.arange(len(may_skip))[:, np.newaxis] + 1
    of_character = path[:, np.newaxis] == states   # [time, longest, labels]
    first = of_character.argmax(axis=0)
    last = len(path) - 1 - of_character[::-1].argmax(axis=0)
    probabilities = np.where(of_character, of_characters, 0).max(axis=0)
    is_there = (labels >= 0) & (required_frames(labels) <= len(path))[:, np.newaxis]
    figures = first, last, probabilities.astype(np.float32)
    return Alignment(*[np.where(is_there, figure.T, 0) for figure in figures])


def _best_states(of_characters, of_blank, may_skip, lengths):
    """Return the states of the best paths, int [time, labels].

    A state is 2 k + 1 in character k, 2 k in the blank before it. The arguments are logarithms of what
    `_emissions` gives.
    """
    time, longest, count = of_characters.shape
    states = np.full([2 * longest + 1, count], -np.inf)
    came_from = np.zeros([time, *states.shape], np.int8)   # so many states before
    states[0] = of_blank[0]
    states[1:2] = of_characters[0][:1]
    for frame in range(1, time):
        from_before = np.concatenate([np.full([1, count], -np.inf), states[:-1]])
        step = came_from[frame]
        best = np.maximum(states, from_before)
        step[from_before > states] = 1
        skipped = states[1:-2:2] + may_skip[1:]
        is_skipped = skipped > best[3::2]
        best[3::2][is_skipped] = skipped[is_skipped]
        step[3::2][is_skipped] = 2
        best[::2] += of_blank[frame]
        best[1::2] += of_characters[frame]
        states = best
    everything = np.arange(count)
    last = 2 * lengths
    before_last = np.maximum(last - 1, 0)
    state = np.where(states[before_last, everything] > states[last, everything], before_last, last)
    path = np.zeros([time, count], int)
    for frame in range(time - 1, -1, -1):
        path[frame] = state
        state = state - came_from[frame, state, everything]
    return path


def _emissions(labels, probabilities_tbc, rows):
    """Return what the paths of labels are worked out from.

    Returns:
        (of each frame the probability of each character of each label, float64 [time, longest, labels]; of
        the blank, [time, labels]; whether a path may go from the character before straight to this one,
        float64 0 or 1 [longest, labels]; the lengths, int [labels]).
    """
    time, batch, num_classes = probabilities_tbc.shape
    rows = np.arange(batch) if rows is None else np.asarray(rows)
    of_frames = probabilities_tbc.reshape(time, -1)
    base = rows * num_classes
    of_characters = of_frames.take(np.maximum(labels.T, 0) + base, axis=1).astype(np.float64)
    of_blank = of_frames.take(base + num_classes - 1, axis=1).astype(np.float64)
    may_skip = np.ones(labels.T.shape)
    may_skip[1:] -= _repeats(labels).T
    return of_characters, of_blank, may_skip, (labels >= 0).sum(axis=1)


def _repeats(labels):
    return (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] >= 0)
