"""Varies the images of a training batch, so that the network does not learn them by heart."""
import tensorflow.compat.v1 as tf

SHRINK = 0.1               # of width and height, at most; nothing is enlarged, which would push letters out of the image
SLANT = 0.1                # shift in x for each pixel of y, at most
SHIFT = 1.5                # pixels, at most
INVERT_PROBABILITY = 0.5   # of dark becoming light and light dark


def augment(images, seed):
    """Shrink, slant, shift and invert each image of a batch in its own way.

    Args:
        images: uint8 [batch, height, width, 3].
        seed: integer [2]; the same seed gives the same images.

    Returns:
        uint8 [batch, height, width, 3].
    """
    shape = tf.shape(images)
    chance = tf.unstack(tf.random.stateless_uniform([shape[0], 6], seed), axis=1)
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    scale_x, scale_y = 1 + SHRINK * chance[0], 1 + SHRINK * chance[1]
    slant = SLANT * (2 * chance[2] - 1)
    # Where a pixel of the new image comes from in the old one; the centre stays, but for the shift.
    shift_x = SHIFT * (2 * chance[3] - 1) + (1 - scale_x) * width / 2 - slant * height / 2
    shift_y = SHIFT * (2 * chance[4] - 1) + (1 - scale_y) * height / 2
    zero = tf.zeros_like(slant)
    transforms = tf.stack([scale_x, slant, shift_x, zero, scale_y, shift_y, zero, zero], axis=1)
    images = tf.raw_ops.ImageProjectiveTransformV3(images=images, transforms=transforms, output_shape=shape[1:3], fill_value=0.0,
                                                   interpolation='BILINEAR', fill_mode='NEAREST')
    is_inverted = chance[5] < INVERT_PROBABILITY
    return tf.where(is_inverted, 255 - images, images)
