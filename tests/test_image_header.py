"""Tests of data_provider.image_header."""
import time

import cv2
import numpy as np
import pytest

from data_provider import image_header

SIZE = 41, 123   # height, width
ENDINGS = '.jpg', '.png', '.webp', '.gif', '.bmp', '.tiff', '.avif', '.jp2', '.ppm'


def encoded(ending):
    image = np.random.default_rng(0).integers(0, 256, [*SIZE, 3], np.uint8)
    return cv2.imencode(ending, image)[1].tobytes()


@pytest.mark.parametrize('ending', ENDINGS)
def test_the_header_tells_the_size_of_every_format(ending):
    assert image_header.size_of(encoded(ending)) == SIZE[::-1]


@pytest.mark.parametrize('options', [[cv2.IMWRITE_WEBP_QUALITY, 50], [cv2.IMWRITE_WEBP_QUALITY, 101]])
def test_the_header_tells_the_size_of_each_kind_of_webp(options):
    image = np.random.default_rng(0).integers(0, 256, [*SIZE, 4], np.uint8)
    for channels in (3, 4):
        content = cv2.imencode('.webp', image[:, :, :channels], options)[1].tobytes()
        assert image_header.size_of(content) == SIZE[::-1]


def test_the_header_of_a_raw_codestream_a_grey_file_and_a_progressive_jpeg():
    jp2 = encoded('.jp2')
    assert image_header.size_of(jp2[jp2.index(b'\xff\x4f\xff\x51'):]) == SIZE[::-1]
    grey = np.zeros(SIZE, np.uint8)
    assert image_header.size_of(cv2.imencode('.pgm', grey)[1].tobytes()) == SIZE[::-1]
    progressive = cv2.imencode('.jpg', grey, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert image_header.size_of(progressive) == SIZE[::-1]


def test_what_is_no_image_has_no_size():
    assert [image_header.size_of(content)
            for content in (b'', b'P', b'BM', b'hello world', b'GIF89a', b'P6 x y')] == [None] * 6


@pytest.mark.parametrize('header', [b'P5 -8 9 255\n', b'P6 8 -9 255\n', b'P5 1_0 9 255\n',
                                    b'P7\nWIDTH -8\nHEIGHT 9\nDEPTH 1\nMAXVAL 255\nENDHDR\n'])
def test_a_side_that_is_no_whole_number_is_no_size(header):
    """A negative one would be less than no memory to whoever adds up what pictures need."""
    assert image_header.size_of(header + bytes(100)) is None


@pytest.mark.parametrize('content', [
    b'\xff\xd8\xff\xe0' + b'\xff' * 9_000_000, b'\xff\xd8' + b'\xff\xe0\0\2' * 2_000_000,
    b'GIF89a' + bytes(7) + b'\x21\xf9' + b'\1\1' * 4_900_000, b'\0\0\0\x08ftyp'
    + b'\0\0\0\x08ipco' * 1_200_000])
def test_a_hostile_header_takes_no_time(content):
    started = time.process_time()
    assert image_header.size_of(content) is None
    assert time.process_time() - started < 1


def test_headers_that_are_cut_off_or_damaged_raise_nothing(rng):
    for ending in ENDINGS:
        content = encoded(ending)
        for _ in range(100):
            damaged = bytearray(content[:rng.integers(1, 200)])
            damaged[rng.integers(len(damaged))] = rng.integers(256)
            size = image_header.size_of(bytes(damaged))
            assert size is None or len(size) == 2
