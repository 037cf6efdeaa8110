"""Tests of sources of an import that were made to do harm: a reject for each sample, or one line."""
import json
import os

import cv2
import numpy as np
import pytest

from data_provider.importing import image_folders
from local_utils import mat_file
from local_utils.errors import InputError
from tests import test_fuzz
from tests.conftest import draw
from tests.imported import put, rejects_of, run, samples_of, write, write_lmdb
from tests.mat_writer import element, matrix, struct_matrix, text_matrix
from tests.mat_writer import mat_file as as_mat_file
from tests.small_run import error_lines

PNG = cv2.imencode('.png', draw('word'))[1].tobytes()
RECTANGLE = '<taggedRectangle height="{}" width="{}" x="{}" y="{}"><tag>{}</tag></taggedRectangle>'
IMAGE = '<image><imageName>{}</imageName><taggedRectangles>{}</taggedRectangles></image>'


def test_rectangles_that_are_no_numbers_and_photographs_elsewhere_are_rejects(tmp_path):
    put(tmp_path, 'secret.png', 'svt/a.png', f'svt/{"n" * 250}.png')
    (tmp_path / 'svt' / 'link.png').symlink_to(tmp_path / 'secret.png')
    whole = RECTANGLE.format(32, 100, 0, 0, 'WORD')
    odd = ''.join(RECTANGLE.format(32, 100, x, 0, 'ODD') for x in ('nan', '1e400', 'x', '', '0.9'))
    names = ['../secret.png', str(tmp_path / 'secret.png'), 'link.png', f'{"n" * 250}.png', 'n' * 300, '',
             '.']
    images = IMAGE.format('a.png', whole + odd + RECTANGLE.format('-inf', 100, 0, 0, 'FLAT'))
    images += ''.join(IMAGE.format(name, whole) for name in names)
    write(tmp_path / 'svt' / 'train.xml', f'<tagset>{images}</tagset>')
    assert run('svt', tmp_path / 'svt', tmp_path / 'set') == 0
    assert [text for _, text in samples_of(tmp_path / 'set', 'Train')] == ['WORD'] + ['ODD'] * 5
    assert sorted(rejects_of(tmp_path / 'set')) == sorted([
        'image too small', *['path leaves the data set'] * 3, 'unusable path', 'unreadable image',
        'missing image', 'unreadable image'])


@pytest.mark.parametrize('count', ['9' * 5000, 10 ** 17, -1, 'x'])
def test_a_database_that_claims_more_samples_than_it_has_entries_is_one_line(tmp_path, capfd, count):
    write_lmdb(tmp_path / 'data', [(PNG, b'one')], count=count)
    assert run('lmdb', tmp_path / 'data', tmp_path / 'set') == 1
    error, = error_lines(capfd)
    assert 'expected the key num-samples with a number, at most that of its 3 entries, got' in error
    assert len(error) < 500


def test_images_of_a_database_are_not_written_into_the_folder_of_a_former_import(tmp_path):
    put(tmp_path / 'former', 'word.png')
    write(tmp_path / 'former' / 'list.csv', 'path,text\nword.png,former\n')
    assert run('csv', tmp_path / 'former' / 'list.csv', tmp_path / 'set') == 0
    assert (tmp_path / 'set' / 'images').is_symlink()
    write_lmdb(tmp_path / 'data', [(PNG, b'one')])
    assert run('lmdb', tmp_path / 'data', tmp_path / 'set', '--overwrite') == 0
    assert sorted(os.listdir(tmp_path / 'former')) == ['list.csv', 'word.png']
    assert not (tmp_path / 'set' / 'images').is_symlink()


@pytest.mark.parametrize('flags', [[], ['--copy']])
def test_names_and_texts_that_no_list_can_hold_are_rejects(tmp_path, flags):
    names = ['good', 'with\nline', 'with\ttab', 'caf\udce9']
    put(tmp_path / 'source', *[f'{name}.png' for name in names])
    assert run('file_names', tmp_path / 'source', tmp_path / 'set', *flags) == 0
    assert [text for _, text in samples_of(tmp_path / 'set', 'Train')] == ['good']
    assert sorted(rejects_of(tmp_path / 'set')) == ['not UTF-8', 'several lines', 'unusable path']


