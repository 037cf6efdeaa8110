"""Tests of crnnmodel.numpy_ctc and crnnmodel.prefix_search: rows worked out by hand, sums over all paths,
TensorFlow's CTC.
"""
import itertools
import tracemalloc

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import ctc, numpy_ctc
from crnnmodel.prefix_search import prefix_beam_search
from reading import weighing

A, B, BLANK = 0, 1, 2


def row(*frames):
    """Return the probabilities of one image, [time, 1, classes]."""
    return np.array(frames, np.float32)[:, np.newaxis]


def sums_over_all_paths(probabilities_tc):
    """Return dict of label → the sum of the probabilities of its paths, by going through every path."""
    sums = {}
    for path in itertools.product(range(probabilities_tc.shape[1]), repeat=len(probabilities_tc)):
        label = tuple(index for index, _ in itertools.groupby(path) if index != probabilities_tc.shape[1] - 1)
        probability = np.prod([frame[index] for frame,
                               index in zip(probabilities_tc.astype(float), path, strict=True)])
        sums[label] = sums.get(label, 0.0) + probability
    return sums


def test_the_best_path_is_collapsed_and_its_blanks_dropped():
    probabilities = np.stack([np.eye(3)[[A, A, BLANK, A, B]], np.eye(3)[[BLANK] * 5],
                              np.eye(3)[[B, B, B, B, A]]], axis=1)
    assert numpy_ctc.best_path(probabilities).tolist() == [[A, A, B], [-1, -1, -1], [B, A, -1]]
    assert numpy_ctc.best_path(probabilities[:, 1:2]).shape == (1, 0)


def test_the_probability_of_a_label_is_that_of_all_its_paths():
    # a: "aa" 0.16, "a-" 0.24, "-a" 0.24; the empty label: "--" 0.36
    probabilities = row([0.4, 0, 0.6], [0.4, 0, 0.6])
    logs = numpy_ctc.log_probabilities(numpy_ctc.rows_of([(A,), (), (A, A), (B,)]), probabilities,
                                       [0, 0, 0, 0])
    assert np.exp(logs) == pytest.approx([0.64, 0.36, 0, 0])
    assert logs[2] == -np.inf   # which needs a frame more


def test_labels_and_their_probabilities_are_those_of_tensorflow(rng):
    logits = rng.normal(scale=4, size=(25, 40, 37)).astype(np.float32)
    probabilities = numpy_ctc.softmax(logits)
    labels = numpy_ctc.best_path(probabilities)
    lengths = rng.integers(1, 25, 40)
    others = np.where(np.arange(24) < lengths[:, np.newaxis], rng.integers(0, 3, [40, 24]),
                      -1).astype(np.int32)
    with tf.Graph().as_default(), tf.Session() as session:
        sparse = tf.SparseTensor(np.argwhere(others >= 0), others[others >= 0], others.shape)
        expected, (losses, usable) = session.run([
            ctc.decode(tf.constant(logits)), ctc.ctc_loss(sparse, tf.constant(logits))])
    assert np.array_equal(labels, expected.labels)
    np.testing.assert_allclose(np.exp(numpy_ctc.log_probabilities(labels, probabilities)),
                               expected.confidences, rtol=1e-4)
    assert np.array_equal(numpy_ctc.required_frames(others) <= 25, usable)
    assert set(usable) == {True, False}
    np.testing.assert_allclose(-numpy_ctc.log_probabilities(others, probabilities)[usable], losses[usable],
                               rtol=1e-4)


def test_the_probabilities_of_all_labels_sum_to_one_and_a_beam_without_limit_finds_each(rng):
    probabilities = numpy_ctc.softmax(rng.normal(size=(5, 1, 4)).astype(np.float32))
    sums = sums_over_all_paths(probabilities[:, 0])
    logs = numpy_ctc.log_probabilities(numpy_ctc.rows_of(list(sums)), probabilities, np.zeros(len(sums), int))
    assert np.exp(logs).sum() == pytest.approx(1)
    assert np.exp(logs) == pytest.approx(list(sums.values()))
    found = prefix_beam_search(probabilities[:, 0], beam_width=10 ** 6, num_labels=10 ** 6)
    assert dict(found) == pytest.approx(sums)
    assert [probability for _, probability in found] == pytest.approx(sorted(sums.values(), reverse=True))


def test_a_beam_finds_the_likelier_label_where_the_best_path_misses_it():
    probabilities = row([0.4, 0, 0.6], [0.4, 0, 0.6])
    assert numpy_ctc.best_path(probabilities).size == 0
    assert prefix_beam_search(probabilities[:, 0], beam_width=3, num_labels=5) == [
        ((A,), pytest.approx(0.64)), ((), pytest.approx(0.36))]


