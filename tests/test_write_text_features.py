"""Tests of tools.write_text_features."""
import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from data_provider import convert as conversion_room
from local_utils import command_line, data_utils, files, folder_lock, manifest, record_files
from local_utils.establish_char_dict import read_alphabet
from tests.conftest import convert, draw, write_data_set
from tools import write_text_features

WORDS = [f'word{number}' for number in range(40)]


def read(save_dir, split, codec):
    reader = data_utils.TextFeatureIO(codec).reader
    return [feature for path in record_files.find_record_files(str(save_dir), split)
            for feature in reader.read_features(path)]


def errors_of(capfd):
    """Return the lines of standard error but for those that only say how things go."""
    return [line for line in capfd.readouterr().err.strip().splitlines() if ' INFO ' not in line]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_sample_lands_in_one_split_with_its_image_label_and_name(tmp_path, codec):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['test1', 'TEST2'])
    assert convert(data_set, tmp_path / 'out') == 0
    train, validation, test = (read(tmp_path / 'out', split, codec)
                               for split in ('train', 'validation', 'test'))
    assert sorted(codec.decode(feature.label) for feature in train + validation) == sorted(WORDS)
    assert [codec.decode(feature.label) for feature in test] == ['test1', 'test2']
    assert 1 <= len(validation) <= 15
    assert np.array_equal(test[0].image, draw('test1'))
    assert test[0].imagename == '0.png'
    assert read_alphabet(tmp_path / 'out').characters == codec.characters
    written = json.loads((tmp_path / 'out' / 'manifest.json').read_text())
    assert written['splits']['train']['records'] == len(train)
    assert written['image_size'] == [100, 32]
    assert written['alphabet'] == codec.characters
    assert written['rejected'] == {}


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


def test_the_platforms_folders_are_the_defaults_and_the_users_own_win(tmp_path):
    for name in ('platform', 'own'):
        write_data_set(tmp_path / name, WORDS, [name])
    flags = [f'--data_dir={tmp_path}/platform', f'--output_dir={tmp_path}/records', '--num_workers', '1']
    for own, test_word in (([], 'platform'), (['--dataset_dir', str(tmp_path / 'own')], 'own')):
        assert command_line.run_tool(write_text_features.main, [*own, *flags]) == 0
        feature, = read(tmp_path / 'records', 'test', read_alphabet(tmp_path / 'records'))
        assert ''.join(read_alphabet(tmp_path / 'records').characters[index]
                       for index in feature.label) == test_word


def test_what_a_killed_conversion_left_of_other_shards_goes(tmp_path):
    words = write_data_set(tmp_path / 'words', WORDS, ['test'])
    (tmp_path / 'records').mkdir()
    left = tmp_path / 'records' / 'train_feature.tfrecords-00000-of-00008.incomplete'
    left.touch()
    assert convert(words, tmp_path / 'records', '--num_shards', '2') == 0
    assert not left.exists()


