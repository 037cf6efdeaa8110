"""Tests of tools.generate_text_images."""
import os
import string

import cv2
import numpy as np
import pytest

from data_provider import image_file
from data_provider.drawing import drawn_data_set, word_texts
from local_utils import command_line
from local_utils.establish_char_dict import read_alphabet, write_alphabet
from tools import generate_text_images


def generate(save_dir, *flags):
    return command_line.run_tool(generate_text_images.main, ['--save_dir', str(save_dir), *flags])


def files_below(folder):
    return {os.path.relpath(os.path.join(parent, name), folder): open(os.path.join(parent, name),
                                                                      'rb').read()   # noqa: SIM115
            for parent, _, names in os.walk(folder) for name in names}


def labels_of(folder, part):
    lines = (folder / part / 'sample.txt').read_text(encoding='utf-8').splitlines()
    return [line.split(' ', 1)[1] for line in lines]


def test_the_images_do_not_depend_on_the_number_of_workers(tmp_path):
    for name, workers in (('one', '1'), ('three', '3')):
        flags = ['--num_train', '230', '--num_test', '20', '--num_workers', workers]
        assert generate(tmp_path / name, *flags) == 0
    one, three = files_below(tmp_path / 'one'), files_below(tmp_path / 'three')
    assert len(one) == 250 + 4
    assert one == three


def test_the_data_set_is_in_the_layout_that_conversion_takes(tmp_path, codec):
    assert generate(tmp_path, '--num_train', '30', '--num_test', '5', '--seed', '3') == 0
    assert sorted(read_alphabet(tmp_path).characters) == sorted(codec.characters)
    for part, count in (('Train', 30), ('Test', 5)):
        lines = (tmp_path / part / 'sample.txt').read_text().splitlines()
        assert len(lines) == count
        for line in lines:
            path, label = line.split(' ')
            number, word = os.path.basename(path).removesuffix('.jpg').split('_', 1)
            assert word_texts.label_of(word.replace('-', ''), codec).lower() == label.lower()
            assert number.isdecimal()
            assert cv2.imread(str(tmp_path) + path).ndim == 3


def test_a_folder_that_holds_a_data_set_is_refused_and_stays_as_it_is(tmp_path, capfd):
    assert generate(tmp_path / 'd', '--num_train', '4', '--num_test', '2') == 0
    before = files_below(tmp_path / 'd')
    capfd.readouterr()
    assert generate(tmp_path / 'd', '--num_train', '3', '--num_test', '2', '--seed', '1') == 1
    error, = capfd.readouterr().err.strip().splitlines()
    assert 'd/Train/sample.txt: there is a data set already' in error
    assert files_below(tmp_path / 'd') == before


def test_a_part_of_a_data_set_is_not_drawn_over_either(tmp_path, capfd):
    (tmp_path / 'd' / 'Test').mkdir(parents=True)
    (tmp_path / 'd' / 'Test' / 'sample.txt').write_text('/1/a.jpg mine\n')
    assert generate(tmp_path / 'd', '--num_train', '3', '--num_test', '2') == 1
    assert 'd/Test/sample.txt: there is a data set already' in capfd.readouterr().err
    assert files_below(tmp_path / 'd') == {'Test/sample.txt': b'/1/a.jpg mine\n'}


def test_overwriting_leaves_nothing_of_the_former_data_set_but_what_is_not_its_own(tmp_path):
    flags = ['--num_train', '3', '--num_test', '2', '--seed', '1']
    assert generate(tmp_path / 'd', '--num_train', '600', '--num_test', '2', '--style', 'plain') == 0
    (tmp_path / 'd' / '1' / '1' / 'photograph.jpg').write_bytes(b'mine')
    with open(tmp_path / 'd' / 'Train' / 'sample.txt', 'a') as file:
        file.write('/1/1/photograph.jpg mine\n/1/1/0_gone.jpg gone\n/../x/1/1_x.jpg x\n')
    assert generate(tmp_path / 'd', *flags, '--overwrite') == 0
    assert generate(tmp_path / 'fresh', *flags, '--overwrite') == 0
    assert files_below(tmp_path / 'd') == {**files_below(tmp_path / 'fresh'), '1/1/photograph.jpg': b'mine'}
    assert not (tmp_path / 'd' / '1' / '2').exists()


def test_what_a_killed_run_has_drawn_is_removed_by_the_next_one(tmp_path, monkeypatch):
    def end(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(drawn_data_set.establish_char_dict, 'write_alphabet', end)
    assert generate(tmp_path, '--num_train', '30', '--num_test', '2', '--seed', '5') == 130
    left = set(tmp_path.rglob('*.jpg'))
    assert len(left) == 32
    monkeypatch.undo()
    own = [tmp_path / '1' / '1' / 'own.jpg', tmp_path / '1' / '2' / '3_own.jpg', tmp_path / '7_own.jpg']
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'own')
    assert generate(tmp_path, '--num_train', '3', '--num_test', '1', '--seed', '6') == 0
    assert len(set(tmp_path.rglob('*.jpg')) - set(own)) == 4
    assert all(path.exists() for path in own)
    assert not (tmp_path / drawn_data_set.MARK).exists()


