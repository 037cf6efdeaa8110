"""Tests of local_utils.manifest."""
import json

import pytest

from data_provider.data_provider import TextDataProvider
from local_utils import manifest, record_files
from local_utils.errors import InputError
from tests.conftest import convert, write_data_set

WORDS = [f'word{number}' for number in range(8)]


def test_a_conversion_that_was_cut_short_while_it_took_its_names_is_not_trained_on(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    (tmp_path / 'out' / 'manifest.json').rename(tmp_path / 'out' / 'manifest.json.incomplete')
    with pytest.raises(ValueError, match='was cut short; run it again'):
        manifest.check(str(tmp_path / 'out'), 'abc', (100, 32))


def test_the_mark_of_a_conversion_that_was_cut_short_goes_only_with_one_that_ends_well(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    (tmp_path / 'out' / 'manifest.json').rename(tmp_path / 'out' / 'manifest.json.incomplete')
    lines = (data_set / 'Test' / 'sample.txt').read_text()
    (data_set / 'Test' / 'sample.txt').write_text('/1/none.png none\n')
    assert convert(data_set, tmp_path / 'out') == 1
    with pytest.raises(ValueError, match='was cut short; run it again'):
        manifest.check(str(tmp_path / 'out'), codec.characters, (100, 32))
    (data_set / 'Test' / 'sample.txt').write_text(lines)
    assert convert(data_set, tmp_path / 'out') == 0
    manifest.check(str(tmp_path / 'out'), codec.characters, (100, 32))


def test_names_that_cannot_be_taken_leave_the_mark(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    (tmp_path / 'out' / 'rejects.tsv').unlink()
    (tmp_path / 'out' / 'rejects.tsv').mkdir()
    assert convert(data_set, tmp_path / 'out') == 1
    with pytest.raises(ValueError, match='was cut short; run it again'):
        manifest.check(str(tmp_path / 'out'), codec.characters, (100, 32))


def test_records_that_are_not_what_the_manifest_says_are_refused(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a', 'b'])
    assert convert(data_set, tmp_path / 'out') == 0
    manifest.check(str(tmp_path / 'out'), codec.characters, (100, 32))
    with pytest.raises(ValueError, match='another alphabet than the files beside them'):
        manifest.check(str(tmp_path / 'out'), 'abc', (100, 32))
    with pytest.raises(ValueError, match=r'images of \[100, 32\] \(width, height\), expected \[200, 32\]'):
        manifest.check(str(tmp_path / 'out'), codec.characters, (200, 32))
    path, = record_files.find_record_files(str(tmp_path / 'out'), 'test')
    whole = (tmp_path / 'out' / 'test_feature.tfrecords').read_bytes()
    with open(path, 'wb') as file:
        file.write(whole[:len(whole) // 2])   # just between the two records
    with pytest.raises(ValueError,
                       match=f'expected {len(whole)} bytes by manifest.json, got {len(whole) // 2}'):
        record_files.count_records([path])


@pytest.mark.parametrize('version', [2, 'new', None])
def test_a_manifest_of_a_later_version_is_refused(tmp_path, version):
    (tmp_path / 'manifest.json').write_text(json.dumps({'version': version}))
    with pytest.raises(ValueError, match=f'manifest.json: version {version!r}, expected at most 1'):
        manifest.check(str(tmp_path), 'abc', (100, 32))


def test_what_is_described_is_read_back(tmp_path):
    described = manifest.describe(image_size=(100, 32), alphabet='ab', seed=3, validation_split=0.1,
                                  is_compressed=True,
                                  splits={'train': [('one', 5, 500), ('two', 6, 600)]},
                                  rejected={'no text': 2})
    (tmp_path / 'manifest.json').write_text(json.dumps(described))
    read = manifest.read(str(tmp_path))
    assert read['version'] == 1
    assert read['image_size'] == [100, 32]
    assert read['compression'] == 'gzip'
    assert read['splits']['train']['records'] == 11
    assert manifest.listed_files(str(tmp_path)) == {'one': (500, 5), 'two': (600, 6)}
    assert manifest.read(str(tmp_path / 'none')) is None


def test_a_manifest_that_was_changed_is_refused_and_one_without_a_checksum_is_read(tmp_path, codec):
    folder = write_converted(tmp_path)
    path = folder / 'manifest.json'
    written = json.loads(path.read_text())
    assert manifest.read(str(folder)) == written
    changed = {**written, 'seed': 7}
    path.write_text(json.dumps(changed))
    with pytest.raises(InputError, match='manifest.json: its checksum does not match, it was changed'):
        manifest.check(str(folder), codec.characters, (100, 32))
    del changed['checksum']
    path.write_text(json.dumps(changed))
    assert manifest.read(str(folder)) == changed


@pytest.mark.parametrize('gzip', [False, True])
def test_records_are_counted_against_the_manifest_that_says_there_are_fewer(
        tmp_path, codec, gzip, monkeypatch):
    folder = write_converted(tmp_path, *['--gzip'] * gzip)
    described = json.loads((folder / 'manifest.json').read_text())
    described['splits']['test']['files'][0]['records'] = 2
    described['checksum'] = manifest.checksum_of(described)
    (folder / 'manifest.json').write_text(json.dumps(described))
    message = 'test_feature.tfrecords: expected 2 records by manifest.json, got 5; convert again'
    paths = record_files.find_record_files(str(folder), 'test')
    with pytest.raises(InputError, match=message):
        record_files.count_records(paths)
    monkeypatch.setattr(record_files, 'WALKED_BYTES', {'': 0, 'GZIP': 0})   # as of large files
    assert record_files.count_records(paths) == [2]
    provider = TextDataProvider(str(folder), (100, 32))
    with pytest.raises(InputError, match=message):
        list(provider.samples('test'))


def write_converted(tmp_path, *flags):
    """Convert five words of Test; returns the folder of the records."""
    data_set = write_data_set(tmp_path / 'data', [f'word{number}' for number in range(9)],
                              ['a', 'b', 'c', 'd', 'e'])
    assert convert(data_set, tmp_path / 'out', *flags) == 0
    return tmp_path / 'out'
