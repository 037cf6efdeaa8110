"""Progress of long work: a bar on a terminal, elsewhere a line in the log from time to time."""
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from local_utils import bars, log_utils

LINE_SECONDS = 30


class Progress:
    """Counts how much of some work is done, and shows it, the rate and the time left."""

    def __init__(self, total: int, unit: str):
        """Begin.

        Args:
            total: how much there is to do.
            unit: what is counted, such as 'image'.
        """
        self._bar = bars.open_bar(total, unit)
        self._total, self._unit, self._done = total, unit, 0
        self._started = self._last_line = time.monotonic()

    def update(self, count: int) -> None:
        """Count so many more."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
            return
        now = time.monotonic()
        if now - self._last_line >= LINE_SECONDS:
            self._last_line = now
            rate = self._done / (now - self._started)
            time_left = bars.clock((self._total - self._done) / rate)
            log_utils.init_logger().info(
                '%d of %d %ss, %.0f a second, time left %s',
                self._done, self._total, self._unit, rate, time_left)

    @staticmethod
    def stepping_aside() -> AbstractContextManager:
        """Return a block in which lines can be written to standard output: the bar is not there meanwhile."""
        return bars.stepping_aside()

    def over(self, items: Iterable) -> Iterator:
        """Yield the items, each counted once it has been used."""
        for item in items:
            yield item
            self.update(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()
