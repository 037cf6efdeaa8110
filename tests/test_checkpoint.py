"""Tests of checkpoints: their files, their tensors, what starts from them."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint, checkpoint_files
from crnnmodel.architecture import architecture_of
from crnnmodel.kernels import Kernels
from crnnmodel.tensor_bundle import DamagedCheckpoint, load_tensors
from reading import recognition
from tests.small_checkpoint import architecture, save


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


def test_the_architecture_travels_with_the_checkpoint(tmp_path):
    form = architecture(characters='a中" ', pixel_range=(0.0, 1.0))
    prefix, _ = save(tmp_path, form)
    assert architecture_of(load_tensors(prefix), prefix) == form


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
        projection = next(variable for variable in checkpoint.network_variables()
                          if variable.shape.as_list() == [12, 5])
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
