"""ShadowNet, the CRNN of Shi, Bai and Yao (arXiv 1507.05717): convolutions, bidirectional LSTM, projection.

Variable names, shapes and arithmetic are the original's, so that its checkpoints restore and give its logits.
"""
from collections.abc import Callable

import tensorflow.compat.v1 as tf

from crnnmodel import geometry, int8, lstm, replicas, winograd
from crnnmodel.architecture import BATCH_NORM_EPSILON, Architecture
from crnnmodel.kernels import PLAIN, Kernels
from crnnmodel.shapes import sizes_of

SEQUENCE_SCOPE = 'shadow/LSTMLayers/'   # before the names of the variables of the LSTMs and the projection
# Name, channels in terms of the first one's, and pooling behind it; the shape of its outputs with 64.
FIRST_CONVOLUTIONS = (
    ('conv1', 1, (2, 2)),   # 16 x 50 x 64
    ('conv2', 2, (2, 2)),   # 8 x 25 x 128
    ('conv3', 4, None),     # 8 x 25 x 256
    ('conv4', 4, (2, 1)),   # 4 x 25 x 256
    ('conv5', 8, None),     # 4 x 25 x 512
)


class ShadowNet:
    """The network for one phase: 'train' (batch statistics, dropout) or 'test'."""

    def __init__(self, phase: str, architecture: Architecture, kernels: Kernels = PLAIN, *,
                 dropout: float = 0.5, dropout_seed=(0, 0), fixed_convolutions: bool = False,
                 calibrate: Callable | None = None):
        """Choose the network's form.

        Args:
            phase: 'train' or 'test'.
            architecture: its sizes, its pixel range and the number of its classes.
            kernels: what computes it.
            dropout: fraction of the LSTM's output that is dropped in training.
            dropout_seed: integer [2] of the dropout masks; the same seed gives the same masks.
            fixed_convolutions: in training compute the convolutions and their batch norms as in reading,
                without a gradient, so that only what is in `SEQUENCE_SCOPE` learns.
            calibrate: for kernels with int8, a function of the kernels, pools and pixel range of
                `int8.convolutions`, the input size and the type of the arithmetic. It returns the largest
                outputs of each convolution's channels.

        Raises:
            ValueError: the phase is unknown.
            InputError: the input size is none of the network's.
        """
        if phase.lower() not in ('train', 'test'):
            raise ValueError(f"expected the phase 'train' or 'test', got {phase!r}")
        self._is_training = phase.lower() == 'train'
        self._fixed_convolutions = fixed_convolutions
        self._calibrate = calibrate
        self._architecture = architecture
        geometry.time_steps(architecture.input_size)   # which raises
        self._kernels = kernels
        self._dropout = dropout
        self._dropout_seed = dropout_seed
        self.moving_averages = []   # (variable, the batch's value) of the batch norms, in the phase 'train'

    def build_shadownet(self, images: tf.Tensor) -> tf.Tensor:
        """Build the network; where the graph has one already, this one shares its variables.

        Args:
            images: uint8 or, without int8, float32 [batch, 32, width, 3], BGR, pixels in 0–255; batch and
                width may be unknown.

        Returns:
            float32 [width // 4, batch, classes]: the logits, time-major; the CTC blank is the last class.

        Raises:
            ValueError: the kernels have int8, and the weights are variables.
        """
        _, height = self._architecture.input_size
        images = tf.ensure_shape(images, [None, height, None, 3])
        self.moving_averages = []
        with tf.variable_scope('shadow', reuse=tf.AUTO_REUSE):
            features = self._feature_sequence_extraction(images)
            if self._fixed_convolutions:
                features = tf.stop_gradient(features)
            return self._sequence_label(self._map_to_sequence(features))

    def _scale_pixels(self, images):
        """Map pixels from 0–255 to the pixel range."""
        low, high = self._architecture.pixel_range
        return tf.cast(tf.cast(images, tf.float32) * ((high - low) / 255) + low, self._kernels.dtype)

    def _feature_sequence_extraction(self, images):
        """Section 2.1 of the paper: [batch, 32, width, 3] → [batch, 1, width // 4, 8 * conv_channels]."""
        channels = 8 * self._architecture.conv_channels
        convolve = self._first_in_int8 if self._kernels.int8 else self._first_convolutions
        conv5, steps = convolve(images)
        conv5 = self._batch_norm(conv5, 'BatchNorm', steps)                             # 4 x 25 x 512
        conv6 = self._batch_norm(self._conv_relu(conv5, channels, 'conv6'), 'BatchNorm_1')
        conv6 = _max_pool(conv6, [2, 1])                                               # 2 x 25 x 512
        return self._conv_relu(conv6, channels, 'conv7', kernel_size=2, strides=(2, 1))   # 1 x 25 x 512

    def _first_convolutions(self, images):
        """Return the outputs of FIRST_CONVOLUTIONS, and None: they are not counted in steps."""
        outputs = self._scale_pixels(images)
        for name, multiple, pool in FIRST_CONVOLUTIONS:
            outputs = self._conv_relu(outputs, multiple * self._architecture.conv_channels, name, pool=pool)
        return outputs, None

    def _first_in_int8(self, images):
        """As `_first_convolutions`, but counted in steps, one for each channel."""
        kernels, channels = [], images.shape[3]
        for name, multiple, _ in FIRST_CONVOLUTIONS:
            new_channels = multiple * self._architecture.conv_channels
            with tf.variable_scope(name):
                kernels.append(tf.get_static_value(_kernel([3, 3, channels, new_channels])))
            channels = new_channels
        if any(kernel is None for kernel in kernels):
            raise ValueError('int8 needs weights that are constants of the graph, got variables')
        pools = [pool for *_, pool in FIRST_CONVOLUTIONS]
        pixel_range, input_size = self._architecture.pixel_range, self._architecture.input_size
        largest = self._calibrate(kernels, pools, pixel_range, input_size, self._kernels.dtype)
        codes, steps = int8.convolutions(images, kernels, pools, pixel_range, largest)
        return tf.cast(codes, self._kernels.dtype), steps

    def _conv_relu(self, inputs, channels, name, kernel_size=3, strides=(1, 1), pool=None):
        """A convolution without bias, SAME padding; then ReLU, and max pooling if any.

        The pooling comes first, which gives the same and leaves ReLU a quarter or half of the values.
        """
        with tf.variable_scope(name):
            kernel = _kernel([kernel_size, kernel_size, inputs.shape[3], channels])
            may_be_winograd = self._kernels.winograd and kernel_size == 3 and tuple(strides) == (1, 1)
            if may_be_winograd and winograd.saves_time(inputs):
                outputs = winograd.conv2d(inputs, kernel)
            else:
                outputs = tf.nn.conv2d(inputs, tf.cast(kernel, inputs.dtype), strides=strides, padding='SAME')
            return self._relu(_max_pool(outputs, pool) if pool else outputs)

    def _relu(self, inputs):
        """ReLU; of bfloat16, where no gradient is needed, as of integers, whose order is the same: faster."""
        if self._is_training or inputs.dtype != tf.bfloat16:
            return tf.nn.relu(inputs)
        return tf.bitcast(tf.nn.relu(tf.bitcast(inputs, tf.int16)), tf.bfloat16)

    def _batch_norm(self, inputs, name, steps=None):
        """Batch normalisation with scale, in training by the batch's statistics, else by their averages.

        Args:
            steps: that the inputs are counted in, of their channels, if any; not in training.
        """
        with tf.variable_scope(name):
            channels = [inputs.shape[3]]
            beta = tf.get_variable('beta', channels, initializer=tf.zeros_initializer())
            gamma = tf.get_variable('gamma', channels, initializer=tf.ones_initializer())
            averages = [tf.get_variable('moving_mean', channels, initializer=tf.zeros_initializer(),
                                        trainable=False),
                        tf.get_variable('moving_variance', channels, initializer=tf.ones_initializer(),
                                        trainable=False)]
        if not self._is_training or self._fixed_convolutions:
            if steps is not None:
                return _norm_of_steps(inputs, steps, gamma, beta, *averages)
            return tf.nn.fused_batch_norm(inputs, gamma, beta, *averages, BATCH_NORM_EPSILON,
                                          is_training=False)[0]
        if replicas.count() > 1:
            outputs, *statistics = _batch_norm_of_replicas(inputs, gamma, beta)
        else:
            outputs, *statistics = tf.nn.fused_batch_norm(inputs, gamma, beta, epsilon=BATCH_NORM_EPSILON)
        self.moving_averages += zip(averages, statistics, strict=True)
        return outputs

    def _map_to_sequence(self, features):
        """Section 2.1, figure 2: the columns of the feature map become frames, [time, batch, channels]."""
        return tf.transpose(tf.squeeze(features, axis=1), [1, 0, 2])

    def _sequence_label(self, sequence_tbc):
        """Section 2.2: the stacked bidirectional LSTM and the projection, [time, batch, classes]."""
        units, num_classes = self._architecture.hidden_units, self._architecture.num_classes
        with tf.variable_scope('LSTMLayers'):
            for layer in range(self._architecture.hidden_layers):
                with tf.variable_scope(f'stack_bidirectional_rnn/cell_{layer}'):
                    sequence_tbc = lstm.bidirectional_lstm(sequence_tbc, units=units, kernels=self._kernels)
            if self._is_training:
                sequence_tbc = _dropout(sequence_tbc, self._dropout, self._dropout_seed)
            kernel = tf.get_variable('w', [2 * units, num_classes],
                                     initializer=tf.truncated_normal_initializer(stddev=0.1))
            logits = tf.matmul(tf.reshape(sequence_tbc, [-1, 2 * units]),
                               tf.cast(kernel, self._kernels.dtype))
            time_steps, *_ = sizes_of(sequence_tbc)
            return tf.cast(tf.reshape(logits, [time_steps, -1, num_classes]), tf.float32)