def test_more_shards_than_files_can_be_open_are_refused(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(files.resource, 'getrlimit', lambda _: (10, 20))
    assert convert(tmp_path, tmp_path / 'records', '--num_shards', '7') == 1
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


def test_what_cannot_be_used_is_listed_and_counted_and_the_rest_converted(tmp_path, codec, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    (data_set / 'empty.png').write_bytes(b'')
    (data_set / 'text.png').write_text('no image')
    cv2.imwrite(str(data_set / 'thin.png'), np.zeros((1, 50, 3), np.uint8))
    with open(data_set / 'Train' / 'sample.txt', 'a', encoding='utf-8') as file:
        file.write('\n'.join(['', '/1/Train/0.png', '/none.png word', '/1/Train/1.png caf\u00e9',
                              '/1/Train/1.png ' + 'xy' * 13,
                              '/1/Train/1.png ' + 'a' * 14, '/empty.png a', '/text.png a', '/thin.png a',
                              '/../data/1/Train/0.png a', '/1 a', '/1/Train/2.png two words', '']))
    assert convert(data_set, tmp_path / 'out') == 0
    rows = [line.split('\t') for line in (tmp_path / 'out' / 'rejects.tsv').read_text().splitlines()]
    assert rows[0] == ['file', 'line', 'path', 'text', 'reason']
    reasons = {int(row[1]): row[4] for row in rows[1:]}
    assert {row[0] for row in rows[1:]} == {'Train/sample.txt'}
    expected = {42: 'no text', 43: 'missing image', 44: "outside the alphabet: character '\u00e9'",
                45: 'text too long: CTC needs 26', 46: 'text too long: CTC needs 27',
                47: 'empty file', 48: 'not an image', 49: 'image too small',
                50: 'path leaves the data set', 51: 'unreadable image',
                52: "outside the alphabet: character ' '"}
    assert reasons.keys() == expected.keys()
    assert all(reasons[line].startswith(start) for line, start in expected.items())
    assert sorted(codec.decode(feature.label) for split in ('train', 'validation')
                  for feature in read(tmp_path / 'out', split, codec)) == sorted(WORDS)
    assert json.loads(
        (tmp_path / 'out' / 'manifest.json').read_text())['rejected']['outside the alphabet'] == 2
    errors = capfd.readouterr().err
    assert 'rejected 2: outside the alphabet' in errors
    assert "the alphabet lacks 2 characters of the texts, most often '\u00e9' (1), ' ' (1)" in errors


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda data_set: data_set.rename(data_set.parent / 'elsewhere'), 'no such data set'),
    (lambda data_set: (data_set / 'Train' / 'sample.txt').unlink(),
     'Train/sample.txt: no such file; expected one'),
    (lambda data_set: (data_set / 'Test' / 'sample.txt').write_text(''),
     'no usable sample for the test records'),
    (lambda data_set: (data_set / 'ord_map.json').write_text('{"0": '), 'ord_map.json, line 1'),
    (lambda data_set: (data_set / 'char_dict.json').unlink(),
     'char_dict.json: no such file; an alphabet is the two files'),
])
def test_an_unusable_data_set_is_one_line_and_the_former_records_stay(tmp_path, capfd, spoil, message):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    before = content(tmp_path / 'out')
    capfd.readouterr()
    spoil(data_set)
    assert convert(data_set, tmp_path / 'out') == 1
    error, = errors_of(capfd)
    assert message in error
    assert content(tmp_path / 'out') == before


@pytest.mark.parametrize('has_former', [False, True])
def test_without_a_usable_sample_the_rejects_are_listed_and_nothing_else_changes(tmp_path, capfd, has_former):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert not has_former or convert(data_set, tmp_path / 'out') == 0
    before = content(tmp_path / 'out') if has_former else {}
    capfd.readouterr()
    (data_set / 'Train' / 'sample.txt').write_text('/none.png a\n')
    assert convert(data_set, tmp_path / 'out') == 1
    error, = errors_of(capfd)
    assert f'rejected: missing image: 1 (see {tmp_path}/out/rejects.tsv)' in error
    assert 'rejects.tsv); first Train/sample.txt, line 1: missing' in error
    after = content(tmp_path / 'out')
    header, row = after.pop('rejects.tsv').decode().splitlines()
    assert header == 'file\tline\tpath\ttext\treason'
    assert row.startswith('Train/sample.txt\t1\tnone.png\ta\tmissing image: ')
    assert after == {name: data for name, data in before.items() if name != 'rejects.tsv'}


