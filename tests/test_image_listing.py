"""Tests of data_provider.image_listing."""
import os

import pytest

from data_provider import image_listing
from tests.conftest import draw
from tests.picture_files import encode

PNG = encode('.png', draw('word'))


def test_images_are_told_by_ending_or_content_and_the_rest_is_counted_by_ending(tmp_path, capfd):
    for name, content in {'a.PNG': PNG, 'sub/b.jpeg': b'broken', 'c': PNG,
                          'sub/d.dat': encode('.jpg', draw('d')), 'e.heic': b'',
                          'f.HEIC': b'', 'g.pdf': b'%PDF', 'h.svg': b'<svg/>', 'i.txt': b'BMW is no picture',
                          'j': b'none',
                          '._a.png': b'\0\5\x16\7', '__MACOSX/k.png': PNG, '.DS_Store': b''}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found, problems = image_listing.find_images([str(tmp_path)])
    assert [os.path.relpath(path, tmp_path) for path in found] == ['a.PNG', 'c', 'sub/b.jpeg', 'sub/d.dat']
    assert problems == []
    line, = capfd.readouterr().err.splitlines()
    assert line.endswith(': skipped 2 .heic (convert to JPEG or PNG), 1 .pdf (render its pages as PNG), '
                         '1 .svg (render as PNG), 1 .txt, 1 without an ending')


@pytest.mark.parametrize(('pattern', 'names'), [
    ('*.png', ['a.png', 'b.png']), ('?.png', ['a.png', 'b.png']),
    ('**/*.png', ['a.png', 'b.png', 'sub/c.png']),
    ('[ab].png', ['a.png', 'b.png']), ('s*', ['sub/c.png']), ('a.png', ['a.png']),
    ('none.png', ['none.png'])])
def test_patterns_mean_what_fits_them(tmp_path, pattern, names):
    (tmp_path / 'sub').mkdir()
    for name in ('a.png', 'b.png', 'sub/c.png'):
        (tmp_path / name).write_bytes(PNG)
    found, problems = image_listing.find_images([str(tmp_path / pattern)])
    assert [os.path.relpath(path, tmp_path) for path in found] == names
    assert problems == []


def test_a_name_with_the_signs_of_patterns_is_a_name_where_there_is_such_a_file(tmp_path):
    for name in ('a[1].png', 'a1.png'):
        (tmp_path / name).write_bytes(PNG)
    assert image_listing.find_images([str(tmp_path / 'a[1].png')]) == ([str(tmp_path / 'a[1].png')], [])


def test_what_means_nothing_is_said(tmp_path):
    (tmp_path / 'empty').mkdir()
    found, problems = image_listing.find_images([str(tmp_path / '*.jpg'), str(tmp_path / 'empty')])
    assert found == []
    assert [problem.split(': ')[1].split(';')[0] for problem in problems] == [
        'no file fits this pattern', 'no image in this folder']
