"""How large the outputs of a network's first convolutions become: for their steps in integers of 8 bits.

They are measured on words in OpenCV's own fonts, drawn in black, white and full colours, for one version of
OpenCV the same for all networks and machines. Photographs, which have less contrast and more else, make them
about as large: in 8 of 10 channels of the bundled weights 0.7 to 1.6 times.
"""
import string
from collections.abc import Sequence

import cv2
import numpy as np
import tensorflow.compat.v1 as tf

NUM_WORDS, BATCH_SIZE = 128, 32
MAX_LENGTH = 12           # characters of a word
NUM_FONTS = 8             # of OpenCV's, numbered from 0
SIZES = (0.8, 1.6)        # of the letters, times about 20 pixels
MAX_THICKNESS = 8         # of their strokes, pixels
MARGIN = 4                # around a word, pixels
TILT, SHIFT = 8, 3        # standard deviations: degrees, and pixels in both directions
SMALLEST = 1e-3           # of a layer's largest output, which each channel is taken to reach


def largest_outputs(kernels: Sequence[np.ndarray], pools: Sequence[tuple[int, int] | None],
                    pixel_range: tuple[float, float], input_size: tuple[int, int],
                    dtype: tf.DType) -> list[np.ndarray]:
    """Return the largest output of each channel of convolutions with ReLU, one behind the other.

    Args:
        kernels, pools, pixel_range: see `int8.convolutions`.
        input_size: (width, height) of the words, pixels.
        dtype: of the arithmetic, the fastest on this machine.

    Returns:
        float32 [channels] of each convolution, greater than 0.

    Raises:
        FloatingPointError: an output is no finite number.
    """
    low, high = pixel_range
    with tf.Graph().as_default(), tf.Session() as session:
        words = tf.placeholder(tf.uint8, [None, *input_size[::-1], 3])
        outputs, largest = tf.cast(tf.cast(words, tf.float32) * ((high - low) / 255) + low, dtype), []
        for kernel, pool in zip(kernels, pools, strict=True):
            outputs = tf.nn.relu(tf.nn.conv2d(outputs, tf.constant(kernel, dtype), 1, 'SAME'))
            largest.append(tf.cast(tf.reduce_max(outputs, [0, 1, 2]), tf.float32))
            outputs = tf.nn.max_pool2d(outputs, pool, pool, 'VALID') if pool else outputs
        drawn = draw_words(NUM_WORDS, input_size)
        of_batches = [session.run(largest, {words: drawn[start:start + BATCH_SIZE]})
                      for start in range(0, len(drawn), BATCH_SIZE)]
    of_layers = [np.max(of_layer, axis=0) for of_layer in zip(*of_batches, strict=True)]
    if not all(np.isfinite(of_layer).all() for of_layer in of_layers):
        raise FloatingPointError('the outputs of convolutions are no finite numbers')
    return [np.maximum(of_layer, SMALLEST * of_layer.max() or 1.0) for of_layer in of_layers]


def draw_words(count: int, size: tuple[int, int]) -> np.ndarray:
    """Return pictures of letters and digits at random, always the same: uint8 [count, height, width, 3]."""
    rng = np.random.default_rng(0)
    return np.stack([_draw_word(rng, size) for _ in range(count)])


def _draw_word(rng, size):
    word = ''.join(rng.choice(list(string.ascii_letters + string.digits), rng.integers(1, MAX_LENGTH + 1)))
    ground = _full_colour(rng)
    ink = tuple(255 - part for part in ground) if rng.random() < 0.5 else _full_colour(rng, but=ground)
    font, thickness = int(rng.integers(NUM_FONTS)), int(rng.integers(1, MAX_THICKNESS + 1))
    scale = rng.uniform(*SIZES)
    (width, height), _ = cv2.getTextSize(word, font, scale, thickness)
    shape = (height + 2 * MARGIN, width + 2 * MARGIN, 3)
    image = np.full(shape, ground, np.uint8)
    cv2.putText(image, word, (MARGIN, height + MARGIN), font, scale, ink, thickness, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((shape[1] / 2, shape[0] / 2), rng.normal(0, TILT), 1)
    turn[:, 2] += rng.normal(0, SHIFT, 2)
    image = cv2.warpAffine(image, turn, shape[1::-1], borderValue=ground)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _full_colour(rng, but=None):
    """Return black, white or a full colour, in half of the cases one of the first two."""
    while True:
        parts = rng.integers(2, size=3) if rng.random() < 0.5 else np.repeat(rng.integers(2), 3)
        colour = tuple(255 * int(part) for part in parts)
        if colour != but:
            return colour
