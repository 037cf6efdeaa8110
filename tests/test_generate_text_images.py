"""Tests of tools.generate_text_images and data_provider.text_image."""
import os
import string

import cv2
import numpy as np
import pytest

from data_provider import text_image
from local_utils import platform_flags
from local_utils.establish_char_dict import read_alphabet, write_alphabet
from tools import generate_text_images


def generate(save_dir, *flags):
    return platform_flags.run_tool(generate_text_images.main, ['--save_dir', str(save_dir), *flags])


def files_below(folder):
    return {os.path.relpath(os.path.join(parent, name), folder): open(os.path.join(parent, name), 'rb').read()   # noqa: SIM115
            for parent, _, names in os.walk(folder) for name in names}


def labels_of(folder, part):
    lines = (folder / part / 'sample.txt').read_text(encoding='utf-8').splitlines()
    return [line.split(' ', 1)[1] for line in lines]


def test_the_images_do_not_depend_on_the_number_of_workers(tmp_path):
    for name, workers in (('one', '1'), ('three', '3')):
        assert generate(tmp_path / name, '--num_train', '230', '--num_test', '20', '--num_workers', workers) == 0
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
            number, word, index = os.path.basename(path).removesuffix('.jpg').split('_')
            assert word == label.lower()
            assert number.isdecimal()
            assert index.isdecimal()
            assert cv2.imread(str(tmp_path) + path).ndim == 3


def test_no_word_of_test_stands_in_train(tmp_path):
    assert generate(tmp_path, '--num_train', '300', '--num_test', '60') == 0
    train, test = ({label.lower() for label in labels_of(tmp_path, part)} for part in ('Train', 'Test'))
    assert len(test) == 60
    assert not train & test


def test_words_that_differ_in_case_only_do_not_stand_in_both_parts(tmp_path):
    (tmp_path / 'words.txt').write_text('alpha Alpha BETA beta gamma Gamma delta Delta'.replace(' ', '\n'))
    assert generate(tmp_path, '--words', str(tmp_path / 'words.txt'), '--num_train', '20', '--num_test', '20') == 0
    train, test = ({label.lower() for label in labels_of(tmp_path, part)} for part in ('Train', 'Test'))
    assert (len(train), len(test)) == (2, 2)
    assert not train & test


def test_words_that_are_made_up_are_of_the_alphabet(tmp_path):
    write_alphabet('abcdefghij', tmp_path)
    assert generate(tmp_path / 'd', '--alphabet_dir', str(tmp_path), '--num_train', '300', '--num_test', '10') == 0
    assert set(''.join(labels_of(tmp_path / 'd', 'Train')).lower()) <= set('abcdefghij')


def test_capitals_that_do_not_fold_back_are_not_taken(rng):
    assert {generate_text_images.in_some_case('ßa', rng) for _ in range(100)} == {'ßa'}
    assert {generate_text_images.in_some_case('ab', rng) for _ in range(100)} == {'ab', 'Ab', 'AB'}


def test_the_words_of_a_list_are_drawn_and_others_left_out(tmp_path, capfd):
    (tmp_path / 'words.txt').write_text('\ufeffalpha\r\nbeta\r\n\r\ndon\'t\r\nalpha\r\ngamma\r\n', encoding='utf-8')
    assert generate(tmp_path / 'd', '--words', str(tmp_path / 'words.txt'), '--num_train', '20', '--num_test', '4') == 0
    drawn = {label.lower() for part in ('Train', 'Test') for label in labels_of(tmp_path / 'd', part)}
    assert drawn == {'alpha', 'beta', 'gamma'}
    assert 'left out 1 words' in capfd.readouterr().err


@pytest.mark.parametrize(('flags', 'message'), [
    (['--words', '{}/none.txt'], 'none.txt: No such file'),
    (['--words', '{}/empty.txt'], 'expected words, one a line'),
    (['--words', '{}/foreign.txt'], 'none of the 1 words can be written in the alphabet'),
    (['--fonts', '{}/none'], 'no such folder of fonts'),
    (['--fonts', '{}'], 'no font; expected files'),
    (['--alphabet_dir', '{}'], 'char_dict.json: No such file'),
])
def test_a_mistake_is_one_line(tmp_path, capfd, flags, message):
    (tmp_path / 'empty.txt').write_text('\n')
    (tmp_path / 'foreign.txt').write_text('слово\n', encoding='utf-8')
    assert generate(tmp_path / 'd', *(flag.format(tmp_path) for flag in flags)) == 1
    error, = capfd.readouterr().err.strip().splitlines()
    assert message in error


def test_a_font_without_the_characters_is_not_taken():
    assert text_image.can_draw('sans', 'Word 42')
    assert text_image.can_draw('sans', 'why?')
    assert not text_image.can_draw('sans', 'a' + text_image.UNASSIGNED)


def test_a_font_that_borrows_the_characters_is_not_taken(monkeypatch):
    plain = text_image.load_font('sans')
    monkeypatch.setattr(text_image, 'load_font', lambda font: plain)
    assert not text_image.can_draw('a_font_without_letters.ttf', 'a')


def test_a_font_of_symbols_is_told_from_one_of_letters(monkeypatch):
    assert all(text_image.draws_letters(font) for font in text_image.BUILT_IN_FONTS)
    symbol_of = dict(zip(string.ascii_lowercase, '!"#$%&()*+,-./:;<=>@[]^_|~', strict=True))
    draw = text_image._shape
    monkeypatch.setattr(text_image, '_shape', lambda font, letter: draw('uni', letter) if font in ('sans', 'uni')
                        else draw('italic', symbol_of.get(letter, '?')))
    assert not text_image.draws_letters('symbols.ttf')


def test_nothing_of_a_word_is_cut_off():
    for seed in range(50):
        mask = text_image._draw_mask('jaj', text_image.load_font('italic'), np.random.default_rng(seed))
        edges = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
        assert mask.any()
        assert not edges.any()


def test_a_file_that_is_no_font_is_not_loaded(tmp_path):
    noise = np.random.default_rng(0).bytes(5000)
    for content in (b'no font', b'', noise, b'\x00\x01\x00\x00' + noise):
        (tmp_path / 'broken.ttf').write_bytes(content)
        text_image.load_font.cache_clear()
        assert text_image.load_font(str(tmp_path / 'broken.ttf')) is None
    assert generate(tmp_path / 'd', '--fonts', str(tmp_path)) == 1


def test_a_word_is_drawn_with_contrast_and_varies():
    pictures = [text_image.draw_word('word', text_image.load_font('sans'), np.random.default_rng(seed)) for seed in range(30)]
    assert len({picture.shape for picture in pictures}) > 20
    assert all(picture.dtype == np.uint8 for picture in pictures)
    greys = [cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1) for picture in pictures]
    assert all(np.ptp(grey) > 40 for grey in greys)


def test_longer_words_are_wider():
    short, medium, long = (text_image.draw_word(word, text_image.load_font('sans'), np.random.default_rng(1)).shape[1]
                           for word in ('i', 'word', 'wordword'))
    assert short < medium < long
