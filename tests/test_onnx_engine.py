"""Tests of reading.onnx_engine, of crnnmodel.onnx_file, and of choosing an engine."""
import concurrent.futures
import subprocess
import sys

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint_files, onnx_file, onnx_network
from local_utils import files
from local_utils.errors import InputError, MissingInput
from reading import ReadingSettings, Recogniser, engines
from reading.onnx_engine import RUN_IMAGES, OnnxEngine
from reading.tensorflow_engine import TensorflowEngine
from tests import numpy_reference
from tests.conftest import draw
from tests.small_checkpoint import architecture, save

BLOCKED = 'import sys; sys.modules["tensorflow"] = None; '


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """Return (the prefix of a checkpoint, its weights, the path of the same as a file)."""
    folder = tmp_path_factory.mktemp('small')
    prefix, weights = save(folder, architecture(input_size=(48, 32)))
    model = onnx_network.build_model(weights, architecture(input_size=(48, 32))).SerializeToString()
    (folder / 'model.onnx').write_bytes(onnx_file.sealed(model))
    return prefix, weights, str(folder / 'model.onnx')


@pytest.mark.parametrize('num_images', [None, 1])
def test_a_checkpoint_and_a_file_give_the_logits_of_plain_numpy_in_any_number_and_width(
        small, rng, num_images):
    prefix, weights, path = small
    engines_of = [OnnxEngine.of_checkpoint(checkpoint_files.load_newest(prefix), num_images),
                  OnnxEngine.of_file(path)]
    for count, width in ((1, 48), (2 * RUN_IMAGES + 3, 48), (2, 8), (3, 68)):
        images = rng.integers(0, 256, (count, 32, width, 3), np.uint8)
        expected = numpy_reference.logits(weights, images, (-1.0, 1.0))
        for engine in engines_of:
            found = engine.logits(images)
            assert found.shape == (width // 4, count, 4)
            np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert [engine.architecture for engine in engines_of] == [architecture(input_size=(48, 32))] * 2
    assert [engine.prefix for engine in engines_of] == [prefix, path]


def test_several_threads_get_their_own_logits(small, rng):
    engine = OnnxEngine.of_checkpoint(checkpoint_files.load_newest(small[0]))
    batches = [rng.integers(0, 256, (3, 32, width, 3), np.uint8) for width in (8, 48, 24) * 5]
    expected = [engine.logits(batch) for batch in batches]
    with concurrent.futures.ThreadPoolExecutor(5) as executor:
        for found, wanted in zip(executor.map(engine.logits, batches), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_file_is_read_through_the_front_door_as_its_checkpoint(small, rng):
    images = [rng.integers(0, 256, (40, 90, 3), np.uint8) for _ in range(20)]
    readings = [Recogniser.open(path,
                                settings=ReadingSettings(engine=engine, precision='float32')).read(images)
                for path, engine in ((small[0], 'tensorflow'), (small[0], 'onnx'), (small[2], 'auto'))]
    texts = [[reading.text for reading in of_one] for of_one in readings]
    assert texts[0] == texts[1] == texts[2]
    for of_one in readings[1:]:
        np.testing.assert_allclose([reading.confidence for reading in of_one],
                                   [reading.confidence for reading in readings[0]], rtol=1e-3)


def test_a_damaged_file_is_refused_wherever_the_damage_is(small, rng, tmp_path):
    with open(small[2], 'rb') as file:
        content = file.read()
    path = str(tmp_path / 'damaged.onnx')
    for position in [*rng.integers(0, len(content), 50).tolist(), len(content) - 1, len(content) - 9]:
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        with open(path, 'wb') as file:
            file.write(damaged)
        with pytest.raises(InputError,
                           match='damaged.onnx: no model that export_shadownet.py wrote, or cut off'):
            OnnxEngine.of_file(path)
    for size in (0, 5, len(content) // 2, len(content) - 1):
        with open(path, 'wb') as file:
            file.write(content[:size])
        with pytest.raises(InputError, match='its checksum does not match'):
            OnnxEngine.of_file(path)


def another_model(metadata, dimensions=(1, 2, 3, 4)):
    """Return a model that is none of ours, or, with three dimensions of its output, looks like one."""
    shape = helper.make_tensor('shape', TensorProto.INT64, [len(dimensions)], dimensions)
    nodes = [helper.make_node('Cast', ['images'], ['numbers'], to=TensorProto.FLOAT),
             helper.make_node('Reshape', ['numbers', 'shape'], ['logits'])]
    ends = [helper.make_tensor_value_info('images', TensorProto.UINT8, ['a', 'b', 'c', 'd']),
            helper.make_tensor_value_info('logits', TensorProto.FLOAT, dimensions)]
    model = helper.make_model(helper.make_graph(nodes, 'other', ends[:1], ends[1:], [shape]), ir_version=8,
                              opset_imports=[helper.make_opsetid('', 17)])
    helper.set_model_props(model, metadata)
    return model.SerializeToString()


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'no ONNX model that can be run'), (b'\x08' * 40, 'no ONNX model that can be run'),
    (another_model({}), 'no model of a ShadowNet'),
    (another_model({'description': architectures.description_of(architecture())}), 'no model of a ShadowNet'),
    (another_model({'description': architectures.description_of(architecture())}, dimensions=[1, 2, 5]),
     '4 classes in'),
])
def test_another_file_is_refused_even_with_a_right_checksum(tmp_path, content, message):
    path = tmp_path / 'other.onnx'
    path.write_bytes(onnx_file.sealed(content))
    with pytest.raises(InputError, match=f'other.onnx: {message}') as caught:
        OnnxEngine.of_file(str(path))
    assert '\n' not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    for name in ('none.onnx', 'none.tflite', 'none'):
        with pytest.raises(MissingInput, match=f'{name}: no such '):
            Recogniser.open(str(tmp_path / name))


