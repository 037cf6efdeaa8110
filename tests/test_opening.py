"""Tests of local_utils.opening, and that everything is opened there."""
import ast
import contextlib
import os
import pathlib

import pytest

from local_utils import opening
from local_utils.errors import InputError
from tests.test_layout import MODULES, ROOT

OPENERS = {'open', 'fdopen', 'mkstemp', 'read_bytes', 'read_text', 'write_bytes', 'write_text', 'imread',
           'imwrite',
           'fromfile', 'loadtxt'}
OPEN_THEMSELVES = {   # with what
    'local_utils/opening.py': 'the one place',
    'data_provider/conversion.py': 'a new file in a new folder',
    'local_utils/command_line.py': 'the null device',
    'local_utils/startup.py': 'the null device',
    'local_utils/tensorflow_import.py': 'the null device',
    'local_utils/session_utils.py': '/proc',
    'local_utils/network_namespace.py': '/proc',
    'reading/service/decoding_worker.py': '/proc',
    'reading/service/metrics.py': '/proc',
    'reading/service/static_files.py': 'the project\'s own page',
}
FOUR_BYTES = b'four'


@pytest.fixture
def pipe(tmp_path):
    """Return the path of a pipe with nobody at its other end: to open it is to wait for ever."""
    os.mkfifo(tmp_path / 'pipe')
    return tmp_path / 'pipe'


def test_a_file_is_read_and_written_and_a_link_to_one_is_read(tmp_path):
    with opening.open_file(tmp_path / 'a', 'w', encoding='utf-8') as file:
        file.write('ä')
        assert file.name == str(tmp_path / 'a')
    (tmp_path / 'link').symlink_to(tmp_path / 'a')
    with opening.open_file(tmp_path / 'link', 'r', encoding='utf-8') as file:
        assert file.read() == 'ä'


def test_what_is_no_file_is_neither_read_nor_waited_for(tmp_path, pipe):
    for path in (tmp_path, pipe, '/dev/zero'):
        for look in (opening.open_file, opening.check, lambda path: opening.read_file(path, 100)):
            with pytest.raises(InputError, match='expected a file, got a folder, a pipe or a device'):
                look(path)
    with pytest.raises(FileNotFoundError):
        opening.open_file(tmp_path / 'none')


def test_a_file_is_written_in_place_of_a_link_or_a_pipe_and_not_where_the_link_leads(tmp_path, pipe):
    (tmp_path / 'precious').write_bytes(FOUR_BYTES)
    (tmp_path / 'link').symlink_to(tmp_path / 'precious')
    os.link(tmp_path / 'precious', tmp_path / 'second name')
    for path in (tmp_path / 'link', pipe, tmp_path / 'second name'):
        with opening.open_file(path, 'wb') as file:
            file.write(b'new')
        assert path.read_bytes() == b'new'
        assert not path.is_symlink()
    assert (tmp_path / 'precious').read_bytes() == FOUR_BYTES


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / 'folder').mkdir()
    with pytest.raises(OSError, match='folder'):   # is a directory, or not permitted
        opening.open_file(tmp_path / 'folder', 'wb')


@pytest.mark.parametrize('name', ['link', 'pipe', 'second name'])
def test_what_takes_a_name_while_it_is_opened_is_not_written_through(tmp_path, pipe, monkeypatch, name):
    (tmp_path / 'precious').write_bytes(FOUR_BYTES)
    replace = os.replace

    def too_late(source, target):
        os.symlink('precious', tmp_path / 'link') if name == 'link' else os.link(
            pipe if name == 'pipe' else tmp_path / 'precious', target)
        replace(source, target)

    target = tmp_path / 'link' if name == 'link' else tmp_path / 'new'
    monkeypatch.setattr(opening.os, 'replace', too_late)
    with opening.open_file(target, 'wb') as file:
        file.write(b'new')
    assert target.read_bytes() == b'new'
    assert not target.is_symlink()
    assert (tmp_path / 'precious').read_bytes() == FOUR_BYTES


def test_what_was_there_keeps_its_content_for_those_who_have_it_open(tmp_path):
    (tmp_path / 'mark').write_bytes(b'a longer content')
    with opening.open_file(tmp_path / 'mark') as before, opening.open_file(tmp_path / 'mark', 'wb') as file:
        file.write(b'new')
        assert before.read() == b'a longer content'
    assert (tmp_path / 'mark').read_bytes() == b'new'
    assert os.listdir(tmp_path) == ['mark']


@pytest.mark.parametrize('path', ['none/a', 'file/a', 'a' * 256])
def test_a_file_that_cannot_be_made_is_named_itself(tmp_path, path):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='.') as caught:
        opening.open_file(tmp_path / path, 'wb')
    assert caught.value.filename == str(tmp_path / path)
    assert os.listdir(tmp_path) == ['file']


