"""Draws pictures of words, plain but varied, with OpenCV's own TrueType text.

Every effect is a function of its own, with its probability and its range among the knobs below; all chance comes from the
random generator that is passed in.
"""
import functools
import os
import statistics
import string

import cv2
import numpy as np

BUILT_IN_FONTS = ('sans', 'italic')   # that OpenCV carries; it takes what a font lacks from the first, then from its 'uni'
SYSTEM_FONT_DIRS = ('/usr/share/fonts', '/usr/local/share/fonts', os.path.expanduser('~/.fonts'), '/Library/Fonts',
                    'C:/Windows/Fonts')
FONT_SIGNATURES = (b'\x00\x01\x00\x00', b'OTTO', b'true')
FONT_ENDINGS = ('.ttf', '.otf', '.ttc')
UNASSIGNED = '\u0378'                 # a code point that no font has a shape for; a question mark is drawn
MIN_LIKENESS = 0.15                   # of a font's letters to plain ones; symbols are near 0, an italic at 0.3, sans at 0.9

TEXT_SIZE = (26, 46)                  # pixels
TEXT_WEIGHT = (300, 800)              # of fonts with several weights
MARGIN = (1, 10)                      # pixels on each side
MIN_CONTRAST = 70                     # between the grey values of text and background
GREY_OF_BGR = (0.114, 0.587, 0.299)   # how bright the eye finds blue, green and red
GRADIENT_PROBABILITY, GRADIENT_STRENGTH = 0.3, 50      # grey values from one side to the other
SLANT_PROBABILITY, SLANT = 0.3, 0.25                   # shift in x for each pixel of y, at most
BLUR_PROBABILITY, BLUR_SIGMA = 0.5, (0.3, 1.2)         # pixels
NOISE_PROBABILITY, NOISE_SIGMA = 0.6, (1.0, 8.0)       # grey values
JPEG_QUALITY = (50, 95)


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
    if font.lower().endswith(FONT_ENDINGS) and not _is_whole_font_file(font):
        return None   # OpenCV would crash on some of them
    try:
        face = cv2.FontFace(font)
    except cv2.error:
        return None
    return face if face.getName() else None


def _is_whole_font_file(path):
    """Whether a file starts as a TrueType or OpenType font and has all the tables that its directory lists."""
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        header = file.read(12)
        if header[:4] == b'ttcf':   # a collection; its first font counts
            file.seek(int.from_bytes(file.read(4), 'big'))
            header = file.read(12)
        if header[:4] not in FONT_SIGNATURES:
            return False
        tables = [file.read(16) for _ in range(int.from_bytes(header[4:6], 'big'))]
    return bool(tables) and all(
        len(table) == 16 and int.from_bytes(table[8:12], 'big') + int.from_bytes(table[12:], 'big') <= size for table in tables)


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
    mask = _blurred(_slanted(_draw_mask(text, face, rng), rng), rng)
    colours = _from_background_to_text(rng)
    image = cv2.LUT(cv2.merge([mask, mask, mask]), colours)
    return _with_noise(_with_gradient(image, rng), rng)


def encode_jpeg(image, rng):
    """Return an image as the bytes of a JPEG file of random quality."""
    quality = int(rng.integers(*JPEG_QUALITY, endpoint=True))
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _draw_mask(text, face, rng):
    """Return where the text is, uint8 [height, width], with margins around it."""
    size, weight = int(rng.integers(*TEXT_SIZE)), int(rng.integers(*TEXT_WEIGHT))
    margins = [int(margin) for margin in rng.integers(*MARGIN, 4, endpoint=True)]
    canvas = np.zeros((4 * size, (2 * len(text) + 2) * size), np.uint8)
    cv2.putText(canvas, text, (size, 2 * size), 255, face, size, weight)
    x, y, width, height = cv2.boundingRect(canvas)   # getTextSize leaves out what hangs over, the tail of a j
    return cv2.copyMakeBorder(canvas[y:y + height, x:x + width], *margins, cv2.BORDER_CONSTANT)


def _slanted(mask, rng):
    if rng.random() >= SLANT_PROBABILITY:
        return mask
    height, width = mask.shape
    slant = rng.uniform(-SLANT, SLANT)
    shift = max(0.0, -slant * height)
    return cv2.warpAffine(mask, np.float32([[1, slant, shift], [0, 1, 0]]), (int(width + abs(slant) * height), height))


def _from_background_to_text(rng):
    """Return the colour of each value of the mask, uint8 [1, 256, 3], BGR: from one to another of a grey value far from it."""
    background, text = rng.integers(0, 256, (2, 3))
    while abs(np.dot(background - text, GREY_OF_BGR)) < MIN_CONTRAST:
        background, text = rng.integers(0, 256, (2, 3))
    return np.linspace(background, text, 256).astype(np.uint8)[np.newaxis]


def _with_gradient(image, rng):
    """Return the image as it is, or as float32 with light that changes from one side to the other."""
    if rng.random() >= GRADIENT_PROBABILITY:
        return image
    height, width, _ = image.shape
    strength = rng.uniform(-GRADIENT_STRENGTH, GRADIENT_STRENGTH)
    shape = (1, width, 1) if rng.random() < 0.5 else (height, 1, 1)
    return image + np.linspace(-strength / 2, strength / 2, max(shape), dtype=np.float32).reshape(shape)


def _blurred(mask, rng):
    return cv2.GaussianBlur(mask, (0, 0), rng.uniform(*BLUR_SIGMA)) if rng.random() < BLUR_PROBABILITY else mask


def _with_noise(image, rng):
    """Return the image as uint8, with noise of the sensor added."""
    sigma = rng.uniform(*NOISE_SIGMA) if rng.random() < NOISE_PROBABILITY else 0
    noise = cv2.LUT(rng.integers(0, 256, image.shape, np.uint8), _normal_quantiles() * np.float32(sigma))
    return cv2.add(image, noise, dtype=cv2.CV_8U)


@functools.cache
def _normal_quantiles():
    """Return the normal distribution in 256 steps, float32 [256]: a random byte picks one, ten times as fast as drawing it."""
    normal = statistics.NormalDist()
    return np.float32([normal.inv_cdf((step + 0.5) / 256) for step in range(256)])


@functools.lru_cache(maxsize=1 << 16)
def _has_shape(font, character):
    """Whether a font has a shape of its own for a character, neither blank nor borrowed nor a question mark for a missing one."""
    shape = _shape(font, character)
    missing = character != '?' and np.array_equal(shape, _shape(font, UNASSIGNED))
    borrowed = font not in BUILT_IN_FONTS and np.array_equal(shape, _shape(BUILT_IN_FONTS[0], character))
    return bool(shape.any()) and not missing and not borrowed


def draws_letters(font):
    """Whether a font draws the letters as letters, which fonts of symbols do not (one without letters cannot tell)."""
    letters = [letter for letter in string.ascii_lowercase if _has_shape(font, letter)]
    likeness = [np.corrcoef(_square(font, letter), _square('uni', letter))[0, 1] for letter in letters]
    return not letters or float(np.mean(likeness)) > MIN_LIKENESS


def _square(font, character):
    """Return the picture of one character, cut out and stretched to float64 [576]."""
    shape = _shape(font, character)
    x, y, width, height = cv2.boundingRect(shape)
    return cv2.resize(shape[y:y + height, x:x + width], (24, 24), interpolation=cv2.INTER_AREA).ravel().astype(np.float64)


def _shape(font, character):
    """Return the picture of one character, for comparison."""
    mask = np.zeros((96, 96), np.uint8)
    cv2.putText(mask, character, (24, 64), 255, load_font(font), 24)
    return mask
