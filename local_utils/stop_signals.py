"""SIGTERM and Ctrl-C that wait: for the end of a step of a loop, or of what has to be done as a whole."""
import contextlib
import signal
import threading
from collections.abc import Iterator

STOPPING = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """While the block runs, the first SIGTERM or SIGINT sets `requested`.

    A second one ends the process as it would have.
    """

    def __init__(self):
        self.requested: str | None = None   # the name of the signal that came
        self._handlers = {}

    def __enter__(self):
        self._handlers = {
            number: signal.signal(number, self._request) for number in STOPPING}
        return self

    def __exit__(self, *_):
        self._restore()

    def _request(self, number, _frame):
        self.requested = signal.Signals(number).name
        self._restore()

    def _restore(self):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C wait until the block has ended; it should be a short one."""
    if threading.current_thread() is not threading.main_thread():
        yield   # only the main thread is interrupted
        return
    came = []
    handlers = {number: signal.signal(number, lambda number, _frame: came.append(number))
                for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)
