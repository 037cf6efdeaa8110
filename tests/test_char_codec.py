"""Tests of local_utils.char_codec."""
import pytest

from local_utils.char_codec import CharacterCodec, alphabet_difference, lacking, required_frames


def test_encoding_and_decoding_give_the_text_back(codec):
    assert codec.decode(codec.encode('hello42')) == 'hello42'


def test_the_blank_is_the_class_after_the_last_character():
    codec = CharacterCodec('abc')
    assert codec.encode('cab') == [2, 0, 1]
    assert codec.blank == 3
    assert codec.num_classes == 4


def test_a_capital_outside_the_alphabet_is_folded(codec):
    assert codec.encode('REMODELERS') == codec.encode('remodelers')
    assert codec.fold('CoLey') == 'coley'


def test_a_capital_inside_the_alphabet_is_itself():
    assert CharacterCodec('aA').encode('Aa') == [1, 0]


def test_a_character_outside_the_alphabet_names_itself(codec):
    with pytest.raises(KeyError, match="'é' \\(code point 233\\)"):
        codec.encode('café')


def test_a_character_whose_lower_case_is_two_characters_is_not_folded(codec):
    with pytest.raises(KeyError, match='code point 304'):
        codec.encode('\u0130')


def test_a_capital_sigma_is_folded_as_its_place_in_the_text_wants_it():
    codec = CharacterCodec('δοσς')
    assert codec.encode('ΟΔΟΣ') == codec.encode('οδος') == [1, 0, 1, 3]
    assert codec.fold('ΣΟΔΟΣ') == 'σοδος'
    assert CharacterCodec('δοσ').fold('οδος') == 'οδοσ'
    assert CharacterCodec('Σς').fold('Σς') == 'Σς'


def test_a_label_in_the_order_of_a_picture_is_read_in_the_order_of_reading():
    codec = CharacterCodec('אבגab 12')
    assert codec.text_of(codec.encode('12 גבא')) == 'אבג 12'
    assert codec.text_of(codec.encode('ab 12')) == 'ab 12'


def test_the_space_is_an_ordinary_character():
    assert CharacterCodec('ab ').encode('a b') == [0, 2, 1]


def test_chinese_is_encoded_like_anything_else():
    codec = CharacterCodec('中文字')
    assert codec.decode(codec.encode('字中')) == '字中'


@pytest.mark.parametrize(('characters', 'message'), [('', 'at least one'), ('abca', "'a' twice, at 0 and 3")])
def test_an_alphabet_that_is_empty_or_repeats_is_refused(characters, message):
    with pytest.raises(ValueError, match=message):
        CharacterCodec(characters)


@pytest.mark.parametrize(('label', 'frames'),
                         [([], 0), ([4], 1), ([1, 2, 3], 3), ([1, 1], 3), ([5, 5, 5], 5), ([1, 2, 1], 3)])
def test_a_label_needs_a_frame_more_for_each_pair_of_equal_neighbours(label, frames):
    assert required_frames(label) == frames


def test_the_difference_of_alphabets_names_what_is_missing_and_extra():
    assert alphabet_difference('abc', 'abc') == ''
    assert "missing 'c', extra 'xy'" in alphabet_difference('abc', 'abxy')
    assert "index 1 is 'b' in one, 'c' in the other" in alphabet_difference('abc', 'acb')
    many = ''.join(map(chr, range(0x4e00, 0x4e00 + 100)))
    assert alphabet_difference('a' + many, 'a').endswith(f"missing {many[:20]!r} and 80 more")


def test_what_an_alphabet_lacks_is_counted_and_named():
    assert lacking('abc', 'cab') == ''
    assert lacking('abc', 'xcx') == "1 character ('x')"
    assert lacking('m', 'zyxwvutsrqponmlkjihgfedcba') == "25 characters ('abcdefghijklnopqrstu' and 5 more)"


def test_a_character_of_an_alphabet_that_form_nfc_replaces_is_meant_by_its_replacement():
    codec = CharacterCodec('a\u212b\u2126')   # the signs of angstrom and of ohm
    assert codec.encode('\u00c5a\u03a9\u212b') == [1, 0, 2, 1]
    assert codec.knows('\u00c5')
    assert codec.num_classes == 4
    assert CharacterCodec('\u212b\u00c5').encode('\u00c5\u212b') == [1, 0]
