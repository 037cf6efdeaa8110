"""Tests of runs that are ended at any moment: what they leave is whole, or says that it is not."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from data_provider import annotation
from data_provider.conversion import Converted
from data_provider.conversion_output import ConversionOutput
from data_provider.drawing import drawn_data_set
from data_provider.settings import ConversionSettings
from local_utils import command_line, establish_char_dict, files, manifest, record_files, tfrecord
from local_utils.char_codec import CharacterCodec
from tools import generate_text_images

NUM_KILLS = 8
SEED = 3

REMOVES_SLOWLY = """
import os, sys, time
from data_provider.drawing import drawn_data_set

def remove_slowly(path, *, remove=os.remove, **how):
    time.sleep(0.002)
    remove(path, **how)

os.remove = remove_slowly
print('ready', flush=True)
drawn_data_set.make_room(sys.argv[1], overwrite=True)
"""


def write_record_files(folder, codec, num_records, num_shards):
    """Write the files of a conversion, each of so many records, without a data set and without workers."""
    settings = ConversionSettings('', str(folder), (100, 32), 25, num_shards=num_shards)
    (folder / 'piece').write_bytes(tfrecord.frame(b'payload') * num_records)
    with ConversionOutput(settings, codec) as output:
        for shard in range(num_shards):
            for split in record_files.SPLITS:
                piece = shutil.copy(folder / 'piece', folder / 'copy')
                output.write(Converted({split: piece}, {split: num_records}, [], [], [], []), 'Train', shard)
        os.remove(folder / 'piece')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('moment', range(12))
def test_a_signal_while_the_records_take_their_names_waits_until_all_have(tmp_path, monkeypatch, number,
                                                                          moment):
    write_record_files(tmp_path, CharacterCodec('abc'), num_records=2, num_shards=2)
    moments = []

    def interrupted(function):
        def act(*paths):
            if len(moments) == moment:
                signal.raise_signal(number)
            moments.append(paths)
            function(*paths)
        return act

    remove_former = ConversionOutput._remove_former

    def from_here(output):
        monkeypatch.setattr(os, 'replace', interrupted(os.replace))
        monkeypatch.setattr(os, 'remove', interrupted(os.remove))
        remove_former(output)

    monkeypatch.setattr(ConversionOutput, '_remove_former', from_here)
    codec = CharacterCodec('abcd')
    assert ended(lambda: write_record_files(tmp_path, codec, 3, num_shards=1)) == 128 + number
    assert len(moments) > moment
    assert establish_char_dict.read_alphabet(str(tmp_path)).characters == 'abcd'
    manifest.check(str(tmp_path), 'abcd', (100, 32))
    for split in record_files.SPLITS:
        path, = record_files.find_record_files(str(tmp_path), split)
        assert record_files.count_records([path]) == [3]
    assert not list(tmp_path.glob('*incomplete'))


def ended(run):
    """Return the exit status with which a script ends that does what a function does."""
    try:
        return command_line.run_tool(lambda _: run(), [])
    except command_line.Terminated as error:
        return error.code


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """Return the bytes of the files of a drawn data set, dict of path → bytes."""
    folder = tmp_path_factory.mktemp('drawn')
    flags = ['--save_dir', str(folder), '--num_train', '60', '--num_test', '20', '--style', 'plain']
    assert command_line.run_tool(generate_text_images.main, flags) == 0
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def write(files_of_set, folder):
    for path, content in files_of_set.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def listed_images(folder):
    """Return the images that the lists of a data set name, those lists that there are."""
    paths = [pathlib.Path(annotation.path_of(part, str(folder))) for part in annotation.PARTS]
    return [line.split()[0].lstrip('/') for path in paths if path.exists()
            for line in path.read_text().splitlines()]


def test_lists_never_name_images_that_are_gone_however_an_overwriting_is_killed(drawn, tmp_path):
    moments = random.Random(SEED)
    halves = 0
    for number in range(NUM_KILLS):
        folder = tmp_path / str(number)
        write(drawn, folder)
        command = [sys.executable, '-c', REMOVES_SLOWLY, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                              cwd=files.repository_path()) as process:
            assert process.stdout.readline() == 'ready\n'
            time.sleep(moments.uniform(0, 0.25))   # the removing of 80 images takes 0.16 seconds at least
            process.kill()
        images = list(folder.glob('1/1/*.jpg'))
        halves += 0 < len(images) < 80
        assert all((folder / path).exists() for path in listed_images(folder))
        drawn_data_set.make_room(str(folder), overwrite=True)
        assert not list(folder.glob('1/1/*.jpg'))
        assert not list(folder.glob('T*/*'))
    assert halves


def test_a_drawing_that_is_ended_while_it_writes_its_lists_has_those_of_both_parts(tmp_path, monkeypatch):
    replace = os.replace

    def interrupted(source, target):
        if str(target).endswith('Train/sample.txt'):
            signal.raise_signal(signal.SIGTERM)
        replace(source, target)

    monkeypatch.setattr(os, 'replace', interrupted)
    flags = ['--save_dir', str(tmp_path), '--num_train', '3', '--num_test', '2', '--style', 'plain']
    assert ended(lambda: generate_text_images.main(flags)) == 143
    assert len(listed_images(tmp_path)) == 5
