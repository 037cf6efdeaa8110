"""Records to batches: what training and evaluation take from a folder of record files."""
import collections
import os

import numpy as np
import tensorflow.compat.v1 as tf

from data_provider.augmentation import augment
from local_utils import data_utils, establish_char_dict, log_utils, parallel, record_files, tfrecord
from local_utils.errors import InputError, MissingInput

FILES_AT_ONCE = 16         # shards that are read side by side
BLOCK_RECORDS = 64         # of a shard that are read at once, ahead of their use
READ_BUFFER_BYTES = 1 << 20
PARALLEL_CALLS = min(16, parallel.usable_cores())
PREFETCHED_BATCHES = 8

Batch = collections.namedtuple('Batch', [
    'images',      # uint8 [batch, height, width, 3], BGR
    'labels',      # SparseTensor int32 [batch, longest]
    'imagenames',  # string [batch]
])

Share = collections.namedtuple('Share', [
    'first',  # number of the first of the replicas that one worker has
    'count',  # how many it has
    'total',  # how many all workers have
])
WHOLE = Share(0, 1, 1)


class TextDataProvider:
    """The record files and the alphabet of one folder."""

    def __init__(self, dataset_dir, input_size, default_alphabet_dir=None):
        """Open a folder of records.

        Args:
            dataset_dir: holds the record files, and the alphabet's two files.
            input_size: (width, height) of the images in the records.
            default_alphabet_dir: where the alphabet lies if the folder has none (records of the original); None for the English.

        Raises:
            InputError: as `find_record_files` and `read_alphabet`.
        """
        self.dataset_dir = dataset_dir
        self.input_size = tuple(input_size)
        if not os.path.isdir(dataset_dir):
            raise MissingInput(f'{dataset_dir}: no such folder; expected one with the files of tools/write_text_features.py')
        self.codec = establish_char_dict.read_alphabet(establish_char_dict.nearest_dir(dataset_dir, default_alphabet_dir))
        record_files.check_manifest(dataset_dir, self.codec.characters, self.input_size)
        self._reader = data_utils.TextFeatureIO(self.codec, input_size).reader
        self._counts = {}   # of the splits that were counted: how many samples each of their files has

    def samples(self, split, numbers=None):
        """Yield the samples of a split in order, as data_utils.TextFeature.

        Args:
            split: its name.
            numbers: range of the numbers, from 0, of the samples that are wanted; None for all.

        Raises:
            InputError: a file is missing or damaged.
        """
        paths = record_files.find_record_files(self.dataset_dir, split)
        wanted = [None] * len(paths) if numbers is None else numbers_of_files(self._counts_of_files(split), numbers)
        for path, own_numbers in zip(paths, wanted, strict=True):
            for feature in self._reader.read_features(path, own_numbers):
                if any(index >= self.codec.blank for index in feature.label):
                    raise InputError(f'{path}: {feature.imagename} has the class index {max(feature.label)}, but the alphabet '
                                     f'has {self.codec.blank} characters; the records are of another alphabet')
                yield feature

    def has(self, split):
        """Whether there are records of a split."""
        return bool(record_files.existing_record_files(self.dataset_dir, split))

    def num_samples(self, split):
        """Return how many samples a split has.

        Raises:
            MissingInput: the split has no files.
            InputError: it has no samples, its first is not as expected, or a file is cut off.
        """
        return sum(self._counts_of_files(split))

    def _counts_of_files(self, split):
        """Return how many samples each of a split's files has, a list; raises what `num_samples` raises."""
        if split not in self._counts:
            counts = record_files.count_records(record_files.find_record_files(self.dataset_dir, split))
            if next(self.samples(split), None) is None:
                raise InputError(f'{self.dataset_dir}: the {split} records are empty; expected at least one sample')
            self._counts[split] = counts
        return self._counts[split]

    def training_batches(self, *, batch_size, shuffle_buffer, seed, first_batch=0, augmented=False, share=WHOLE):
        """Return the endless stream of training batches, in an order that only the seed decides.

        Each epoch takes every sample once, in an order of its own: the files are shuffled and read side by side, their
        records shuffled in a buffer. A batch may span two epochs. Several workers share the files where each gets as many as
        the others; else each reads all of them, and takes its rows of each batch.

        Args:
            batch_size: samples in a batch, for all replicas.
            shuffle_buffer: records in the buffer.
            seed: of the order and of the augmentation.
            first_batch: how many batches of the stream to leave out, so that a run goes on where it stopped.
            augmented: whether the images are varied, see augmentation.augment.
            share: Share, the replicas to make batches for, one after the other.

        Returns:
            tf.data.Dataset of Batch, of `batch_size` / `share.total` samples each.

        Raises:
            InputError: there are fewer samples than a batch takes.
        """
        paths = record_files.find_record_files(self.dataset_dir, record_files.TRAIN)
        count = self.num_samples(record_files.TRAIN)
        if batch_size > count:
            raise InputError(f'{self.dataset_dir}: a batch of {batch_size} is larger than the training set of {count} samples; '
                             'set a smaller TRAIN.BATCH_SIZE')
        replica_batch = batch_size // share.total
        rows = replica_batch * share.count
        first_row, batch_rows = replica_batch * share.first, batch_size
        own = files_of_worker(paths, share)
        if own:   # and so all rows of its batches
            paths, count = own
            first_row, batch_rows = 0, rows
        compressions = [tfrecord.compression_of(path) for path in paths]
        first_epoch, offset = divmod(first_batch * batch_rows, count)
        if offset:
            log_utils.init_logger().info('passing over the %d records that were trained on in this epoch', offset)

        def epoch_records(epoch):
            shuffled_files = tf.data.Dataset.from_tensor_slices((paths, compressions)).shuffle(len(paths), seed=seed + epoch)
            blocks = shuffled_files.interleave(blocks_of, cycle_length=min(len(paths), FILES_AT_ONCE))
            return blocks.unbatch().shuffle(min(shuffle_buffer, count), seed=seed + epoch)

        def parse(number, serialized):
            batch = self._parse(serialized)
            if not augmented:
                return batch
            step, replica = number // share.count, number % share.count
            seeds = tf.stack([tf.constant(seed, tf.int64), step])
            row = (share.first + replica) * replica_batch
            varied = tf.numpy_function(augment, [batch.images, seeds, row, batch_size], tf.uint8, stateful=False)
            return batch._replace(images=tf.ensure_shape(varied, batch.images.shape))

        epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
        records = epochs.flat_map(epoch_records).skip(offset)
        if rows < batch_rows:
            records = records.batch(batch_rows).map(lambda batch: batch[first_row:first_row + rows]).unbatch()
        return prefetched(records.batch(replica_batch, drop_remainder=True).enumerate(first_batch * share.count)
                          .map(parse, num_parallel_calls=PARALLEL_CALLS))

    def _parse(self, serialized):
        """Return the Batch of a string tensor [batch] of serialised examples."""
        width, height = self.input_size
        features = tf.io.parse_example(serialized, {
            'images': tf.io.FixedLenFeature([], tf.string),
            'labels': tf.io.VarLenFeature(tf.int64),
            'imagenames': tf.io.FixedLenFeature([], tf.string),
        })
        pixels = tf.io.decode_raw(features['images'], tf.uint8)
        # An index that is no class stays none when it becomes 32 bits wide.
        labels = features['labels'].with_values(tf.clip_by_value(features['labels'].values, -1, self.codec.num_classes))
        return Batch(images=tf.reshape(pixels, [-1, height, width, 3]),
                     labels=tf.cast(labels, tf.int32), imagenames=features['imagenames'])


