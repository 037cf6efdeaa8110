"""Tests of data_provider.data_provider."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from data_provider.batches import BatchSlice
from data_provider.data_provider import TextDataProvider
from local_utils import files, tfrecord
from local_utils.establish_char_dict import write_alphabet
from tests.conftest import draw, write_records
from tests.test_tfrecord import write_with_paths

WORDS = [f'word{number}' for number in range(10)]


def open_records(folder, input_size=(100, 32)):
    return TextDataProvider(str(folder), input_size, files.repository_path('data'))


def batches(provider, count, **options):
    """Return the first batches of a training stream as lists of image names."""
    options = {'batch_size': 4, 'shuffle_buffer': 100, 'seed': 0, **options}
    with tf.Graph().as_default(), tf.Session() as session:
        batch = tf.data.make_one_shot_iterator(provider.training_batches(**options)).get_next()
        return [session.run(batch) for _ in range(count)]


def names(values):
    return [name.decode() for value in values for name in value.imagenames]


@pytest.fixture
def records(tmp_path, codec):
    return write_records(tmp_path / 'records', {'train': WORDS, 'test': ['hello', 'a']}, codec)


def test_a_batch_holds_images_labels_and_names_that_belong_together(records, codec):
    value, = batches(open_records(records), 1)
    assert value.images.dtype == np.uint8
    assert value.images.shape == (4, 32, 100, 3)
    labels = tf.SparseTensorValue(*value.labels)
    for row, name in enumerate(names([value])):
        label = labels.values[labels.indices[:, 0] == row]
        word = codec.decode(label)
        assert name == f'{word[-1]}_{word}.png'
        assert np.array_equal(value.images[row], draw(word))


def test_an_epoch_takes_every_sample_once_in_an_order_of_its_own(records):
    order = names(batches(open_records(records), 10))
    first, second = order[:10], order[10:20]
    assert sorted(first) == sorted(second) == sorted(f'{number}_word{number}.png' for number in range(10))
    assert first != second


def test_compressed_records_are_trained_on_in_the_same_order(records):
    before = batches(open_records(records), 5)
    path = records / 'train_feature.tfrecords'
    path.write_bytes(tfrecord.compressed(path.read_bytes()))
    after = batches(open_records(records), 5)
    assert names(after) == names(before)
    assert all(np.array_equal(one.images, other.images) for one, other in zip(after, before, strict=True))


def test_records_with_the_paths_of_their_images_are_trained_on(tmp_path, codec):
    write_with_paths(tmp_path / 'train_feature.tfrecords', draw('x'))
    write_alphabet(codec.characters, tmp_path)
    value, = batches(open_records(tmp_path), 1, batch_size=1)
    assert names([value]) == ['a_1.jpg']
    assert np.array_equal(value.images[0], draw('x'))


def test_the_seed_decides_the_order(records):
    provider = open_records(records)
    assert names(batches(provider, 5)) == names(batches(provider, 5))
    assert names(batches(provider, 5)) != names(batches(provider, 5, seed=1))


@pytest.mark.parametrize('steps', [1, 2, 3, 7])
def test_a_stream_that_is_taken_up_later_goes_on_as_if_it_had_not_stopped(records, steps):
    provider = open_records(records)
    whole = batches(provider, 10, augmented=True)
    rest = batches(provider, 10 - steps, first_batch=steps, augmented=True)
    assert names(rest) == names(whole[steps:])
    assert all(np.array_equal(left.images, right.images) for left,
               right in zip(rest, whole[steps:], strict=True))


def test_augmented_images_are_other_images_with_the_same_labels(records):
    provider = open_records(records)
    plain, varied = batches(provider, 1)[0], batches(provider, 1, augmented=True)[0]
    assert names([plain]) == names([varied])
    assert varied.images.shape == plain.images.shape
    assert varied.images.dtype == np.uint8
    assert all(not np.array_equal(left, right) for left,
               right in zip(plain.images, varied.images, strict=True))
    # dark on light or light on dark
    ink = np.abs(varied.images.astype(int) - varied.images[:, :1, :1]) > 128
    assert np.all(ink.mean(axis=(1, 2, 3)) > 0.5 * (plain.images < 128).mean(axis=(1, 2, 3)))


def test_several_shards_give_the_samples_of_one_file(tmp_path, codec, records):
    sharded = tmp_path / 'sharded'
    sharded.mkdir()
    write_alphabet(codec.characters, sharded)
    for index in range(3):
        part = write_records(tmp_path / str(index), {'train': WORDS[index::3]}, codec)
        (part / 'train_feature.tfrecords').rename(sharded / f'train_feature.tfrecords-0000{index}-of-00003')
    provider = open_records(sharded)
    assert provider.num_samples('train') == 10
    values = batches(provider, 5, batch_size=2)
    words = {codec.decode(value.labels.values[value.labels.indices[:, 0] == row]) for value in values
             for row in range(2)}
    assert words == set(WORDS)


def test_each_worker_reads_its_own_files_where_they_can_be_shared_out(tmp_path, codec):
    words_of = [['cat', 'dog', 'tree'], ['book', 'word', 'hello', 'fox', 'jazz']]
    for index, words in enumerate(words_of):
        folder = write_records(tmp_path, {'train': words}, codec)
        os.rename(folder / 'train_feature.tfrecords',
                  folder / f'train_feature.tfrecords-0000{index}-of-00002')
    for worker, words in enumerate(words_of):
        options = {'batch_size': 4, 'batch_slice': BatchSlice(worker, 1, 2)}
        read = batches(open_records(tmp_path), 6, **options)
        assert {name.split('_')[1] for name in names(read)} == {f'{word}.png' for word in words}
        assert names(batches(open_records(tmp_path), 2, first_batch=4, **options)) == names(read[4:])


@pytest.mark.parametrize('few', [[], ['fox']])
def test_workers_share_rows_where_a_part_of_the_files_has_little_or_nothing(tmp_path, codec, few):
    folder = write_records(tmp_path, {'train': few}, codec)
    os.rename(folder / 'train_feature.tfrecords', folder / 'train_feature.tfrecords-00000-of-00002')
    write_records(folder, {'train': ['cat', 'dog', 'tree', 'book']}, codec)
    os.rename(folder / 'train_feature.tfrecords', folder / 'train_feature.tfrecords-00001-of-00002')
    slices = [BatchSlice(worker, 1, 2) for worker in range(2)]
    read = [batches(open_records(folder), 4 + len(few), batch_size=2, batch_slice=each) for each in slices]
    expected = {'0_cat.png', '1_dog.png', '2_tree.png', '3_book.png', *(f'0_{word}.png' for word in few)}
    assert set(names([*read[0], *read[1]])) == expected


def test_samples_come_in_the_order_of_the_file(records, codec):
    assert [codec.decode(feature.label)
            for feature in open_records(records).samples('test')] == ['hello', 'a']


def test_samples_of_some_numbers_are_picked_from_all_files(tmp_path, codec):
    words = ['cat', 'dog', 'tree', 'book', 'a', 'hello', 'fox']
    for shard, of_shard in enumerate((words[:3], words[3:4], words[4:])):
        write_records(tmp_path, {'test': of_shard}, codec)
        os.rename(tmp_path / 'test_feature.tfrecords',
                  tmp_path / f'test_feature.tfrecords-0000{shard}-of-00003')
    provider = open_records(tmp_path)
    for numbers in (range(7), range(0, 7, 2), range(1, 7, 3), range(2, 3), range(6, 7), range(0)):
        assert [codec.decode(feature.label)
                for feature in provider.samples('test', numbers)] == [words[n] for n in numbers]


def test_records_without_an_alphabet_have_the_english_one(records):
    for name in ('ord_map.json', 'char_dict.json'):
        (records / name).unlink()
    assert open_records(records).codec.num_classes == 37


def test_a_batch_larger_than_the_training_set_is_refused(records):
    with pytest.raises(ValueError, match='a batch of 11 is larger than the training set of 10 samples'):
        batches(open_records(records), 1, batch_size=11)


@pytest.mark.parametrize(('spoil', 'error', 'message'), [
    (lambda folder: (folder / 'train_feature.tfrecords').unlink(), FileNotFoundError, 'no such file'),
    (lambda folder: (folder / 'train_feature.tfrecords').write_bytes(b''), ValueError,
     'the train records are empty'),
    (lambda folder: (folder / 'train_feature.tfrecords').write_bytes(b'x' * 50), ValueError,
     'no TFRecord file'),
    (lambda folder: write_alphabet('abc', folder), ValueError, 'records are of another alphabet'),
    (lambda folder: folder.rename(folder.parent / 'gone'), FileNotFoundError, 'no such folder'),
])
def test_unusable_records_are_refused(records, spoil, error, message):
    spoil(records)
    with pytest.raises(error, match=message):
        open_records(records).num_samples('train')


def test_records_of_another_image_size_are_refused(records):
    with pytest.raises(ValueError, match='expected an image of 200x32x3 bytes, got 9600'):
        open_records(records, input_size=(200, 32)).num_samples('train')


@pytest.mark.filterwarnings('ignore:To make it possible to preserve')   # asking for the options in a graph
def test_no_tuning_thread_is_left_to_wait_for_at_the_end(records):
    with tf.Graph().as_default():
        stream = open_records(records).training_batches(batch_size=4, shuffle_buffer=100, seed=0)
        assert stream.options().autotune.enabled is False
