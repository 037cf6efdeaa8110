"""A short seeded campaign of damaged inputs, in process; a longer one by CRNN_FUZZ_INPUTS, of each kind.

    CRNN_FUZZ_INPUTS=100000 CRNN_FUZZ_SEED=7 python -m pytest -q tests/test_fuzz.py

Each input is read as it was, or refused by one line that names it. Anything else, a traceback or another
content, fails.
"""
import json
import os
import string

import cv2
import numpy as np
import pytest

from data_provider import annotation, image_file
from data_provider.drawing import font_files
from data_provider.rejected_sample import RejectedSample
from local_utils import command_line, data_utils, establish_char_dict, manifest, tfrecord
from local_utils.errors import InputError
from tests.conftest import draw, write_records
from tests.test_font_files import SOUND
from training.task import task_of

NUM_INPUTS = int(os.environ.get('CRNN_FUZZ_INPUTS', 300))
SEED = int(os.environ.get('CRNN_FUZZ_SEED', 1))
TOKENS = (b'\0', b'\xff', b'\x7f', b'\x80', b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'1e400', b'NaN', b'-1',
          b'"', b'[', b'{', b'\\u0000', b'\x1b[2K', b'\n', b'\t', '\u202e'.encode(), b'..', b'/', b'WEBP',
          b'IEND')


