"""Tests of local_utils.record_files."""
import pytest

from local_utils import record_files
from tests.conftest import convert, write_data_set

WORDS = [f'word{number}' for number in range(8)]


def test_a_conversion_that_was_cut_short_while_it_took_its_names_is_not_trained_on(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    (tmp_path / 'out' / 'manifest.json').rename(tmp_path / 'out' / 'manifest.json.incomplete')
    with pytest.raises(ValueError, match='was cut short; run it again'):
        record_files.check_manifest(str(tmp_path / 'out'), 'abc', (100, 32))


def test_the_mark_of_a_conversion_that_was_cut_short_goes_only_with_one_that_ends_well(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    (tmp_path / 'out' / 'manifest.json').rename(tmp_path / 'out' / 'manifest.json.incomplete')
    lines = (data_set / 'Test' / 'sample.txt').read_text()
    (data_set / 'Test' / 'sample.txt').write_text('/1/none.png none\n')
    assert convert(data_set, tmp_path / 'out') == 1
    with pytest.raises(ValueError, match='was cut short; run it again'):
        record_files.check_manifest(str(tmp_path / 'out'), codec.characters, (100, 32))
    (data_set / 'Test' / 'sample.txt').write_text(lines)
    assert convert(data_set, tmp_path / 'out') == 0
    record_files.check_manifest(str(tmp_path / 'out'), codec.characters, (100, 32))


def test_names_that_cannot_be_taken_leave_the_mark(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    (tmp_path / 'out' / 'rejects.tsv').unlink()
    (tmp_path / 'out' / 'rejects.tsv').mkdir()
    assert convert(data_set, tmp_path / 'out') == 1
    with pytest.raises(ValueError, match='was cut short; run it again'):
        record_files.check_manifest(str(tmp_path / 'out'), codec.characters, (100, 32))


def test_records_that_are_not_what_the_manifest_says_are_refused(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a', 'b'])
    assert convert(data_set, tmp_path / 'out') == 0
    record_files.check_manifest(str(tmp_path / 'out'), codec.characters, (100, 32))
    with pytest.raises(ValueError, match='another alphabet than the files beside them'):
        record_files.check_manifest(str(tmp_path / 'out'), 'abc', (100, 32))
    with pytest.raises(ValueError, match=r'images of \[100, 32\] \(width, height\), expected \[200, 32\]'):
        record_files.check_manifest(str(tmp_path / 'out'), codec.characters, (200, 32))
    path, = record_files.find_record_files(str(tmp_path / 'out'), 'test')
    whole = (tmp_path / 'out' / 'test_feature.tfrecords').read_bytes()
    with open(path, 'wb') as file:
        file.write(whole[:len(whole) // 2])   # just between the two records
    with pytest.raises(ValueError, match=f'expected {len(whole)} bytes by manifest.json, got {len(whole) // 2}'):
        record_files.count_records([path])


@pytest.mark.parametrize(('names', 'error', 'message'), [
    ([], FileNotFoundError, 'train_feature.tfrecords: no such file'),
    (['train_feature.tfrecords-00000-of-00002'], FileNotFoundError, 'expected 2 shards, found 1; .*is .*00001-of-00002$'),
    (['train_feature.tfrecords-00000-of-00003'], FileNotFoundError, 'expected 3 shards, found 1; .*is .*00001-of-00003$'),
    (['train_feature.tfrecords', 'train_feature.tfrecords-00000-of-00001'], ValueError, 'two conversions'),
])
def test_missing_or_mixed_shards_are_refused(tmp_path, names, error, message):
    for name in names:
        (tmp_path / name).write_bytes(b'')
    with pytest.raises(error, match=message):
        record_files.find_record_files(str(tmp_path), 'train')


def test_records_are_counted_with_and_without_a_manifest(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a', 'b', 'c'])
    assert convert(data_set, tmp_path / 'out') == 0
    paths = record_files.find_record_files(str(tmp_path / 'out'), 'test')
    assert record_files.count_records(paths) == [3]
    (tmp_path / 'out' / 'manifest.json').write_text('{"splits": 3}')
    assert record_files.count_records(paths) == [3]
