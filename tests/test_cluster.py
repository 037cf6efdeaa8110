"""Tests of training.cluster and of training on several replicas: in one process, and over loopback."""
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from crnnmodel import checkpoint_files
from local_utils import files
from tests import killed_in_writing
from tests.small_run import arguments, tensors_of
from tools import start_local_cluster
from training import task, watch

SETTINGS = ['TRAIN.OPTIMIZER=momentum', 'TRAIN.LEARNING_RATE=0.01', 'TRAIN.AUGMENT=True',
            'TRAIN.DISPLAY_STEP=1', 'TRAIN.STEPS=5', 'TRAIN.CHECKPOINT_STEP=5']


MOST_DIFFERENT = 1e-2   # of the length of a tensor


def config_of(type_, index, **jobs):
    return json.dumps({'cluster': jobs, 'task': {'type': type_, 'index': index}, 'environment': 'cloud'})


SAVES_SLOWLY = """
import sys, time
from local_utils import command_line
from tools import train_shadownet
from training import run_folder

def save_slowly(*args, save=run_folder.RunFolder.save):
    time.sleep(12)
    save(*args)

run_folder.RunFolder.save = save_slowly
sys.exit(command_line.run_tool(train_shadownet.main, sys.argv[1:]))
"""


def start(records, output_dir, *settings, tf_config='', script=('-m', 'tools.train_shadownet')):
    """Start a training in a process of its own."""
    command = [sys.executable, *script, *arguments(records, output_dir, *SETTINGS, *settings)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=files.repository_path(),
                            env={**os.environ, 'TF_CONFIG': tf_config})


def finish(process, seconds=120):
    """Return (exit status, the project's lines on standard error) of a process, killed when late."""
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        pytest.fail(f'the process did not end: {errors[-2000:]}')
    return process.returncode, [line for line in errors.splitlines() if ' INFO ' in line or ' ERROR ' in line]


def wait_for_checkpoint(run, step, process):
    """Wait until a process has saved the checkpoint of a step, or of a later one."""
    deadline = time.monotonic() + 300
    while not any(checkpoint_files.step_of(prefix) >= step
                  for prefix in checkpoint_files.checkpoints_in(str(run))):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f'no checkpoint of step {step}: {finish(process, 1)}')
        time.sleep(0.2)


def losses_of(lines):
    return [float(line.split(' loss ')[1].split()[0]) for line in lines if ' loss ' in line]


def start_pair(records, output_dir, *settings):
    """Start a master and a worker, as the platform does."""
    master, worker = start_local_cluster.free_addresses(2)
    return [start(records, output_dir, *settings,
                  tf_config=config_of(type_, index, master=[master], worker=[worker]))
            for type_, index in (('master', '0'), ('worker', 0))]


def test_the_platforms_form_of_a_cluster_is_understood():
    jobs = {'master': ['a:1'], 'ps': ['b:1'], 'worker': ['c:1', 'd:2']}
    second = task.task_of(config_of('worker', '1', **jobs))
    assert second.number == 2
    assert second.names == ['master 0', 'worker 0', 'worker 1']
    assert second.addresses == ['a:1', 'c:1', 'd:2']
    assert task.task_of(config_of('master', 0, **jobs)).number == 0
    assert task.task_of(config_of('ps', 0, **jobs)).number is None


def test_tensorflows_form_of_a_cluster_is_understood():
    assert task.task_of(config_of('chief', 0, chief=['a:1'], worker=['c:1'])).number == 0
    # without a chief the first worker is it
    assert task.task_of(config_of('worker', 0, worker=['a:1', 'c:1'])).number == 0
    assert task.task_of(config_of('evaluator', 0, chief=['a:1'])).number is None
    assert task.task_of('') is None
    assert task.task_of(None) is None


@pytest.mark.parametrize(('text', 'message'), [
    ('{', 'expected {"cluster"'),
    ('[]', 'expected {"cluster"'),
    ('{"cluster": {}}', "KeyError: 'task'"),
    (config_of('worker', 'x', worker=['a:1']), 'ValueError: invalid literal'),
    (config_of('worker', 2, worker=['a:1']), 'the task is worker 2, but the cluster has 1 of worker'),
    (config_of('chef', 0, chef=['a:1']), 'master, chief, worker, ps or evaluator'),
    (config_of('worker', 0, worker=['a']), "like host:2222, got 'a'"),
    (config_of('worker', 0, worker=['a:65536']), "like host:2222, got 'a:65536'"),
    (config_of('worker', 0, worker=['a:0']), "like host:2222, got 'a:0'"),
    (config_of('worker', 0, master=['a:1'], worker=['a:1']),
     'an address of its own for each task, got a:1, a:1'),
])
def test_a_wrong_cluster_is_one_line(text, message):
    with pytest.raises(ValueError, match='TF_CONFIG: ') as error:
        task.task_of(text)
    assert message in str(error.value)
    assert '\n' not in str(error.value)


