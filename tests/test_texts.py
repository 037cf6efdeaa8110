"""Tests of local_utils.texts."""
import builtins
import unicodedata

import pytest

from local_utils import texts
from local_utils.errors import Unavailable

HEBREW = 'שלום'


def test_a_text_has_one_form_whatever_form_it_came_in():
    assert texts.normalised('cafe\u0301') == 'caf\u00e9'
    assert texts.normalised('\u212b') == '\u00c5'
    assert texts.normalised('plain') == 'plain'


@pytest.mark.parametrize('character', [
    '\t', '\x00', '\u00ad', '\u200b', '\u200e', '\ufeff', '\u00a0', '\u202f', '\u3000', '\u2028', '\u3164',
    '\u2800', '\ufe0f'])
def test_what_leaves_no_ink_is_named_by_its_code_point(character):
    assert texts.invisible(f'a{character} b') == [character]
    assert texts.without_invisible(f'a{character} b') == 'a b'
    assert texts.named([character]).startswith(f'U+{ord(character):04X}')


def test_letters_marks_signs_and_the_space_are_seen():
    assert texts.invisible('aé 中\u0301कि!½\u20ac') == []


@pytest.mark.parametrize(('text', 'expected'), [
    ("It's 42!", 'its42'), ('ＡＢ１２', 'ab12'), ('ｶﾞ', 'ガ'), ('Straße', 'strasse'), ('İstanbul', 'istanbul'),
    ('ﬁn', 'fin'),
    ('1\ufe0f\u20e3', '1'), ('!\u0301a', 'a'), ('CAFE\u0301', 'café'), ('...', ''), ('\u3164a', 'a'),
    ('क\u094dष', 'क\u094dष')])
def test_the_alphanumeric_protocol_compares_letters_with_their_marks_and_digits(text, expected):
    assert texts.alphanumeric(text) == expected


def test_case_is_ignored_by_whole_texts_and_other_marks_make_other_texts():
    assert texts.alphanumeric('ΟΔΟΣ') == texts.alphanumeric('οδος')
    assert texts.alphanumeric('कि') != texts.alphanumeric('की')
    assert texts.lower_case('ΟΔΟΣ') == list('οδος')
    assert texts.lower_case('İΟ') == ['i\u0307', 'ο']


def test_marks_that_an_alphabet_lacks_are_dropped_and_its_letters_are_not():
    text, dropped = texts.without_foreign_marks("Café-l'été 中",
                                                lambda character: character.lower() in 'abcdefghijklmnopqrst')
    assert text == 'Cafelete中'
    assert dropped == ['\u0301', '-', "'", '\u0301', '\u0301', ' ']


@pytest.mark.parametrize(('text', 'shown'), [
    ('word 12', 'word 12'), (HEBREW, HEBREW[::-1]), (f'{HEBREW} 45', f'45 {HEBREW[::-1]}'),
    (f'({HEBREW})', f'({HEBREW[::-1]})'),
    ('ABC ' + HEBREW, 'ABC ' + HEBREW[::-1]), ('سلام 45%', '%45 مالس')])
def test_a_text_is_laid_in_the_order_of_the_picture(text, shown):
    assert texts.is_right_to_left(text) == (text != shown)
    assert texts.in_picture_order(text) == shown


@pytest.mark.parametrize('text', [
    'word', HEBREW, f'{HEBREW} 45', 'سلام 45%', f'({HEBREW})', '12/3 אב', 'אב 12.50', 'טל: 03-1234567', 'א"ב',
    '₪50 אב',
    'ABCDE אב'])
def test_what_was_laid_in_the_order_of_the_picture_is_read_back(text):
    assert texts.in_reading_order(texts.in_picture_order(text)) == text


def test_without_its_library_a_text_from_right_to_left_is_refused_by_name(monkeypatch):
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith('bidi'):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', refuse)
    with pytest.raises(Unavailable, match=f'{HEBREW}.*requirements-bidi.txt'):
        texts.in_picture_order(HEBREW)
    assert texts.in_picture_order('word') == 'word'


@pytest.mark.parametrize(('text', 'script'), [
    ('سلام', 'Arabic'), ('कि', 'Devanagari'), ('ภาษา', 'Thai'),
    ('q\u0303', 'combining mark U+0303 COMBINING TILDE'),
    ('cafe\u0301', None), ('中文', None), (HEBREW, None), ('plain', None)])
def test_scripts_that_cannot_be_drawn_letter_by_letter_are_named(text, script):
    assert texts.script_that_needs_shaping(text) == script


def test_each_named_script_holds_letters_of_its_name():
    for name, pattern in texts._SHAPED:
        letters = [chr(point) for point in range(0x590, 0x1E960) if pattern.match(chr(point))
                   and chr(point).isalpha()]
        word = name.split()[0].upper().replace("N'KO", 'NKO').replace('BRAHMIC', 'BRAHMI')
        assert any(unicodedata.name(letter, '').startswith(word) for letter in letters)
