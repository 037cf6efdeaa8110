"""Tests of reading.decoding, by rows worked out by hand."""
import collections
import itertools

import numpy as np
import pytest

from crnnmodel import numpy_ctc
from local_utils import metrics
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from reading import Expected, ReadingSettings, decoding, weighing
from reading.decoding import Decoder
from reading.weighing import Candidate, ViewGroup

H, E, L, BLANK = range(4)
A, B = 0, 1


def decoder(characters='hel', expected=None, *, beam_search=False, alternatives=0, **settings):
    return Decoder(CharacterCodec(characters), ReadingSettings(**settings), expected or Expected(),
                   beam_search=beam_search, alternatives=alternatives)


def one_hot(classes, probability=0.999):
    """Return the probabilities of one image, [time, 1, classes], in whose frames a class is seen."""
    rest = (1 - probability) / BLANK
    return (np.eye(BLANK + 1, dtype=np.float32)[classes] * (probability - rest)
            + np.float32(rest))[:, np.newaxis]


def row(*frames):
    """Return the ViewGroup of one view of one image."""
    return weighing.first_views(np.array(frames, np.float32)[:, np.newaxis])


def views_of_one(*views):
    return [ViewGroup(view, *np.zeros([2, view.shape[1]], int)) for view in views]


def text_of(decoded, characters):
    return ''.join(characters[index] for index in decoded.best.label)


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


# Three frames of a, b, c, blank: the best path is "ab" with a at 0.6; "cb" is the other word.
DOUBTFUL = row([0.6, 0.0, 0.4, 0.0], [0.0, 0.1, 0.0, 0.9], [0.0, 0.9, 0.0, 0.1])


def test_a_lexicon_word_that_the_best_path_misses_is_read():
    free, = decoder('abc').decode([DOUBTFUL], 1)
    assert text_of(free, 'abc') == 'ab'
    bound, = decoder('abc', Expected(lexicon=['cb', 'ca'])).decode([DOUBTFUL], 1)
    assert text_of(bound, 'abc') == 'cb'
    # p("cb"): c, then b in the second or third frame: 0.4 (0.9 0.9 + 0.1 0.9 + 0.1 0.1)
    assert bound.best.probability == pytest.approx(0.4 * (0.9 * 0.9 + 0.1 * 0.9 + 0.1 * 0.1))
    assert bound.relative == pytest.approx(1.0)   # "ca" is impossible


def test_a_large_lexicon_is_searched_near_what_was_read_and_gives_the_same_where_the_word_is_near(
        monkeypatch, rng):
    words = [''.join(rng.choice(list('abcd'), rng.integers(2, 6))) for _ in range(300)]
    probabilities = numpy_ctc.softmax(rng.normal(scale=3, size=(8, 30, 5)).astype(np.float32))
    groups = [weighing.first_views(probabilities)]
    read = decoder('abcd').decode(groups, 30)
    whole = decoder('abcd', Expected(lexicon=words)).decode(groups, 30)
    monkeypatch.setattr(decoding.known, 'SCORED_WHOLE', 10)
    monkeypatch.setattr(decoding.known, 'MAX_NEAR', 300)
    near = decoder('abcd', Expected(lexicon=words)).decode(groups, 30)
    is_near = [metrics.edit_distance(one.best.label, other.best.label) <= decoding.known.MAX_EDITS
               for one, other in zip(read, whole, strict=True)]
    assert sum(is_near) >= 20
    for of_image, of_whole, is_same in zip(near, whole, is_near, strict=True):
        assert text_of(of_image, 'abcd') in words
        if is_same:
            assert of_image.best.label == of_whole.best.label


def test_an_image_may_have_a_lexicon_of_its_own():
    groups = [ViewGroup(np.repeat(DOUBTFUL.probabilities, 3, axis=1), np.arange(3), np.zeros(3, int))]
    decoded = decoder('abc', Expected(lexicon=['ab'])).decode(groups, 3, [['cb', 'ba'], None, ['CB']])
    assert [text_of(of_image, 'abc') for of_image in decoded] == ['cb', 'ab', 'cb']
    foreign, = decoder('abc').decode([DOUBTFUL], 1, [['xyz']])
    assert foreign.best == Candidate((), 0.0)


@pytest.mark.parametrize('expected', [
    Expected(lexicon=['x', '']), Expected(lexicon=['ab', 'ca'], forbid='a'), Expected(lexicon=['ab' * 800]),
    Expected(lexicon=['ab', 'cb'], formats='aa')])
def test_a_lexicon_without_a_word_that_can_be_read_is_refused(expected):
    with pytest.raises(InputError, match='no word that can be read'):
        decoder('abc', expected)


def test_words_of_a_lexicon_that_cannot_be_read_are_left_out_and_counted(capsys):
    bound, = decoder('abc', Expected(lexicon=['ab', 'ax', 'cb', 'xyz'], forbid='a')).decode([DOUBTFUL], 1)
    assert text_of(bound, 'abc') == 'cb'
    assert "are left out, 3 of them, the first 'ab'" in capsys.readouterr().err


