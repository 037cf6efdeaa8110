"""Tests of local_utils.text_file, of lines as they are split and of files that are no lists of texts."""
import os
import time

import pytest

from local_utils import files, text_file
from local_utils.errors import InputError

CONTENT = b'\xef\xbb\xbfone\r\ntwo\rthree\n\n four \r\r\nfive\n\r\nsix'
LINES = [(1, 'one'), (2, 'two'), (3, 'three'), (5, ' four '), (7, 'five'), (9, 'six')]


@pytest.mark.parametrize('block_bytes', range(1, 12))
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16'])
def test_lines_are_the_same_wherever_a_block_ends(tmp_path, monkeypatch, block_bytes, encoding):
    text = CONTENT.decode('utf-8-sig')
    (tmp_path / 'a').write_bytes(CONTENT if encoding == 'utf-8' else text.encode(encoding))
    monkeypatch.setattr(text_file, 'BLOCK_BYTES', block_bytes)
    assert list(text_file.read_whole_lines(tmp_path / 'a')) == LINES
    assert list(text_file.read_lines(tmp_path / 'a')) == [
        (number, line.strip().encode()) for number, line in LINES]


def test_a_long_line_takes_time_in_proportion(tmp_path, monkeypatch):
    (tmp_path / 'a').write_bytes(b'x' * 1_000_000 + b'\nb')
    monkeypatch.setattr(text_file, 'BLOCK_BYTES', 16)   # with which copying the whole each time takes 30 GB
    started = time.process_time()
    assert [len(line) for _, line in text_file.read_lines(tmp_path / 'a')] == [1_000_000, 1]
    assert time.process_time() - started < 2


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(text_file, 'MAX_LINE_BYTES', 1 << 20)
    with open(tmp_path / 'a', 'wb') as file:
        file.write(b'x' * 70_000)   # or its NUL bytes would be seen
        os.truncate(tmp_path / 'a', 1 << 40)
    with pytest.raises(InputError, match='a: a line has more than 1048576 bytes'):
        list(text_file.read_lines(tmp_path / 'a'))


def test_a_json_file_that_is_too_large_is_refused_unread(tmp_path):
    with open(tmp_path / 'a.json', 'wb') as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match='a.json: expected at most 67108864 bytes, got 1099511627776'):
        files.read_json_object(tmp_path / 'a.json')
