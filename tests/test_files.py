"""Tests of local_utils.files."""
import errno
import os

import pytest

from local_utils import files
from local_utils.errors import InputError


def test_a_file_appears_when_its_block_has_ended(tmp_path):
    path = tmp_path / 'file'
    with files.atomic_file(path) as file:
        file.write(b'new')
        assert not path.exists()
    assert path.read_bytes() == b'new'
    assert os.listdir(tmp_path) == ['file']


def test_a_file_whose_block_raises_leaves_the_former_one(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    with pytest.raises(OSError, match='full') as caught, files.atomic_file(path) as file:
        file.write(b'new')
        raise OSError(errno.ENOSPC, 'full')
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['file']


def test_new_folders_stay_where_their_block_ends_and_go_where_it_raises(tmp_path):
    (tmp_path / 'there').mkdir()
    with files.new_folder(str(tmp_path / 'there' / 'kept')):
        pass
    with pytest.raises(KeyboardInterrupt), files.new_folder(f'{tmp_path}/there/kept/a/b/'):
        assert (tmp_path / 'there' / 'kept' / 'a' / 'b').is_dir()
        raise KeyboardInterrupt
    assert os.listdir(tmp_path / 'there' / 'kept') == []
    with pytest.raises(KeyboardInterrupt), files.new_folder(f'{tmp_path}/x/y/z'):
        (tmp_path / 'x' / 'file').touch()
        raise KeyboardInterrupt
    assert os.listdir(tmp_path / 'x') == ['file']


def test_a_full_disk_is_put_down_to_the_file_and_another_error_is_not(tmp_path):
    for code, filename in ((errno.ENOSPC, str(tmp_path)), (errno.EMFILE, None)):
        with pytest.raises(OSError, match='what') as caught, files.named_errors(tmp_path):
            raise OSError(code, 'what')
        assert caught.value.filename == filename


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(tmp_path, monkeypatch):
    files.check_target(str(tmp_path / 'a.html'), ('.html',))
    monkeypatch.setattr(files.os, 'access', lambda path, mode: path != str(tmp_path))   # as for other users
    with pytest.raises(InputError, match=r'a\.html: expected a folder that may be written to'):
        files.check_target(str(tmp_path / 'a.html'), ('.html',))


@pytest.mark.parametrize('path', ['none/a', 'file/a'])
def test_a_file_that_cannot_be_made_is_named_without_the_end_of_a_temporary_one(tmp_path, path):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='.') as caught, files.atomic_file(tmp_path / path):
        pass
    assert caught.value.filename == str(tmp_path / path)