@pytest.mark.parametrize(('word', 'end'), [('xyz', 'take'), ('a' * 1501, 'take, of at most 1500 characters')])
def test_a_lexicon_without_a_word_that_can_be_read_is_refused_and_length_is_told_where_it_is_why(word, end):
    with pytest.raises(InputError, match=f'the lexicon has no word that can be read: .* --format {end}$'):
        decoder('abc', Expected(lexicon=[word]))


@pytest.mark.parametrize('expected', [Expected(lexicon='cb'), Expected(word_list='cb')])
def test_one_text_is_no_list_of_words(expected):
    with pytest.raises(InputError, match="expected a list of words, got one text, 'cb'"):
        decoder('abc', expected)


def test_what_is_no_word_is_named():
    with pytest.raises(InputError, match='expected a list of words, got int in it, 5'):
        decoder('abc', Expected(lexicon=['cb', 5]))


def test_words_that_are_written_from_right_to_left_are_compared_as_a_picture_shows_them():
    alphabet = 'אבג'   # the picture shows the last letter first
    for expected in (Expected(lexicon=['בג', 'אג']), Expected(word_list=['בג'])):
        bound, = decoder(alphabet, expected, word_weight=9.0).decode([DOUBTFUL], 1)
        assert CharacterCodec(alphabet).text_of(bound.best.label) == 'בג'


def test_a_word_list_pulls_what_is_near_to_it_and_leaves_the_rest():
    listed = Expected(word_list=['cb'])
    pulled, = decoder('abc', listed, word_weight=2.0).decode([DOUBTFUL], 1)
    assert text_of(pulled, 'abc') == 'cb'
    assert pulled.best.probability == pytest.approx(0.364)   # p(text | image) is not multiplied
    sure = row([0.95, 0.0, 0.05, 0.0], [0.0, 0.1, 0.0, 0.9], [0.0, 0.9, 0.0, 0.1])
    left, = decoder('abc', listed, word_weight=2.0).decode([sure], 1)
    assert text_of(left, 'abc') == 'ab'   # 0.95 against 7.39 times 0.05
    far, = decoder('abc', Expected(word_list=['bbb']), word_weight=9.0).decode([DOUBTFUL], 1)
    assert text_of(far, 'abc') == 'ab'


def test_a_word_list_leaves_readings_with_a_digit_alone():
    with_digit = decoder('1bc', Expected(word_list=['cb']), word_weight=9.0)
    decoded, = with_digit.decode([DOUBTFUL], 1)
    assert text_of(decoded, '1bc') == '1b'


def test_what_is_not_allowed_is_not_read():
    logits = np.log(DOUBTFUL.probabilities + 1e-9)
    for expected in (Expected(allow='bc'), Expected(forbid='a'), Expected(forbid='az')):
        reader = decoder('abc', expected)
        decoded, = reader.decode([weighing.first_views(reader.probabilities(logits))], 1)
        assert text_of(decoded, 'abc') == 'cb'
    with pytest.raises(InputError, match="--allow: expected characters of the alphabet 'abc', got 'z'"):
        decoder('abc', Expected(allow='az'))
    with pytest.raises(InputError, match='leave no character'):
        decoder('abc', Expected(forbid='abc'))
    with pytest.raises(InputError, match='leave no character'):
        decoder('abc', Expected(allow=''))


def test_in_lower_case_a_letter_has_the_probability_of_both_of_its_cases():
    # of a letter 0.4 and 0.35, of "1" 0.15 …
    logits = np.log(np.array([[0.4, 0.35, 0.15, 0.1]], np.float32))[:, np.newaxis]
    for expected in (Expected(lower_case=True), Expected(lower_case=True, allow='A1'),
                     Expected(lower_case=True, allow='a1')):
        in_lower_case = decoder('Aa1', expected)
        probabilities = in_lower_case.probabilities(logits)
        assert probabilities[0, 0] == pytest.approx([0, 0.75, 0.15, 0.1])
        decoded, = in_lower_case.decode([weighing.first_views(probabilities)], 1)
        assert text_of(decoded, 'Aa1') == 'a'
        assert decoded.best.probability == pytest.approx(0.75)
    forbidden = decoder('Aa1', Expected(lower_case=True, forbid='a')).probabilities(logits)
    assert forbidden[0, 0] == pytest.approx([0, 0, 0.6, 0.4])
    bound = decoder('Aa1', Expected(lower_case=True, lexicon=['A']))
    assert text_of(bound.decode([weighing.first_views(bound.probabilities(logits))], 1)[0], 'Aa1') == 'a'


def test_a_format_that_the_best_path_breaks_is_kept():
    # The best path reads "oa"; the format wants a digit and a letter.
    image = row([0.6, 0.3, 0.0, 0.1], [0.1, 0.0, 0.0, 0.9], [0.0, 0.0, 0.9, 0.1])
    free, = decoder('o0a').decode([image], 1)
    assert text_of(free, 'o0a') == 'oa'
    kept, = decoder('o0a', Expected(formats='9A')).decode([image], 1)
    assert text_of(kept, 'o0a') == '0a'
    impossible, = decoder('o0a', Expected(formats='9999')).decode([image], 1)   # of three frames
    assert impossible.best == Candidate((), 0.0)


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
