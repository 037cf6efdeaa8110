"""Tests of data_provider.image_path."""
import os
import sys

import pytest

from data_provider import image_path
from data_provider.image_folder import ImageFolder
from data_provider.rejected_sample import RejectedSample
from tests.conftest import draw
from tests.picture_files import encode

linux_only = pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere names differ in other ways')


@pytest.fixture
def folder(tmp_path):
    image_path._names_in.cache_clear()
    return os.path.realpath(tmp_path)


def put(folder, *names):
    for name in names:
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(encode('.png', draw('word')))


def load(folder, path):
    with ImageFolder(folder) as images:
        return images.load(path, (100, 32))


@linux_only
@pytest.mark.parametrize(('path', 'there'), [
    ('a/word.jpg', 'a/word.JPG'), ('A/Word.jpg', 'a/word.jpg'), ('a/word.jpg', 'a/word.png'),
    ('a/word', 'a/word.png'),
    ('a\\b\\word.png', 'a/b/word.png'), ('caf\u00e9/\u00e9.png', 'cafe\u0301/e\u0301.png'),
    ('e\u0301.png', '\u00e9.PNG'),
    ('./a/word.jpg', 'a/word.jpeg')])
def test_a_missing_file_is_taken_under_another_spelling_where_that_is_certain(folder, path, there):
    put(folder, there)
    assert image_path.other_spelling(folder, path.removeprefix('./')) == there
    image, remarks = load(folder, path.removeprefix('./'))
    assert image.shape == (32, 100, 3)
    assert remarks == [('found under another name', f'{there} for {path.removeprefix("./")}')]


@linux_only
def test_an_absolute_path_into_the_data_set_is_one_relative_to_it(folder):
    put(folder, 'a/word.png')
    assert image_path.other_spelling(folder, f'{folder}/a/word.png'.lstrip('/')) == 'a/word.png'
    assert image_path.other_spelling(folder, f'{folder}\\a\\word.png'.lstrip('/')) == 'a/word.png'
    own_name = os.path.basename(folder)
    assert image_path.other_spelling(folder, f'{own_name}/a/word.png') == 'a/word.png'
    assert image_path.other_spelling(folder, '.\\a\\.\\WORD.png') == 'a/word.png'


@linux_only
@pytest.mark.parametrize(('there', 'message'), [
    (['a/WORD.png', 'a/Word.png'], "there are 'a/WORD.png' and 'a/Word.png'; which one"),
    (['a/word.bmp', 'a/word.gif'], "there are 'a/word.bmp' and 'a/word.gif'; which one"),
    (['a/word.heic'], r'No such file or directory \(there is word.heic\)'),
    (['b/word.png'], 'No such file or directory$'), (['a/words.png'], 'No such file or directory$')])
def test_what_is_not_certain_is_said(folder, there, message):
    put(folder, *there)
    with pytest.raises(RejectedSample, match=message) as caught:
        load(folder, 'a/word.png')
    assert caught.value.kind == 'missing image'


@linux_only
def test_only_the_ending_of_an_image_means_another_one(folder):
    put(folder, 'a/2.png', 'a/photo.png')
    for path in ('a/2.png a', 'a/photo.v2'):
        with pytest.raises(RejectedSample, match='No such file'):
            image_path.other_spelling(folder, path)
    image_path._names_in.cache_clear()
    put(folder, 'a/photo.v2.png')
    assert image_path.other_spelling(folder, 'a/photo.v2') == 'a/photo.v2.png'


@linux_only
def test_another_spelling_never_climbs_out_of_the_data_set(folder):
    put(folder, 'set/a.png', 'b.png')
    with pytest.raises(RejectedSample, match='No such file'):
        image_path.other_spelling(os.path.join(folder, 'set'), '..\\b.png')