def test_half_characters_and_climbing_names_of_a_json_list_are_rejects(tmp_path):
    put(tmp_path, 'set/gt_0.jpg', 'set/gt_1.jpg', 'outside.jpg')
    words = {'gt_0': 'good', 'gt_1': '\ud800', '../outside': 'out', 'a\0b': 'null', '\ud800': 'half'}
    listed = {name: [{'transcription': word}] for name, word in words.items()}
    write(tmp_path / 'set' / 'list.json', json.dumps(listed))
    assert run('icdar', tmp_path / 'set', tmp_path / 'out') == 0
    assert [text for _, text in samples_of(tmp_path / 'out', 'Train')] == ['good']
    assert sorted(rejects_of(tmp_path / 'out')) == ['missing image', 'missing image', 'not UTF-8',
                                                    'path leaves the source']


def test_a_link_that_leads_out_of_the_source_is_not_copied(tmp_path):
    put(tmp_path, 'source/good.png', 'secret.png')
    (tmp_path / 'source' / 'bad.png').symlink_to(tmp_path / 'secret.png')
    assert run('file_names', tmp_path / 'source', tmp_path / 'set', '--copy') == 0
    assert [text for _, text in samples_of(tmp_path / 'set', 'Train')] == ['good']
    assert rejects_of(tmp_path / 'set') == ['path leaves the data set']
    assert set(os.listdir(tmp_path / 'set' / 'images')) == {'good.png', image_folders.MARK}


def test_a_source_that_is_named_by_a_link_is_copied(tmp_path):
    put(tmp_path, 'source/good.png')
    (tmp_path / 'link').symlink_to(tmp_path / 'source')
    for number, flags in enumerate(([], ['--copy'])):
        assert run('file_names', tmp_path / 'link', tmp_path / f'set{number}', *flags) == 0
        assert samples_of(tmp_path / f'set{number}', 'Train') == [('images/good.png', 'good')]


@pytest.mark.parametrize('content', [
    as_mat_file(matrix(2, (1 << 15, 1 << 15), 'a', element(5, np.int32(32).tobytes()), element(1, b''))),
    as_mat_file(matrix(2, (1, 1), 'a', element(5, np.int32(0).tobytes()), element(1, b'name'))),
    as_mat_file(matrix(4, (1, 1), 'a', element(9, b'12345678'))),
    as_mat_file(text_matrix('a' * 1000), compressed=False)[:-100],
    as_mat_file(struct_matrix('a', ['x'] * 1001, [])),
    as_mat_file(*[text_matrix('a' * 30_000)] * 2),   # of 60 kB each
])
def test_a_matlab_file_that_lies_is_one_line(tmp_path, content, monkeypatch):
    monkeypatch.setattr(mat_file, 'MAX_BYTES', 100_000)
    (tmp_path / 'a.mat').write_bytes(content)
    with pytest.raises(InputError, match='a.mat: the file is cut off or damaged'):
        mat_file.read_structs(str(tmp_path / 'a.mat'), {'name'})


def test_damaged_matlab_files_are_texts_or_one_line(tmp_path):
    rows = [[text_matrix(text), text_matrix('x')] for text in ('one', 'two')]
    whole = as_mat_file(struct_matrix('data', ['ImgName', 'chars'], rows), compressed=False)
    for content, _ in test_fuzz.campaign(9, [whole]):
        (tmp_path / 'a.mat').write_bytes(content)
        try:
            found = mat_file.read_structs(str(tmp_path / 'a.mat'), {'ImgName', 'chars'})
        except InputError as error:
            test_fuzz.assert_one_line(error)
        else:
            assert all(isinstance(structs, list) for structs in found.values())
