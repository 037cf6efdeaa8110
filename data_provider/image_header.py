"""The size of an image from the header of its file, before anything is decoded."""
import re
import struct
from collections.abc import Iterator

MAX_PARTS = 10_000            # segments, blocks or boxes of a file that are looked at
MAX_ENTRIES = 4096            # of a TIFF directory
NO_FILLING = re.compile(rb'[^\xff]')   # any number of 0xff stand before a marker of JPEG
JPEG_WITHOUT_LENGTH = {0x00, 0x01, *range(0xd0, 0xd8)}
JPEG_FRAMES = set(range(0xc0, 0xd0)) - {0xc4, 0xc8, 0xcc}
JPEG_PLAIN = {0xc4, 0xdb, 0xfe, *range(0xe0, 0xf0)}   # segments that are passed over by their length
# bytes between a box's header and its boxes
CONTAINER_BOXES = {b'meta': 4, b'iprp': 0, b'ipco': 0, b'jp2h': 0}
KNOWN_FORMATS = 'JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000 or PNM'

Size = tuple[int, int]


def size_of(content: bytes) -> Size | None:
    """Return the (width, height) that the header of an image file states, pixels.

    Args:
        content: the file. Of JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000 and PNM the header is
            understood.

    Returns:
        None for another format, and where the header is cut off or no header at all.
    """
    for signature, reader in READERS:
        if content.startswith(signature):
            try:
                return reader(content)
            except (struct.error, IndexError, ValueError):   # cut off
                return None
    return _size_of_boxes(content) if content[4:8] in (b'ftyp', b'jP  ') else None


def _size_of_png(content):
    return struct.unpack_from('>II', content, 16) if content[12:16] == b'IHDR' else None


def _size_of_gif(content):
    """Return the size of the screen, or of a frame that is larger: it is the decoder's choice which it makes
    room for.
    """
    screen = struct.unpack_from('<HH', content, 6)
    flags, position = content[10], 13
    if flags & 0x80:
        position += 3 << (flags & 7) + 1
    for _ in range(MAX_PARTS):
        if content[position] == 0x2c:
            left, top, width, height = struct.unpack_from('<HHHH', content, position + 1)
            return max(screen[0], left + width), max(screen[1], top + height)
        if content[position] == 0x21:   # an extension, in blocks of up to 255 bytes
            position += 2
        position += 1 + content[position]
    return None


def _size_of_bmp(content):
    header_bytes, = struct.unpack_from('<I', content, 14)
    if header_bytes == 12:
        return struct.unpack_from('<HH', content, 18)
    width, height = struct.unpack_from('<ii', content, 18)
    return abs(width), abs(height)


