"""Tests of checkpoints with right checksums and wrong content: each is one line that names the checkpoint."""
import json

import cv2
import numpy as np
import pytest

from crnnmodel import architecture, checkpoint_files, tensor_bundle
from local_utils import command_line
from local_utils.errors import InputError
from tests import small_checkpoint
from tests.conftest import draw
from tests.small_run import error_lines
from tools import average_weights, test_shadownet

VARIANCE = 'shadow/BatchNorm/moving_variance'


@pytest.fixture
def form():
    return small_checkpoint.architecture()


def described(form, **changes):
    return np.array(json.dumps({**form._asdict(), **changes}).encode(), object)


def huge(tensors):
    """Return weights that are finite numbers, and whose logits are not."""
    return {name: np.full_like(value, 1e38) if name.endswith(('/W', '/w')) else value
            for name, value in tensors.items()}


CHANGES = [
    (lambda tensors, form: {'description': np.int32(5)}, 'its description is no single text'),
    (lambda tensors, form: {'description': np.array([b'{}'] * 2, object)},
     'its description is no single text'),
    (lambda tensors, form: {'description': described(form, hidden_units=True)},
     'hidden_units is True, expected'),
    (lambda tensors, form: {'description': described(form, input_size=[16, 33])},
     'needs images 32 pixels high'),
    (lambda tensors, form: {'description': described(form, characters='aab')}, "'a'"),
    (lambda tensors, form: {VARIANCE: -tensors[VARIANCE]}, f'{VARIANCE} has values below 0'),
    (lambda tensors, form: {VARIANCE: tensors[VARIANCE] * np.float32('nan')}, 'no finite numbers'),
    (lambda tensors, form: {architecture.CONV1: tensors[architecture.CONV1].astype(np.float64)},
     'is of float64, expected float32'),
    (lambda tensors, form: {architecture.CONV1: np.full([3, 3, 3, 4], b'x', object)}, 'expected float32'),
    (lambda tensors, form: {'global_step': np.array([5], np.int32)}, 'global_step is no number of steps'),
    (lambda tensors, form: {'global_step': np.array(b'5', object)}, 'global_step is no number of steps'),
    (lambda tensors, form: {f'average/{architecture.CONV1}': np.float32([1])},
     'has the shape (1,), expected'),
    (lambda tensors, form: huge(tensors), 'its network gives values that are no finite numbers'),
]


@pytest.mark.parametrize(('change', 'message'), CHANGES)
@pytest.mark.parametrize('engine', ['onnx', 'tensorflow'])
def test_a_checkpoint_with_wrong_content_is_one_line_of_a_reader(
        tmp_path, form, capfd, change, message, engine):
    small_checkpoint.save(tmp_path, form)
    prefix = small_checkpoint.rewrite(tmp_path, lambda tensors: {**tensors, **change(tensors, form)})
    cv2.imwrite(str(tmp_path / 'a.png'), draw('a'))
    flags = ['--image_path', str(tmp_path / 'a.png'), '--weights_path', prefix,
             '--set', f'TEST.ENGINE={engine}']
    assert command_line.run_tool(test_shadownet.main, flags) == 1
    error, = error_lines(capfd)
    assert prefix in error
    assert message in error


@pytest.mark.parametrize(('change', 'message'), CHANGES[:-1])
def test_a_checkpoint_with_wrong_content_is_not_averaged(tmp_path, form, capfd, change, message):
    small_checkpoint.save(tmp_path, form)
    prefix = small_checkpoint.rewrite(tmp_path, lambda tensors: {**tensors, **change(tensors, form)})
    flags = ['--weights_path', prefix, '--save_dir', str(tmp_path / 'mean')]
    assert command_line.run_tool(average_weights.main, flags) == 1
    error, = error_lines(capfd)
    assert prefix in error
    assert message in error
    assert not (tmp_path / 'mean').exists()


def test_a_text_that_is_called_a_variance_is_no_variance(tmp_path, form):
    small_checkpoint.save(tmp_path, form)
    prefix = small_checkpoint.rewrite(tmp_path, lambda tensors: {
        **tensors, 'x/moving_variance': np.array([b'x', b'y'], object)})
    tensors = tensor_bundle.load_tensors(prefix)
    assert architecture.architecture_of(tensors, prefix) == form


def test_an_average_has_the_networks_variables_only_however_others_are_called(tmp_path, form):
    _, weights = small_checkpoint.save(tmp_path / 'run', form)
    small_checkpoint.rewrite(tmp_path / 'run', lambda tensors: {
        **tensors, '../x\n\x1b[2K': np.float32(1), 'x/moving_variance': np.array([b'x', b'y'], object)})
    flags = ['--weights_path', str(tmp_path / 'run'), '--save_dir', str(tmp_path / 'mean')]
    assert command_line.run_tool(average_weights.main, flags) == 0
    tensors = checkpoint_files.load_newest(str(tmp_path / 'mean'), with_optimizer=True).tensors
    assert tensors.keys() == {*weights, 'description', 'global_step'}


@pytest.mark.parametrize('ending', ['.index', '.data-00000-of-00001'])
def test_a_file_of_a_checkpoint_that_is_said_to_be_huge_is_refused(tmp_path, form, ending, monkeypatch):
    prefix, _ = small_checkpoint.save(tmp_path, form)
    monkeypatch.setattr(tensor_bundle, 'RECENT_SECONDS', 0)
    with open(prefix + ending, 'r+b') as file:
        file.truncate(1 << 40)
    if ending == '.index':
        with pytest.raises(tensor_bundle.DamagedCheckpoint, match='most 67108864 bytes, got 1099511627776'):
            tensor_bundle.load_tensors(prefix)
    else:
        assert tensor_bundle.load_tensors(prefix)   # what lies behind the tensors is not read


def test_too_little_memory_for_a_checkpoint_names_it(tmp_path, form, monkeypatch):
    prefix, _ = small_checkpoint.save(tmp_path, form)

    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(tensor_bundle, '_tensor', no_memory)
    with pytest.raises(InputError, match='ckpt-5: there is too little memory to read this checkpoint'):
        tensor_bundle.load_tensors(prefix)
