"""Tests of tools.import_data_set and data_provider.importing, each form on a small set that
the test makes.
"""
import json

import cv2
import numpy as np
import pytest

from data_provider import conversion
from tests.conftest import convert, draw
from tests.imported import put, rejects_of, run, samples_of, texts_of, write, write_lmdb
from tests.mat_writer import mat_file, struct_matrix, text_matrix


def test_synth_90k_is_taken_by_its_lists_and_its_images_stay(tmp_path):
    source = tmp_path / 'archive' / '90kDICT32px'
    put(source, '2/1/1_MONIKER_1.jpg', '2/1/2_kitten_0.jpg', '2/2/1_Kitten_0.jpg', '2/2/2_moniker_1.jpg')
    write(source / 'lexicon.txt', 'kitten\nmoniker\n')
    write(source / 'annotation_train.txt',
          './2/1/1_MONIKER_1.jpg 1\n./2/1/2_kitten_0.jpg 0\n./2/1/3_cat_7.jpg 7\n')
    write(source / 'annotation_val.txt', './2/2/1_Kitten_0.jpg 0\n')
    write(source / 'annotation_test.txt', './2/2/2_moniker_1.jpg 1\n')
    assert run('synth90k', tmp_path / 'archive', tmp_path / 'set') == 0
    assert texts_of(tmp_path / 'set', 'Train') == ['MONIKER', 'kitten', 'Kitten']
    assert texts_of(tmp_path / 'set', 'Test') == ['moniker']
    assert rejects_of(tmp_path / 'set') == ['index outside the lexicon']
    assert (tmp_path / 'set' / 'images').is_symlink()
    assert samples_of(tmp_path / 'set', 'Train')[0][0] == 'images/2/1/1_MONIKER_1.jpg'
    assert convert(tmp_path / 'set', tmp_path / 'records', '--follow_links', '--validation_split', '0') == 0


def test_images_that_lie_in_the_data_set_need_no_link(tmp_path):
    put(tmp_path, '1/1_cat_0.jpg', '1/2_cat_0.jpg')
    write(tmp_path / 'annotation_train.txt', './1/1_cat_0.jpg 0\n./1/2_cat_0.jpg 0\n')
    assert run('synth90k', tmp_path, tmp_path) == 0
    assert samples_of(tmp_path, 'Train') == [('1/1_cat_0.jpg', 'cat'), ('1/2_cat_0.jpg', 'cat')]
    assert not (tmp_path / 'images').exists()
    assert samples_of(tmp_path, 'Test') is None


def test_icdar_word_sets_are_taken_with_lists_beside_or_above_their_images(tmp_path):
    put(tmp_path / 'ic', 'Challenge2_Training_Task3_Images_GT/word_1.png',
        'Challenge2_Training_Task3_Images_GT/word_2.png',
        'Challenge2_Test_Task3_Images/word_1.png')
    write(tmp_path / 'ic' / 'Challenge2_Training_Task3_Images_GT' / 'gt.txt',
          'word_1.png, "Tired, \\"old\\""\r\nword_2.png, "###"\r\nword_3.png, "gone"\r\n', 'utf-8-sig')
    write(tmp_path / 'ic' / 'Challenge2_Training_Task3_Images_GT' / 'coords.txt',
          'word_1.png,0,0,9,0,9,9,0,9\n')
    write(tmp_path / 'ic' / 'Challenge2_Test_Task3_GT.txt', 'word_1.png, "café"\n')
    assert run('icdar', tmp_path / 'ic', tmp_path / 'set') == 0
    assert texts_of(tmp_path / 'set', 'Train') == ['Tired, "old"', '###']
    assert texts_of(tmp_path / 'set', 'Test') == ['café']
    assert rejects_of(tmp_path / 'set') == ['missing image']


