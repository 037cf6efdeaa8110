"""Tests of data_provider.annotation."""
import pytest

from data_provider import annotation


def lines_of(path, content):
    path.write_bytes(content)
    return [(line.number, line.content) for line in annotation.read_lines(path)]


def test_blank_lines_the_byte_order_mark_and_carriage_returns_are_left_out(tmp_path):
    content = b'\xef\xbb\xbf/1/a.jpg a\r\n\r\n   \n/1/b.jpg b'
    assert lines_of(tmp_path / 's', content) == [(1, b'/1/a.jpg a'), (4, b'/1/b.jpg b')]
    assert annotation.open_annotation(tmp_path / 's', tmp_path).count() == 2


def test_a_missing_file_says_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError,
                       match="Train/sample.txt: no such file; expected one '<image path> <text>'"):
        annotation.open_annotation(str(tmp_path / 'Train' / 'sample.txt'), str(tmp_path))


@pytest.mark.parametrize(('line', 'path', 'text'), [
    ('/1/2/373_coley_14845.jpg coley', '1/2/373_coley_14845.jpg', 'coley'),
    ('1/2/3.jpg coley', '1/2/3.jpg', 'coley'),
    ('//1//2.jpg coley', '1/2.jpg', 'coley'),
    ('a.jpg two  words ', 'a.jpg', 'two  words'),
    ('a.jpg\tword', 'a.jpg', 'word'),
    ('a..b.jpg 中文', 'a..b.jpg', '中文'),
    ('./a.jpg word', 'a.jpg', 'word'),
    ('./1/./2//a.jpg word', '1/2/a.jpg', 'word'),
    ('my holiday/a b.jpg\ttwo words', 'my holiday/a b.jpg', 'two words'),
    ('a.jpg\u00a0b c', 'a.jpg\u00a0b', 'c'),
    ('a.jpg b\u3000c\u202fd', 'a.jpg', 'b\u3000c\u202fd'),
    ('a.jpg cafe\u0301', 'a.jpg', 'caf\u00e9'),
    ('.hidden/a.jpg word', '.hidden/a.jpg', 'word'),
])
def test_the_path_ends_at_the_first_tab_or_blank_and_the_text_is_the_rest(line, path, text):
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


@pytest.mark.parametrize(('path', 'text'), [
    ('a.jpg', 'word'), ('a b.jpg', 'two words'), ('a.jpg', 'with\ttab'), ('a.jpg', 'a b')])
def test_a_line_that_is_written_is_split_into_what_it_was_made_of(path, text):
    line = annotation.format_line(path, text)
    assert line.endswith('\n')
    assert annotation.parse_line(line.strip().encode()) == (path, text)
