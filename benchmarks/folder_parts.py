#!/usr/bin/env python3
"""Read a folder as test_shadownet.py does, and time each part.

    python benchmarks/folder_parts.py --image_dir words

A part of folder.py. Prints one JSON object of seconds: opening, reading from the first image to the last, and
what all threads together spent in each part meanwhile; `overlap` is the sum of the parts by the reading.
"""
import collections
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import paired

from reading import Recogniser, decoding, recogniser, samples, views, weighing


class Clock:
    """Adds up the seconds that threads spend in functions, by a name that several may share."""

    def __init__(self):
        self.seconds = collections.Counter()
        self._lock = threading.Lock()

    def time(self, owner, function_name, part):
        """Let a function of a module or class be timed from now on."""
        function = getattr(owner, function_name)

        def timed(*args, **kwargs):
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[part] += time.perf_counter() - started

        setattr(owner, function_name, timed)


def parse_args():
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--image_dir', required=True)
    return parser.parse_args()


def main():
    """Read and print."""
    args = parse_args()
    files, _ = samples.find_images([args.image_dir])
    clock, started = Clock(), time.perf_counter()
    reader = Recogniser.open('bundled', num_images=len(files))
    opened = time.perf_counter()
    clock.time(recogniser, 'pixels_of', 'files to pixels')
    clock.time(views, 'make_view', 'views')
    clock.time(type(reader._engine), 'logits', 'network')
    for name in ('probabilities', 'decode'):
        clock.time(decoding.Decoder, name, 'decoding')
    clock.time(weighing, 'place_characters', 'decoding')
    for _ in reader.read_all(files):
        pass
    seconds = time.perf_counter() - opened
    print(json.dumps({
        'engine': type(reader._engine).__name__, 'opening': opened - started, 'reading': seconds,
        'overlap': sum(clock.seconds.values()) / seconds,
        'fractions': {part: of_part / sum(clock.seconds.values())
                      for part, of_part in clock.seconds.most_common()}}, indent=2))


if __name__ == '__main__':
    main()
