"""Tests of reading.evaluation."""
import numpy as np

from local_utils.char_codec import CharacterCodec
from reading import Recogniser, evaluation
from reading.evaluation import Sample
from tests.fake_engine import ALPHABET, FakeEngine, picture_of


def test_every_sample_is_evaluated_under_both_protocols_and_the_unreadable_counted(capsys):
    recogniser = Recogniser(FakeEngine(), CharacterCodec(ALPHABET))
    samples = [Sample(picture_of('abc'), 'ABC'), Sample(picture_of('ab'), "a'c"),
               Sample(b'', 'x', 'list.txt, line 3'),
               Sample(picture_of('a'), '!'), Sample(picture_of('ab'), 'abc')]
    measured = evaluation.evaluate(recogniser, iter(samples), num_examples=1)
    assert (measured.samples, measured.unreadable) == (4, 1)
    assert 'list.txt, line 3: empty file' in capsys.readouterr().err
    assert measured.outside_alphabet == 2
    assert measured.exact.results(measured.outside_alphabet)['word_accuracy'] == 0.5
    assert (measured.alphanumeric.samples, measured.alphanumeric.correct) == (3, 1)
    assert measured.not_alphanumeric == 1
    (image, truth, text, confidence), = measured.examples
    assert np.array_equal(image, picture_of('abc'))
    assert (truth, text) == ('ABC', 'abc')
    assert 0.9 < confidence < 1
