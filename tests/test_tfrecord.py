"""Tests of local_utils.tfrecord and local_utils.data_utils."""
import re
import tracemalloc

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import architecture
from local_utils import data_utils, tfrecord
from tests.conftest import draw


def random_image(rng):
    return rng.integers(0, 256, [32, 100, 3], np.uint8)


def write(path, codec, rng, words=('hello', 'a', 'zz9')):
    images = [random_image(rng) for _ in words]
    data_utils.TextFeatureIO(codec).writer.write_features(path, words, images,
                                                          [f'{word}.jpg' for word in words])
    return images


def write_with_paths(path, image):
    """Write a record whose name feature is `imagepaths`."""
    with tf.python_io.TFRecordWriter(str(path)) as writer:
        writer.write(tf.train.Example(features=tf.train.Features(feature={
            'labels': tf.train.Feature(int64_list=tf.train.Int64List(value=[23])),
            'images': tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.tobytes()])),
            'imagepaths': tf.train.Feature(bytes_list=tf.train.BytesList(value=[b'data/1/a_1.jpg'])),
        })).SerializeToString())


def test_what_is_written_is_read_back(tmp_path, codec, rng):
    images = write(tmp_path / 'r', codec, rng)
    features = list(data_utils.TextFeatureIO(codec).reader.read_features(tmp_path / 'r'))
    assert [codec.decode(feature.label) for feature in features] == ['hello', 'a', 'zz9']
    assert [feature.imagename for feature in features] == ['hello.jpg', 'a.jpg', 'zz9.jpg']
    assert all(np.array_equal(feature.image, image) for feature, image in zip(features, images, strict=True))
    assert tfrecord.count_records(tmp_path / 'r') == 3


def test_tensorflow_reads_what_is_written(tmp_path, codec, rng):
    images = write(tmp_path / 'r', codec, rng)
    payloads = list(tf.python_io.tf_record_iterator(str(tmp_path / 'r')))
    feature = tf.train.Example.FromString(payloads[2]).features.feature
    assert feature['images'].bytes_list.value[0] == images[2].tobytes()
    assert feature['labels'].int64_list.value[:] == codec.encode('zz9')
    assert feature['imagenames'].bytes_list.value[0] == b'zz9.jpg'


def test_what_tensorflow_writes_is_read(tmp_path, codec):
    image, label = draw('x'), [300, 0, 7]
    example = tf.train.Example(features=tf.train.Features(feature={
        'labels': tf.train.Feature(int64_list=tf.train.Int64List(value=label)),
        'images': tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.tobytes()])),
        'imagenames': tf.train.Feature(bytes_list=tf.train.BytesList(value=['ä.jpg'.encode()])),
        'other': tf.train.Feature(float_list=tf.train.FloatList(value=[1.5])),
    }))
    with tf.python_io.TFRecordWriter(str(tmp_path / 'r')) as writer:
        writer.write(example.SerializeToString())
    feature, = data_utils.TextFeatureIO(codec).reader.read_features(tmp_path / 'r')
    assert np.array_equal(feature.image, image)
    assert feature.label == label
    assert feature.imagename == 'ä.jpg'


def test_a_record_with_the_path_of_its_image_in_place_of_its_name_is_read(tmp_path, codec):
    write_with_paths(tmp_path / 'r', draw('x'))
    feature, = data_utils.TextFeatureIO(codec).reader.read_features(tmp_path / 'r')
    assert feature.imagename == 'a_1.jpg'
    assert feature.label == [23]


def test_a_file_cut_off_at_any_byte_is_refused_or_holds_whole_records(tmp_path):
    payloads = [b'abc', b'', b'defgh' * 5]
    content = b''.join(map(tfrecord.frame, payloads))
    ends = {0, 19, 19 + 16, len(content)}
    assert len(content) == 19 + 16 + 41
    for length in range(len(content) + 1):
        (tmp_path / 'r').write_bytes(content[:length])
        if length in ends:
            assert list(tfrecord.read_records(tmp_path / 'r')) == payloads[:sorted(ends).index(length)]
            assert tfrecord.count_records(tmp_path / 'r') == sorted(ends).index(length)
        else:
            with pytest.raises(ValueError, match='cut off'):
                list(tfrecord.read_records(tmp_path / 'r'))
            with pytest.raises(ValueError, match='cut off'):
                tfrecord.count_records(tmp_path / 'r')


def test_a_flipped_bit_anywhere_is_found(tmp_path):
    content = tfrecord.frame(b'some payload') + tfrecord.frame(b'another')
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        (tmp_path / 'r').write_bytes(damaged)
        with pytest.raises(ValueError, match=f'record {1 if position < 28 else 2} at byte'):
            list(tfrecord.read_records(tmp_path / 'r'))


