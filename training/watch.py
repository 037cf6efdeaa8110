"""Watching the other tasks of a cluster: a step that waits for one that is gone, or stopped, would never end.

A task that is gone refuses the connection. For one that is stopped (SIGSTOP, a frozen machine) the system
still takes connections, so it is asked for an answer: what an HTTP/2 server, as gRPC is one, begins with.
"""
import collections
import os
import socket
import threading
import time

from local_utils import log_utils
from local_utils.errors import Unavailable

PROBE_SECONDS, PROBES_TO_LOSE = 2.0, 3     # a task that refuses so many times in a row is gone
SILENCE_LOG_SECONDS = 10                   # without an answer after which the log says for whom it waits
GOES_ON = 'when all tasks are started again, the run goes on from the last checkpoint'
GREETING = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0'   # of HTTP/2, and empty settings
SILENT = 'no answer'


def connection_error(address: str) -> str:
    """Return why nothing can be connected to at host:port, or '' where something can."""
    return _try(address, lambda connection: '')


def answer_error(address: str) -> str:
    """Return why the gRPC server at host:port is not there, SILENT where it only does not answer, or ''."""
    return _try(address, _ask)


def _try(address, use):
    host, _, port = address.rpartition(':')
    try:
        with socket.create_connection((host, int(port)), timeout=PROBE_SECONDS) as connection:
            return use(connection)
    except OSError as error:
        return error.strerror or str(error)


def _ask(connection):
    try:
        connection.sendall(GREETING)
        return '' if connection.recv(1) else 'the connection was closed'
    except TimeoutError:
        return SILENT


def wait_for(tasks: list[tuple[str, str]], limit_seconds: float) -> None:
    """Wait until each of some tasks, (name, address), answers.

    Raises:
        Unavailable: one of them does not after so many seconds; names it.
    """
    started = told = time.monotonic()
    for name, address in tasks:
        while error := answer_error(address):
            now = time.monotonic()
            if now - started > limit_seconds:
                raise Unavailable(f'{name} ({address}) did not come within {limit_seconds} seconds: {error}')
            if now - told > SILENCE_LOG_SECONDS:
                log_utils.init_logger().info('waiting for %s (%s: %s)', name, address, error)
                told = now
            time.sleep(0.5)


def unreachable(tasks: list[tuple[str, str]]) -> str:
    """Return those tasks that cannot be connected to, as text, waiting a little for one to be such."""
    for _ in range(2 * PROBES_TO_LOSE):
        lost = [f'{name} ({address})' for name, address in tasks if connection_error(address)]
        if lost:
            return ', '.join(lost)
        time.sleep(0.5)
    return ''


class Watch:
    """A thread that ends the process once another task is gone, or silent for too long."""

    def __init__(self, tasks: list[tuple[str, str]], silence_limit: float):
        """Choose what is watched.

        Args:
            tasks: (name, address) of each.
            silence_limit: seconds without an answer after which the process ends.
        """
        self._tasks, self._silence_limit = tasks, silence_limit
        self._refusals = collections.Counter()   # in a row, of each task
        self._answered = {}                      # when each last did, or refused
        self._done = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        self._answered = {name: time.monotonic() for name, _ in self._tasks}
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Let the others end from now on."""
        self._done.set()

    def _run(self):
        while not self._done.wait(PROBE_SECONDS):
            for name, address in self._tasks:
                what = self._what_is_wrong(name, answer_error(address))
                if what and not self._done.is_set():
                    log_utils.init_logger().error('%s (%s) %s; %s', name, address, what, GOES_ON)
                    os._exit(1)   # the operations that wait for it would never end

    def _what_is_wrong(self, name, error):
        """Return why the run has to end for want of a task, or ''; say for whom it waits."""
        before, now = self._answered[name], time.monotonic()
        if error != SILENT:
            self._answered[name] = now
            self._refusals[name] = self._refusals[name] + 1 if error else 0
            return 'is gone' if self._refusals[name] >= PROBES_TO_LOSE else ''
        silence = now - before
        if silence > self._silence_limit:
            return f'has not answered for {silence:.0f} seconds (TRAIN.CLUSTER_SILENCE)'
        if silence > SILENCE_LOG_SECONDS:
            log_utils.init_logger().warning('waiting for %s, which has not answered for %.0f seconds', name,
                                            silence)
        return ''
