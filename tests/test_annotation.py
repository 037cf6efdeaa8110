"""Tests of data_provider.annotation."""
import pytest

from data_provider import annotation


def lines_of(path, content):
    path.write_bytes(content)
    return [(line.number, line.content) for line in annotation.read_lines(path)]


def test_blank_lines_the_byte_order_mark_and_carriage_returns_are_left_out(tmp_path):
    content = b'\xef\xbb\xbf/1/a.jpg a\r\n\r\n   \n/1/b.jpg b'
    assert lines_of(tmp_path / 's', content) == [(1, b'/1/a.jpg a'), (4, b'/1/b.jpg b')]
    assert annotation.count_lines(tmp_path / 's') == 2


def test_a_missing_file_says_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match="Train/sample.txt: no such file; expected one '<image path> <text>' a line"):
        annotation.count_lines(str(tmp_path / 'Train' / 'sample.txt'))


@pytest.mark.parametrize(('line', 'path', 'text'), [
    ('/1/2/373_coley_14845.jpg coley', '1/2/373_coley_14845.jpg', 'coley'),
    ('1/2/3.jpg coley', '1/2/3.jpg', 'coley'),
    ('//1//2.jpg coley', '1/2.jpg', 'coley'),
    ('a.jpg two  words ', 'a.jpg', 'two  words'),
    ('a.jpg\tword', 'a.jpg', 'word'),
    ('a..b.jpg 中文', 'a..b.jpg', '中文'),
])
def test_the_path_ends_at_the_first_white_space_and_the_text_is_the_rest(line, path, text):
    assert annotation.parse_line(line.encode()) == (path, text)


@pytest.mark.parametrize(('line', 'kind'), [
    (b'/1/a.jpg', 'no text'),
    (b'/1/../../a.jpg a', 'path leaves the data set'),
    (b'.. a', 'path leaves the data set'),
    (b'/1/a.jpg caf\xe9', 'not UTF-8'),
])
def test_a_line_that_cannot_be_used_says_why(line, kind):
    with pytest.raises(annotation.RejectedSample, match=kind) as caught:
        annotation.parse_line(line)
    assert caught.value.kind == kind
