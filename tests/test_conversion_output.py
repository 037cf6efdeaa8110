"""Tests of data_provider.conversion_output: what is said of what cannot be used, or deserves a look."""
import json

import cv2
import numpy as np
import pytest

from local_utils import manifest, record_files
from tests.conftest import convert, draw, write_data_set
from tests.converted import WORDS, content, errors_of, read


def test_what_cannot_be_used_is_listed_and_counted_and_the_rest_converted(tmp_path, codec, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    (data_set / 'empty.png').write_bytes(b'')
    (data_set / 'text.png').write_text('no image')
    cv2.imwrite(str(data_set / 'thin.png'), np.zeros((1, 50, 3), np.uint8))
    with open(data_set / 'Train' / 'sample.txt', 'a', encoding='utf-8') as file:
        file.write('\n'.join(['', '/1/Train/0.png', '/none.png word', '/1/Train/1.png caf\u00e9',
                              '/1/Train/1.png ' + 'xy' * 13,
                              '/1/Train/1.png ' + 'a' * 14, '/empty.png a', '/text.png a', '/thin.png a',
                              '/../data/1/Train/0.png a', '/1 a', '/1/Train/2.png two words', '']))
    assert convert(data_set, tmp_path / 'out') == 0
    rows = [line.split('\t') for line in (tmp_path / 'out' / 'rejects.tsv').read_text().splitlines()]
    assert rows[0] == ['file', 'line', 'path', 'text', 'reason']
    reasons = {int(row[1]): row[4] for row in rows[1:]}
    assert {row[0] for row in rows[1:]} == {'Train/sample.txt'}
    expected = {42: 'no text', 43: 'missing image', 44: "outside the alphabet: character '\u00e9'",
                45: 'text too long: CTC needs 26', 46: 'text too long: CTC needs 27',
                47: 'empty file', 48: 'not an image', 49: 'image too small',
                50: 'path leaves the data set', 51: 'unreadable image',
                52: "outside the alphabet: character ' '"}
    assert reasons.keys() == expected.keys()
    assert all(reasons[line].startswith(start) for line, start in expected.items())
    assert sorted(codec.decode(feature.label) for split in ('train', 'validation')
                  for feature in read(tmp_path / 'out', split, codec)) == sorted(WORDS)
    assert json.loads(
        (tmp_path / 'out' / 'manifest.json').read_text())['rejected']['outside the alphabet'] == 2
    errors = capfd.readouterr().err
    assert 'rejected 2: outside the alphabet' in errors
    assert "the alphabet lacks 2 characters of the texts, most often '\u00e9' (1), ' ' (1)" in errors


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda data_set: data_set.rename(data_set.parent / 'elsewhere'), 'no such data set'),
    (lambda data_set: (data_set / 'Train' / 'sample.txt').unlink(),
     'Train/sample.txt: no such file; expected one'),
    (lambda data_set: (data_set / 'Test' / 'sample.txt').write_text(''),
     'no usable sample for the test records'),
    (lambda data_set: (data_set / 'ord_map.json').write_text('{"0": '), 'ord_map.json, line 1'),
    (lambda data_set: (data_set / 'char_dict.json').unlink(),
     'char_dict.json: no such file; an alphabet is the two files'),
])
def test_an_unusable_data_set_is_one_line_and_the_former_records_stay(tmp_path, capfd, spoil, message):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert convert(data_set, tmp_path / 'out') == 0
    before = content(tmp_path / 'out')
    capfd.readouterr()
    spoil(data_set)
    assert convert(data_set, tmp_path / 'out') == 1
    error, = errors_of(capfd)
    assert message in error
    assert content(tmp_path / 'out') == before


@pytest.mark.parametrize('has_former', [False, True])
def test_without_a_usable_sample_the_rejects_are_listed_and_nothing_else_changes(tmp_path, capfd, has_former):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    assert not has_former or convert(data_set, tmp_path / 'out') == 0
    before = content(tmp_path / 'out') if has_former else {}
    capfd.readouterr()
    (data_set / 'Train' / 'sample.txt').write_text('/none.png a\n')
    assert convert(data_set, tmp_path / 'out') == 1
    error, = errors_of(capfd)
    assert f'rejected: missing image: 1 (see {tmp_path}/out/rejects.tsv)' in error
    assert 'rejects.tsv); first Train/sample.txt, line 1: missing' in error
    after = content(tmp_path / 'out')
    header, row = after.pop('rejects.tsv').decode().splitlines()
    assert header == 'file\tline\tpath\ttext\treason'
    assert row.startswith('Train/sample.txt\t1\tnone.png\ta\tmissing image: ')
    assert after == {name: data for name, data in before.items() if name != 'rejects.tsv'}


