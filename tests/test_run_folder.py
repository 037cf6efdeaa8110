"""Tests of training.run_folder: what a run's folder keeps, and what a later run makes of it."""
import glob
import json
import os
import shutil

import numpy as np
import pytest

from crnnmodel import checkpoint_files
from local_utils import folder_lock
from local_utils.char_codec import CharacterCodec
from tests.conftest import write_records
from tests.small_checkpoint import rewrite
from tests.small_run import SIZE, assert_same_tensors, error_lines, tensors_of, train
from training import run_folder


def test_a_validation_that_a_kill_cut_short_is_done_at_the_next_start(records, tmp_path):
    assert train(records, tmp_path / 'run') == 0
    whole, results = tensors_of(tmp_path / 'run'), tmp_path / 'run' / 'validation.json'
    expected = json.loads(results.read_text())
    assert expected['step'] == 8
    results.unlink()
    shutil.rmtree(tmp_path / 'run' / 'best')
    assert train(records, tmp_path / 'run') == 0
    assert json.loads(results.read_text()) == expected
    assert json.loads((tmp_path / 'run' / 'best' / 'validation.json').read_text()) == expected
    assert_same_tensors(whole, tensors_of(tmp_path / 'run'))


def test_knobs_that_were_others_before_are_named_and_a_refused_start_keeps_them(records, tmp_path, capfd):
    run = tmp_path / 'run'
    assert train(records, run, flags=['--max_step', '1']) == 0
    assert train(records, run, 'TRAIN.OPTIMIZER=adadelta', 'TRAIN.STEPS=9', flags=['--max_step', '2']) == 1
    assert json.loads((run / 'config.json').read_text())['TRAIN.STEPS'] == 8
    capfd.readouterr()
    assert train(records, run, 'TRAIN.OPTIMIZER=adam', 'TRAIN.STEPS=9', flags=['--max_step', '2']) == 0
    warning, = [line for line in capfd.readouterr().err.splitlines() if ' WARNING ' in line]
    assert warning.endswith('TRAIN.STEPS: 8 before, 9 now')
    assert json.loads((run / 'config.json').read_text())['TRAIN.STEPS'] == 9


