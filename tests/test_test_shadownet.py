"""Tests of tools.test_shadownet, which reads images with a network that has learned eight words by heart."""
import io
import json
import os
import sys

import cv2

from local_utils import command_line
from reading import samples
from tests.conftest import draw
from tests.small_run import SIZE, WORDS, error_lines
from tools import test_shadownet as reader


def read(*flags):
    """Run the reader; returns (exit status, dict of path → (text, confidence))."""
    status, lines = output_of(*flags)
    rows = [line.split('\t') for line in lines]
    return status, {path: (text, float(confidence)) for path, text, confidence in rows}


def output_of(*flags):
    """Run the reader; returns (exit status, the lines that it printed)."""
    output = io.StringIO()
    stdout, sys.stdout = sys.stdout, output
    try:
        status = command_line.run_tool(reader.main, [str(flag) for flag in flags])
    finally:
        sys.stdout = stdout
    return status, output.getvalue().splitlines()


def test_files_and_folders_are_read_and_bad_files_named(overfitted, tmp_path, capfd):
    (tmp_path / 'deep' / 'er').mkdir(parents=True)
    cv2.imwrite(str(tmp_path / 'one.png'), draw('hello', SIZE))
    cv2.imwrite(str(tmp_path / 'deep' / 'two.jpg'), draw('aaa', SIZE))
    cv2.imwrite(str(tmp_path / 'deep' / 'er' / 'three.png'), draw('42', SIZE))
    (tmp_path / 'deep' / 'broken.png').write_bytes(b'\x89PNG')
    status, texts = read('--image_path', tmp_path / 'one.png', tmp_path / 'deep', tmp_path / 'none.png',
                         '--weights_path', overfitted[1] / 'best')
    assert status == 1
    assert {os.path.basename(path): text for path, (text, _) in texts.items()} == {
        'one.png': 'hello', 'two.jpg': 'aaa', 'three.png': '42'}
    assert all(0 < confidence <= 1 for _, confidence in texts.values())
    errors = error_lines(capfd)
    assert len(errors) == 2
    assert 'broken.png' in errors[0]
    assert 'none.png' in errors[1]
    _, one_view = read('--image_path', tmp_path / 'one.png', tmp_path / 'deep', '--weights_path',
                       overfitted[1] / 'best',
                         '--set', 'TEST.MIN_CONFIDENCE=0')
    assert {path: text for path, (text, _) in one_view.items()} == {path: text for path,
                                                                    (text, _) in texts.items()}
    assert all(0.5 < confidence <= 1 for _, confidence in one_view.values())


def test_json_has_an_object_for_each_image_with_its_characters_and_one_for_what_cannot_be_read(
        overfitted, tmp_path):
    cv2.imwrite(str(tmp_path / 'one.png'), draw('hello', SIZE))
    (tmp_path / 'two.png').write_bytes(b'no image')
    status, lines = output_of('--image_path', tmp_path, '--output_dir', overfitted[1], '--json',
                              '--picture_path', tmp_path / 'picture.png')
    assert status == 1
    good, bad = map(json.loads, lines)
    assert (good['path'], good['text'], good['error']) == (str(tmp_path / 'one.png'), 'hello', None)
    assert ''.join(character['character'] for character in good['characters']) == 'hello'
    assert all(0.5 < character['probability'] <= 1 for character in good['characters'])
    frames = [character[name] for character in good['characters'] for name in ('first_frame', 'last_frame')]
    assert frames == sorted(frames)
    assert 0 <= frames[0] < frames[-1] < SIZE[0] // 4
    assert (bad['path'], bad['text'], bad['characters']) == (str(tmp_path / 'two.png'), None, [])
    assert 'not an image' in bad['error']
    assert cv2.imread(str(tmp_path / 'picture.png')).shape[2] == 3


def test_what_is_known_of_the_texts_is_kept(overfitted, tmp_path, capfd):
    cv2.imwrite(str(tmp_path / 'one.png'), draw('42', SIZE))
    (tmp_path / 'lexicon.txt').write_text('tree\nword\n')
    for flags, texts in ((['--lexicon', tmp_path / 'lexicon.txt'], ('tree', 'word')),
                         (['--forbid', '4'], None),
                         (['--format', '99'], ('42',)), (['--allow', 'abc'], None)):
        status, readings = read('--image_path', tmp_path / 'one.png', '--output_dir', overfitted[1], *flags)
        (text, _), = readings.values()
        assert status == 0
        assert text in texts if texts else '4' not in text
    for flags, wrong, message in (
            (['--lexicon', tmp_path / 'none.txt'], 1, 'none.txt'),
            (['--format', '?'], 2, 'has to stand behind'),
            (['--allow', '%'], 1, 'allow: expected characters of the alphabet'),
            (['--forbid', 'é'], 1, 'forbid: expected characters of the alphabet')):
        status, readings = read('--image_path', tmp_path / 'one.png', '--output_dir', overfitted[1], *flags)
        assert (status, readings) == (wrong, {})
        assert message in capfd.readouterr().err


