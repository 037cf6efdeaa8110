"""Tests of data_provider.drawing.fonts."""
import os
import shutil
import string
import sys

import matplotlib
import numpy as np
import pytest

from data_provider.drawing import font_files, fonts


@pytest.fixture(autouse=True)
def _fresh_looks():
    """Look at each font anew, before and after a test, which may change what it looks like."""
    looks = (fonts.only_case, fonts.draws_letters, fonts.kind_of, fonts._known_shapes, fonts._square,
             fonts._shape)
    for look in looks:
        look.cache_clear()
    yield
    for look in looks:
        look.cache_clear()


def test_a_font_without_the_characters_is_not_taken():
    assert fonts.can_draw('sans', 'Word 42')
    assert fonts.can_draw('sans', 'why?')
    assert not fonts.can_draw('sans', 'a' + font_files.NO_CHARACTER)


def test_a_character_that_no_font_can_draw_is_named():
    chooser = fonts.FontChooser(['italic'])
    chooser.check_characters(['word', 'Word'])
    with pytest.raises(ValueError, match='none of the 1 fonts can draw .*0378'):
        chooser.check_characters(['word', 'a' + font_files.NO_CHARACTER])


def test_a_font_that_borrows_the_characters_is_not_taken(monkeypatch):
    plain = fonts.load_font('sans')
    monkeypatch.setattr(fonts, 'load_font', lambda font: plain)
    monkeypatch.setattr(font_files, 'may_draw', lambda font, character: True)
    assert not fonts.can_draw('a_font_without_letters.ttf', 'a')


def test_a_font_of_symbols_is_told_from_one_of_letters(monkeypatch):
    assert all(fonts.draws_letters(font) for font in fonts.BUILT_IN_FONTS)
    symbol_of = dict(zip(string.ascii_lowercase, '!"#$%&()*+,-./:;<=>@[]^_|~', strict=True))
    draw, load = fonts._shape, fonts.load_font
    monkeypatch.setattr(fonts, 'load_font', lambda font: load('italic' if font == 'symbols.ttf' else font))
    monkeypatch.setattr(font_files, 'may_draw', lambda font, character: True)
    monkeypatch.setattr(fonts, '_shape', lambda font, letter: draw('uni', letter) if font in ('sans', 'uni')
                        else draw('italic', symbol_of.get(letter, '?')))
    assert not fonts.draws_letters('symbols.ttf')


def test_a_file_that_is_no_font_is_not_loaded(tmp_path):
    noise = np.random.default_rng(0).bytes(5000)
    for content in (b'no font', b'', noise, b'\x00\x01\x00\x00' + noise):
        (tmp_path / 'broken.ttf').write_bytes(content)
        fonts.load_font.cache_clear()
        fonts.draws_letters.cache_clear()
        assert fonts.load_font(str(tmp_path / 'broken.ttf')) is None
    with pytest.raises(ValueError, match='none of the 1 fonts can draw'):
        fonts.FontChooser([str(tmp_path / 'broken.ttf')]).choose('word', np.random.default_rng(0))


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere names of files are text')
def test_a_font_whose_name_is_no_utf8_is_not_loaded(tmp_path):
    font = matplotlib.get_data_path() + '/fonts/ttf/DejaVuSans.ttf'
    assert fonts.load_font(font) is not None
    path = str(tmp_path / os.fsdecode(b'\xff.ttf'))
    shutil.copy(font, path)
    assert fonts.load_font(path) is None


def test_a_folder_with_many_fonts_does_not_crowd_out_the_others():
    probabilities = fonts.FontChooser(['many/1', 'many/2', 'many/3', 'many/4', 'one/1']).probabilities
    np.testing.assert_allclose(probabilities, [1 / 6, 1 / 6, 1 / 6, 1 / 6, 2 / 6])


def test_each_kind_of_fonts_is_chosen_as_often_as_it_is_to_be(monkeypatch):
    table = {'brush': 'script', 'poster': 'display'} | {f'poster{number}': 'display' for number in range(30)}
    monkeypatch.setattr(fonts, 'read_kinds', lambda: table)
    paths = [*(f'text{number}/a.ttf' for number in range(60)),
             *(f'p/Poster{number}-Bold.ttf' for number in range(30)), 'Brush/a.ttf']
    chooser = fonts.FontChooser(paths)
    kinds = [fonts.kind_of(path) for path in paths]
    assert kinds == ['text'] * 60 + ['display'] * 30 + ['script']
    totals = {kind: chooser.probabilities[np.array(kinds) == kind].sum() for kind in set(kinds)}
    unit = 0.45 + 0.3 * 0.1 + 0.2 * 0.1   # of a kind with one family a tenth
    np.testing.assert_allclose([totals['text'], totals['display'], totals['script']],
                               [0.45 / unit, 0.03 / unit, 0.02 / unit])


def test_the_table_of_kinds_has_kinds_that_there_are():
    assert set(fonts.read_kinds().values()) == set(fonts.KINDS) - {'text'}
    assert all(fonts.simplified(name) == name for name in fonts.read_kinds())
    assert fonts.kind_of('/fonts/google/alfa-slab-one/alfa-slab-one-latin-400-normal.ttf') == 'display'
    assert fonts.kind_of('/usr/share/fonts/truetype/aenigma/acidic.ttf') == 'display'
    assert fonts.kind_of('DancingScript-Bold.otf') == 'script'
    assert fonts.kind_of('sans') == 'text'


def test_a_font_without_small_letters_is_known(monkeypatch):
    assert fonts.only_case('sans') is None
    assert fonts.only_case('italic') is None
    draw = fonts._shape
    for case, change in (('upper', str.upper), ('lower', str.lower)):
        monkeypatch.setattr(fonts, '_shape', lambda font, letter, change=change: draw(
            'uni', letter if font == 'uni' else change(letter)))
        for look in (fonts.only_case, fonts._known_shapes, fonts._square):
            look.cache_clear()
        assert fonts.only_case('sans') == case


def test_links_to_fonts_that_are_gone_are_left_out(tmp_path):
    (tmp_path / 'here.ttf').write_bytes(b'')
    (tmp_path / 'gone.ttf').symlink_to(tmp_path / 'nowhere.ttf')
    assert fonts.find_fonts([str(tmp_path)]) == [str(tmp_path / 'here.ttf')]
