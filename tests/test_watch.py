"""Tests of training.watch, of a task that is stopped, and of a run whose folder is gone."""
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from local_utils import files
from local_utils.errors import Unavailable
from training import run_folder, watch

SERVER = """
import sys
from local_utils import tensorflow_import
tensorflow_import.import_tensorflow()
import tensorflow.compat.v1 as tf
server = tf.train.Server({'worker': [sys.argv[1]]}, job_name='worker', task_index=0)
print('ready', flush=True)
server.join()
"""


def free_address():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return f'127.0.0.1:{server.getsockname()[1]}'


def test_a_server_answers_and_is_silent_while_it_is_stopped(monkeypatch):
    monkeypatch.setattr(watch, 'PROBE_SECONDS', 20.0)   # however busy the machine is
    address = free_address()
    assert watch.answer_error(address) == 'Connection refused'
    process = subprocess.Popen([sys.executable, '-c', SERVER, address], stdout=subprocess.PIPE, text=True,
                               cwd=files.repository_path())
    try:
        process.stdout.readline()
        assert watch.answer_error(address) == ''
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)   # the signal takes a while to come
        monkeypatch.setattr(watch, 'PROBE_SECONDS', 0.5)
        assert watch.answer_error(address) == watch.SILENT
        assert watch.connection_error(address) == ''
        process.send_signal(signal.SIGCONT)
        monkeypatch.setattr(watch, 'PROBE_SECONDS', 20.0)
        assert watch.answer_error(address) == ''
    finally:
        process.kill()   # a stopped one, too
        process.communicate()


@pytest.fixture
def clock(monkeypatch):
    """Return a list with the time as its only item, which the watch reads."""
    now = [100.0]
    monkeypatch.setattr(watch.time, 'monotonic', lambda: now[0])
    return now


def started_watch(monkeypatch, silence_limit=60):
    monkeypatch.setattr(watch.Watch, '_run', lambda self: None)
    one = watch.Watch([('worker 0', 'a:1')], silence_limit)
    one.start()
    return one


def test_a_silent_task_is_named_after_some_seconds_and_ends_the_run_at_the_limit(clock, monkeypatch, capfd):
    one = started_watch(monkeypatch)
    outcomes = []
    for clock[0] in (105.0, 111.0, 159.0, 161.0):
        outcomes.append(one._what_is_wrong('worker 0', watch.SILENT))
    assert outcomes == ['', '', '', 'has not answered for 61 seconds (TRAIN.CLUSTER_SILENCE)']
    log = capfd.readouterr().err
    assert 'waiting for worker 0, which has not answered for 11 seconds' in log
    assert log.count('waiting for') == 2


def test_an_answer_ends_the_silence(clock, monkeypatch):
    one = started_watch(monkeypatch)
    outcomes = []
    for clock[0], error in ((150.0, watch.SILENT), (155.0, ''), (200.0, watch.SILENT)):
        outcomes.append(one._what_is_wrong('worker 0', error))
    assert outcomes == ['', '', '']


def test_a_task_that_refuses_three_times_in_a_row_is_gone(clock, monkeypatch):
    one = started_watch(monkeypatch)
    errors = ['refused', 'refused', '', 'refused', 'refused', 'refused']
    assert [one._what_is_wrong('worker 0', error) for error in errors] == ['', '', '', '', '', 'is gone']


def test_a_task_that_does_not_come_is_named():
    with pytest.raises(Unavailable, match=r'worker 1 \(127.0.0.1:\d+\) did not come within 0.1 seconds: '):
        watch.wait_for([('worker 1', free_address())], 0.1)


@pytest.mark.parametrize('what', ['removed', 'another'])
def test_a_run_whose_folder_is_gone_ends(tmp_path, what):
    folder = tmp_path / 'run'
    with run_folder.RunFolder(str(folder)) as run:
        run.check_is_there()
        os.rename(folder, tmp_path / 'elsewhere')
        if what == 'another':
            folder.mkdir()
        with pytest.raises(Unavailable, match='run: the folder of the run is gone; the training ends'):
            run.save(None, 1)
        shutil.rmtree(folder, ignore_errors=True)
