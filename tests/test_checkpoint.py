"""Tests of checkpoints, of reading.recognition and reading.recogniser."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint, checkpoint_files, crnn_model, ctc
from crnnmodel.architecture import Architecture, architecture_of
from crnnmodel.kernels import Kernels
from crnnmodel.tensor_bundle import DamagedCheckpoint, load_tensors
from data_provider import image_file
from local_utils.char_codec import CharacterCodec
from local_utils.establish_char_dict import write_alphabet
from reading import recognition
from reading.recogniser import Recogniser, second_look_widths
from tests import numpy_reference
from tests.conftest import ENGLISH

SMALL = {'conv_channels': 4, 'hidden_units': 6, 'hidden_layers': 1}


def architecture(characters='abc', **changes):
    fields = {'characters': characters, 'num_classes': len(characters) + 1, 'input_size': (16, 32), 'pixel_range': (-1.0, 1.0)}
    return Architecture(**{**fields, **SMALL, **changes})


def save(folder, form, step=5, with_description=True):
    """Save a network with random weights; returns (prefix, dict of its weights)."""
    os.makedirs(folder, exist_ok=True)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(step)
        tf.get_variable('global_step', [], tf.int32, tf.constant_initializer(step), trainable=False)
        crnn_model.ShadowNet('test', form).build_shadownet(
            tf.placeholder(tf.uint8, [None, 32, form.input_size[0], 3]))
        if with_description:
            checkpoint.add_description(form)
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, os.path.join(folder, checkpoint_files.NAME), global_step=step)
        return prefix, {variable.op.name: session.run(variable) for variable in checkpoint.network_variables()}


def test_a_checkpoint_is_found_by_its_folder_its_prefix_or_any_of_its_files(tmp_path):
    save(tmp_path, architecture(), step=9)
    prefix, _ = save(tmp_path, architecture(), step=10)
    for path in (str(tmp_path), prefix, f'{prefix}.index', f'{prefix}.meta', f'{prefix}.data-00000-of-00001',
                 str(tmp_path / 'checkpoint')):
        assert checkpoint_files.find_checkpoints(path)[0] == prefix
        assert checkpoint_files.load_newest(path).prefix == prefix


def test_no_checkpoint_is_said_with_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match='no checkpoint in this folder'):
        checkpoint_files.load_newest(str(tmp_path))
    with pytest.raises(FileNotFoundError, match='expected a folder, a prefix or a file'):
        checkpoint_files.load_newest(str(tmp_path / 'none.ckpt-5'))
    with pytest.raises(FileNotFoundError, match="'': no such checkpoint"):
        checkpoint_files.load_newest('')
    (tmp_path / 'a.png').touch()
    with pytest.raises(FileNotFoundError, match='a.png: no checkpoint; expected'):
        checkpoint_files.load_newest(str(tmp_path / 'a.png'))


def test_the_newest_checkpoint_of_a_folder_that_can_be_read_is_taken(tmp_path, capsys):
    older, weights = save(tmp_path, architecture(), step=9)
    newer, _ = save(tmp_path, architecture(), step=10)
    os.truncate(f'{newer}.data-00000-of-00001', 100)
    found = checkpoint_files.load_newest(str(tmp_path))
    assert found.prefix == older
    assert np.array_equal(found.tensors['shadow/conv1/W'], weights['shadow/conv1/W'])
    assert f'{newer}: the checkpoint is cut off or damaged' in capsys.readouterr().err
    with pytest.raises(DamagedCheckpoint, match='cut off or damaged'):
        checkpoint_files.load_newest(newer)   # which was asked for by name
    os.truncate(f'{older}.index', 10)
    with pytest.raises(DamagedCheckpoint, match='none of its 2 checkpoints can be read'):
        checkpoint_files.load_newest(str(tmp_path))


def test_a_graph_of_constants_gives_the_logits_of_the_restored_variables(tmp_path):
    prefix, weights = save(tmp_path, architecture())
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 16, 3), np.uint8)
    with tf.Graph().as_default(), tf.Session() as session:
        graph = recognition.build_reading_graph(architecture(), Kernels())
        checkpoint.restore(session, weights, prefix, checkpoint.network_variables())
        expected = session.run(graph.logits, {graph.images: images})
    recogniser = Recogniser(prefix, precision='float32')
    assert not recogniser.session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    logits = recogniser.session.run(recogniser.graph.logits, {recogniser.graph.images: images})
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)


def test_images_that_are_read_without_being_sure_are_looked_at_again_in_other_ways(tmp_path, rng):
    form = architecture(input_size=(48, 32))
    images = [rng.integers(0, 256, [rng.integers(8, 99), rng.integers(8, 199), 3], np.uint8) for _ in range(40)]   # two pieces
    logits = []
    for width, margins in ((48, (0, 0.1, -0.06)), (40, (0,)), (68, (0,))):   # 0.8 and 1.44 times 48, in whole frames
        prefix, _ = save(tmp_path / str(width), form._replace(input_size=(width, 32)))   # the same weights
        recogniser = Recogniser(prefix, precision='float32')
        for margin in margins:
            resized = np.stack([recogniser.views(image_file.with_margin(image, margin))[0] for image in images])
            assert resized.shape == (40, 32, width, 3)
            logits.append(recogniser.session.run(recogniser.graph.logits, {recogniser.graph.images: resized}))
    with tf.Graph().as_default(), tf.Session() as session:
        alone, together = session.run([ctc.decode(logits[0]), ctc.decode_together(logits)])
    sure = float(np.median(alone.confidences))
    recogniser = Recogniser(str(tmp_path / '48'), precision='float32', sure=sure)
    views = [recogniser.views(image) for image in images]
    assert [view.shape for view in views[0]] == [(32, 48, 3), (32, 48, 3), (32, 48, 3), (32, 40, 3), (32, 68, 3)]
    is_sure = alone.confidences >= sure
    first_texts, second_texts = (recognition.texts_of(recogniser.codec, reading.labels) for reading in (alone, together))
    expected = [first if sure else second for sure, first, second in zip(is_sure, first_texts, second_texts, strict=True)]
    assert expected != first_texts
    for chunk in (slice(0, 40), slice(3, 7)):
        texts, confidences = recogniser.read(views[chunk])
        assert texts == expected[chunk]
        np.testing.assert_allclose(confidences, np.where(is_sure, alone.confidences, together.confidences)[chunk], rtol=1e-3)
    never = Recogniser(str(tmp_path / '48'), precision='float32')
    assert never.read([never.views(image) for image in images])[0] == first_texts


@pytest.mark.parametrize('options', [{'batch_size': 1, 'unrolled': False}, {'beam_width': 5}])
def test_a_second_look_at_a_single_image_or_with_a_beam_search(tmp_path, rng, options):
    prefix, _ = save(tmp_path, architecture(input_size=(48, 32)))
    image = rng.integers(0, 256, [40, 90, 3], np.uint8)
    recognisers = [Recogniser(prefix, precision='float32', sure=1.0, **form) for form in ({}, options)]
    (text, *_), confidences = recognisers[0].read([recognisers[0].views(image)])
    (other_text, *_), other_confidences = recognisers[1].read([recognisers[1].views(image)])
    if 'beam_width' in options:
        assert other_confidences[0] >= confidences[0] * (1 - 1e-4)
    else:
        assert (other_text, other_confidences) == (text, pytest.approx(confidences, rel=1e-3))


def test_too_little_memory_for_a_second_look_is_said_with_the_number_of_images(tmp_path, rng, monkeypatch):
    prefix, _ = save(tmp_path, architecture(input_size=(48, 32)))
    recogniser = Recogniser(prefix, precision='float32', sure=1.0)
    views = [recogniser.views(rng.integers(0, 256, [40, 90, 3], np.uint8)) for _ in range(5)]
    recogniser.read(views)
    run = recogniser.session.run

    def run_out_of_memory(fetches, feeds):
        if fetches is recogniser._second_look.reading:
            raise tf.errors.ResourceExhaustedError(None, None, 'OOM when allocating tensor')
        return run(fetches, feeds)

    monkeypatch.setattr(recogniser.session, 'run', run_out_of_memory)
    with pytest.raises(ValueError, match='out of memory with 5 images at once; set a smaller TEST.BATCH_SIZE'):
        recogniser.read(views)


def test_the_widths_of_a_second_look_are_whole_frames():
    assert second_look_widths((100, 32)) == [80, 144]
    assert second_look_widths((8, 32)) == [8, 12]


def test_the_architecture_travels_with_the_checkpoint(tmp_path):
    form = architecture(characters='a中" ', pixel_range=(0.0, 1.0))
    prefix, _ = save(tmp_path, form)
    assert architecture_of(load_tensors(prefix), prefix) == form


def test_a_checkpoint_of_the_original_is_read_with_its_own_pixel_range(tmp_path, rng):
    form = architecture(ENGLISH, input_size=(100, 32), conv_channels=64, hidden_units=256, hidden_layers=2)
    prefix, weights = save(tmp_path, form, with_description=False)
    found = architecture_of(load_tensors(prefix), prefix)
    assert found == form._replace(characters=None, pixel_range=(0.0, 255.0))
    recogniser = Recogniser(prefix, precision='float32')
    images = rng.integers(0, 256, [2, 32, 100, 3], np.uint8)
    logits = recogniser.session.run(recogniser.graph.logits, {recogniser.graph.images: images})
    expected = numpy_reference.logits(weights, images, (0.0, 255.0))
    np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max())


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable('x', [3])
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / 'other'))
    with pytest.raises(ValueError, match='no checkpoint of a ShadowNet'):
        Recogniser(prefix)


def test_a_network_of_another_form_is_refused_with_the_variable(tmp_path):
    prefix, _ = save(tmp_path, architecture())
    tensors = load_tensors(prefix)
    with tf.Graph().as_default(), tf.Session() as session:
        recognition.build_reading_graph(architecture(hidden_units=7), Kernels())
        with pytest.raises(ValueError, match=r'of another network; shadow/LSTMLayers/.* expected'):
            checkpoint.restore(session, tensors, prefix, checkpoint.network_variables())


def test_weights_for_another_alphabet_keep_the_shared_characters_the_like_and_the_blank(tmp_path):
    prefix, weights = save(tmp_path, architecture('abc'))
    with tf.Graph().as_default(), tf.Session() as session:
        recognition.build_reading_graph(architecture('cxÁa'), Kernels())
        session.run(tf.global_variables_initializer())
        projection = next(variable for variable in checkpoint.network_variables() if variable.shape.as_list() == [12, 5])
        initial = session.run(projection)
        new = checkpoint.restore_weights(session, load_tensors(prefix), prefix, old=architecture('abc'),
                                         new=architecture('cxÁa'))
        assert new == 'xÁ'
        columns, old = session.run(projection), weights['shadow/LSTMLayers/w']
        expected = np.stack([old[:, 2], initial[:, 1], old[:, 0], old[:, 0], old[:, 3]], axis=1)
        assert np.array_equal(columns, expected)
        assert np.array_equal(session.run(checkpoint.network_variables()[0]), weights['shadow/conv1/W'])


@pytest.mark.parametrize(('changes', 'with_description', 'message'), [
    ({'hidden_units': 7}, True, r'weights of another network \(hidden_units: 7 expected, 6 found\)'),
    ({'characters': 'abcd', 'num_classes': 5, 'pixel_range': (0.0, 255.0)}, False,
     'weights of 4 classes and an unknown alphabet, but the alphabet of the records needs 5'),
])
def test_weights_that_a_network_cannot_start_from_are_refused(tmp_path, changes, with_description, message):
    prefix, _ = save(tmp_path, architecture(), with_description=with_description)
    with pytest.raises(ValueError, match=message):
        old = architecture_of(load_tensors(prefix), prefix)
        architectures.check_can_start_from(architecture(**changes), old, prefix)


def test_an_alphabet_that_is_not_the_checkpoints_is_refused_with_the_difference(tmp_path):
    prefix, _ = save(tmp_path / 'run', architecture('abc'))
    write_alphabet('abd', tmp_path)
    with pytest.raises(ValueError, match=f"{tmp_path}: another alphabet .*missing 'c', extra 'd'"):
        Recogniser(prefix, alphabet_dir=str(tmp_path))


def test_a_checkpoint_without_an_alphabet_takes_the_one_beside_it(tmp_path):
    prefix, _ = save(tmp_path, architecture('abc', input_size=(100, 32)), with_description=False)
    with pytest.raises(ValueError, match='a network of 4 classes, but the alphabet of .* has 36 characters'):
        Recogniser(prefix)
    write_alphabet('xyz', tmp_path)
    assert Recogniser(prefix).codec.characters == 'xyz'


def test_every_sample_is_evaluated_under_both_protocols():
    answers = iter([['abc', 'ab'], ['a']])

    def read(images):
        texts = next(answers)
        return texts, [0.5] * len(texts)

    samples = [(0, 'ABC'), (1, "a'c"), (2, '!')]
    evaluation = recognition.evaluate(read, CharacterCodec('abc'), iter(samples), batch_size=2, num_examples=1)
    assert evaluation.samples == 3
    assert evaluation.exact.results(evaluation.outside_alphabet)['word_accuracy'] == 1.0
    assert evaluation.outside_alphabet == 2
    assert evaluation.usual.samples == 2
    assert evaluation.usual.correct == 1
    assert evaluation.no_letter_or_digit == 1
    assert evaluation.examples == [(0, 'ABC', 'abc', 0.5)]


def test_labels_of_a_sparse_tensor_become_rows_filled_with_minus_one():
    sparse = tf.SparseTensorValue(np.array([[0, 0], [0, 1], [2, 0]]), np.array([7, 8, 9]), (3, 2))
    assert recognition.dense_labels(sparse).tolist() == [[7, 8], [-1, -1], [9, -1]]