def test_the_json_lists_of_icdar_2019_are_taken(tmp_path):
    put(tmp_path / 'art', 'train_task2_images/gt_1.jpg', 'train_task2_images/gt_2.jpg')
    write(tmp_path / 'art' / 'train_task2_labels.json', json.dumps({
        'gt_1': [{'transcription': 'Bar', 'illegibility': False, 'points': []}],
        'gt_2': [{'transcription': '###', 'illegibility': True, 'points': []}]}))
    assert run('icdar', tmp_path / 'art', tmp_path / 'set', '--copy') == 0
    assert texts_of(tmp_path / 'set', 'Train') == ['Bar']
    assert rejects_of(tmp_path / 'set') == ['illegible']
    assert not (tmp_path / 'set' / 'images').is_symlink()


def test_iiit5k_is_taken_by_its_mat_files(tmp_path):
    put(tmp_path / 'archive' / 'IIIT5K', 'train/1_1.png', 'train/1_2.png', 'test/2_1.png')
    for name, rows in (('traindata',
                        [('train/1_1.png', 'HOTEL'), ('train/1_2.png', '42'), ('train/9.png', 'X')]),
                       ('testdata', [('test/2_1.png', 'Bar')])):
        (tmp_path / 'archive' / 'IIIT5K' / f'{name}.mat').write_bytes(mat_file(struct_matrix(
            name, ['ImgName', 'GroundTruth'], [list(map(text_matrix, row)) for row in rows])))
    assert run('iiit5k', tmp_path / 'archive', tmp_path / 'set') == 0
    assert texts_of(tmp_path / 'set', 'Train') == ['HOTEL', '42']
    assert texts_of(tmp_path / 'set', 'Test') == ['Bar']
    assert rejects_of(tmp_path / 'set') == ['missing image']


def test_the_words_of_svt_are_cut_out_of_its_photographs(tmp_path):
    photograph = np.full((200, 300, 3), 255, np.uint8)
    photograph[50:82, 40:140] = draw('LIVING')
    (tmp_path / 'archive' / 'svt1' / 'img').mkdir(parents=True)
    cv2.imwrite(str(tmp_path / 'archive' / 'svt1' / 'img' / '14_03.png'), photograph)
    rectangle = '<taggedRectangle height="{}" width="{}" x="{}" y="{}"><tag>{}</tag></taggedRectangle>'
    image = '<image><imageName>img/{}</imageName><taggedRectangles>{}</taggedRectangles></image>'
    train = image.format('14_03.png', rectangle.format(32, 100, 40, 50, 'LIVING')
                         + rectangle.format(32, 9, 400, 50, 'OUT'))
    write(tmp_path / 'archive' / 'svt1' / 'train.xml', f'<?xml version="1.0"?><tagset>{train}</tagset>')
    test = image.format('14_03.png',
                        rectangle.format(60, 200, -10, 40,
                                         'PARTLY')) + image.format('none.jpg', rectangle.format(
        5, 5, 0, 0, 'GONE'))
    write(tmp_path / 'archive' / 'svt1' / 'test.xml', f'<tagset>{test}</tagset>')
    assert run('svt', tmp_path / 'archive', tmp_path / 'set') == 0
    (path, text), = samples_of(tmp_path / 'set', 'Train')
    assert text == 'LIVING'
    assert np.array_equal(cv2.imread(str(tmp_path / 'set' / path)), draw('LIVING'))
    assert texts_of(tmp_path / 'set', 'Test') == ['PARTLY']
    assert sorted(rejects_of(tmp_path / 'set')) == ['image too small', 'missing image']


def test_lmdb_is_written_out_with_endings_by_content(tmp_path):
    jpg, png = (cv2.imencode(ending, draw('word'))[1].tobytes() for ending in ('.jpg', '.png'))
    write_lmdb(tmp_path / 'data' / 'training' / 'MJ', [
        (jpg, b'one'), (png, 'zwei Wörter'.encode()), (b'none', b'x'), (None, b'y'), (jpg, b'caf\xe9'),
        (jpg, b'')])
    write_lmdb(tmp_path / 'data' / 'evaluation' / 'IIIT', [(png, b'###')], count=2)
    assert run('lmdb', tmp_path / 'data', tmp_path / 'set') == 0
    assert samples_of(tmp_path / 'set', 'Train')[0][0] == 'images/training/MJ/000000/000000001.jpg'
    assert texts_of(tmp_path / 'set', 'Train') == ['one', 'zwei Wörter']
    assert texts_of(tmp_path / 'set', 'Test') == ['###']
    assert run('lmdb', tmp_path / 'data' / 'training' / 'MJ' / 'data.mdb', tmp_path / 'one') == 0
    assert texts_of(tmp_path / 'one', 'Train') == ['one', 'zwei Wörter']
    assert sorted(rejects_of(tmp_path / 'set')) == ['missing image', 'missing image', 'no text', 'not UTF-8',
                                                    'not an image']