def test_a_damaged_last_checkpoint_is_passed_over_for_the_one_before(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run') == 0
    whole = tensors_of(tmp_path / 'run')
    data, = glob.glob(str(tmp_path / 'run' / 'shadownet.ckpt-8.data*'))
    os.truncate(data, os.path.getsize(data) // 2)
    assert train(records, tmp_path / 'run') == 0
    errors = capfd.readouterr().err
    assert 'trying the one before' in errors
    assert 'shadownet.ckpt-8: set aside' in errors
    assert os.path.exists(data + '.damaged')
    assert_same_tensors(whole, tensors_of(tmp_path / 'run'))


def test_a_damaged_checkpoint_of_a_later_step_is_not_in_the_way_nor_among_those_kept(records, tmp_path):
    run = tmp_path / 'run'
    assert train(records, run, 'TRAIN.CHECKPOINT_STEP=2', 'TRAIN.KEEP_CHECKPOINTS=3') == 0
    for step in (6, 8):
        (run / f'shadownet.ckpt-{step}.index').write_bytes(b'')
    settings = ['TRAIN.CHECKPOINT_STEP=1', 'TRAIN.KEEP_CHECKPOINTS=3']
    assert train(records, run, *settings, flags=['--max_step', '6']) == 0
    steps = [checkpoint_files.step_of(prefix) for prefix in checkpoint_files.checkpoints_in(str(run))]
    assert steps == [6, 5, 4]
    assert train(records, run, *settings) == 0   # what was set aside is not in the way, nor cleared away
    assert tensors_of(run)['global_step'] == 8
    assert len(list(run.glob('*.damaged'))) == 4


def test_only_the_last_checkpoints_are_kept_across_runs(records, tmp_path):
    for last in ('2', '4', '6'):
        assert train(records, tmp_path / 'run', 'TRAIN.KEEP_CHECKPOINTS=2', flags=['--max_step', last]) == 0
    steps = sorted(checkpoint_files.step_of(prefix)
                   for prefix in checkpoint_files.checkpoints_in(str(tmp_path / 'run')))
    assert steps == [4, 6]


def test_files_that_a_run_did_not_write_stay(records, tmp_path):
    run = tmp_path / 'run'
    assert train(records, run, flags=['--max_step', '2']) == 0
    mine = ['notes.txt', 'notes.index', 'keep-1.index', 'keep-1.data-00000-of-00001', 'shadownet.ckpt-2.txt',
            'best/keep-1.index']
    for name in mine:
        (run / name).write_bytes(b'mine')
    assert train(records, run, 'TRAIN.CHECKPOINT_STEP=1', 'TRAIN.KEEP_CHECKPOINTS=1',
                 flags=['--max_step', '5']) == 0
    assert all((run / name).read_bytes() == b'mine' for name in mine)
    assert [path.name for path in run.glob('shadownet.ckpt-*.index')] == ['shadownet.ckpt-5.index']


def test_old_checkpoints_go_also_from_a_folder_with_brackets_in_its_name(records, tmp_path):
    run = tmp_path / '[a]*'
    assert train(records, run, 'TRAIN.CHECKPOINT_STEP=1', 'TRAIN.KEEP_CHECKPOINTS=2', 'TRAIN.STEPS=5') == 0
    steps = [checkpoint_files.step_of(prefix) for prefix in checkpoint_files.checkpoints_in(str(run))]
    assert steps == [5, 4]
    with_data = {name.partition('.data')[0] for name in os.listdir(run) if '.data' in name}
    assert with_data == {'shadownet.ckpt-4', 'shadownet.ckpt-5'}
    assert len(checkpoint_files.checkpoints_in(str(run / 'best'))) == 1


def test_a_run_of_another_network_or_alphabet_is_not_gone_on_with(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'run', 'ARCH.HIDDEN_UNITS=8') == 1
    assert 'hidden_units: 8 expected, 16 found' in capfd.readouterr().err
    other = write_records(tmp_path / 'other', {'train': ['ab'] * 4},
                          CharacterCodec('abcdefghijklmnopqrstuvwxyz012345678%'), SIZE)
    assert train(other, tmp_path / 'run') == 1
    assert "36 characters expected, 36 found; missing '%', extra '9')" in capfd.readouterr().err


@pytest.mark.parametrize(('accuracy', 'error_rate', 'expected'), [
    (0.6, 0.9, True), (0.4, 0.1, False), (0.5, 0.2, True), (0.5, 0.3, False), (0.5, 0.4, False)])
def test_the_better_validation_reads_more_words_or_as_many_with_fewer_edits(accuracy, error_rate, expected):
    results = {'word_accuracy': accuracy, 'character_error_rate': error_rate}
    assert run_folder.is_better(results, {'word_accuracy': 0.5, 'character_error_rate': 0.3}) is expected


@pytest.mark.parametrize('others', [{}, {'word_accuracy': None},
                                    {'word_accuracy': 7.0, 'character_error_rate': 0.0}])
def test_any_validation_is_better_than_none_or_than_figures_that_cannot_be(others):
    assert run_folder.is_better({'word_accuracy': 0.0, 'character_error_rate': 1.0}, others)


POWER = 'optimizer/beta1_power'


@pytest.mark.parametrize(('name', 'value', 'message'), [
    ('global_step', None, 'no checkpoint of a training, it has no global_step; give another --output_dir'),
    (POWER, None, f'of another network or optimizer; it has no variable {POWER}'),
    (POWER, np.float32([1]), f'of another network; {POWER} has the shape (1,), expected ()'),
    (POWER, np.array(b'0.9', object), f'{POWER} is a text, expected float32'),
    (POWER, np.int32(1), f'{POWER} is of int32, expected float32'),
    (POWER, np.float32('nan'), f'{POWER} has values that are no finite numbers'),
])
def test_a_checkpoint_that_lacks_what_a_run_needs_is_one_line(records, tmp_path, capfd, name, value, message):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 0

    def change(tensors):
        tensors[name] = value
        return {name: value for name, value in tensors.items() if value is not None}

    prefix = rewrite(tmp_path / 'run', change)
    capfd.readouterr()
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=4') == 1
    error, = error_lines(capfd)
    assert f'{prefix}: {message}' in error


@pytest.mark.parametrize('content', [
    '{}', '[]', '{"word_accuracy": "x"}', '{"step": 1, "word_accuracy": 0.5}',
    '{"step": [], "word_accuracy": null, "character_error_rate": {}}', '{'])
def test_figures_of_a_validation_that_were_changed_count_for_nothing(tmp_path, capfd, content):
    with run_folder.RunFolder(str(tmp_path)) as folder:
        (tmp_path / 'best').mkdir()
        for name in ('first_validation.json', 'validation.json', 'best/validation.json'):
            (tmp_path / name).write_text(content)
        folder.tell_gain()
        assert folder.best_results() == {}
        assert not folder.is_validated(1) or '"step": 1' in content
    assert capfd.readouterr().err == ''


def test_a_second_run_into_the_same_folder_is_refused(records, tmp_path, capfd):
    with folder_lock.only_writer(tmp_path / 'run'):
        assert train(records, tmp_path / 'run') == 1
        assert os.listdir(tmp_path / 'run') == [folder_lock.LOCK_NAME]
    error, = error_lines(capfd)
    assert 'another run is writing into this folder' in error
