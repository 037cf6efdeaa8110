"""Tests of data_provider.image_format."""
import struct

from data_provider import image_format, tiff
from tests.conftest import draw
from tests.picture_files import encode, pages


def test_the_structure_of_damaged_files_is_read_without_an_error(rng):
    for ending in ('.png', '.webp', '.gif', '.tiff', '.bmp', '.avif'):
        content = pages(ending, 2) if ending in ('.gif', '.tiff') else encode(ending, draw('word'))
        for length in [*range(min(len(content), 200)), *rng.integers(0, len(content), 50)]:
            damaged = bytearray(content[:length])
            for position in rng.integers(0, max(length, 1), 3):
                damaged[position:position + 1] = bytes([rng.integers(256)])
            of_format = image_format.format_of(bytes(damaged))
            assert image_format.num_pictures(bytes(damaged), of_format) >= 1
            if of_format in (image_format.PNG, image_format.WEBP, image_format.AVIF, image_format.TIFF):
                assert 1 <= image_format.orientation(bytes(damaged), of_format) <= 8
            if of_format == image_format.TIFF:
                tiff.grey_and_alpha(bytes(damaged))   # which must not fail


def test_pages_of_a_tiff_are_counted_up_to_a_limit():
    """A directory without entries takes 6 bytes: a file of 128 MB would have 22 million to keep."""
    for count, counted in ((3, 3), (tiff.MAX_PAGES + 5, tiff.MAX_PAGES)):
        places = [8 + 6 * (number + 1) for number in range(count - 1)]
        content = b'II*\0' + struct.pack('<I', 8) + b''.join(struct.pack('<HI', 0, at) for at in [*places, 0])
        assert image_format.num_pictures(content, image_format.TIFF) == counted
