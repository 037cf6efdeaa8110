"""Tests of tools.train_shadownet, run end to end on a few drawn words: train, validate, stop, go on."""
import glob
import json
import os
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from local_utils import command_line, establish_char_dict, files, folder_lock, tfrecord
from local_utils.char_codec import CharacterCodec
from reading import evaluation
from tests.conftest import write_records
from tests.small_run import SIZE, WORDS, arguments, assert_same_tensors, error_lines, tensors_of, train
from tools import plot_training, train_shadownet
from training import loop as training_loop
from training import run as runs


def events_of(output_dir):
    """Return what TensorBoard was given: scalars, dict of tag → list of values, and the tags of pictures."""
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
    names = {name.removeprefix(str(tmp_path / 'run') + '/')
             for name in glob.glob(str(tmp_path / 'run' / '**'), recursive=True)}
    assert {'shadownet.ckpt-4.index', 'shadownet.ckpt-8.index', 'best/validation.json', 'best/ord_map.json',
            'ord_map.json', 'char_dict.json', 'config.json'} <= names
    assert json.loads((tmp_path / 'run' / 'config.json').read_text())['TRAIN.BATCH_SIZE'] == 4
    scalars, pictures = events_of(tmp_path / 'run')
    assert {'train/loss', 'train/accuracy', 'train/sequence_distance', 'train/learning_rate',
            'train/images_per_second', 'train/input_wait_fraction',
            'validation/word_accuracy'} <= scalars.keys()
    assert len(scalars['train/loss']) == 4
    assert pictures == ['validation/words'] * 2
    best = tensors_of(tmp_path / 'run' / 'best')
    assert not any(name.startswith(('optimizer/', 'average/')) for name in best)


RECIPE = ['TRAIN.RAND_AUGMENT=3', 'TRAIN.OPTIMIZER=adamw', 'TRAIN.LR_SCHEDULE=onecycle', 'TRAIN.AUGMENT=True']


@pytest.mark.parametrize('knobs', [[], RECIPE])
def test_a_run_that_is_stopped_and_goes_on_ends_with_the_same_weights(records, tmp_path, knobs):
    assert train(records, tmp_path / 'whole', *knobs) == 0
    assert train(records, tmp_path / 'parts', *knobs, flags=['--max_step', '3']) == 0
    assert tensors_of(tmp_path / 'parts')['global_step'] == 3
    assert train(records, tmp_path / 'parts', *knobs) == 0
    assert_same_tensors(tensors_of(tmp_path / 'whole'), tensors_of(tmp_path / 'parts'))


def test_a_run_on_drawn_words_goes_on_with_the_words_that_come_next(records, tmp_path):
    (tmp_path / 'words.txt').write_text('one\ntwo\nten\n')
    flags = ['--drawn_words', str(tmp_path / 'words.txt')]
    knobs = ['TRAIN.STEPS=4', 'TRAIN.DRAWN_REPEATS=2', 'TRAIN.RAND_AUGMENT=2', 'TRAIN.DRAWN_PLAIN_STEPS=1']
    assert train(records, tmp_path / 'whole', *knobs, flags=flags) == 0
    assert train(records, tmp_path / 'parts', *knobs, flags=[*flags, '--max_step', '2']) == 0
    assert train(records, tmp_path / 'parts', *knobs, 'TRAIN.DRAWING_PROCESSES=1', flags=flags) == 0
    assert_same_tensors(tensors_of(tmp_path / 'whole'), tensors_of(tmp_path / 'parts'))