def _size_of_webp(content):
    kind = content[12:16]
    if content[8:12] != b'WEBP':
        return None
    if kind == b'VP8 ':
        width, height = struct.unpack_from('<HH', content, 26)
        return width & 0x3fff, height & 0x3fff
    if kind == b'VP8L':
        bits, = struct.unpack_from('<I', content, 21)
        return (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1
    if kind == b'VP8X':
        width, height = (int.from_bytes(content[start:start + 3], 'little') + 1 for start in (24, 27))
        return (width, height) if len(content) >= 30 else None
    return None


def _size_of_jpeg(content):
    position = 2
    for _ in range(MAX_PARTS):
        if content[position] == 0xff and (marker := content[position + 1]) in JPEG_PLAIN:   # the common case
            position += 2 + (content[position + 2] << 8 | content[position + 3])
            continue
        found = NO_FILLING.search(content, content.index(0xff, position))
        if found is None:
            return None
        marker, position = found[0][0], found.end()
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from('>HH', content, position + 3)
            return width, height
        if marker not in JPEG_WITHOUT_LENGTH:
            position += struct.unpack_from('>H', content, position)[0]
    return None


def _size_of_tiff(content):
    order = '<' if content.startswith(b'II') else '>'
    start, = struct.unpack_from(order + 'I', content, 4)
    count, = struct.unpack_from(order + 'H', content, start)
    sides = {}
    for entry in range(min(count, MAX_ENTRIES)):
        tag, kind = struct.unpack_from(order + 'HH', content, start + 2 + 12 * entry)
        if tag in (256, 257):
            form = {1: 'B', 3: 'H', 4: 'I'}.get(kind, 'I')
            side, = struct.unpack_from(order + form, content, start + 2 + 12 * entry + 8)
            sides.setdefault(tag, side)   # of a tag that is there twice the decoder takes the first, too
    return (sides[256], sides[257]) if len(sides) == 2 else None


def _size_of_pnm(content):
    """Return the size of P1 to P6: numbers in text between blanks and comments."""
    if content[2:3] not in b' \t\r\n#' or len(content) < 7:
        return None
    lines = content[2:4096].split(b'\n')
    numbers = b' '.join(line.partition(b'#')[0] for line in lines).split()
    return _whole(numbers[0]), _whole(numbers[1])


def _size_of_pam(content):
    """Return the size of P7: lines of a name and a number."""
    named = dict(line.split()[:2] for line in content[:4096].split(b'\n') if len(line.split()) > 1)
    sides = [_whole(named[name]) for name in (b'WIDTH', b'HEIGHT') if name in named]
    return tuple(sides) if len(sides) == 2 else None


def _whole(digits):
    """Return the number that digits write; raises ValueError for anything else, a negative one, too."""
    if not digits.isdigit():
        raise ValueError(f'expected digits, got {digits[:20]!r}')
    return int(digits)


def _size_of_codestream(content, position=0):
    """Return the size of a JPEG 2000 codestream that starts there."""
    if content[position + 2:position + 4] != b'\xff\x51':
        return None
    right, bottom, left, top = struct.unpack_from('>IIII', content, position + 8)
    return max(right - left, 0), max(bottom - top, 0)


def _size_of_boxes(content):
    """Return the size of an AVIF or JPEG 2000 file: the largest that it states, of its picture or a part of
    it.
    """
    sizes = []
    for kind, start in _boxes(content):
        if kind == b'ispe' and start + 12 <= len(content):
            sizes.append(struct.unpack_from('>II', content, start + 4))
        elif kind == b'ihdr' and start + 8 <= len(content):
            height, width = struct.unpack_from('>II', content, start)
            sizes.append((width, height))
        elif kind == b'jp2c' and start + 24 <= len(content) and (size := _size_of_codestream(content, start)):
            sizes.append(size)
    return tuple(map(max, zip(*sizes, strict=True))) if sizes else None


def _boxes(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield (kind, where its content starts) of the boxes of a file and of those inside the
    CONTAINER_BOXES.
    """
    position = 0
    for _ in range(MAX_PARTS):
        if position + 8 > len(content):
            return
        size, kind = struct.unpack_from('>I4s', content, position)
        header = 8
        if size == 1 and position + 16 <= len(content):
            size, header = struct.unpack_from('>Q', content, position + 8)[0], 16
        yield kind, position + header
        if kind in CONTAINER_BOXES:
            position += header + CONTAINER_BOXES[kind]
        elif size < header:   # 0: up to the file's end
            return
        else:
            position += size


READERS = [
    (b'\x89PNG\r\n\x1a\n', _size_of_png), (b'\xff\xd8\xff', _size_of_jpeg), (b'GIF87a', _size_of_gif),
    (b'GIF89a', _size_of_gif), (b'RIFF', _size_of_webp), (b'BM', _size_of_bmp), (b'II*\0', _size_of_tiff),
    (b'MM\0*', _size_of_tiff), (b'\xff\x4f\xff\x51', _size_of_codestream),
    *[(b'P%d' % number, _size_of_pnm) for number in range(1, 7)], (b'P7', _size_of_pam),
]
