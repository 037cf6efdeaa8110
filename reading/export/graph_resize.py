"""Decoding and resizing an image inside a graph, pixel for pixel as data_provider/image_file.py does it.

OpenCV's arithmetic, written down again: INTER_AREA, in float32 and in its order, then INTER_LINEAR in
2048ths. A sum of equal whole parts, as of 2 x 2 pixels, OpenCV rounds in another way.
"""
import tensorflow.compat.v1 as tf

from data_provider.image_file import MAX_BILINEAR

JPEG_START = b'\xff\xd8\xff'
LEAST_PART = 1e-3   # of a pixel; what is less does not count
ONE = 2048          # the weight of a whole pixel in INTER_LINEAR


def decode(content, size):
    """Decode an image file and resize it.

    Args:
        content: string, a scalar: a JPEG, PNG, BMP or GIF file.
        size: (width, height), int.

    Returns:
        uint8 [height, width, 3], BGR.
    """
    is_jpeg = tf.equal(tf.strings.substr(content, 0, len(JPEG_START)), JPEG_START)
    rgb = tf.cond(is_jpeg, lambda: tf.image.decode_jpeg(content, channels=3, dct_method='INTEGER_ACCURATE'),
                  lambda: tf.image.decode_image(content, channels=3, expand_animations=False))
    return resize(tf.reverse(tf.reshape(rgb, tf.concat([tf.shape(rgb)[:2], [3]], 0)), [2]), size)


def resize(image, size):
    """Return an image, uint8 [any, any, 3], as uint8 [height, width, 3] of a size, (width, height)."""
    width, height = size
    old_height, old_width = tf.unstack(tf.shape(image)[:2])
    averaged_width = tf.where(tf.cast(old_width, tf.float64) > MAX_BILINEAR * width, width, old_width)
    averaged_height = tf.where(tf.cast(old_height, tf.float64) > MAX_BILINEAR * height, height, old_height)
    averaged = _average(tf.cast(image, tf.float32), averaged_width, averaged_height)
    resized = _bilinear(tf.cast(averaged, tf.int32), width, height)
    return tf.ensure_shape(tf.cast(resized, tf.uint8), [height, width, 3])


def _average(image, width, height):
    """INTER_AREA to a size that is no larger on either side; an equal side stays. float32 to float32."""
    old_height, old_width = tf.unstack(tf.shape(image)[:2])
    are_whole = tf.equal(old_width % width, 0) & tf.equal(old_height % height, 0)
    sums = _summed(image, old_width, width, are_whole, axis=1)
    sums = _summed(sums, old_height, height, are_whole, axis=0)
    parts = (old_width // width) * (old_height // height)
    is_two_by_two = tf.equal(old_width, 2 * width) & tf.equal(old_height, 2 * height)
    means = tf.round(sums * (1 / tf.cast(parts, tf.float32)))
    of_whole = tf.where(is_two_by_two, tf.floor((sums + 2) / 4), means)
    return tf.where(are_whole, of_whole, tf.round(sums))


def _summed(image, old, new, are_whole, axis):
    """Return the weighted sums of pixels along an axis in order, or, where they are whole, plain ones."""
    scale = tf.cast(old, tf.float64) / tf.cast(new, tf.float64)
    start = tf.range(tf.cast(new, tf.float64), dtype=tf.float64) * scale
    end = start + scale
    cell = tf.minimum(scale, tf.cast(old, tf.float64) - start)
    last = tf.minimum(tf.floor(end), tf.cast(old - 1, tf.float64))
    first = tf.minimum(tf.ceil(start), last)
    before, after = first - start, end - last
    before_weight = tf.where(before > LEAST_PART, before / cell, tf.zeros_like(cell))
    after_part = tf.minimum(tf.minimum(after, 1.0), cell) / cell
    after_weight = tf.where(after > LEAST_PART, after_part, tf.zeros_like(cell))
    shape = [-1, 1] if axis == 1 else [-1, 1, 1]

    def add(number, sums):
        pixel = first - 1 + tf.cast(number, tf.float64)
        inside = tf.where((pixel >= first) & (pixel < last), 1 / cell, tf.zeros_like(cell))
        weight = tf.where(pixel < first, before_weight, tf.where(tf.equal(pixel, last), after_weight, inside))
        weight = tf.where(are_whole, tf.cast((pixel >= start) & (pixel < end), tf.float64), weight)
        index = tf.clip_by_value(tf.cast(pixel, tf.int32), 0, old - 1)
        weight = tf.reshape(tf.cast(weight, tf.float32), shape)
        return number + 1, sums + tf.gather(image, index, axis=axis) * weight

    target = tf.concat([tf.shape(image)[:axis], [new], tf.shape(image)[axis + 1:]], 0)
    most = tf.cast(tf.ceil(scale), tf.int32) + 2
    any_shape = tf.TensorShape([None, None, 3])
    return tf.while_loop(lambda number, _: number < most, add, [0, tf.zeros(target)],
                         shape_invariants=[tf.TensorShape([]), any_shape])[1]


def _bilinear(image, width, height):
    """INTER_LINEAR in whole numbers, int32 to int32; beyond a row's edge its own pixel alone counts."""
    old_height, old_width = tf.unstack(tf.shape(image)[:2])
    first, part = _places(old_width, width)
    part = tf.where((first < 0) | (first >= old_width - 1), tf.zeros_like(part), part)
    left, right = (weight[:, tf.newaxis] for weight in _weights(part))
    first = tf.clip_by_value(first, 0, old_width - 1)
    second = tf.minimum(first + 1, old_width - 1)
    rows = tf.gather(image, first, axis=1) * left + tf.gather(image, second, axis=1) * right
    first, part = _places(old_height, height)
    sixteenths = tf.bitwise.right_shift(rows, 4)
    sums = []
    for place, weight in zip((first, first + 1), _weights(part), strict=True):
        of_rows = tf.gather(sixteenths, tf.clip_by_value(place, 0, old_height - 1))
        sums.append(tf.bitwise.right_shift(of_rows * weight[:, tf.newaxis, tf.newaxis], 16))
    return tf.clip_by_value(tf.bitwise.right_shift(sums[0] + sums[1] + 2, 2), 0, 255)


def _places(old, new):
    """Return (the pixel before each new one, int32 [new]; how far behind it that is, float32 [new])."""
    scale = tf.cast(old, tf.float64) / new
    place = tf.cast((tf.range(new, dtype=tf.float64) + 0.5) * scale - 0.5, tf.float32)
    first = tf.floor(place)
    return tf.cast(first, tf.int32), place - first


def _weights(part):
    return tf.cast(tf.round((1 - part) * ONE), tf.int32), tf.cast(tf.round(part * ONE), tf.int32)
