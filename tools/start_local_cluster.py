#!/usr/bin/env python3
"""Start a small cluster on this machine, to try how training on several machines works.

    python tools/start_local_cluster.py --num_workers 2 -- --dataset_dir records --output_dir runs/cluster

What stands behind -- goes to each train_shadownet.py. Their lines come out with their names in front. SIGTERM
and Ctrl-C are handed on. The exit status is 0 where each ended with 0, and 2 where they refused a flag.

The tasks of a cluster do what anybody who reaches their ports asks for. So these run in a network namespace
of their own, without a way in from outside, where the system allows one; else a warning says so.
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import command_line, files, log_utils, network_namespace


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.OneLineParser(description=__doc__)
    parser.add_argument('--num_workers', type=command_line.positive_number, default=2, metavar='N',
                        help='processes, the master too')
    parser.add_argument('training_flags', nargs='*', metavar='FLAG',
                        help='flags of train_shadownet.py, behind --')
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(f'unknown argument {unknown[0]}; flags of train_shadownet.py go behind --')
    return args


def start_local_cluster(num_workers: int, training_flags: list[str]) -> int:
    """Run a training in so many processes; return the exit status."""
    tasks, received = {}, []

    def hand_on(number, _frame=None):
        received.append(number)
        for process in tasks.values():
            process.send_signal(number)

    handlers = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
    with network_namespace.held() as (in_namespace, why_none):
        if why_none:
            log_utils.init_logger().warning('no network namespace (%s): while they run, whoever reaches this '
                                            'machine reaches the tasks, and can use its files', why_none)
        tasks.update(start_tasks(num_workers, [*in_namespace, *training_command(training_flags)]))
        for number in received[:]:   # while they were started
            hand_on(number)
        follow_all(tasks)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    failed = {process.wait() for process in tasks.values()} - {0}
    return 2 if failed == {2} else int(bool(failed))


def follow_all(tasks: dict) -> None:
    """Print the lines of some tasks, a dict of name → Popen, until each has ended."""
    for name, process in tasks.items():
        log_utils.init_logger().info('%s is process %d', name, process.pid)
    threads = [threading.Thread(target=follow, args=task) for task in tasks.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def training_command(training_flags: list[str]) -> list[str]:
    """Return the command that trains with such flags, a list."""
    return [sys.executable, files.repository_path('tools', 'train_shadownet.py'), *training_flags]


def start_tasks(num_workers: int, command: list[str], **options) -> dict[str, subprocess.Popen]:
    """Start a command as the tasks of a cluster on this machine.

    Args:
        num_workers: processes, the master too.
        command: list; it learns from TF_CONFIG which task it is.
        options: of Popen; without them standard error is a pipe.

    Returns:
        dict of the task's name, such as 'worker 0', → Popen, the master first.
    """
    addresses = free_addresses(num_workers)
    cluster = {'master': addresses[:1], 'worker': addresses[1:]}
    options = {'stderr': subprocess.PIPE, **options}
    tasks = {}
    for type_, index in [('master', 0), *(('worker', index) for index in range(num_workers - 1))]:
        tf_config = json.dumps({'cluster': cluster, 'task': {'type': type_, 'index': index}})
        tasks[f'{type_} {index}'] = subprocess.Popen(
            command, env={**os.environ, 'TF_CONFIG': tf_config}, text=True, errors='replace',
            start_new_session=True, **options)   # Ctrl-C reaches them through us alone
    return tasks


def free_addresses(count: int) -> list[str]:
    """Return addresses of this machine whose ports are free now, list of host:port."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(('127.0.0.1', 0))
        return [f'127.0.0.1:{each.getsockname()[1]}' for each in sockets]


def follow(name: str, process: subprocess.Popen) -> None:
    """Print a task's lines of standard error with its name before each, and, where it failed, how."""
    for line in process.stderr:
        sys.stderr.write(f'{name}: {line}')
    status = process.wait()
    if status < 0:
        log_utils.init_logger().error('%s was ended by %s', name, signal.Signals(-status).name)
    elif status:
        log_utils.init_logger().error('%s ended with status %d', name, status)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    return start_local_cluster(args.num_workers, args.training_flags)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
