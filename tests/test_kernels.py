"""Tests of crnnmodel.kernels."""
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model, winograd
from crnnmodel.architecture import Architecture
from crnnmodel.kernels import FUSED, LOOPED, UNROLLED, Kernels, choose_kernels, describe_kernels
from local_utils import session_utils
from local_utils.errors import InputError


@pytest.mark.parametrize(('has_gpu', 'precision', 'learns', 'expected'), [
    (False, 'float32', True, Kernels(tf.float32, UNROLLED, winograd=True)),
    (False, 'float32', False, Kernels(tf.float32, LOOPED, winograd=True)),
    (False, 'bfloat16', True, Kernels(tf.bfloat16, UNROLLED, winograd=False)),
    (False, 'bfloat16', False, Kernels(tf.bfloat16, LOOPED, winograd=True)),
    (True, 'float32', True, Kernels(tf.float32, FUSED, winograd=False)),
    (True, 'bfloat16', False, Kernels(tf.bfloat16, FUSED, winograd=False))])
def test_the_kernels_are_those_of_the_device(monkeypatch, has_gpu, precision, learns, expected):
    monkeypatch.setattr(session_utils, 'has_gpu', lambda: has_gpu)
    assert choose_kernels(precision, learns=learns) == expected


@pytest.mark.parametrize('precision', ['auto', 'int8'])
@pytest.mark.parametrize(('has_bfloat16', 'dtype'), [(True, tf.bfloat16), (False, tf.float32)])
def test_int8_leaves_the_rest_of_the_network_as_it_is_fastest(monkeypatch, precision, has_bfloat16, dtype):
    monkeypatch.setattr(session_utils, 'has_fast_int8', lambda: True)
    monkeypatch.setattr(session_utils, 'has_fast_bfloat16', lambda: has_bfloat16)
    assert choose_kernels(precision, learns=False) == Kernels(dtype, LOOPED, winograd=True, int8=True)


def test_int8_is_refused_where_the_machine_is_not_fast_at_it_and_not_chosen(monkeypatch):
    monkeypatch.setattr(session_utils, 'has_fast_int8', lambda: False)
    assert not choose_kernels('auto', learns=False).int8
    with pytest.raises(InputError, match='TEST.PRECISION=int8 needs Linux, a processor with AMX'):
        choose_kernels('int8', learns=False)


def test_a_network_that_learns_has_no_int8(monkeypatch):
    monkeypatch.setattr(session_utils, 'has_fast_int8', lambda: True)
    assert not choose_kernels('auto').int8
    with pytest.raises(ValueError, match="one of auto, float32, bfloat16, got 'int8'"):
        choose_kernels('int8')


def test_the_log_says_what_computes(monkeypatch):
    monkeypatch.setattr(session_utils, 'computing_device', lambda: 'the processor')
    assert describe_kernels(Kernels(tf.bfloat16, winograd=True)) == (
        "arithmetic in bfloat16 with Winograd's convolutions on the processor")
    assert describe_kernels(Kernels(tf.bfloat16, winograd=True, int8=True)) == (
        "arithmetic in bfloat16, the first convolutions in int8, with Winograd's convolutions "
        'on the processor')
    assert describe_kernels(Kernels()) == 'arithmetic in float32 on the processor'


@pytest.mark.parametrize(('is_fast', 'dtype'), [(True, tf.bfloat16), (False, tf.float32)])
def test_the_automatic_precision_is_bfloat16_where_that_is_fast(monkeypatch, is_fast, dtype):
    monkeypatch.setattr(session_utils, 'has_fast_bfloat16', lambda: is_fast)
    assert choose_kernels().dtype == dtype


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="one of auto, float32, bfloat16, got 'half'"):
        choose_kernels('half')


def test_int8_is_refused_for_weights_that_are_variables():
    with tf.Graph().as_default():
        network = crnn_model.ShadowNet('test', Architecture('ab', 3, conv_channels=2), Kernels(int8=True))
        with pytest.raises(ValueError, match='constants of the graph, got variables'):
            network.build_shadownet(tf.zeros([1, 32, 100, 3], tf.uint8))


@pytest.mark.parametrize(('strides', 'is_winograd'), [((1, 1), True), ((2, 1), False)])
def test_a_convolution_with_strides_keeps_them(monkeypatch, strides, is_winograd):
    seen = []
    monkeypatch.setattr(winograd, 'conv2d', lambda inputs, kernel: seen.append(inputs.shape) or inputs)
    with tf.Graph().as_default():
        network = crnn_model.ShadowNet('test', Architecture('ab', 3), Kernels(winograd=True))
        outputs = network._conv_relu(tf.zeros([9, 8, 25, 128]), 128, 'conv', strides=strides)
    assert bool(seen) is is_winograd
    assert outputs.shape.as_list()[1] == 8 // strides[0]


def test_the_network_never_asks_what_machine_it_is_on(monkeypatch):
    def refuse(kind):
        raise AssertionError('asked for the devices')

    monkeypatch.setattr(tf.config, 'list_physical_devices', refuse)
    with tf.Graph().as_default():
        for phase in ('train', 'test'):
            network = crnn_model.ShadowNet(phase, Architecture('ab', 3, hidden_units=4, conv_channels=2))
            network.build_shadownet(tf.zeros([2, 32, 100, 3]))
