"""What the first directory of a TIFF structure says, such as EXIF is one, too."""
import struct
from collections.abc import Iterator
from typing import NamedTuple

STARTS = (b'II*\0', b'MM\0*')
_WIDTH, _BITS, _PHOTOMETRIC, ORIENTATION, _SAMPLES, _PLANAR = 0x100, 0x102, 0x106, 0x112, 0x115, 0x11c
_PREDICTOR, _TILE_WIDTH, _EXTRA, _SAMPLE_FORMAT = 0x13d, 0x142, 0x152, 0x153
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _CMYK = 0, 1, 5
_UNSPECIFIED = 0         # of an extra sample; others are alpha
_DIFFERENCES = 2         # a predictor: a pixel is stored as its difference from the one before
_SHORT, _LONG = 3, 4     # types of entries
MAX_PAGES = 10_000       # that are counted; a page may take 6 bytes


class GreyAndAlpha(NamedTuple):
    """A TIFF of grey and alpha as one that OpenCV reads whole: of grey, twice as wide, the two in turn."""

    content: bytes
    is_of_differences: bool   # between pixels, from left to right


def value_of(content: bytes, tag: int, default: int) -> int:
    """Return the first value of a tag, or a default where there is none."""
    for number, value, _ in _entries(content):
        if number == tag:
            return value
    return default


def is_cmyk(content: bytes) -> bool:
    """Whether a TIFF has the colours of printing in place of red, green and blue."""
    return value_of(content, _PHOTOMETRIC, _BLACK_IS_ZERO) == _CMYK


def is_white_zero(content: bytes) -> bool:
    """Whether the greys of a TIFF go from white to black."""
    return value_of(content, _PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO


def has_unspecified_channel(content: bytes) -> bool:
    """Whether a TIFF has a channel beside its colours of which it does not say that it is alpha."""
    return value_of(content, _EXTRA, _UNSPECIFIED) == _UNSPECIFIED


def grey_and_alpha(content: bytes) -> GreyAndAlpha | None:
    """Return a TIFF of grey and alpha as one of grey whose alpha OpenCV does not leave out; None for others.

    Its orientation is that of what is stored, and its greys go from black to white.
    """
    values = {number: value for number, value, _ in _entries(content)}
    predictor = values.get(_PREDICTOR, 1)
    is_one = (values.get(_SAMPLES) == 2 and values.get(_PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
              and values.get(_PLANAR, 1) == 1 and values.get(_BITS) in (8, 16)
              and (predictor == 1 or (predictor == _DIFFERENCES and _TILE_WIDTH not in values)))
    if not is_one:
        return None
    order, changed = _order_of(content), bytearray(content)
    for number, value, position in _entries(content):
        if number in (_WIDTH, _TILE_WIDTH):
            _set_entry(changed, position, order, number, 2 * value)
        elif number in (_SAMPLES, _PHOTOMETRIC, ORIENTATION, _PREDICTOR):
            _set_entry(changed, position, order, number, 1)
        elif number == _BITS:
            _set_entry(changed, position, order, number, value)
        elif number in (_EXTRA, _SAMPLE_FORMAT):   # there is no extra sample any more
            _set_entry(changed, position, order, _SAMPLE_FORMAT, 1)
    return GreyAndAlpha(bytes(changed), predictor == _DIFFERENCES)


def num_pages(content: bytes) -> int:
    """Return how many pages a TIFF has, as far as its structure says it; 1 at least, MAX_PAGES at most."""
    order = _order_of(content)
    starts, start = set(), struct.unpack(order + 'I', content[4:8])[0] if len(content) >= 8 else 0
    while 0 < start < len(content) - 1 and start not in starts and len(starts) < MAX_PAGES:
        starts.add(start)
        end = start + 2 + 12 * _short(content, start, order)
        start = struct.unpack(order + 'I', content[end:end + 4])[0] if end + 4 <= len(content) else 0
    return max(1, len(starts))


def _order_of(content):
    return {b'II': '<', b'MM': '>'}.get(content[:2], '')


def _entries(content) -> Iterator[tuple[int, int, int]]:
    """Yield (tag, first value, position) of the entries of the first directory that end in the file."""
    order = _order_of(content)
    if not order or len(content) < 8:
        return
    start, = struct.unpack(order + 'I', content[4:8])
    end = start + 2 + 12 * _short(content, start, order)
    for position in range(start + 2, min(end, len(content) - 11), 12):
        number, kind, count = struct.unpack(order + 'HHI', content[position:position + 8])
        value = _short(content, position + 8, order)
        if kind == _LONG and count == 1:
            value, = struct.unpack(order + 'I', content[position + 8:position + 12])
        elif kind == _SHORT and count > 2:   # they stand elsewhere
            place, = struct.unpack(order + 'I', content[position + 8:position + 12])
            value = _short(content, place, order)
        yield number, value, position


def _set_entry(content, position, order, number, value):
    """Write an entry of one value; a width may be long."""
    if number in (_WIDTH, _TILE_WIDTH):
        entry = struct.pack(order + 'HHII', number, _LONG, 1, value)
    else:
        entry = struct.pack(order + 'HHIHH', number, _SHORT, 1, value, 0)
    content[position:position + 12] = entry


def _short(content, position, order):
    if position + 2 > len(content):
        return 0
    return struct.unpack(order + 'H', content[position:position + 2])[0]
