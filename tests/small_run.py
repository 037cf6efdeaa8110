"""A training run that is small enough for a test, for the tests of the scripts with a session."""
import re

import numpy as np

from crnnmodel import checkpoint_files
from global_configuration.config import cfg
from local_utils import command_line
from tools import settings, train_shadownet

WORDS = ['cat', 'dog', 'book', 'tree', 'hello', 'aaa', '42', 'word']
SIZE = (40, 32)
SMALL_IMAGES = f'ARCH.INPUT_SIZE={SIZE}'
SMALL = [SMALL_IMAGES, 'ARCH.CONV_CHANNELS=8', 'ARCH.HIDDEN_UNITS=16', 'ARCH.HIDDEN_LAYERS=1',
         'TRAIN.BATCH_SIZE=4', 'TRAIN.DISPLAY_STEP=2', 'TRAIN.VALIDATION_STEP=4', 'TRAIN.CHECKPOINT_STEP=4',
         'TRAIN.STEPS=8', 'TRAIN.WARMUP_STEPS=0', 'TRAIN.PRECISION=float32']


def training_settings(**changes):
    """Return the settings of the default knobs, but for some."""
    return settings.training(cfg)._replace(**changes)


def arguments(records, output_dir, *knobs, flags=()):
    return ['--dataset_dir', str(records), '--output_dir', str(output_dir), *flags, '--set', *SMALL, *knobs]


def train(records, output_dir, *knobs, flags=()):
    return command_line.run_tool(train_shadownet.main, arguments(records, output_dir, *knobs, flags=flags))


def tensors_of(output_dir):
    return checkpoint_files.load_newest(str(output_dir), with_optimizer=True).tensors


def assert_same_tensors(first, second):
    """Assert that two checkpoints' tensors are the same to the last bit."""
    assert first.keys() == second.keys()
    assert [name for name in first
            if name != 'description' and not np.array_equal(first[name], second[name])] == []


def error_lines(capfd):
    """Return the error lines of the project's logger; TensorFlow has its own where there is no GPU."""
    return [line for line in capfd.readouterr().err.splitlines() if re.match(r'[0-9:]+ ERROR ', line)]
