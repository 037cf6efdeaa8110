"""Draws pictures of words, plain but varied, with OpenCV's own TrueType text.

Every effect is a function of its own, with its probability and its range among the knobs below; all chance comes from the
random generator that is passed in.
"""
import functools
import os

import cv2
import numpy as np

BUILT_IN_FONTS = ('sans', 'italic')   # that OpenCV carries
SYSTEM_FONT_DIRS = ('/usr/share/fonts', '/usr/local/share/fonts', os.path.expanduser('~/.fonts'), '/Library/Fonts',
                    'C:/Windows/Fonts')
FONT_ENDINGS = ('.ttf', '.otf', '.ttc')
UNASSIGNED = '\u0378'                 # a code point that no font has a shape for

TEXT_SIZE = (22, 46)                  # pixels
TEXT_WEIGHT = (300, 800)              # of fonts with several weights
MARGIN = (1, 10)                      # pixels on each side
MIN_CONTRAST = 60                     # between the grey values of text and background
GRADIENT_PROBABILITY, GRADIENT_STRENGTH = 0.3, 50      # grey values from one side to the other
SLANT_PROBABILITY, SLANT = 0.3, 0.25                   # shift in x for each pixel of y, at most
BLUR_PROBABILITY, BLUR_SIGMA = 0.5, (0.3, 1.2)         # pixels
NOISE_PROBABILITY, NOISE_SIGMA = 0.6, (1.0, 12.0)      # grey values
JPEG_QUALITY = (40, 95)


def find_fonts(folders=None):
    """Return the fonts to draw with: names of OpenCV's own, paths of font files.

    Args:
        folders: where to look for font files; None for OpenCV's own fonts and the system's folders.

    Raises:
        FileNotFoundError: one of the given folders does not exist.
        ValueError: they hold no font file.
    """
    for folder in folders or ():
        if not os.path.isdir(folder):
            raise FileNotFoundError(f'{folder}: no such folder of fonts')
    paths = [os.path.join(parent, name) for folder in folders or SYSTEM_FONT_DIRS for parent, _, names in os.walk(folder)
             for name in names if name.lower().endswith(FONT_ENDINGS)]
    if folders and not paths:
        raise ValueError(f'{", ".join(folders)}: no font; expected files that end in {", ".join(FONT_ENDINGS)}')
    return sorted(paths) if folders else [*BUILT_IN_FONTS, *sorted(paths)]


@functools.cache
def load_font(font):
    """Return the cv2.FontFace of a name or path, or None where OpenCV cannot use it."""
    try:
        face = cv2.FontFace(font)
    except cv2.error:
        return None
    return face if face.getName() else None


def can_draw(font, text):
    """Whether a font, a name or path that `load_font` takes, has a shape for each character of a text."""
    return all(_has_shape(font, character) for character in text if not character.isspace())


def draw_word(text, face, rng):
    """Draw a word.

    Args:
        text: str.
        face: cv2.FontFace that can draw it.
        rng: numpy.random.Generator.

    Returns:
        uint8 [height, width, 3], BGR.
    """
    mask = _draw_mask(text, face, rng)
    mask = _slanted(mask, rng)
    text_colour, background_colour = _two_colours(rng)
    background = _with_gradient(np.broadcast_to(background_colour, (*mask.shape, 3)), rng)
    opacity = mask[:, :, np.newaxis] / np.float32(255)
    image = background + (text_colour - background) * opacity
    return _with_noise(_blurred(image, rng), rng)


def encode_jpeg(image, rng):
    """Return an image as the bytes of a JPEG file of random quality."""
    quality = int(rng.integers(*JPEG_QUALITY, endpoint=True))
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _draw_mask(text, face, rng):
    """Return where the text is, uint8 [height, width], with margins around it."""
    size, weight = int(rng.integers(*TEXT_SIZE)), int(rng.integers(*TEXT_WEIGHT))
    left, right, top, bottom = (int(margin) for margin in rng.integers(*MARGIN, 4, endpoint=True))
    x, y, width, height = cv2.getTextSize((0, 0), text, (0, 0), face, size, weight)
    mask = np.zeros((height + top + bottom, width + left + right), np.uint8)
    cv2.putText(mask, text, (left - x, top - y), 255, face, size, weight)
    return mask


def _slanted(mask, rng):
    if rng.random() >= SLANT_PROBABILITY:
        return mask
    height, width = mask.shape
    slant = rng.uniform(-SLANT, SLANT)
    shift = max(0.0, -slant * height)
    return cv2.warpAffine(mask, np.float32([[1, slant, shift], [0, 1, 0]]), (int(width + abs(slant) * height), height))


def _two_colours(rng):
    """Return two BGR colours, float32 [3], whose grey values are apart."""
    while True:
        colours = rng.integers(0, 256, (2, 3)).astype(np.float32)
        if abs(float(colours[0].mean() - colours[1].mean())) >= MIN_CONTRAST:
            return colours


def _with_gradient(background, rng):
    if rng.random() >= GRADIENT_PROBABILITY:
        return background
    height, width, _ = background.shape
    strength = rng.uniform(-GRADIENT_STRENGTH, GRADIENT_STRENGTH)
    if rng.random() < 0.5:
        ramp = np.linspace(-0.5, 0.5, width, dtype=np.float32)[np.newaxis, :, np.newaxis]
    else:
        ramp = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, np.newaxis, np.newaxis]
    return background + np.float32(strength) * ramp


def _blurred(image, rng):
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(*BLUR_SIGMA)) if rng.random() < BLUR_PROBABILITY else image


def _with_noise(image, rng):
    """Return the image as uint8, with noise of the sensor added."""
    if rng.random() < NOISE_PROBABILITY:
        noise = rng.standard_normal(image.shape, np.float32)
        image = image + noise * np.float32(rng.uniform(*NOISE_SIGMA))
    return np.clip(image, 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=1 << 16)
def _has_shape(font, character):
    shape = _shape(font, character)
    return shape.any() and not np.array_equal(shape, _shape(font, UNASSIGNED))


def _shape(font, character):
    """Return the picture of one character, for comparison."""
    mask = np.zeros((48, 64), np.uint8)
    cv2.putText(mask, character, (8, 36), 255, load_font(font), 24)
    return mask
