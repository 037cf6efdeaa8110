"""The characters that a font file may have shapes for: the ranges of its table `cmap`."""
import numpy as np

HEADER_BYTES, RECORD_BYTES = 4, 8   # of the table, and of each of its subtables' records


def ranges_of(cmap: bytes) -> np.ndarray:
    """Return the ranges of code points of all subtables, int64 [ranges, 2], each the first and the last.

    A font may lack a character in them, but has none outside. In what is cut off those that are left count.

    Args:
        cmap: the table.
    """
    ranges = [np.zeros([0, 2], np.int64)]
    for index in range(_number(cmap, 2, 2)):
        place = _number(cmap, HEADER_BYTES + RECORD_BYTES * index + 4, 4)
        ranges.append(_ranges_of_subtable(cmap[place:]))
    return np.concatenate(ranges)


def _ranges_of_subtable(subtable):
    form = _number(subtable, 0, 2)
    if form == 0:
        return np.array([[0, 255]])
    if form == 4:   # segments: all last code points, two bytes, all first ones
        count = _number(subtable, 6, 2) // 2
        last, first = (_numbers(subtable, start, count, '>u2') for start in (14, 16 + 2 * count))
    elif form == 6:
        first = np.array([_number(subtable, 6, 2)])
        last = first + _number(subtable, 8, 2) - 1
    elif form in (12, 13):   # groups of the first code point, the last one, a glyph
        groups = _numbers(subtable, 16, 3 * _number(subtable, 12, 4), '>u4')
        groups = groups[:len(groups) // 3 * 3].reshape(-1, 3)
        first, last = groups[:, 0], groups[:, 1]
    else:
        first = last = np.zeros([0], np.int64)
    count = min(len(first), len(last))
    return np.stack([first[:count], last[:count]], axis=1)


def _number(content, place, size):
    return int.from_bytes(content[place:place + size], 'big')


def _numbers(content, place, count, kind):
    """Return numbers, int64 [count], or as many as there are."""
    size = np.dtype(kind).itemsize
    count = max(0, min(count, (len(content) - place) // size))
    return np.frombuffer(content, kind, count, place if count else 0).astype(np.int64)
