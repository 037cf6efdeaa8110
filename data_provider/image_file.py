"""Image files to pixels: the one place where images are opened, decoded and resized."""
import functools
import os
import stat

import cv2
import numpy as np

from data_provider.annotation import RejectedSample

MAX_FILE_BYTES = 1 << 27
MIN_SIDE, MAX_SIDE = 2, 16384   # pixels; nothing thinner can show a word, and nothing longer is one
MAX_BILINEAR = 1.5   # times too large; of what is larger, bilinear interpolation weighs pixels unevenly
MIN_CUT = 5   # pixels of a side that cutting has to leave
# Without following a link that was put there since the path was checked, or waiting for the other end of a
# pipe.
READ_FLAGS = os.O_RDONLY
for _flag in ('O_NOFOLLOW', 'O_NONBLOCK', 'O_BINARY'):   # not every system has each
    READ_FLAGS |= getattr(os, _flag, 0)
PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
PNG_COLOUR_TYPE, PNG_ALPHA_TYPES = 25, (4, 6)   # where it stands, and which have transparency in each pixel


def read_image(path: str, input_size: tuple | None = None) -> np.ndarray:
    """Read an image of one line of text.

    JPEG, PNG or whatever OpenCV reads, told by content; grey, colour and 16-bit all become 8-bit BGR. What is
    transparent becomes white, or black where the rest is light.

    Args:
        path: the file; a symbolic link is followed.
        input_size: (width, height) to resize to; None to leave the size.

    Returns:
        uint8 [height, width, 3], BGR.

    Raises:
        RejectedSample: the file is missing, no regular file, empty, no image, cut off, or too large; says
            which.
    """
    return decode_image(_read_bytes(os.path.realpath(path)), input_size)


def read_image_inside(folder: str, path: str, input_size: tuple | None = None) -> np.ndarray:
    """Read `folder`/`path` as `read_image` does, but never a file outside the folder.

    Args:
        folder: as `os.path.realpath` gives it.
        path: relative to the folder, without `..`.

    Raises:
        RejectedSample: also where a symbolic link on the way leads out of the folder.
    """
    if '\0' in path:
        raise RejectedSample('unreadable image', f'{path!r} has a null byte in it')
    parent, name = os.path.split(os.path.join(folder, path))
    file_path = os.path.join(_real_path(parent), name)
    if os.path.islink(file_path):
        file_path = os.path.realpath(file_path)
    if not file_path.startswith(os.path.join(folder, '')):
        raise RejectedSample('path leaves the data set', f'{path} leads to {file_path}')
    return decode_image(_read_bytes(file_path), input_size)


def decode_image(content: bytes, input_size: tuple | None = None) -> np.ndarray:
    """Decode the bytes of an image file and resize it as `read_image` does, with its errors."""
    if not content:
        raise RejectedSample('empty file', 'expected an image, got 0 bytes')
    if content.startswith(PNG_SIGNATURE) and not _has_whole_png_chunks(content):
        raise RejectedSample(
            'not an image', 'the PNG is cut off or damaged: its header or a chunk does not end in the file')
    try:
        image = _decode(content)
    except cv2.error as error:
        message = f'OpenCV refused it: {error.err or error}'.replace('\n', ' ')
        raise RejectedSample('not an image', message) from error
    if image is None:
        raise RejectedSample('not an image', 'expected a whole JPEG, PNG or other image that OpenCV reads')
    height, width = image.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise RejectedSample(
            'image too small', f'{width}x{height} pixels, expected at least {MIN_SIDE}x{MIN_SIDE}')
    if max(height, width) > MAX_SIDE:
        raise RejectedSample(
            'image too large', f'{width}x{height} pixels, expected at most {MAX_SIDE} a side')
    return image if input_size is None else resize(image, input_size)


