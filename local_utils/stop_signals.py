"""SIGTERM and Ctrl-C as a wish that the loop grants at the end of its step."""
import signal


class StopSignals:
    """While the block runs, the first SIGTERM or SIGINT sets `requested`.

    A second one ends the process as it would have.
    """

    def __init__(self):
        self.requested: str | None = None   # the name of the signal that came
        self._handlers = {}

    def __enter__(self):
        self._handlers = {
            number: signal.signal(number, self._request) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_):
        self._restore()

    def _request(self, number, _frame):
        self.requested = signal.Signals(number).name
        self._restore()

    def _restore(self):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