@pytest.mark.parametrize('path', ['model.tflite', 'saved_model', 'saved_model/1'])
def test_of_exports_only_onnx_is_said_to_be_read(tmp_path, path):
    (tmp_path / 'model.tflite').write_bytes(b'a model')
    (tmp_path / 'saved_model' / '1' / 'variables').mkdir(parents=True)
    (tmp_path / 'saved_model' / '1' / 'saved_model.pb').write_bytes(b'a model')
    with pytest.raises(InputError, match=f'{path}: of what export_shadownet.py writes only a file .onnx is'):
        Recogniser.open(str(tmp_path / path))


def test_metadata_behind_a_model_are_the_models_and_the_seal_comes_off(small):
    with open(small[2], 'rb') as file:
        model = onnx_file.unsealed(file.read())
    content = onnx_file.sealed(onnx_file.with_metadata(model, {'commit': 'ä' * 200}))
    found = {entry.key: entry.value for entry in onnx.ModelProto.FromString(content).metadata_props}
    assert found['commit'] == 'ä' * 200
    assert set(found) == {'description', 'commit', 'crc32c'}
    onnx_file.check_seal(content, '')


@pytest.mark.parametrize(('settings', 'num_images', 'missing', 'gpu', 'expected'), [
    ({}, 1, (), False, 'onnx'), ({}, engines.FEW_IMAGES, (), False, 'onnx'),
    ({}, engines.FEW_IMAGES + 1, (), False, 'tensorflow'), ({}, None, (), False, 'onnx'),
    ({}, None, (), True, 'tensorflow'),
    ({}, 10 ** 6, ('tensorflow',), False, 'onnx'), ({}, 1, ('onnxruntime',), False, 'tensorflow'),
    ({'precision': 'bfloat16'}, 1, (), False, 'tensorflow'),
    ({'precision': 'int8'}, 1, (), False, 'tensorflow'), ({'engine': 'onnx'}, 10 ** 6, (), False, 'onnx'),
    ({'engine': 'tensorflow'}, 1, (), False, 'tensorflow'),
    ({'engine': 'onnx'}, 1, ('onnxruntime',), False, 'pip install -r requirements-reader.txt'),
    ({'engine': 'tensorflow'}, 1, ('tensorflow',), False, 'pip install -r requirements.txt'),
    ({}, 1, ('tensorflow', 'onnxruntime'), False, 'pip install -r requirements-reader.txt'),
    ({'engine': 'onnx', 'precision': 'bfloat16'}, 1, (), False, 'computes in float32'),
    ({'engine': 'onnx', 'precision': 'int8'}, 1, (), False, 'computes in float32'),
])
def test_the_engine_is_the_one_that_is_asked_for_or_the_faster_of_those_that_are_there(
        small, tmp_path, monkeypatch, settings, num_images, missing, gpu, expected):
    find_spec = engines.importlib.util.find_spec
    monkeypatch.setattr(engines.importlib.util, 'find_spec', lambda name: None if name in missing
                        else find_spec(name))
    monkeypatch.setattr(engines, 'GPU_DEVICE', str(tmp_path if gpu else tmp_path / 'none'))
    classes = {'onnx': OnnxEngine, 'tensorflow': TensorflowEngine}
    if expected in classes:
        assert isinstance(engines.open_engine(small[0], ReadingSettings(**settings), num_images),
                          classes[expected])
    else:
        with pytest.raises(InputError, match=expected):
            engines.open_engine(small[0], ReadingSettings(**settings), num_images)


