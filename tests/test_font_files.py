"""Tests of data_provider.drawing.font_files: damaged fonts are left out, and take no process with them."""
import itertools
import os
import pathlib
import signal
import struct
import time

import matplotlib
import numpy as np
import pytest
from matplotlib import ft2font

from data_provider.drawing import font_files, fonts

FONTS = pathlib.Path(matplotlib.get_data_path(), 'fonts', 'ttf')
SOUND = FONTS / 'cmr10.ttf'   # of 26 kB


def tables_of(content):
    """Return the tables of a font, tag → (place of its entry in the directory, slice of its bytes)."""
    places = {}
    for index in range(int.from_bytes(content[4:6], 'big')):
        place = 12 + 16 * index
        offset, length = (int.from_bytes(content[place + at:place + at + 4], 'big') for at in (8, 12))
        places[bytes(content[place:place + 4])] = place, slice(offset, offset + length)
    return places


def with_right_checksums(content):
    """Return a font with the checksums of its tables as they should be."""
    content = bytearray(content)
    for tag, (place, table) in tables_of(content).items():
        content[place + 4:place + 8] = font_files._checksum(tag, bytes(content[table])).to_bytes(4, 'big')
    return bytes(content)


def changed(content, tag, at, value):
    """Return a font with bytes of a table changed."""
    content, place = bytearray(content), tables_of(content)[tag][1].start + at
    content[place:place + len(value)] = value
    return bytes(content)


@pytest.fixture
def trials():
    made = font_files.Trials()
    yield made
    made.close()


def test_whole_fonts_are_usable():
    for path in (SOUND, FONTS / 'DejaVuSans.ttf', FONTS / 'cmr10.ttf'):
        assert font_files.problem_of(str(path)) == ''


def test_any_damage_to_a_table_is_found_by_its_checksum(rng):
    content = SOUND.read_bytes()
    tables = tables_of(content)
    ends = max(table.stop for _, table in tables.values())
    assert font_files.problem_of_tables(content) == ''
    assert font_files.problem_of_tables(with_right_checksums(content)) == ''
    for tag, (_, table) in tables.items():
        place = int(rng.integers(table.start, table.stop))
        # the sum of the whole file, which many fonts have wrong
        if tag == b'head' and 8 <= place - table.start < 12:
            continue
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        assert font_files.problem_of_tables(
            bytes(damaged)) == f'the checksum of its table {tag.decode()!r} does not match'
    assert 'is cut off in the table' in font_files.problem_of_tables(content[:ends - 1])


@pytest.mark.parametrize(('content', 'problem'), [
    (b'', 'does not begin as'), (b'no font at all', 'does not begin as'),
    (b'\x00\x01\x00\x00', 'has no table'),
    (b'ttcf' + bytes(8), 'does not begin as'),
    (b'ttcf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff', 'does not begin as'),
    (b'OTTO\xff\xff' + bytes(6), 'is cut off'),
    (b'true\x00\x02' + bytes(6) + 2 * (b'glyf' + bytes(12)), 'no table')])
def test_what_is_no_font_is_told_by_its_directory(content, problem):
    assert problem in font_files.problem_of_tables(content)


def test_a_head_that_is_none_is_told_though_its_checksum_is_right():
    content = with_right_checksums(changed(SOUND.read_bytes(), b'head', 12, b'none'))
    assert font_files.problem_of_tables(content) == 'its table head is of another kind of file'


def test_a_font_that_crashes_opencv_ends_its_trial_only_and_the_next_is_tried(tmp_path, trials):
    path = tmp_path / 'crashing.ttf'
    path.write_bytes(with_right_checksums(of_glyphs_in_themselves(SOUND.read_bytes())))
    assert font_files.problem_of_tables(path.read_bytes()) == ''
    assert trials.problem_of(str(path)) == 'drawing with it crashes the process (SIGSEGV)'
    assert trials.problem_of(str(SOUND)) == ''


def test_a_font_that_crashes_opencv_is_told_after_others_whose_letters_opencv_remembers(tmp_path, trials):
    path = tmp_path / 'crashing.ttf'
    path.write_bytes(with_right_checksums(of_glyphs_in_themselves(SOUND.read_bytes())))
    for other in (SOUND, FONTS / 'DejaVuSans.ttf', SOUND):
        assert trials.problem_of(str(other)) == ''
        assert trials.problem_of(str(path)) == 'drawing with it crashes the process (SIGSEGV)'


