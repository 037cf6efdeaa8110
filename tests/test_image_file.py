"""Tests of data_provider.image_file."""
import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from data_provider import image_file
from data_provider.annotation import RejectedSample
from tests.conftest import draw

SIZE = (100, 32)


def encode(ending, image):
    return cv2.imencode(ending, image)[1].tobytes()


def chunk(name, data):
    """Return a chunk of a PNG file."""
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png_that_claims(width, height):
    """Return a small PNG file whose header claims a large image."""
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(10 ** 6))) + chunk(b'IEND', b'')


def test_an_image_is_resized_bilinearly_to_eight_bit_bgr(tmp_path, rng):
    for shape in ([48, 150, 3], [10, 30, 3]):
        image = rng.integers(0, 256, shape, np.uint8)
        cv2.imwrite(str(tmp_path / 'a.png'), image)
        assert np.array_equal(image_file.read_image(str(tmp_path / 'a.png'), SIZE), cv2.resize(image, SIZE))


@pytest.mark.parametrize('shape', [(32, 4000), (1000, 100), (1000, 4000), (20, 4000), (1000, 50)])
def test_a_side_that_is_far_too_large_is_averaged_so_that_no_pixel_is_left_out(shape):
    is_long = [length > 1.5 * new for length, new in zip(shape, SIZE[::-1], strict=True)]
    stripes = np.zeros([*shape, 3], np.uint8)
    stripes[::2 if is_long[0] else 1, ::2 if is_long[1] else 1] = 240
    resized = image_file.resize(stripes, SIZE)
    assert resized.shape == (32, 100, 3)
    assert np.abs(resized.astype(float) - 240 / 2 ** sum(is_long)).max() <= 10


def test_an_image_keeps_its_size_where_none_is_asked_for(tmp_path, rng):
    image = rng.integers(0, 256, [50, 300, 3], np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    assert np.array_equal(image_file.read_image(str(tmp_path / 'a.png')), image)
    assert np.array_equal(image_file.read_image_inside(os.path.realpath(tmp_path), 'a.png'), image)


@pytest.mark.parametrize('ending', ['.png', '.jpg', '.bmp', '.webp', '.tiff'])
def test_the_kind_of_an_image_is_told_by_its_content(tmp_path, ending):
    (tmp_path / 'word.txt').write_bytes(encode(ending, draw('word')))
    assert image_file.read_image(str(tmp_path / 'word.txt'), SIZE).shape == (32, 100, 3)


@pytest.mark.parametrize('image', [
    np.full((20, 40), 77, np.uint8), np.full((20, 40, 3), 77 * 257, np.uint16), np.full((20, 40), 77 * 257, np.uint16),
    np.full((20, 40, 4), [77, 77, 77, 255], np.uint8), np.full((20, 40, 4), [77 * 257, 77 * 257, 77 * 257, 65535], np.uint16)])
def test_grey_alpha_and_sixteen_bits_become_eight_bit_bgr(image):
    decoded = image_file.decode_image(encode('.png', image), SIZE)
    assert decoded.shape == (32, 100, 3)
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - 77).max() <= 1