def test_the_curves_of_a_run_are_drawn_once_there_is_a_loss(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    flags = ['--output_dir', str(tmp_path / 'run'), '--picture_path', str(tmp_path / 'curves.png')]
    assert command_line.run_tool(plot_training.main, flags) == 0
    assert cv2.imread(str(tmp_path / 'curves.png')).shape[2] == 3
    for events in (tmp_path / 'run' / 'log').iterdir():
        events.write_bytes(b'')
    assert command_line.run_tool(plot_training.main, flags) == 1
    assert 'the run has no loss yet' in error_lines(capfd)[0]


def test_another_seed_gives_other_weights(records, tmp_path):
    assert train(records, tmp_path / 'one', 'TRAIN.STEPS=1') == 0
    assert train(records, tmp_path / 'two', 'TRAIN.STEPS=1', 'TRAIN.SEED=1') == 0
    assert not np.array_equal(tensors_of(tmp_path / 'one')['shadow/conv1/W'],
                              tensors_of(tmp_path / 'two')['shadow/conv1/W'])


def test_a_run_that_is_done_does_nothing_more(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert 'run has 2 of 2 steps done' in capfd.readouterr().err


def test_a_warm_up_longer_than_the_run_is_noticed(records, tmp_path, capfd):
    with folder_lock.only_writer(tmp_path / 'run'):   # so that it does not begin
        assert train(records, tmp_path / 'run', 'TRAIN.WARMUP_STEPS=9') == 1
    assert 'TRAIN.WARMUP_STEPS: 9 of TRAIN.STEPS 8' in capfd.readouterr().err


def test_too_little_memory_is_said_with_the_knob():
    with (pytest.raises(ValueError, match='out of memory; expected a smaller TRAIN.BATCH_SIZE, got 64'),
          runs.training_errors(None, None, 64)):
        raise tf.errors.ResourceExhaustedError(None, None, 'OOM when allocating tensor')


@pytest.mark.parametrize(('flags', 'named'),
                         [(['--fonts', 'fonts'], '--fonts'),
                          (['--set', 'TRAIN.STEPS=9', 'TRAIN.DRAWN_STYLE=plain'], 'TRAIN.DRAWN_STYLE')])
def test_what_only_drawing_reads_is_a_wrong_argument_without_it(flags, named, capsys):
    with pytest.raises(SystemExit) as caught:
        train_shadownet.main(flags)
    assert caught.value.code == 2
    assert f'{named} is for --drawn_words or --weights_path' in capsys.readouterr().err


def test_an_error_of_drawing_is_not_put_down_to_the_records():
    with pytest.raises(ValueError, match='^none of the fonts$'), runs.training_errors(None, map, 64):
        raise tf.errors.InvalidArgumentError(None, None, 'InputError: none of the fonts\n\t [[node]]')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_a_checkpoint_and_ends_the_run_cleanly(records, tmp_path, number):
    command = [sys.executable, files.repository_path('tools', 'train_shadownet.py'),
               *arguments(records, tmp_path / 'run', 'TRAIN.STEPS=1000000', 'TRAIN.CHECKPOINT_STEP=1000000')]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if ' INFO step ' in line:
                break
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert f'stopped by {signal.Signals(number).name}' in rest
    assert 'Traceback' not in rest
    assert tensors_of(tmp_path / 'run')['global_step'] >= 2


@pytest.mark.parametrize(('settings', 'message'), [
    (['TRAIN.BATCH_SIZE=9'], 'a batch of 9 is larger than the training set of 8 samples'),
    (['ARCH.INPUT_SIZE=(100, 48)'], '32 pixels high'),
    (['ARCH.INPUT_SIZE=(120, 32)'], 'expected an image of 120x32x3 bytes, got 3840'),
])
def test_a_wrong_setting_is_one_line(records, tmp_path, capfd, settings, message):
    assert train(records, tmp_path / 'run', *settings) == 1
    errors = error_lines(capfd)
    assert len(errors) == 1
    assert message in errors[0]


def test_a_training_reads_no_records_that_are_being_replaced(tmp_path, capfd):
    (tmp_path / 'manifest.json').write_text('{}')
    with folder_lock.replacing(tmp_path / 'manifest.json'):
        assert train(tmp_path, tmp_path / 'run') == 1
    error, = error_lines(capfd)
    assert 'another run is writing these files anew' in error


def test_a_training_keeps_its_records_from_being_replaced(records, tmp_path, monkeypatch):
    (records / 'manifest.json').touch()

    def is_kept(*_):
        replacing = folder_lock.replacing(records / 'manifest.json')
        with pytest.raises(OSError, match='another run reads'), replacing:
            pass
    monkeypatch.setattr(train_shadownet, 'train_shadownet', is_kept)
    assert train(records, tmp_path / 'run') == 0


@pytest.mark.parametrize('part', ['header', 'pixels'])
def test_damage_in_the_middle_of_the_records_is_named(records, tmp_path, capfd, part):
    path = records / 'train_feature.tfrecords'
    content = bytearray(path.read_bytes())
    payloads = list(tfrecord.read_records(path))
    record_5 = sum(len(tfrecord.frame(payload)) for payload in payloads[:4])
    content[record_5 + (3 if part == 'header' else 3000)] ^= 1
    path.write_bytes(content)
    assert train(records, tmp_path / 'run') == 1
    error, = error_lines(capfd)
    assert 'train_feature.tfrecords: record 5 at byte' in error
    assert 'damaged' in error


def test_steps_without_a_finite_loss_end_the_run_with_the_names_of_the_samples(records, tmp_path, capfd):
    settings = ['TRAIN.MAX_BAD_STEPS=3', 'TRAIN.LEARNING_RATE=1e6', 'TRAIN.OPTIMIZER=momentum',
                'TRAIN.GRADIENT_CLIP_NORM=0']
    assert train(records, tmp_path / 'run', *settings) == 1
    error = capfd.readouterr().err
    assert '3 steps in a row had no usable label or no finite loss and gradient, the last at step' in error
    assert any(f'_{word}.png' in error for word in WORDS)


def test_a_label_too_long_for_the_frames_is_left_out_named_and_counted(tmp_path, codec, capfd):
    records = write_records(tmp_path / 'records', {'train': ['cat', 'dog', 'book', 'a' * 14]}, codec, SIZE)
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=4') == 0
    log = capfd.readouterr().err
    assert f'3_{"a" * 14}.png has a label that is empty' in log
    assert 'samples left out 4' in log
    assert 'no validation records' in log


def test_steps_without_a_usable_label_end_the_run(tmp_path, codec, capfd):
    records = write_records(tmp_path / 'records', {'train': ['a' * 17] * 4}, codec, SIZE)
    assert train(records, tmp_path / 'run', 'TRAIN.MAX_BAD_STEPS=2') == 1
    error, = error_lines(capfd)
    assert '2 steps in a row had no usable label or no finite loss and gradient, the last at step 2' in error


def test_a_class_index_that_the_alphabet_lacks_is_named_where_training_meets_it(tmp_path, codec, capfd):
    records = write_records(tmp_path / 'records', {'train': [*WORDS, 'fun%']},
                            CharacterCodec(codec.characters + '%'), SIZE)
    establish_char_dict.write_alphabet(codec.characters, records)
    assert train(records, tmp_path / 'run') == 1
    error, = error_lines(capfd)
    assert '8_fun%.png has the class index 36, but the alphabet has 36 characters' in error


def test_of_many_validation_samples_a_part_is_read_that_is_spread_over_all(tmp_path, codec, monkeypatch):
    read = []
    monkeypatch.setattr(training_loop.evaluation, 'evaluate', spying(evaluation.evaluate, read))
    validation = [f'w{number}' for number in range(7)]
    records = write_records(tmp_path / 'records', {'train': WORDS, 'validation': validation}, codec, SIZE)
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=1', 'TRAIN.MAX_VALIDATION=3') == 0
    assert read == ['w0', 'w3', 'w6']


def spying(evaluate, read):
    """Return evaluation.evaluate with the texts that it is given noted in a list."""
    def noting(recogniser, samples, *args, **options):
        samples = list(samples)
        read.extend(sample.text for sample in samples)
        return evaluate(recogniser, samples, *args, **options)
    return noting


def test_the_events_go_where_log_dir_says(records, tmp_path):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=1', flags=[f'--log_dir={tmp_path}/logs']) == 0
    assert os.listdir(tmp_path / 'logs') == ['log']
    assert not (tmp_path / 'run' / 'log').exists()


def test_a_handful_of_images_is_learned_to_exact_reading(overfitted):
    _, run = overfitted
    assert json.loads((run / 'best' / 'validation.json').read_text())['word_accuracy'] == 1.0
