"""From the bytes of an image file to upright pixels of 8 bits and three colours."""
import cv2
import numpy as np

from data_provider import image_format, tiff

STRIP_PIXELS = 1 << 20        # that are converted at once, so that what is in between takes little memory
FEW_BITS = (8, 10, 12, 14)    # that pictures of 16 bits use where they do not use all
_TURNED_BY_US = (image_format.PNG, image_format.WEBP, image_format.AVIF)   # of the others OpenCV does it
_TURNS = {   # EXIF's orientation → what makes the picture upright
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.flip(cv2.transpose(image), -1),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def pixels_of(content: bytes, of_format: str | None) -> np.ndarray | None:
    """Return the picture of an image file.

    Args:
        content: of the file.
        of_format: as of image_format.format_of.

    Returns:
        uint8 [height, width, 3], BGR; None where OpenCV knows no such file.

    Raises:
        cv2.error, MALFORMED: the file is damaged.
    """
    if of_format == image_format.JPEG or (of_format == image_format.TIFF and tiff.is_cmyk(content)):
        return _decoded(content, cv2.IMREAD_COLOR)
    pairs = tiff.grey_and_alpha(content) if of_format == image_format.TIFF else None
    image = _unpaired(pairs) if pairs else _decoded(content)
    if image is None:
        return None
    is_inverted = of_format == image_format.TIFF and tiff.is_white_zero(content) and (
        pairs is not None or (image.ndim == 2 and image.dtype != np.uint8))   # of 8 bits OpenCV does it
    image = _eight_bits(image)
    if of_format == image_format.PNM and (white := image_format.largest_value(content)) < 255:
        image = cv2.LUT(image, np.rint(np.arange(256) * (255 / max(white, 1))).clip(0, 255).astype(np.uint8))
    if is_inverted:
        image = _inverted(image)
    image = _three_colours(image, content, of_format)
    if pairs or of_format in _TURNED_BY_US:
        turn = _TURNS.get(image_format.orientation(content, of_format))
        image = turn(image) if turn else image
    return image


def _decoded(content, flags=cv2.IMREAD_UNCHANGED):
    if content[:2] in (b'P1', b'P2', b'P3'):
        content += b'\n'   # without it OpenCV misses the end of the last number
    return cv2.imdecode(np.frombuffer(content, np.uint8), flags)


def _unpaired(pairs):
    """Return the picture, of two channels, of a tiff.GreyAndAlpha."""
    image = _decoded(pairs.content)
    if image is None:
        return None
    image = image.reshape(image.shape[0], -1, 2)
    return np.add.accumulate(image, axis=1, dtype=image.dtype) if pairs.is_of_differences else image


def _inverted(image):
    """Return uint8 [height, width], or [height, width, 2] with alpha, with black for white."""
    if image.ndim == 2:
        return 255 - image
    return np.dstack([255 - image[..., 0], image[..., 1]])


def _three_colours(image, content, of_format):
    """Return uint8 [height, width, 3] of a picture of grey or colours, with or without alpha."""
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.shape[2] == 2:
        grey, alpha = cv2.split(image)
        image = cv2.merge([grey, grey, grey, alpha])
    if of_format == image_format.BMP and image.shape[2] == 3:
        alpha = image_format.bmp_alpha(content, image.shape[:2])
        image = image if alpha is None else np.concatenate([image, alpha], axis=2)
    if image.shape[2] != 4:
        return image
    is_unused = of_format == image_format.TIFF and tiff.has_unspecified_channel(content)
    if is_unused and not image[:, :, 3].any():
        return np.ascontiguousarray(image[:, :, :3])
    return _opaque(image)


def _eight_bits(image):
    """Return an image of whatever numbers as uint8, from black to white.

    Pictures of 16 bits that use few of them are brought to their full range, their colours and their alpha
    each to its own. Of other numbers, those up to 1 are fractions of white, else 255 is white.
    """
    if image.dtype == np.uint8:
        return image
    converted = np.empty(image.shape, np.uint8)
    has_alpha = image.ndim == 3 and image.shape[2] in (2, 4)
    for channels in (slice(0, -1), slice(-1, None)) if has_alpha else (slice(None),):
        part, to_eight_bits = image[..., channels], _to_eight_bits(image[..., channels])
        for rows in _strips(image):
            converted[rows][..., channels] = to_eight_bits(part[rows])
    return converted


def _to_eight_bits(image):
    """Return the function that brings the numbers of an image, or of a part of it, to 0–255."""
    largest = max((image[rows].max() for rows in _strips(image)), default=0)
    if image.dtype == np.uint16:
        shift = next((bits for bits in FEW_BITS if largest < 1 << bits), 16) - 8
        return lambda part: part >> shift
    scale = 255 if np.nan_to_num(np.float32(largest)) <= 1 else 1
    return lambda part: np.rint(np.nan_to_num(part.astype(np.float32)) * scale).clip(0, 255)


def _strips(image):
    """Yield slices of the rows of an image, of about STRIP_PIXELS each."""
    rows = max(1, STRIP_PIXELS // max(1, image.shape[1]))
    for start in range(0, image.shape[0], rows):
        yield slice(start, start + rows)


def _opaque(image):
    """Return uint8 [height, width, 4] as [height, width, 3], on white, or on black behind what is light."""
    alpha = np.ascontiguousarray(image[:, :, 3])
    if alpha.min() == 255:
        return np.ascontiguousarray(image[:, :, :3])
    on_black = np.empty((*alpha.shape, 3), np.uint8)
    for rows in _strips(image):
        weight = cv2.merge([alpha[rows]] * 3)
        on_black[rows] = cv2.multiply(np.ascontiguousarray(image[rows, :, :3]), weight, scale=1 / 255)
    is_light = sum(cv2.sumElems(on_black)) > 127.5 * 3 * cv2.sumElems(alpha)[0] / 255
    if not is_light:
        for rows in _strips(image):
            on_black[rows] += 255 - alpha[rows, :, np.newaxis]
    return on_black