def damaged(content, rng):
    """Return bytes with up to eight changes: a bit, a byte, a token, a piece doubled, moved or cut out, the
    end cut off.
    """
    content = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if not content:
            break
        place, other = (int(number) for number in rng.integers(len(content), size=2))
        kind = int(rng.integers(7))
        if kind == 0:
            content[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            content[place] = int(rng.integers(256))
        elif kind == 2:
            token = TOKENS[int(rng.integers(len(TOKENS)))]
            content[place:place + len(token)] = token
        elif kind == 3:
            content[place:place] = content[other:other + 16]
        elif kind == 4:
            content[place:place + 4] = content[other:other + 4]
        elif kind == 5:
            del content[place:place + int(rng.integers(1, 32))]
        else:
            del content[max(place, len(content) // 2):]
    return bytes(content)


def campaign(number, seeds):
    """Yield (input, which seed it was made of) of a kind of inputs, the kinds by their numbers."""
    rng = np.random.default_rng([SEED, number])
    for _ in range(NUM_INPUTS):
        index = int(rng.integers(len(seeds)))
        yield damaged(seeds[index], rng), index


def assert_one_line(error):
    line = command_line.message_of(error)
    assert line
    assert '\n' not in line


def test_damaged_images_are_images_or_rejects():
    word = draw('word')
    colours = (word, cv2.cvtColor(word, cv2.COLOR_BGR2GRAY), word.astype(np.uint16) * 257,
               np.dstack([word, word[:, :, :1]]),
               np.dstack([word, word[:, :, :1]]).astype(np.uint16) * 257, word.astype(np.float32) / 255)
    seeds = [cv2.imencode(ending, image)[1].tobytes() for ending, images in (
        ('.jpg', colours[:2]), ('.png', colours[:5]), ('.webp', (word, colours[3])), ('.tiff', colours),
        ('.bmp', (word, colours[3])), ('.gif', (word,)), ('.ppm', (word,)), ('.jp2', (word,)))
        for image in images]
    num_read = 0
    for content, _ in campaign(0, seeds):
        try:
            image = image_file.decode_image(content, (100, 32))
        except RejectedSample as error:
            assert_one_line(error)
        else:
            num_read += 1
            assert image.shape == (32, 100, 3)
            assert image.dtype == np.uint8
    assert 0 < num_read < NUM_INPUTS


@pytest.mark.parametrize('is_compressed', [False, True])
def test_damaged_records_are_never_misread(tmp_path, codec, is_compressed):
    folder = write_records(tmp_path / 'records', {'train': ['one', 'two', 'three']}, codec, (8, 4))
    content = (folder / 'train_feature.tfrecords').read_bytes()
    path = str(tmp_path / 'damaged')
    reader = data_utils.TextFeatureIO(codec, (8, 4)).reader
    whole = [(feature.label, feature.imagename, feature.image.tobytes())
             for feature in reader.read_features(str(folder / 'train_feature.tfrecords'))]
    for changed, _ in campaign(1 + is_compressed,
                               [tfrecord.compressed(content) if is_compressed else content]):
        with open(path, 'wb') as file:
            file.write(changed)
        read = []
        try:
            for feature in reader.read_features(path):
                read.append((feature.label, feature.imagename, feature.image.tobytes()))
        except InputError as error:
            assert_one_line(error)
            assert 'damaged' in str(error)
        assert all(record in whole for record in read)   # records moved as wholes are still what they were


def test_damaged_payloads_of_records_are_taken_apart_or_refused():
    payload = data_utils.encode_example(draw('word', (8, 4)), [3, 300, 7], 'name.png')
    for content, _ in campaign(3, [payload]):
        try:
            pixels, label, name = data_utils.decode_example(content)
        except InputError as error:
            assert_one_line(error)
        else:
            assert isinstance(pixels, bytes)
            assert isinstance(name, str)
            assert all(isinstance(index, int) for index in label)


def test_damaged_alphabets_are_the_alphabet_or_one_line(tmp_path, codec):
    establish_char_dict.write_alphabet(codec.characters, tmp_path)
    names = (establish_char_dict.CHAR_DICT_NAME, establish_char_dict.ORD_MAP_NAME)
    whole = [(tmp_path / name).read_bytes() for name in names]
    for content, index in campaign(4, whole):
        (tmp_path / names[index]).write_bytes(content)
        try:
            read = establish_char_dict.read_alphabet(str(tmp_path))
        except (InputError, OSError) as error:
            assert_one_line(error)
        else:
            assert sorted(read.characters) == sorted(codec.characters)
        (tmp_path / names[index]).write_bytes(whole[index])


def test_damaged_manifests_are_refused_or_say_the_same(tmp_path):
    described = manifest.describe(image_size=(100, 32), alphabet='abc', seed=0, validation_split=0.15,
                                  is_compressed=False,
                                  splits={'train': [('train_feature.tfrecords', 5, 500)]},
                                  rejected={'not an image': 1})
    whole = json.dumps(described, indent=2).encode()
    for content, _ in campaign(5, [whole]):
        (tmp_path / manifest.NAME).write_bytes(content)
        try:
            manifest.check(str(tmp_path), 'abc', (100, 32))
        except InputError as error:
            assert_one_line(error)
        else:
            read = manifest.read(str(tmp_path))
            assert manifest.CHECKSUM not in read or read == described


def test_damaged_lines_of_an_annotation_are_a_path_and_a_text_or_a_reject():
    for content, _ in campaign(6, [b'1/2/3_word_4.jpg word', 'a b\tän word'.encode(), b'/x.png a  b']):
        for line in content.splitlines():
            try:
                path, text = annotation.parse_line(line)
            except RejectedSample as error:
                assert_one_line(error)
            else:
                assert '..' not in path.split('/')
                assert text == text.strip(string.whitespace)   # what else is blank is named later


def test_damaged_descriptions_of_a_cluster_are_a_task_or_one_line():
    whole = json.dumps({'cluster': {'master': ['a:1'], 'worker': ['b:2', 'c:3']},
                        'task': {'type': 'worker', 'index': '1'}})
    for content, _ in campaign(7, [whole.encode()]):
        try:
            task = task_of(content.decode('utf-8', 'surrogateescape'))
        except InputError as error:
            assert_one_line(error)
        else:
            assert task is None or task.number is None or 0 <= task.number < len(task.addresses)


def test_damaged_font_tables_are_found_or_are_whole():
    whole = SOUND.read_bytes()
    for content, _ in campaign(8, [whole]):
        problem = font_files.problem_of_tables(content)
        assert isinstance(problem, str)
        assert '\n' not in problem
