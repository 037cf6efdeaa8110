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
import time
import types
from collections.abc import Callable, Iterable, Iterator

from local_utils import stop_signals
from local_utils.errors import Unavailable, WrongArgument

MAX_WORKERS_A_CORE = 32
LOOKING_SECONDS = 5    # after which it is looked whether somebody works
NOTE_BYTES = 1024
SECONDS_OF_DYING = 3   # after which a process that died is seen to have
LIKELY_CAUSES = {
    -signal.SIGKILL: ', perhaps because memory ran out',
    -signal.SIGSEGV: ', as native code does with data that it takes for sound',
}


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
        WrongArgument: they would be too many for this machine.
        Unavailable: one of them died; says how.
    """
    largest = MAX_WORKERS_A_CORE * usable_cores()
    if num_workers > largest:
        raise WrongArgument(f'{num_workers} worker processes: expected at most {largest} on this machine, '
                            f'{MAX_WORKERS_A_CORE} a processor core')
    context = _WorkerContext(_ProcessWithoutScript if prepare else _WorkerProcess)
    try:
        with _Executor(num_workers, context, initializer=_start_worker, initargs=(prepare,)) as executor:
            try:
                yield executor
            finally:
                executor.shutdown(cancel_futures=True)
    except concurrent.futures.BrokenExecutor as error:
        raise Unavailable(f'{executor.how_one_died()}; try a smaller --num_workers') from error
    finally:
        context.end_those_left()


class _Executor(concurrent.futures.ProcessPoolExecutor):
    """An executor that no signal interrupts while it starts a process.

    The process would run without the executor's knowing of it, and take another one's word to end.
    """

    def __init__(self, num_workers, context, **how):
        super().__init__(num_workers, context, **how)
        self._processes_started = context.started

    def submit(self, *args, **kwargs):
        """Give a task, for which a process may have to be started."""
        with stop_signals.held_back():
            return super().submit(*args, **kwargs)

    def is_working(self) -> bool:
        """Whether the thread lives that gives the tasks out, or is not needed yet."""
        thread = self._executor_manager_thread
        return thread is None or thread.is_alive()

    def how_one_died(self) -> str:
        """Say how the process ended whose end raised BrokenExecutor."""
        return _how_one_died(self._processes_started)


class _WorkerProcess(multiprocessing.context.SpawnProcess):
    """A process that Ctrl-C does not reach, not even before it can leave it to the parent."""

    note = None   # memory that it shares with the parent: what it works at

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
    """Starts processes of a class, and remembers them."""

    def __init__(self, process_class):
        super().__init__()
        self._process_class = process_class
        self.started = []

    def Process(self, *args, **kwargs):  # noqa: N802
        """Return a new process."""
        process = self._process_class(*args, **kwargs)
        with contextlib.suppress(OSError):   # there is no room for it
            process.note = self.RawArray('c', NOTE_BYTES)
        self.started.append(process)
        return process

    def end_those_left(self):
        """End the processes of an executor that could not end them, for want of a thread."""
        for process in self.started:
            if process.is_alive():
                process.kill()
                process.join()


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


def _how_one_died(processes):
    """Say how the first of some processes died; the executor ends the others (SIGTERM)."""
    deadline = time.monotonic() + SECONDS_OF_DYING
    while not (statuses := {process.exitcode for process in processes} - {None, 0, -signal.SIGTERM}):
        if time.monotonic() > deadline:   # that one was told to end from outside
            statuses = {-signal.SIGTERM}
            break
        time.sleep(0.05)
    status = min(statuses)
    notes = [process.note.value for process in processes if process.exitcode == status and process.note]
    note = f' (it last took {notes[0].decode("utf-8", "replace")})' if any(notes[:1]) else ''
    return f'a worker process was ended by {how_ended(status)}{LIKELY_CAUSES.get(status, "")}{note}'


def how_ended(status: int) -> str:
    """Return how a process ended, by its exit status as of subprocess: the signal's name, or the status."""
    if status >= 0:
        return f'itself with status {status}'
    try:
        return signal.Signals(-status).name
    except ValueError:   # a real-time signal
        return f'signal {-status}'


def note(text: str) -> None:
    """Say what a worker process takes, an image or a font, for the message where native code ends it."""
    memory = getattr(multiprocessing.current_process(), 'note', None)
    if memory is not None:
        memory.value = text.encode('utf-8', 'replace').replace(b'\0', b'')[:NOTE_BYTES - 1]


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
                yield _result(pending.popleft(), executor)
        while pending:
            yield _result(pending.popleft(), executor)
    finally:
        for future in pending:
            future.cancel()


def _result(future, executor):
    """Return the result of a future; raises Unavailable where nobody works at it any more."""
    while True:
        try:
            return future.result(LOOKING_SECONDS)
        except concurrent.futures.TimeoutError as error:
            if future.done():   # and has raised it, or come to its end at this moment
                return future.result()
            if isinstance(executor, _Executor) and not executor.is_working():
                raise Unavailable('the system refuses memory or a thread to the worker processes; '
                                  'try a smaller --num_workers') from error


def chunked(items: Iterable, size: int) -> Iterator[list]:
    """Yield the items in lists of `size`; the last may be shorter."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
