"""Tests of data_provider.drawing.font_characters: the ranges of a font's table of characters."""
import struct

import numpy as np
import pytest

from data_provider.drawing import font_characters, font_files
from tests.test_font_files import SOUND, tables_of


def table(*subtables):
    """Return a table cmap of subtables."""
    place = 4 + 8 * len(subtables)
    head = struct.pack('>HH', 0, len(subtables))
    for subtable in subtables:
        head += struct.pack('>HHI', 3, 1, place)
        place += len(subtable)
    return head + b''.join(subtables)


SEGMENTS = struct.pack('>7H5H', 4, 0, 0, 4, 0, 0, 0, 0x7a, 0xffff, 0, 0x61, 0xffff)
TRIMMED = struct.pack('>HHHHH', 6, 0, 0, 0x30, 10)
GROUPS = struct.pack('>2H3I6I', 12, 0, 0, 0, 2, 0x4e00, 0x4e02, 7, 0x1f600, 0x1f600, 9)


@pytest.mark.parametrize(('subtables', 'ranges'), [
    ((), []), ((SEGMENTS,), [(0x61, 0x7a), (0xffff, 0xffff)]), ((TRIMMED,), [(0x30, 0x39)]),
    ((GROUPS,), [(0x4e00, 0x4e02), (0x1f600, 0x1f600)]), ((struct.pack('>HHH', 0, 262, 0),), [(0, 255)]),
    ((TRIMMED, GROUPS[:-1]), [(0x30, 0x39), (0x4e00, 0x4e02)]),
    ((struct.pack('>HHIII', 13, 0, 0, 0, 0xffffffff),), []), ((b'\0\x02',), []), ((b'',), [(0, 255)])])
def test_the_ranges_of_each_format_are_those_of_its_numbers(subtables, ranges):
    np.testing.assert_array_equal(font_characters.ranges_of(table(*subtables)),
                                  np.array(ranges, np.int64).reshape(-1, 2))


def test_a_damaged_table_has_some_ranges_or_none(rng):
    content = SOUND.read_bytes()
    sound = np.frombuffer(content[tables_of(content)[b'cmap'][1]], np.uint8)
    assert [97, 122] in [[max(97, first), min(122, last)]
                         for first, last in font_characters.ranges_of(sound.tobytes()).tolist()]
    for _ in range(500):
        damaged = sound.copy()
        damaged[rng.integers(len(damaged), size=4)] = rng.integers(0, 256, 4)
        assert font_characters.ranges_of(damaged[:rng.integers(len(damaged))].tobytes()).shape[1:] == (2,)


def test_a_font_may_draw_what_it_has_and_nothing_else():
    assert font_files.may_draw(str(SOUND), 'a')
    assert not font_files.may_draw(str(SOUND), 'ж')
    assert font_files.may_draw(str(SOUND.parent / 'DejaVuSans.ttf'), 'ж')