def test_a_font_that_crashes_opencv_at_some_characters_draws_the_others(tmp_path, capfd):
    path = tmp_path / 'crashing.ttf'
    sound = FONTS / 'DejaVuSans.ttf'
    glyph = ft2font.FT2Font(str(sound)).get_char_index(ord('ж'))
    path.write_bytes(with_right_checksums(of_glyphs_in_themselves(sound.read_bytes(), [glyph])))
    assert fonts.can_draw(str(path), 'Word')
    assert not fonts.can_draw(str(path), 'ж')
    assert fonts.can_draw(str(path), 'Word')
    warning, = [line for line in capfd.readouterr().err.splitlines() if 'left out' in line]
    assert warning.endswith(f'{path}: this font is left out for the characters U+0400 to U+047F: drawing '
                            'with it crashes the process (SIGSEGV)')


def of_glyphs_in_themselves(content, glyphs=None):
    """Return a font each of whose glyphs, or some of them, is composed of itself, which OpenCV
    follows until the stack is full.
    """
    tables = tables_of(content)
    is_long = content[tables[b'head'][1].start + 51]
    places = np.frombuffer(content[tables[b'loca'][1]], '>u4' if is_long
                           else '>u2').astype(int) * (1 if is_long else 2)
    for glyph, (start, end) in enumerate(itertools.pairwise(places)):
        if end - start >= 18 and (glyphs is None or glyph in glyphs):
            itself = struct.pack('>h8xHHhh', -1, 3, glyph, 0, 0)
            content = changed(content, b'glyf', int(start), itself)
    return content


def test_a_font_is_not_blamed_for_what_ended_the_process_before_and_takes_no_longer_than_it_may(trials):
    assert trials.problem_of(str(SOUND)) == ''
    os.kill(trials._process.pid, signal.SIGKILL)
    trials._process.wait()
    assert trials.problem_of(str(SOUND)) == ''
    trials._seconds = 0.2
    os.kill(trials._process.pid, signal.SIGSTOP)
    assert trials.problem_of(str(SOUND)) == 'drawing with it takes longer than 0.2 seconds'
    trials._seconds = font_files.TRIAL_SECONDS
    assert trials.problem_of(str(SOUND)) == ''


def test_a_font_is_looked_at_once_and_again_when_it_changed(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(font_files.Trials, 'problem_of', lambda self, path: tried.append(path) or '')
    path = tmp_path / 'a.ttf'
    path.write_bytes(SOUND.read_bytes())
    assert [font_files.problem_of(str(path)) for _ in range(3)] == ['', '', '']
    assert tried == [str(path)]
    path.write_bytes(b'no font')
    os.utime(path, (0, 0))
    assert 'does not begin' in font_files.problem_of(str(path))
    assert tried == [str(path)]


@pytest.mark.parametrize(('name', 'problem'), [
    ('none.ttf', 'No such file or directory'), ('a\0b.ttf', 'embedded null byte'),
    ('', 'expected a file, got a folder'),
    ('pipe.ttf', 'expected a file, got a folder, a pipe'),
    (os.fsdecode(b'\xff.ttf'), 'its name is no UTF-8')])
def test_a_font_that_cannot_be_opened_says_why(tmp_path, name, problem):
    os.mkfifo(tmp_path / 'pipe.ttf')
    assert problem in font_files.problem_of(os.path.join(str(tmp_path), name))


def test_a_font_that_is_left_out_is_named_once(tmp_path, capfd):
    (tmp_path / 'a.ttf').write_bytes(b'no font')
    assert [font_files.is_usable(str(tmp_path / 'a.ttf')) for _ in range(3)] == [False] * 3
    line, = capfd.readouterr().err.splitlines()
    assert line.endswith(
        f'WARNING {tmp_path}/a.ttf: this font is left out: it does not begin as a TrueType or OpenType font')


def test_six_hundred_damaged_fonts_leave_this_process_alone(tmp_path, rng):
    content = np.frombuffer(SOUND.read_bytes(), np.uint8)
    path, started = tmp_path / 'damaged.ttf', time.monotonic()
    sound = 0
    for number in range(600):
        damaged = content.copy()
        places = rng.integers(0, len(damaged), int(rng.integers(1, 5)))
        damaged[places] = rng.integers(0, 256, len(places))
        path.write_bytes(damaged.tobytes())
        os.utime(path, ns=(number, number))
        sound += not font_files.problem_of(str(path))
    assert sound < 60   # those whose damage is in the directory's unused fields or in no table
    assert time.monotonic() - started < 60
