"""3 x 3 convolutions with a quarter of the multiplications: F(4 x 4, 3 x 3) of Lavin and Gray (arXiv 1509.09308, section 4).

The input is cut into tiles of 6 x 6 pixels that overlap by two. A transformed tile times a transformed kernel, element by
element, is the transform of the tile's 4 x 4 outputs. The sums over the channels come first, so that all there is to multiply
are 36 products of matrices, of [tiles, channels in] and [channels in, channels out]. The gradients are of the same kind.
"""
import numpy as np
import tensorflow.compat.v1 as tf

TILE = 4   # outputs on a side of a tile; the inputs that they need are two more
MIN_CHANNELS, MIN_IMAGES = 128, 8   # with fewer, transforming images or kernels costs more than the products save

# The transforms of one dimension, for the points 0, 1, -1, 2, -2 and infinity: of the input, the kernel and the output.
INPUT_1D = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
                     [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]])
KERNEL_1D = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
                      [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]])
OUTPUT_1D = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])

# Of both dimensions, rows before columns; the input's pixels are in the order in which `_transformed_input` has them.
_PIXELS = np.arange(36).reshape(6, 6)
_PIXEL_ORDER = np.concatenate([_PIXELS[rows, columns].ravel() for rows in (slice(TILE), slice(TILE, None))
                               for columns in (slice(TILE), slice(TILE, None))])
INPUT = np.kron(INPUT_1D, INPUT_1D)[:, _PIXEL_ORDER].astype(np.float32)   # [36, 36]
KERNEL = np.kron(KERNEL_1D, KERNEL_1D).astype(np.float32)                 # [36, 9]
TURNED_KERNEL = np.kron(KERNEL_1D[:, ::-1], KERNEL_1D[:, ::-1]).astype(np.float32)
OUTPUT = np.kron(OUTPUT_1D, OUTPUT_1D).astype(np.float32)                 # [16, 36]


def is_faster(inputs):
    """Whether `conv2d` takes less time than tf.nn.conv2d, which has this and other ways of its own on a GPU and for bfloat16."""
    images, _, _, channels = inputs.shape.as_list()
    is_large = channels >= MIN_CHANNELS and (images is None or images >= MIN_IMAGES)
    return is_large and inputs.dtype == tf.float32 and not tf.config.list_physical_devices('GPU')


def conv2d(inputs, kernel):
    """Convolve, padding SAME, stride 1.

    Args:
        inputs: float32 [batch, height, width, channels in], all but the batch known.
        kernel: float32 [3, 3, channels in, channels out].

    Returns:
        float32 [batch, height, width, channels out]; the largest difference from tf.nn.conv2d is about 1e-5 of the largest value.
    """
    shape = kernel.shape.as_list()

    @tf.custom_gradient
    def convolve(inputs, kernel):
        transformed = _transformed_input(inputs)

        def gradients(d_outputs):
            turned = _transformed_kernel(kernel, TURNED_KERNEL)
            d_inputs = _outputs(_transformed_input(d_outputs), turned, d_outputs.shape)
            d_products = _transformed_gradient(d_outputs)
            d_kernels = tf.matmul(transformed, d_products, transpose_a=True)
            d_kernel = tf.matmul(KERNEL, tf.reshape(d_kernels, [36, -1]), transpose_a=True)
            return d_inputs, tf.reshape(d_kernel, shape)

        # With the channels in last, reading the kernel for the product is up to 1.4 times as fast: oneDNN's packing of a
        # matrix whose rows are 2 kB apart makes the processor's cache throw out what it just took in.
        transposed = _transformed_kernel(tf.transpose(kernel, [0, 1, 3, 2]), KERNEL)
        return _outputs(transformed, transposed, inputs.shape), gradients

    return convolve(inputs, kernel)


def _tiles(shape):
    """Return (rows, columns) of tiles, and the pixels that they are larger than the image, for an NHWC shape."""
    height, width = shape.as_list()[1:3]
    rows, columns = -(-height // TILE), -(-width // TILE)
    return rows, columns, rows * TILE - height, columns * TILE - width


def _transformed_input(images):
    """Return the transformed tiles of images, [36, tiles, channels]."""
    rows, columns, below, beside = _tiles(images.shape)
    channels = images.shape.as_list()[3]
    padding = [[1, below + TILE - 1], [1, beside + TILE - 1]]
    blocks = tf.space_to_batch(images, padding, block_size=TILE)
    blocks = tf.reshape(blocks, [TILE, TILE, -1, rows + 1, columns + 1, channels])
    # A tile is a block, the first two columns of the block beside it, the first two rows of that below, and a corner.
    parts = [blocks[:, :, :, :rows, :columns], blocks[:, :2, :, :rows, 1:],
             blocks[:2, :, :, 1:, :columns], blocks[:2, :2, :, 1:, 1:]]
    pixels = tf.concat([tf.reshape(part, [count, -1]) for part, count in zip(parts, (16, 8, 8, 4), strict=True)], axis=0)
    return tf.reshape(tf.matmul(INPUT, pixels), [36, -1, channels])


def _transformed_kernel(kernel, transform):
    """Return the transformed kernel of [3, 3, m, n], [36, m, n]."""
    return tf.reshape(tf.matmul(transform, tf.reshape(kernel, [9, -1])), [36, *kernel.shape[2:]])


def _outputs(transformed, kernels, shape):
    """Return the image that transformed tiles [36, tiles, channels in] and kernels [36, channels out, channels in] make.

    Args:
        shape: of the input, NHWC.
    """
    rows, columns, below, beside = _tiles(shape)
    channels = kernels.shape[1]
    products = tf.matmul(transformed, kernels, transpose_b=True)
    pixels = tf.matmul(OUTPUT, tf.reshape(products, [36, -1]))
    return tf.batch_to_space(tf.reshape(pixels, [-1, rows, columns, channels]), [[0, below], [0, beside]], block_size=TILE)


def _transformed_gradient(d_outputs):
    """Return the gradient of the products, [36, tiles, channels], from the outputs' gradient."""
    _, _, below, beside = _tiles(d_outputs.shape)
    pixels = tf.space_to_batch(d_outputs, [[0, below], [0, beside]], block_size=TILE)
    return tf.reshape(tf.matmul(OUTPUT, tf.reshape(pixels, [TILE * TILE, -1]), transpose_a=True),
                      [36, -1, d_outputs.shape.as_list()[3]])
