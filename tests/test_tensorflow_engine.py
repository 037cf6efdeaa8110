"""Tests of reading.tensorflow_engine, of reading.engines and of the graph that both training
and reading use.
"""
import concurrent.futures

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, checkpoint_files, numpy_ctc
from crnnmodel.kernels import Kernels
from data_provider import image_file
from local_utils.char_codec import CharacterCodec
from reading import ReadingSettings, Recogniser, engines, recognition, tensorflow_engine, views, weighing
from reading.decoding import Decoder
from reading.tensorflow_engine import TensorflowEngine
from tests import numpy_reference
from tests.conftest import ENGLISH
from tests.small_checkpoint import architecture, save

FLOAT32 = ReadingSettings(engine=engines.TENSORFLOW, precision='float32', min_confidence=0.0)


def engine_of(prefix, settings=FLOAT32, num_images=None):
    return TensorflowEngine(checkpoint_files.load_newest(str(prefix)), settings, num_images)


def test_a_graph_of_constants_gives_the_logits_of_the_restored_variables(tmp_path):
    prefix, weights = save(tmp_path, architecture())
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 16, 3), np.uint8)
    with tf.Graph().as_default(), tf.Session() as session:
        graph = recognition.build_reading_graph(architecture(), Kernels())
        checkpoint.restore(session, weights, prefix, checkpoint.network_variables())
        expected = recognition.run_reading(session, graph, images)
    engine = engine_of(prefix)
    assert not engine.session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    np.testing.assert_allclose(engine.logits(images), expected, rtol=1e-5, atol=1e-6)


def test_a_checkpoint_of_the_original_is_read_with_its_own_pixel_range(tmp_path, rng):
    form = architecture(ENGLISH, input_size=(100, 32), conv_channels=64, hidden_units=256, hidden_layers=2)
    prefix, weights = save(tmp_path, form, with_description=False)
    images = rng.integers(0, 256, [2, 32, 100, 3], np.uint8)
    engine = engine_of(prefix)
    assert engine.architecture == form._replace(characters=None, pixel_range=(0.0, 255.0))
    expected = numpy_reference.logits(weights, images, (0.0, 255.0))
    np.testing.assert_allclose(engine.logits(images), expected, atol=1e-4 * np.abs(expected).max())


