"""What an exported network reads beside what its checkpoint reads: measured, bounded, told."""
from typing import NamedTuple

import numpy as np

from crnnmodel import numpy_ctc
from local_utils import visible
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError, UnknownCharacter
from local_utils.texts import in_reading_order
from reading.export.words import Word


class Bounds(NamedTuple):
    """How far an export may be from its checkpoint."""

    max_logit_difference: float | None   # None: any
    equal_texts: float                   # fraction of the words that have to be read the same, at least
    lost_accuracy: float                 # fraction of the words that may be read worse, at most


BOUNDS = {   # by how the weights are stored
    'float32': Bounds(5e-3, 1.0, 0.0),
    'float16': Bounds(None, 0.99, 0.005),
    'int8': Bounds(None, 0.97, 0.005),
}


class Answers(NamedTuple):
    """What a network gives for the words."""

    logits: list[np.ndarray]      # of each width that is possible, float32 [time, words, classes]
    # what the export itself makes of the images, in the order of the picture, by the name of the way
    texts: dict[str, list[str]]


class Parity(NamedTuple):
    """A comparison of an export with its checkpoint."""

    words: int
    max_logit_difference: float
    equal_texts: float                  # fraction of the words
    labelled_words: int                 # whose text is known and can be written in the alphabet
    accuracy_of_checkpoint: float | None   # fraction of the labelled words, in one view; None without any
    accuracy_of_export: float | None


def compare(reference: list[np.ndarray], answers: Answers, words: list[Word],
            codec: CharacterCodec) -> Parity:
    """Compare an export with its checkpoint.

    Args:
        reference: the checkpoint's logits, as in Answers.
        answers: the export's.
        words: the words; the first width has all of them.
        codec: of the alphabet.

    Returns:
        Parity; of several ways to a text the worst.
    """
    expected = texts_of(reference[0], codec)
    of_export = [list(map(in_reading_order, shown)) for shown in answers.texts.values()]
    ways = [texts_of(answers.logits[0], codec), *of_export]
    differences = [np.abs(found - wanted).max()
                   for found, wanted in zip(answers.logits, reference, strict=False)]
    truths = [_folded(word.text, codec) for word in words]
    num_labelled = sum(truth is not None for truth in truths)
    accuracies = [_accuracy(texts, truths) for texts in (expected, *ways)]
    return Parity(
        words=len(words), max_logit_difference=float(max(differences)),
        equal_texts=min(_fraction_equal(texts, expected) for texts in ways),
        labelled_words=num_labelled, accuracy_of_checkpoint=accuracies[0],
        accuracy_of_export=min(accuracies[1:]) if num_labelled else None)


def texts_of(logits: np.ndarray, codec: CharacterCodec) -> list[str]:
    """Return the texts of the best paths through logits [time, words, classes]."""
    labels = numpy_ctc.best_path(logits)   # whose greatest are the most probable
    return [codec.text_of([index for index in label if index >= 0]) for label in labels.tolist()]


def check(parity: Parity, bounds: Bounds, what: str) -> None:
    """Raise InputError where an export is further from its checkpoint than it may be; `what` is named."""
    problems = []
    difference, allowed = parity.max_logit_difference, bounds.max_logit_difference
    if not np.isfinite(difference) or (allowed is not None and difference > allowed):
        problems.append(f'logits differ by up to {difference:.2g}, allowed are {allowed}')
    if parity.equal_texts < bounds.equal_texts:
        problems.append(f'{parity.equal_texts:.2%} of {visible.counted(parity.words, "text")} are equal, '
                        f'expected {bounds.equal_texts:.2%}')
    if parity.labelled_words:
        lost = parity.accuracy_of_checkpoint - parity.accuracy_of_export
        if lost > bounds.lost_accuracy:
            problems.append(f'{lost:.2%} of {visible.counted(parity.labelled_words, "word")} are lost, '
                            f'allowed are {bounds.lost_accuracy:.2%}')
    if problems:
        raise InputError(f'{what} does not read as its checkpoint does: {"; ".join(problems)}; '
                         'nothing was written')


def told(parity: Parity) -> str:
    """Return a comparison as a line."""
    line = (f'{visible.counted(parity.words, "word")}: logits differ by up to '
            f'{parity.max_logit_difference:.2g}, {parity.equal_texts:.2%} of the texts are equal')
    if parity.labelled_words:
        line += (f'; of {visible.counted(parity.labelled_words, "known text")} the checkpoint reads '
                 f'{parity.accuracy_of_checkpoint:.2%} in one view, the export '
                 f'{parity.accuracy_of_export:.2%}')
    return line


def _fraction_equal(texts, expected):
    return sum(one == other for one, other in zip(texts, expected, strict=True)) / len(expected)


def _folded(text, codec):
    try:
        return None if text is None else codec.fold(text)
    except UnknownCharacter:
        return None


def _accuracy(texts, truths):
    pairs = [(text, truth) for text, truth in zip(texts, truths, strict=True) if truth is not None]
    return sum(text == truth for text, truth in pairs) / len(pairs) if pairs else None
