"""Progress of long work: a bar on a terminal, elsewhere a line in the log from time to time."""
import time

from tqdm import tqdm

from local_utils import log_utils

LINE_SECONDS = 30


class Progress:
    """Counts how much of some work is done, and shows it, the rate and the time left."""

    def __init__(self, total, unit):
        """Begin.

        Args:
            total: how much there is to do.
            unit: what is counted, such as 'image'.
        """
        self._bar = tqdm(total=total, unit=unit, disable=None, dynamic_ncols=True, leave=None)   # below another bar it goes
        self._total, self._unit, self._done = total, unit, 0
        self._started = self._last_line = time.monotonic()

    def update(self, count):
        """Count so many more."""
        self._bar.update(count)
        self._done += count
        now = time.monotonic()
        if self._bar.disable and now - self._last_line >= LINE_SECONDS:
            self._last_line = now
            rate = self._done / (now - self._started)
            log_utils.init_logger().info('%d of %d %ss, %.0f a second, time left %s', self._done, self._total, self._unit, rate,
                                         tqdm.format_interval((self._total - self._done) / rate))

    @staticmethod
    def stepping_aside():
        """Return a block in which lines can be written to standard output: the bar is not there meanwhile."""
        return tqdm.external_write_mode()

    def over(self, items):
        """Yield the items, each counted once it has been used."""
        for item in items:
            yield item
            self.update(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()
