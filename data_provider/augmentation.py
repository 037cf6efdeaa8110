"""Varies the images of a training batch, so that the network does not learn them by heart.

`augment` moves a word a little. `rand_augment` is RandAugment (Cubuk et al., arXiv 1909.13719) with the
operations that suit words: at half of the strength that is common for photographs, without sharpening, and
without cutting letters off.
"""
import functools
import statistics

import cv2
import numpy as np

SHRINK = 0.1               # of width and height, at most; enlarging would push letters out of the image
SLANT = 0.1                # shift in x for each pixel of y, at most
SHIFT = 1.5                # pixels, at most
INVERT_PROBABILITY = 0.5   # of dark becoming light and light dark

# The strongest of rand_augment's operations:
ROTATION = 0.26            # radians
SHEAR = np.array([0.3, 0.1])      # shift in x for each pixel of y, or in y for each of x
TRANSLATION = np.array([0.04, 0.1])   # of width and height
TONE = 0.45                # contrast, brightness and colour by a factor of 1 - TONE to 1 + TONE
FEWEST_BITS = 3            # that posterize leaves of each colour
SOLARIZED = 128            # of the brightest tones that solarize inverts
BLUR = 1.2                 # standard deviation, pixels
PHOTONS = 30.0             # that make white in the noisiest image


