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
    events = EventFile(str(tmp_path))
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
    assert len(os.listdir(tmp_path / 'log')) == 2


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


def plot(folder):
    """Run plot_training on a run's folder; returns its exit status."""
    flags = ['--output_dir', str(folder), '--picture_path', str(folder / 'curves.png')]
    return command_line.run_tool(plot_training.main, flags)


def frames(*events):
    return b''.join(tfrecord.frame(event.SerializeToString()) for event in events)


def loss(step, **how):
    return tf.Event(step=step, summary=tf.Summary(value=[tf.Summary.Value(tag='train/loss', **how)]))


OTHER_TENSOR = {'tensor': tf.make_tensor_proto(1.5)}   # how TensorFlow 2 writes a scalar


@pytest.mark.parametrize(('content', 'message'), [
    (tfrecord.frame(b'\xff' * 40), 'tfevents.1: expected the events of a training run, found other records'),
    (b'something else', 'tfevents.1: record 1 at byte 0: the checksum of its length does not match'),
    (frames(loss(1, simple_value=1.5))[:-5], 'the run has no loss yet'),
    (frames(tf.Event(summary=tf.Summary(value=[value('loss', 1.5)]))), 'the run has no loss yet'),
    (frames(loss(1, **OTHER_TENSOR)), 'the run has no loss yet'),
    (b'', 'the run has no loss yet'),
    (tfrecord.compressed(tfrecord.frame(bytes(1 << 27))), 'expected at most 67108864')])
def test_an_event_file_of_something_else_is_one_line(tmp_path, capfd, content, message):
    (tmp_path / 'log').mkdir()
    (tmp_path / 'log' / 'events.out.tfevents.1').write_bytes(content)
    assert plot(tmp_path) == 1
    error, = error_lines(capfd)
    assert message in error
    assert not (tmp_path / 'curves.png').exists()


def test_a_folder_in_place_of_an_event_file_is_one_line(tmp_path, capfd):
    (tmp_path / 'log' / 'events.out.tfevents.1').mkdir(parents=True)
    assert plot(tmp_path) == 1
    error, = error_lines(capfd)
    assert 'events.out.tfevents.1: expected a file, got a folder' in error


@pytest.mark.parametrize(('end', 'num_warnings'), [
    (b'', 0), (b'cut off', 0), (b'damaged, but long enough', 1)])
def test_what_stands_before_a_damaged_event_is_drawn(tmp_path, capfd, end, num_warnings):
    (tmp_path / 'log').mkdir()
    losses = [loss(step, simple_value=number) for step, number in ((1, 2.5), (2, float('nan')), (-3, 1e38))]
    (tmp_path / 'log' / 'events.out.tfevents.1').write_bytes(frames(*losses) + end)
    assert plot(tmp_path) == 0
    assert (tmp_path / 'curves.png').stat().st_size > 1000
    assert capfd.readouterr().err.count('what comes after is not drawn') == num_warnings