@pytest.mark.parametrize('ending', ['.png', '.webp'])
@pytest.mark.parametrize(('ink', 'background'), [(0, 255), (255, 0)])
def test_what_is_transparent_becomes_white_or_black_behind_light_letters(ending, ink, background):
    image = np.zeros((32, 100, 4), np.uint8)
    image[8:24, 20:80] = (ink, ink, ink, 255)
    decoded = image_file.decode_image(cv2.imencode(ending, image, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes(), SIZE)
    assert decoded.shape == (32, 100, 3)
    assert (decoded[10:22, 30:70] == ink).all()
    assert (decoded[:4] == background).all()


def test_a_png_with_a_transparent_colour_of_its_palette_is_transparent():
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', 4, 4, 8, 3, 0, 0, 0))
    pixels = zlib.compress(b''.join(b'\0' + bytes([0, 1, 1, 0]) for _ in range(4)))
    content = (b'\x89PNG\r\n\x1a\n' + header + chunk(b'PLTE', bytes([0, 0, 0, 10, 10, 10])) + chunk(b'tRNS', bytes([0, 255]))
               + chunk(b'IDAT', pixels) + chunk(b'IEND', b''))
    assert image_file.decode_image(content, None)[:, :, 0].tolist() == 4 * [[255, 10, 10, 255]]


@pytest.mark.parametrize(('content', 'kind'), [
    (b'', 'empty file'),
    (b'hello', 'not an image'),
    (b'\x89PNG\r\n\x1a\n' + bytes(4) + b'IEND' + bytes(4), 'not an image'),
    (encode('.png', np.zeros((1, 50, 3), np.uint8)), 'image too small'),
    (encode('.png', np.zeros((40, 20000, 3), np.uint8)), 'image too large'),
    (png_that_claims(60000, 60000), 'not an image'),
    (png_that_claims(6000, 6000), 'not an image'),
])
def test_a_file_that_is_no_usable_image_says_why(tmp_path, content, kind):
    (tmp_path / 'a').write_bytes(content)
    with pytest.raises(RejectedSample) as caught:
        image_file.read_image(str(tmp_path / 'a'), SIZE)
    assert caught.value.kind == kind


@pytest.mark.parametrize('ending', ['.png', '.jpg'])
def test_a_file_cut_off_anywhere_is_no_image(ending):
    content = encode(ending, draw('word'))
    for length in range(1, len(content) - 12, 37):
        with pytest.raises(RejectedSample):
            image_file.decode_image(content[:length], SIZE)


def test_a_png_whose_chunk_claims_more_than_the_file_holds_is_refused_before_it_is_decoded():
    content = bytearray(encode('.png', draw('word')))
    content[content.index(b'IDAT') - 4] = 0x7F
    with pytest.raises(RejectedSample, match='a chunk does not end in the file'):
        image_file.decode_image(bytes(content), SIZE)


def test_random_damage_is_an_image_or_a_reject(rng):
    content = encode('.jpg', draw('word'))
    for _ in range(300):
        damaged = bytearray(content)
        for position in rng.integers(0, len(damaged), 4):
            damaged[position] = rng.integers(256)
        try:
            assert image_file.decode_image(bytes(damaged), SIZE).shape == (32, 100, 3)
        except RejectedSample as error:
            assert error.kind in ('not an image', 'image too small')


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'folder').mkdir()
    for name, message in (('pipe', 'no regular file'), ('folder', 'no regular file'), ('none', 'No such file')):
        with pytest.raises(RejectedSample, match=message):
            image_file.read_image(str(tmp_path / name), SIZE)


def test_a_link_that_leads_out_of_the_data_set_is_refused_and_one_inside_is_read(tmp_path):
    data_set, outside = tmp_path / 'data', tmp_path / 'outside'
    data_set.mkdir()
    outside.mkdir()
    for folder in (data_set, outside):
        (folder / 'a.png').write_bytes(encode('.png', draw('a')))
    (data_set / 'inside.png').symlink_to(data_set / 'a.png')
    (data_set / 'leads_out.png').symlink_to(outside / 'a.png')
    (data_set / 'folder').symlink_to(outside)
    assert image_file.read_image_inside(str(data_set), 'inside.png', SIZE).shape == (32, 100, 3)
    for path in ('leads_out.png', 'folder/a.png'):
        with pytest.raises(RejectedSample, match='leaves the data set'):
            image_file.read_image_inside(str(data_set), path, SIZE)


def test_a_path_with_a_null_byte_is_refused(tmp_path):
    for path in ('a\0b.png', 'a\0b/c.png'):
        with pytest.raises(RejectedSample, match='null byte'):
            image_file.read_image_inside(str(tmp_path), path, SIZE)


def test_a_margin_repeats_the_edge_or_is_cut_off(rng):
    image = rng.integers(0, 256, [20, 50, 3], np.uint8)
    wider = image_file.with_margin(image, 0.1)
    assert wider.shape == (24, 54, 3)
    np.testing.assert_array_equal(wider[2:-2, 2:-2], image)
    np.testing.assert_array_equal(wider[0, 2:-2], image[0])
    np.testing.assert_array_equal(image_file.with_margin(image, -0.1), image[2:-2, 2:-2])
    for fraction in (0, -0.01, -0.4):   # nothing, less than half a pixel, nearly all of it
        np.testing.assert_array_equal(image_file.with_margin(image, fraction), image)
