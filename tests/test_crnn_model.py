"""Tests of crnnmodel.crnn_model and crnnmodel.lstm."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model, geometry, lstm
from crnnmodel.architecture import Architecture
from crnnmodel.kernels import FUSED, LOOPED, UNROLLED, Kernels
from tests import numpy_reference

WINOGRAD = Kernels(winograd=True)
NUM_PARAMETERS_OF_37_CLASSES = 8_720_576   # trainable ones and moving averages, of the original


def build(num_classes=37, batch=2, width=100, seed=3, kernels=WINOGRAD, **form):
    """Build a network for inference on random images; returns (session, images, logits tensor)."""
    tf.set_random_seed(seed)
    images = np.random.default_rng(seed).integers(0, 256, [batch, 32, width, 3], np.uint8)
    architecture = Architecture('abc', num_classes, input_size=(width, 32), **form)
    logits = crnn_model.ShadowNet('test', architecture, kernels).build_shadownet(tf.constant(images))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session, images, logits


def randomise_batch_norms(session, rng):
    """Give the batch norms values that a mistake in them would show."""
    for variable in tf.global_variables():
        if 'BatchNorm' in variable.op.name:
            variable.load(rng.uniform(0.5, 1.5, variable.shape.as_list()).astype(np.float32), session)


@pytest.mark.parametrize('lstm_form', [UNROLLED, LOOPED])
@pytest.mark.parametrize('form', [
    {'width': 16, 'num_classes': 5, 'hidden_units': 6},
    {'width': 27, 'num_classes': 4, 'conv_channels': 5, 'hidden_units': 3, 'hidden_layers': 1,
     'pixel_range': (0.0, 255.0)},
    {'width': 10, 'num_classes': 3, 'conv_channels': 1, 'hidden_units': 5, 'hidden_layers': 3,
     'pixel_range': (0.0, 1.0)},
])
def test_float32_logits_are_those_of_the_numpy_reference(form, lstm_form, rng):
    with tf.Graph().as_default():
        session, images, logits = build(kernels=Kernels(lstm=lstm_form, winograd=True), **form)
        randomise_batch_norms(session, rng)
        for variable in tf.global_variables():
            if variable.op.name.endswith('bias'):
                variable.load(rng.normal(size=variable.shape.as_list()).astype(np.float32), session)
        weights = {variable.op.name: session.run(variable) for variable in tf.global_variables()}
        expected = numpy_reference.logits(weights, images, form.get('pixel_range', (-1.0, 1.0)))
        actual = session.run(logits)
        assert actual.shape == (form['width'] // 4, 2, form['num_classes'])
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_each_stage_has_the_shape_of_the_papers_table():
    with tf.Graph().as_default() as graph:
        build()
        shapes = [operation.outputs[0].shape.as_list()[1:] for operation in graph.get_operations()
                  if operation.type in ('Conv2D', 'MaxPool', 'Squeeze')]
        assert shapes == [
            [32, 100, 64], [16, 50, 64],      # conv1
            [16, 50, 128], [8, 25, 128],
            [8, 25, 256],
            [8, 25, 256], [4, 25, 256],
            [4, 25, 512],
            [4, 25, 512], [2, 25, 512],
            [1, 25, 512], [25, 512]]          # conv7, the frames


def test_variables_have_the_names_and_shapes_of_the_original():
    cell = 'shadow/LSTMLayers/stack_bidirectional_rnn/cell_{}/bidirectional_rnn/{}/basic_lstm_cell/{}'
    expected = {
        'shadow/conv1/W': [3, 3, 3, 64], 'shadow/conv2/W': [3, 3, 64, 128],
        'shadow/conv3/W': [3, 3, 128, 256], 'shadow/conv4/W': [3, 3, 256, 256],
        'shadow/conv5/W': [3, 3, 256, 512], 'shadow/conv6/W': [3, 3, 512, 512],
        'shadow/conv7/W': [2, 2, 512, 512], 'shadow/LSTMLayers/w': [512, 37],
        **{f'shadow/{norm}/{name}': [512] for norm in ('BatchNorm', 'BatchNorm_1')
           for name in ('beta', 'gamma', 'moving_mean', 'moving_variance')},
        **{cell.format(layer, direction, name): shape for layer in (0, 1) for direction in ('fw', 'bw')
           for name, shape in (('kernel', [768, 1024]), ('bias', [1024]))},
    }
    with tf.Graph().as_default():
        build()
        assert {variable.op.name: variable.shape.as_list() for variable in tf.global_variables()} == expected
        sizes = [np.prod(variable.shape.as_list()) for variable in tf.global_variables()]
        assert sum(sizes) == NUM_PARAMETERS_OF_37_CLASSES


def test_an_image_of_another_height_is_refused_with_the_networks_own_height():
    with pytest.raises(ValueError, match='32 pixels high'):
        crnn_model.ShadowNet('test', Architecture('abc', 37, input_size=(100, 48)))


def test_an_image_too_narrow_for_two_frames_is_refused():
    with pytest.raises(ValueError, match='at least 8 pixels wide'):
        geometry.time_steps((7, 32))


def test_an_unknown_phase_is_refused():
    with pytest.raises(ValueError, match="'train' or 'test'"):
        crnn_model.ShadowNet('serve', Architecture('abc', 37))


@pytest.mark.parametrize('lstm_form', [UNROLLED, LOOPED])
def test_bfloat16_logits_are_near_those_of_float32(lstm_form):
    results = []
    for dtype in (tf.float32, tf.bfloat16):
        with tf.Graph().as_default():
            session, _, logits = build(kernels=Kernels(dtype, lstm_form))
            assert logits.dtype == tf.float32
            results.append(session.run(logits))
    assert np.abs(results[0] - results[1]).max() < 0.05 * np.abs(results[0]).max()


def test_the_recurrence_and_its_gradients_are_the_same_in_every_form(rng):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        inputs = tf.get_variable('inputs', initializer=3 * rng.normal(size=(7, 2, 3)).astype(np.float32))
        weighting = rng.normal(size=(7, 2, 8)).astype(np.float32)
        results = []
        for form in (UNROLLED, LOOPED, FUSED):
            with tf.variable_scope('', reuse=tf.AUTO_REUSE):
                outputs = lstm.bidirectional_lstm(inputs, units=4, kernels=Kernels(lstm=form))
            gradients = tf.gradients(tf.reduce_sum(outputs * weighting), tf.trainable_variables())
            results.append([outputs, *gradients])
        session.run(tf.global_variables_initializer())
        for variable in tf.trainable_variables():
            variable.load(variable.eval(session) + 0.3, session)   # no bias of zeros
        assert [len(result) for result in results] == [6, 6, 6]
        for first, *others in zip(*session.run(results), strict=True):
            for other in others:
                np.testing.assert_allclose(first, other, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_the_recurrence_is_that_of_its_arithmetic():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        values = np.random.default_rng(1).normal(size=(5, 2, 3)).astype(np.float32)
        inputs = tf.get_variable('inputs', initializer=values)
        weighting = tf.constant(np.random.default_rng(2).normal(size=(5, 2, 8)), tf.float32)
        outputs = lstm.bidirectional_lstm(inputs, units=4, kernels=Kernels(lstm=UNROLLED))
        loss = tf.reduce_sum(outputs * weighting)
        variables = tf.trainable_variables()
        gradients = tf.gradients(loss, variables)
        session.run(tf.global_variables_initializer())
        assert inputs.name in [variable.name for variable in variables]
        for variable, gradient in zip(variables, session.run(gradients), strict=True):
            values = session.run(variable)
            for share in (0, 0.5, 0.99):
                index = tuple(int(size * share) for size in values.shape)
                numeric = []
                for change in (0.01, -0.01):
                    moved = values.copy()
                    moved[index] += change
                    variable.load(moved, session)
                    numeric.append(session.run(loss))
                variable.load(values, session)
                assert gradient[index] == pytest.approx((numeric[0] - numeric[1]) / 0.02, rel=0.02, abs=1e-3)


def test_dropout_depends_on_the_seed_alone_and_keeps_the_mean():
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = tf.ones([25, 20, 20])
        same, again, other = session.run([
            crnn_model._dropout(inputs, 0.5, seed) for seed in ([1, 2], [1, 2], [1, 3])])
        assert np.array_equal(same, again)
        assert not np.array_equal(same, other)
        assert set(np.unique(same)) == {0.0, 2.0}
        assert same.mean() == pytest.approx(1.0, abs=0.05)


def test_training_offers_the_batch_statistics_for_the_moving_averages():
    with tf.Graph().as_default(), tf.Session() as session:
        network = crnn_model.ShadowNet('train', Architecture('abcd', 5, hidden_units=4))
        network.build_shadownet(tf.zeros([2, 32, 100, 3], tf.uint8))
        session.run(tf.global_variables_initializer())
        assert [variable.op.name for variable, _ in network.moving_averages] == [
            'shadow/BatchNorm/moving_mean', 'shadow/BatchNorm/moving_variance',
            'shadow/BatchNorm_1/moving_mean', 'shadow/BatchNorm_1/moving_variance']
        mean, batch_mean = session.run(network.moving_averages[0])
        assert not mean.any()
        assert np.all(batch_mean >= 0)   # of what a ReLU gives
        assert batch_mean.any()


def test_building_a_network_twice_shares_the_variables_and_keeps_the_averages_of_the_last():
    with tf.Graph().as_default():
        network = crnn_model.ShadowNet('train', Architecture('abcd', 5, hidden_units=4, conv_channels=2))
        for _ in range(2):
            network.build_shadownet(tf.zeros([2, 32, 100, 3], tf.uint8))
            names = [variable.op.name for variable in tf.global_variables()]
        assert len(names) == len(set(names)) == 24
        assert len(network.moving_averages) == 4


@pytest.mark.parametrize('dtype', [tf.bfloat16, tf.float32])
def test_relu_of_either_type_is_tensorflows(dtype):
    values = [-np.inf, -3e38, -2.5, -2e-38, -0.0, 0.0, 2e-38, 0.3, 1.0, 3e38, np.inf]
    net = crnn_model.ShadowNet('test', Architecture('abc', 4), Kernels(dtype))
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = tf.cast(tf.constant(values, tf.float32), dtype)
        ours, theirs = session.run([tf.cast(outputs, tf.float32)
                                    for outputs in (net._relu(inputs), tf.nn.relu(inputs))])
    assert ours[-1] == np.inf
    assert ours[:5].tolist() == [0, 0, 0, 0, 0]
    np.testing.assert_array_equal(ours, theirs)
