"""Connectionist temporal classification in numpy (section 2.3 of the paper).

Free of TensorFlow, so that every engine's logits are decoded by the same code. The blank is the last class.
Labels are rows of class indices, int32 [labels, longest], with -1 behind the last character. Several labels
may be asked of the same image: `rows` then says which image each label is of.
"""
from typing import NamedTuple

import numpy as np

RESCALED_EVERY = 8   # frames: the products of so many stay far above the smallest float64
STATES_AT_ONCE = 1 << 22   # of labels in all frames: what is worked on fits in some tens of megabytes


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
    path, _, is_first = _best_classes(probabilities_tbc)
    return _collapsed(path, is_first)


def _best_classes(probabilities_tbc):
    """Return of the best path of each image the classes, int [batch, time], which of them are characters, and
    which of these begin one.
    """
    path = probabilities_tbc.argmax(axis=2).T
    is_character = path != probabilities_tbc.shape[2] - 1
    is_first = is_character.copy()
    is_first[:, 1:] &= path[:, 1:] != path[:, :-1]
    return path, is_character, is_first


def _collapsed(path, is_first):
    lengths = is_first.sum(axis=1)
    labels = np.full([len(path), lengths.max(initial=0)], -1, np.int32)
    labels[np.arange(labels.shape[1]) < lengths[:, np.newaxis]] = path[is_first]
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
    rows = np.arange(len(labels)) if rows is None else np.asarray(rows)
    at_once = max(1, STATES_AT_ONCE // (len(probabilities_tbc) * (2 * labels.shape[1] + 1)))
    parts = [_log_probabilities(labels[start:start + at_once], probabilities_tbc, rows[start:start + at_once])
             for start in range(0, max(1, len(labels)), at_once)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _log_probabilities(labels, probabilities_tbc, rows):
    emissions, may_skip, lengths = _emissions(labels, probabilities_tbc, rows)
    num_states, count = may_skip.shape
    # Of the paths so far those that end in each state; ahead of the first two rows, which make the shifts
    # slices. The second of them is where all paths start.
    paths = np.zeros([num_states + 2, count])
    paths[1] = 1
    here, before, skipped = paths[2:], paths[1:-1], paths[:-2]
    log_scale = np.zeros(count)
    for frame, emission in enumerate(emissions, start=1):
        arriving = here + before
        arriving += may_skip * skipped
        np.multiply(arriving, emission, out=here)
        paths[1] = 0
        if frame % RESCALED_EVERY == 0:
            scale = here.max(axis=0)
            scale[scale == 0] = 1
            here /= scale
            log_scale += np.log(scale)
    everything = np.arange(count)
    ends = here[2 * lengths, everything] + before[2 * lengths, everything]
    with np.errstate(divide='ignore'):
        return np.minimum(np.log(ends) + log_scale, 0)


def align(labels: np.ndarray, probabilities_tbc: np.ndarray, rows: np.ndarray | None = None) -> Alignment:
    """Find the most probable path of each label; the arguments are those of `log_probabilities`.

    Where the frames do not suffice, there is no path, and the characters have the probability 0.
    """
    emissions, may_skip, lengths = _emissions(labels, probabilities_tbc, rows)
    path, is_open = _states_of_best_paths(labels, probabilities_tbc, rows)
    if is_open.any():
        path[:, is_open] = _best_states(emissions[..., is_open], may_skip[:, is_open], lengths[is_open])
    of_character = path[:, np.newaxis] == np.arange(1, len(may_skip), 2)[:, np.newaxis]
    first = of_character.argmax(axis=0)
    last = len(path) - 1 - of_character[::-1].argmax(axis=0)
    probabilities = np.where(of_character, emissions[:, 1::2], 0).max(axis=0)
    is_there = (labels >= 0) & (required_frames(labels) <= len(path))[:, np.newaxis]
    figures = first, last, probabilities.astype(np.float32)
    return Alignment(*[np.where(is_there, figure.T, 0) for figure in figures])


def _states_of_best_paths(labels, probabilities_tbc, rows):
    """Return (the states of the best path of each label's image, int [time, labels]; of which labels it is no
    path, bool [labels]).

    The most probable path of all is also that of the label that it collapses to.
    """
    best, is_character, is_first = _best_classes(probabilities_tbc)
    states = (2 * is_first.cumsum(axis=1) - is_character).T
    of_images = _collapsed(best, is_first)
    if rows is not None:
        states, of_images = states[:, rows], of_images[rows]
    widths = labels.shape[1], of_images.shape[1]
    both = np.full([2, len(labels), max(widths)], -1)
    both[0, :, :widths[0]], both[1, :, :widths[1]] = labels, of_images
    return states, (both[0] != both[1]).any(axis=1)


def _best_states(emissions, may_skip, lengths):
    """Return the states of the most probable paths of labels, int [time, labels], by Viterbi's algorithm.

    The arguments are as `_emissions` returns them.
    """
    with np.errstate(divide='ignore'):
        emissions, may_skip = np.log(emissions), np.log(may_skip)
    num_states, count = may_skip.shape
    paths = np.full([num_states + 2, count], -np.inf)
    paths[1] = 0   # as in `log_probabilities`
    here, before, skipped = paths[2:], paths[1:-1], paths[:-2]
    came_from = np.zeros(emissions.shape, np.int8)   # so many states before
    for step, emission in zip(came_from, emissions, strict=True):
        ways = np.stack([here, before, skipped + may_skip])
        step[:] = ways.argmax(axis=0)
        np.add(ways.max(axis=0), emission, out=here)
        paths[1] = -np.inf
    everything = np.arange(count)
    state = 2 * lengths - (before[2 * lengths, everything] > here[2 * lengths, everything])
    states = np.zeros([len(emissions), count], int)
    for frame in range(len(states) - 1, -1, -1):
        states[frame] = state
        state = state - came_from[frame, state, everything]
    return states


def _emissions(labels, probabilities_tbc, rows):
    """Return what the paths of labels are worked out from.

    A state is 2 k + 1 in character k, 2 k in the blank before it; the last is the blank behind them all.

    Returns:
        (the probability of each state of each label in each frame, float64 [time, states, labels]; whether a
        path may come to a state from that before the last, float64 0 or 1 [states, labels]; the lengths, int
        [labels]).
    """
    time, batch, num_classes = probabilities_tbc.shape
    rows = np.arange(batch) if rows is None else np.asarray(rows)
    of_frames = probabilities_tbc.reshape(time, -1)
    base = rows * num_classes
    count, longest = labels.shape
    emissions = np.empty([time, 2 * longest + 1, count])
    emissions[:, 1::2] = of_frames.take(np.maximum(labels.T, 0) + base, axis=1)
    emissions[:, ::2] = of_frames.take(base + num_classes - 1, axis=1)[:, np.newaxis]
    may_skip = np.zeros(emissions.shape[1:])
    may_skip[1::2] = 1
    may_skip[3::2] -= _repeats(labels).T
    return emissions, may_skip, (labels >= 0).sum(axis=1)


def _repeats(labels):
    return (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] >= 0)
