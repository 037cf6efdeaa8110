"""3 x 3 convolutions with a quarter of the multiplications.

They are F(m x n, 3 x 3) of Lavin and Gray (arXiv 1509.09308, section 4). The input is cut into tiles that
overlap by two pixels. A transformed tile times a transformed kernel, element by element, is the transform of
the tile's outputs, of which there are two rows and two columns fewer. The sums over the channels come first,
so that all there is to multiply is, for each element of a transformed tile, a product of two matrices, of
[tiles, channels in] and [channels in, channels out]. The gradients are of the same kind. A kernel that never
changes is transformed only once.
"""
import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel.shapes import sizes_of

# With fewer, transforming images or kernels costs more than the products save.
MIN_CHANNELS, MIN_IMAGES = {tf.float32: 128, tf.bfloat16: 256}, 8

OVERLAP = 2
SIDES = (4, 5, 6)   # outputs on a side of a tile
SIDE_OF_UNKNOWN = 5
# Convolving is multiplying polynomials, here by their values at side + 1 of these points and at infinity.
# The more points, the more rounding: see HISTORY.md for what bfloat16 does. In this order it is least.
POINTS = (0, 1, -1, -2, 1 / 2, -1 / 2, 2)


def saves_time(inputs: tf.Tensor) -> bool:
    """Whether images, NHWC, have channels enough and are many enough for `conv2d` to be the faster way."""
    images, _, _, channels = inputs.shape.as_list()
    return channels >= MIN_CHANNELS[inputs.dtype] and (images is None or images >= MIN_IMAGES)


