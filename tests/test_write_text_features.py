"""Tests of tools.write_text_features."""
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from local_utils import command_line, files, folder_lock, manifest
from local_utils.establish_char_dict import read_alphabet
from tests.conftest import convert, draw, write_data_set
from tests.converted import WORDS, content, errors_of, read
from tools import write_text_features


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


def test_the_platforms_folders_are_the_defaults_and_the_users_own_win(tmp_path):
    for name in ('platform', 'own'):
        write_data_set(tmp_path / name, WORDS, [name])
    flags = [f'--data_dir={tmp_path}/platform', f'--output_dir={tmp_path}/records', '--num_workers', '1']
    for own, test_word in (([], 'platform'), (['--dataset_dir', str(tmp_path / 'own')], 'own')):
        assert command_line.run_tool(write_text_features.main, [*own, *flags]) == 0
        feature, = read(tmp_path / 'records', 'test', read_alphabet(tmp_path / 'records'))
        assert ''.join(read_alphabet(tmp_path / 'records').characters[index]
                       for index in feature.label) == test_word


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere names of files are text')
def test_a_data_set_in_a_folder_whose_name_is_no_utf8_is_converted(tmp_path):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a']).rename(tmp_path / os.fsdecode(b'd\xff'))
    with open(data_set / 'Train' / 'sample.txt', 'a') as file:
        file.write('/1/none.png none\n')
    assert convert(data_set, tmp_path / 'out') == 0
    assert '\\xff/1/none.png: No such file' in (
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


def test_conversion_needs_no_tensorflow(tmp_path):
    code = 'import sys, tools.write_text_features; sys.exit("tensorflow" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code], cwd=files.repository_path(),
                          check=False).returncode == 0
