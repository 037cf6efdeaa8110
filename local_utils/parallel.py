"""Work spread over threads or processes, its results in order."""
import collections
import concurrent.futures
import contextlib
import itertools
import multiprocessing
import os
import signal
import threading


@contextlib.contextmanager
def worker_processes(num_workers):
    """Yield an executor of processes, started afresh (spawned), that leave Ctrl-C to the parent.

    Raises:
        OSError: one of them died.
    """
    context = multiprocessing.get_context('spawn')
    try:
        with concurrent.futures.ProcessPoolExecutor(num_workers, context, initializer=_start_worker) as executor:
            yield executor
    except concurrent.futures.BrokenExecutor as error:
        raise OSError('a worker process was killed, perhaps because memory ran out; try a smaller --num_workers') from error


def _start_worker():
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)


def ordered_map(executor, function, items, max_pending):
    """Yield `function(item)` for each item, in the order of the items, worked out by an executor.

    Unlike `Executor.map` it takes from `items` only as fast as the results are used, so that memory stays bounded by
    `max_pending` items.
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


def chunked(items, size):
    """Yield the items in lists of `size`; the last may be shorter."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