def blocks_of(path, compression):
    """Return a dataset of blocks of a file's records, each with a thread of its own that reads the next.

    tf.data's own parallel interleaving hands records over one by one, which takes several times as long as reading them.
    """
    return tf.data.TFRecordDataset(path, compression, READ_BUFFER_BYTES).batch(BLOCK_RECORDS).prefetch(1)


def numbers_of_files(counts, numbers):
    """Return for each of some record files which of its records are wanted, as tfrecord.read_records takes it.

    Args:
        counts: how many records each of the files has.
        numbers: range of the numbers, from 0 and on through all of the files.
    """
    wanted, start = [], 0
    for count in counts:
        first, last = (max(0, -(-(end - numbers.start) // numbers.step)) for end in (start, start + count))
        own = numbers[first:last]
        wanted.append(range(own.start - start + 1, own.stop - start + 1, own.step))
        start += count
    return wanted


def files_of_worker(paths, share):
    """Return (the record files that one of several workers has for itself, the number of their records).

    None where the files cannot be shared out about evenly.
    """
    num_workers = share.total // share.count
    if num_workers == 1 or len(paths) % num_workers:
        return None
    worker = share.first // share.count
    paths_of = [paths[worker::num_workers] for worker in range(num_workers)]
    counts = [sum(record_files.count_records(own)) for own in paths_of]
    return (paths_of[worker], counts[worker]) if 2 * min(counts) >= max(counts) else None


def prefetched(batches):
    """Return a dataset of batches whose next ones are made while one is in use.

    Its parallel calls are set, not tuned: the thread that tunes sleeps for up to a minute, and a session waits for it to end.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(PREFETCHED_BATCHES).with_options(options)
