"""Tests of data_provider.drawing.text_source and other_texts: which texts are drawn, how often."""
import string

import numpy as np
import pytest

from data_provider.drawing import other_texts, text_source, word_texts
from local_utils.char_codec import CharacterCodec

PRINTABLE = CharacterCodec(string.digits + string.ascii_letters + string.punctuation)
WORDS = word_texts.read_words(word_texts.files.repository_path('data', 'words.txt'))


def any_font(_):
    return True


def source(words=WORDS, codec=PRINTABLE, can_draw=any_font, **options):
    return text_source.TextSource(words, codec=codec, max_frames=25, can_draw=can_draw, **options)


def texts_of(text_source, rng, count=3000):
    return [text_source.text(number, rng) for number in range(count)]


def test_texts_are_as_short_and_in_such_cases_as_on_photographs(rng):
    labels = [text.label for text in texts_of(source(), rng)]
    lengths = np.array([len(label) for label in labels])
    assert 0.02 < np.mean(lengths == 1) < 0.07
    assert 0.25 < np.mean(lengths <= 4) < 0.4
    assert 0.1 < np.mean(lengths >= 9) < 0.3
    assert 0.4 < np.mean([label.isupper() for label in labels]) < 0.55
    assert 0.15 < np.mean([label.islower() for label in labels]) < 0.25


def test_every_character_of_the_alphabet_is_drawn(rng):
    assert set(''.join(text.label for text in texts_of(source(), rng, 20000))) == set(PRINTABLE.characters)


def test_texts_can_be_read_in_the_frames_there_are(codec, rng):
    for text in texts_of(source(codec=codec), rng):
        assert word_texts.is_expressible(text.drawn, codec, 25)
        assert codec.encode(text.label)


def test_a_word_with_marks_is_read_whole_or_without_marks(codec, rng):
    texts = texts_of(source(['word'], codec, with_others=False), rng)
    assert {'word.', '"word"', '(word)', '#word'} <= {text.drawn.lower() for text in texts}
    assert {text.label.lower() for text in texts} == {'word'}   # not word's, which would be another
    texts = texts_of(source(['word'], with_others=False), rng)
    assert "word's" in {text.label for text in texts}
    assert all(text.drawn == text.label for text in texts)


def test_capitals_and_marks_that_no_font_can_draw_are_left_out(codec, rng):
    texts = texts_of(source(['word'], codec, str.islower, with_others=False), rng, 500)
    assert {text.drawn for text in texts} >= {'word', 'word.'}
    assert all(text.drawn.islower() for text in texts)
    others = texts_of(source(can_draw=lambda text: '$' not in text), rng, 1000)
    assert not any('$' in text.drawn for text in others)


def test_the_commonest_words_are_drawn_most(rng):
    words = [''.join(letters) for letters in zip('abcdefghij' * 10, sorted('abcdefghij' * 10), strict=True)]
    drawn = [text.label.lower() for text in texts_of(source(words, with_others=False), rng, 2000)]
    assert 0.35 < np.mean([word in words[:10] for word in drawn]) < 0.6


def test_words_in_turn_come_equally_often(rng):
    labels = [text.label.lower().strip(string.punctuation) for text in texts_of(
        source(['one', 'two', 'three'], with_others=False, in_turn=True), rng, 6)]
    assert [label.removesuffix("'s") for label in labels] == ['one', 'two', 'three'] * 2


def test_the_parts_share_no_text_and_make_up_all(rng):
    train, test = (text_source.Part(0.2, is_test) for is_test in (False, True))
    labels = [text.label for text in texts_of(source(), rng)]
    assert all(train.has(label) != test.has(label) for label in labels)
    assert 0.15 < np.mean([test.has(label) for label in labels]) < 0.25
    assert all(test.has(label) == test.has(label.upper()) == test.has(f'"{label}"')
               for label in labels if label.isalnum())
    assert all(test.has(text.label) for text in texts_of(source(part=test), rng, 300))


def test_a_part_that_chance_does_not_meet_is_an_error(rng):
    with pytest.raises(ValueError, match='give a list of more words'):
        source(['word'], with_others=False, part=text_source.Part(0.0, is_test=True)).text(0, rng)


def test_words_are_split_without_a_common_one():
    words = ['alpha', 'Alpha', 'beta', 'gamma', 'delta', 'GAMMA']
    train, test = text_source.split_words(words, 30, 10, seed=1)
    assert sorted(train + test) == ['alpha', 'beta', 'delta', 'gamma']
    assert (len(train), len(test)) == (3, 1)
    assert text_source.split_words(['one'], 5, 5, seed=1) == (['one'], ['one'])


def test_other_texts_are_many(codec, rng):
    texts = [other_texts.other_text(rng) for _ in range(3000)]
    assert len(set(texts)) > 2000
    assert np.mean([word_texts.is_expressible(text, PRINTABLE, 25) for text in texts]) > 0.9
    for start, count in (('$', 20), ('www.', 20), ('(', 5), ('#', 5)):
        assert sum(text.lower().startswith(start) for text in texts) > count
    assert sum('@' in text and '.' in text for text in texts) > 10
    assert not any(character.isspace() for text in texts for character in text)
