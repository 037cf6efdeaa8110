"""Tests of local_utils.metrics."""
import pytest

from local_utils import metrics
from local_utils.texts import alphanumeric


@pytest.mark.parametrize(('truth', 'read', 'distance'), [
    ('word', 'word', 0), ('word', 'ward', 1), ('word', 'wor', 1), ('word', 'words', 1),
    ('', 'abc', 3), ('abc', '', 3),
    ('', '', 0), ('kitten', 'sitting', 3), ('abcd', 'bcda', 2)])
def test_the_edit_distance_counts_insertions_deletions_and_substitutions(truth, read, distance):
    assert metrics.edit_distance(truth, read) == distance


@pytest.mark.parametrize(('truth', 'read', 'pairs'), [
    ('ab', 'ab', [('a', 'a'), ('b', 'b')]),
    ('abc', 'ac', [('a', 'a'), ('b', ''), ('c', 'c')]),
    ('ac', 'abc', [('a', 'a'), ('', 'b'), ('c', 'c')]),
    ('a', 'o', [('a', 'o')]),
    ('', 'x', [('', 'x')]),
])
def test_the_alignment_shows_what_was_read_for_what(truth, read, pairs):
    assert metrics.alignment(truth, read) == pairs


def test_the_figures_are_those_worked_out_by_hand():
    measured = metrics.TextMetrics()
    for truth, read in [('word', 'word'), ('word', 'ward'), ('ab', 'abcd'), ('abc', '')]:
        measured.add(truth, read)
    results = measured.results(excluded=1)
    assert results['samples'] == 4
    assert results['word_accuracy'] == 1 / 4
    assert results['word_accuracy_with_excluded_as_wrong'] == 1 / 5
    assert results['one_minus_ned'] == pytest.approx((1 + 3 / 4 + 2 / 4 + 0) / 4)
    assert results['character_error_rate'] == pytest.approx((0 + 1 + 2 + 3) / (4 + 4 + 2 + 3))
    assert measured.confusion['o', 'a'] == 1
    assert measured.confusion['', 'c'] == 1
    assert measured.confusion['a', ''] == 1
    assert measured.confusion['w', 'w'] == 2


def test_one_missing_letter_does_not_make_the_rest_wrong():
    measured = metrics.TextMetrics()
    measured.add('recognition', 'ecognition')
    assert measured.character_error_rate == pytest.approx(1 / 11)


def test_without_samples_there_are_no_figures():
    figures = ['word_accuracy', 'one_minus_ned', 'character_error_rate']
    results = metrics.TextMetrics().results()
    assert results == {'samples': 0, 'excluded': 0, 'word_accuracy_with_excluded_as_wrong': None,
                       **dict.fromkeys(figures)}
    results = metrics.TextMetrics().results(excluded=2)
    assert results == {'samples': 0, 'excluded': 2, 'word_accuracy_with_excluded_as_wrong': 0.0,
                       **dict.fromkeys(figures)}


def test_the_alphanumeric_protocol_keeps_letters_and_digits_in_lower_case():
    assert alphanumeric("DON'T 24/7 Ünal") == 'dont247ünal'
    assert alphanumeric('!?') == ''
