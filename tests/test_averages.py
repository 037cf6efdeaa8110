"""Tests of training.averages, and of runs whose averages or convolutions come and go."""
import numpy as np
import pytest

from crnnmodel import checkpoint_files
from tests.small_run import tensors_of, train


def test_readers_get_the_averages_of_the_weights_where_a_run_has_them(records, tmp_path):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=3', 'TRAIN.LEARNING_RATE=0.1') == 0
    whole = tensors_of(tmp_path / 'run')
    for folder in ('run', 'run/best'):
        read = checkpoint_files.load_newest(str(tmp_path / folder)).tensors
        assert read.keys() == {name for name in whole if not name.startswith(('optimizer/', 'average/'))}
        assert np.array_equal(read['shadow/conv1/W'], whole['average/shadow/conv1/W'])
    assert not np.array_equal(whole['shadow/conv1/W'], whole['average/shadow/conv1/W'])


def test_a_run_that_had_no_averages_goes_on_with_them_from_its_weights(records, tmp_path):
    assert train(records, tmp_path / 'run', 'TRAIN.AVERAGE_DECAY=0', flags=['--max_step', '2']) == 0
    before = tensors_of(tmp_path / 'run')
    assert not any(name.startswith('average/') for name in before)
    assert train(records, tmp_path / 'run', 'TRAIN.AVERAGE_DECAY=0.3', 'TRAIN.STEPS=3') == 0
    after = tensors_of(tmp_path / 'run')
    decay = 3 / 12   # of the third step, still below 0.3
    expected = decay * before['shadow/conv1/W'] + (1 - decay) * after['shadow/conv1/W']
    np.testing.assert_allclose(after['average/shadow/conv1/W'], expected, rtol=1e-5, atol=1e-8)


def test_convolutions_that_were_fixed_learn_once_the_run_goes_on_without(records, tmp_path, capfd):
    fixed = ['TRAIN.FIXED_CONVOLUTIONS=True']
    assert train(records, tmp_path / 'run', *fixed, flags=['--max_step', '1']) == 0
    first = tensors_of(tmp_path / 'run')
    assert train(records, tmp_path / 'run', *fixed, flags=['--max_step', '2']) == 0
    second = tensors_of(tmp_path / 'run')
    assert 'the optimizer starts anew' not in capfd.readouterr().err
    assert train(records, tmp_path / 'run', flags=['--max_step', '3']) == 0
    assert 'the convolutions were fixed so far; the optimizer starts anew' in capfd.readouterr().err
    third = tensors_of(tmp_path / 'run')
    names = ('shadow/conv1/W', 'shadow/BatchNorm/gamma', 'shadow/BatchNorm/moving_mean')
    assert all(np.array_equal(first[name], second[name]) for name in names)
    assert not any(np.array_equal(second[name], third[name]) for name in names)
    assert third['optimizer/beta1_power'] == pytest.approx(0.9 * 0.9)   # after one step