def test_a_table_with_names_of_columns_is_taken_and_a_part_becomes_test(tmp_path, capfd):
    put(tmp_path / 'csv', *(f'images/{number}.png' for number in range(40)))
    rows = ''.join(f'{number}.png,"word, {number}"\n' for number in range(40))
    write(tmp_path / 'csv' / 'labels.csv', 'filename,words\n' + rows)
    assert run('csv', tmp_path / 'csv' / 'labels.csv', tmp_path / 'set', '--test_fraction', '0.25') == 0
    train, test = (texts_of(tmp_path / 'set', part) for part in ('Train', 'Test'))
    assert sorted(train + test) == sorted(f'word, {number}' for number in range(40))
    assert 4 <= len(test) <= 18
    assert run('csv', tmp_path / 'csv' / 'labels.csv', tmp_path / 'set') == 1
    assert 'there is a data set already; give another --save_dir, or --overwrite' in capfd.readouterr().err
    assert run('csv', tmp_path / 'csv', tmp_path / 'set', '--overwrite') == 0
    assert len(texts_of(tmp_path / 'set', 'Train')) == 40
    assert samples_of(tmp_path / 'set', 'Test') is None
    assert 'no test part; --test_fraction 0.1 makes one' in capfd.readouterr().err


def test_what_does_not_become_test_is_chosen_for_validation_as_often_as_ever(tmp_path):
    names = [f'{number}.png' for number in range(400)]
    put(tmp_path / 'csv', *names)
    write(tmp_path / 'csv' / 'labels.csv', 'filename,words\n' + ''.join(f'{name},word\n' for name in names))
    assert run('csv', tmp_path / 'csv', tmp_path / 'set', '--test_fraction', '0.25') == 0
    train = [path for path, _ in samples_of(tmp_path / 'set', 'Train')]
    assert 270 <= len(train) <= 330
    in_validation = sum(conversion.is_validation(path, 0, 0.15) for path in train)
    assert 0.09 < in_validation / len(train) < 0.21


def test_texts_beside_each_picture_are_taken(tmp_path):
    put(tmp_path / 'gt', 'a.png', 'b.bin.png', 'b.nrm.png', 'c.tif', 'e.png', 'test/d.png')
    for name, text in (('a', 'one line\n'), ('b', 'zwei\n'), ('c', 'e\u0301'), ('e', 'two\nlines\n'),
                       ('f', 'none'),
                       ('test/d', 'd')):
        write(tmp_path / 'gt' / f'{name}.gt.txt', text)
    assert run('gt_txt', tmp_path / 'gt', tmp_path / 'set') == 0
    assert samples_of(tmp_path / 'set', 'Train') == [
        ('images/a.png', 'one line'), ('images/b.bin.png', 'zwei'), ('images/c.tif', 'é')]
    assert texts_of(tmp_path / 'set', 'Test') == ['d']
    assert sorted(rejects_of(tmp_path / 'set')) == ['missing image', 'several lines']


