"""Records to batches: what training and evaluation take from a folder of record files."""
from collections.abc import Iterator

import tensorflow.compat.v1 as tf

from data_provider import batches
from data_provider.augmentation import augment, rand_augment_batch
from data_provider.batches import WHOLE, Batch, BatchSlice
from local_utils import data_utils, establish_char_dict, manifest, parallel, record_files, visible
from local_utils.errors import InputError

PARALLEL_CALLS = min(16, parallel.usable_cores())


class TextDataProvider:
    """The record files and the alphabet of one folder."""

    def __init__(self, dataset_dir: str, input_size: tuple, default_alphabet_dir: str | None = None):
        """Open a folder of records.

        Args:
            dataset_dir: holds the record files, and the alphabet's two files.
            input_size: (width, height) of the images in the records.
            default_alphabet_dir: where the alphabet lies if the folder has none (records of the original);
                None for the English.

        Raises:
            InputError: as `find_record_files` and `read_alphabet`.
        """
        self.dataset_dir = dataset_dir
        self.input_size = tuple(input_size)
        record_files.check_folder(dataset_dir)
        alphabet_dir = establish_char_dict.nearest_dir(dataset_dir, default_alphabet_dir)
        self.codec = establish_char_dict.read_alphabet(alphabet_dir)
        manifest.check(dataset_dir, self.codec.characters, self.input_size)
        self._reader = data_utils.TextFeatureIO(self.codec, input_size).reader
        self._counts = {}   # of the splits that were counted: how many samples each of their files has

    def samples(self, split: str, numbers: range | None = None) -> Iterator[data_utils.TextFeature]:
        """Yield the samples of a split in order.

        Args:
            split: its name.
            numbers: range of the numbers, from 0, of the samples that are wanted; None for all.

        Raises:
            InputError: a file is missing or damaged.
        """
        paths = record_files.find_record_files(self.dataset_dir, split)
        wanted = [None] * len(paths)
        if numbers is not None:
            wanted = numbers_of_files(self._counts_of_files(split), numbers)
        for path, own_numbers in zip(paths, wanted, strict=True):
            count = 0
            for feature in self._reader.read_features(path, own_numbers):
                count += 1
                if any(index >= self.codec.blank for index in feature.label):
                    raise InputError(
                        f'{path}: {feature.imagename} has the class index {max(feature.label)}, but the '
                        f'alphabet has {visible.counted(self.codec.blank, "character")}; the records are of '
                        'another alphabet')
                yield feature
            if own_numbers is None:
                record_files.check_count(path, count)

    def has(self, split: str) -> bool:
        """Whether there are records of a split."""
        return bool(record_files.existing_record_files(self.dataset_dir, split))

    def num_samples(self, split: str) -> int:
        """Return how many samples a split has.

        Raises:
            MissingInput: the split has no files.
            InputError: it has no samples, its first is not as expected, or a file is cut off.
        """
        return sum(self._counts_of_files(split))

    def _counts_of_files(self, split):
        """Return how many samples each of a split's files has; raises what `num_samples` raises."""
        if split not in self._counts:
            counts = record_files.count_records(record_files.find_record_files(self.dataset_dir, split))
            if next(self.samples(split), None) is None:
                raise InputError(f'{self.dataset_dir}: the {split} records are empty; '
                                 'expected at least one sample')
            self._counts[split] = counts
        return self._counts[split]

    def training_batches(self, *, batch_size: int, shuffle_buffer: int, seed: int, first_batch: int = 0,
                         augmented: bool = False, rand_augment: int = 0,
                         batch_slice: BatchSlice = WHOLE) -> tf.data.Dataset:
        """Return the endless stream of training batches, in an order that only the seed decides.

        Args:
            batch_size: samples in a batch, for all replicas.
            shuffle_buffer: records that are shuffled together.
            seed: of the order and of the augmentation.
            first_batch: how many batches of the stream to leave out, so that a run goes on where it stopped.
            augmented: whether the images are varied, see augmentation.augment.
            rand_augment: operations on each image, see augmentation.rand_augment.
            batch_slice: the replicas to make batches for, one after the other.

        Returns:
            tf.data.Dataset of Batch, of `batch_size` / `batch_slice.total` samples each.

        Raises:
            InputError: there are fewer samples than a batch takes.
        """
        count = self.num_samples(record_files.TRAIN)
        if batch_size > count:
            raise InputError(f'{self.dataset_dir}: a batch of {batch_size} is larger than the training set '
                             f'of {visible.counted(count, "sample")}; set a smaller TRAIN.BATCH_SIZE')
        paths = record_files.find_record_files(self.dataset_dir, record_files.TRAIN)
        plan = batches.plan_batches(paths, count, batch_size, batch_slice)
        serialized = batches.serialized_batches(
            plan, shuffle_buffer=shuffle_buffer, seed=seed, first_batch=first_batch)

        def make_batch(number, serialized):
            batch = self._parse(serialized)
            if not augmented and not rand_augment:
                return batch
            return _varied(batch, number, plan, seed, batch_size, augmented, rand_augment)

        numbered = serialized.enumerate(first_batch * batch_slice.count)
        return batches.prefetched(numbered.map(make_batch, num_parallel_calls=PARALLEL_CALLS))

    def _parse(self, serialized):
        """Return the Batch of a string tensor [batch] of serialised examples."""
        width, height = self.input_size
        features = tf.io.parse_example(serialized, {
            data_utils.IMAGES: tf.io.FixedLenFeature([], tf.string),
            data_utils.LABELS: tf.io.VarLenFeature(tf.int64),
            **{name: tf.io.FixedLenFeature([], tf.string, '') for name in data_utils.NAMES},
        })
        pixels = tf.io.decode_raw(features[data_utils.IMAGES], tf.uint8)
        labels = features[data_utils.LABELS]
        # An index that is no class stays none when it becomes 32 bits wide.
        labels = labels.with_values(tf.clip_by_value(labels.values, -1, self.codec.num_classes))
        names = tf.strings.join([features[name] for name in data_utils.NAMES])   # all but one are empty
        return Batch(images=tf.reshape(pixels, [-1, height, width, 3]), labels=tf.cast(labels, tf.int32),
                     imagenames=tf.strings.regex_replace(names, data_utils.FOLDERS_OF_NAME, ''))


def _varied(batch, number, plan, seed, batch_size, augmented, rand_augment):
    """Return a Batch with its images varied, as its number, counted over the replicas, decides."""
    step, replica = number // plan.batch_slice.count, number % plan.batch_slice.count
    first_row = (plan.batch_slice.first + replica) * plan.replica_batch

    def vary(images, step, first_row):
        if augmented:
            images = augment(images, [seed, step], first_row, batch_size)
        return rand_augment_batch(images, [seed, step], first_row, rand_augment) if rand_augment else images

    varied = tf.numpy_function(vary, [batch.images, step, first_row], tf.uint8, stateful=False)
    return batch._replace(images=tf.ensure_shape(varied, batch.images.shape))


def numbers_of_files(counts: list[int], numbers: range) -> list[range]:
    """Return for each of some record files which of its records are wanted, as tfrecord.read_records takes
    it.

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
