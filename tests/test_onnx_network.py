"""Tests of crnnmodel.onnx_network, the network described in ONNX."""
import json

import numpy as np
import onnx
import onnxruntime
import pytest

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint_files, onnx_network
from crnnmodel.architecture import Architecture
from tests import numpy_reference

FORMS = [
    Architecture('abc', 4, (16, 32), hidden_units=6, hidden_layers=1, conv_channels=4),
    Architecture('ab', 3, (8, 32), hidden_units=5, hidden_layers=3, pixel_range=(0.0, 255.0),
                 conv_channels=2),
    Architecture(None, 7, (161, 32), hidden_units=8, hidden_layers=2, pixel_range=(0.0, 1.0),
                 conv_channels=3),
]


def random_weights(form, rng):
    weights = {}
    for name, shape in architectures.variable_shapes(form).items():
        scale = np.sqrt(2 / np.prod(shape[:-1])) if name.endswith('/W') else 0.3
        weights[name] = (scale * rng.standard_normal(shape)).astype(np.float32)
        if name.endswith(('gamma', 'moving_variance')):
            weights[name] = np.abs(weights[name]) + np.float32(0.5)
    return weights


def run(model, images):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    return session.run([onnx_network.LOGITS], {onnx_network.IMAGES: images})[0]


@pytest.mark.parametrize('form', FORMS)
def test_the_logits_are_those_of_plain_numpy_at_any_width_and_batch(form, rng):
    weights = random_weights(form, rng)
    model = onnx_network.build_model(weights, form)
    onnx.checker.check_model(model, full_check=True)
    for width, batch in ((form.input_size[0], 1), (form.input_size[0], 5), (24, 2), (101, 3)):
        images = rng.integers(0, 256, (batch, 32, width, 3), np.uint8)
        expected = numpy_reference.logits(weights, images, form.pixel_range)
        found = run(model, images)
        assert found.shape == (width // 4, batch, form.num_classes)
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_weights_apart_from_the_model_are_those_that_stand_in_it(rng):
    form = FORMS[2]
    tensors = random_weights(form, rng)
    whole = onnx_network.build_model(tensors, form)
    model, weights = onnx_network.build_model_without_weights(tensors, form)
    in_whole = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in whole.graph.initializer}
    assert 'conv3/W' in weights
    assert all(np.array_equal(value, in_whole[name]) for name, value in weights.items())
    assert model.graph.node == whole.graph.node
    assert model.ByteSize() < whole.ByteSize() / 2


def test_the_model_carries_its_architecture(rng):
    model = onnx_network.build_model(random_weights(FORMS[0], rng), FORMS[0])
    described, = (entry.value for entry in model.metadata_props if entry.key == architectures.DESCRIPTION)
    assert architectures.from_description(described, '') == FORMS[0]
    assert json.loads(described)['characters'] == 'abc'


@pytest.mark.parametrize(('weights', 'error', 'size'), [('float16', 1e-3, 0.6), ('int8', 0.05, 0.4)])
def test_weights_of_fewer_bits_give_nearly_the_same_logits_in_a_smaller_file(rng, weights, error, size):
    form = FORMS[0]._replace(conv_channels=16, hidden_units=32)
    tensors = random_weights(form, rng)
    tensors['shadow/conv2/W'] = tensors['shadow/conv2/W'].copy()
    tensors['shadow/conv2/W'][..., 3] = 0   # a channel that has no scale
    whole, small = (onnx_network.build_model(tensors, form, form_of_weights)
                    for form_of_weights in ('float32', weights))
    images = rng.integers(0, 256, (4, 32, 16, 3), np.uint8)
    expected, found = run(whole, images), run(small, images)
    assert 0 < np.linalg.norm(found - expected) < error * np.linalg.norm(expected)
    assert small.ByteSize() < size * whole.ByteSize()


def test_the_bundled_weights_give_the_logits_of_the_tensorflow_graph(rng):
    import tensorflow.compat.v1 as tf

    from crnnmodel.checkpoint import Constants
    from crnnmodel.crnn_model import ShadowNet
    prefix, tensors = checkpoint_files.load_newest('bundled')
    form = architectures.architecture_of(tensors, prefix)
    images = rng.integers(0, 256, (2, 32, form.input_size[0], 3), np.uint8)
    images[1] = images[1] // 32 + 100
    with tf.Graph().as_default(), tf.Session() as session, Constants(tensors, prefix).scope():
        expected = session.run(ShadowNet('test', form).build_shadownet(tf.constant(images)))
    np.testing.assert_allclose(run(onnx_network.build_model(tensors, form), images), expected, atol=5e-3)
