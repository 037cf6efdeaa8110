"""Tests of tools.average_weights."""
import numpy as np

from crnnmodel import checkpoint_files
from crnnmodel.architecture import architecture_of
from local_utils import command_line
from tests.small_run import error_lines, train
from tools import average_weights


def average(save_dir, *paths, flags=()):
    return command_line.run_tool(average_weights.main, [
        '--weights_path', *map(str, paths), '--save_dir', str(save_dir), *flags])


def weights_of(path):
    return checkpoint_files.load_newest(str(path))


def test_the_mean_of_two_runs_is_a_checkpoint_that_training_starts_from(records, tmp_path):
    assert train(records, tmp_path / 'one', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'two', 'TRAIN.STEPS=3', 'TRAIN.SEED=1') == 0
    assert average(tmp_path / 'mean', tmp_path / 'one', tmp_path / 'two') == 0
    one, two, mean = (weights_of(tmp_path / name) for name in ('one', 'two', 'mean'))
    assert checkpoint_files.step_of(mean.prefix) == 3
    assert mean.tensors.keys() == one.tensors.keys()
    for name in ('shadow/conv1/W', 'shadow/LSTMLayers/w'):
        expected = (one.tensors[name] + two.tensors[name]) / 2
        np.testing.assert_allclose(mean.tensors[name], expected, rtol=1e-6, atol=1e-8)
        assert mean.tensors[name].dtype == np.float32
    assert architecture_of(mean.tensors, '') == architecture_of(one.tensors, '')
    flags = ['--weights_path', str(tmp_path / 'mean')]
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=1', flags=flags) == 0


def test_a_single_checkpoint_only_loses_its_optimizers_state(records, tmp_path):
    assert train(records, tmp_path / 'one', 'TRAIN.STEPS=2') == 0
    assert average(tmp_path / 'bare', tmp_path / 'one', flags=['--step', '7']) == 0
    bare = checkpoint_files.load_newest(str(tmp_path / 'bare'), with_optimizer=True)
    assert checkpoint_files.step_of(bare.prefix) == 7
    expected = {**weights_of(tmp_path / 'one').tensors, 'global_step': 7}
    assert bare.tensors.keys() == expected.keys()
    assert all(np.array_equal(bare.tensors[name], value) for name, value in expected.items())


def test_what_cannot_be_averaged_is_one_line_and_writes_nothing(records, tmp_path, capfd):
    assert train(records, tmp_path / 'one', 'TRAIN.STEPS=1') == 0
    assert train(records, tmp_path / 'two', 'TRAIN.STEPS=1', 'ARCH.HIDDEN_UNITS=8') == 0
    capfd.readouterr()
    assert average(tmp_path / 'mean', tmp_path / 'one', tmp_path / 'two') == 1
    error, = error_lines(capfd)
    assert 'hidden_units: 16 expected, 8 found' in error
    assert not (tmp_path / 'mean').exists()
    assert average(tmp_path / 'two', tmp_path / 'one') == 1
    error, = error_lines(capfd)
    assert 'there is a checkpoint already' in error
