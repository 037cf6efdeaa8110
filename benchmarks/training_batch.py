"""What the steps and the readers of the benchmarks have in common: flags, a random batch, answering."""
import argparse
import contextlib
import sys
import time
from collections.abc import Callable

import numpy as np
import paired

WARM_UP_STEPS = 4
MIN_SECONDS = 0.2   # of a measurement: the first images find the processor's caches full of what ran before
LEARNING_RATE = 1e-4
GRADIENT_CLIP_NORM = 5.0
DROPOUT = 0.5


def argument_parser(description: str, has_precision: bool = True) -> argparse.ArgumentParser:
    """Return a parser with the flags of a step, or a reading: sizes and, where it has one, the precision."""
    parser = paired.argument_parser(description)
    parser.add_argument('--batch_size', type=int, default=64)
    parser.add_argument('--width', type=int, default=100, help='of the images, pixels')
    parser.add_argument('--num_classes', type=int, default=37, help='characters and blank')
    if has_precision:
        parser.add_argument('--precision', choices=['float32', 'bfloat16'], default='bfloat16')
    return parser


def paired_arguments(
        description: str, rounds: int, has_precision: bool = True) -> tuple[argparse.Namespace, list[str]]:
    """Parse the command line of a benchmark that measures steps in turn.

    Returns:
        (the parsed command line, the flags that give a Worker the same sizes)
    """
    parser = argument_parser(description, has_precision)
    sizes = list(vars(parser.parse_args([])))
    parser.add_argument('--rounds', type=int, default=rounds)
    parser.add_argument('--peer_python', default=sys.executable,
                        help="the Python with the peers' packages (default: this one)")
    args = parser.parse_args()
    return args, [f'--{name}={getattr(args, name)}' for name in sizes]


def start_workers(stack: contextlib.ExitStack, scripts: dict[str, tuple], sizes: list[str],
                  peer_python: str) -> dict[str, paired.Worker]:
    """Start the scripts, to be ended with the stack; those not called ours… run in the peers' Python."""
    pythons = {name: sys.executable if name.startswith('ours') else peer_python for name in scripts}
    return {name: stack.enter_context(paired.Worker(*script, *sizes, python=pythons[name]))
            for name, script in scripts.items()}


def random_batch(args: argparse.Namespace) -> tuple[np.ndarray, list[list[int]]]:
    """Return (uint8 [batch, 32, width, 3], list of labels of 4 to 12 class indices)."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [args.batch_size, 32, args.width, 3], np.uint8)
    lengths = rng.integers(4, 13, args.batch_size)
    return images, [rng.integers(0, args.num_classes - 1, length).tolist() for length in lengths]


def serve_step(step: Callable[[], object], batch_size: int) -> None:
    """Warm up, then answer each line on standard input with the images/s of one step.

    Of quick steps it takes as many as fill MIN_SECONDS.
    """
    def images_per_second():
        started, steps = time.perf_counter(), 0
        while steps == 0 or time.perf_counter() - started < MIN_SECONDS:
            step()
            steps += 1
        return steps * batch_size / (time.perf_counter() - started)

    for _ in range(WARM_UP_STEPS):
        step()
    paired.serve(images_per_second)
