"""Tests that a defect of the code keeps its traceback through the scripts."""
import importlib
import traceback

import cv2
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model
from local_utils import command_line
from local_utils.errors import InputError
from tests.conftest import draw
from tests.small_run import SIZE, train
from tools import settings, test_shadownet


def assert_names_the_place(caught, function_name):
    """Assert that an exception is none of the user's mistakes and that its traceback leads to a function."""
    assert not isinstance(caught.value, InputError)
    assert function_name in ''.join(traceback.format_tb(caught.tb))


@pytest.mark.parametrize(('script', 'flags'), [
    ('train_shadownet', []), ('evaluate_shadownet', []), ('test_shadownet', ['--image_path', 'x.png']),
    ('write_text_features', []), ('generate_text_images', [])])
def test_a_misspelled_key_inside_a_script_keeps_its_traceback(script, flags, monkeypatch):
    def look_up_logits(_):
        return {}['logitz']

    monkeypatch.setattr(settings, 'configured', look_up_logits)
    main = importlib.import_module(f'tools.{script}').main
    with pytest.raises(KeyError, match='logitz') as caught:
        command_line.run_tool(main, flags)
    assert_names_the_place(caught, 'look_up_logits')


def test_a_wrong_shape_in_the_network_shows_in_a_training_where_it_is(records, tmp_path, monkeypatch):
    def squeeze_the_width(_, features):
        return tf.squeeze(features, axis=2)

    monkeypatch.setattr(crnn_model.ShadowNet, '_map_to_sequence', squeeze_the_width)
    with pytest.raises(ValueError, match='squeeze') as caught:
        train(records, tmp_path / 'out')
    assert_names_the_place(caught, 'squeeze_the_width')


def test_a_shape_that_is_wrong_only_when_it_runs_shows_in_a_training_too(records, tmp_path, monkeypatch):
    map_to_sequence = crnn_model.ShadowNet._map_to_sequence

    def lose_a_frame(network, features):
        frames = map_to_sequence(network, features)
        fewer = frames[tf.placeholder_with_default(1, []):]   # how many is not known before
        return tf.ensure_shape(fewer, frames.shape)

    monkeypatch.setattr(crnn_model.ShadowNet, '_map_to_sequence', lose_a_frame)
    with pytest.raises(tf.errors.InvalidArgumentError, match='is not compatible with') as caught:
        train(records, tmp_path / 'out')
    assert_names_the_place(caught, 'train')
    assert 'lose_a_frame' in caught.value.message   # where TensorFlow says that the node was made


def test_a_wrong_shape_in_the_network_shows_in_a_reading_where_it_is(overfitted, tmp_path, monkeypatch):
    def squeeze_the_width(_, features):
        return tf.squeeze(features, axis=2)

    monkeypatch.setattr(crnn_model.ShadowNet, '_map_to_sequence', squeeze_the_width)
    image_path = tmp_path / 'a.png'
    cv2.imwrite(str(image_path), draw('book', SIZE))
    with pytest.raises(tf.errors.InvalidArgumentError, match='squeeze') as caught:   # the width is any
        command_line.run_tool(test_shadownet.main, [
            '--image_path', str(image_path), '--weights_path', str(overfitted[1] / 'best'),
            '--set', 'TEST.ENGINE=tensorflow'])
    assert_names_the_place(caught, 'run_reading')
    assert 'squeeze_the_width' in caught.value.message
