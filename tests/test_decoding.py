"""Tests of reading.decoding, by rows worked out by hand."""
import numpy as np
import pytest

from crnnmodel import numpy_ctc
from reading import decoding
from reading.decoding import ViewGroup

H, E, L, BLANK = range(4)


def one_hot(classes, probability=0.999):
    """Return the probabilities of one image, [time, 1, classes], in whose frames a class is seen."""
    rest = (1 - probability) / BLANK
    return (np.eye(BLANK + 1, dtype=np.float32)[classes] * (probability - rest) + np.float32(rest))[:, np.newaxis]


def views_of_one(*views):
    return [ViewGroup(view, np.zeros(view.shape[1], int)) for view in views]


def test_views_together_read_what_is_the_most_probable_in_all_of_them():
    # [sample, frame, class]; alone, the views read "a" and "b", "a" and nothing.
    first = np.array([[[0.6, 0.4, 0.0]], [[0.7, 0.1, 0.2]]], np.float32).transpose(1, 0, 2)
    second = np.array([[[0.1, 0.9, 0.0], [0.0, 0.0, 1.0]], [[0.1, 0.1, 0.8], [0.1, 0.0, 0.9]]], np.float32).transpose(1, 0, 2)
    decoded = decoding.decode_together([ViewGroup(first, np.arange(2)), ViewGroup(second, np.arange(2))], 2)
    assert decoded.labels.tolist() == [[1], [-1]]
    assert decoded.confidences == pytest.approx([(0.4 + 0.9) / 2, (0.2 + 0.72) / 2], rel=1e-4)


@pytest.mark.parametrize('beam_width', [None, 10])
def test_a_view_that_lacks_the_frames_for_a_text_says_nothing_of_it(beam_width):
    long, short = one_hot([H, BLANK, H, E, L]), one_hot([H, E, BLANK], probability=0.6)
    for views in ([long, short], [short, long]):
        groups = views_of_one(*views)
        decoded = decoding.decode_together(groups, 1, beam_width)
        assert decoded.labels.tolist() == [[H, H, E, L]]
        assert decoded.confidences[0] == pytest.approx(1.0, abs=1e-2)   # of the one view that it fits into
        placed = decoding.place_characters(decoded.labels, groups)
        assert placed.probabilities[0] == pytest.approx([0.999] * 4)
        frames = [0, 2, 3, 4] if views[0] is long else [0, 1, 1, 2]   # in proportion, where the first view has fewer
        assert placed.first[0].tolist() == frames


def test_views_in_which_there_is_nothing_to_read():
    groups = [ViewGroup(np.repeat(one_hot([BLANK] * count), 2, axis=1), np.arange(2)) for count in (5, 3)]
    decoded = decoding.decode_together(groups, 2)
    assert decoded.labels.shape == (2, 0)
    assert decoded.confidences == pytest.approx([1.0, 1.0], abs=1e-2)
    assert decoding.place_characters(decoded.labels, groups).first.shape == (2, 0)


def test_one_view_alone_is_read_as_by_itself_and_images_may_have_different_views(rng):
    probabilities = numpy_ctc.softmax(rng.normal(size=(6, 5, 4)).astype(np.float32))
    alone = decoding.decode(probabilities)
    together = decoding.decode_together([ViewGroup(probabilities, np.arange(5))], 5)
    assert np.array_equal(alone.labels, together.labels)
    np.testing.assert_allclose(alone.confidences, together.confidences)
    split = decoding.decode_together([ViewGroup(probabilities[:, :2], np.array([0, 1])),
                                      ViewGroup(probabilities[:, [2, 2, 3, 4]], np.array([2, 2, 3, 4]))], 5)
    assert np.array_equal(alone.labels, split.labels)
    np.testing.assert_allclose(alone.confidences, split.confidences)


def test_the_probability_of_a_character_is_the_mean_over_the_views():
    groups = views_of_one(one_hot([H, BLANK], 0.8), one_hot([BLANK, H], 0.6))
    placed = decoding.place_characters(np.array([[H]]), groups)
    assert (placed.first.tolist(), placed.last.tolist()) == ([[0]], [[0]])   # of the first view
    assert placed.probabilities[0, 0] == pytest.approx(0.7)
