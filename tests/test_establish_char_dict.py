"""Tests of local_utils.establish_char_dict and tools.establish_char_dict."""
import json

import pytest

from local_utils import command_line, establish_char_dict, files
from local_utils.establish_char_dict import read_alphabet, write_alphabet
from tests.conftest import write_data_set
from tools import establish_char_dict as tool


def write_files(folder, ord_map, char_dict):
    for name, value in (('ord_map.json', ord_map), ('char_dict.json', char_dict)):
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text, encoding='utf-8')


def test_the_files_have_the_format_of_the_original(tmp_path):
    write_alphabet('ba', tmp_path)
    assert json.loads((tmp_path / 'ord_map.json').read_text()) == {'0': '98', '1': '97'}
    assert json.loads((tmp_path / 'char_dict.json').read_text()) == {'97': 'a', '98': 'b'}


def test_an_alphabet_that_was_written_is_read_in_the_same_order(tmp_path):
    write_alphabet('ba 中"\\', tmp_path)
    assert read_alphabet(tmp_path).characters == 'ba 中"\\'


def test_the_bundled_alphabet_is_letters_and_digits():
    codec = read_alphabet(files.repository_path('data'))
    assert sorted(codec.characters) == sorted('abcdefghijklmnopqrstuvwxyz0123456789')
    assert codec.num_classes == 37


@pytest.mark.parametrize(('ord_map', 'char_dict', 'message'), [
    ('{"0": "97"', {'97': 'a'}, 'ord_map.json, line 1, column 11: expected JSON'),
    ('[1, 2]', {'97': 'a'}, 'ord_map.json: expected a JSON object, got list'),
    ({'0': '97', '2': '98'}, {'97': 'a', '98': 'b'}, 'index "1" is missing'),
    ({'0': '97', '1': '97'}, {'97': 'a'}, 'indices "0" and "1" are both'),
    ('{"0": "97", "0": "98"}', {'97': 'a'}, "key '0' stands there more than once"),
    ({'0': 97}, {'97': 'a'}, 'expected the code point of a character as text'),
    ({'0': '55296'}, {'55296': 'x'}, 'expected the code point'),
    ({'0': '99999999999999999999'}, {'97': 'a'}, 'expected the code point'),
    ({'0': '97'}, {'97': 'b'}, "entry '97': expected the character 'a', got 'b'"),
    ({'0': '97'}, {'97': 'a', '98': 'b'},
     "'b' \\(code point 98\\) stands in char_dict.json but not in ord_map.json"),
    ({'0': '97', '1': '98'}, {'97': 'a'},
     "'b' \\(code point 98\\) stands in ord_map.json but not in char_dict.json"),
    ({}, {}, 'at least one character'),
    ({'0_index': '97', '97_ord': '1'}, {'97': 'a'}, "entry '97_ord' says index '1', but that index is None"),
    ({'0_index': '97', '2_index': '98'}, {'97': 'a', '98': 'b'}, 'index "1" is missing'),
    ({'97_ord': ['0']}, {'97': 'a'}, "entry '97_ord': expected an index as text"),
    ({'0_index': '97', '97_ord': {}}, {'97': 'a'}, "entry '97_ord': expected an index as text"),
    ({'97_ord': '0', '98_ord': '0'}, {'97': 'a', '98': 'b'},
     "entry '98_ord' says index '0', but that index is '97'"),
    ('', {'97': 'a'}, 'expected JSON'),
    ('[' * 100000, {'97': 'a'}, 'expected'),
])
def test_a_malformed_alphabet_is_refused_with_the_entry(tmp_path, ord_map, char_dict, message):
    write_files(tmp_path, ord_map, char_dict)
    with pytest.raises(ValueError, match=message):
        read_alphabet(tmp_path)


def test_an_alphabet_that_is_no_utf8_is_refused(tmp_path):
    write_files(tmp_path, {'0': '97'}, {'97': 'a'})
    (tmp_path / 'ord_map.json').write_bytes(b'{"0": "\xff"}')
    with pytest.raises(ValueError, match='expected UTF-8 text, got the byte 0xff at position 7'):
        read_alphabet(tmp_path)


def test_the_tool_writes_the_characters_of_the_labels_in_the_order_of_their_code_points(tmp_path):
    write_data_set(tmp_path, ['word', '中文'], ['two words'], alphabet='x')
    assert command_line.run_tool(tool.main, ['--dataset_dir', str(tmp_path)]) == 0
    assert read_alphabet(tmp_path).characters == ''.join(sorted(set('word中文two words')))


def test_the_tool_folds_capitals_where_it_is_asked_to(tmp_path):
    write_data_set(tmp_path, ['WoRd'], ['İ'], alphabet='x')
    assert tool.main(['--dataset_dir', str(tmp_path), '--lower_case']) is None
    assert read_alphabet(tmp_path).characters == 'dorw\u0130'


def test_the_tool_leaves_out_what_nobody_sees_by_name(tmp_path, capfd):
    write_data_set(tmp_path, ['a\u200bb', 'cafe\u0301', 'x\u00a0y'], ['###'], alphabet='x')
    assert command_line.run_tool(tool.main, ['--dataset_dir', str(tmp_path), '--ignore_text', '###']) == 0
    assert read_alphabet(tmp_path).characters == 'abcfxyé'
    assert 'U+00A0 NO-BREAK SPACE, U+200B ZERO WIDTH SPACE' in capfd.readouterr().err


