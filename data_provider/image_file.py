"""Image files to pixels: the one place where images are opened, decoded and resized."""
import cv2
import numpy as np

from data_provider import decoded_pixels, image_format, image_header
from data_provider.rejected_sample import RejectedSample
from local_utils import opening, visible
from local_utils.errors import MALFORMED, InputError

MAX_FILE_BYTES = 1 << 27
MISSING = 'missing image'   # kind of a reject
MIN_SIDE, MAX_SIDE = 2, 16384   # pixels; nothing thinner can show a word, and nothing longer is one
MAX_PIXELS = 1 << 26            # in all; with 16 bits and alpha they take 1.1 GB while they are decoded
MIN_DEVIATION = 0.5   # of the values of a channel from their mean; below it is one flat colour
MIN_CONTRAST = 24     # of a few pixels; with it an image shows something
MAX_BILINEAR = 1.5   # times too large; of what is larger, bilinear interpolation weighs pixels unevenly
MIN_CUT = 5   # pixels of a side that cutting has to leave
UNREADABLE_ERRORS = (OSError, ValueError)   # of opening; ValueError: a null byte in the path, or no file
UNREADABLE = {image_format.HEIF: 'HEIC, which OpenCV does not read; convert it to JPEG or PNG'}


def read_image(path: str, input_size: tuple | None = None) -> np.ndarray:
    """Read an image of one line of text.

    JPEG, PNG or whatever OpenCV reads, told by content; grey, colour and 16-bit all become 8-bit BGR,
    turned as the file says. What is transparent becomes white, or black where the rest is light.

    Args:
        path: the file; a symbolic link is followed.
        input_size: (width, height) to resize to; None to leave the size.

    Returns:
        uint8 [height, width, 3], BGR.

    Raises:
        RejectedSample: the file is missing, no regular file, empty, no image, cut off, too large, or of one
            flat colour; says which.
    """
    return decode_image(read_content(path), input_size)


def read_content(path: str) -> bytes:
    """Return the content of an image file; raises RejectedSample where it cannot be read."""
    try:
        return opening.read_file(path, MAX_FILE_BYTES)
    except UNREADABLE_ERRORS as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError | ValueError) -> RejectedSample:
    """Return what is to be raised where local_utils.opening could not read an image file."""
    if isinstance(error, opening.OutsideFolder):
        return RejectedSample('path leaves the data set', f'{error} (--follow_links allows it)')
    if isinstance(error, opening.TooLarge):
        return RejectedSample('image too large', str(error))
    if isinstance(error, InputError):   # which names the file
        return RejectedSample('unreadable image', str(error))
    is_missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    why = getattr(error, 'strerror', None) or error
    return RejectedSample(MISSING if is_missing else 'unreadable image', f'{visible.escaped(path)}: {why}')


def remarks_on(content: bytes, path: str) -> list[tuple[str, str]]:
    """Return what the reader of an image should know of its file, as (kind, detail)."""
    of_format = image_format.format_of(content)
    num_pictures = image_format.num_pictures(content, of_format)
    if num_pictures == 1:
        return []
    return [('several pages or frames', f'{num_pictures} in {path}; the first is taken')]


def decode_image(content: bytes, input_size: tuple | None = None) -> np.ndarray:
    """Decode the bytes of an image file and resize it as `read_image` does, with its errors."""
    of_format = image_format.format_of(content)
    if not content:
        raise RejectedSample('empty file', 'expected an image, got 0 bytes')
    if of_format in UNREADABLE:
        raise RejectedSample('not an image', f'expected JPEG, PNG or the like, got {UNREADABLE[of_format]}')
    if of_format == image_format.PNG and not image_format.has_whole_png_chunks(content):
        raise RejectedSample(
            'not an image', 'the PNG is cut off or damaged: its header or a chunk does not end in the file')
    _check_size(image_header.size_of(content))   # before there is made room for it
    try:
        image = decoded_pixels.pixels_of(content, of_format)
    except cv2.error as error:
        message = f'OpenCV refused it: {error.err or error}'.replace('\n', ' ')
        kind = 'image too large' if error.code == cv2.Error.StsNoMem else 'not an image'
        raise RejectedSample(kind, message) from error
    except MemoryError as error:
        raise RejectedSample('image too large', 'there is too little memory to decode it') from error
    except MALFORMED as error:   # of whatever stands in it
        message = f'it cannot be taken apart: {type(error).__name__}: {error}'
        raise RejectedSample('not an image', message) from error
    if image is None:
        raise RejectedSample('not an image', 'expected a whole JPEG, PNG or other image that OpenCV reads')
    height, width = image.shape[:2]
    _check_size((width, height))   # the header may have lied
    image = image if input_size is None else resize(image, input_size)
    if _is_flat(image):
        raise RejectedSample('shows nothing', f'one flat colour, BGR {image[0, 0].tolist()}')
    return image


def _is_flat(image):
    """Whether an image is of one colour; most show that they are not in a few pixels of their middle."""
    height, width = image.shape[:2]
    some = image[height // 2, ::width // 16 + 1, 1].tolist()
    return max(some) - min(some) < MIN_CONTRAST and cv2.meanStdDev(image)[1].max() < MIN_DEVIATION


def _check_size(size):
    """Raise RejectedSample for a (width, height) that no image of a word has; None is not known."""
    if size is None:
        return
    width, height = size
    if MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE and width * height <= MAX_PIXELS:
        return
    if min(size) < MIN_SIDE:
        raise RejectedSample(
            'image too small', f'{width}x{height} pixels, expected at least {MIN_SIDE}x{MIN_SIDE}')
    raise RejectedSample(
        'image too large',
        f'{width}x{height} pixels, expected at most {MAX_SIDE} a side and {MAX_PIXELS} in all')


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
