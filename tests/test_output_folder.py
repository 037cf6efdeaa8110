"""Tests of data_provider.output_folder, with the scripts that write data sets and records."""
import pytest

from local_utils import command_line
from tests.conftest import convert, write_data_set
from tests.imported import put, run, write
from tools import generate_text_images

FEW = ['--num_train', '2', '--num_test', '1', '--style', 'plain', '--num_workers', '1']


def contents_of(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob('*')}


@pytest.mark.parametrize(('save_dir', 'status', 'message'), [
    ('words', 2, 'words: the folder of the data set; expected another one'),
    ('link', 2, 'link: the folder of the data set'),
    ('words/Train', 1, 'words/Train/sample.txt: there is a data set in this folder; expected another one'),
    ('other', 1, 'other/Test/sample.txt: there is a data set in this folder')])
@pytest.mark.parametrize('flags', [[], ['--check']])
def test_records_go_to_no_folder_of_a_data_set(tmp_path, capfd, save_dir, status, message, flags):
    write_data_set(tmp_path / 'words', ['one', 'two'], ['one'])
    write(tmp_path / 'other' / 'Test' / 'sample.txt', 'a.png one\n')
    (tmp_path / 'link').symlink_to(tmp_path / 'words')
    before = contents_of(tmp_path)
    assert convert(tmp_path / 'words', tmp_path / save_dir, *flags) == status
    line, = capfd.readouterr().err.splitlines()
    assert message in line
    assert contents_of(tmp_path) == before


def test_records_may_have_a_folder_in_that_of_their_data_set(tmp_path):
    write_data_set(tmp_path, ['one', 'two'] * 10, ['one'])
    assert convert(tmp_path, tmp_path / 'tfrecords') == 0
    assert (tmp_path / 'tfrecords' / 'manifest.json').exists()


@pytest.mark.parametrize('name', ['manifest.json', 'train_feature.tfrecords-00000-of-00002'])
def test_a_data_set_goes_to_no_folder_of_records(tmp_path, capfd, name):
    put(tmp_path / 'gt', 'a.png')
    write(tmp_path / 'gt' / 'a.gt.txt', 'word')
    write(tmp_path / 'records' / name, '{}')
    before = contents_of(tmp_path)
    flags = ['--save_dir', str(tmp_path / 'records'), *FEW]
    for status in (run('gt_txt', tmp_path / 'gt', tmp_path / 'records', '--overwrite'),
                   command_line.run_tool(generate_text_images.main, flags)):
        assert status == 1
    imported, *_, drawn = capfd.readouterr().err.splitlines()
    for line in (imported, drawn):
        assert f'records/{name}: there are records in this folder; expected another one' in line
    assert contents_of(tmp_path) == before