def resize(image: np.ndarray, size: tuple) -> np.ndarray:
    """Resize bilinearly; a side that is far too large is averaged first.

    Args:
        image: uint8 [height, width, 3].
        size: (width, height).
    """
    (old_height, old_width), (width, height) = image.shape[:2], size
    is_too_wide, is_too_high = old_width > MAX_BILINEAR * width, old_height > MAX_BILINEAR * height
    if is_too_wide or is_too_high:
        averaged_size = width if is_too_wide else old_width, height if is_too_high else old_height
        image = cv2.resize(image, averaged_size, interpolation=cv2.INTER_AREA)
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def with_margin(image: np.ndarray, fraction: float) -> np.ndarray:
    """Return an image with more room around the word, or less.

    Args:
        image: uint8 [height, width, 3].
        fraction: of the height, added on each side by repeating the edge; cut off where it is negative, if
            MIN_CUT pixels remain.
    """
    pixels = round(abs(fraction) * image.shape[0])
    if fraction >= 0:
        return cv2.copyMakeBorder(image, *[pixels] * 4, cv2.BORDER_REPLICATE)
    if pixels == 0 or min(image.shape[:2]) < 2 * pixels + MIN_CUT:
        return image
    return image[pixels:-pixels, pixels:-pixels]


def _decode(content):
    """Return the picture of an image file, uint8 [height, width, 3] BGR, or None where OpenCV knows none."""
    buffer = np.frombuffer(content, np.uint8)
    if _may_be_transparent(content):
        image = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
        if image is not None and image.ndim == 3 and image.shape[2] == 4:
            return _opaque(image if image.dtype == np.uint8 else (image >> 8).astype(np.uint8))
    return cv2.imdecode(buffer, cv2.IMREAD_COLOR)


def _may_be_transparent(content):
    """Whether an image file can have transparent pixels; of other formats than PNG and WebP they are lost."""
    if content.startswith(PNG_SIGNATURE):
        return content[PNG_COLOUR_TYPE] in PNG_ALPHA_TYPES or b'tRNS' in content[:content.find(b'IDAT')]
    return content[8:12] == b'WEBP'


def _opaque(image):
    """Return uint8 [height, width, 4] as [height, width, 3], on white, or on black behind what is light."""
    colours, alpha = image[:, :, :3], image[:, :, 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(colours)
    weight = alpha / np.float32(255)
    is_light = (colours * weight).sum() > 127.5 * 3 * weight.sum()
    return np.rint(colours * weight + (0 if is_light else 255) * (1 - weight)).astype(np.uint8)


def _has_whole_png_chunks(content):
    """Whether a PNG has a header and its chunks end in it; the decoder makes room before it looks."""
    position = len(PNG_SIGNATURE)
    if content[position + 4:position + 8] != b'IHDR' or len(content) <= PNG_COLOUR_TYPE:
        return False
    while position + 12 <= len(content):
        if content[position + 4:position + 8] == b'IEND':
            return True
        position += 12 + int.from_bytes(content[position:position + 4], 'big')
    return False


@functools.lru_cache(maxsize=4096)
def _real_path(folder):
    """Return the folder's path without symbolic links; a data set has few folders and many files."""
    return os.path.realpath(folder)


def _read_bytes(path):
    """Return the content of a regular file, bytes."""
    try:
        descriptor = os.open(path, READ_FLAGS)
        try:
            return _read_regular_file(descriptor, path)
        finally:
            os.close(descriptor)
    except RejectedSample:
        raise
    except (OSError, ValueError) as error:   # ValueError: a null byte in the path
        is_missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        kind = 'missing image' if is_missing else 'unreadable image'
        raise RejectedSample(kind, f'{path}: {getattr(error, "strerror", None) or error}') from error


def _read_regular_file(descriptor, path):
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RejectedSample('unreadable image', f'{path}: expected an image file, got no regular file')
    if status.st_size > MAX_FILE_BYTES:
        raise RejectedSample(
            'image too large', f'{path} has {status.st_size} bytes, expected at most {MAX_FILE_BYTES}')
    content = os.read(descriptor, status.st_size)
    while len(content) < status.st_size and (more := os.read(descriptor, status.st_size - len(content))):
        content += more
    return content