@pytest.mark.parametrize(('path', 'is_drawn'), [
    ('1/1/7_word.jpg', True), ('1/2/500_word.jpg', True), ('1/1/500_word.jpg', False), ('7_word.jpg', False),
    (f'1/1/{"9" * 5000}_word.jpg', False)])
def test_the_path_of_a_drawn_image_is_known(path, is_drawn):
    assert drawn_data_set.is_drawn(path) == is_drawn


def test_a_data_set_that_was_not_drawn_is_not_overwritten(tmp_path, capfd):
    (tmp_path / 'd' / 'Train').mkdir(parents=True)
    (tmp_path / 'd' / '1' / '2').mkdir(parents=True)
    line = '/1/2/373_coley_14845.jpg coley\n'   # as in Synth 90k
    (tmp_path / 'd' / 'Train' / 'sample.txt').write_text(line)
    (tmp_path / 'd' / '1' / '2' / '373_coley_14845.jpg').write_bytes(b'a picture')
    before = files_below(tmp_path / 'd')
    assert generate(tmp_path / 'd', '--num_train', '3', '--num_test', '2', '--overwrite') == 1
    assert 'd/Train/sample.txt: no data set of this tool' in capfd.readouterr().err
    assert files_below(tmp_path / 'd') == before


def test_no_word_of_test_stands_in_train(tmp_path):
    assert generate(tmp_path, '--num_train', '300', '--num_test', '60') == 0
    train, test = ({label.lower() for label in labels_of(tmp_path, part)} for part in ('Train', 'Test'))
    assert len(test) > 40
    assert not train & test


def test_words_that_differ_in_case_only_do_not_stand_in_both_parts(tmp_path):
    (tmp_path / 'words.txt').write_text('alpha Alpha BETA beta gamma Gamma delta Delta'.replace(' ', '\n'))
    flags = ['--words', str(tmp_path / 'words.txt'), '--num_train', '20', '--num_test', '20']
    assert generate(tmp_path, *flags) == 0
    train, test = ({label.lower() for label in labels_of(tmp_path, part)} for part in ('Train', 'Test'))
    assert (len(train), len(test)) == (2, 2)
    assert not train & test


def test_the_projects_words_are_taken_as_far_as_the_alphabet_goes(tmp_path):
    write_alphabet('abcdefghij', tmp_path)
    flags = ['--alphabet_dir', str(tmp_path), '--num_train', '300', '--num_test', '10']
    assert generate(tmp_path / 'd', *flags) == 0
    labels = {label.lower() for label in labels_of(tmp_path / 'd', 'Train')}
    assert set(''.join(labels)) <= set('abcdefghij')
    assert len(labels) > 100


def test_the_words_of_a_list_are_drawn_and_others_left_out(tmp_path, capfd):
    lines = '\ufeffalpha\r\nbeta\r\n\r\ndon\'t\r\nalpha\r\ngamma\r\n'
    (tmp_path / 'words.txt').write_text(lines, encoding='utf-8')
    flags = ['--words', str(tmp_path / 'words.txt'), '--num_train', '20', '--num_test', '4']
    assert generate(tmp_path / 'd', *flags) == 0
    drawn = {label.lower() for part in ('Train', 'Test') for label in labels_of(tmp_path / 'd', part)}
    assert drawn == {'alpha', 'beta', 'gamma'}
    assert ('left out 1 word that the alphabet or the 25 frames cannot express, like "don\'t"'
            in capfd.readouterr().err)


@pytest.mark.parametrize(('flags', 'message'), [
    (['--words', '{}/none.txt'], 'none.txt: no such file; expected words, one a line'),
    (['--words', '{}/empty.txt'], 'expected words, one a line'),
    (['--words', '{}/foreign.txt'],
     "and 16 more): 1 word that the alphabet or the 25 frames cannot express, like 'слово'"),
    (['--fonts', '{}/none'], 'no such folder of fonts'),
    (['--fonts', '{}'], 'no font; expected files'),
    (['--num_train', '1', '--num_test', '1', '--save_dir', '{}/empty.txt'], 'expected a folder, got a file'),
    (['--alphabet_dir', '{}'], 'char_dict.json: no such file; an alphabet is the two files'),
    (['--preview', '{}/none/sheet.png'], 'none'),
])
def test_a_mistake_is_one_line(tmp_path, capfd, flags, message):
    (tmp_path / 'empty.txt').write_text('\n')
    (tmp_path / 'foreign.txt').write_text('слово\n', encoding='utf-8')
    assert generate(tmp_path / 'd', *(flag.format(tmp_path) for flag in flags)) == 1
    error, = capfd.readouterr().err.strip().splitlines()
    assert message in error


def test_damaged_fonts_alone_are_blamed_themselves(tmp_path, capfd):
    (tmp_path / 'damaged.ttf').write_bytes(bytes(100))
    assert generate(tmp_path / 'd', '--fonts', str(tmp_path)) == 1
    error = capfd.readouterr().err.splitlines()[-1]
    assert 'no usable font' in error
    assert 'damaged.ttf' in error


