"""Tests of reading.decoding, by rows worked out by hand."""
import collections
import itertools

import numpy as np
import pytest

from crnnmodel import numpy_ctc
from local_utils.char_codec import CharacterCodec
from reading import Expected, weighing
from reading.weighing import Candidate, ViewGroup
from tests.decoding_rows import (
    BLANK,
    DOUBTFUL,
    A,
    B,
    E,
    H,
    L,
    decoder,
    one_hot,
    row,
    text_of,
    views_of_one,
)


def test_views_together_read_what_is_the_most_probable_in_all_of_them():
    # [sample, frame, class]; alone, the views read "a" and "b", "a" and nothing.
    first = np.array([[[0.6, 0.4, 0.0]], [[0.7, 0.1, 0.2]]], np.float32)
    second = np.array([[[0.1, 0.9, 0.0], [0.0, 0.0, 1.0]], [[0.1, 0.1, 0.8], [0.1, 0.0, 0.9]]], np.float32)
    groups = [weighing.first_views(view.transpose(1, 0, 2)) for view in (first, second)]
    b, nothing = decoder('ab').decode(groups, 2)
    assert (b.best.label, nothing.best.label) == ((B,), ())
    assert b.best.probability == pytest.approx((0.4 + 0.9) / 2)
    assert nothing.best.probability == pytest.approx((0.2 + 0.72) / 2)
    assert b.relative == pytest.approx(0.65 / (0.65 + (0.6 + 0.1) / 2))   # beside "a"


def turned(view, quarter_turns):
    return view._replace(orientations=np.array([quarter_turns]))


def test_views_of_another_orientation_do_not_thin_out_what_one_of_them_reads():
    upright, other_upright, left, right = (row(frame) for frame in (
        [0.3, 0.2, 0.5], [0.4, 0.1, 0.5], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]))
    groups = [upright, other_upright, turned(left, 1), turned(right, 3)]
    decoded, = decoder('ab').decode(groups, 1)
    assert (decoded.best.label, decoded.best.orientation) == ((B,), 1)
    assert decoded.best.probability == pytest.approx(0.8)   # of nothing, upright: 0.5, in all: 0.375
    assert decoded.relative == pytest.approx(0.8 * 0.8 / (0.8 * 0.8 + 0.5))
    placed = weighing.place_characters([decoded.best], groups)
    assert placed.probabilities[0, 0] == pytest.approx(0.8)


def test_of_nearly_equally_probable_texts_the_upright_one_is_taken():
    decoded, = decoder('ab').decode([row([0.7, 0.2, 0.1]), turned(row([0.1, 0.8, 0.1]), 3)], 1)
    assert (decoded.best.label, decoded.best.orientation) == ((A,), 0)


def test_a_lexicon_is_weighed_in_each_orientation():
    groups = [row([0.3, 0.2, 0.5]), turned(row([0.1, 0.4, 0.5]), 1)]
    decoded, = decoder('ab', Expected(lexicon=['a', 'b'])).decode(groups, 1)
    assert decoded.best == ((B,), pytest.approx(0.4), 1)
    own, = decoder('ab').decode(groups, 1, [['a', 'b']])
    assert own.best == ((B,), pytest.approx(0.4), 1)


@pytest.mark.parametrize('beam_search', [False, True])
def test_a_view_that_lacks_the_frames_for_a_text_says_nothing_of_it(beam_search):
    long, short = one_hot([H, BLANK, H, E, L]), one_hot([H, E, BLANK], probability=0.6)
    for views in ([long, short], [short, long]):
        groups = views_of_one(*views)
        decoded, = decoder(beam_search=beam_search, beam_width=10).decode(groups, 1)
        assert decoded.best.label == (H, H, E, L)
        assert decoded.best.probability == pytest.approx(1.0, abs=1e-2)   # of the one view that it fits into
        placed = weighing.place_characters([decoded.best], groups)
        assert placed.probabilities[0] == pytest.approx([0.999] * 4)
        # in proportion, where the first view has fewer
        frames = [0, 2, 3, 4] if views[0] is long else [0, 1, 1, 2]
        assert placed.first[0].tolist() == frames


