"""Tests of links in output folders: nothing that is written is led elsewhere, and no target is removed."""
import os

import pytest

from local_utils import command_line, files, opening
from local_utils.errors import InputError, Unavailable
from reading.page import folder
from tests.conftest import convert, write_data_set
from tests.small_run import error_lines, tensors_of, train
from tools import generate_text_images


@pytest.fixture
def elsewhere(tmp_path):
    """Return a folder with a file, to which links lead."""
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / 'precious').write_text('precious')
    yield tmp_path / 'elsewhere'
    assert [path.name for path in (tmp_path / 'elsewhere').iterdir()] == ['precious']


@pytest.mark.parametrize('name', ['best', 'log'])
def test_a_folder_of_a_run_that_is_a_link_is_refused_before_the_first_step(
        records, tmp_path, elsewhere, capfd, name):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / name).symlink_to(elsewhere)
    assert train(records, tmp_path / 'run') == 1
    error, = error_lines(capfd)
    assert error.endswith(f'run/{name}: expected a folder to write to, got a link; remove it')
    assert not list((tmp_path / 'run').glob('shadownet*'))


def test_a_link_where_a_checkpoint_is_half_written_is_removed(records, tmp_path, elsewhere):
    (tmp_path / 'run').mkdir()
    for name in ('shadownet.ckpt-2_temp', 'checkpoint'):
        (tmp_path / 'run' / name).symlink_to(elsewhere if 'temp' in name else elsewhere / 'precious')
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert tensors_of(tmp_path / 'run')['global_step'] == 2
    assert not (tmp_path / 'run' / 'shadownet.ckpt-2_temp').is_symlink()
    assert (elsewhere / 'precious').read_text() == 'precious'


def test_a_link_in_place_of_the_folder_that_a_conversion_works_in_is_removed(tmp_path, elsewhere):
    data_set = write_data_set(tmp_path / 'data', [f'word{number}' for number in range(9)], ['a'])
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'scratch-1.incomplete').symlink_to(elsewhere)
    assert convert(data_set, tmp_path / 'out') == 0
    assert not list((tmp_path / 'out').glob('scratch*'))


@pytest.mark.parametrize('name', ['Train', '1', '1/1'])
def test_a_folder_of_drawn_words_that_is_a_link_is_refused(tmp_path, elsewhere, capfd, name):
    path = tmp_path / 'drawn' / name
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere)
    flags = ['--save_dir', str(tmp_path / 'drawn'), '--num_train', '2', '--num_test', '1',
             '--num_workers', '1', '--style', 'plain']
    assert command_line.run_tool(generate_text_images.main, flags) == 1
    error, = error_lines(capfd)
    assert error.endswith(f'{name}: expected a folder to write to, got a link; remove it')


def test_an_output_folder_may_be_a_link_but_nothing_below_it(tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'out').symlink_to(tmp_path / 'disk')
    assert opening.make_folder(tmp_path / 'out', 'a/b') == str(tmp_path / 'out' / 'a' / 'b')
    assert (tmp_path / 'disk' / 'a' / 'b').is_dir()
    (tmp_path / 'disk' / 'a' / 'c').symlink_to(tmp_path)
    with pytest.raises(InputError, match='out/a/c: expected a folder to write to, got a link'):
        opening.make_folder(tmp_path / 'out', 'a/c/d')
    assert not (tmp_path / 'd').exists()


def test_removing_a_link_leaves_its_target_and_removing_nothing_is_no_error(tmp_path, elsewhere):
    (tmp_path / 'link').symlink_to(elsewhere)
    (tmp_path / 'folder' / 'sub').mkdir(parents=True)
    (tmp_path / 'folder' / 'sub' / 'link').symlink_to(elsewhere)
    for name in ('link', 'folder', 'none'):
        files.remove(tmp_path / name)
        assert not os.path.lexists(tmp_path / name)


def test_of_two_writers_of_one_file_the_later_one_finishes_and_nothing_is_mixed(tmp_path):
    first, second = files.atomic_file(tmp_path / 'a'), files.atomic_file(tmp_path / 'a')
    first.__enter__().write(b'first')
    second.__enter__().write(b'second')
    with pytest.raises(Unavailable, match='a: another run is writing this file'):
        first.__exit__(None, None, None)
    assert not (tmp_path / 'a').exists()
    second.__exit__(None, None, None)
    assert (tmp_path / 'a').read_bytes() == b'second'
    assert os.listdir(tmp_path) == ['a']


def test_a_link_in_place_of_a_page_that_is_being_written_is_removed(tmp_path, elsewhere, monkeypatch):
    def no_export(_, path, *_others):
        with open(path, 'wb'):
            raise InputError('reads otherwise')

    (tmp_path / 'runtime').mkdir()
    for name in folder.RUNTIME_FILES:
        (tmp_path / 'runtime' / name).write_bytes(b'')
    (tmp_path / 'page.incomplete').symlink_to(elsewhere)
    monkeypatch.setattr(folder.forms, 'export', no_export)
    for path in ('page', 'new/site/page'):
        with pytest.raises(InputError, match='reads otherwise'):
            folder.export('bundled', str(tmp_path / path), [], runtime_dir=str(tmp_path / 'runtime'))
    assert sorted(os.listdir(tmp_path)) == ['elsewhere', 'runtime']
