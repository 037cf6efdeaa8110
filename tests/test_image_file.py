"""Tests of data_provider.image_file."""
import os

import cv2
import numpy as np
import pytest

from data_provider import image_file
from data_provider.rejected_sample import RejectedSample
from tests.conftest import draw
from tests.picture_files import SIZE, encode, png_that_claims


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


@pytest.mark.parametrize('ending', ['.png', '.jpg', '.bmp', '.webp', '.tiff'])
def test_the_kind_of_an_image_is_told_by_its_content(tmp_path, ending):
    (tmp_path / 'word.txt').write_bytes(encode(ending, draw('word')))
    assert image_file.read_image(str(tmp_path / 'word.txt'), SIZE).shape == (32, 100, 3)


@pytest.mark.parametrize('value', [0, 77, 255])
@pytest.mark.parametrize('ending', ['.png', '.jpg', '.bmp', '.tiff', '.webp'])
def test_one_flat_colour_shows_nothing(value, ending):
    flat = np.full((40, 120, 3), (value, 10, 200), np.uint8)
    for size in (SIZE, None):
        with pytest.raises(RejectedSample, match='shows nothing: one flat colour'):
            image_file.decode_image(encode(ending, flat), size)


def test_heic_is_named_with_what_to_do():
    with pytest.raises(RejectedSample, match='HEIC, which OpenCV does not read; convert it to JPEG or PNG'):
        image_file.decode_image(b'\0\0\0\x18ftypheic' + bytes(200), SIZE)


@pytest.mark.parametrize(('content', 'kind'), [
    (b'', 'empty file'),
    (b'hello', 'not an image'),
    (b'\x89PNG\r\n\x1a\n' + bytes(4) + b'IEND' + bytes(4), 'not an image'),
    (encode('.png', np.zeros((1, 50, 3), np.uint8)), 'image too small'),
    (encode('.png', np.zeros((40, 20000, 3), np.uint8)), 'image too large'),
    (png_that_claims(60000, 60000), 'image too large'),
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
    for name, message in (('pipe', 'expected a file'), ('folder', 'expected a file'),
                          ('none', 'No such file')):
        with pytest.raises(RejectedSample, match=message):
            image_file.read_image(str(tmp_path / name), SIZE)


def test_a_margin_repeats_the_edge_or_is_cut_off(rng):
    image = rng.integers(0, 256, [20, 50, 3], np.uint8)
    wider = image_file.with_margin(image, 0.1)
    assert wider.shape == (24, 54, 3)
    np.testing.assert_array_equal(wider[2:-2, 2:-2], image)
    np.testing.assert_array_equal(wider[0, 2:-2], image[0])
    np.testing.assert_array_equal(image_file.with_margin(image, -0.1), image[2:-2, 2:-2])
    for fraction in (0, -0.01, -0.4):   # nothing, less than half a pixel, nearly all of it
        np.testing.assert_array_equal(image_file.with_margin(image, fraction), image)


def test_what_cannot_be_read_is_named_once(tmp_path, monkeypatch):
    monkeypatch.setattr(image_file, 'MAX_FILE_BYTES', 5)
    (tmp_path / 'large.png').write_bytes(bytes(6))
    (tmp_path / 'folder.png').mkdir()
    for name, kind in (('large', 'image too large'), ('folder', 'unreadable image'),
                       ('none', 'missing image')):
        path = str(tmp_path / f'{name}.png')
        with pytest.raises(RejectedSample, match=f'^{kind}: {path}: ') as caught:
            image_file.read_image(path)
        assert str(caught.value).count(path) == 1