def test_one_replica_two_replicas_and_two_processes_do_the_same(records, tmp_path):
    # A maximum that is almost a tie, or a ReLU at almost 0, can fall the other way: one process whose
    # weights of step 3 are changed by 1e-7 of their size differs from itself by 1e-3 in the momentum of step
    # 5. So a channel may differ, no tensor.
    steps = 'TRAIN.STEPS=3'
    one_status, one = finish(start(records, tmp_path / 'one', steps))
    two_status, two = finish(start(records, tmp_path / 'two', steps, 'TRAIN.CPU_REPLICAS=2'))
    pair = start_pair(records, tmp_path / 'pair', steps)
    (chief_status, chief), (worker_status, worker) = map(finish, pair)
    assert [one_status, two_status, chief_status, worker_status] == [0, 0, 0, 0]
    assert len(losses_of(one)) == 3
    np.testing.assert_allclose(losses_of(two), losses_of(one), rtol=1e-4)
    np.testing.assert_allclose(losses_of(chief), losses_of(one), rtol=1e-4)
    assert losses_of(worker) == []   # only the chief tells
    tensors, *others = (tensors_of(tmp_path / name) for name in ('one', 'two', 'pair'))
    for other in others:
        assert other.keys() == tensors.keys()
        for name, value in tensors.items():
            if name != 'description':
                assert np.linalg.norm(other[name] - value) <= MOST_DIFFERENT * np.linalg.norm(value), name
                if not name.startswith('optimizer/'):
                    np.testing.assert_allclose(other[name], value, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_killed_worker_is_named_and_the_run_goes_on_with_another_number_of_workers(records, tmp_path):
    chief, worker = start_pair(records, tmp_path / 'run', 'TRAIN.STEPS=100000', 'TRAIN.CHECKPOINT_STEP=2')
    wait_for_checkpoint(tmp_path / 'run', 4, chief)
    worker.send_signal(signal.SIGKILL)
    status, lines = finish(chief)
    worker.communicate()
    assert status == 1
    assert 'worker 0 (127.0.0.1:' in lines[-1]
    assert 'is gone' in lines[-1]
    last = tensors_of(tmp_path / 'run')['global_step']
    status, lines = finish(start(records, tmp_path / 'run', f'TRAIN.STEPS={last + 3}'))
    assert status == 0
    assert tensors_of(tmp_path / 'run')['global_step'] == last + 3


def test_a_stopped_worker_is_named_after_some_seconds_and_ends_the_run_after_a_limit(records, tmp_path):
    chief, worker = start_pair(records, tmp_path / 'run', 'TRAIN.STEPS=100000', 'TRAIN.CHECKPOINT_STEP=2',
                               'TRAIN.CLUSTER_SILENCE=13')
    try:
        wait_for_checkpoint(tmp_path / 'run', 4, chief)
        worker.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        _, errors = chief.communicate(timeout=60)
        assert 13 < time.monotonic() - stopped < 40
    finally:
        worker.kill()   # which a stopped process obeys, too
        chief.kill()
        worker.communicate()
    assert chief.returncode == 1
    waiting, last = errors.splitlines()[-2:]
    assert 'WARNING waiting for worker 0, which has not answered for 1' in waiting
    assert 'ERROR worker 0 (127.0.0.1:' in last
    assert 'seconds (TRAIN.CLUSTER_SILENCE); when all tasks are started again, the run goes on' in last


@pytest.mark.parametrize('moment', killed_in_writing.MOMENTS)
def test_a_chief_killed_while_it_writes_a_checkpoint_goes_on_from_the_one_before(records, tmp_path, moment):
    settings, run = ['TRAIN.STEPS=6', 'TRAIN.CHECKPOINT_STEP=2'], tmp_path / 'run'
    master, worker = start_local_cluster.free_addresses(2)
    chief = start(records, run, *settings, tf_config=config_of('master', 0, master=[master], worker=[worker]),
                  script=('-m', 'tests.killed_in_writing', moment, '4'))
    other = start(records, run, *settings, tf_config=config_of('worker', 0, master=[master], worker=[worker]))
    assert finish(chief)[0] == -signal.SIGKILL
    status, lines = finish(other)
    assert status == 1
    assert f'master 0 ({master}) is gone' in lines[-1]
    assert list(run.glob('shadownet.ckpt-4*'))
    status, lines = finish(start(records, run, *settings))
    assert status == 0
    assert any(line.endswith(f'going on from {run}/shadownet.ckpt-2') for line in lines)
    assert tensors_of(run)['global_step'] == 6
    assert not list(run.glob('*temp*'))


def test_what_a_killed_chief_left_does_not_add_up(tmp_path):
    left = ['shadownet.ckpt-5_temp/part-00000-of-00001.data-00000-of-00001',
            'shadownet.ckpt-7.data-00000-of-00001', 'shadownet.ckpt-7.index.tempstate1',
            'shadownet.ckpt-9.data-00000-of-00001.tempstate1', 'checkpoint.tmp1234']
    kept = ['shadownet.ckpt-8.data-00000-of-00001', 'shadownet.ckpt-8.index', 'checkpoint']
    (tmp_path / 'shadownet.ckpt-5_temp').mkdir()
    for name in left + kept:
        (tmp_path / name).touch()
    checkpoint_files.remove_leftovers(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_signal_to_one_worker_stops_all_at_the_same_step(records, tmp_path):
    chief, worker = start_pair(records, tmp_path / 'run', 'TRAIN.STEPS=100000', 'TRAIN.CHECKPOINT_STEP=2')
    wait_for_checkpoint(tmp_path / 'run', 4, chief)
    worker.terminate()
    results = [finish(chief), finish(worker)]
    assert [status for status, _ in results] == [0, 0]
    assert 'stopped by another worker at step' in results[0][1][-1]
    assert 'stopped by SIGTERM at step' in results[1][1][-1]
    assert f'step {tensors_of(tmp_path / "run")["global_step"]};' in results[0][1][-1]


def test_a_chief_that_saves_for_long_does_not_take_a_worker_that_is_done_for_lost(records, tmp_path):
    settings = ['TRAIN.STEPS=1', 'TRAIN.VALIDATION_STEP=100000']
    master, worker = start_local_cluster.free_addresses(2)
    chief = start(records, tmp_path / 'run', *settings, script=('-c', SAVES_SLOWLY),
                  tf_config=config_of('master', 0, master=[master], worker=[worker]))
    other = start(records, tmp_path / 'run', *settings,
                  tf_config=config_of('worker', 0, master=[master], worker=[worker]))
    assert [finish(chief)[0], finish(other)[0]] == [0, 0]
    assert tensors_of(tmp_path / 'run')['global_step'] == 1


def test_a_task_that_does_not_come_is_named(records, tmp_path):
    master, worker = start_local_cluster.free_addresses(2)
    status, lines = finish(start(records, tmp_path / 'run', 'TRAIN.CLUSTER_WAIT=1',
                                 tf_config=config_of('master', 0, master=[master], worker=[worker])))
    assert status == 1
    assert f'worker 0 ({worker}) did not come within 1 seconds: Connection refused' in lines[-1]


def test_why_nothing_can_be_connected_to_is_said():
    address, = start_local_cluster.free_addresses(1)
    host, _, port = address.rpartition(':')
    with socket.create_server((host, int(port))):
        assert watch.connection_error(address) == ''
    assert watch.connection_error(address) == 'Connection refused'
    assert watch.connection_error('no-such-host.invalid:2222')


def test_a_parameter_server_has_nothing_to_do(records, tmp_path):
    tf_config = config_of('ps', 0, ps=['a:1'], worker=['b:1'])
    status, lines = finish(start(records, tmp_path / 'run', tf_config=tf_config))
    assert status == 0
    assert 'nothing for ps 0 to do' in lines[-1]
    assert not (tmp_path / 'run').exists()


def test_a_batch_that_cannot_be_divided_is_refused(records, tmp_path):
    status, lines = finish(start(records, tmp_path / 'run', 'TRAIN.CPU_REPLICAS=3'))
    assert status == 1
    assert 'TRAIN.BATCH_SIZE: expected a multiple of 3' in lines[-1]


def test_a_local_cluster_trains_and_tells_who_says_what(records, tmp_path, capfd):
    flags = arguments(records, tmp_path / 'run', 'TRAIN.STEPS=2')
    assert start_local_cluster.main(['--num_workers', '2', '--', *flags]) == 0
    errors = capfd.readouterr().err
    assert 'master 0: ' in errors
    assert 'worker 0: ' in errors
    assert tensors_of(tmp_path / 'run')['global_step'] == 2


def test_a_local_cluster_ends_with_1_where_a_task_does_and_says_how_it_ended(tmp_path, capfd):
    flags = ['--dataset_dir', str(tmp_path / 'none')]
    assert start_local_cluster.main(['--num_workers', '1', '--', *flags]) == 1
    assert 'master 0 ended with status 1' in capfd.readouterr().err


def test_a_trainings_flag_before_the_dashes_says_where_it_goes(capsys):
    with pytest.raises(SystemExit) as caught:
        start_local_cluster.main(['--dataset_dir', 'records'])
    assert caught.value.code == 2
    message = 'unknown argument --dataset_dir; flags of train_shadownet.py go behind --'
    assert message in capsys.readouterr().err


def test_a_local_cluster_names_the_signal_that_ended_a_task(capfd):
    with subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        process.kill()
        start_local_cluster.follow('worker 7', process)
    assert 'worker 7 was ended by SIGKILL' in capfd.readouterr().err
