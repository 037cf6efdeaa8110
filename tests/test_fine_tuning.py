"""Tests of runs that start from other weights: words mixed in, what was won, which weights are the best."""
import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint_files
from data_provider.batches import WHOLE, BatchSlice
from data_provider.data_provider import TextDataProvider
from data_provider.drawing.drawn_words import Drawn
from local_utils.char_codec import CharacterCodec
from tests.conftest import write_records
from tests.small_run import (
    SIZE,
    WORDS,
    assert_same_tensors,
    error_lines,
    tensors_of,
    train,
    training_settings,
)
from tools import train_shadownet
from training import inputs, origin, run, run_folder


def drawn_a(ranges):
    """Yield for each range of numbers as many black pictures with the text 'a'."""
    for numbers in ranges:
        images = np.zeros((len(numbers), SIZE[1], SIZE[0], 3), np.uint8)
        yield Drawn(images, [[0]] * len(numbers), ['drawn'] * len(numbers))


def names_of_batches(records, fraction, batch_slice, count):
    """Return the names of the samples of some batches of 4, and their labels as lists."""
    settings = training_settings(batch_size=4, drawn_fraction=fraction)
    with tf.Graph().as_default(), tf.Session() as session:
        batches = inputs.batches_of_worker(TextDataProvider(str(records), SIZE), drawn_a, batch_slice, 0,
                                           settings)
        batch = tf.data.make_one_shot_iterator(batches).get_next()
        values = [session.run(batch) for _ in range(count)]
    return [value.imagenames.tolist() for value in values], values


def test_a_fraction_of_each_batch_is_drawn_and_the_rest_are_records(records):
    names, values = names_of_batches(records, 0.5, WHOLE, 4)
    assert all(name.endswith(b'.png') for batch in names for name in batch[:2])
    assert all(batch[2:] == [b'drawn', b'drawn'] for batch in names)
    assert {name for batch in names for name in batch[:2]} == {f'{i}_{word}.png'.encode()
                                                               for i, word in enumerate(WORDS)}
    labels = values[0].labels
    assert labels.values[labels.indices[:, 0] == 2].tolist() == [0]
    assert labels.dense_shape[0] == len(values[0].images) == 4


@pytest.mark.parametrize(('fraction', 'kinds'), [(1.0, 'dd'), (0.5, 'rd'), (0.3, 'rd'), (0.2, 'rr')])
def test_each_replica_has_the_same_number_of_drawn_samples(records, fraction, kinds):
    names, _ = names_of_batches(records, fraction, BatchSlice(0, 2, 2), 2)
    assert [''.join('d' if name == b'drawn' else 'r' for name in batch) for batch in names] == [kinds, kinds]


def test_words_are_mixed_with_few_records_that_letters_can_write_alone(tmp_path, records, capfd, monkeypatch):
    settings = training_settings()
    assert inputs.make_companion(None, TextDataProvider(str(records), SIZE), settings)
    assert '50% of each batch are words of' in capfd.readouterr().err
    assert not inputs.make_companion(None, TextDataProvider(str(records), SIZE),
                                     settings._replace(drawn_fraction=0.0))
    digits = write_records(tmp_path / 'digits', {'train': ['12', '345']}, CharacterCodec('0123456789'), SIZE)
    assert not inputs.make_companion(None, TextDataProvider(str(digits), SIZE), settings)
    assert 'the alphabet writes none of' in capfd.readouterr().err
    monkeypatch.setattr(inputs, 'MANY_SAMPLES', len(WORDS))
    assert not inputs.make_companion(None, TextDataProvider(str(records), SIZE), settings)


def test_a_run_from_weights_measures_them_first_and_says_what_was_won(overfitted, tmp_path, capfd):
    records, learned = overfitted
    forms = ['ARCH.CONV_CHANNELS=16', 'ARCH.HIDDEN_UNITS=64', 'ARCH.HIDDEN_LAYERS=2',
             'TRAIN.VALIDATION_STEP=1']
    flags = ['--weights_path', str(learned)]
    assert train(records, tmp_path / 'run', *forms, 'TRAIN.STEPS=2', 'TRAIN.LEARNING_RATE=1.0',
                 flags=flags) == 0
    log = capfd.readouterr().err
    assert 'nothing was won: word accuracy 1.0000 with the weights that the run started from' in log
    best = checkpoint_files.load_newest(str(tmp_path / 'run' / 'best'))
    assert checkpoint_files.step_of(best.prefix) == 0
    expected = {**checkpoint_files.load_newest(str(learned)).tensors, 'global_step': 0}
    assert_same_tensors(best.tensors, expected)
    assert json.loads((tmp_path / 'run' / 'first_validation.json').read_text())['word_accuracy'] == 1.0


@pytest.mark.parametrize(('best', 'line'), [
    ({'step': 40, 'word_accuracy': 0.75, 'character_error_rate': 0.1},
     'word accuracy 0.5000 with the weights that the run started from, 0.7500 with '
     'those of step 40; character error rate 0.2000 and 0.1000'),
    ({'step': 0, 'word_accuracy': 0.5, 'character_error_rate': 0.2}, 'nothing was won: word accuracy 0.5000'),
    (None, None)])
