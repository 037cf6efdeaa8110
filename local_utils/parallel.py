"""Work spread over threads or processes, its results in order."""
import collections
import concurrent.futures
import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator

from local_utils.errors import Unavailable


def usable_cores() -> int:
    """Return the number of the processor's cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


@contextlib.contextmanager
def worker_processes(
        num_workers: int, prepare: Callable[[], None] | None = None) -> Iterator[concurrent.futures.Executor]:
    """Yield an executor of processes, started afresh (spawned), that leave Ctrl-C to the parent.

    What still waits at the end is dropped.

    Args:
        num_workers: processes.
        prepare: a function that each of them calls first. They do not import the script that runs then, nor
            what it imports, so that what they are to do must be in other modules.

    Raises:
        Unavailable: one of them died.
    """
    context = _ContextWithoutScript() if prepare else _WorkerContext()
    try:
        with _Executor(num_workers, context, initializer=_start_worker, initargs=(prepare,)) as executor:
            try:
                yield executor
            finally:
                executor.shutdown(cancel_futures=True)
    except concurrent.futures.BrokenExecutor as error:
        raise Unavailable('a worker process was killed, perhaps because memory ran out; '
                          'try a smaller --num_workers') from error


class _Executor(concurrent.futures.ProcessPoolExecutor):
    """An executor that no signal interrupts while it starts a process.

    The process would run without the executor's knowing of it, and take another one's word to end.
    """

    def submit(self, *args, **kwargs):
        """Give a task, for which a process may have to be started."""
        with _signals_afterwards():
            return super().submit(*args, **kwargs)


@contextlib.contextmanager
def _signals_afterwards():
    """Let Ctrl-C and SIGTERM wait until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield   # only the main thread is interrupted
        return
    came = []
    handlers = {number: signal.signal(number, lambda number, _frame: came.append(number))
                for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


class _WorkerProcess(multiprocessing.context.SpawnProcess):
    """A process that Ctrl-C does not reach, not even before it can leave it to the parent."""

    def start(self):
        """Start the process, which has the signals blocked that this thread has blocked."""
        if not hasattr(signal, 'pthread_sigmask'):   # Windows
            super().start()
            return
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


class _WorkerContext(multiprocessing.context.SpawnContext):
    Process = _WorkerProcess


class _ProcessWithoutScript(_WorkerProcess):
    """A process that does not import the running script, for it does not see one when it starts."""

    def start(self):
        """Start the process."""
        script = sys.modules['__main__']
        sys.modules['__main__'] = types.ModuleType('__main__')
        try:
            super().start()
        finally:
            sys.modules['__main__'] = script


class _ContextWithoutScript(multiprocessing.context.SpawnContext):
    Process = _ProcessWithoutScript


def _start_worker(prepare):
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare:
        prepare()


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)


def ordered_map(executor: concurrent.futures.Executor, function: Callable, items: Iterable,
                max_pending: int) -> Iterator:
    """Yield `function(item)` for each item, in the order of the items, worked out by an executor.

    Unlike `Executor.map` it takes from `items` only as fast as the results are used, so that memory stays
    bounded by `max_pending` items.
    """
    pending = collections.deque()
    try:
        for item in items:
            pending.append(executor.submit(function, item))
            if len(pending) >= max_pending:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def chunked(items: Iterable, size: int) -> Iterator[list]:
    """Yield the items in lists of `size`; the last may be shorter."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
