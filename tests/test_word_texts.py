"""Tests of data_provider.drawing.word_texts: cases, marks, labels."""
import string

from data_provider.drawing import word_texts
from local_utils.char_codec import CharacterCodec

PRINTABLE = CharacterCodec(string.digits + string.ascii_letters + string.punctuation)


def test_capitals_that_do_not_fold_back_are_not_taken(rng):
    assert {word_texts.in_some_case('ßa', rng) for _ in range(100)} <= {'ßa', 'ßA'}
    assert {word_texts.in_some_case('ab', rng) for _ in range(300)} == {'ab', 'Ab', 'AB'}


def test_a_half_of_the_words_is_in_capitals(rng):
    cased = [word_texts.in_some_case('word', rng) for _ in range(2000)]
    assert 0.45 < cased.count('WORD') / 2000 < 0.55
    assert 0.22 < cased.count('Word') / 2000 < 0.32


def test_what_is_drawn_is_the_label_where_the_alphabet_has_it():
    for text in ("It's", '$12.50', 'No.7', 'WiFi', 'www.shop.com', '(702)308-3507', 'A/C', '"x"'):
        assert word_texts.label_of(text, PRINTABLE) == text


def test_marks_that_the_alphabet_lacks_are_not_read(codec):
    assert word_texts.label_of("It's", codec) == 'Its'   # encoding folds the capital
    assert word_texts.label_of('$12.50', codec) == '1250'
    assert word_texts.label_of('€12', PRINTABLE) == '12'


def test_accents_that_the_alphabet_lacks_are_not_read(codec):
    assert word_texts.label_of('Café', PRINTABLE) == 'Cafe'
    assert word_texts.label_of('ÜBER', codec) == 'UBER'
    assert word_texts.label_of('über', CharacterCodec('überu')) == 'über'
    assert word_texts.label_of('Über', CharacterCodec('über')) == 'Über'   # which encoding folds


def test_a_text_of_marks_alone_is_not_expressible(codec):
    assert not word_texts.is_expressible('...', codec, 25)
    assert word_texts.is_expressible('...', PRINTABLE, 25)
    assert not word_texts.is_expressible('слово', codec, 25)
    assert not word_texts.is_expressible('a' * 14, codec, 25)


def test_marks_around_a_text_in_capitals_are_capitals(rng):
    marked = {word_texts.with_marks(text, rng) for text in ('CAT', 'Dog') for _ in range(500)}
    assert {"CAT'S", "Dog's", 'CAT.', '(Dog)'} <= marked
    assert not {"CAT's", "Dog'S"} & marked


def test_names_are_each_listed_once():
    assert len(set(word_texts.names())) == len(word_texts.names()) > 400
