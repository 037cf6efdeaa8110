"""Tests of benchmarks/controlled_drawing.py."""
import importlib
import string

import numpy as np
import pytest

from data_provider.drawing import fonts
from local_utils import files
from local_utils.char_codec import CharacterCodec
from reading import Reading

PRINTABLE = CharacterCodec(string.digits + string.ascii_letters + string.punctuation)
WORDS = ['house', 'open', 'exit', 'shop', 'number', 'parking', 'flowers']


class FakeRecogniser:
    """Answers with given texts, in order, and keeps the images that it was to read."""

    codec, input_size, prefix = PRINTABLE, (100, 32), 'fake'

    def __init__(self, texts=()):
        self.texts, self.images = texts, []

    def read(self, images):
        self.images += images
        return [Reading(text, 1.0, ()) for text in self.texts]


@pytest.fixture
def controlled(monkeypatch):
    monkeypatch.syspath_prepend(files.repository_path('benchmarks'))
    return importlib.import_module('controlled_drawing')


@pytest.fixture
def table(controlled):
    cases = controlled.cases(list(fonts.BUILT_IN_FONTS), [], WORDS)
    return {case.name: case for case in cases}


def test_each_line_of_the_table_draws_words_with_their_labels(controlled, table):
    assert len(table) > 60
    for case in table.values():
        image, label = controlled.draw(case, PRINTABLE, 25, [3, 5])
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert PRINTABLE.encode(label)


def test_an_effect_is_drawn_at_its_strength(controlled, table):
    heights = [controlled.draw(table[f'height {height}'], PRINTABLE, 25, 1)[0].shape[0]
               for height in (8, 10, 12)]
    assert heights == [8, 10, 12]
    ratios = [np.divide(*controlled.draw(table[name], PRINTABLE, 25, 4)[0].shape[:2])
              for name in ('plain', 'arc 2.4')]
    assert ratios[1] > 1.5 * ratios[0]   # an arc is higher


def test_addresses_are_as_long_as_the_line_says(controlled, table):
    for seed in range(20):
        label = controlled.draw(table['web address of 15 to 19'], PRINTABLE, 25, seed)[1]
        assert label.lower().startswith('www.')
        assert 15 <= len(label) <= 19


def test_percentages_count_letters_and_digits_and_every_mark(controlled, table):
    drawn = [controlled.draw(table['possessive'], PRINTABLE, 25, [number, len('possessive')])[1]
             for number in range(4)]
    recogniser = FakeRecogniser([drawn[0], drawn[1].replace("'", ''), drawn[2].swapcase(), 'x'])
    figures = controlled.measure(recogniser, table['possessive'], 4, 25)
    assert figures == {'alphanumeric': 75.0, 'exact': 25.0}
    assert len(recogniser.images) == 4


def test_the_same_words_are_drawn_each_time(controlled, table):
    images = []
    for _ in range(2):
        recogniser = FakeRecogniser(['x', 'x'])
        controlled.measure(recogniser, table['rich'], 2, 25)
        images.append(recogniser.images)
    for left, right in zip(*images, strict=True):
        np.testing.assert_array_equal(left, right)