def test_views_in_which_there_is_nothing_to_read():
    groups = [weighing.first_views(np.repeat(one_hot([BLANK] * count), 2, axis=1)) for count in (5, 3)]
    for decoded in decoder().decode(groups, 2):
        assert decoded.best.label == ()
        assert decoded.best.probability == pytest.approx(1.0, abs=1e-2)
    assert weighing.place_characters([Candidate((), 1.0)] * 2, groups).first.shape == (2, 0)


def test_images_may_have_different_views(rng):
    probabilities = numpy_ctc.softmax(rng.normal(size=(6, 5, 4)).astype(np.float32))
    alone = decoder().decode([weighing.first_views(probabilities)], 5)
    split = decoder().decode([ViewGroup(probabilities[:, :2], np.array([0, 1]), np.zeros(2, int)),
                              ViewGroup(probabilities[:, [2, 2, 3, 4]], np.array([2, 2, 3, 4]),
                                        np.zeros(4, int))], 5)
    assert [decoded.best.label for decoded in alone] == [decoded.best.label for decoded in split]
    np.testing.assert_allclose([decoded.best.probability for decoded in alone],
                               [decoded.best.probability for decoded in split])


def test_the_probability_of_a_character_is_the_mean_over_the_views():
    groups = views_of_one(one_hot([H, BLANK], 0.8), one_hot([BLANK, H], 0.6))
    placed = weighing.place_characters([Candidate((H,), 0.7)], groups)
    assert (placed.first.tolist(), placed.last.tolist()) == ([[0]], [[0]])   # of the first view
    assert placed.probabilities[0, 0] == pytest.approx(0.7)


def test_alternatives_are_the_next_likely_texts_with_their_probabilities():
    decoded, = decoder('abc', alternatives=2).decode([DOUBTFUL], 1)
    assert [text_of(decoded, 'abc'),
            *(''.join('abc'[index] for index in other.label) for other in decoded.others)] == [
        'ab', 'cb', 'a']
    assert decoded.best.probability == pytest.approx(0.6 * 0.91)
    assert decoded.others[0].probability == pytest.approx(0.4 * 0.91)
    assert decoded.others[1].probability == pytest.approx(0.6 * 0.9 * 0.1)
    bound, = decoder('abc', Expected(lexicon=['ab', 'cb', 'ca']), alternatives=1).decode([DOUBTFUL], 1)
    assert bound.others[0].probability == pytest.approx(0.4 * 0.91)


def all_probabilities(frames):
    """Return the probability of each text of an image, [time, classes], by going through all paths."""
    found = {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        label = tuple(index for index, _ in itertools.groupby(path) if index < frames.shape[1] - 1)
        found[label] = found.get(label, 0) + np.prod(frames[np.arange(len(frames)), path], dtype=float)
    return found


@pytest.mark.parametrize('expected', [
    Expected(), Expected(allow='a1'), Expected(forbid='b'), Expected(formats='A9?,b'),
    Expected(formats='9A?'), Expected(lexicon=['ab', 'a1', '1b']),
    Expected(lexicon=['ab', 'a1', '1b'], forbid='b')])
def test_the_most_probable_text_of_those_expected_is_read_as_going_through_all_paths_finds_it(expected, rng):
    reader = decoder('ab1', expected, beam_search=True, beam_width=500, alternatives=2)
    codec, bounds = CharacterCodec('ab1'), reader._bounds
    for _ in range(5):
        groups = [ViewGroup(reader.probabilities(rng.normal(scale=2, size=(time, 1, 4)).astype(np.float32)),
                            np.array([0]), np.array([turns])) for time, turns in ((4, 0), (4, 0), (4, 1))]
        each = [all_probabilities(group.probabilities[:, 0]) for group in groups]
        assert [sum(found.values()) for found in each] == pytest.approx([1, 1, 1])
        of_label = [collections.defaultdict(float, found) for found in each]
        weights = {label: max((of_label[0][label] + of_label[1][label]) / 2, 0.8 * of_label[2][label])
                   for label in set().union(*each)
                   if bounds.admits(label) and (expected.lexicon is None
                                                or codec.decode(label) in expected.lexicon)}
        decoded, = reader.decode(groups, 1)
        assert decoded.best.weight == pytest.approx(max(weights.values()))
        assert weights[decoded.best.label] == pytest.approx(decoded.best.weight)
        order = [other.weight for other in decoded.others]
        assert order == sorted(order, reverse=True)