def test_an_alphabet_that_the_projects_words_are_not_of_needs_a_list(tmp_path, capfd):
    write_alphabet('αβγ', tmp_path)
    assert generate(tmp_path / 'd', '--alphabet_dir', str(tmp_path)) == 1
    assert 'give a list with --words' in capfd.readouterr().err


def test_chinese_words_are_drawn(tmp_path):
    write_alphabet('中文字車站', tmp_path)
    (tmp_path / 'words.txt').write_text('中文\n車站\n文字\n', encoding='utf-8')
    flags = ['--alphabet_dir', str(tmp_path), '--words', str(tmp_path / 'words.txt'), '--num_train', '9',
             '--num_test', '2']
    assert generate(tmp_path / 'd', *flags) == 0
    train, test = (set(labels_of(tmp_path / 'd', part)) for part in ('Train', 'Test'))
    assert train | test == {'中文', '車站', '文字'}


def test_words_that_would_be_drawn_wrong_are_left_out_by_the_name_of_their_script(tmp_path, capfd):
    write_alphabet(sorted({*'wordone', *'\u0633\u0644\u0627\u0645', *'\u0915\u093f', '\u0378'}), tmp_path)
    words = 'word\none\n\u0633\u0644\u0627\u0645\n\u0915\u093f\nw\u00ado\u200brd\n\u0378\n'
    (tmp_path / 'words.txt').write_text(words, encoding='utf-16')
    flags = ['--alphabet_dir', str(tmp_path), '--words', str(tmp_path / 'words.txt'), '--num_train', '4',
             '--num_test', '2']
    assert generate(tmp_path / 'd', *flags) == 0
    train, test = (set(labels_of(tmp_path / 'd', part)) for part in ('Train', 'Test'))
    assert {label.lower() for label in train | test} == {'word', 'one'}
    said = capfd.readouterr().err
    assert 'left out 1 word that drawing letter by letter would show wrong (Arabic), like' in said
    assert 'left out 1 word that drawing letter by letter would show wrong (Devanagari), like' in said
    assert 'left out 1 word that no font can draw, like' in said
    assert said.splitlines()[-1].endswith(
        f'{tmp_path}/d: Train 4, Test 2, and the alphabet; next: write_text_features.py --dataset_dir '
        f'{tmp_path}/d --save_dir RECORDS_DIR')
    (tmp_path / 'words.txt').write_text('\u0633\u0644\u0627\u0645\n', encoding='utf-8')
    assert generate(tmp_path / 'e', *flags) == 1
    assert 'no word of the list can be drawn and read' in capfd.readouterr().err


def test_a_preview_shows_examples_and_draws_no_data_set(tmp_path):
    assert generate(tmp_path / 'd', '--preview', str(tmp_path / 'sheet.png')) == 0
    sheet = cv2.imread(str(tmp_path / 'sheet.png'))
    assert sheet.shape == (12 * 84, 8 * 200, 3)
    assert not (tmp_path / 'd').exists()


def test_the_preview_and_the_images_show_what_training_draws(tmp_path, monkeypatch):
    assert generate(tmp_path / 'd', '--num_train', '90', '--num_test', '10', '--seed', '5') == 0
    drawers = []
    monkeypatch.setattr(generate_text_images, 'draw_preview', lambda drawer, path: drawers.append(drawer))
    flags = ['--num_train', '90', '--num_test', '10', '--seed', '5', '--preview', 'sheet.png']
    assert generate(tmp_path / 'd', *flags) == 0
    lines = (tmp_path / 'd' / 'Train' / 'sample.txt').read_text(encoding='utf-8').splitlines()
    for number in (0, 41):
        picture = drawers[0].picture(number)
        path, label = lines[number].split(' ')
        assert label == picture.text.label
        assert (tmp_path / 'd' / path[1:]).read_bytes() == picture.jpeg
        sample = drawers[0].sample(number)
        np.testing.assert_array_equal(sample.image, image_file.decode_image(picture.jpeg, (100, 32)))


def test_capitals_and_marks_are_read_where_the_alphabet_has_them(tmp_path):
    characters = string.ascii_letters + string.digits + string.punctuation
    write_alphabet(characters, tmp_path)
    flags = ['--alphabet_dir', str(tmp_path), '--num_train', '400', '--num_test', '9']
    assert generate(tmp_path / 'd', *flags) == 0
    labels = labels_of(tmp_path / 'd', 'Train')
    assert any(label.isupper() for label in labels)
    assert any(label.islower() for label in labels)
    assert any(not character.isalnum() for label in labels for character in label)
    assert set(''.join(labels)) <= set(characters)


def test_the_styles_draw_differently(tmp_path):
    for style in ('rich', 'plain'):
        assert generate(tmp_path / style, '--num_train', '10', '--num_test', '2', '--style', style) == 0
    rich, plain = ([label.lower() for label in labels_of(tmp_path / style, 'Train')]
                   for style in ('rich', 'plain'))
    assert rich == plain
    assert files_below(tmp_path / 'rich') != files_below(tmp_path / 'plain')
