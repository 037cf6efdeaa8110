"""Tests of the scripts with a session, run end to end on a few drawn words: train, resume, stop, validate, read, evaluate."""
import copy
import glob
import io
import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint
from global_configuration import config
from local_utils import files, platform_flags, tfrecord
from tests.conftest import draw, write_records
from tools import evaluate_shadownet, train_shadownet
from tools import test_shadownet as reader

WORDS = ['cat', 'dog', 'book', 'tree', 'hello', 'aaa', '42', 'word']
SIZE = (64, 32)
SMALL_IMAGES = 'ARCH.INPUT_SIZE=(64, 32)'
SMALL = [SMALL_IMAGES, 'ARCH.HIDDEN_UNITS=16', 'ARCH.HIDDEN_LAYERS=1', 'TRAIN.BATCH_SIZE=4', 'TRAIN.DISPLAY_STEP=2',
         'TRAIN.VALIDATION_STEP=4', 'TRAIN.CHECKPOINT_STEP=4', 'TRAIN.STEPS=8', 'TRAIN.WARMUP_STEPS=0',
         'TRAIN.PRECISION=float32']


@pytest.fixture(autouse=True)
def _fresh_configuration(monkeypatch):
    """Give each test a configuration of its own."""
    knobs = copy.deepcopy(config.cfg)
    for script in (train_shadownet, reader, evaluate_shadownet):
        monkeypatch.setattr(script, 'cfg', knobs)


@pytest.fixture
def records(tmp_path, codec):
    return write_records(tmp_path / 'records', {'train': WORDS, 'validation': WORDS[:3], 'test': WORDS}, codec, SIZE)


def arguments(records, output_dir, *settings, flags=()):
    return ['--dataset_dir', str(records), '--output_dir', str(output_dir), *flags, '--set', *SMALL, *settings]


def train(records, output_dir, *settings, flags=()):
    return platform_flags.run_tool(train_shadownet.main, arguments(records, output_dir, *settings, flags=flags))


def tensors_of(output_dir):
    return checkpoint.load_tensors(checkpoint.find_checkpoint(str(output_dir)), with_optimizer=True)


def assert_same_tensors(first, second):
    assert first.keys() == second.keys()
    assert [name for name in first if name != 'description' and not np.array_equal(first[name], second[name])] == []


def read(*flags):
    """Run the reader; returns (exit status, dict of path → (text, confidence))."""
    output = io.StringIO()
    stdout, sys.stdout = sys.stdout, output
    try:
        status = platform_flags.run_tool(reader.main, [str(flag) for flag in flags])
    finally:
        sys.stdout = stdout
    rows = [line.split('\t') for line in output.getvalue().splitlines()]
    return status, {path: (text, float(confidence)) for path, text, confidence in rows}


def events_of(output_dir):
    """Return the scalars that TensorBoard was given, dict of tag → list of values, and the tags of pictures."""
    scalars, pictures = {}, []
    for path in sorted(glob.glob(os.path.join(output_dir, 'log', 'events*'))):
        for event in tf.train.summary_iterator(path):
            for value in event.summary.value:
                if value.HasField('image'):
                    pictures.append(value.tag)
                else:
                    scalars.setdefault(value.tag, []).append(value.simple_value)
    return scalars, pictures


def test_a_run_writes_checkpoints_the_best_the_alphabet_the_configuration_and_events(records, tmp_path):
    assert train(records, tmp_path / 'run') == 0
    names = {name.removeprefix(str(tmp_path / 'run') + '/') for name in glob.glob(str(tmp_path / 'run' / '**'), recursive=True)}
    assert {'shadownet.ckpt-4.index', 'shadownet.ckpt-8.index', 'best/validation.json', 'best/ord_map.json', 'ord_map.json',
            'char_dict.json', 'config.json'} <= names
    assert json.loads((tmp_path / 'run' / 'config.json').read_text())['TRAIN.BATCH_SIZE'] == 4
    scalars, pictures = events_of(tmp_path / 'run')
    assert {'train/loss', 'train/accuracy', 'train/sequence_distance', 'train/learning_rate', 'train/images_per_second',
            'train/input_wait_share', 'validation/word_accuracy'} <= scalars.keys()
    assert len(scalars['train/loss']) == 4
    assert pictures == ['validation/words'] * 2
    best = checkpoint.load_tensors(checkpoint.find_checkpoint(str(tmp_path / 'run' / 'best')), with_optimizer=True)
    assert not any(name.startswith('optimizer/') for name in best)


