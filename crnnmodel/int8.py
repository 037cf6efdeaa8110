"""The first convolutions of a network that reads, in integers of 8 bits: oneDNN's, on the processor.

What a convolution passes on, after ReLU and pooling, is a whole number of steps from 0 to 255; a step is the
channel's own. So are the weights of a channel, from -127 to 127. ReLU knows no step: the steps of inputs and
outputs become part of a kernel, and only the last convolution's are needed to know what its outputs mean.
Sums are of 32 bits.
"""
from collections.abc import Sequence

import numpy as np
import tensorflow.compat.v1 as tf

LARGEST_CODE, LARGEST_WEIGHT = 255, 127
MAX_BLACK = 100   # what black may be, in terms of the pixel range's width; it costs channels

Pools = Sequence[tuple[int, int] | None]


def can_take(pixel_range: tuple[float, float]) -> bool:
    """Whether pixels that become so large can be told apart in integers, see `convolutions`."""
    low, high = pixel_range
    return abs(low) <= MAX_BLACK * abs(high - low)


def convolutions(images: tf.Tensor, kernels: Sequence[np.ndarray], pools: Pools,
                 pixel_range: tuple[float, float], largest: Sequence[np.ndarray]
                 ) -> tuple[tf.Tensor, np.ndarray]:
    """Convolve several times, padding SAME, stride 1, each with ReLU and max pooling.

    Args:
        images: uint8 [batch, height, width, 3]; batch and width may be unknown.
        kernels: float32 [3, 3, channels in, channels out] each.
        pools: the (height, width) of the window behind each convolution, or None.
        pixel_range: what the pixels 0 and 255 become.
        largest: float32 [channels out] each: the largest outputs of the channels, greater than 0; larger
            ones become as large.

    Returns:
        uint8 [batch, height, width, channels], the outputs in steps, and the steps, float32 [channels].
    """
    low, high = pixel_range
    codes, steps = None, np.full(images.shape[3], (high - low) / LARGEST_CODE)
    for kernel, pool, of_outputs in zip(kernels, pools, largest, strict=True):
        output_steps = of_outputs / LARGEST_CODE
        weights, scales = _rounded(kernel * steps[:, np.newaxis] / output_steps)
        if codes is None:
            # A border of code 0 would be black. What black gives comes from channels of ones instead, which
            # the border has not.
            of_black = _spread(low * np.sum(kernel, axis=2) / output_steps / LARGEST_CODE / scales)
            padding = [[0, 0]] * 3 + [[0, of_black.shape[2]]]
            codes = tf.bitcast(tf.pad(images, padding, constant_values=LARGEST_CODE), tf.quint8)
            weights = np.concatenate([weights, of_black], axis=2)
        codes, steps = _convolved(codes, weights, scales), output_steps
        if pool:
            pooled = tf.nn.max_pool2d(tf.bitcast(codes, tf.uint8), pool, pool, 'VALID')
            codes = tf.bitcast(pooled, tf.quint8)
    return tf.bitcast(codes, tf.uint8), steps.astype(np.float32)


def _rounded(kernel):
    """Return a kernel's weights as whole numbers, and what a 1 of them is worth for each channel out."""
    scales = np.abs(kernel).max(axis=(0, 1, 2)) / LARGEST_WEIGHT
    scales = np.where(scales > 0, scales, 1)
    return np.round(kernel / scales), scales


def _spread(weights):
    """Return whole numbers [3, 3, channels of ones, channels out] of at most LARGEST_WEIGHT, whose sums over
    the channels of ones are the nearest to weights [3, 3, channels out], which may be larger.
    """
    count = int(np.ceil(np.abs(weights).max() / LARGEST_WEIGHT))
    sums = np.arange(count + 1)[:, np.newaxis, np.newaxis, np.newaxis] * (weights / max(count, 1))
    return np.moveaxis(np.diff(np.round(sums), axis=0), 0, 2)


def _convolved(codes, weights, scales):
    """Return the quint8 that ReLU leaves of a convolution of quint8, in steps of the outputs."""
    weights = weights.astype(np.int8)
    bounds = (scales * LARGEST_WEIGHT).astype(np.float32)
    outputs = tf.raw_ops.QuantizedConv2DWithBiasAndReluAndRequantize(
        input=codes, min_input=0.0, max_input=float(LARGEST_CODE),
        filter=tf.constant(weights.view(tf.qint8.as_numpy_dtype), tf.qint8),
        min_filter=tf.constant(-bounds), max_filter=tf.constant(bounds),
        bias=tf.zeros(len(bounds)), min_freezed_output=0.0, max_freezed_output=float(LARGEST_CODE),
        out_type=tf.quint8, strides=[1, 1, 1, 1], padding='SAME').output
    return tf.ensure_shape(outputs, [*codes.shape[:3], len(bounds)])