def test_the_tool_folds_by_whole_texts(tmp_path):
    write_data_set(tmp_path, ['ΟΔΟΣ', 'ΣΑΣ'], ['α'], alphabet='x')
    assert tool.main(['--dataset_dir', str(tmp_path), '--lower_case']) is None
    assert read_alphabet(tmp_path).characters == ''.join(sorted('αδοσς'))


@pytest.mark.parametrize('content', ['b\na\n\n \n中\ne\u0301', '\ufeffb\r\na\r\n \r\n中\r\n\u00e9\r\n'])
def test_the_tool_takes_a_plain_list_in_its_order(tmp_path, content):
    (tmp_path / 'list.txt').write_bytes(content.encode())
    assert command_line.run_tool(tool.main,
                                 ['--char_list', str(tmp_path / 'list.txt'), '--save_dir',
                                  str(tmp_path)]) == 0
    assert read_alphabet(tmp_path).characters == 'ba 中é'


def test_the_tool_says_what_a_list_lacks_of_the_texts_of_its_data_set(tmp_path, capfd):
    write_data_set(tmp_path, ['Ab€', 'a\u200bé'], ['###'], alphabet='x')
    (tmp_path / 'list.txt').write_text('a\nb\n', encoding='utf-8')
    flags = ['--char_list', str(tmp_path / 'list.txt'), '--save_dir', str(tmp_path), '--ignore_text', '###']
    assert command_line.run_tool(tool.main, flags) == 0
    line, = [line for line in capfd.readouterr().err.splitlines() if ' WARNING ' in line]
    assert "the alphabet lacks 2 characters ('é€') of the texts; samples with them are rejected" in line


def test_a_list_is_written_where_what_lies_beside_it_is_no_annotation_file_that_is_known(tmp_path, capfd):
    (tmp_path / 'Train').mkdir()
    (tmp_path / 'Train' / 'sample.txt').write_text('garbage\n')
    (tmp_path / 'list.txt').write_text('b\na\n')
    flags = ['--char_list', str(tmp_path / 'list.txt'), '--save_dir', str(tmp_path)]
    assert command_line.run_tool(tool.main, flags) == 0
    assert read_alphabet(tmp_path).characters == 'ba'
    line, = [line for line in capfd.readouterr().err.splitlines() if ' WARNING ' in line]
    assert 'not compared with the texts' in line
    assert 'sample.txt, line 1' in line


def test_the_tool_says_what_the_bundled_weights_would_no_longer_read(tmp_path, capfd):
    write_data_set(tmp_path, ['word', 'Ωμ'], [], alphabet='x')
    assert command_line.run_tool(tool.main, ['--dataset_dir', str(tmp_path)]) == 0
    line = capfd.readouterr().err.splitlines()[-1]
    assert ('the bundled weights read 90 characters (\'!"#$%&\\\'()*+,-./01234\' and 70 more) that the '
            'alphabet lacks; what is trained on from them') in line
    bundled = read_alphabet(files.repository_path('data', 'weights')).characters
    (tmp_path / 'list.txt').write_text('\n'.join(bundled + 'Ωμ'), encoding='utf-8')
    flags = ['--char_list', str(tmp_path / 'list.txt'), '--save_dir', str(tmp_path)]
    assert command_line.run_tool(tool.main, flags) == 0
    assert 'lacks' not in capfd.readouterr().err


@pytest.mark.parametrize(('content', 'message'), [
    ('a\nab\n', "line 2: expected one character, got 'ab'"),
    ('a\nb\na\n', "line 3: 'a' stands in line 1 already"),
    ('a\n\u3000\n', 'line 2: U\\+3000 IDEOGRAPHIC SPACE leaves no ink'),
    ('', 'expected one character a line, got no line')])
def test_a_list_that_is_no_alphabet_is_refused_with_the_line(tmp_path, content, message):
    (tmp_path / 'list.txt').write_text(content, encoding='utf-8')
    with pytest.raises(ValueError, match=message):
        establish_char_dict.read_character_list(str(tmp_path / 'list.txt'))


@pytest.mark.parametrize('ord_map', [
    {'0_index': '98', '1_index': '97'}, {'98_ord': '0', '97_ord': '1'},
    {'0_index': '98', '1_index': '97', '98_ord': '0', '97_ord': '1'}, {'0': '98', '1': '97'}])
@pytest.mark.parametrize('char_dict', [{'97_ord': 'a', '98_ord': 'b'}, {'97': 'a', '98': 'b'}])
def test_alphabets_of_the_neighbours_are_read(tmp_path, ord_map, char_dict):
    write_files(tmp_path, ord_map, char_dict)
    assert read_alphabet(tmp_path).characters == 'ba'


def test_the_tool_says_in_one_line_where_there_is_no_data_set(tmp_path, capfd):
    assert command_line.run_tool(tool.main, ['--dataset_dir', str(tmp_path / 'none')]) == 1
    line, = capfd.readouterr().err.splitlines()
    assert 'none: expected Train/sample.txt or Test/sample.txt, found neither' in line
    assert not establish_char_dict.has_alphabet(tmp_path)


def test_a_file_in_place_of_the_folder_is_named(tmp_path, capfd):
    (tmp_path / 'list.txt').write_text('a\nb\n')
    flags = ['--char_list', str(tmp_path / 'list.txt'), '--save_dir', str(tmp_path / 'list.txt')]
    assert command_line.run_tool(tool.main, flags) == 1
    line, = capfd.readouterr().err.splitlines()
    assert 'list.txt: expected a folder, got a file' in line
