"""Tests of crnnmodel.ctc."""
import itertools
import math

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import ctc

H, E, L, O, BLANK = range(5)   # noqa: E741


def one_hot_logits(frames, num_classes=5, height=20.0):
    """Return logits [time, 1, classes] that are sure of the classes of `frames`."""
    return np.eye(num_classes, dtype=np.float32)[frames][:, np.newaxis] * height


def sparse(labels):
    """Return a SparseTensor of lists of class indices."""
    indices = [(row, column) for row, label in enumerate(labels) for column in range(len(label))]
    values = [index for label in labels for index in label]
    return tf.SparseTensor(np.reshape(indices, [-1, 2]).astype(np.int64), np.array(values, np.int32),
                           [len(labels), max(map(len, labels))])


def run(function):
    """Run what `function` builds in a fresh graph."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(function())


def probability_by_hand(probabilities, label, blank):
    """Return p(label) of [time, classes] by adding up every path that collapses to it."""
    total = 0.0
    for path in itertools.product(range(probabilities.shape[1]), repeat=len(probabilities)):
        if [index for index, _ in itertools.groupby(path) if index != blank] == label:
            total += math.prod(probabilities[frame, index] for frame, index in enumerate(path))
    return total


@pytest.mark.parametrize('beam_width', [None, 10])
@pytest.mark.parametrize(('frames', 'text'), [
    ([H, E, L, BLANK, L, O], [H, E, L, L, O]),
    ([H, H, E, L, L, BLANK, L, O, O], [H, E, L, L, O]),
    ([H, E, L, L, O], [H, E, L, O]),
    ([H, BLANK, H, BLANK, H], [H, H, H]),
    ([BLANK, BLANK, H, BLANK], [H]),
])
def test_repeats_are_collapsed_then_blanks_dropped(frames, text, beam_width):
    reading = run(lambda: ctc.decode(tf.constant(one_hot_logits(frames)), beam_width))
    assert reading.labels.tolist() == [text]
    assert reading.confidences[0] == pytest.approx(1.0, abs=1e-3)


def test_blanks_alone_read_as_nothing_with_their_probability():
    logits = np.zeros([2, 1, 5], np.float32) + np.eye(5, dtype=np.float32)[BLANK]
    reading = run(lambda: ctc.decode(tf.constant(logits)))
    assert reading.labels.shape == (1, 0)
    assert reading.confidences[0] == pytest.approx((math.e / (math.e + 4)) ** 2, rel=1e-5)


def test_short_texts_of_a_batch_are_filled_with_minus_one():
    logits = np.concatenate([one_hot_logits(label) for label in ([H, E, L], [BLANK] * 3, [O] * 3)], axis=1)
    reading = run(lambda: ctc.decode(tf.constant(logits)))
    assert reading.labels.tolist() == [[H, E, L], [-1, -1, -1], [O, -1, -1]]


def test_the_confidence_is_the_probability_of_all_paths_of_the_text(rng):
    logits = rng.normal(size=(4, 1, 3)).astype(np.float32)
    probabilities = np.exp(logits[:, 0]) / np.exp(logits[:, 0]).sum(axis=1, keepdims=True)
    reading = run(lambda: ctc.decode(tf.constant(logits)))
    text = [index for index in reading.labels[0].tolist() if index >= 0]
    expected = probability_by_hand(probabilities, text, blank=2)
    assert reading.confidences[0] == pytest.approx(expected, rel=1e-4)


def test_a_beam_search_finds_the_likelier_text_where_the_best_path_misses_it():
    # The best path is blank, blank (0.36), but all paths of "a" together have 0.16 + 0.24 + 0.24 = 0.64.
    logits = np.log(np.array([[[0.4, 0.6]], [[0.4, 0.6]]], np.float32))
    assert run(lambda: ctc.decode(tf.constant(logits))).labels.size == 0
    reading = run(lambda: ctc.decode(tf.constant(logits), beam_width=5))
    assert reading.labels.tolist() == [[0]]
    assert reading.confidences[0] == pytest.approx(0.64, rel=1e-4)


def test_the_loss_is_minus_the_log_of_the_sum_over_all_paths(rng):
    logits = rng.normal(size=(4, 2, 3)).astype(np.float32)
    result = run(lambda: ctc.ctc_loss(sparse([[0, 1], [1, 1]]), tf.constant(logits)))
    for sample, label in enumerate([[0, 1], [1, 1]]):
        probabilities = np.exp(logits[:, sample]) / np.exp(logits[:, sample]).sum(axis=1, keepdims=True)
        probability = probability_by_hand(probabilities, label, blank=2)
        assert result.losses[sample] == pytest.approx(-math.log(probability), rel=1e-4)
    assert result.usable.all()


def test_a_label_that_ctc_cannot_express_has_no_loss_and_no_gradient(rng):
    logits = rng.normal(size=(3, 5, 3)).astype(np.float32)
    # usable; four characters in three frames; two equal pairs need five frames; empty; the blank is no
    # character
    labels = [[0, 1], [0, 1, 0, 1], [1, 1, 1], [], [2]]

    def build():
        tensor = tf.constant(logits)
        result = ctc.ctc_loss(sparse(labels), tensor)
        return result, tf.gradients(tf.reduce_sum(result.losses), tensor)[0]

    result, gradient = run(build)
    assert result.usable.tolist() == [True, False, False, False, False]
    assert result.losses[0] > 0
    assert np.abs(gradient[:, 0]).max() > 0
    assert not result.losses[1:].any()
    assert not gradient[:, 1:].any()


def test_a_repeated_character_that_just_fits_is_usable():
    assert run(lambda: ctc.usable_labels(sparse([[0, 0, 1]]), time_steps=4, blank=2)).tolist() == [True]
    assert run(lambda: ctc.usable_labels(sparse([[0, 0, 1]]), time_steps=3, blank=2)).tolist() == [False]
