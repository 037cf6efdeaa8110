"""Tests of data_provider.importing on sources with odd names, paths, numbers and keys."""
import os
import sys

import pytest

from tests.conftest import convert
from tests.imported import put, rejects_of, run, samples_of, texts_of, write

linux_only = pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere names are not of any bytes')


@linux_only
def test_names_that_cannot_stand_in_a_line_are_rejected_and_break_no_other(tmp_path):
    put(tmp_path / 'names', 'a b.png', '#.png', 'new\nline.png', 'tab\tx.png', ' lead.png',
        os.fsdecode(b'b\xff.png'))
    assert run('file_names', tmp_path / 'names', tmp_path / 'set') == 0
    assert samples_of(tmp_path / 'set', 'Train') == [('images/#.png', '#'), ('images/a b.png', 'a b')]
    assert sorted(rejects_of(tmp_path / 'set')) == ['not UTF-8', 'several lines', 'unusable path',
                                                    'unusable path']


@linux_only
def test_a_line_break_beside_the_text_of_a_name_makes_no_second_line(tmp_path):
    put(tmp_path / 'names', 'word_1\nx.png', 'other_2.png')
    assert run('file_names', tmp_path / 'names', tmp_path / 'set', '--name_pattern', '{text}_*') == 0
    assert samples_of(tmp_path / 'set', 'Train') == [('images/other_2.png', 'other')]
    assert rejects_of(tmp_path / 'set') == ['unusable path']


@pytest.mark.parametrize(('name', 'flags', 'is_said'), [
    ('{}.png', [], False), ('plate_{}.png', ['--name_pattern', 'plate_{text}'], True)])
def test_digits_in_names_are_texts_or_it_is_said_how_they_become_some(tmp_path, capfd, name, flags, is_said):
    put(tmp_path / 'plates', *(name.format(number) for number in ('1234', '567', '89')))
    assert run('file_names', tmp_path / 'plates', tmp_path / 'set', *flags) == 0
    hint = 'look like those of another form: convert with --annotation_format path_text'
    assert (hint in capfd.readouterr().err) == is_said
    flags = ['--follow_links', '--validation_split', '0']
    flags += ['--annotation_format', 'path_text'] if is_said else []
    assert convert(tmp_path / 'set', tmp_path / 'out', *flags) == 0


@linux_only
def test_paths_of_tables_are_taken_under_another_spelling_and_never_from_outside(tmp_path):
    put(tmp_path / 'csv', 'd/a.png')
    write(tmp_path / 'csv' / 'labels.csv',
          'filename,words\nd\\a.png,slash\n.\\D\\A.PNG,case\nd/a.jpg,ending\n'
          f'{tmp_path}/csv/d/a.png,absolute\n/etc/hostname,other\n../../etc/hostname,above\n')
    assert run('csv', tmp_path / 'csv', tmp_path / 'set') == 0
    assert samples_of(tmp_path / 'set', 'Train') == [
        ('images/d/a.png', text) for text in ('slash', 'case', 'ending', 'absolute')]
    assert rejects_of(tmp_path / 'set') == ['missing image', 'path leaves the data set']


@linux_only
def test_a_text_file_that_is_none_is_rejected_and_not_waited_for(tmp_path):
    put(tmp_path / 'gt', 'a.png', 'b.png', 'c.png', 'd.png')
    write(tmp_path / 'gt' / 'a.gt.txt', '\ufeffone\r\n')
    os.mkfifo(tmp_path / 'gt' / 'b.gt.txt')
    (tmp_path / 'gt' / 'c.gt.txt').write_bytes(bytes(9))
    (tmp_path / 'gt' / 'd.gt.txt').write_bytes('café'.encode('latin-1'))
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'set') == 0
    assert samples_of(tmp_path / 'set', 'Train') == [('images/a.png', 'one')]
    assert rejects_of(tmp_path / 'set') == ['unreadable text', 'unreadable text', 'not UTF-8']


def test_the_form_of_a_list_can_be_named(tmp_path, capfd):
    put(tmp_path / 'rec', 'plate_12.jpg', 'plate_7.jpg')
    write(tmp_path / 'rec' / 'rec_gt.txt', 'plate_12.jpg\t12\nplate_7.jpg\t7\n')
    assert run('paddleocr', tmp_path / 'rec', tmp_path / 'set') == 1
    assert "got the number of the image's name: an index?" in capfd.readouterr().err
    assert run('paddleocr', tmp_path / 'rec', tmp_path / 'set', '--annotation_format', 'path_text') == 0
    assert [text for _, text in samples_of(tmp_path / 'set', 'Train')] == ['12', '7']


def test_what_an_import_wrote_into_its_own_source_is_not_read_again(tmp_path):
    put(tmp_path / 'set', 'a.jpg', 'b.jpg')
    write(tmp_path / 'set' / 'labels.csv', 'filename,words\na.jpg,one\nb.jpg,two\nnone.jpg,three\n')
    for flags in ([], ['--overwrite']):
        assert run('csv', tmp_path / 'set', tmp_path / 'set', *flags) == 0
        assert texts_of(tmp_path / 'set', 'Train') == ['one', 'two']
        assert rejects_of(tmp_path / 'set') == ['missing image']


def test_a_pattern_of_names_is_a_wrong_argument_of_other_forms(tmp_path, capfd):
    with pytest.raises(SystemExit) as caught:
        run('csv', tmp_path, tmp_path / 'set', '--name_pattern', '{text}_*')
    assert caught.value.code == 2
    assert '--name_pattern is for --from file_names' in capfd.readouterr().err


def test_a_reject_says_its_file_and_in_another_column_its_line_or_the_number_of_its_record(tmp_path):
    put(tmp_path / 'csv', 'a.png')
    write(tmp_path / 'csv' / 'labels.csv', 'filename,words\na.png,one\nnone.png,two\n')
    assert run('csv', tmp_path / 'csv', tmp_path / 'set') == 0
    put(tmp_path / 'gt', 'a.png', 'b.png')
    write(tmp_path / 'gt' / 'a.gt.txt', 'one')
    write(tmp_path / 'gt' / 'b.gt.txt', 'two\nlines')
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'other') == 0
    rows = [(tmp_path / name / 'rejects.tsv').read_text(encoding='utf-8').splitlines()[1].split('\t')[:3]
            for name in ('set', 'other')]
    assert rows == [[f'{tmp_path}/csv/labels.csv', '3', f'{tmp_path}/csv/none.png'],
                    [f'{tmp_path}/gt/b.gt.txt', '', f'{tmp_path}/gt/b.png']]


def test_a_line_names_a_source_once(tmp_path, capfd):
    write(tmp_path / 'gt' / 'a.gt.txt', '\0')
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'set') == 1
    pytest.importorskip('lmdb')
    write(tmp_path / 'lmdb' / 'data.mdb', 'none' * 100)
    assert run('lmdb', tmp_path / 'lmdb', tmp_path / 'other') == 1
    of_text, of_lmdb = (line for line in capfd.readouterr().err.splitlines() if ' ERROR ' in line)
    assert f'first unreadable text: {tmp_path}/gt/a.gt.txt: ' in of_text
    assert f'ERROR {tmp_path}/lmdb: MDB_INVALID: ' in of_lmdb
