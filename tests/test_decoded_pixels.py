"""Tests of data_provider.decoded_pixels and data_provider.tiff: alpha, few bits, orientation, by format."""
import struct
import zlib

import cv2
import numpy as np
import pytest

from data_provider import image_file, tiff
from data_provider.rejected_sample import RejectedSample
from tests.picture_files import (
    GREY,
    SIZE,
    STORED_AS,
    avif_with,
    bmp_of_32_bits,
    chunk,
    encode,
    exif_of,
    tiff_of,
    with_exif,
)


@pytest.mark.parametrize('ending', ['.png', '.tiff'])
@pytest.mark.parametrize('image', [
    GREY, GREY.astype(np.uint16) * 257, np.dstack(3 * [GREY.astype(np.uint16) * 257]),
    np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)]),
    np.dstack([*3 * [GREY.astype(np.uint16) * 257], np.full(GREY.shape, 65535, np.uint16)])])
def test_grey_alpha_and_sixteen_bits_become_eight_bit_bgr(image, ending):
    decoded = image_file.decode_image(encode(ending, image), SIZE)
    assert decoded.shape == (32, 100, 3)
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - GREY[:, :, None]).max() <= 1


@pytest.mark.parametrize(('factor', 'bits'), [(1, 8), (4, 10), (16, 12), (64, 14)])
def test_a_picture_of_sixteen_bits_that_uses_few_of_them_is_as_light_as_one_that_uses_all(factor, bits):
    light = np.where(GREY > 190, 255, GREY).astype(np.uint16)
    assert light.max() * factor < 1 << bits
    decoded = image_file.decode_image(encode('.png', light * factor), None)
    assert np.array_equal(decoded[:, :, 0], light)


@pytest.mark.parametrize('scale', [1, 1 / 255])
def test_a_picture_of_fractions_or_of_other_numbers_is_read(scale):
    decoded = image_file.decode_image(encode('.tiff', (GREY * scale).astype(np.float32)), None)
    assert np.array_equal(decoded[:, :, 0], GREY)


def test_what_is_wholly_transparent_shows_nothing(rng):
    hidden = np.dstack([rng.integers(0, 256, (32, 100, 3), np.uint8), np.zeros((32, 100), np.uint8)])
    with pytest.raises(RejectedSample, match='shows nothing'):
        image_file.decode_image(encode('.png', hidden), SIZE)