def test_a_picture_without_a_text_beside_it_is_rejected_once(tmp_path, capfd):
    put(tmp_path / 'gt', 'a.png', 'b.bin.png', 'b.nrm.png', 'c.jpg', 'deep/a.png')
    write(tmp_path / 'gt' / 'a.gt.txt', 'one')
    write(tmp_path / 'gt' / 'notes.txt', 'no text of a picture')
    for flags in (['--copy'], ['--copy', '--overwrite']):   # the copies of which are in the source, too
        assert run('gt_txt', tmp_path / 'gt', tmp_path / 'gt' / 'set', *flags) == 0
        assert texts_of(tmp_path / 'gt' / 'set', 'Train') == ['one']
        rows = (tmp_path / 'gt' / 'set' / 'rejects.tsv').read_text(encoding='utf-8').splitlines()[1:]
        assert [row.split('\t')[2] for row in rows] == [
            f'{tmp_path}/gt/{name}' for name in ('b.bin.png', 'c.jpg', 'deep/a.png')]
        assert rows[0].endswith(f'\tmissing text: there is no file {tmp_path}/gt/b.gt.txt')
        assert 'WARNING rejected 3: missing text (see ' in capfd.readouterr().err


@pytest.mark.parametrize(('names', 'pattern', 'texts'), [
    (['a4f2.png', 'x y.jpg'], None, ['a4f2', 'x y']),
    (['AB123_1.png', 'CD-7_20.png'], '{text}_*', ['AB123', 'CD-7']),
    (['1_coley_17.jpg', '2_Kitten_3.jpg'], '*_{text}_*', ['coley', 'Kitten'])])
def test_texts_in_the_names_of_pictures_are_taken(tmp_path, names, pattern, texts):
    put(tmp_path / 'plates', *names)
    assert run('file_names', tmp_path / 'plates', tmp_path / 'set',
               *(['--name_pattern', pattern] if pattern else [])) == 0
    assert texts_of(tmp_path / 'set', 'Train') == texts


@pytest.mark.parametrize(('flags', 'status', 'message'), [
    ([], 1, "names like 'AB123_1' hold more than a text; --name_pattern says where it stands"),
    (['--name_pattern', '*_'], 2, "--name_pattern: expected {text} in it once, got '*_'")])
def test_names_that_hold_more_than_a_text_need_a_pattern(tmp_path, capfd, flags, status, message):
    put(tmp_path / 'plates', 'AB123_1.png', 'CD7_2.png')
    assert run('file_names', tmp_path / 'plates', tmp_path / 'set', *flags) == status
    assert message in capfd.readouterr().err


def test_the_lists_of_paddleocr_are_taken(tmp_path):
    put(tmp_path / 'rec', 'train/a b.jpg', 'train/c.jpg', 'test/d.jpg')
    write(tmp_path / 'rec' / 'rec_gt_train.txt', 'train/a b.jpg\ttwo words\ntrain/c.jpg\t中文\n')
    write(tmp_path / 'rec' / 'rec_gt_test.txt', 'test/d.jpg\tx\n')
    assert run('paddleocr', tmp_path / 'rec', tmp_path / 'set') == 0
    assert texts_of(tmp_path / 'set', 'Train') == ['two words', '中文']
    assert texts_of(tmp_path / 'set', 'Test') == ['x']


@pytest.mark.parametrize(('form', 'message'), [
    ('synth90k', 'expected annotation_train.txt in it, or in a folder below'), ('icdar', 'found none'),
    ('csv', 'found none'),
    ('iiit5k', 'expected traindata.mat or testdata.mat'), ('svt', 'expected train.xml or test.xml'),
    ('lmdb', 'expected data.mdb'),
    ('gt_txt', 'expected files that end in .gt.txt'), ('file_names', 'no image in this folder'),
    ('paddleocr', 'found none')])
def test_a_source_of_another_form_is_refused_in_one_line_and_nothing_is_written(
        tmp_path, capfd, form, message):
    (tmp_path / 'empty').mkdir()
    assert run(form, tmp_path / 'empty', tmp_path / 'set') == 1
    line, = capfd.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / 'set').exists()


def test_a_source_without_a_usable_sample_says_why(tmp_path, capfd):
    write(tmp_path / 'csv' / 'labels.csv', 'filename,words\na.png,one\n')
    assert run('csv', tmp_path / 'csv', tmp_path / 'set') == 1
    assert 'no sample for Train; rejected missing image: 1; first ' in capfd.readouterr().err.splitlines()[-1]
    assert samples_of(tmp_path / 'set', 'Train') is None
