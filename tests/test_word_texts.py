"""Tests of data_provider.drawing.word_texts."""
import numpy as np

from data_provider.drawing import word_texts
from local_utils.char_codec import CharacterCodec


def any_font(_):
    return True


def test_capitals_that_do_not_fold_back_are_not_taken(rng):
    assert {word_texts.in_some_case('ßa', rng) for _ in range(100)} <= {'ßa', 'ßA'}
    assert {word_texts.in_some_case('ab', rng) for _ in range(300)} == {'ab', 'Ab', 'AB', 'aB'}


def test_marks_that_the_alphabet_lacks_are_drawn_but_not_read(codec, rng):
    texts = [word_texts.dressed('word', rng, codec, any_font) for _ in range(2000)]
    marked = {text.drawn.lower() for text in texts} - {'word'}
    assert {'word.', '"word"', '(word)', '#word'} <= marked
    assert {text.label.lower() for text in texts} == {'word'}   # without "word's", which would be read as another


def test_capitals_and_marks_that_no_font_can_draw_are_left_out(codec, rng):
    texts = [word_texts.dressed('word', rng, codec, str.islower) for _ in range(500)]
    assert {text.drawn for text in texts} >= {'word', 'word.'}
    assert all(text.drawn.islower() for text in texts)
    others = word_texts.different_texts(200, codec, 25, rng, lambda text: '$' not in text)
    assert not any('$' in text for text in others)


def test_marks_of_the_alphabet_are_read(rng):
    codec = CharacterCodec('dorw!')
    texts = [word_texts.dressed('word!', rng, codec, any_font) for _ in range(500)]
    assert {text.label.lower() for text in texts} == {'word!'}


def test_other_texts_are_many_and_can_be_read(codec, rng):
    texts = [word_texts.other_text(rng) for _ in range(3000)]
    assert len(set(texts)) > 1500
    expressible = [word_texts.is_expressible(text, codec, 25) for text in texts]
    assert np.mean(expressible) > 0.99
    assert any(text.startswith('$') for text in texts)
    assert word_texts.label_of('$12.50', codec) == '1250'


def test_a_text_of_marks_alone_is_not_expressible(codec):
    assert not word_texts.is_expressible('...', codec, 25)
    assert not word_texts.is_expressible('слово', codec, 25)
    assert not word_texts.is_expressible('a' * 14, codec, 25)


def test_different_texts_are_different_and_no_more_than_there_are(codec, rng):
    texts = word_texts.different_texts(50, codec, 25, rng, any_font)
    assert len(set(texts)) == 50
    ones = word_texts.different_texts(50, CharacterCodec('7'), 25, rng, any_font)
    assert set(''.join(ones)) & set('0123456789') == {'7'}