def test_a_file_is_not_opened_with_tensorflow(small):
    with pytest.raises(InputError, match='a file .onnx needs TEST.ENGINE=onnx or auto'):
        Recogniser.open(small[2], settings=ReadingSettings(engine='tensorflow'))


def test_the_script_that_reads_imports_no_tensorflow():
    subprocess.run([sys.executable, '-c',
                    'import sys; import tools.test_shadownet; assert "tensorflow" not in sys.modules'],
                   cwd=files.repository_path(), check=True)


def test_the_script_reads_where_there_is_no_tensorflow(tmp_path):
    cv2.imwrite(str(tmp_path / 'hello.png'), draw('hello'))
    ran = subprocess.run([sys.executable, '-c', BLOCKED
                          + 'from tools import test_shadownet; test_shadownet.main(sys.argv[1:])',
                          '--weights_path', 'bundled', '--image_path', str(tmp_path / 'hello.png')],
                         cwd=files.repository_path(), capture_output=True, text=True)
    assert ran.stdout.split('\t')[:2] == [str(tmp_path / 'hello.png'), 'hello'], ran.stderr


def of_constant(path, form, shape, number):
    """Write a model, sealed as ours are, whose output has a shape and holds one number, whatever it reads."""
    value = helper.make_tensor('value', TensorProto.FLOAT, [1], [number])
    shape_value = helper.make_tensor('shape', TensorProto.INT64, [len(shape)], shape)
    graph = helper.make_graph(
        [helper.make_node('ConstantOfShape', ['shape'], ['logits'], value=value)], 'constant',
        [helper.make_tensor_value_info('images', TensorProto.UINT8, ['batch', 32, 'width', 3])],
        [helper.make_tensor_value_info('logits', TensorProto.FLOAT, ['time', 'batch', form.num_classes])],
        [shape_value])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', onnx_network.OPSET)],
                              ir_version=onnx_network.IR_VERSION)
    described = onnx_file.with_metadata(model.SerializeToString(), {
        architectures.DESCRIPTION: architectures.description_of(form)})
    path.write_bytes(onnx_file.sealed(described))
    return str(path)


@pytest.mark.parametrize(('shape', 'number', 'message'), [
    ((12, 2, 4), 0.5, ''), ((12, 2, 4), float('nan'), 'no finite numbers'), ((12, 1, 4), 0.5, 'of the shape'),
    ((12, 3, 4), 0.5, r'expected \(12, 2, 4\)'), ((0, 2, 4), 0.5, 'of the shape'), ((13, 2, 4), 0.5, 'shape'),
    ((12, 2, 5), 0.5, 'model.onnx'), ((1 << 40, 2, 4), 0.5, 'model.onnx'), ((-1, 2, 4), 0.5, 'model.onnx')])
def test_a_model_of_ours_by_its_seal_that_gives_something_else_is_one_line(
        tmp_path, rng, shape, number, message):
    path = of_constant(tmp_path / 'model.onnx', architecture(input_size=(48, 32)), shape, number)
    images = rng.integers(0, 256, (2, 32, 48, 3), np.uint8)
    if message:
        with pytest.raises(InputError, match=message) as caught:
            OnnxEngine.of_file(path).logits(images)
        assert '\n' not in str(caught.value)
        assert path in str(caught.value)
    else:
        assert OnnxEngine.of_file(path).logits(images).tolist() == np.full(shape, number).tolist()
