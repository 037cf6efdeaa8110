"""Measuring how well a network reads; one code for the evaluation script and for a training's validation."""
import collections
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from local_utils import log_utils, texts, visible
from local_utils.errors import UnknownCharacter
from local_utils.metrics import TextMetrics
from reading.readings import Reading
from reading.recogniser import Image, Recogniser, WithLexicon

SUBSETS = ('letters_and_digits_alone', 'three_or_more_of_them')
RESULT_HEADER = 'path\ttruth\ttext\tconfidence\tright\n'
LONG_ENOUGH = 3   # characters of the words that the first papers measured


class Sample(NamedTuple):
    """An image whose text is known."""

    image: Image | WithLexicon   # in a form that Recogniser.read_all takes
    text: str                    # that is to be read
    name: str = ''               # says where it is from, for a message
    path: str = ''               # of the image, or what is known of it
    annotated: str = ''          # the text as the annotation has it, where that may be another


class Example(NamedTuple):
    """A sample that was read, to be shown."""

    image: np.ndarray   # as the sample has it
    truth: str
    text: str
    confidence: float


class Evaluation(NamedTuple):
    """How well samples were read."""

    samples: int                    # that were read
    unreadable: int                 # whose image cannot be read
    exact: TextMetrics              # of the texts as the alphabet writes them
    outside_alphabet: int           # samples whose text the alphabet cannot write
    alphanumeric: TextMetrics       # of the alphanumeric protocol
    not_alphanumeric: int           # samples that it leaves out: they have no letter or digit
    # of the alphanumeric protocol, of the samples that papers leave, see subsets_of
    subsets: dict[str, TextMetrics]
    examples: list[Example]         # the first few


def evaluate(recogniser: Recogniser, samples: Iterable[Sample], num_examples: int = 0,
             note: Callable[[Sample, Reading], None] | None = None) -> Evaluation:
    """Read every sample and measure how well; one that cannot be read is logged by its name.

    Args:
        recogniser: Recogniser.
        samples: a stream of Sample.
        num_examples: how many examples to keep, at most.
        note: is called with each sample and its reading.
    """
    exact, alphanumeric, subsets = TextMetrics(), TextMetrics(), {name: TextMetrics() for name in SUBSETS}
    counts, examples = collections.Counter(), []
    for sample, reading in read_samples(recogniser, samples):
        if note:
            note(sample, reading)
        if reading.text is None:
            counts['unreadable'] += 1
            log_utils.init_logger().error('%s: %s', sample.name, reading.error)
            continue
        counts['samples'] += 1
        try:
            exact.add(recogniser.codec.fold(sample.text), reading.text)
        except UnknownCharacter:
            counts['outside_alphabet'] += 1
        truth, text = texts.alphanumeric(sample.text), texts.alphanumeric(reading.text)
        if truth:
            alphanumeric.add(truth, text)
        else:
            counts['not_alphanumeric'] += 1
        for name in subsets_of(sample.annotated or sample.text):
            subsets[name].add(truth, text)
        if len(examples) < num_examples:
            examples.append(Example(sample.image, sample.text, reading.text, reading.confidence))
    return Evaluation(exact=exact, alphanumeric=alphanumeric, subsets=subsets, examples=examples, **{
        name: counts[name] for name in ('samples', 'unreadable', 'outside_alphabet', 'not_alphanumeric')})


def subsets_of(text: str) -> list[str]:
    """Return the names of the subsets that a sample belongs to, so that figures compare with those of papers.

    Many leave out each word that has anything but letters and digits in it, the first ones also those of
    fewer than three characters.
    """
    if not text or texts.alphanumeric(text) != text.lower():
        return []
    return list(SUBSETS if len(text) >= LONG_ENOUGH else SUBSETS[:1])


def figures_of(measured: Evaluation) -> dict:
    """Return the figures of an Evaluation as a dict that JSON can take."""
    confusion = {}
    for (truth, read), count in sorted(measured.exact.confusion.items()):
        confusion.setdefault(truth, {})[read] = count
    return {
        'samples': measured.samples,
        'unreadable': measured.unreadable,
        'outside_alphabet': measured.outside_alphabet,
        'not_alphanumeric': measured.not_alphanumeric,
        'exact': measured.exact.results(excluded=measured.outside_alphabet),
        'alphanumeric': measured.alphanumeric.results(excluded=measured.not_alphanumeric),
        'subsets': {name: subset.results() for name, subset in measured.subsets.items()},
        'confusion': confusion,
    }


def result_line(sample: Sample, reading: Reading) -> str:
    """Return the line of a sample in a file of results, see RESULT_HEADER; what cannot be read has an empty
    text.
    """
    text = reading.text or ''
    is_right = reading.text is not None and texts.alphanumeric(text) == texts.alphanumeric(sample.text)
    shown = map(visible.field, (sample.path or sample.name, sample.text, text))
    return '\t'.join([*shown, f'{reading.confidence:.4f}', str(int(is_right))]) + '\n'


def read_samples(recogniser: Recogniser, samples: Iterable[Sample]) -> Iterator[tuple[Sample, Reading]]:
    """Yield each sample with its Reading, in order, as they are read."""
    being_read = collections.deque()

    def images():
        for sample in samples:
            being_read.append(sample)
            yield sample.image

    for reading in recogniser.read_all(images()):
        yield being_read.popleft(), reading