def test_no_validation_sample_among_rejected_ones_tells_how_to_want_none(tmp_path, capfd):
    data_set = write_data_set(tmp_path / 'data', ['word'], ['a'])
    with open(data_set / 'Train' / 'sample.txt', 'a') as file:
        file.write('/none.png a\n')
    assert convert(data_set, tmp_path / 'out', '--validation_split', '0.001') == 1
    error, = errors_of(capfd)
    assert 'no usable sample for the validation records; rejected: missing image: 1' in error
    assert error.endswith('(--validation_split 0 for none)')


def test_a_wrong_folder_or_alphabet_is_noticed_before_the_long_work(tmp_path, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS * 2, ['a'])
    with open(data_set / 'Train' / 'sample.txt', 'a') as file:
        file.write('/1/Train/0.png word\n')
    for path in (data_set / '1' / 'Train').iterdir():
        path.rename(path.with_name(f'x{path.name}'))
    assert convert(data_set, tmp_path / 'out') == 1
    first, _ = errors_of(capfd)
    assert 'Train/sample.txt: none of the first 50 lines can be used; line 1: missing image' in first


def test_without_annotations_of_test_only_train_and_validation_are_written_and_said(tmp_path, codec, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    (data_set / 'Test' / 'sample.txt').unlink()
    assert convert(data_set, tmp_path / 'out') == 0
    warning, = errors_of(capfd)
    assert 'Test/sample.txt: no such file; there will be no test records' in warning
    assert not record_files.existing_record_files(tmp_path / 'out', 'test')
    assert len(read(tmp_path / 'out', 'train', codec)) + len(read(tmp_path / 'out', 'validation',
                                                                  codec)) == len(WORDS)
    assert manifest.read(str(tmp_path / 'out'))['splits'].keys() == {'train', 'validation'}


def test_what_deserves_a_look_is_counted_and_named(tmp_path, codec, capfd):
    data_set = write_data_set(tmp_path / 'data', WORDS, ['a'])
    whole = cv2.imencode('.jpg', draw('word'))[1].tobytes()
    (data_set / 'damaged.jpg').write_bytes(whole[:-2] + b'more' + whole[-2:])
    with open(data_set / 'Train' / 'sample.txt', 'a', encoding='utf-8') as file:
        file.write('\n'.join(['damaged.jpg word', './1/Train/3.png word3', '/1/Train/4.PNG other',
                              '1/Test/0.png a',
                              '/1/Train/4.png four', '/1/Train/5.png it\u2019s', '/1/Train/6.png ###', '']))
    assert convert(data_set, tmp_path / 'out', '--validation_split', '0', '--drop_foreign', '--ignore_text',
                   '###', '***') == 0
    rows = [line.split('\t')
            for line in (tmp_path / 'out' / 'remarks.tsv').read_text(encoding='utf-8').splitlines()]
    assert rows[0] == ['file', 'line', 'path', 'text', 'reason']
    remarks = {(row[0], int(row[1])): row[4] for row in reversed(rows[1:])}   # of two the first
    assert remarks.pop(('Train/sample.txt', 41)).startswith('Corrupt JPEG data')
    assert remarks == {
        ('Train/sample.txt', 42): "line 4 of Train/sample.txt has it with 'word3'",
        ('Train/sample.txt', 43): '1/Train/4.png for 1/Train/4.PNG',
        ('Test/sample.txt', 1): "line 44 of Train/sample.txt has it with 'a'",
        ('Train/sample.txt', 45): "line 5 of Train/sample.txt has it with 'word4'",
        ('Train/sample.txt', 46): 'U+2019 RIGHT SINGLE QUOTATION MARK',
        ('Train/sample.txt', 47): "line 7 of Train/sample.txt has it with 'word6'",
    }
    texts = [codec.decode(feature.label) for feature in read(tmp_path / 'out', 'train', codec)]
    assert texts == [*WORDS, 'word', 'word3', 'other', 'a', 'four', 'its']
    errors = '\n'.join(errors_of(capfd))
    assert '1: found under another name, such as 1/Train/4.PNG: 1/Train/4.png for 1/Train/4.PNG' in errors
    assert "1: decoder's complaint, such as damaged.jpg: Corrupt JPEG data" in errors
    assert '1: listed in Train and in Test, such as 1/Test/0.png' in errors
    assert '1: characters dropped from the text' in errors
    assert 'rejected 1: text to ignore' in errors
