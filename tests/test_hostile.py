"""Tests of what comes from outside: what once ended a run with a traceback, hung it, or was believed."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import zlib

import cv2
import matplotlib
import numpy as np
import pytest

from data_provider import decoded_pixels, image_file
from data_provider.rejected_sample import RejectedSample
from local_utils import command_line, files
from local_utils.errors import InputError
from tests.conftest import convert, draw, write_data_set
from tests.small_run import error_lines, train
from tests.test_font_files import SOUND, of_glyphs_in_themselves, with_right_checksums
from tools import average_weights, plot_training, test_shadownet, train_shadownet
from training import task

SECONDS = 60   # that a script may take which would have waited for ever
FONTS = pathlib.Path(matplotlib.get_data_path(), 'fonts', 'ttf')


def cluster_of(index, address='a:1'):
    return f'{{"cluster": {{"worker": ["{address}"]}}, "task": {{"type": "worker", "index": {index}}}}}'


@pytest.mark.parametrize('text', [
    '[' * 100_000, '{"cluster":' * 100_000, cluster_of('1e400'), cluster_of('-1e400'), cluster_of('NaN'),
    cluster_of('9' * 5000), cluster_of('"' + '9' * 5000 + '"'), cluster_of('[]'), cluster_of('{}'),
    cluster_of('null'),
    cluster_of(0, 'a:' + '9' * 5000), cluster_of(0, 'a:\u0661'), cluster_of(0, ':1'), '"' + 'x' * 5_000_000
    + '"', 'null'])
def test_a_cluster_that_no_platform_writes_is_one_line(text):
    with pytest.raises(InputError, match='TF_CONFIG: expected ') as caught:
        task.task_of(text)
    assert len(command_line.message_of(caught.value)) < 12_000


def test_a_cluster_nested_without_end_is_one_line_of_the_script(records, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv('TF_CONFIG', '[' * 100_000)
    assert train(records, tmp_path / 'run') == 1
    line, = error_lines(capfd)
    assert 'TF_CONFIG: expected' in line
    assert len(line) < 1000


def test_a_step_beyond_32_bits_is_refused_wherever_it_stands(records, tmp_path, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=1') == 0
    for path in (tmp_path / 'run').glob('shadownet.ckpt-1.*'):
        path.rename(str(path).replace('ckpt-1.', 'ckpt-99999999999.'))
    capfd.readouterr()
    flags = ['--weights_path', str(tmp_path / 'run'), '--save_dir', str(tmp_path / 'mean')]
    assert command_line.run_tool(average_weights.main, flags) == 1
    assert 'ckpt-99999999999: its step is no number of 32 bits; give another with --step' in error_lines(
        capfd)[0]
    with pytest.raises(SystemExit) as caught:
        command_line.run_tool(average_weights.main, [*flags, '--step', '2147483648'])
    assert caught.value.code == 2
    assert command_line.run_tool(average_weights.main, [*flags, '--step', '2147483647']) == 0
    assert (tmp_path / 'mean' / 'shadownet.ckpt-2147483647.index').exists()


def run_script(name, *flags):
    """Run a script as its own process for at most SECONDS; returns (exit status, lines of standard error)."""
    result = subprocess.run([sys.executable, files.repository_path('tools', f'{name}.py'), *map(str, flags)],
                            capture_output=True, text=True, timeout=SECONDS, check=False)
    return result.returncode, result.stderr.splitlines()


@pytest.mark.parametrize('name',
                         ['.lock', 'manifest.json.incomplete', 'test_feature.tfrecords.incomplete',
                          'manifest.json'])
def test_a_pipe_in_the_folder_of_a_conversion_is_not_waited_for(tmp_path, name):
    data_set = write_data_set(tmp_path / 'data', [f'word{number}' for number in range(9)], ['a'])
    (tmp_path / 'out').mkdir()
    os.mkfifo(tmp_path / 'out' / name)
    status, lines = run_script('write_text_features', '--dataset_dir', data_set, '--save_dir',
                               tmp_path / 'out',
                               '--num_workers', 1)
    assert not any('Traceback' in line for line in lines)
    if name == '.lock':
        assert status == 1
        assert f'{tmp_path}/out/.lock' in lines[-1]
    else:
        assert status == 0
        assert json.loads((tmp_path / 'out' / 'manifest.json').read_text())['splits']['test']['records'] == 1


@pytest.mark.parametrize('name', ['shadownet.ckpt-1.index', 'shadownet.ckpt-1.data-00000-of-00001'])
def test_a_pipe_in_place_of_a_checkpoints_file_is_not_waited_for(records, tmp_path, name, capfd):
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=1') == 0
    cv2.imwrite(str(tmp_path / 'one.png'), draw('one'))
    (tmp_path / 'run' / name).unlink()
    os.mkfifo(tmp_path / 'run' / name)
    capfd.readouterr()
    assert command_line.run_tool(test_shadownet.main, [
        '--image_path', str(tmp_path / 'one.png'), '--weights_path',
        str(tmp_path / 'run' / 'shadownet.ckpt-1')]) == 1
    assert 'shadownet.ckpt-1' in error_lines(capfd)[-1]
    assert train(records, tmp_path / 'run', 'TRAIN.STEPS=2') == 1


def test_a_pipe_or_a_folder_among_the_events_of_a_run_is_one_line(tmp_path, capfd):
    flags = ['--output_dir', str(tmp_path), '--picture_path', str(tmp_path / 'curves.png')]
    path = tmp_path / 'log' / 'events.out.tfevents.1'
    (tmp_path / 'log').mkdir()
    os.mkfifo(path)
    assert command_line.run_tool(plot_training.main, flags) == 1
    path.unlink()
    path.mkdir()
    assert command_line.run_tool(plot_training.main, flags) == 1
    assert [f'{path}: expected a file, got a folder, a pipe or a device' in line
            for line in error_lines(capfd)] == [True] * 2


@pytest.mark.parametrize('name',
                         ['manifest.json.incomplete', 'train_feature.tfrecords.incomplete',
                          'rejects.tsv.incomplete',
                                  'manifest.json', 'char_dict.json'])
def test_a_link_in_the_folder_of_a_conversion_does_not_lead_its_writing_elsewhere(tmp_path, name):
    data_set = write_data_set(tmp_path / 'data', [f'word{number}' for number in range(9)], ['a'])
    (tmp_path / 'precious').write_text('precious')
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / name).symlink_to(tmp_path / 'precious')
    convert(data_set, tmp_path / 'out')
    assert (tmp_path / 'precious').read_text() == 'precious'
    assert not (tmp_path / 'out' / name).is_symlink()


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_is_left(tmp_path, capfd):
    data_set = write_data_set(tmp_path / 'data', ['word'] * 9, ['a'])
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / '.lock').symlink_to(tmp_path / 'elsewhere')
    assert convert(data_set, tmp_path / 'out') == 1
    assert f'{tmp_path}/out/.lock: expected a file to lock, got a link; remove it' in error_lines(capfd)[0]
    assert not (tmp_path / 'elsewhere').exists()


DRAW = '''
import sys
from data_provider.drawing import drawn_words, fonts, text_style
from local_utils.char_codec import CharacterCodec
drawer = drawn_words.DrawnWords(
    words=['word', 'other'], font_paths=fonts.find_fonts([sys.argv[1]]), codec=CharacterCodec('abdehortw'),
    styles=text_style.STYLES['rich'], seed=0, input_size=(100, 32), max_frames=25)
print(drawer.draw(range(40)).images.shape)
'''


def test_a_damaged_font_among_good_ones_is_named_and_the_others_are_drawn_with(tmp_path):
    names = ['DejaVuSans.ttf', 'cmr10.ttf', 'DejaVuSerif.ttf']
    for name in names:
        (tmp_path / name).write_bytes((FONTS / name).read_bytes())
    (tmp_path / 'crashing.ttf').write_bytes(with_right_checksums(of_glyphs_in_themselves(SOUND.read_bytes())))
    damaged = bytearray(SOUND.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / 'damaged.ttf').write_bytes(damaged)
    # in a process of its own: what other tests feed to native code in this one may show here
    ran = subprocess.run([sys.executable, '-c', DRAW, str(tmp_path)], cwd=files.repository_path(),
                         capture_output=True, text=True, check=False)
    assert ran.stdout == '(40, 32, 100, 3)\n', ran.stderr
    warnings = [line for line in ran.stderr.splitlines() if 'is left out' in line]
    assert len(warnings) == 2
    assert 'crashing.ttf: this font is left out: drawing with it crashes the process (SIGSEGV)' in ' '.join(
        warnings)
    assert 'damaged.ttf: this font is left out: the checksum of its table' in ' '.join(warnings)


def test_a_name_that_moves_the_cursor_or_ends_the_line_forges_nothing(tmp_path, capfd):
    path = tmp_path / 'a\x1b[2K\n12:00:00 INFO all is well\u202e.png'
    path.write_bytes(b'no image')
    assert command_line.run_tool(test_shadownet.main, ['--image_path', str(path)]) == 1
    with pytest.raises(SystemExit):
        command_line.run_tool(train_shadownet.main, ['--\x1b[31mred\n12:00:00 INFO all is well'])
    lines = capfd.readouterr().err.split('\n')[:-1]
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith('12:00:00 INFO all is well') for line in lines)
    assert any(r'a\x1b[2K\n12:00:00 INFO all is well\u202e.png: not an image' in line for line in lines)


def float_tiff_that_says_webp():
    """Return a TIFF of float32 whose bytes 8 to 11 are those of another format."""
    content = bytearray(cv2.imencode('.tiff', draw('word').astype(np.float32) / 255)[1].tobytes())
    content[8:12] = b'WEBP'
    return bytes(content)


def test_a_picture_of_two_formats_is_read_or_rejected_and_ends_no_conversion(tmp_path):
    data_set = write_data_set(tmp_path / 'data', [f'word{number}' for number in range(9)], ['a'])
    (data_set / '1' / 'Train' / '3.png').write_bytes(float_tiff_that_says_webp())
    assert convert(data_set, tmp_path / 'out', '--validation_split', '0') == 0
    manifest = json.loads((tmp_path / 'out' / 'manifest.json').read_text())
    assert manifest['splits']['train']['records'] + sum(manifest['rejected'].values()) == 9


@pytest.mark.parametrize('error', [
    TypeError('of numpy'), IndexError('of numpy'), OverflowError('of numpy'), ZeroDivisionError('of ours'),
    RecursionError('of ours'), struct.error('unpack requires'), KeyError('tag')])
def test_whatever_taking_a_picture_apart_raises_is_its_reject(monkeypatch, error):
    def broken(*_):
        raise error
    monkeypatch.setattr(decoded_pixels, 'pixels_of', broken)
    with pytest.raises(RejectedSample, match=f'it cannot be taken apart: {type(error).__name__}') as caught:
        image_file.decode_image(cv2.imencode('.png', draw('word'))[1].tobytes())
    assert caught.value.kind == 'not an image'


def test_a_picture_for_which_memory_is_too_little_is_its_own_reject(monkeypatch):
    def broken(*_):
        raise MemoryError
    monkeypatch.setattr(decoded_pixels, 'pixels_of', broken)
    with pytest.raises(RejectedSample, match='too little memory') as caught:
        image_file.decode_image(cv2.imencode('.png', draw('word'))[1].tobytes())
    assert caught.value.kind == 'image too large'


def png_of(width, height, bits, colour_type, channels):
    """Return a small PNG file of a large picture of stripes."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    packer = zlib.compressobj(1)
    row = bytes([0]) + bytes([64]) * (width * channels * bits // 8)
    rows = [packer.compress(row if number % 16 < 8 else row.replace(b'@', b'\x80'))
            for number in range(height)]
    header = struct.pack('>IIBBBBB', width, height, bits, colour_type, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', b''.join(rows) + packer.flush())
            + chunk(b'IEND', b''))


MEMORY_OF_DECODING = """
import resource, sys
from data_provider import image_file
content = open(sys.argv[1], 'rb').read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert image_file.decode_image(content, (100, 2999)).shape == (2999, 100, 3)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_bomb_of_sixteen_bits_and_alpha_takes_little_more_than_its_pixels(tmp_path):
    (tmp_path / 'bomb.png').write_bytes(png_of(3000, 3000, 16, 6, 4))
    assert (tmp_path / 'bomb.png').stat().st_size < 500_000
    result = subprocess.run([sys.executable, '-c', MEMORY_OF_DECODING, str(tmp_path / 'bomb.png')],
                            cwd=files.repository_path(), capture_output=True, text=True, check=True)
    assert int(result.stdout) * 1024 < 9_000_000 * (8 + 4 + 3 + 4)   # of the file, of 8 bits, opaque; a rest


@pytest.mark.parametrize(('width', 'height'),
                         [(16385, 2), (8192, 8193), (2, 16385), (2 ** 31 - 1, 2 ** 31 - 1)])
def test_a_picture_that_claims_too_many_pixels_is_refused_by_its_header(width, height):
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    content = b'\x89PNG\r\n\x1a\n' + struct.pack('>I',
                                                 13) + b'IHDR' + header + bytes(
                                                     4) + bytes(4) + b'IEND' + bytes(4)
    with pytest.raises(RejectedSample, match='expected at most 16384 a side and 67108864 in all') as caught:
        image_file.decode_image(content)
    assert caught.value.kind == 'image too large'


def test_a_picture_of_six_thousand_pixels_a_side_is_read():
    assert image_file.decode_image(png_of(6000, 6000, 8, 0, 1), (100, 5999)).shape == (5999, 100, 3)


def test_alpha_is_laid_on_white_or_black_as_exactly_as_in_floats(rng):
    for light in (0, 150):
        picture = rng.integers(light, 256 if light else 100, [70, 90, 4], np.uint8)
        alpha = picture[:, :, 3:] / np.float64(255)
        background = 0 if (picture[:, :, :3] * alpha).sum() > 127.5 * 3 * alpha.sum() else 255
        exact = picture[:, :, :3] * alpha + background * (1 - alpha)
        assert np.abs(decoded_pixels._opaque(picture) - exact).max() <= 0.5001