def test_the_best_weights_of_the_output_folder_are_the_default(overfitted, tmp_path):
    cv2.imwrite(str(tmp_path / 'one.png'), draw('tree', SIZE))
    status, texts = read('--image_path', tmp_path / 'one.png', '--output_dir', overfitted[1])
    assert status == 0
    assert texts[str(tmp_path / 'one.png')][0] == 'tree'


def test_without_a_best_checkpoint_the_last_one_is_the_default(overfitted, tmp_path, capfd):
    for path in overfitted[1].glob('shadownet.ckpt-*'):
        (tmp_path / path.name).symlink_to(path)
    cv2.imwrite(str(tmp_path / 'one.png'), draw('tree', SIZE))
    status, texts = read('--image_path', tmp_path / 'one.png', '--output_dir', tmp_path)
    assert status == 0
    assert texts[str(tmp_path / 'one.png')][0] == 'tree'
    assert f'reading with the weights of {tmp_path}/shadownet.ckpt-400' in capfd.readouterr().err


def test_links_to_folders_are_followed_and_circles_are_not(tmp_path):
    (tmp_path / 'pictures').mkdir()
    (tmp_path / 'read').mkdir()
    (tmp_path / 'pictures' / 'a.jfif').touch()
    (tmp_path / 'read' / 'link').symlink_to(tmp_path / 'pictures')
    (tmp_path / 'pictures' / 'circle').symlink_to(tmp_path / 'pictures')
    assert samples.find_images([str(tmp_path / 'read')]) == ([f'{tmp_path}/read/link/a.jfif'], [])


def test_without_anything_to_read_no_weights_are_opened(tmp_path, capfd):
    status, texts = read('--image_path', tmp_path, '--weights_path', tmp_path / 'none')
    assert (status, texts) == (1, {})
    folder_line, = error_lines(capfd)
    assert f'{tmp_path}: no image in this folder' in folder_line


def test_a_picture_that_could_not_be_written_is_refused_before_anything_is_read(overfitted, tmp_path, capfd):
    cv2.imwrite(str(tmp_path / 'one.png'), draw('tree', SIZE))
    (tmp_path / 'folder.png').mkdir()
    for name, expected_status, message in (
            ('none/picture.png', 1, 'picture.png: there is no such folder to write to'),
            ('one.txt', 2, 'one.txt: expected a name that ends in .png'),
            ('one.png', 1, 'one.png: one of the images that are to be read'),
            ('folder.png', 1, 'folder.png: expected the name of a file to write, got a folder')):
        status, texts = read('--image_path', tmp_path / 'one.png', '--output_dir', overfitted[1],
                             '--picture_path', tmp_path / name)
        assert (status, texts) == (expected_status, {})
        assert message in capfd.readouterr().err


def test_a_beam_search_and_another_batch_size_read_the_same_words(overfitted, tmp_path):
    for word in WORDS:
        cv2.imwrite(str(tmp_path / f'{word}.png'), draw(word, SIZE))
    status, texts = read('--image_path', tmp_path, '--weights_path', overfitted[1], '--beam_search',
                         '--set', 'TEST.BATCH_SIZE=3', 'TEST.BEAM_WIDTH=10')
    assert status == 0
    assert {os.path.basename(path): text for path,
            (text, _) in texts.items()} == {f'{word}.png': word for word in WORDS}


def test_a_file_name_with_a_tab_and_a_line_break_stays_one_line(overfitted, tmp_path):
    data = cv2.imencode('.png', draw('dog', SIZE))[1].tobytes()
    (tmp_path / 'a\tb\nc.png').write_bytes(data)
    status, texts = read('--image_path', tmp_path, '--weights_path', overfitted[1] / 'best')
    assert status == 0
    assert {path: text for path, (text, _) in texts.items()} == {rf'{tmp_path}/a\tb\nc.png': 'dog'}
