"""Varies the images of a training batch, so that the network does not learn them by heart."""
import cv2
import numpy as np

SHRINK = 0.1               # of width and height, at most; nothing is enlarged, which would push letters out of the image
SLANT = 0.1                # shift in x for each pixel of y, at most
SHIFT = 1.5                # pixels, at most
INVERT_PROBABILITY = 0.5   # of dark becoming light and light dark


def augment(images, seed, first_row=0, total_rows=None):
    """Shrink, slant, shift and invert each image of a batch in its own way.

    Args:
        images: uint8 [batch, height, width, 3].
        seed: sequence of int; the same seed gives the same images.
        first_row, total_rows: where the images lie in the batch that the seed is for; None where they are all of it.

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
        cv2.warpAffine(image, matrix, (width, height), dst=target, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                       borderMode=cv2.BORDER_REPLICATE)
    varied[inverted] ^= 255
    return varied
