"""Tests of global_configuration.config."""
import copy
import pathlib
import re

import pytest

from crnnmodel import kernels
from data_provider.drawing import text_style
from global_configuration import config
from local_utils import files
from reading import engines, views
from reading import settings as reading_settings
from reading.settings import ReadingSettings
from tools import settings
from training import optimizers
from training import step as steps


@pytest.fixture
def knobs():
    return copy.deepcopy(config.cfg)


@pytest.mark.parametrize(('assignment', 'value'),
                         [('TRAIN.BATCH_SIZE=128', 128), ('TRAIN.LEARNING_RATE=1', 1.0),
                          ('TRAIN.LEARNING_RATE=1e-4', 1e-4), ('TRAIN.OPTIMIZER=adadelta', 'adadelta'),
                          ('TRAIN.TF_ALLOW_GROWTH=False', False), ('ARCH.INPUT_SIZE=(200, 32)', (200, 32)),
                          ('ARCH.PIXEL_RANGE=0,255', (0.0, 255.0)), ('TRAIN.WARMUP_STEPS=0', 0)])
def test_a_knob_takes_a_value_of_its_type(knobs, assignment, value):
    config.override(knobs, [assignment])
    section, _, key = assignment.partition('=')[0].partition('.')
    assert knobs[section][key] == value
    assert type(knobs[section][key]) is type(value)


@pytest.mark.parametrize(('assignment', 'error', 'message'), [
    ('TRAIN.BATCHSIZE=1', KeyError, 'did you mean TRAIN.BATCH_SIZE'),
    ('train.batch_size=1', KeyError, 'did you mean TRAIN.BATCH_SIZE'),
    ('WARMUP_STEPS=1', KeyError, 'did you mean TRAIN.WARMUP_STEPS'),
    ('TRAIN.BATCH_SIZE', ValueError, 'expected SECTION.KEY=VALUE'),
    ('TRAIN.BATCH_SIZE=many', ValueError, 'TRAIN.BATCH_SIZE: expected int like 64, got'),
    ('TRAIN.BATCH_SIZE=1.5', ValueError, 'expected int'),
    ('TRAIN.BATCH_SIZE=True', ValueError, 'expected int'),
    ('TRAIN.TF_ALLOW_GROWTH=1', ValueError, 'expected bool'),
    ('ARCH.INPUT_SIZE=(1, 2, 3)', ValueError, 'expected 2 numbers like'),
    ('ARCH.INPUT_SIZE=(1.5, 32)', ValueError, 'expected int'),
    ('TRAIN.PRECISION=half', ValueError, 'expected one of auto, float32, bfloat16, got .half'),
    ('TRAIN.BATCH_SIZE=0', ValueError, 'TRAIN.BATCH_SIZE: expected a number from 1 to'),
    ('TRAIN.CHECKPOINT_STEP=-1', ValueError, 'expected a number from 1'),
    ('TRAIN.DROPOUT=1.0', ValueError, 'expected a number from 0.0 to 0.99, got 1.0'),
    ('TRAIN.LEARNING_RATE=1e999', ValueError, 'expected a number from'),
    ('TRAIN.STEPS=' + '9' * 4000, ValueError, 'got 9{80}$'),
    ('TRAIN.DROPOUT=' + '9' * 400, ValueError, 'got 9{80}$'),
    ('TRAIN.STEPS={[]: 1}', ValueError, 'expected int'),
])
def test_a_wrong_key_or_type_is_refused_and_changes_nothing(knobs, assignment, error, message):
    with pytest.raises(error, match=message):
        config.override(knobs, [assignment])
    assert knobs == config.cfg


@pytest.mark.parametrize('name', config.knobs(config.cfg))
def test_every_knob_is_read(name):
    section, _, key = name.partition('.')
    root = pathlib.Path(files.repository_path())
    rooms = {'TRAIN': ['training', 'data_provider'], 'TEST': ['reading', 'tools'],
             'ARCH': ['tools', 'crnnmodel'], 'DATA': ['tools']}
    sources = [path.read_text(encoding='utf-8') for room in rooms[section]
               for path in (root / room).rglob('*.py') if path.name != 'settings.py']
    assert any(re.search(rf'\.{key.lower()}\b|\bconfig\.{re.escape(name)}\b', source) for source in sources)


def test_the_defaults_of_reading_are_those_of_its_knobs():
    assert settings.reading(config.cfg) == ReadingSettings()


def test_the_choices_of_reading_are_what_it_offers():
    choices = {key: knob.choices for key, knob in config.KNOBS['TEST'].items()}
    assert choices['VIEWS'] == tuple(views.SETS)
    assert choices['ENGINE'] == engines.ENGINES


def test_what_reading_takes_from_python_is_what_its_knobs_take():
    for key, knob in config.KNOBS['TEST'].items():
        name = key.lower()
        assert reading_settings.CHOICES.get(name, ()) == knob.choices
        is_number = type(knob.default) in (int, float)
        assert reading_settings.BOUNDS.get(name) == ((knob.smallest, knob.largest) if is_number else None)
        assert not is_number or type(reading_settings.BOUNDS[name][0]) is type(knob.default)


@pytest.mark.parametrize(('name', 'value'), config.knobs(config.cfg).items())
def test_every_default_is_a_value_that_override_takes(knobs, name, value):
    config.override(knobs, [f'{name}={value}'])
    assert config.knobs(knobs)[name] == value


@pytest.mark.parametrize(('name', 'known'), [('TRAIN.DRAWN_STYLE', text_style.STYLES),
                                             ('TRAIN.OPTIMIZER', optimizers.SLOTS),
                                             ('TRAIN.LR_SCHEDULE', steps.SCHEDULES),
                                             ('TRAIN.PRECISION', kernels.LEARNING_PRECISIONS),
                                             ('TEST.PRECISION', kernels.PRECISIONS)])
def test_every_choice_that_the_code_knows_is_taken_and_no_other(knobs, name, known):
    for choice in known:
        config.override(knobs, [f'{name}={choice}'])
    with pytest.raises(ValueError, match=f'{name}: expected one of {", ".join(known)}, got'):
        config.override(knobs, [f'{name}=other'])


@pytest.mark.parametrize('assignment', [
    'ARCH.INPUT_SIZE=(100000000, 32)', 'TEST.BEAM_WIDTH=100000', 'TRAIN.DRAWN_REPEATS=1000',
    'TRAIN.BATCH_SIZE=100000', 'TRAIN.SHUFFLE_BUFFER=10000000', 'TEST.BATCH_SIZE=1000000',
    'TRAIN.LEARNING_RATE=1e400', 'TRAIN.DROPOUT=float("nan")', 'TRAIN.STEPS=' + '9' * 5000,
    'TRAIN.STEPS=0x' + 'f' * 50000, 'ARCH.INPUT_SIZE=' + '(' * 100000, 'TRAIN.STEPS=' + '-' * 100000 + '1'])
def test_a_value_that_would_take_the_machine_is_refused(knobs, assignment):
    with pytest.raises(ValueError, match=assignment.partition('=')[0]):
        config.override(knobs, [assignment])
    assert knobs == config.cfg
