"""The report of an evaluation: one HTML file with the words that were read wrong, the worst first, and what
they share.
"""
import base64
import collections
import heapq
import os
from typing import NamedTuple

import cv2
import numpy as np

from data_provider.rejected_sample import RejectedSample
from local_utils import files, metrics
from local_utils.errors import InputError
from local_utils.texts import alphanumeric
from reading.evaluation import Evaluation, Sample
from reading.readings import Reading
from reading.recogniser import pixels_of

TITLE = 'Words read wrong'
MAX_WORDS = 1000          # that are shown
SHOWN_SIZE = (360, 64)    # (width, height) of a picture, pixels, at most
CALIBRATION_BINS = 10
MAX_CONFUSIONS = 40
KINDS = ('one edit', 'several edits', 'nothing read', 'other length')
# by what words are counted in groups → the ranges of it
GROUPS = {'length, characters': ((1, 1), (2, 3), (4, 6), (7, 9), (10, 14), (15, None)),
          'height, pixels': ((0, 11), (12, 19), (20, 31), (32, 63), (64, None)),
          'width / height': ((0, 0.7), (0.7, 1.4), (1.4, 2.5), (2.5, 4), (4, 6), (6, None))}


class Row(NamedTuple):
    """A row of a table: a group of samples and how many of them were read right."""

    name: str
    samples: int
    correct: int

    @property
    def accuracy(self) -> float:
        """The fraction that was read right."""
        return self.correct / max(self.samples, 1)


class Word(NamedTuple):
    """A word that was read wrong, as the page shows it."""

    name: str
    truth: str
    reading: Reading
    kinds: list[str]
    picture: str   # a data URL


class Report:
    """Collects what a report shows while samples are read."""

    def __init__(self):
        self._wrong = []   # heap of (how bad, order, sample, reading), of which the worst stay
        self._tables = {name: collections.Counter() for name in GROUPS}
        self._calibration = collections.Counter()
        self._confusions = collections.Counter()
        self._counts = collections.Counter()

    def note(self, sample: Sample, reading: Reading) -> None:
        """Take a sample and what was read; under the alphanumeric protocol."""
        truth = alphanumeric(sample.text)
        if reading.text is None or not truth:
            return
        text = alphanumeric(reading.text)
        is_right = truth == text
        self._counts[is_right] += 1
        width, height = reading.size
        for (name, ranges), value in zip(GROUPS.items(), (len(truth), height, width / height), strict=True):
            self._tables[name][_range_of(value, ranges), is_right] += 1
        place = min(int(reading.confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        self._calibration[place, is_right] += 1
        if is_right:
            return
        pairs = metrics.alignment(truth, text)
        self._confusions.update(pair for pair in pairs if pair[0] != pair[1])
        edits = sum(left != right for left, right in pairs)
        badness = reading.confidence, edits   # the surest mistakes are the worst
        entry = (badness, -sum(self._counts.values()), sample, reading, edits)
        (heapq.heappush if len(self._wrong) < MAX_WORDS else heapq.heappushpop)(self._wrong, entry)

    def save(self, path: str, measured: Evaluation, source: str) -> None:
        """Write the page, whole or not at all.

        Args:
            path: the file, which ends in .html.
            measured: the figures of the same samples.
            source: what was read, and with what.
        """
        figures = {'images': measured.samples, 'unreadable': measured.unreadable,
                   'right, letters and digits': _percents(measured.alphanumeric, 'word_accuracy'),
                   'right, exactly': _percents(measured.exact, 'word_accuracy'),
                   'character error rate': _percents(measured.alphanumeric, 'character_error_rate')}
        words = [_word(*entry[2:])
                 for entry in sorted(self._wrong, key=lambda entry: entry[:2], reverse=True)]
        page = _template().render(
            title=TITLE, source=source, figures=figures, kinds=KINDS, words=words,
            samples=sum(self._counts.values()),
            wrong=self._counts[False],
            tables={name: _rows(self._tables[name], ranges) for name, ranges in GROUPS.items()},
            calibration=self._calibration_points(), confusions=self._confusions.most_common(MAX_CONFUSIONS))
        with files.atomic_file(path) as file:
            file.write(page.encode('utf-8', 'backslashreplace'))   # texts may have halves of pairs

    def _calibration_points(self):
        """Return (lower bound of the confidence, how many words, fraction that is right) of each bin that
        has some.
        """
        points = []
        for place in range(CALIBRATION_BINS):
            right, wrong = self._calibration[place, True], self._calibration[place, False]
            if right + wrong:
                points.append((place / CALIBRATION_BINS, right + wrong, right / (right + wrong)))
        return points


def open_report(path: str) -> Report:
    """Return an empty Report; raises InputError where it could not be written to a path, or jinja2 is
    missing.
    """
    files.check_target(path, ('.html',))
    _template()
    return Report()


def _template():
    try:
        import jinja2
    except ImportError as error:
        raise InputError('a report needs jinja2: pip install -r requirements-report.txt') from error
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates')
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template('report.html')


def _percents(measured, figure):
    value = measured.results()[figure]
    return 'no sample' if value is None else f'{100 * value:.2f} %'


def _word(sample, reading, edits):
    kinds = _kinds_of(sample.text, reading.text, edits)
    return Word(sample.path or sample.name, sample.text, reading, kinds, _picture_of(sample.image))


def _kinds_of(truth, text, edits):
    """Return which of KINDS a mistake is of."""
    truth, text = alphanumeric(truth), alphanumeric(text)
    kinds = [KINDS[0] if edits == 1 else KINDS[1]]
    if not text:
        kinds.append(KINDS[2])
    elif len(text) != len(truth):
        kinds.append(KINDS[3])
    return kinds


def _picture_of(image):
    """Return an image as a data URL, of at most SHOWN_SIZE; '' for one that can no longer be read."""
    try:
        pixels = pixels_of(image)
    except RejectedSample:
        return ''
    height, width = pixels.shape[:2]
    scale = min(SHOWN_SIZE[0] / width, SHOWN_SIZE[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shown = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    encoded = cv2.imencode('.jpg', np.ascontiguousarray(shown), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return 'data:image/jpeg;base64,' + base64.b64encode(encoded).decode('ascii')


def _range_of(value, ranges):
    """Return the number of the range that holds a value; a range goes up to the next one's beginning."""
    return sum(value >= low for low, _ in ranges[1:])


def _rows(counts, ranges):
    rows = []
    for number, (low, high) in enumerate(ranges):
        right, wrong = counts[number, True], counts[number, False]
        name = f'{low} and more' if high is None else f'{low}' if low == high else f'{low} to {high}'
        rows.append(Row(name, right + wrong, right))
    return [row for row in rows if row.samples]
