#!/usr/bin/env python3
"""From the start of test_shadownet.py to its first word: the whole process, and what its parts take.

    python benchmarks/start.py --image_path word.jpg --rounds 7

Each part is a process that does what the script does up to there; a part's time is what it adds to the one
before. The last part is the further views. Prints one JSON object of seconds.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import paired

ROOT = pathlib.Path(__file__).resolve().parent.parent
UP_TO = {
    'Python': '',
    'NumPy and OpenCV': 'import numpy, cv2',
    'the project': 'import tools.test_shadownet',
    'engine and checkpoint': '''
import tools.test_shadownet
from reading import Recogniser
Recogniser.open('bundled', num_images=1)''',
}
# from the second start on, Python has its bytecode
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != 'PYTHONDONTWRITEBYTECODE'}
READ, READ_AGAIN = 'the word is read', 'it is read in further views'


def parse_args():
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--image_path', required=True)
    parser.add_argument('--rounds', type=int, default=7)
    return parser.parse_args()


def seconds_of(*command):
    """Return how long a Python process took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    return time.perf_counter() - started


def main():
    """Measure and print."""
    args = parse_args()
    measures = {name: lambda code=code: seconds_of('-c', code) for name, code in UP_TO.items()}
    image_path = os.path.abspath(args.image_path)
    for name, min_confidence in ((READ, 0), (READ_AGAIN, 1)):
        flags = ['--image_path', image_path, '--set', f'TEST.MIN_CONFIDENCE={min_confidence}']
        measures[name] = lambda flags=flags: seconds_of('tools/test_shadownet.py', *flags)
    figures = paired.in_turn(measures, args.rounds)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    before = dict(zip(medians, [0.0, *medians.values()], strict=False))
    print(json.dumps({
        'machine': paired.machine(),
        'whole_seconds': {name: paired.spread(figures[name]) for name in (READ, READ_AGAIN)},
        'seconds_of_parts': {name: medians[name] - before[name] for name in medians}}, indent=2))


if __name__ == '__main__':
    main()
