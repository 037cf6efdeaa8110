"""Tests of local_utils.folder_lock."""
import os
import signal
import subprocess
import sys

import pytest

from local_utils import files, folder_lock
from local_utils.errors import InputError

HOLDER = ('import sys, time; from local_utils import folder_lock\n'
          'with folder_lock.only_writer(sys.argv[1]): print("locked", flush=True); time.sleep(60)')


def start_holder(folder):
    """Start a process that holds the lock of a folder; returns it once it does."""
    command = [sys.executable, '-c', HOLDER, str(folder)]
    process = subprocess.Popen(command, cwd=files.repository_path(), stdout=subprocess.PIPE)
    assert process.stdout.readline() == b'locked\n'
    return process


def test_the_folder_is_made_and_nothing_of_the_lock_stays(tmp_path):
    with folder_lock.only_writer(tmp_path / 'deep' / 'new'):
        assert (tmp_path / 'deep' / 'new').is_dir()
    assert os.listdir(tmp_path / 'deep' / 'new') == []


def test_a_second_writer_is_refused_until_the_first_has_ended(tmp_path):
    with folder_lock.only_writer(tmp_path):
        with (pytest.raises(OSError, match='another run is writing into this folder') as caught,
              folder_lock.only_writer(tmp_path)):
            pass
        assert str(tmp_path) in str(caught.value)
        # the refused one removed no lock
        with pytest.raises(OSError, match='another run'), folder_lock.only_writer(tmp_path):
            pass
    with folder_lock.only_writer(tmp_path):
        pass


def test_a_killed_writer_leaves_no_lock_behind(tmp_path):
    with start_holder(tmp_path) as process:
        with pytest.raises(OSError, match='another run'), folder_lock.only_writer(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
    with folder_lock.only_writer(tmp_path):
        pass


def test_readers_share_a_file_that_is_not_replaced_meanwhile(tmp_path):
    path = tmp_path / 'manifest.json'
    path.write_text('{}')
    with (folder_lock.reading(path), folder_lock.reading(path),
          pytest.raises(OSError, match='manifest.json: another run reads these files'),
          folder_lock.replacing(path)):
        pass
    with (folder_lock.replacing(path),
          pytest.raises(OSError, match='manifest.json: another run is writing these files anew'),
          folder_lock.reading(path)):
        pass
    with folder_lock.reading(path):
        pass


def test_a_file_that_is_not_there_is_read_and_replaced_without_a_lock(tmp_path):
    with folder_lock.reading(tmp_path / 'none'), folder_lock.replacing(tmp_path / 'none'):
        pass
    assert os.listdir(tmp_path) == []


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path):
    (tmp_path / 'file').touch()
    with (pytest.raises(InputError, match='file: expected a folder, got a file'),
          folder_lock.only_writer(tmp_path / 'file')):
        pass


def test_a_file_system_without_locks_is_written_to_all_the_same(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError('no locks available')
    monkeypatch.setattr(folder_lock.fcntl, 'flock', no_locks)
    with folder_lock.only_writer(tmp_path):
        pass
    assert os.listdir(tmp_path) == []
    (tmp_path / 'manifest.json').touch()
    with folder_lock.reading(tmp_path / 'manifest.json'), folder_lock.replacing(tmp_path / 'manifest.json'):
        pass
