"""What several tests need: seeded random numbers, a small alphabet, drawn words, small records."""
import fcntl
import os
import signal

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import cv2
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from local_utils import data_utils
from local_utils.char_codec import CharacterCodec

tf.config.experimental.enable_tensor_float_32_execution(False)   # where there is a GPU

ENGLISH = 'abcdefghijklmnopqrstuvwxyz0123456789'

# What takes seconds: files whose tests train or start processes, and fixtures that do.
SLOW_FILES = (
    'test_average_weights', 'test_bundled', 'test_cluster', 'test_conversion', 'test_conversion_output',
    'test_convert', 'test_export',
    'test_fine_tuning', 'test_generate_text_images', 'test_hostile', 'test_page', 'test_parallel',
    'test_run_folder', 'test_service', 'test_tensorflow_engine', 'test_tensorflow_import',
    'test_train_shadownet', 'test_write_text_features')
SLOW_FIXTURES = {'overfitted', 'images'}
SLOW_TESTS = ('test_each_script_runs_from_any_folder_and_shows_its_defaults',)


def pytest_collection_modifyitems(items):
    """Mark the slow tests, so that `-m "not slow"` leaves the fast part."""
    for item in items:
        if (item.path.stem in SLOW_FILES or SLOW_FIXTURES & set(item.fixturenames)
                or item.originalname in SLOW_TESTS):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope='session', autouse=True)
def _interrupts():
    """Let Ctrl-C interrupt the tests' processes also where a script started the tests in the background.

    It is ignored there.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def codec():
    return CharacterCodec(ENGLISH)


def draw(word, size=(100, 32)):
    """Return a plain picture of a word of a size, (width, height), uint8 [height, width, 3]."""
    width, height = size
    image = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(image, word, (4, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.007 * width, (0, 0, 0), 2)
    return image


def write_data_set(folder, words, test_words, alphabet=None):
    """Write words as a data set in the input layout of write_text_features."""
    from local_utils import establish_char_dict
    for part, part_words in (('Train', words), ('Test', test_words)):
        os.makedirs(folder / part, exist_ok=True)
        os.makedirs(folder / '1' / part, exist_ok=True)
        lines = []
        for number, word in enumerate(part_words):
            name = f'1/{part}/{number}.png'
            cv2.imwrite(str(folder / name), draw(word))
            lines.append(f'/{name} {word}\n')
        (folder / part / 'sample.txt').write_text(''.join(lines), encoding='utf-8')
    establish_char_dict.write_alphabet(alphabet or ENGLISH, folder)
    return folder


def convert(dataset_dir, save_dir, *flags):
    """Run write_text_features in two workers; returns its exit status."""
    from local_utils import command_line
    from tools import write_text_features
    return command_line.run_tool(write_text_features.main, [
        '--dataset_dir', str(dataset_dir), '--save_dir', str(save_dir), '--num_workers', '2', *flags])


def write_records(folder, words_of_split, codec, size=(100, 32)):
    """Write small record files and their alphabet into a folder; returns the folder."""
    from local_utils import establish_char_dict, record_files
    os.makedirs(folder, exist_ok=True)
    writer = data_utils.TextFeatureIO(codec).writer
    for split, words in words_of_split.items():
        names = [f'{number}_{word}.png' for number, word in enumerate(words)]
        images = [draw(word, size) for word in words]
        writer.write_features(folder / record_files.file_names(split)[0], words, images, names)
    establish_char_dict.write_alphabet(codec.characters, folder)
    return folder


@pytest.fixture
def records(tmp_path, codec):
    """Return a folder of small records."""
    from tests.small_run import SIZE, WORDS
    words = {'train': WORDS, 'validation': WORDS[:3], 'test': WORDS}
    return write_records(tmp_path / 'records', words, codec, SIZE)


@pytest.fixture(scope='session')
def overfitted(tmp_path_factory):
    """Return (records, output folder) of a network that has learned eight words by heart.

    It is trained once for all test processes.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if 'PYTEST_XDIST_WORKER' in os.environ else own) / 'overfitted'
    folder.mkdir(exist_ok=True)
    with open(folder / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / 'done').exists():
            learn_by_heart(folder / 'records', folder / 'run')
            (folder / 'done').touch()
    return folder / 'records', folder / 'run'


def learn_by_heart(records, run):
    """Train on eight words until they are all read."""
    from local_utils import command_line
    from tests.small_run import SIZE, SMALL_IMAGES, WORDS
    from tools import train_shadownet
    words = {'train': WORDS * 2, 'validation': WORDS, 'test': WORDS}
    write_records(records, words, CharacterCodec(ENGLISH), SIZE)
    status = command_line.run_tool(train_shadownet.main, [
        '--dataset_dir', str(records), '--output_dir', str(run), '--set',
        SMALL_IMAGES, 'ARCH.CONV_CHANNELS=16', 'ARCH.HIDDEN_UNITS=64', 'TRAIN.BATCH_SIZE=8',
        'TRAIN.STEPS=400', 'TRAIN.LEARNING_RATE=2e-3', 'TRAIN.WARMUP_STEPS=10', 'TRAIN.VALIDATION_STEP=400',
        'TRAIN.DISPLAY_STEP=50', 'TRAIN.LR_SCHEDULE=constant', 'TRAIN.DROPOUT=0.0',
        'TRAIN.PRECISION=float32'])
    assert status == 0
