"""Measuring how well a network reads; one code for the evaluation script and for a training's validation."""
import collections
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from local_utils import log_utils, metrics
from local_utils.errors import UnknownCharacter
from local_utils.metrics import TextMetrics
from reading.readings import Reading
from reading.recogniser import Image, Recogniser


class Sample(NamedTuple):
    """An image whose text is known."""

    image: Image   # in a form that Recogniser.read_all takes
    text: str
    name: str = ''   # says where it is from


class Example(NamedTuple):
    """A sample that was read, to be shown."""

    image: np.ndarray   # as the sample has it
    truth: str
    text: str
    confidence: float


class Evaluation(NamedTuple):
    """How well samples were read."""

    samples: int                # that were read
    unreadable: int             # whose image cannot be read
    exact: TextMetrics          # of the texts as the alphabet writes them
    outside_alphabet: int       # samples whose text the alphabet cannot write
    alphanumeric: TextMetrics   # of the alphanumeric protocol
    not_alphanumeric: int       # samples that it leaves out: they have no letter or digit
    examples: list[Example]     # the first few


def evaluate(recogniser: Recogniser, samples: Iterable[Sample], num_examples: int = 0) -> Evaluation:
    """Read every sample and measure how well; one that cannot be read is logged by its name.

    Args:
        recogniser: Recogniser.
        samples: a stream of Sample.
        num_examples: how many examples to keep, at most.
    """
    exact, alphanumeric = TextMetrics(), TextMetrics()
    counts, examples = collections.Counter(), []
    for sample, reading in read_samples(recogniser, samples):
        if reading.text is None:
            counts['unreadable'] += 1
            log_utils.init_logger().error('%s: %s', sample.name, reading.error)
            continue
        counts['samples'] += 1
        try:
            exact.add(recogniser.codec.fold(sample.text), reading.text)
        except UnknownCharacter:
            counts['outside_alphabet'] += 1
        truth = metrics.alphanumeric(sample.text)
        if truth:
            alphanumeric.add(truth, metrics.alphanumeric(reading.text))
        else:
            counts['not_alphanumeric'] += 1
        if len(examples) < num_examples:
            examples.append(Example(sample.image, sample.text, reading.text, reading.confidence))
    return Evaluation(exact=exact, alphanumeric=alphanumeric, examples=examples, **{
        name: counts[name] for name in ('samples', 'unreadable', 'outside_alphabet', 'not_alphanumeric')})


def read_samples(recogniser: Recogniser, samples: Iterable[Sample]) -> Iterator[tuple[Sample, Reading]]:
    """Yield each sample with its Reading, in order, as they are read."""
    being_read = collections.deque()

    def images():
        for sample in samples:
            being_read.append(sample)
            yield sample.image

    for reading in recogniser.read_all(images()):
        yield being_read.popleft(), reading
