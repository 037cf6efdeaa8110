"""Tests of data/weights/pack_fonts.py: fonts cut down for a machine that has none."""
import importlib.util
import os
import shutil
import tarfile

import matplotlib
import pytest

from data_provider.drawing import fonts
from local_utils import files

DEJAVU = os.path.join(matplotlib.get_data_path(), 'fonts', 'ttf', 'DejaVuSans.ttf')


@pytest.fixture
def pack_fonts():
    path = files.repository_path('data', 'weights', 'pack_fonts.py')
    spec = importlib.util.spec_from_file_location('pack_fonts', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_packed_fonts_draw_what_they_drew(pack_fonts, tmp_path, capsys):
    (tmp_path / 'fonts' / 'dejavu').mkdir(parents=True)
    shutil.copy(DEJAVU, tmp_path / 'fonts' / 'dejavu' / 'DejaVuSans.ttf')
    (tmp_path / 'fonts' / 'broken.ttf').write_bytes(b'no font')
    pack_fonts.main([str(tmp_path / 'fonts'), str(tmp_path / 'fonts.tar.xz')])
    assert 'broken.ttf: left out' in capsys.readouterr().err
    with tarfile.open(tmp_path / 'fonts.tar.xz') as archive:
        archive.extractall(tmp_path / 'cut', filter='data')
    cut = str(tmp_path / 'cut' / 'dejavu' / 'DejaVuSans.ttf')
    assert fonts.find_fonts([str(tmp_path / 'cut')]) == [cut]
    assert os.path.getsize(cut) < os.path.getsize(DEJAVU) / 5
    assert fonts.can_draw(cut, 'Word-42é')
    assert not fonts.can_draw(cut, 'слово')
    assert (fonts._shape(cut, 'W') == fonts._shape(DEJAVU, 'W')).all()


def test_a_folder_without_fonts_is_refused(pack_fonts, tmp_path, capsys):
    with pytest.raises(SystemExit):
        pack_fonts.main([str(tmp_path), str(tmp_path / 'fonts.tar.xz')])
    assert 'no font; expected files that end in' in capsys.readouterr().err
