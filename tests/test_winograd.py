"""Tests of crnnmodel.winograd."""
import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import winograd


def outputs_and_gradients(convolve, dtype, inputs, kernel, d_outputs):
    """Return what a convolution makes, and the gradients of its inputs and its kernel."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs, kernel = (tf.Variable(array.astype(dtype)) for array in (inputs, kernel))
        outputs = convolve(inputs, kernel)
        gradients = tf.gradients(outputs, [inputs, kernel], tf.constant(d_outputs.astype(dtype)))
        session.run(tf.global_variables_initializer())
        return session.run([outputs, *gradients])


@pytest.mark.parametrize(('batch', 'height', 'width', 'channels_in', 'channels_out'), [
    (3, 8, 25, 5, 7),    # tiles with sides of 4 and 5, as in the network
    (2, 4, 6, 3, 2),     # a single tile, with sides of 4 and 6
    (1, 1, 2, 1, 1),     # less than a tile
    (2, 9, 7, 4, 3)])    # tiles that reach beyond the image
def test_convolution_and_its_gradients_are_those_of_float64(
        batch, height, width, channels_in, channels_out, rng):
    inputs = rng.normal(size=(batch, height, width, channels_in))
    kernel = rng.normal(size=(3, 3, channels_in, channels_out))
    d_outputs = rng.normal(size=(batch, height, width, channels_out))
    actual = outputs_and_gradients(winograd.conv2d, np.float32, inputs, kernel, d_outputs)
    expected = outputs_and_gradients(
        lambda x, k: tf.nn.conv2d(x, k, 1, 'SAME'), np.float64, inputs, kernel, d_outputs)
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


def test_in_bfloat16_outputs_and_gradients_are_off_by_a_few_hundredths(rng):
    inputs = rng.normal(size=(4, 8, 25, 32))
    kernel = rng.normal(size=(3, 3, 32, 16))
    d_outputs = rng.normal(size=(4, 8, 25, 16))
    actual = outputs_and_gradients(
        lambda x, k: winograd.conv2d(x, tf.cast(k, tf.float32)), tf.bfloat16.as_numpy_dtype,
        inputs, kernel, d_outputs)
    expected = outputs_and_gradients(
        lambda x, k: tf.nn.conv2d(x, k, 1, 'SAME'), np.float64, inputs, kernel, d_outputs)
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype == tf.bfloat16.as_numpy_dtype
        assert (ours.astype(float) - theirs).std() < 0.05 * theirs.std()


@pytest.mark.parametrize('side', winograd.SIDES)
def test_transforms_of_images_are_exact_in_bfloat16(side):
    for sides in itertools.product([4, 5], [side]):   # of 6 x 6 they are not
        of_input, _, of_output = (
            np.kron(*both) for both in zip(*map(winograd._transforms, sides), strict=True))
        for exact in (of_input, of_output):
            assert (exact.astype(tf.bfloat16.as_numpy_dtype).astype(float) == exact).all()


@pytest.mark.parametrize('width', [1, 6, 11])
def test_batch_and_width_may_be_known_when_it_runs(width, rng):
    kernel = rng.normal(size=(3, 3, 2, 4)).astype(np.float32)
    images = rng.normal(size=(5, 4, width, 2)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = tf.placeholder(tf.float32, [None, 4, None, 2])
        outputs = winograd.conv2d(inputs, tf.Variable(kernel))
        session.run(tf.global_variables_initializer())
        assert outputs.shape.as_list() == [None, 4, None, 4]
        all_at_once = session.run(outputs, {inputs: images})
        one_by_one = [session.run(outputs, {inputs: image[None]})[0] for image in images]
        expected = session.run(tf.nn.conv2d(images, kernel, 1, 'SAME'))
    for actual in (all_at_once, np.stack(one_by_one)):
        assert np.abs(actual - expected).max() < 1e-5 * np.abs(expected).max()


def test_constant_kernel_is_transformed_once_for_images_of_the_same_tiles(rng):
    kernel = rng.normal(size=(3, 3, 2, 4)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        constant = tf.constant(kernel)
        for width, num_variables in ((25, 1), (20, 1), (36, 2)):   # tiles of 5, 5 and 6 columns
            images = rng.normal(size=(2, 8, width, 2)).astype(np.float32)
            with tf.variable_scope('conv', reuse=tf.AUTO_REUSE):
                outputs = winograd.conv2d(tf.constant(images), constant)
            assert len(tf.local_variables()) == num_variables
            session.run(tf.local_variables_initializer())
            actual, expected = session.run([outputs, tf.nn.conv2d(images, kernel, 1, 'SAME')])
            assert np.abs(actual - expected).max() < 1e-5 * np.abs(expected).max()
            of_a_run = tf.graph_util.extract_sub_graph(session.graph_def, [outputs.op.name])
            assert constant.op.name not in {node.name for node in of_a_run.node}


def test_it_saves_time_for_many_wide_images():
    def saves_time(images=None, channels=256, dtype=tf.float32):
        with tf.Graph().as_default():
            return winograd.saves_time(tf.placeholder(dtype, [images, 8, 25, channels]))

    for dtype, least in winograd.MIN_CHANNELS.items():
        assert saves_time(channels=least, dtype=dtype)
        assert not saves_time(channels=least - 1, dtype=dtype)
    assert saves_time(images=winograd.MIN_IMAGES)
    assert not saves_time(images=winograd.MIN_IMAGES - 1)