def test_a_lock_is_a_file_of_its_own(tmp_path, pipe):
    with opening.open_lock(tmp_path / '.lock'):
        assert (tmp_path / '.lock').exists()
    (tmp_path / 'link').symlink_to(tmp_path / '.lock')
    with pytest.raises(InputError, match='link: expected a file to lock, got a link'):
        opening.open_lock(tmp_path / 'link')
    with pytest.raises((InputError, OSError), match='pipe'):
        opening.open_lock(pipe)


@pytest.fixture
def tree(tmp_path):
    """Return (a Tree of the folder `inside`, which holds `sub/a`, beside a folder `outside`
    that holds `a`).
    """
    for folder, content in (('inside/sub', b'inside'), ('outside', b'outside')):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'a').write_bytes(content)
    opened = opening.Tree(tmp_path / 'inside')
    yield opened
    opened.close()


def test_a_folder_that_became_a_link_does_not_lead_out(tree, tmp_path):
    assert tree.read('sub/a', 100) == b'inside'
    (tmp_path / 'inside' / 'sub').rename(tmp_path / 'inside' / 'moved')
    (tmp_path / 'inside' / 'sub').symlink_to(tmp_path / 'outside')
    assert tree.read('sub/a', 100) == b'inside'   # the folder that was looked at first
    with opening_anew(tmp_path) as anew, pytest.raises(opening.OutsideFolder, match='leads to'):
        anew.read('sub/a', 100)


def test_the_folder_itself_may_be_swapped_too(tree, tmp_path):
    (tmp_path / 'inside').rename(tmp_path / 'moved')
    (tmp_path / 'inside').symlink_to(tmp_path / 'outside')
    (tmp_path / 'outside' / 'sub').mkdir()
    (tmp_path / 'outside' / 'sub' / 'a').write_bytes(b'outside')
    assert tree.read('sub/a', 100) == b'inside'


def opening_anew(tmp_path):
    return contextlib.closing(opening.Tree(tmp_path / 'inside'))


def test_links_inside_are_followed_and_others_and_climbing_are_not(tree, tmp_path):
    inside = tmp_path / 'inside'
    (inside / 'link').symlink_to(inside / 'sub' / 'a')
    (inside / 'folder').symlink_to(inside / 'sub')
    (inside / 'out').symlink_to(tmp_path / 'outside')
    (inside / 'out.png').symlink_to(tmp_path / 'outside' / 'a')
    assert tree.read('link', 100) == tree.read('folder/a', 100) == tree.read('./sub/a', 100) == b'inside'
    for path in ('out/a', 'out.png', '../outside/a', 'sub/../../outside/a', str(tmp_path / 'outside' / 'a')):
        with pytest.raises(opening.OutsideFolder):
            tree.read(path, 100)


def test_a_tree_says_what_is_missing_too_large_or_no_file(tree, tmp_path):
    os.mkfifo(tmp_path / 'inside' / 'pipe')
    (tmp_path / 'inside' / 'round').symlink_to(tmp_path / 'inside' / 'round')
    for path, error in (('none', FileNotFoundError), ('sub/a/b', NotADirectoryError), ('sub', InputError),
                        ('pipe', InputError), ('a\0b', ValueError), ('round', OSError)):
        with pytest.raises(error):
            tree.read(path, 100)
    with pytest.raises(opening.TooLarge, match='expected at most 5 bytes, got 6'):
        tree.read('sub/a', 5)


def test_a_tree_of_many_folders_holds_only_some_of_them_open(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, 'FOLDERS_OPEN', 4)
    for number in range(20):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / 'a').write_bytes(b'%d' % number)
    tree = opening.Tree(tmp_path)
    for _ in range(2):
        assert [int(tree.read(f'{number}/a', 100)) for number in range(20)] == list(range(20))
    assert len(tree._folders) <= 4
    tree.close()


def names_that_open(path):
    """Yield (line, name) of the calls in a module that open a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, 'id', None) or getattr(node.func, 'attr', None)
            of = getattr(getattr(node.func, 'value', None), 'id', '')
            if name in OPENERS and of not in ('Recogniser', 'self', 'cls',
                                              'webbrowser') and (name != 'open' or of in (
                    '', 'os', 'io', 'gzip', 'pathlib', 'path')):
                yield f'line {node.lineno}: {of}{"." if of else ""}{name}'


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_opened_in_one_place(path):
    if path.relative_to(ROOT).as_posix() not in OPEN_THEMSELVES:
        assert list(names_that_open(path)) == []


def test_the_exceptions_are_there():
    assert all(list(names_that_open(pathlib.Path(ROOT, name))) for name in OPEN_THEMSELVES)
