"""Measuring things in turn, A, B, A, B …, so that whatever else the machine does meets all of them."""
import argparse
import collections
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import parallel


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser that shows a script's docstring as it was typed."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


class Worker:
    """A script in a process of its own that answers each line of standard input; see `serve`."""

    def __init__(self, script: str, *arguments, python: str = sys.executable):
        """Start the script, in a Python that has its packages, and wait until it is ready to be measured."""
        command = [python, str(pathlib.Path(__file__).with_name(script)), *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.measure()   # the first answer comes after the warm-up

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def measure(self) -> float:
        """Ask for one figure."""
        self._process.stdin.write('\n')
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f'{self._process.args} ended with status {self._process.wait()}')
        return float(answer)


def serve(measure: Callable[[], float]) -> None:
    """Be the script of a Worker: answer each line of standard input with a figure."""
    for _ in sys.stdin:
        print(measure(), flush=True)


def in_turn(measures: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Call each of the functions once a round.

    Each round begins with another one, so that none always follows the same.

    Args:
        measures: dict of name → function that returns a figure.

    Returns:
        dict of name → list of the figures, one a round.
    """
    figures = {name: [] for name in measures}
    for number in range(rounds):
        names = collections.deque(measures)
        names.rotate(-number)
        for name in names:
            figures[name].append(measures[name]())
    return figures


def spread(values: list[float]) -> dict[str, float]:
    """Return the minimum, the median and the maximum."""
    return {'min': min(values), 'median': statistics.median(values), 'max': max(values)}


def ratio_of_medians(values: list[float], others: list[float]) -> float:
    """Return by what factor the median of the values is larger than that of the others."""
    return statistics.median(values) / statistics.median(others)


def machine() -> dict:
    """Return what the figures were measured on."""
    return {'processor': processor_name(), 'cores': parallel.usable_cores(), 'gpu': gpu_name()}


def gpu_name() -> str | None:
    """Return the name of the first NVIDIA GPU that programs may use, or None."""
    if os.environ.get('CUDA_VISIBLE_DEVICES') == '' or not shutil.which('nvidia-smi'):
        return None
    command = ['nvidia-smi', '--query-gpu=name', '--format=csv,noheader']
    names = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return names.partition('\n')[0] or None


def processor_name() -> str:
    """Return the processor's name where the system tells, else its architecture."""
    try:
        lines = pathlib.Path('/proc/cpuinfo').read_text(encoding='ascii', errors='replace').splitlines()
    except OSError:   # not Linux
        lines = []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()