def test_compressed_records_are_counted_read_and_passed_over_as_others_are(tmp_path):
    payloads = [bytes([number]) * 50 for number in range(9)]
    pieces = [b''.join(map(tfrecord.frame, payloads[start:start + 3])) for start in (0, 3, 6)]
    (tmp_path / 'r').write_bytes(b''.join(map(tfrecord.compressed, pieces)))
    assert tfrecord.compression_of(tmp_path / 'r') == 'GZIP'
    assert tfrecord.count_records(tmp_path / 'r') == 9
    assert list(tfrecord.read_records(tmp_path / 'r')) == payloads
    assert list(tfrecord.read_records(tmp_path / 'r', range(2, 10, 3))) == payloads[1::3]
    assert list(tf.python_io.tf_record_iterator(str(tmp_path / 'r'),
                                                tf.python_io.TFRecordOptions('GZIP'))) == payloads


def test_the_place_of_damage_that_was_compressed_is_that_in_the_uncompressed_data(tmp_path):
    damaged = bytearray(tfrecord.frame(b'one') + tfrecord.frame(b'another'))
    damaged[-5] ^= 1
    (tmp_path / 'r').write_bytes(tfrecord.compressed(damaged))
    with pytest.raises(ValueError, match='record 2 at uncompressed byte 19: the checksum of its data'):
        list(tfrecord.read_records(tmp_path / 'r'))


@pytest.mark.parametrize('read', [tfrecord.count_records, lambda path: list(tfrecord.read_records(path))])
def test_damage_in_compressed_records_is_one_line_with_the_files_name(tmp_path, read):
    payloads = [bytes([number]) * 50 for number in range(9)]
    content = tfrecord.compressed(b''.join(map(tfrecord.frame, payloads)))
    path = tmp_path / 'r'
    path.write_bytes(content)
    whole = read(path)
    for length in range(4, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=f'^{path}: [^\n]*cut off'):
            read(path)
    num_found, positions = 0, range(10, len(content))   # behind what gzip does not check
    for position in positions:
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1:])
        try:
            assert read(path) == whole
        except ValueError as error:
            assert re.fullmatch(f'{path}: .*damaged.*', str(error))
            num_found += 1
    assert num_found >= 0.9 * len(positions)   # some bits of what is compressed mean nothing


def test_a_record_of_the_largest_image_is_read_and_a_bomb_is_refused_unread(tmp_path, codec):
    image = np.full([32, architecture.MAX_WIDTH, 3], 7, np.uint8)
    label, name = [architecture.MAX_CLASSES] * (architecture.MAX_WIDTH // 4), 'n' * 4096
    payload = data_utils.encode_example(image, label, name)
    (tmp_path / 'r').write_bytes(tfrecord.frame(payload))
    assert list(tfrecord.read_records(tmp_path / 'r')) == [payload]
    bomb = tfrecord.compressed(tfrecord.frame(b'one') + tfrecord.frame(bytes(1 << 28)))
    (tmp_path / 'r').write_bytes(bomb)
    message = 'record 2 at uncompressed byte 19: 268435456 bytes, expected at most 1048576'
    tracemalloc.start()
    for read in (tfrecord.count_records, lambda path: list(tfrecord.read_records(path))):
        with pytest.raises(ValueError, match=message):
            read(tmp_path / 'r')
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_a_file_that_is_no_record_file_is_refused(tmp_path):
    (tmp_path / 'r').write_bytes(b'\xff\xd8 a picture, not records')
    with pytest.raises(ValueError, match='no TFRecord file'):
        tfrecord.count_records(tmp_path / 'r')


@pytest.mark.parametrize('payload', [
    b'', b'\x0a', b'\x0a\x05ab', b'\xff' * 40, b'\x0a\x00', b'\x08\x01', b'\x0f\x0f', bytes(range(256))])
def test_bytes_that_are_no_example_are_refused(payload):
    with pytest.raises(ValueError, match='expected'):
        data_utils.decode_example(payload)


def test_random_damage_inside_an_example_is_an_error_or_an_example(rng):
    good = data_utils.encode_example(np.zeros([2, 2, 3], np.uint8), [1, 200, 3], 'name.jpg')
    refused = 0
    for _ in range(2000):
        damaged = bytearray(good)
        for position in rng.integers(0, len(damaged), 3):
            damaged[position] = rng.integers(256)
        try:
            data_utils.decode_example(bytes(damaged[:rng.integers(1, len(damaged) + 1)]))
        except ValueError:
            refused += 1
    assert refused > 1000


def test_records_of_another_image_size_are_refused_with_both_sizes(tmp_path, codec, rng):
    write(tmp_path / 'r', codec, rng)
    with pytest.raises(ValueError, match=r'record 1: expected an image of 120x32x3 bytes, got 9600 bytes'):
        list(data_utils.TextFeatureIO(codec, input_size=(120, 32)).reader.read_features(tmp_path / 'r'))


def test_writing_leaves_no_file_where_a_label_cannot_be_encoded(tmp_path, codec, rng):
    with pytest.raises(KeyError, match="'ß'"):
        write(tmp_path / 'r', codec, rng, words=('fine', 'Spaß'))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_survives_a_failed_rewrite(tmp_path, codec, rng):
    write(tmp_path / 'r', codec, rng)
    before = (tmp_path / 'r').read_bytes()
    with pytest.raises(KeyError):
        write(tmp_path / 'r', codec, rng, words=('!',))
    assert (tmp_path / 'r').read_bytes() == before
