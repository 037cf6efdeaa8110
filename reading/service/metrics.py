"""What the service counts, in the text form of Prometheus."""
import bisect
import collections
import itertools
import os
import resource
import time
from collections.abc import Callable, Iterator

CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
PAGE_BYTES = resource.getpagesize()


class Counter:
    """Counts by labels."""

    def __init__(self, name: str, meaning: str, *labels: str):
        self._name, self._meaning, self._labels = name, meaning, labels
        self._counts = collections.Counter()

    def add(self, *values) -> None:
        """Count one with these values of the labels."""
        self._counts[values] += 1

    def lines(self) -> Iterator[str]:
        """Yield the lines of the text form."""
        yield from _head(self._name, self._meaning, 'counter')
        for values, count in sorted(self._counts.items()):
            yield f'{self._name}{_labelled(zip(self._labels, values, strict=True))} {count}'


class Histogram:
    """Counts figures by their size."""

    def __init__(self, name: str, meaning: str, bounds: tuple[float, ...]):
        self._name, self._meaning, self._bounds = name, meaning, bounds
        self._counts, self._sum = [0] * (len(bounds) + 1), 0.0

    def observe(self, figure: float) -> None:
        """Count a figure."""
        self._counts[bisect.bisect_left(self._bounds, figure)] += 1
        self._sum += figure

    def lines(self) -> Iterator[str]:
        """Yield the lines of the text form."""
        yield from _head(self._name, self._meaning, 'histogram')
        for bound, count in zip([*self._bounds, '+Inf'], itertools.accumulate(self._counts), strict=True):
            yield f'{self._name}_bucket{_labelled([("le", bound)])} {count}'
        yield f'{self._name}_sum {self._sum:.6f}'
        yield f'{self._name}_count {sum(self._counts)}'


class Metrics:
    """All figures of a service."""

    def __init__(self):
        self.requests = Counter('crnn_requests_total', 'Requests answered.', 'path', 'status')
        self.images = Counter('crnn_images_total', 'Images by what became of them.', 'result')
        self.seconds = Histogram('crnn_request_seconds', 'Time from the head of a request to its answer.',
                                 (.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
        self.batch_sizes = Histogram('crnn_batch_images', 'Images that were read at once.',
                                     (1, 2, 4, 8, 16, 32, 64))
        self._started = time.time()

    def text(self, gauges: dict[str, tuple[str, Callable[[], float]]]) -> str:
        """Return the text form.

        Args:
            gauges: of figures that rise and fall, by name: the meaning, and a function that returns the
                figure.
        """
        lines = [line for figure in (self.requests, self.images, self.seconds, self.batch_sizes)
                 for line in figure.lines()]
        own = {'process_resident_memory_bytes': ('Memory of the service without its decoders.',
                                                 resident_bytes),
               'process_start_time_seconds': ('When it started.', lambda: self._started)}
        for name, (meaning, figure) in {**gauges, **own}.items():
            lines += [*_head(name, meaning, 'gauge'), f'{name} {figure()}']
        return '\n'.join(lines) + '\n'


def resident_bytes() -> int:
    """Return the memory that this process has now, or where the system does not tell, the
    most that it had.
    """
    if os.path.exists('/proc/self/statm'):
        with open('/proc/self/statm', encoding='ascii') as file:
            return PAGE_BYTES * int(file.read().split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _head(name, meaning, kind):
    return f'# HELP {name} {meaning}', f'# TYPE {name} {kind}'


def _labelled(pairs):
    """Return labels as the text form has them; their values are the service's own words, none
    of a request's.
    """
    inside = ','.join(f'{label}="{value}"' for label, value in pairs)
    return f'{{{inside}}}' if inside else ''
