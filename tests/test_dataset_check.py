"""Tests of data_provider.dataset_check and of write_text_features.py --check."""
import os

import cv2
import pytest

from data_provider import dataset_check
from local_utils import command_line
from tests.conftest import draw, write_data_set
from tools import write_text_features

WORDS = [f'word{number}' for number in range(40)]


def check(data_set, save_dir, capfd, *flags):
    """Return (exit status, the lines of the report)."""
    capfd.readouterr()
    status = command_line.run_tool(write_text_features.main, [
        '--dataset_dir', str(data_set), '--save_dir', str(save_dir), '--check', '--num_workers', '1', *flags])
    return status, capfd.readouterr().out.splitlines()


@pytest.fixture
def data_set(tmp_path):
    folder = write_data_set(tmp_path / 'data', WORDS, ['a'])
    cv2.imwrite(str(folder / 'upright.png'), draw('word').swapaxes(0, 1))
    cv2.imwrite(str(folder / 'flat.png'), draw('') * 0 + 7)
    with open(folder / 'Train' / 'sample.txt', 'a', encoding='utf-8') as file:
        file.write('\n'.join(['upright.png WORD', 'flat.png word', 'none.png word',
                              '/1/Train/1.png caf\u00e9',
                              '/1/Train/2.png zero\u200bwidth', '/1/Train/3.png ' + 'xy' * 13,
                              '/1/Train/4.PNG word4', '']))
    return folder


def test_the_report_says_what_is_in_a_data_set_and_writes_no_records(data_set, tmp_path, capfd):
    status, lines = check(data_set, tmp_path / 'out', capfd)
    assert status == 0
    assert os.listdir(tmp_path / 'out') == ['contact_sheet.png']
    sheet = cv2.imread(str(tmp_path / 'out' / 'contact_sheet.png'))
    assert sheet.shape[0] > 6 * 80
    expected = [
        'Train: 47 lines; <image path> <text>; UTF-8, LF', 'Test: 1 line; <image path> <text>; UTF-8, LF',
        'images looked at: 46 readable, of 48', 'rejected: 5', '  1 shows nothing', '  1 missing image',
        '  1 outside the alphabet', '  1 invisible character', '  1 text too long', 'to be looked at: 1',
        '  1 found under another name', 'paths listed more than once: 3',
        '  3 listed again with another text',
        "    Train, line 44: 1/Train/1.png with 'caf\u00e9'; line 2 of Train/sample.txt has it with 'word1'",
        'different characters: 30 in the texts, 36 in the alphabet',
        '  without ink: U+200B ZERO WIDTH SPACE 1',
        '  not in the alphabet: \u00e9 1, U+200B ZERO WIDTH SPACE 1',
        '  folded to small letters: W 1, O 1, R 1, D 1',
        'frames that CTC needs, of 25: 1 to 26, median 6; texts that need more: 1',
        'upright (height over 2 times the width): 1', f'contact sheet: {tmp_path}/out/contact_sheet.png']
    assert [line for line in expected if line not in lines] == []
    assert any(line.startswith('    Train/sample.txt, line 43: none.png: missing image: ') for line in lines)
    assert any(line.startswith('  rare (5 times or less): ') and 'U+200B ZERO WIDTH SPACE 1' in line
               for line in lines)
    assert 'width (least, 5 %, median, 95 %, most): 32, 100, 100, 100, 100' in lines


def test_what_may_be_dropped_or_ignored_is_not_rejected(data_set, tmp_path, capfd):
    _, lines = check(data_set, tmp_path / 'out', capfd, '--drop_invisible', '--drop_foreign', '--ignore_text',
                     'xy' * 13)
    assert 'rejected: 3' in lines
    assert '  1 text to ignore' in lines


def test_of_a_large_data_set_the_images_of_lines_spread_evenly_are_looked_at(
        data_set, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(dataset_check, 'MAX_IMAGES', 10)
    _, lines = check(data_set, tmp_path / 'out', capfd)
    assert 'images looked at: 11 readable, of 48' in lines
    assert 'different characters: 30 in the texts, 36 in the alphabet' in lines


def test_no_image_is_looked_at_any_more_when_the_time_is_over(data_set, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(dataset_check, 'MAX_SECONDS', -1)
    _, lines = check(data_set, tmp_path / 'out', capfd)
    assert 'images looked at: 0 readable, of 48' in lines
    assert '  1 outside the alphabet' in lines