def test_a_wrong_folder_or_alphabet_is_noticed_before_the_long_work(tmp_path, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS * 2, ['a'])
    with open(data_set / 'Train' / 'sample.txt', 'a') as file:
        file.write('/1/Train/0.png word\n')
    for path in (data_set / '1' / 'Train').iterdir():
        path.rename(path.with_name(f'x{path.name}'))
    assert convert(data_set, tmp_path / 'out') == 1
    first, _ = errors_of(capfd)
    assert 'Train/sample.txt: none of the first 50 lines can be used; line 1: missing image' in first


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere names of files are text')
def test_a_data_set_in_a_folder_whose_name_is_no_utf8_is_converted(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a']).rename(tmp_path / os.fsdecode(b'd\xff'))
    with open(data_set / 'Train' / 'sample.txt', 'a') as file:
        file.write('/1/none.png none\n')
    assert convert(data_set, tmp_path / 'out') == 0
    assert '\\udcff/1/none.png: No such file' in (
        tmp_path / 'out' / 'rejects.tsv').read_text(encoding='utf-8')


def test_a_run_killed_in_the_middle_leaves_no_half_file_and_can_be_run_again(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    lines = (data_set / 'Train' / 'sample.txt').read_text()
    (data_set / 'Train' / 'sample.txt').write_text(lines * 500)
    command = [sys.executable, files.repository_path('tools', 'write_text_features.py'),
               '--dataset_dir', str(data_set), '--save_dir', str(tmp_path / 'out')]
    half = tmp_path / 'out' / 'train_feature.tfrecords.incomplete'
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (half.exists() and half.stat().st_size):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert half.exists()
    assert list((tmp_path / 'out').glob('scratch-*'))
    assert not list((tmp_path / 'out').glob('*.tfrecords'))
    (data_set / 'Train' / 'sample.txt').write_text(lines)
    assert convert(data_set, tmp_path / 'out') == 0
    assert not list((tmp_path / 'out').glob('*.incomplete'))


@pytest.mark.parametrize(('lock', 'name', 'message'), [
    (folder_lock.only_writer, '', 'another run is writing into this folder'),
    (folder_lock.reading, manifest.NAME, 'another run reads these files')])
def test_a_conversion_into_a_folder_that_is_written_or_read_is_refused_and_damages_nothing(
        tmp_path, capfd, lock, name, message):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    with lock(tmp_path / 'out' / name):
        before = content(tmp_path / 'out')
        capfd.readouterr()
        assert convert(data_set, tmp_path / 'out', '--num_shards', '2') == 1
        error, = errors_of(capfd)
        assert message in error
        assert content(tmp_path / 'out') == before
    assert convert(data_set, tmp_path / 'out') == 0


def test_without_annotations_of_test_only_train_and_validation_are_written_and_said(tmp_path, codec, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    (data_set / 'Test' / 'sample.txt').unlink()
    assert convert(data_set, tmp_path / 'out') == 0
    warning, = errors_of(capfd)
    assert 'Test/sample.txt: no such file; there will be no test records' in warning
    assert not record_files.existing_record_files(tmp_path / 'out', 'test')
    assert len(read(tmp_path / 'out', 'train', codec)) + len(read(tmp_path / 'out', 'validation',
                                                                  codec)) == len(WORDS)
    assert manifest.read(str(tmp_path / 'out'))['splits'].keys() == {'train', 'validation'}


def test_what_deserves_a_look_is_counted_and_named(tmp_path, codec, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    whole = cv2.imencode('.jpg', draw('word'))[1].tobytes()
    (data_set / 'damaged.jpg').write_bytes(whole[:-2] + b'more' + whole[-2:])
    with open(data_set / 'Train' / 'sample.txt', 'a', encoding='utf-8') as file:
        file.write('\n'.join(['damaged.jpg word', './1/Train/3.png word3', '/1/Train/4.PNG other',
                              '1/Test/0.png a',
                              '/1/Train/4.png four', '/1/Train/5.png it\u2019s', '/1/Train/6.png ###', '']))
    assert convert(data_set, tmp_path / 'out', '--validation_split', '0', '--drop_foreign', '--ignore_text',
                   '###', '***') == 0
    rows = [line.split('\t')
            for line in (tmp_path / 'out' / 'remarks.tsv').read_text(encoding='utf-8').splitlines()]
    assert rows[0] == ['file', 'line', 'path', 'text', 'reason']
    remarks = {(row[0], int(row[1])): row[4] for row in reversed(rows[1:])}   # of two the first
    assert remarks.pop(('Train/sample.txt', 41)).startswith('Corrupt JPEG data')
    assert remarks == {
        ('Train/sample.txt', 42): "line 4 of Train/sample.txt has it with 'word3'",
        ('Train/sample.txt', 43): '1/Train/4.png for 1/Train/4.PNG',
        ('Test/sample.txt', 1): "line 44 of Train/sample.txt has it with 'a'",
        ('Train/sample.txt', 45): "line 5 of Train/sample.txt has it with 'word4'",
        ('Train/sample.txt', 46): 'U+2019 RIGHT SINGLE QUOTATION MARK',
        ('Train/sample.txt', 47): "line 7 of Train/sample.txt has it with 'word6'",
    }
    texts = [codec.decode(feature.label) for feature in read(tmp_path / 'out', 'train', codec)]
    assert texts == [*WORDS, 'word', 'word3', 'other', 'a', 'four', 'its']
    errors = '\n'.join(errors_of(capfd))
    assert '1: found under another name, such as 1/Train/4.PNG: 1/Train/4.png for 1/Train/4.PNG' in errors
    assert "1: decoder's complaint, such as damaged.jpg: Corrupt JPEG data" in errors
    assert '1: listed in Train and in Test, such as 1/Test/0.png' in errors
    assert '1: characters dropped from the text' in errors
    assert 'rejected 1: text to ignore' in errors


def test_conversion_needs_no_tensorflow(tmp_path):
    code = 'import sys, tools.write_text_features; sys.exit("tensorflow" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code], cwd=files.repository_path(),
                          check=False).returncode == 0
