"""Tests of local_utils.record_files."""
import pytest

from local_utils import record_files
from tests.conftest import convert, write_data_set

WORDS = [f'word{number}' for number in range(8)]


@pytest.mark.parametrize(('names', 'error', 'message'), [
    ([], FileNotFoundError, 'train_feature.tfrecords: no such file'),
    (['train_feature.tfrecords-00000-of-00002'], FileNotFoundError,
     'expected 2 shards, found 1; .*is .*00001-of-00002$'),
    (['train_feature.tfrecords-00000-of-00003'], FileNotFoundError,
     'expected 3 shards, found 1; .*is .*00001-of-00003$'),
    ([f'train_feature.tfrecords-0000{number}-of-00010' for number in (0, 1, 9)], FileNotFoundError,
     'expected 10 shards, found 3; .*is .*00002-of-00010$'),
    ([f'train_feature.tfrecords-00000-of-{10 ** 15}'], FileNotFoundError,
     f'expected {10 ** 15} shards, found 1; .*is .*00001-of-{10 ** 15}$'),
    (['train_feature.tfrecords-00000-of-00001'], FileNotFoundError,
     'expected 1 shards, found 0; .*is .*tfrecords$'),
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
