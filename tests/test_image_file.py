"""Tests of data_provider.image_file."""
import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from data_provider import image_file, image_format
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
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT',
                                                                 zlib.compress(
                                                                     bytes(10 ** 6))) + chunk(b'IEND', b'')


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


GREY = np.tile(np.linspace(50, 200, 100, dtype=np.uint8), (32, 1))   # from dark to light


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


@pytest.mark.parametrize('value', [0, 77, 255])
@pytest.mark.parametrize('ending', ['.png', '.jpg', '.bmp', '.tiff', '.webp'])
def test_one_flat_colour_shows_nothing(value, ending):
    flat = np.full((40, 120, 3), (value, 10, 200), np.uint8)
    for size in (SIZE, None):
        with pytest.raises(RejectedSample, match='shows nothing: one flat colour'):
            image_file.decode_image(encode(ending, flat), size)


def test_what_is_wholly_transparent_shows_nothing(rng):
    hidden = np.dstack([rng.integers(0, 256, (32, 100, 3), np.uint8), np.zeros((32, 100), np.uint8)])
    with pytest.raises(RejectedSample, match='shows nothing'):
        image_file.decode_image(encode('.png', hidden), SIZE)


def bmp_of_32_bits(image, bottom_first=True):
    """Return a BMP file of uint8 [height, width, 4] whose header does not tell of its alpha."""
    height, width = image.shape[:2]
    header = struct.pack('<IiiHHIIiiII', 40, width, height if bottom_first else -height, 1, 32, 0, image.size,
                         0, 0, 0, 0)
    rows = image[::-1] if bottom_first else image
    return b'BM' + struct.pack('<IHHI', 54 + image.size, 0, 0, 54) + header + rows.tobytes()


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


def exif_of(orientation):
    return b'MM\0*' + struct.pack('>IHHHIHHI', 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def with_exif(ending, image, exif):
    metadata = [np.frombuffer(exif, np.uint8)]
    return cv2.imencodeWithMetadata(ending, image, [cv2.IMAGE_METADATA_EXIF], metadata,
                                    [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()


STORED_AS = {   # orientation → how a picture lies in the file that says so
    1: lambda image: image, 2: lambda image: image[:, ::-1], 3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1], 5: lambda image: image.swapaxes(0, 1), 6: lambda image: np.rot90(image),
    7: lambda image: np.rot90(image.swapaxes(0, 1), 2), 8: lambda image: np.rot90(image, -1)}


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


def avif_with(image, *properties):
    """Return an AVIF of a picture with more properties, such as irot."""
    content = bytearray(cv2.imencode('.avif', image, [cv2.IMWRITE_AVIF_QUALITY, 100])[1].tobytes())
    added = b''.join(struct.pack('>I', 9) + name + bytes([value]) for name, value in properties)
    start = content.index(b'mdat') + 4
    place = content.index(struct.pack('>I', start), content.index(b'iloc'))
    content[place:place + 4] = struct.pack('>I', start + len(added))
    for name in (b'meta', b'iprp', b'ipco'):
        size_at = content.index(name) - 4
        content[size_at:size_at + 4] = struct.pack('>I', int.from_bytes(content[size_at:size_at + 4], 'big')
                                                   + len(added))
    after_header = content.index(b'ipco') + 4
    content[after_header:after_header] = added
    # version and flags, items, the item's number, how many
    associations = content.index(b'ipma') + 4 + 4 + 4 + 2 + 1
    for position in range(associations, associations + content[associations - 1]):
        content[position] += len(properties)   # the others have moved
    return bytes(content)


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


def pages(ending, count):
    """Return the bytes of a file of several pictures."""
    images = [np.roll(np.dstack(3 * [GREY]), 7 * number, 1) for number in range(count)]
    if ending == '.tiff':
        return cv2.imencodemulti(ending, images)[1].tobytes()
    animation = cv2.Animation()
    animation.frames, animation.durations = images, count * [100]
    return cv2.imencodeanimation(ending, animation)[1].tobytes()


def test_the_structure_of_damaged_files_is_read_without_an_error(rng):
    for ending in ('.png', '.webp', '.gif', '.tiff', '.bmp', '.avif'):
        content = pages(ending, 2) if ending in ('.gif', '.tiff') else encode(ending, draw('word'))
        for length in [*range(min(len(content), 200)), *rng.integers(0, len(content), 50)]:
            damaged = bytearray(content[:length])
            for position in rng.integers(0, max(length, 1), 3):
                damaged[position:position + 1] = bytes([rng.integers(256)])
            of_format = image_format.format_of(bytes(damaged))
            assert image_format.num_pictures(bytes(damaged), of_format) >= 1
            if of_format in (image_format.PNG, image_format.WEBP, image_format.AVIF):
                assert 1 <= image_format.orientation(bytes(damaged), of_format) <= 8


def test_heic_is_named_with_what_to_do():
    with pytest.raises(RejectedSample, match='HEIC, which OpenCV does not read; convert it to JPEG or PNG'):
        image_file.decode_image(b'\0\0\0\x18ftypheic' + bytes(200), SIZE)


def test_a_png_with_a_transparent_colour_of_its_palette_is_transparent():
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', 4, 4, 8, 3, 0, 0, 0))
    pixels = zlib.compress(b''.join(b'\0' + bytes([0, 1, 1, 0]) for _ in range(4)))
    content = (b'\x89PNG\r\n\x1a\n' + header + chunk(b'PLTE', bytes([0, 0, 0, 10, 10, 10]))
               + chunk(b'tRNS', bytes([0, 255]))
               + chunk(b'IDAT', pixels) + chunk(b'IEND', b''))
    assert image_file.decode_image(content, None)[:, :, 0].tolist() == 4 * [[255, 10, 10, 255]]


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