TRANSPARENT = {
    **{ending: lambda image,
       ending=ending: cv2.imencode(ending, image, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
       for ending in ('.png', '.webp', '.tiff', '.gif', '.avif')},
    'bmp': bmp_of_32_bits, 'bmp from the top': lambda image: bmp_of_32_bits(image, bottom_first=False)}


@pytest.mark.parametrize('form', TRANSPARENT)
@pytest.mark.parametrize(('ink', 'background'), [(0, 255), (255, 0)])
def test_what_is_transparent_becomes_white_or_black_behind_light_letters(form, ink, background):
    image = np.zeros((32, 100, 4), np.uint8)
    image[8:24, 20:60] = (ink, ink, ink, 255)
    decoded = image_file.decode_image(TRANSPARENT[form](image), SIZE)
    assert decoded.shape == (32, 100, 3)
    assert np.abs(decoded[10:22, 24:56].astype(int) - ink).max() <= 4
    assert np.abs(decoded[:4].astype(int) - background).max() <= 2
    assert np.abs(decoded[10:22, 70:].astype(int) - background).max() <= 2


def test_a_bmp_of_32_bits_without_alpha_is_opaque():
    image = np.dstack([*3 * [GREY], np.zeros_like(GREY)])
    assert np.array_equal(image_file.decode_image(bmp_of_32_bits(image), None)[:, :, 0], GREY)


@pytest.mark.parametrize('orientation', STORED_AS)
@pytest.mark.parametrize('prefix', [b'', b'Exif\0\0'])
@pytest.mark.parametrize('ending', ['.png', '.webp'])
@pytest.mark.parametrize('has_alpha', [False, True])
def test_a_picture_is_turned_as_its_file_says(orientation, prefix, ending, has_alpha):
    upright = np.dstack(3 * [GREY])
    upright[:16] //= 2
    stored = STORED_AS[orientation](np.dstack([upright, np.full_like(GREY, 255)]) if has_alpha else upright)
    content = with_exif(ending, np.ascontiguousarray(stored), prefix + exif_of(orientation))
    assert np.array_equal(image_file.decode_image(content, None), upright)


@pytest.mark.parametrize(('orientation', 'properties'), [
    (1, []), (2, [(b'imir', 1)]), (3, [(b'irot', 2)]), (4, [(b'imir', 0)]), (5, [(b'irot', 1), (b'imir', 0)]),
    (6, [(b'irot', 3)]), (7, [(b'irot', 3), (b'imir', 0)]), (8, [(b'irot', 1)])])
def test_an_avif_is_turned_and_mirrored_as_its_properties_say(orientation, properties):
    upright = np.dstack(3 * [GREY])
    upright[:16] //= 2
    stored = np.ascontiguousarray(STORED_AS[orientation](upright))
    decoded = image_file.decode_image(avif_with(stored, *properties), None)
    assert decoded.shape == upright.shape
    assert np.abs(decoded.astype(int) - upright).mean() < 4


def test_an_orientation_that_is_none_is_passed_over():
    upright = np.dstack(3 * [GREY])
    for exif in (exif_of(0), exif_of(9), b'XX' + exif_of(6)[2:], exif_of(6)[:9]):
        assert np.array_equal(image_file.decode_image(with_exif('.png', upright, exif), None), upright)


def test_a_png_with_a_transparent_colour_of_its_palette_is_transparent():
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', 4, 4, 8, 3, 0, 0, 0))
    pixels = zlib.compress(b''.join(b'\0' + bytes([0, 1, 1, 0]) for _ in range(4)))
    content = (b'\x89PNG\r\n\x1a\n' + header + chunk(b'PLTE', bytes([0, 0, 0, 10, 10, 10]))
               + chunk(b'tRNS', bytes([0, 255]))
               + chunk(b'IDAT', pixels) + chunk(b'IEND', b''))
    assert image_file.decode_image(content, None)[:, :, 0].tolist() == 4 * [[255, 10, 10, 255]]


INK = np.where(GREY > 125, 255, 0).astype(np.uint8)   # alpha of black ink


@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
@pytest.mark.parametrize('predictor', [1, 2])
@pytest.mark.parametrize('kind', [0, 1, 2])   # of the extra sample: unspecified, premultiplied, alpha
@pytest.mark.parametrize('photometric', [0, 1])   # 0 is white, or black
def test_a_grey_tiff_keeps_its_alpha(order, dtype, predictor, kind, photometric):
    largest = np.iinfo(dtype).max
    black = np.full(INK.shape, largest * (1 - photometric), dtype)
    content = tiff_of(np.dstack([black, INK.astype(dtype) * (largest // 255)]), photometric, order=order,
                      predictor=predictor, tag_338=kind)
    assert np.array_equal(image_file.decode_image(content, None)[:, :, 1], 255 - INK)


@pytest.mark.parametrize('orientation', STORED_AS)
@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_a_tiff_is_turned_as_it_says(orientation, channels):
    upright = GREY.copy()
    upright[:16] //= 2
    colours = [upright] * (3 if channels > 2 else 1)
    samples = np.dstack([*colours, np.full_like(GREY, 255)] if channels in (2, 4) else colours)
    extra = {'tag_338': 2} if channels in (2, 4) else {}
    content = tiff_of(STORED_AS[orientation](samples), 2 if channels > 2 else 1, tag_274=orientation, **extra)
    assert np.array_equal(image_file.decode_image(content, None)[:, :, 1], upright)


@pytest.mark.parametrize(('samples', 'photometric', 'extra'), [
    (255 - GREY, 0, {}), ((255 - GREY).astype(np.uint16) * 257, 0, {}), (GREY, 1, {}),
    (np.dstack([GREY] * 3 + [np.zeros_like(GREY)]), 2, {'tag_338': 0}),   # a fourth channel, of no meaning
    (np.dstack([GREY, np.zeros_like(GREY)]), 1, {'tag_338': 0})])
def test_a_tiff_is_as_light_as_it_says(samples, photometric, extra):
    content = tiff_of(samples.reshape(32, 100, -1), photometric, **extra)
    assert np.array_equal(image_file.decode_image(content, None)[:, :, 0], GREY)


def test_only_a_tiff_of_grey_and_alpha_side_by_side_is_taken_for_one():
    samples = np.dstack([GREY, INK])
    assert tiff.grey_and_alpha(tiff_of(samples, 1, tag_338=2)) is not None
    for other in (tiff_of(samples[:, :, :1], 1), tiff_of(samples, 3, tag_338=2), encode('.tiff', GREY),
                  tiff_of(samples, 1, tag_338=2, tag_284=2), tiff_of(samples, 1, tag_317=3), b'II*\0', b''):
        assert tiff.grey_and_alpha(other) is None


SIXTEENTHS = GREY // 17
AS_TEXT = ' '.join(map(str, SIXTEENTHS.ravel())).encode()
PAM = 'P7\nWIDTH 100\nHEIGHT 32\nDEPTH {}\nMAXVAL {}\nTUPLTYPE {}\nENDHDR\n'


@pytest.mark.parametrize('content', [
    b'P5\n100 32\n15\n' + SIXTEENTHS.tobytes(), b'P5 100 # wide\n32 15\n' + SIXTEENTHS.tobytes(),
    b'P6\n100 32\n15\n' + np.dstack([SIXTEENTHS] * 3).tobytes(), b'P2\n100 32\n15\n' + AS_TEXT,
    b'P3\n100 32\n15\n' + b' '.join(np.repeat(AS_TEXT.split(), 3)),
    PAM.format(1, 15, 'GRAYSCALE').encode() + SIXTEENTHS.tobytes()])
def test_a_pnm_of_few_bits_is_as_light_as_it_says(content):
    assert np.array_equal(image_file.decode_image(content, None)[:, :, 0], SIXTEENTHS * 17)


@pytest.mark.parametrize(('depth', 'name'), [(2, 'GRAYSCALE_ALPHA'), (4, 'RGB_ALPHA')])
def test_a_pam_keeps_its_alpha(depth, name):
    samples = np.dstack([np.zeros_like(INK)] * (depth - 1) + [INK])
    content = PAM.format(depth, 255, name).encode() + samples.tobytes()
    decoded = image_file.decode_image(content, None)
    assert decoded.shape == (32, 100, 3)
    assert np.array_equal(decoded[:, :, 1], 255 - INK)


def test_a_pam_that_claims_to_be_large_is_refused_before_it_is_decoded():
    content = PAM.replace('100', '60000').replace('32', '60000').format(1, 255, 'GRAYSCALE').encode()
    with pytest.raises(RejectedSample, match='image too large: 60000x60000'):
        image_file.decode_image(content, None)
