"""Tests of imports into a folder that holds something already."""
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

from local_utils import files
from tests.imported import put, run, samples_of, texts_of, write


def test_what_a_killed_import_left_is_no_data_set_and_is_written_over(tmp_path):
    put(tmp_path / 'gt', *(f'{number}.png' for number in range(3)))
    for number in range(3):
        write(tmp_path / 'gt' / f'{number}.gt.txt', 'word')
    write(tmp_path / 'set' / 'Train' / 'sample.txt.incomplete', 'images/0.png wo')
    (tmp_path / 'set' / 'images').symlink_to(tmp_path / 'elsewhere')
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'set') == 0
    assert texts_of(tmp_path / 'set', 'Train') == ['word'] * 3
    assert not list((tmp_path / 'set').rglob('*.incomplete'))


def test_a_folder_of_images_that_is_in_the_way_of_the_link_is_not_removed(tmp_path, capfd):
    put(tmp_path / 'gt', 'a.png')
    write(tmp_path / 'gt' / 'a.gt.txt', 'word')
    put(tmp_path / 'set' / 'images', 'own.png')
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'set') == 1
    assert 'expected to make a link of this name to the images; remove it, or --copy' in capfd.readouterr(
        ).err
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'set', '--copy') == 0
    assert (tmp_path / 'set' / 'images' / 'own.png').exists()


KILLED = '''
import os, signal, sys
from data_provider.importing import import_data_set
from local_utils import command_line
from tools import import_data_set as tool
import_data_set._DataSet.check_usable = lambda self: os.kill(os.getpid(), signal.SIGKILL)
command_line.run_tool(tool.main, sys.argv[1:])
'''


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob('*')
            if path.is_file() and path.name != '.lock' and not path.name.endswith('.incomplete')}


@pytest.mark.parametrize('flags', [['--copy'], []])
def test_an_import_over_a_data_set_that_is_killed_leaves_the_former_one_whole(tmp_path, flags):
    for source, size in (('a', 20), ('b', 30)):
        for name in ('one', 'two'):
            path = tmp_path / source / f'{name}.png'
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), np.full([32, size, 3], 7, np.uint8))
            write(path.with_suffix('.gt.txt'), f'{name} of {source}')
    data_set = tmp_path / 'set'
    assert run('gt_txt', tmp_path / 'a', data_set, *flags) == 0
    before, texts = files_of(data_set), samples_of(data_set, 'Train')
    assert dict(texts)['images/one.png'] == 'one of a'
    command = ['--from', 'gt_txt', str(tmp_path / 'b'), '--save_dir', str(data_set), '--overwrite', *flags]
    killed = subprocess.run([sys.executable, '-c', KILLED, *command], cwd=files.repository_path(),
                            check=False)
    assert killed.returncode == -signal.SIGKILL
    assert files_of(data_set).items() >= before.items()
    assert cv2.imread(str(data_set / 'images' / 'one.png')).shape[1] == 20
    for _ in range(2):   # over the killed one and the former one, and over the new one
        assert run('gt_txt', tmp_path / 'b', data_set, '--overwrite', *flags) == 0
        (path, text), _ = sorted(samples_of(data_set, 'Train'))
        assert text == 'one of b'
        assert cv2.imread(str(data_set / path)).shape[1] == 30
        assert len(list(data_set.glob('images*'))) == 1


def test_what_an_import_over_a_data_set_reads_or_did_not_make_stays(tmp_path):
    data_set = tmp_path / 'set'
    put(tmp_path / 'own', 'a.png')
    data_set.mkdir()
    (data_set / 'images').symlink_to(tmp_path / 'own')
    write(data_set / 'labels.csv', 'filename,words\nimages/a.png,one\n')
    for flags in ([], ['--overwrite']):
        assert run('csv', data_set / 'labels.csv', data_set, *flags) == 0
        assert samples_of(data_set, 'Train') == [('images/a.png', 'one')]
        assert (data_set / 'images').resolve() == tmp_path / 'own'
    assert run('file_names', tmp_path / 'own', data_set, '--overwrite', '--copy') == 0
    assert (tmp_path / 'own' / 'a.png').exists()
    put(data_set / 'images-7', 'mine.png')
    assert run('file_names', tmp_path / 'own', data_set, '--overwrite') == 0
    assert samples_of(data_set, 'Train') == [('images/a.png', 'a')]
    assert (data_set / 'images-7' / 'mine.png').exists()