def augment(images: np.ndarray, seed, first_row: int = 0, total_rows: int | None = None) -> np.ndarray:
    """Shrink, slant, shift and invert each image of a batch in its own way.

    Args:
        images: uint8 [batch, height, width, 3].
        seed: sequence of int; the same seed gives the same images.
        first_row, total_rows: where the images lie in the batch that the seed is for; None where they are all
            of it.

    Returns:
        uint8 [batch, height, width, 3].
    """
    rng = np.random.default_rng(seed)
    batch_size, height, width, _ = images.shape
    chance = rng.random((6, total_rows or batch_size))[:, first_row:first_row + batch_size]
    scales = 1 + SHRINK * chance[:2]
    slants, shift_x, shift_y = np.array([[SLANT], [SHIFT], [SHIFT]]) * (2 * chance[2:5] - 1)
    inverted = chance[5] < INVERT_PROBABILITY
    # Where a pixel of the new image comes from in the old one; the centre stays, but for the shift.
    matrices = np.zeros((batch_size, 2, 3))
    matrices[:, 0, 0], matrices[:, 1, 1], matrices[:, 0, 1] = *scales, slants
    matrices[:, 0, 2] = shift_x + (1 - scales[0]) * width / 2 - slants * height / 2
    matrices[:, 1, 2] = shift_y + (1 - scales[1]) * height / 2
    varied = np.empty_like(images)
    for image, matrix, target in zip(images, matrices, varied, strict=True):
        cv2.warpAffine(image, matrix, (width, height), dst=target,
                       flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    varied[inverted] ^= 255
    return varied


def rand_augment_batch(images: np.ndarray, seed, first_row: int, operations: int) -> np.ndarray:
    """Apply `rand_augment` to each image, uint8 [batch, height, width, 3]; seed and row decide how."""
    seed = [int(number) for number in seed]
    return np.stack([rand_augment(image, np.random.default_rng([*seed, int(first_row) + row]), operations)
                     for row, image in enumerate(images)])


def rand_augment(image: np.ndarray, rng: np.random.Generator, operations: int) -> np.ndarray:
    """Apply some operations that `rng` chooses, each as likely as the others, to an image.

    Args:
        image: uint8 [height, width, 3], BGR.
        rng: decides which, and how strong each is.
        operations: how many.

    Returns:
        uint8 [height, width, 3].
    """
    for _ in range(operations):
        image = OPERATIONS[rng.integers(len(OPERATIONS))](image, rng)
    return image


def _signed(rng):
    return 2 * rng.random() - 1


def _rotate(image, rng):
    angle = ROTATION * _signed(rng)
    return _mapped(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def _shear(image, rng):
    matrix, axis = np.eye(2), rng.integers(2)
    matrix[axis, 1 - axis] = SHEAR[axis] * _signed(rng)
    return _mapped(image, matrix)


def _translate(image, rng):
    height, width, _ = image.shape
    return _mapped(image, np.eye(2), TRANSLATION * (width, height) * (_signed(rng), _signed(rng)))


def _mapped(image, matrix, shift=0.0):
    """Return the image mapped about its centre, made narrower and lower so far that nothing is cut off."""
    size = np.array(image.shape[1::-1])
    matrix = matrix * (size / (np.abs(matrix) @ size))[:, None]
    centre = (size - 1) / 2
    affine = np.column_stack([matrix, centre - matrix @ centre + shift])
    return cv2.warpAffine(image, affine, size.tolist(), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)


def _contrast(image, rng):
    factor, mean = 1 + TONE * _signed(rng), image.mean()
    return cv2.LUT(image, _curve(mean + factor * (_tones() - mean)))


def _brightness(image, rng):
    return cv2.LUT(image, _curve((1 + TONE * _signed(rng)) * _tones()))


def _colour(image, rng):
    """Move each pixel away from, or towards, the grey of its brightness."""
    factor = 1 + TONE * _signed(rng)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return cv2.addWeighted(image, factor, grey, 1 - factor, 0)


def _posterize(image, rng):
    lost_bits = rng.integers(1, 8 - FEWEST_BITS + 1)
    return image & np.uint8(256 - (1 << lost_bits))


def _solarize(image, rng):
    tones = np.arange(256)
    is_bright = tones >= 256 - SOLARIZED * rng.random()
    return cv2.LUT(image, np.where(is_bright, 255 - tones, tones).astype(np.uint8))


def _equalize(image, _):
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def _autocontrast(image, _):
    """Stretch each colour over all tones."""
    return cv2.merge([cv2.normalize(channel, None, 0, 255, cv2.NORM_MINMAX) for channel in cv2.split(image)])


def _invert(image, _):
    return cv2.bitwise_not(image)


def _gaussian_blur(image, rng):
    return cv2.GaussianBlur(image, (0, 0), 0.2 + (BLUR - 0.2) * rng.random())


def _poisson_noise(image, rng):
    """Add the noise of counting few photons: as the square root of the brightness, taken as normal."""
    strength = np.float32(255 * rng.random() / np.sqrt(PHOTONS))
    noise = normal_noise(rng, image.shape, strength)
    return cv2.add(image, cv2.multiply(noise, cv2.LUT(image, _roots())), dtype=cv2.CV_8U)


OPERATIONS = (_rotate, _shear, _translate, _contrast, _brightness, _colour, _posterize, _solarize, _equalize,
              _autocontrast, _invert, _gaussian_blur, _poisson_noise)


def _curve(tones):
    """Return a table of tones as cv2.LUT takes it."""
    return np.clip(np.rint(tones), 0, 255).astype(np.uint8)


@functools.cache
def _tones():
    return np.arange(256, dtype=np.float32)


@functools.cache
def _roots():
    """Return the square root of each brightness, white 1, float32 [256]."""
    return np.sqrt(_tones() / 255)


def normal_noise(rng: np.random.Generator, shape: tuple, sigma: np.float32) -> np.ndarray:
    """Return normal noise of a standard deviation, float32 of a shape.

    A random byte picks one of 256 steps of the distribution, ten times as fast as drawing a number.
    """
    return cv2.LUT(rng.integers(0, 256, shape, np.uint8), _normal_quantiles() * sigma)


@functools.cache
def _normal_quantiles():
    """Return the normal distribution in 256 steps, float32 [256]."""
    normal = statistics.NormalDist()
    return np.float32([normal.inv_cdf((step + 0.5) / 256) for step in range(256)])
