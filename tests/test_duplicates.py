"""Tests of data_provider.duplicates."""
import array
import zlib

from data_provider import annotation, conversion, duplicates
from data_provider.conversion import Converted


def hashes_of(*files):
    """Return the hashes of files, each a list of (path, text); None for a line that is none."""
    hashes = duplicates.LineHashes()
    for lines in files:
        hashes.start_file()
        hashes.add(Converted({}, {}, [], [], array.array('Q', [
            conversion.hash_of_path(line[0], 0) if line else conversion.NO_PATH for line in lines]),
            array.array('I', [zlib.crc32(line[1].encode()) if line else 0 for line in lines])))
    return hashes


TRAIN = [('a', 'x'), ('b', 'y'), None, ('a', 'x'), ('a', 'z'), None, ('c', 'w')]
TEST = [('d', 'v'), ('c', 'w'), ('a', 'x')]


def test_lines_whose_path_was_listed_before_are_found_with_the_first_that_lists_it():
    found = hashes_of(TRAIN, TEST).duplicates()
    assert found.later.tolist() == [3, 4, 8, 9]
    assert found.first.tolist() == [0, 0, 6, 0]
    assert found.counts() == {'listed again with the same text': 1, 'listed again with another text': 1,
                              'listed in Train and in Test': 2}


def test_without_any_there_are_none():
    assert hashes_of([], []).duplicates().counts() == {}
    assert hashes_of([('a', 'x'), None, None], [('b', 'x')]).duplicates().counts() == {}


def test_duplicates_are_named_by_file_and_line(tmp_path):
    opened = {}
    for part, lines in (('Train', TRAIN), ('Test', TEST)):
        (tmp_path / part).mkdir()
        text = ''.join(f'{line[0]}.png {line[1]}\n' if line else 'none\n' for line in lines)
        (tmp_path / part / 'sample.txt').write_text('\n' + text)
        opened[part] = annotation.open_annotation(annotation.path_of(part, str(tmp_path)), str(tmp_path))
    named = list(duplicates.named_duplicates(hashes_of(TRAIN, TEST).duplicates(), opened))
    assert [(part, note.line_number, note.path, note.text, note.reason) for part, note in named] == [
        ('Train', 5, 'a.png', 'x', "line 2 of Train/sample.txt has it with 'x'"),
        ('Train', 6, 'a.png', 'z', "line 2 of Train/sample.txt has it with 'x'"),
        ('Test', 3, 'c.png', 'w', "line 8 of Train/sample.txt has it with 'w'"),
        ('Test', 4, 'a.png', 'x', "line 2 of Train/sample.txt has it with 'x'")]