def test_a_run_that_is_stopped_and_goes_on_ends_with_the_same_weights(records, tmp_path):
    assert train(records, tmp_path / 'whole') == 0
    assert train(records, tmp_path / 'parts', flags=['--max_step', '3']) == 0
    assert tensors_of(tmp_path / 'parts')['global_step'] == 3
    assert train(records, tmp_path / 'parts') == 0
    assert_same_tensors(tensors_of(tmp_path / 'whole'), tensors_of(tmp_path / 'parts'))


def test_another_seed_gives_other_weights(records, tmp_path):
    assert train(records, tmp_path / 'one', 'TRAIN.STEPS=1') == 0
    assert train(records, tmp_path / 'two', 'TRAIN.STEPS=1', 'TRAIN.SEED=1') == 0
    assert not np.array_equal(tensors_of(tmp_path / 'one')['shadow/conv1/W'], tensors_of(tmp_path / 'two')['shadow/conv1/W'])


def test_a_run_that_is_done_does_nothing_more(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert 'nothing to do: 2 of 2 steps are done' in capfd.readouterr().err


def test_a_damaged_last_checkpoint_is_passed_over_for_the_one_before(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run') == 0
    whole = tensors_of(tmp_path / 'run')
    data, = glob.glob(str(tmp_path / 'run' / 'shadownet.ckpt-8.data*'))
    os.truncate(data, os.path.getsize(data) // 2)
    assert train(records, tmp_path / 'run') == 0
    assert 'trying the one before' in capfd.readouterr().err
    assert_same_tensors(whole, tensors_of(tmp_path / 'run'))


def test_only_the_last_checkpoints_are_kept_across_runs(records, tmp_path):
    for last in ('2', '4', '6', '8'):
        assert train(records, tmp_path / 'run', 'TRAIN.KEEP_CHECKPOINTS=2', flags=['--max_step', last]) == 0
    steps = sorted(checkpoint.step_of(prefix) for prefix in checkpoint.checkpoints_in(str(tmp_path / 'run')))
    assert steps == [6, 8]


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_a_checkpoint_and_ends_the_run_cleanly(records, tmp_path, number):
    command = [sys.executable, files.repository_path('tools', 'train_shadownet.py'),
               *arguments(records, tmp_path / 'run', 'TRAIN.STEPS=1000000', 'TRAIN.CHECKPOINT_STEP=1000000')]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if ' step ' in line:
                break
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert f'stopped by {signal.Signals(number).name}' in rest
    assert 'Traceback' not in rest
    assert tensors_of(tmp_path / 'run')['global_step'] >= 2


@pytest.mark.parametrize(('settings', 'message'), [
    (['TRAIN.BATCH_SIZE=9'], 'a batch of 9 is larger than the training set of 8 samples'),
    (['TRAIN.BATCHSIZE=9'], 'did you mean TRAIN.BATCH_SIZE'),
    (['TRAIN.OPTIMIZER=sgd'], 'expected the optimizer to be one of adam'),
    (['TRAIN.PRECISION=float8'], 'expected the precision to be one of auto'),
    (['ARCH.INPUT_SIZE=(100, 48)'], '32 pixels high'),
    (['ARCH.INPUT_SIZE=(120, 32)'], 'expected an image of 120x32x3 bytes, got 6144'),
])
def test_a_wrong_setting_is_one_line(records, tmp_path, capfd, settings, message):
    assert train(records, tmp_path / 'run', *settings) == 1
    errors = [line for line in capfd.readouterr().err.splitlines() if ' ERROR ' in line]
    assert len(errors) == 1
    assert message in errors[0]


def test_a_run_of_another_network_or_alphabet_is_not_gone_on_with(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'run', 'ARCH.HIDDEN_UNITS=8') == 1
    assert 'hidden_units: 8 expected, 16 found' in capfd.readouterr().err


@pytest.mark.parametrize('part', ['header', 'pixels'])
def test_damage_in_the_middle_of_the_records_is_named(records, tmp_path, capfd, part):
    path = records / 'train_feature.tfrecords'
    content = bytearray(path.read_bytes())
    payloads = list(tfrecord.read_records(path))
    record_5 = sum(len(tfrecord.frame(payload)) for payload in payloads[:4])
    content[record_5 + (3 if part == 'header' else 3000)] ^= 1
    path.write_bytes(content)
    assert train(records, tmp_path / 'run') == 1
    error, = [line for line in capfd.readouterr().err.splitlines() if ' ERROR ' in line]
    assert 'train_feature.tfrecords: record 5 at byte' in error
    assert 'damaged' in error


def test_steps_without_a_finite_loss_end_the_run_with_the_names_of_the_samples(records, tmp_path, capfd):
    settings = ['TRAIN.MAX_BAD_STEPS=3', 'TRAIN.LEARNING_RATE=1e6', 'TRAIN.OPTIMIZER=momentum', 'TRAIN.GRADIENT_CLIP_NORM=0']
    assert train(records, tmp_path / 'run', *settings) == 1
    error = capfd.readouterr().err
    assert '3 steps in a row had no usable label or no finite loss and gradient, the last at step' in error
    assert '_word.png' in error or '_cat.png' in error or '_tree.png' in error


def test_a_label_too_long_for_the_frames_is_left_out_named_and_counted(tmp_path, codec, capfd):
    records = write_records(tmp_path / 'records', {'train': ['cat', 'dog', 'book', 'a' * 14]}, codec, SIZE)
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=4') == 0
    log = capfd.readouterr().err
    assert f'3_{"a" * 14}.png has a label that is empty' in log
    assert 'samples left out 4' in log
    assert 'no validation records' in log


def test_new_runs_start_from_given_weights_also_with_another_alphabet(records, tmp_path, codec, capfd):
    assert train(records, tmp_path / 'first', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'second', 'TRAIN.STEPS=1', 'TRAIN.LEARNING_RATE=0.0',
                 flags=['--weights_path', str(tmp_path / 'first')]) == 0
    first, second = tensors_of(tmp_path / 'first'), tensors_of(tmp_path / 'second')
    assert np.array_equal(first['shadow/conv1/W'], second['shadow/conv1/W'])
    assert second['global_step'] == 1
    from local_utils.char_codec import CharacterCodec
    other = write_records(tmp_path / 'other', {'train': ['héllo'] * 4}, CharacterCodec('éhlo'), SIZE)
    assert train(other, tmp_path / 'third', 'TRAIN.STEPS=1', flags=['--weights_path', str(tmp_path / 'first')]) == 0
    assert "its alphabet lacks 'é', whose classes start anew" in capfd.readouterr().err


@pytest.fixture(scope='module')
def overfitted(tmp_path_factory):
    """Return (records, output folder) of a network that has learned eight words by heart."""
    from local_utils.char_codec import CharacterCodec
    from tests.conftest import ENGLISH
    folder = tmp_path_factory.mktemp('overfitted')
    words_of_split = {'train': WORDS * 2, 'validation': WORDS, 'test': WORDS}
    records = write_records(folder / 'records', words_of_split, CharacterCodec(ENGLISH), SIZE)
    before = copy.deepcopy(config.cfg)
    status = platform_flags.run_tool(train_shadownet.main, [
        '--dataset_dir', str(records), '--output_dir', str(folder / 'run'), '--set',
        SMALL_IMAGES, 'ARCH.HIDDEN_UNITS=64', 'TRAIN.BATCH_SIZE=16', 'TRAIN.STEPS=200', 'TRAIN.WARMUP_STEPS=10',
        'TRAIN.VALIDATION_STEP=100', 'TRAIN.DISPLAY_STEP=50', 'TRAIN.LR_SCHEDULE=constant', 'TRAIN.DROPOUT=0.0'])
    config.cfg.clear()
    config.cfg.update(before)
    assert status == 0
    return records, folder / 'run'


def test_a_handful_of_images_is_learned_to_exact_reading(overfitted):
    _, run = overfitted
    assert json.loads((run / 'best' / 'validation.json').read_text())['word_accuracy'] == 1.0


def test_files_and_folders_are_read_and_bad_files_named(overfitted, tmp_path, capfd):
    (tmp_path / 'deep' / 'er').mkdir(parents=True)
    cv2.imwrite(str(tmp_path / 'one.png'), draw('hello', SIZE))
    cv2.imwrite(str(tmp_path / 'deep' / 'two.jpg'), draw('aaa', SIZE))
    cv2.imwrite(str(tmp_path / 'deep' / 'er' / 'three.png'), draw('42', SIZE))
    (tmp_path / 'deep' / 'broken.png').write_bytes(b'\x89PNG')
    status, texts = read('--image_path', tmp_path / 'one.png', tmp_path / 'deep', tmp_path / 'none.png',
                         '--weights_path', overfitted[1] / 'best')
    assert status == 1
    assert {os.path.basename(path): text for path, (text, _) in texts.items()} == {
        'one.png': 'hello', 'two.jpg': 'aaa', 'three.png': '42'}
    assert all(0.5 < confidence <= 1 for _, confidence in texts.values())
    errors = [line for line in capfd.readouterr().err.splitlines() if ' ERROR ' in line]
    assert len(errors) == 2
    assert 'broken.png' in errors[0]
    assert 'none.png' in errors[1]


def test_the_best_weights_of_the_output_folder_are_the_default(overfitted, tmp_path):
    cv2.imwrite(str(tmp_path / 'one.png'), draw('tree', SIZE))
    status, texts = read('--image_path', tmp_path / 'one.png', '--output_dir', overfitted[1])
    assert status == 0
    assert texts[str(tmp_path / 'one.png')][0] == 'tree'


def test_a_beam_search_and_another_batch_size_read_the_same_words(overfitted, tmp_path):
    for word in WORDS:
        cv2.imwrite(str(tmp_path / f'{word}.png'), draw(word, SIZE))
    status, texts = read('--image_path', tmp_path, '--weights_path', overfitted[1], '--beam_search',
                         '--set', 'TEST.BATCH_SIZE=3', 'TEST.BEAM_WIDTH=10')
    assert status == 0
    assert {os.path.basename(path): text for path, (text, _) in texts.items()} == {f'{word}.png': word for word in WORDS}


def evaluate(capfd, *flags):
    capfd.readouterr()
    status = platform_flags.run_tool(evaluate_shadownet.main, [str(flag) for flag in flags])
    return status, json.loads(capfd.readouterr().out)


def test_records_are_evaluated_whole_with_a_picture_of_the_confusion(overfitted, tmp_path, capfd):
    records, run = overfitted
    status, result = evaluate(capfd, '--dataset_dir', records, '--weights_path', run / 'best',
                              '--confusion_path', tmp_path / 'c.png')
    assert status == 0
    assert result['samples'] == len(WORDS)
    assert result['exact']['word_accuracy'] == result['letters_and_digits']['word_accuracy'] == 1.0
    assert result['confusion']['a'] == {'a': 4}
    assert cv2.imread(str(tmp_path / 'c.png')).shape[2] == 3


def test_a_folder_is_evaluated_with_what_cannot_be_used_counted(overfitted, tmp_path, capfd):
    cv2.imwrite(str(tmp_path / 'a.png'), draw('book', SIZE))
    (tmp_path / 'sample.txt').write_text('/a.png BOOK\n/a.png bo ok\n/a.png book\n/none.png x\n/a.png ...\n')
    status, result = evaluate(capfd, '--image_dir', tmp_path, '--annotation_path', tmp_path / 'sample.txt',
                              '--weights_path', overfitted[1] / 'best')
    assert status == 1
    counts = [result[name] for name in ('samples', 'unreadable', 'outside_alphabet', 'without_letter_or_digit')]
    assert counts == [4, 1, 2, 1]
    assert result['exact']['samples'] == 2
    assert result['exact']['word_accuracy'] == 1.0
    assert result['exact']['word_accuracy_with_excluded_as_wrong'] == 0.5
    assert result['letters_and_digits']['word_accuracy'] == 1.0
    assert result['letters_and_digits']['word_accuracy_with_excluded_as_wrong'] == 0.75


def test_records_of_another_alphabet_are_not_evaluated(overfitted, tmp_path, codec, capfd):
    from local_utils.char_codec import CharacterCodec
    other = write_records(tmp_path / 'other', {'test': ['abc']}, CharacterCodec('abc'), SIZE)
    assert platform_flags.run_tool(evaluate_shadownet.main, [
        '--dataset_dir', str(other), '--weights_path', str(overfitted[1] / 'best')]) == 1
    assert 'of another alphabet' in capfd.readouterr().err


@pytest.mark.parametrize('script', ['train_shadownet', 'test_shadownet', 'evaluate_shadownet', 'write_text_features',
                                    'generate_text_images', 'establish_char_dict', 'plot_training'])
def test_each_script_runs_from_any_folder_and_shows_its_defaults(script, tmp_path):
    path = files.repository_path('tools', f'{script}.py')
    assert os.access(path, os.X_OK)
    started = time.monotonic()
    result = subprocess.run([sys.executable, path, '--help'], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert time.monotonic() - started < 60
    assert result.returncode == 0
    assert '--data_dir' in result.stdout
    assert '(default: /data/data)' in ' '.join(result.stdout.split())
