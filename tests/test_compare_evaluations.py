"""Tests of tools.compare_evaluations."""
import json

import pytest

from local_utils import command_line
from tools import compare_evaluations


def protocol(samples, word_accuracy, one_minus_ned=0.5, character_error_rate=0.25):
    return {'samples': samples, 'word_accuracy': word_accuracy, 'one_minus_ned': one_minus_ned,
            'character_error_rate': character_error_rate}


def compare(capfd, *paths):
    status = command_line.run_tool(compare_evaluations.main, [str(path) for path in paths])
    captured = capfd.readouterr()
    return status, captured.out.splitlines(), captured.err.splitlines()


@pytest.fixture
def before(tmp_path):
    path = tmp_path / 'before.json'
    path.write_text(json.dumps({
        'samples': 9, 'exact': protocol(0, None, None, None), 'confusion': {'a': {'b': 1}}}))
    return path


@pytest.fixture
def after(tmp_path):
    path = tmp_path / 'after.json'
    path.write_text(json.dumps({'exact': protocol(1000, 0.955), 'alphanumeric': protocol(998, 1)}))
    return path


def test_figures_stand_side_by_side_and_those_that_are_not_there_are_dashes(before, after, capfd):
    status, lines, errors = compare(capfd, before, after)
    assert (status, errors) == (0, [])
    assert [line.split('  ')[0].strip() for line in lines[1:5]] == [
        'exact: samples', 'exact: words read without a mistake', 'exact: 1 - normalised edit distance',
        'exact: character error rate']
    assert [line.split()[-2:] for line in lines] == [
        ['before.json', 'after.json'],
        ['0', '1,000'], ['-', '95.50%'], ['-', '0.5000'], ['-', '0.2500'],
        ['-', '998'], ['-', '100.00%'], ['-', '0.5000'], ['-', '0.2500']]
    assert len({len(line) for line in lines}) == 1


def test_a_file_without_an_evaluation_is_named(before, tmp_path, capfd):
    path = tmp_path / 'other.json'
    path.write_text('{"exact": {"samples": 3}}')
    status, lines, errors = compare(capfd, before, path)
    assert (status, lines) == (1, [])
    assert 'other.json: expected what evaluate_shadownet.py prints' in errors[0]


@pytest.mark.parametrize('value', ['x', [1], {}, True, 10 ** 400, 1e400, float('nan')])
def test_a_figure_that_is_no_number_is_one_line(tmp_path, capfd, value):
    path = tmp_path / 'odd.json'
    path.write_text(json.dumps({'exact': protocol(9, value)}))
    status, lines, errors = compare(capfd, path)
    assert (status, lines) == (1, [])
    error, = errors
    assert f"{path}: word_accuracy of 'exact' is " in error
    assert error.endswith(', expected a number')


def test_names_of_protocols_are_written_harmlessly(tmp_path, capfd):
    path = tmp_path / 'odd.json'
    path.write_text(json.dumps({'a\x1b[2K\nb': protocol(9, 0.5)}))
    status, lines, _ = compare(capfd, path)
    assert status == 0
    assert len(lines) == 5
    assert lines[1].startswith(r'a\x1b[2K\nb: samples')
