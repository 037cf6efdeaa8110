"""Tests of local_utils.parallel, its worker processes in a conversion."""
import concurrent.futures
import ctypes
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from local_utils import files, parallel
from local_utils.errors import InputError, Unavailable
from tests.conftest import write_data_set


def test_an_ordered_map_keeps_the_order_and_takes_no_more_items_than_it_may():
    taken = []

    def items():
        for number in range(20):
            taken.append(number)
            yield number

    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        results = parallel.ordered_map(executor, lambda number: number * number, items(), max_pending=4)
        assert next(results) == 0
        assert len(taken) == 4
        assert [0, *results] == [number * number for number in range(20)]


def test_chunks_hold_all_items_in_order():
    assert list(parallel.chunked(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(parallel.chunked([], 2)) == []


def children_of(pid):
    """Return the ids of a process's children (Linux)."""
    paths = pathlib.Path(f'/proc/{pid}/task').glob('*/children')
    return [int(child) for path in paths for child in path.read_text().split()]


def test_an_interruption_while_a_process_starts_comes_once_the_executor_knows_of_it(monkeypatch):
    start, started = parallel._WorkerProcess.start, []

    def start_interrupted(process):
        start(process)
        started.append(process)
        signal.raise_signal(signal.SIGINT)
        assert len(started) == 1

    monkeypatch.setattr(parallel._WorkerProcess, 'start', start_interrupted)
    with pytest.raises(KeyboardInterrupt), parallel.worker_processes(2) as executor:
        executor.submit(abs, -1)
    process, = started
    assert process.exitcode == 0   # the executor has ended it


def is_alive(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not pathlib.Path('/proc/self/task').exists(), reason='looks for processes in /proc')
@pytest.mark.parametrize(('number', 'status'), [
    (signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_ended_leaves_no_worker_behind_and_no_file_if_it_can(tmp_path, number, status):
    data_set = write_data_set(tmp_path / 'data', [f'word{number}' for number in range(40)], ['a'])
    annotation = data_set / 'Train' / 'sample.txt'
    annotation.write_text(annotation.read_text() * 5000)
    command = [sys.executable, files.repository_path('tools', 'write_text_features.py'),
               '--dataset_dir', str(data_set), '--save_dir', str(tmp_path / 'out'), '--num_workers', '2']
    with (open(tmp_path / 'errors', 'w') as errors,
          subprocess.Popen(command, stderr=errors, start_new_session=True) as process):
        deadline = time.monotonic() + 60
        # two workers and the tracker of resources
        while len(children_of(process.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = children_of(process.pid)
        if number == signal.SIGINT:   # goes to all, as from a terminal, and the workers are just starting
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    assert process.returncode == status
    assert 'Traceback' not in (tmp_path / 'errors').read_text()
    assert len(workers) >= 2
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))
    if number != signal.SIGKILL:
        assert list((tmp_path / 'out').iterdir()) == []


@pytest.mark.parametrize(('function', 'argument', 'end'), [
    (ctypes.string_at, 0, 'SIGSEGV, as native code does with data that it takes for sound'),
    (signal.raise_signal, signal.SIGKILL, 'SIGKILL, perhaps because memory ran out'),
    (signal.raise_signal, signal.SIGTERM, 'SIGTERM'), (os._exit, 3, 'itself with status 3')])
def test_a_worker_that_died_says_by_which_signal(function, argument, end):
    with pytest.raises(Unavailable) as caught, parallel.worker_processes(2, prepare=os.getpid) as executor:
        list(parallel.ordered_map(executor, abs, range(4), 4))   # both have started
        executor.submit(function, argument).result()
    assert str(caught.value) == f'a worker process was ended by {end}; try a smaller --num_workers'


def die_at(name):
    parallel.note(name)
    ctypes.string_at(0)


def test_a_worker_that_died_says_at_what():
    with (pytest.raises(Unavailable) as caught,
          parallel.worker_processes(2, prepare=os.getpid) as executor):
        executor.submit(die_at, 'fonts/\udcff.ttf' + 2000 * 'x').result()
    assert str(caught.value) == (
        'a worker process was ended by SIGSEGV, as native code does with data that it takes for sound '
        f'(it last took fonts/?.ttf{(parallel.NOTE_BYTES - 12) * "x"}); try a smaller --num_workers')


def test_outside_a_worker_process_nothing_is_noted():
    parallel.note('word')   # and nothing is raised


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_an_executor_that_gets_no_thread_ends_with_a_line_and_without_its_processes(monkeypatch):
    def no_thread(_):
        raise RuntimeError("can't start new thread")
    monkeypatch.setattr(multiprocessing.queues.Queue, '_start_thread', no_thread)
    monkeypatch.setattr(parallel, 'LOOKING_SECONDS', 0.2)
    with (pytest.raises(Unavailable, match='refuses memory or a thread to the worker processes'),
          parallel.worker_processes(2) as executor):
        list(parallel.ordered_map(executor, abs, range(4), 4))
    assert multiprocessing.active_children() == []


def test_a_task_may_raise_a_timeout_itself(monkeypatch):
    def task(number):
        time.sleep(0.1)
        raise TimeoutError('of its own')
    monkeypatch.setattr(parallel, 'LOOKING_SECONDS', 0.02)
    with (pytest.raises(TimeoutError, match='of its own'),
          concurrent.futures.ThreadPoolExecutor(2) as executor):
        list(parallel.ordered_map(executor, task, range(2), 2))


def test_more_workers_than_the_machine_bears_are_refused_before_one_is_started():
    with (pytest.raises(InputError, match='100000 worker processes: expected at most'),
          parallel.worker_processes(100000)):
        pass
