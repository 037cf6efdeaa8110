"""Tests of reading.expected: what is known of the texts decides what is decoded."""
import numpy as np
import pytest

from crnnmodel import numpy_ctc
from local_utils import metrics
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from reading import Expected, decoding, weighing
from reading.expected import Bounds
from reading.weighing import Candidate, ViewGroup
from tests.decoding_rows import DOUBTFUL, decoder, row, text_of


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
    with pytest.raises(InputError, match=f'the lexicon has no word that can be read: .* formats {end}$'):
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
    for expected in (Expected(allow='bc'), Expected(forbid='a')):
        reader = decoder('abc', expected)
        decoded, = reader.decode([weighing.first_views(reader.probabilities(logits))], 1)
        assert text_of(decoded, 'abc') == 'cb'
    for name in ('allow', 'forbid'):
        with pytest.raises(InputError, match=f"^{name}: expected characters of the alphabet 'abc', got 'z'"):
            decoder('abc', Expected(**{name: 'az'}))
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
    bounds = Bounds(Expected(lower_case=True, forbid='ß'), CharacterCodec('Sßs'))
    assert bounds.allowed.tolist() == [True, False, True, True]
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