def _kernel(shape):
    """Return the variable of a convolution's kernel, in its scope."""
    he_normal = tf.variance_scaling_initializer(2.0, 'fan_in', 'truncated_normal')
    return tf.get_variable('W', shape, initializer=he_normal)


def _norm_of_steps(inputs, steps, gamma, beta, mean, variance):
    """Return a batch norm of inputs that are counted in steps, by statistics of what they mean."""
    scale = gamma * tf.math.rsqrt(variance + BATCH_NORM_EPSILON)
    no_mean, no_variance = tf.zeros_like(mean), tf.ones_like(mean) - BATCH_NORM_EPSILON
    return tf.nn.fused_batch_norm(inputs, scale * steps, beta - scale * mean, no_mean, no_variance,
                                  BATCH_NORM_EPSILON, is_training=False)[0]


def _batch_norm_of_replicas(inputs, gamma, beta):
    """As tf.nn.fused_batch_norm in training, with the mean and the variance of all replicas' batches."""
    wide = tf.cast(inputs, tf.float32)
    size = tf.cast(tf.size(wide[..., 0]), tf.float32) * replicas.count()
    sums = tf.stack([tf.reduce_sum(wide, [0, 1, 2]), tf.reduce_sum(wide * wide, [0, 1, 2])])
    mean, mean_square = tf.unstack(replicas.differentiable_sum(sums / size))
    variance = tf.maximum(mean_square - mean * mean, 0.0)   # rounding leads a little below
    outputs = tf.nn.batch_normalization(wide, mean, variance, beta, gamma, BATCH_NORM_EPSILON)
    return tf.cast(outputs, inputs.dtype), mean, variance * size / (size - 1)


def _max_pool(inputs, window):
    return tf.nn.max_pool2d(inputs, window, window, 'VALID')


def _dropout(inputs, fraction, seed):
    """Drop a fraction of the inputs [time, batch, channels]; the seed alone decides all replicas' mask."""
    time_steps, batch_size, channels = tf.unstack(tf.shape(inputs))
    chance = tf.random.stateless_uniform([time_steps, batch_size * replicas.count(), channels], seed)
    if replicas.count() > 1:
        first = replicas.index() * batch_size
        chance = chance[:, first:first + batch_size]
    kept = chance >= fraction
    return tf.where(kept, inputs / (1 - fraction), tf.zeros_like(inputs))