def test_images_of_any_width_and_number_are_read_the_same_for_few_and_for_many(tmp_path, rng):
    # wide enough for Winograd's
    prefix, _ = save(tmp_path, architecture(input_size=(48, 32), conv_channels=64))
    images = {width: rng.integers(0, 256, [9, 32, width, 3], np.uint8) for width in (48, 8, 68)}
    few, many = engine_of(prefix, num_images=1), engine_of(prefix)
    for width, of_width in images.items():
        logits = many.logits(of_width)
        assert logits.shape == (width // 4, 9, 4)
        np.testing.assert_allclose(few.logits(of_width[:1]), logits[:, :1], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(many.logits(of_width[1:2]), logits[:, 1:2], rtol=1e-3, atol=1e-4)


def test_batches_have_few_sizes_whatever_the_number_of_images(tmp_path, rng, monkeypatch):
    prefix, _ = save(tmp_path, architecture())
    images = rng.integers(0, 256, [100, 32, 16, 3], np.uint8)
    engine = engine_of(prefix)
    expected = engine.logits(images)
    sizes, run = [], recognition.run_reading
    monkeypatch.setattr(recognition, 'run_reading', lambda session, graph, batch: (
        sizes.append(len(batch)), run(session, graph, batch))[1])
    for count in (1, 2, 3, 5, 17, 31, 32, 33, 64, 65):
        np.testing.assert_allclose(engine.logits(images[:count]), expected[:, :count], rtol=1e-4, atol=1e-5)
    assert sizes == [1, 2, 4, 8, 32, 32, 32, 48, 64, 80]


@pytest.mark.parametrize('num_images', [1, 4, 5, 7, 8])
def test_the_network_that_is_built_first_is_the_one_that_so_many_images_are_read_with(
        tmp_path, rng, num_images):
    prefix, _ = save(tmp_path, architecture())
    engine = engine_of(prefix, num_images=num_images)
    engine.logits(rng.integers(0, 256, [num_images, 32, 16, 3], np.uint8))
    assert len(engine._networks) == 1


def test_several_threads_that_need_new_widths_at_the_same_time_get_their_own_logits(tmp_path, rng):
    prefix, _ = save(tmp_path, architecture())
    batches = [rng.integers(0, 256, [2, 32, width, 3], np.uint8) for width in (8, 16, 24) * 4]
    one_by_one = engine_of(prefix)
    expected = list(map(one_by_one.logits, batches))
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        for logits, of_batch in zip(executor.map(engine_of(prefix).logits, batches), expected, strict=True):
            np.testing.assert_allclose(logits, of_batch, rtol=1e-5, atol=1e-6)


def test_images_that_are_read_without_confidence_are_read_in_further_views_together(
        tmp_path, rng, monkeypatch):
    form = architecture(input_size=(48, 32))
    images = [rng.integers(0, 256, [rng.integers(8, 99), rng.integers(8, 199), 3], np.uint8)
              for _ in range(40)]
    groups, codec = [], CharacterCodec('abc')
    # 0.8 and 1.44 times 48, in whole frames
    for width, margins in ((48, (0, 0.1, -0.06)), (40, (0,)), (68, (0,))):
        prefix, _ = save(tmp_path / str(width), form._replace(input_size=(width, 32)))   # the same weights
        for margin in margins:
            resized = np.stack([image_file.resize(image_file.with_margin(image, margin), (width, 32))
                                for image in images])
            groups.append(weighing.first_views(numpy_ctc.softmax(engine_of(prefix).logits(resized))))
    alone, together = (Decoder(codec, FLOAT32).decode(chosen, 40) for chosen in (groups[:1], groups))
    median = float(np.median([decoded.best.probability for decoded in alone]))
    monkeypatch.setitem(views.SETS, 'few', (views.FURTHER,))
    for batch_size in (128, 7):
        recogniser = Recogniser.open(str(tmp_path / '48'), settings=FLOAT32._replace(
            min_confidence=median, batch_size=batch_size))
        expected = [one if one.best.probability >= median else more
                    for one, more in zip(alone, together, strict=True)]
        texts = [codec.decode(decoded.best.label) for decoded in expected]
        assert texts != [codec.decode(decoded.best.label) for decoded in alone]
        readings = recogniser.read(images)
        assert [reading.text for reading in readings] == texts
        np.testing.assert_allclose([reading.confidence for reading in readings],
                                   [decoded.best.probability for decoded in expected], rtol=1e-3)
        assert [''.join(place.character for place in reading.characters) for reading in readings] == texts


def test_a_beam_search_is_at_least_as_sure_as_the_best_path(tmp_path, rng):
    save(tmp_path, architecture(input_size=(48, 32)))
    images = [rng.integers(0, 256, [40, 90, 3], np.uint8) for _ in range(5)]
    settings = FLOAT32._replace(min_confidence=1.0, beam_width=20, views='one')
    path, beam = (Recogniser.open(str(tmp_path), settings=settings, beam_search=search).read(images)
                  for search in (False, True))
    assert all(found.confidence >= best.confidence * (1 - 1e-4) for found,
               best in zip(beam, path, strict=True))
    assert any(found.confidence > best.confidence * 1.01 for found, best in zip(beam, path, strict=True))


def test_too_little_memory_is_said_with_the_size_of_the_batch(tmp_path, rng, monkeypatch):
    save(tmp_path, architecture())
    recogniser = Recogniser.open(str(tmp_path), settings=FLOAT32)
    images = [rng.integers(0, 256, [32, 16, 3], np.uint8) for _ in range(5)]
    recogniser.read(images)

    def run_out_of_memory(*_):
        raise tf.errors.ResourceExhaustedError(None, None, 'OOM when allocating tensor')

    monkeypatch.setattr(recogniser._engine.session, 'run', run_out_of_memory)
    with pytest.raises(ValueError,
                       match='out of memory with 8 images at once; set a smaller TEST.BATCH_SIZE'):
        recogniser.read(images)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable('x', [3])
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / 'other'))
    with pytest.raises(ValueError, match='no checkpoint of a ShadowNet'):
        Recogniser.open(prefix)


def test_a_runs_folder_means_its_best_checkpoint_or_else_its_last(tmp_path):
    save(tmp_path, architecture(), step=1)
    last, _ = save(tmp_path, architecture(), step=2)
    assert engines.open_engine(str(tmp_path), FLOAT32).prefix == last
    best, _ = save(tmp_path / 'best', architecture(), step=1)
    assert engines.open_engine(str(tmp_path), FLOAT32).prefix == best
    assert engines.open_engine(last, FLOAT32).prefix == last


@pytest.mark.parametrize(('cores', 'gpus', 'settings', 'num_images', 'concurrency'), [
    (4, [], {'batch_size': 128}, None, 4), (4, [], {'batch_size': 40}, None, 2),
    (4, [], {'batch_size': 128}, 1, 1),
    (4, ['a GPU'], {'batch_size': 128}, None, 1)])
def test_the_cores_are_shared_among_pieces_of_a_batch(tmp_path, monkeypatch, cores, gpus, settings,
                                                      num_images, concurrency):
    prefix, _ = save(tmp_path, architecture())
    monkeypatch.setattr(tensorflow_engine.parallel, 'usable_cores', lambda: cores)
    monkeypatch.setattr(tensorflow_engine.session_utils, 'has_gpu', lambda: bool(gpus))
    assert engine_of(prefix, FLOAT32._replace(**settings), num_images).concurrency == concurrency


def test_labels_of_a_sparse_tensor_become_rows_filled_with_minus_one():
    sparse = tf.SparseTensorValue(np.array([[0, 0], [0, 1], [2, 0]]), np.array([7, 8, 9]), (3, 2))
    assert recognition.dense_labels(sparse).tolist() == [[7, 8], [-1, -1], [9, -1]]
