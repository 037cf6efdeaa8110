"""Tests of lists of words as people have them: of what is drawn, of what is known."""
import pytest

from data_provider.drawing import word_texts
from local_utils import text_file
from local_utils.errors import InputError
from reading import expected

WORDS = ['caf\u00e9', 'two words', '\u4e2d\u6587']


@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be'])
def test_a_list_of_words_has_one_form_whatever_its_encoding_and_line_ends(tmp_path, encoding, end):
    content = end.join(['cafe\u0301', '', '  two words\t', '\u4e2d\u6587', ''])
    (tmp_path / 'words.txt').write_bytes(content.encode(encoding))
    path = str(tmp_path / 'words.txt')
    assert text_file.read_words(path) == expected.read_word_file(path) == WORDS
    assert word_texts.read_words(path) == WORDS


def test_of_words_to_draw_each_is_taken_once_without_what_leaves_no_ink(tmp_path):
    (tmp_path / 'words.txt').write_text('a\u00adb\nab\n\u200b\nb\ufeffa\n', encoding='utf-8')
    assert word_texts.read_words(str(tmp_path / 'words.txt')) == ['ab', 'ba']


def test_a_list_of_another_encoding_is_refused_with_its_line(tmp_path):
    (tmp_path / 'words.txt').write_bytes(b'one\ncaf\xe9\n')
    for read in (text_file.read_words, word_texts.read_words, expected.read_word_file):
        with pytest.raises(InputError, match='line 2: expected UTF-8, got the byte 0xe9'):
            read(str(tmp_path / 'words.txt'))
