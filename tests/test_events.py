"""Tests of training.events, and of what a report does where its events cannot be written."""
import errno
import glob
import os

import pytest
import tensorflow.compat.v1 as tf

from local_utils import command_line, tfrecord
from tests.small_run import error_lines
from tools import plot_training
from training.events import EventFile
from training.report import TrainingReport


def value(tag, number):
    return tf.Summary.Value(tag=tag, simple_value=number)


def test_tensorflow_reads_the_events_that_were_written(tmp_path):
    events = EventFile(str(tmp_path / 'log'))
    events.add([value('loss', 1.5), value('accuracy', 0.25)], 7)
    events.close()
    path, = glob.glob(str(tmp_path / 'log' / 'events.out.tfevents.*'))
    first, second = tf.train.summary_iterator(path)
    assert first.file_version == 'brain.Event:2'
    assert (second.step, [(each.tag, each.simple_value) for each in second.summary.value]) == (
        7, [('loss', 1.5), ('accuracy', 0.25)])


def test_each_writer_has_a_file_of_its_own(tmp_path):
    EventFile(str(tmp_path)).close()
    EventFile(str(tmp_path)).close()
    assert len(os.listdir(tmp_path)) == 2


def test_a_full_disk_is_one_line_and_the_training_goes_on(tmp_path, monkeypatch, capfd):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    results = {'samples': 1, 'word_accuracy': 0.0, 'one_minus_ned': 0.0, 'character_error_rate': 1.0}
    with TrainingReport(str(tmp_path), first_step=0, last_step=9, batch_size=4) as report:
        monkeypatch.setattr(EventFile, 'add', full)
        report.validation(1, results, [])
        report.validation(2, results, [])
    log = capfd.readouterr().err
    assert log.count('cannot write for TensorBoard (No space left on device); training goes on without') == 1
    assert log.count(' validation: 1 sample,') == 2


@pytest.mark.parametrize(('make', 'message'), [
    (lambda path: path.mkdir(), 'events.out.tfevents.1: '),
    (lambda path: path.write_bytes(tfrecord.frame(b'\xff' * 40)), 'tfevents.1: expected the events of a'),
    (lambda path: path.write_bytes(b'something else'), 'the run has no loss yet')])
def test_what_is_no_event_file_is_one_line(tmp_path, capfd, make, message):
    (tmp_path / 'log').mkdir()
    make(tmp_path / 'log' / 'events.out.tfevents.1')
    flags = ['--output_dir', str(tmp_path), '--picture_path', str(tmp_path / 'curves.png')]
    assert command_line.run_tool(plot_training.main, flags) == 1
    error, = error_lines(capfd)
    assert message in error
