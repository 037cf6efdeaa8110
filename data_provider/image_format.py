"""What an image file says beside its pixels: format, orientation, number of pictures, the alpha of a BMP."""
import re
import struct

import numpy as np

from data_provider import tiff

JPEG, PNG, GIF, WEBP, TIFF, BMP, AVIF, HEIF, PNM = (
    'JPEG', 'PNG', 'GIF', 'WebP', 'TIFF', 'BMP', 'AVIF', 'HEIC', 'PNM')
PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
JPEG_START = b'\xff\xd8\xff'
_STARTS = ((JPEG_START, JPEG), (PNG_SIGNATURE, PNG), (b'GIF8', GIF),
           *((start, TIFF) for start in tiff.STARTS))
_PNM_START = re.compile(rb'P[1-6]\s+[#\d]|P7\n')
_BMP_HEADER_BYTES = (12, 40, 52, 56, 64, 108, 124)
_AVIF_BRANDS = (b'avif', b'avis')
_HEIF_BRANDS = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'mif1', b'msf1')
_PNM_HEADER_BYTES = 4096
_PNM_SPACE = rb'(?:\s|#[^\n]*\n)+'
_PNM_NUMBERS = re.compile(rb'P[56]' + 2 * (_PNM_SPACE + rb'\d+') + _PNM_SPACE + rb'(\d{1,5})')
_PNG_HEADER_BYTES = 26   # signature and header up to the colour type
_TURNED_LEFT = {0: 1, 1: 8, 2: 3, 3: 6}          # irot of AVIF, quarter turns to the left → orientation
_MIRRORED = {   # (orientation, imir of AVIF, 0 top to bottom) → orientation
    (1, 0): 4, (1, 1): 2, (3, 0): 2, (3, 1): 4, (6, 0): 7, (6, 1): 5, (8, 0): 5, (8, 1): 7}


def format_of(content: bytes) -> str | None:
    """Return the format of an image file as one of the names of this module, or None for another."""
    for start, name in _STARTS:
        if content.startswith(start):
            return name
    if content.startswith(b'BM') and int.from_bytes(content[14:18], 'little') in _BMP_HEADER_BYTES:
        return BMP
    if content[8:12] == b'WEBP':
        return WEBP
    if _PNM_START.match(content):
        return PNM
    if content[4:8] == b'ftyp':
        brands = content[8:int.from_bytes(content[:4], 'big')]
        if any(brand in brands for brand in _AVIF_BRANDS):
            return AVIF
        return HEIF if any(brand in brands for brand in _HEIF_BRANDS) else None
    return None


def has_whole_png_chunks(content: bytes) -> bool:
    """Whether a PNG has a header and its chunks end in it; the decoder makes room before it looks."""
    if content[12:16] != b'IHDR' or len(content) < _PNG_HEADER_BYTES:
        return False
    return any(name == b'IEND' for name, _ in _png_chunks(content))


def orientation(content: bytes, of_format: str) -> int:
    """Return the orientation, 1 to 8 as EXIF counts, that a PNG, WebP, AVIF or TIFF says its picture has."""
    if of_format == AVIF:
        return _orientation_of_avif(content)
    if of_format == TIFF:
        return _orientation_of_tiff(content)
    chunks, name = (_png_chunks(content), b'eXIf') if of_format == PNG else (_riff_chunks(content), b'EXIF')
    block = next((data for chunk, data in chunks if chunk == name), b'')
    return _orientation_of_tiff(bytes(block).removeprefix(b'Exif\0\0'))


def num_pictures(content: bytes, of_format: str) -> int:
    """Return how many frames or pages an image file has, as far as its structure says it."""
    if of_format == PNG:
        animation = (data for name, data in _png_chunks(content) if name == b'acTL')
        return next((int.from_bytes(data[:4], 'big') for data in animation), 1)
    if of_format == WEBP:
        return max(1, sum(name == b'ANMF' for name, _ in _riff_chunks(content)))
    if of_format == GIF:
        return _num_gif_frames(content)
    if of_format == TIFF:
        return tiff.num_pages(content)
    return 2 if of_format == AVIF and content[8:12] == b'avis' else 1


def largest_value(content: bytes) -> int:
    """Return the number that stands for white in a PNM of bytes; 255 where OpenCV has seen to it."""
    form = re.compile(rb'P7.*\nMAXVAL +(\d{1,5})\s', re.DOTALL) if content.startswith(b'P7') else _PNM_NUMBERS
    found = form.match(content[:_PNM_HEADER_BYTES])
    return int(found[1]) if found else 255


def bmp_alpha(content: bytes, shape: tuple) -> np.ndarray | None:
    """Return the alpha of a BMP of 32 bits, uint8 [height, width, 1], or None where it has none.

    Args:
        content: of the file.
        shape: (height, width).
    """
    height, width = shape
    start, bits = int.from_bytes(content[10:14], 'little'), int.from_bytes(content[28:30], 'little')
    is_plain, num_bytes = int.from_bytes(content[30:34], 'little') in (0, 3), 4 * height * width
    if bits != 32 or not is_plain or len(content) < start + num_bytes:
        return None
    rows = np.frombuffer(content, np.uint8, num_bytes, start).reshape(height, width, 4)[:, :, 3:]
    is_bottom_first = struct.unpack('<i', content[22:26])[0] > 0
    return (rows[::-1] if is_bottom_first else rows) if rows.any() else None


def _png_chunks(content):
    """Yield (name, data) of the chunks of a PNG that end in it."""
    view, position = memoryview(content), len(PNG_SIGNATURE)
    while position + 12 <= len(content):
        length = int.from_bytes(view[position:position + 4], 'big')
        if position + 12 + length > len(content):
            return
        yield bytes(view[position + 4:position + 8]), view[position + 8:position + 8 + length]
        position += 12 + length


def _riff_chunks(content):
    """Yield (name, data) of the chunks of a WebP."""
    view, position = memoryview(content), 12
    while position + 8 <= len(content):
        length = int.from_bytes(view[position + 4:position + 8], 'little')
        yield bytes(view[position:position + 4]), view[position + 8:position + 8 + length]
        position += 8 + length + length % 2


def _num_gif_frames(content):
    """Count the image blocks of a GIF."""
    def after_table(position, flags):
        return position + (3 << (flags & 7) + 1 if flags & 0x80 else 0)

    def after_blocks(position):
        while position < len(content) and content[position]:
            position += content[position] + 1
        return position + 1

    position, frames = after_table(13, content[10]) if len(content) > 13 else len(content), 0
    while position + 10 < len(content):
        if content[position] == 0x2C:   # a picture: place, size, flags, table, then its data
            frames += 1
            position = after_blocks(after_table(position + 10, content[position + 9]) + 1)
        elif content[position] == 0x21:   # an extension
            position = after_blocks(position + 2)
        else:
            break
    return max(1, frames)


def _orientation_of_tiff(content):
    value = tiff.value_of(content, tiff.ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def _orientation_of_avif(content):
    """Return the orientation that the properties irot and imir of an AVIF make together."""
    boxes = content[:content.find(b'mdat')]
    turned, mirrored = boxes.find(b'irot'), boxes.find(b'imir')
    result = _TURNED_LEFT[content[turned + 4] & 3] if 0 <= turned < len(boxes) - 4 else 1
    if 0 <= mirrored < len(boxes) - 4:
        result = _MIRRORED[result, content[mirrored + 4] & 1]
    return result