def test_a_narrow_beam_finds_what_a_wide_one_does_where_the_network_is_sure(rng):
    logits = rng.normal(scale=4, size=(12, 1, 9)).astype(np.float32)
    probabilities = numpy_ctc.softmax(logits)[:, 0]
    (narrow, _), (wide, probability) = prefix_beam_search(probabilities,
                                                          20)[0], prefix_beam_search(probabilities, 2000)[0]
    assert narrow == wide
    exact = numpy_ctc.log_probabilities(numpy_ctc.rows_of([wide]), probabilities[:, np.newaxis])
    assert probability == pytest.approx(np.exp(exact[0]), rel=1e-3)


def test_products_below_the_smallest_number_do_not_vanish():
    probabilities = np.full([400, 1, 3], 0.1, np.float32)
    logs = numpy_ctc.log_probabilities(numpy_ctc.rows_of([()]), probabilities)
    assert logs == pytest.approx([400 * np.log(0.1)])   # 1e-400


def test_a_beam_does_not_vanish_below_the_smallest_number(rng):
    probabilities = numpy_ctc.softmax(rng.normal(size=(12, 1, 4)).astype(np.float32))[:, 0].astype(float)
    labels = [label for label, _ in prefix_beam_search(probabilities, 50, 5)]
    found = prefix_beam_search(probabilities * 1e-40, 50, 5)   # in all 1e-480
    assert [label for label, _ in found] == labels
    assert [probability for _, probability in found] == [0.0] * 5


def test_labels_in_pieces_have_the_probabilities_that_they_have_together(rng, monkeypatch):
    probabilities = numpy_ctc.softmax(rng.normal(scale=2, size=(9, 4, 5)).astype(np.float32))
    labels = numpy_ctc.rows_of([tuple(rng.integers(0, 4, rng.integers(0, 7)).tolist()) for _ in range(30)])
    rows = rng.integers(0, 4, 30)
    together = numpy_ctc.log_probabilities(labels, probabilities, rows)
    monkeypatch.setattr(numpy_ctc, 'STATES_AT_ONCE', 7 * 9 * 13)   # of labels of 6 characters
    assert np.array_equal(numpy_ctc.log_probabilities(labels, probabilities, rows), together)
    assert numpy_ctc.log_probabilities(labels[:0], probabilities, rows[:0]).shape == (0,)


def test_lexicons_of_many_words_and_a_very_long_one_take_little_memory(rng):
    probabilities = numpy_ctc.softmax(rng.normal(size=(25, 16, 30)).astype(np.float32))
    labels = [tuple(rng.integers(0, 29, 8).tolist()) for _ in range(100)]
    groups = [weighing.first_views(probabilities)]
    expected = weighing.weigh(groups, [labels] * 16)
    tracemalloc.start()
    try:
        found = weighing.weigh(groups, [[*labels, (0,) * 1400]] * 16)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [of_image[:-1] for of_image in found] == expected
    assert {of_image[-1].probability for of_image in found} == {0.0}
    assert most < 100_000_000   # and not 900 MB, as of 1,616 labels with room for 1,400 characters


def test_the_alignment_is_the_most_probable_path_of_the_label():
    probabilities = row([0.7, 0.1, 0.2], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8], [0.5, 0.2, 0.3], [0.1, 0.8, 0.1],
                        [0, 0, 1])
    placed = numpy_ctc.align(numpy_ctc.rows_of([(A, A, B), (B,)]), probabilities, [0, 0])
    assert placed.first.tolist() == [[0, 3, 4], [4, 0, 0]]
    assert placed.last.tolist() == [[1, 3, 4], [4, 0, 0]]
    assert placed.probabilities == pytest.approx(np.array([[0.7, 0.5, 0.8], [0.8, 0, 0]]))


def test_the_alignment_of_every_label_is_what_trying_all_paths_finds(rng):
    probabilities = numpy_ctc.softmax(rng.normal(size=(5, 1, 4)).astype(np.float32))
    best = {}   # label → (the highest probability of a path, that path)
    for path in itertools.product(range(4), repeat=5):
        probability = np.prod(probabilities[range(5), 0, path].astype(float))
        label = tuple(index for index, _ in itertools.groupby(path) if index != 3)
        best[label] = max(best.get(label, (0, ())), (probability, path))
    placed = numpy_ctc.align(numpy_ctc.rows_of(list(best)), probabilities, np.zeros(len(best), int))
    for row_of_label, (label, (_, path)) in enumerate(best.items()):
        runs = [list(run) for index, run in itertools.groupby(range(5), path.__getitem__) if index != 3]
        assert placed.first[row_of_label, :len(label)].tolist() == [run[0] for run in runs]
        assert placed.last[row_of_label, :len(label)].tolist() == [run[-1] for run in runs]
        assert placed.probabilities[row_of_label, :len(label)] == pytest.approx(
            [probabilities[run, 0, path[run[0]]].max() for run in runs])


def test_a_label_that_the_frames_do_not_suffice_for_has_no_alignment():
    placed = numpy_ctc.align(numpy_ctc.rows_of([(A, A)]), row([0.5, 0.2, 0.3], [0.5, 0.2, 0.3]))
    assert placed.probabilities.tolist() == [[0, 0]]
