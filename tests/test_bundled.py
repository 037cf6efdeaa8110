"""Tests of what comes with the project: the word list and the weights."""
import cv2
import numpy as np
import pytest

from crnnmodel import checkpoint_files, tensor_bundle
from data_provider.drawing import fonts, text_image, text_style, word_texts
from local_utils import command_line, establish_char_dict, files
from reading import Recogniser
from tests.conftest import write_records
from tools import test_shadownet, train_shadownet

WORDS = ['hello', 'street', 'coffee', 'open', 'market', 'queen', 'exit', 'banana', '2026', 'jazz', 'vow',
         'fox']


@pytest.fixture(scope='module')
def recogniser():
    return Recogniser.open('bundled', num_images=1)


def draw(word, seed):
    style = text_style.PLAIN
    return text_image.draw_word(word, fonts.load_font('sans'), np.random.default_rng(seed), style)


def test_the_word_list_is_large_and_of_the_alphabet(codec):
    words = word_texts.read_words(files.repository_path('data', 'words.txt'))
    assert len(words) > 90000
    assert len({word.lower() for word in words}) == len(words)
    assert all(word_texts.is_expressible(word, codec, 25) for word in words)
    assert words.index('the') < 4000 < words.index('zymurgy')


def test_the_bundled_weights_read_drawn_words_where_the_output_folder_has_no_checkpoint(tmp_path, capfd):
    for number, word in enumerate(WORDS):
        cv2.imwrite(str(tmp_path / f'{number:02}.png'), draw(word, number))
    flags = ['--image_path', str(tmp_path), '--output_dir', str(tmp_path)]
    assert command_line.run_tool(test_shadownet.main, flags) == 0
    output, errors = capfd.readouterr()
    assert f'{tmp_path}: no checkpoint there; reading with the bundled weights' in errors
    assert 'reading with the weights of ' in errors
    read = [line.split('\t')[1] for line in output.splitlines()]
    assert sum(left == right for left, right in zip(read, WORDS, strict=True)) >= 11


def test_the_bundled_weights_carry_their_alphabet_and_no_state_of_the_optimizer(recogniser):
    tensors = tensor_bundle.load_tensors(recogniser.prefix, with_optimizer=True)
    beside = establish_char_dict.read_alphabet(files.repository_path('data', 'weights'))
    assert recogniser.codec.characters == beside.characters
    assert sorted(recogniser.codec.characters) == list(map(chr, range(ord('!'), ord('~') + 1)))
    assert not any(name.startswith('optimizer/') for name in tensors)


def test_training_starts_from_the_bundled_weights(tmp_path):
    codec = establish_char_dict.read_alphabet(files.repository_path('data', 'weights'))
    records = write_records(tmp_path / 'records', {'train': ['one', 'two']}, codec)
    assert command_line.run_tool(train_shadownet.main, [
        '--dataset_dir', str(records), '--output_dir', str(tmp_path / 'run'), '--weights_path', 'bundled',
        '--set', 'TRAIN.STEPS=1', 'TRAIN.BATCH_SIZE=2', 'TRAIN.LEARNING_RATE=1e-9']) == 0
    trained = checkpoint_files.load_newest(str(tmp_path / 'run')).tensors
    bundled = checkpoint_files.load_newest('bundled').tensors
    assert sum(name.startswith('shadow/') for name in bundled) == 24
    for name in bundled:
        if name.endswith(('W', 'w', 'kernel')):
            np.testing.assert_allclose(trained[name], bundled[name], atol=1e-6)
