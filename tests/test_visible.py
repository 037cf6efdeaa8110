"""Tests of local_utils.visible, and that the log writes what strangers say as one harmless line."""
import json

import pytest

from local_utils import log_utils, visible

FORGED = 'word.png\x1b[2K\r12:00:00 INFO all is well\n12:00:01 ERROR \u202egnp.exe \x9b31m\udcff\u2028\u200b'


@pytest.mark.parametrize(('text', 'shown'), [
    ('', ''), ('plain, ä and 中', 'plain, ä and 中'), ('C:\\x', 'C:\\x'), ('a\tb\nc\rd\0', r'a\tb\nc\rd\x00'),
    ('\x1b[31m', r'\x1b[31m'), ('\x9b', r'\x9b'), ('\u202e', r'\u202e'), ('\udcff\udc80', r'\xff\x80'),
    ('\ud800', r'\ud800'),
    ('\U000e0001', r'\U000e0001'), ('\ue000', r'\ue000'), ('\u2028', r'\u2028'), ('\xa0', r'\xa0'),
    ('a\tb\u200bc\u3000d\n\ufe0f\u3164\u2800\\é', r'a\tb\u200bc\u3000d\n\ufe0f\u3164\u2800' + '\\é')])
def test_what_is_not_printable_is_an_escape(text, shown):
    assert visible.escaped(text) == shown
    assert visible.escaped(text).isprintable()


def test_a_number_stands_with_its_noun_in_the_right_form():
    assert [visible.counted(count, 'word') for count in (0, 1, 2)] == ['0 words', '1 word', '2 words']
    assert visible.counted(2, 'process') == '2 processes'


def test_a_field_can_be_read_back():
    assert visible.field('a\\n\n\t') == r'a\\n\n\t'


def test_what_is_very_long_is_cut_and_says_how_long_it_was():
    word = 'x' * 5_000_000
    assert visible.line(f'{word} is no file') == f'{"x" * 500}… (5000000 characters) is no file'
    assert visible.line('/'.join(['a' * 99] * 10)) == '/'.join(['a' * 99] * 10)   # a long path
    line = visible.line('two words ' * 100_000)
    assert line.endswith('… (1000000 characters)')
    assert len(line) < 10_100
    assert len(visible.line('\0' * 5_000_000)) < 3000


def test_the_log_writes_one_line_for_each_message(capfd):
    log_utils.init_logger().error('%s: no image', FORGED)
    line, = capfd.readouterr().err.split('\n')[:-1]
    assert line.endswith(r'ERROR word.png\x1b[2K\r12:00:00 INFO all is well\n12:00:01 ERROR \u202egnp.exe '
                         r'\x9b31m\xff\u2028\u200b: no image')
    assert line.isprintable()


def test_a_traceback_in_the_log_keeps_its_lines_and_no_others(capfd):
    try:
        raise ValueError('a \x1b[31mred\x1b[0m message')
    except ValueError:
        log_utils.init_logger().error('where', exc_info=True)
    lines = capfd.readouterr().err.split('\n')[:-1]
    assert lines[1] == 'Traceback (most recent call last):'
    assert lines[-1] == r'ValueError: a \x1b[31mred\x1b[0m message'


def test_json_has_escapes_of_its_own_for_what_is_not_printable():
    value = {'ä中': [FORGED, '\U000e0001', 1.5, None]}
    text = visible.json_text(value, indent=2)
    assert json.loads(text) == value
    assert all(line.isprintable() for line in text.split('\n'))
    assert 'ä中' in text


def test_json_for_another_encoding_has_escapes_for_all_that_is_not_ascii():
    assert visible.json_text('ä\u202e') == r'"ä\u202e"'
    assert visible.json_text('ä\u202e', 'ascii') == r'"\u00e4\u202e"'
    assert visible.json_text('ä', None) == '"ä"'


@pytest.mark.parametrize(('path', 'message', 'shown'), [
    ('a.png', 'missing image: a.png: none', 'missing image: a.png: none'),
    ('a.png', 'a.png: none', 'a.png: none'), ('e', 'missing image: none', 'e: missing image: none'),
    ('a\n.png', 'missing image: a\\n.png: none', 'missing image: a\\n.png: none')])
def test_a_message_has_its_path_once(path, message, shown):
    assert visible.located(path, message) == shown