def conv2d(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolve, padding SAME, stride 1.

    Args:
        inputs: float32 or bfloat16 [batch, height, width, channels in]; batch, height and width may be
            unknown. The products and what goes into them are of this type, their sums float32.
        kernel: float32 [3, 3, channels in, channels out]. Where it is a tf.constant, its transform is a local
            variable, to be initialised before the first run, and there is no gradient.

    Returns:
        as the inputs [batch, height, width, channels out]; in float32 the largest difference from
        tf.nn.conv2d is about 1e-5 of the largest value.
    """
    tiling = _Tiling(inputs)
    if kernel.op.type == 'Const':
        return tiling.outputs(tiling.transformed_input(inputs), tiling.kept_kernels(kernel))

    @tf.custom_gradient
    def convolve(inputs, kernel):
        transformed = tiling.transformed_input(inputs)

        def gradients(d_outputs):
            turned_kernel = tf.cast(_transformed_kernel(kernel, tiling.kernel[:, ::-1]), inputs.dtype)
            d_inputs = tiling.outputs(tiling.transformed_input(d_outputs), turned_kernel)
            d_kernels = tf.matmul(transformed, tiling.transformed_gradient(d_outputs), transpose_a=True)
            d_kernels = tf.reshape(tf.cast(d_kernels, tf.float32), [tiling.elements, -1])
            d_kernel = tf.matmul(tiling.kernel, d_kernels, transpose_a=True)
            return d_inputs, tf.reshape(d_kernel, kernel.shape)

        return tiling.outputs(transformed, tiling.kernels(kernel)), gradients

    return convolve(inputs, kernel)


def _transformed_kernel(kernel, transform):
    """Return the transformed kernel of [3, 3, m, n], [elements, m, n]."""
    return tf.reshape(tf.matmul(transform, tf.reshape(kernel, [9, -1])), [len(transform), *kernel.shape[2:]])


class _Tiling:
    """How images of a size are cut into tiles, and what transforms those.

    A transformed tile has `elements` elements.
    """

    def __init__(self, images):
        """Choose the tiles with which images of the size and type of `images` need the fewest products."""
        self._shape, self._size = images.shape[:3], sizes_of(images)[1:3]
        self._sides = [_side(length) for length in self._shape.as_list()[1:]]   # outputs of a tile
        self._tiles = [_tiles(length, side) for length, side in zip(self._size, self._sides, strict=True)]
        self._excess = [[0, tiles * side - length]
                        for length, side, tiles in zip(self._size, self._sides, self._tiles, strict=True)]
        of_input, self.kernel, of_output = (
            np.kron(*both).astype(np.float32) for both in zip(*map(_transforms, self._sides), strict=True))
        self._dtype = images.dtype
        self._input, self._output = (tf.constant(each, self._dtype) for each in (of_input, of_output))
        self.elements = len(self.kernel)

    def transformed_input(self, images):
        """Return the transformed tiles of images, [elements, tiles, channels]."""
        channels = images.shape[3]
        padding = [[1, 1 + excess] for _, excess in self._excess]
        padded = tf.reshape(tf.pad(images, [[0, 0], *padding, [0, 0]]), [-1, channels])
        # [elements, tiles] of each direction
        rows, columns = (side * tf.range(tiles) + tf.range(side + OVERLAP)[:, tf.newaxis]
                         for side, tiles in zip(self._sides, self._tiles, strict=True))
        height, width = (length + sum(added) for length, added in zip(self._size, padding, strict=True))
        pixels = width * rows[:, tf.newaxis, :, tf.newaxis] + columns[:, tf.newaxis]
        first = height * width * tf.range(tf.shape(images)[0])   # pixel of each image
        pixels = tf.reshape(pixels, [self.elements, 1, -1]) + first[:, tf.newaxis]
        pixels = tf.gather(padded, tf.reshape(pixels, [self.elements, -1]))
        transformed = tf.matmul(self._input, tf.reshape(pixels, [self.elements, -1]))
        return tf.reshape(transformed, [self.elements, -1, channels])

    def kernels(self, kernel):
        """Return the transformed kernel, [elements, channels out, channels in].

        With the channels in last, reading it for the product is up to 1.4 times as fast: oneDNN's packing of
        a matrix whose rows are 2 kB apart makes the processor's cache throw out what it just took in.
        """
        transformed = _transformed_kernel(tf.transpose(kernel, [0, 1, 3, 2]), self.kernel)
        return tf.cast(transformed, self._dtype)

    def kept_kernels(self, kernel):
        """Return what `kernels` does, in a local variable.

        Networks with the same variable scope and tiles share it.
        """
        name = 'W_of_{}_x_{}_in_{}'.format(*self._sides, self._dtype.name)
        return tf.get_local_variable(
            name, dtype=self._dtype, initializer=self.kernels(kernel)).read_value()

    def outputs(self, transformed, kernels):
        """Return the images that transformed tiles [elements, tiles, channels in] and a kernel make.

        Args:
            kernels: the transformed kernel, [elements, channels out, channels in].
        """
        products = tf.matmul(transformed, kernels, transpose_b=True)
        pixels = tf.matmul(self._output, tf.reshape(products, [self.elements, -1]))
        blocks = tf.reshape(pixels, [-1, *self._tiles, kernels.shape[1]])
        outputs = tf.batch_to_space_nd(blocks, self._sides, self._excess)
        return tf.ensure_shape(outputs, [*self._shape, kernels.shape[1]])

    def transformed_gradient(self, d_outputs):
        """Return the gradient of the products, [elements, tiles, channels], from that of the outputs."""
        blocks = tf.space_to_batch_nd(d_outputs, self._sides, self._excess)
        pixels = tf.reshape(blocks, [self._sides[0] * self._sides[1], -1])
        transformed = tf.matmul(self._output, pixels, transpose_a=True)
        return tf.reshape(transformed, [self.elements, -1, d_outputs.shape[3]])


def _tiles(length, side):
    return -(-length // side)


def _side(length):
    """Return the side of tiles that cover a length, which may be None, with the fewest elements."""
    if length is None:
        return SIDE_OF_UNKNOWN
    return min(SIDES, key=lambda side: _tiles(length, side) * (side + OVERLAP))


def _transforms(side):
    """Return the transforms of one dimension, float64.

    They are those of side + 2 inputs, of the 3 elements of a kernel, and of the products to `side` outputs.
    A product of polynomials a and b follows from its values: V⁻¹ (V a · V b), where the rows of V hold the
    powers of the points. A convolution is this map of a, transposed (see Lavin and Gray, section 4.1). V⁻¹
    holds Lagrange's polynomials, whose denominators the kernel takes over: the other two transforms have
    short factors then, which are exact in bfloat16 where a side is not above 5.
    """
    points = np.array(POINTS[:side + 1])
    others = [np.delete(points, place) for place in range(side + 1)]
    numerators = [[*np.poly(roots)[::-1], 0] for roots in others] + [np.poly(points)[::-1]]
    denominators = [np.prod(point - roots) for point, roots in zip(points, others, strict=True)] + [1]

    def values(coefficients):   # at infinity a polynomial's value is its highest coefficient
        powers = points[:, np.newaxis] ** np.arange(coefficients)
        return np.concatenate([powers, np.eye(coefficients)[-1:]])

    return np.array(numerators), values(3) / np.array(denominators)[:, np.newaxis], values(side).T
