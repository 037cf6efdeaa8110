"""Tests of data_provider.convert: splits, shards, sizes, order, compression."""
import json

import numpy as np
import pytest

from data_provider import convert as conversion_room
from local_utils import files, record_files
from tests.conftest import convert, write_data_set
from tests.converted import WORDS, content, read


@pytest.mark.parametrize('flags', [[], ['--gzip']])
def test_two_runs_write_the_same_bytes_whatever_the_number_of_workers(tmp_path, monkeypatch, flags):
    monkeypatch.setattr(conversion_room, 'MAX_CHUNK_LINES', 3)
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'one', '--num_workers', '1', *flags) == 0
    assert convert(data_set, tmp_path / 'three', '--num_workers', '3', *flags) == 0
    assert content(tmp_path / 'one') == content(tmp_path / 'three')


def test_the_choice_of_validation_does_not_depend_on_the_order_of_the_lines(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'one') == 0
    annotation = data_set / 'Train' / 'sample.txt'
    annotation.write_text(''.join(reversed(annotation.read_text().splitlines(keepends=True))))
    assert convert(data_set, tmp_path / 'two') == 0
    first, second = ([codec.decode(feature.label) for feature in read(tmp_path / name, 'validation', codec)]
                     for name in ('one', 'two'))
    assert first == second[::-1]


def test_without_a_validation_fraction_there_is_no_validation_file(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out', '--validation_split', '0') == 0
    assert record_files.existing_record_files(tmp_path / 'out', 'validation') == []


def test_the_size_of_the_images_is_a_knob(tmp_path):
    words = write_data_set(tmp_path / 'words', WORDS, ['test'])
    assert convert(words, tmp_path / 'records', '--set', 'ARCH.INPUT_SIZE=(200, 32)',
                   'DATA.VALIDATION_SPLIT=0.0') == 0
    written = json.loads((tmp_path / 'records' / 'manifest.json').read_text())
    assert written['image_size'] == [200, 32]
    assert written['splits'].keys() == {'train', 'test'}


def test_what_a_killed_conversion_left_of_other_shards_goes(tmp_path):
    words = write_data_set(tmp_path / 'words', WORDS, ['test'])
    (tmp_path / 'records').mkdir()
    left = tmp_path / 'records' / 'train_feature.tfrecords-00000-of-00008.incomplete'
    left.touch()
    assert convert(words, tmp_path / 'records', '--num_shards', '2') == 0
    assert not left.exists()


def test_more_shards_than_files_can_be_open_are_refused(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(files.resource, 'getrlimit', lambda _: (10, 20))
    assert convert(tmp_path / 'data', tmp_path / 'records', '--num_shards', '7') == 1
    assert '121 files would be open at once, the system allows 20 (ulimit -n)' in capfd.readouterr().err


def test_shards_hold_the_same_records_in_the_same_order(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a', 'b'])
    assert convert(data_set, tmp_path / 'out') == 0
    expected = [feature.imagename for feature in read(tmp_path / 'out', 'train', codec)]
    assert convert(data_set, tmp_path / 'out', '--num_shards', '4') == 0
    names = [path.name for path in (tmp_path / 'out').glob('train*')]
    assert sorted(names) == [f'train_feature.tfrecords-0000{index}-of-00004' for index in range(4)]
    assert [feature.imagename for feature in read(tmp_path / 'out', 'train', codec)] == expected
    assert all(path.stat().st_size for path in (tmp_path / 'out').glob('train*'))


def test_compressed_records_hold_the_same_samples_in_less_space(tmp_path, monkeypatch, codec):
    monkeypatch.setattr(conversion_room, 'MAX_CHUNK_LINES', 3)
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'plain') == 0
    assert convert(data_set, tmp_path / 'small', '--gzip') == 0
    for split in record_files.SPLITS:
        plain, small = (read(tmp_path / name, split, codec) for name in ('plain', 'small'))
        assert [feature.imagename for feature in small] == [feature.imagename for feature in plain]
        assert all(np.array_equal(one.image, other.image) for one, other in zip(small, plain, strict=True))
    size_of = {name: (tmp_path / name / 'train_feature.tfrecords').stat().st_size
               for name in ('plain', 'small')}
    assert size_of['small'] < size_of['plain'] / 2
    written = json.loads((tmp_path / 'small' / 'manifest.json').read_text())
    assert written['compression'] == 'gzip'
    train, = written['splits']['train']['files']
    assert train['bytes'] == size_of['small']


@pytest.mark.parametrize(('num_shards', 'counts'), [(3, [14, 13, 13]), (7, [6, 6, 6, 5, 6, 6, 5])])
def test_the_records_are_spread_evenly_over_the_shards(tmp_path, num_shards, counts):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out', '--num_shards', str(num_shards), '--validation_split',
                   '0') == 0
    paths = record_files.find_record_files(str(tmp_path / 'out'), 'train')
    assert record_files.count_records(paths) == counts