def test_what_was_won_is_said(tmp_path, capfd, best, line):
    before = {'step': 0, 'word_accuracy': 0.5, 'character_error_rate': 0.2}
    (tmp_path / run_folder.FIRST_RESULT_NAME).write_text(json.dumps(before))
    if best:
        (tmp_path / 'best').mkdir()
        (tmp_path / 'best' / run_folder.RESULT_NAME).write_text(json.dumps(best))
    run_folder.RunFolder(str(tmp_path)).tell_gain()
    log = capfd.readouterr().err
    assert line in log if line else log == ''


def test_a_run_from_weights_goes_on_with_the_words_that_come_next(records, tmp_path):
    assert train(records, tmp_path / 'first', 'TRAIN.STEPS=1') == 0
    flags = ['--weights_path', str(tmp_path / 'first')]
    assert train(records, tmp_path / 'whole', 'TRAIN.STEPS=4', flags=flags) == 0
    assert train(records, tmp_path / 'parts', 'TRAIN.STEPS=4', flags=[*flags, '--max_step', '2']) == 0
    # without the flag: the run knows what it started from
    assert train(records, tmp_path / 'parts', 'TRAIN.STEPS=4', 'TRAIN.DRAWN_FRACTION=0.5') == 0
    assert_same_tensors(tensors_of(tmp_path / 'whole'), tensors_of(tmp_path / 'parts'))


def test_a_run_from_weights_is_known_by_its_first_validation_and_checkpoints(tmp_path):
    assert not origin.started_from_weights(str(tmp_path))
    (tmp_path / origin.FIRST_RESULT_NAME).write_text('{}')
    assert not origin.started_from_weights(str(tmp_path))   # a new run would start there
    (tmp_path / 'shadownet.ckpt-2.index').touch()
    assert origin.started_from_weights(str(tmp_path))


def test_it_is_asked_once_whether_a_run_started_from_weights(records, tmp_path, monkeypatch):
    asked, trained = [], []
    monkeypatch.setattr(origin, 'started_from_weights', lambda folder: asked.append(folder) or True)
    monkeypatch.setattr(run, 'train', lambda *args: trained.append(args))
    assert train(records, tmp_path / 'run', 'TRAIN.DRAWN_FRACTION=0.5') == 0
    assert asked == [str(tmp_path / 'run')]
    (of_run, *_), = trained
    assert of_run.drawer


def test_the_fraction_is_refused_where_all_is_drawn(capsys):
    with pytest.raises(SystemExit) as caught:
        train_shadownet.main(['--drawn_words', 'words.txt', '--set', 'TRAIN.DRAWN_FRACTION=0.5'])
    assert caught.value.code == 2
    assert 'TRAIN.DRAWN_FRACTION is for --weights_path without --drawn_words' in capsys.readouterr().err


def test_new_runs_start_from_given_weights_also_with_another_alphabet(records, tmp_path, codec, capfd):
    assert train(records, tmp_path / 'first', 'TRAIN.STEPS=2') == 0
    assert train(records, tmp_path / 'second', 'TRAIN.STEPS=1', 'TRAIN.LEARNING_RATE=0.0',
                 flags=['--weights_path', str(tmp_path / 'first')]) == 0
    first, second = tensors_of(tmp_path / 'first'), tensors_of(tmp_path / 'second')
    assert np.array_equal(first['average/shadow/conv1/W'], second['shadow/conv1/W'])
    assert second['global_step'] == 1
    assert 'does not read them' not in capfd.readouterr().err
    other = write_records(tmp_path / 'other', {'train': ['héllo'] * 4}, CharacterCodec('éhlo'), SIZE)
    assert train(other, tmp_path / 'third', 'TRAIN.STEPS=1',
                 flags=['--weights_path', str(tmp_path / 'first')]) == 0
    log = capfd.readouterr().err
    assert "its alphabet lacks 'é', whose classes start as those of the same letters" in log
    assert ("shadownet.ckpt-2: its alphabet has 33 characters ('0123456789abcdefgijk' and 13 more) that the "
            "records' lacks; the new network does not read them") in log


def test_wrong_weights_are_one_line_and_leave_no_folder_behind(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', flags=['--weights_path', str(tmp_path / 'none')]) == 1
    error, = error_lines(capfd)
    assert 'none: no such checkpoint' in error
    assert not (tmp_path / 'run').exists()


def test_a_run_that_goes_on_says_that_given_weights_are_not_read(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', flags=['--max_step', '1']) == 0
    assert train(records, tmp_path / 'run', flags=['--max_step', '2', '--weights_path',
                                                   str(tmp_path / 'none')]) == 0
    warning, = [line for line in capfd.readouterr().err.splitlines()
                if 'goes on with its own weights' in line]
    assert ' WARNING ' in warning
    assert tensors_of(tmp_path / 'run')['global_step'] == 2
