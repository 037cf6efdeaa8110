"""Tests of crnnmodel.architecture: what a description and the tensors of a checkpoint may hold."""
import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import architecture, checkpoint
from crnnmodel.architecture import Architecture, architecture_of, from_description
from crnnmodel.crnn_model import ShadowNet
from global_configuration import config
from local_utils.errors import InputError

FORM = Architecture('abc', 4, input_size=(16, 32), hidden_units=6, hidden_layers=1, conv_channels=4)
CELL = architecture.FIRST_CELL


def tensors_of(form=FORM):
    """Return the tensors of a checkpoint, as they are read."""
    weights = {name: np.ones(shape, np.float32) for name, shape in architecture.variable_shapes(form).items()}
    return {**weights, 'description': architecture.description_of(form).encode(),
            'global_step': np.array(5, np.int32)}


def refusal_of(changes):
    with pytest.raises(InputError) as caught:
        architecture_of({**tensors_of(), **changes}, 'run/shadownet.ckpt-5')
    message = str(caught.value)
    assert message.startswith('run/shadownet.ckpt-5: ')
    assert '\n' not in message
    return message


@pytest.mark.parametrize('form', [FORM, Architecture('xy ', 4, (40, 32), 10, 3, (0.0, 1.0), 8)])
def test_the_shapes_are_those_of_the_networks_variables(form):
    with tf.Graph().as_default():
        ShadowNet('test', form).build_shadownet(tf.placeholder(tf.uint8, [None, 32, form.input_size[0], 3]))
        expected = {variable.op.name: tuple(variable.shape.as_list())
                    for variable in checkpoint.network_variables()}
    assert architecture.variable_shapes(form) == expected
    assert architecture_of(tensors_of(form), '') == form


def test_a_description_from_before_the_channels_could_be_chosen_means_64():
    fields = FORM._asdict()
    del fields['conv_channels']
    assert from_description(json.dumps(fields), 'old') == FORM._replace(conv_channels=64)


def test_a_description_of_a_later_version_is_refused():
    description = json.dumps({**FORM._asdict(), 'attention': True})
    with pytest.raises(InputError,
                       match="new: of a later version of this project; its description has 'attention'"):
        from_description(description, 'new')


@pytest.mark.parametrize(('description', 'message'), [
    (b'\xff\xfe', 'no JSON text'), (b'[' * 100_000, 'no JSON text'), (b'{"characters": ', 'no JSON text'),
    (b'["abc"]', 'no JSON object'), (b'7', 'no JSON object'),
    (b'{"characters": "abc"}', "lacks 'num_classes'"),
    (np.array([b'{}', b'{}'], object), 'no single text'), (np.array(7), 'no single text'),
])
def test_a_description_of_another_type_is_refused(description, message):
    assert message in refusal_of({'description': description})


@pytest.mark.parametrize(('field', 'value', 'message'), [
    ('characters', 7, 'characters is 7, expected a text'), ('characters', '', 'at least one character'),
    ('characters', 'aba', "has 'a' twice"), ('characters', '\ud800bc', 'expected a text'),
    ('characters', ['a', 'b', 'c'], 'expected a text'),
    ('num_classes', 5, '3 characters and the blank are 4'),
    ('num_classes', 4.0, 'num_classes is 4.0'), ('num_classes', True, 'num_classes is True'),
    ('input_size', [16], 'input_size'), ('input_size', 16, 'input_size'),
    ('input_size', [16, 33], '32 pixels high'),
    ('input_size', [7, 32], 'at least 8 pixels wide'), ('input_size', [4097, 32], 'up to 4096'),
    ('input_size', ['16', 32], 'input_size'), ('hidden_units', 0, 'from 1 to 8192'),
    ('hidden_layers', -1, 'from 1 to 64'),
    ('hidden_layers', 10 ** 9, 'from 1 to 64'), ('conv_channels', None, 'from 1 to 2048'),
    ('pixel_range', [0.0], 'pixel_range'), ('pixel_range', [1.0, 1.0], 'pixel_range'),
    ('pixel_range', [float('nan'), 1.0], 'pixel_range'), ('pixel_range', ['a', 'b'], 'pixel_range'),
])
def test_a_field_of_another_type_or_range_is_refused(field, value, message):
    assert message in refusal_of({'description': json.dumps({**FORM._asdict(), field: value})})


def test_the_ranges_are_those_of_the_knobs():
    knobs = config.KNOBS['ARCH']
    assert {name: knobs[name.upper()].largest for name in architecture.MAX_OF} == architecture.MAX_OF
    assert knobs['INPUT_SIZE'].largest == architecture.MAX_WIDTH
    assert knobs['PIXEL_RANGE'].largest == architecture.MAX_PIXEL


@pytest.mark.parametrize(('name', 'value', 'message'), [
    ('shadow/conv1/W', np.ones([3, 3, 3, 5], np.float32), r'the shape (3, 3, 3, 5), expected (3, 3, 3, 4)'),
    ('shadow/conv1/W', np.ones([3, 3, 3, 4]), 'is of float64, expected float32'),
    ('shadow/conv1/W', b'', 'the shape ()'),
    ('shadow/conv7/W', np.full([2, 2, 32, 32], np.nan, np.float32), 'no finite numbers'),
    ('optimizer/shadow/conv7/W', np.array([1, np.inf], np.float32), 'no finite numbers'),
    ('shadow/BatchNorm/moving_variance', np.full(32, -1, np.float32), 'below 0'),
    ('global_step', np.array([5, 6]), 'no number of steps'),
    ('global_step', np.array(-1), 'no number of steps'),
    ('global_step', b'5', 'no number of steps'), ('global_step', np.array(5.0), 'no number of steps'),
])
def test_a_variable_of_another_shape_type_or_range_is_refused(name, value, message):
    assert message in refusal_of({name: value})


@pytest.mark.parametrize(('name', 'value', 'message'), [
    (CELL, np.ones([38], np.float32), 'no checkpoint of a ShadowNet'),
    (CELL, np.ones([38, 2], np.float32), 'hidden_units is 0'),
    ('shadow/LSTMLayers/w', np.ones([12, 5], np.float32), None),
    ('shadow/conv2/W', np.ones([1], np.float32), 'shadow/conv2/W has the shape (1,)'),
])
def test_a_checkpoint_without_a_description_is_checked_the_same(name, value, message):
    tensors = {**tensors_of(), name: value}
    del tensors['description']
    if message is None:
        assert architecture_of(tensors, 'old').num_classes == 5
        return
    with pytest.raises(InputError, match='old: ') as caught:
        architecture_of(tensors, 'old')
    assert message in str(caught.value)


def test_a_variable_that_is_not_there_is_named():
    tensors = tensors_of()
    del tensors['shadow/BatchNorm_1/gamma']
    with pytest.raises(InputError,
                       match='cp: of another network; it has no variable shadow/BatchNorm_1/gamma'):
        architecture_of(tensors, 'cp')
