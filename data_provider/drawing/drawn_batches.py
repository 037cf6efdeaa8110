"""Drawn words to batches: training samples that no record holds."""
import collections
import itertools
from collections.abc import Callable

import numpy as np
import tensorflow.compat.v1 as tf

from data_provider import augmentation
from data_provider.batches import WHOLE, Batch, BatchSlice, prefetched
from data_provider.drawing import drawn_words

REPEAT_STEPS = 100   # after which a word comes again


def drawn_batches(draw: Callable, *, batch_size: int, input_size: tuple[int, int], first_batch: int = 0,
                  batch_slice: BatchSlice = WHOLE, repeats: int = 1) -> tf.data.Dataset:
    """Return an endless stream of batches of words that are drawn for it.

    Args:
        draw: as drawn_words.drawing gives it; takes ranges of numbers, yields the drawn_words.Drawn of each.
        batch_size: samples in a batch, for all replicas.
        input_size: (width, height) of what is drawn.
        first_batch: how many batches of the stream to leave out, so that a run goes on where it stopped.
        batch_slice: BatchSlice, the replicas to draw batches for, one after the other.
        repeats: how many batches each word is in, the later of them varied as augmentation.augment does.

    Returns:
        tf.data.Dataset of Batch, of `batch_size` / `batch_slice.total` samples each.
    """
    width, height = input_size
    rows = batch_size // batch_slice.total

    def arrays():
        """Yield for each batch its images, each character's (row, column) and class index, and names."""
        for drawn in _assembled(draw, rows, first_batch, batch_slice, repeats):
            places = [(row, column) for row, label in enumerate(drawn.labels) for column in range(len(label))]
            values = [index for label in drawn.labels for index in label]
            yield (drawn.images, np.array(places, np.int64).reshape(-1, 2), np.int32(values),
                   np.array([name.encode() for name in drawn.names], object))

    def make_batch(images, places, values, names):
        longest = tf.reduce_max(places[:, 1]) + 1
        labels = tf.SparseTensor(places, values, tf.stack([tf.constant(rows, tf.int64), longest]))
        return Batch(images=images, labels=labels, imagenames=names)

    batches = tf.data.Dataset.from_generator(arrays, output_signature=(
        tf.TensorSpec([rows, height, width, 3], tf.uint8), tf.TensorSpec([None, 2], tf.int64),
        tf.TensorSpec([None], tf.int32), tf.TensorSpec([rows], tf.string)))
    return prefetched(batches.map(make_batch))


def _assembled(draw, rows, first_batch, batch_slice, repeats):
    """Yield the drawn_words.Drawn of each batch: words drawn for it, and words of the batches before, varied.

    Of several repeats, as many words are new as come from each of the batches 1, 2, … times REPEAT_STEPS
    before; those that the first batch takes from before it are drawn first.
    """
    fresh = -(-rows // repeats)
    lag = REPEAT_STEPS * batch_slice.count
    own = range(batch_slice.first, batch_slice.first + batch_slice.count)
    replica_batches = (step * batch_slice.total + replica
                       for step in itertools.count(first_batch) for replica in own)
    ranges = (range(number * fresh, (number + 1) * fresh) for number in replica_batches)
    last = collections.deque(maxlen=(repeats - 1) * lag + 1)
    for number, drawn in enumerate(draw(ranges)):
        last.append(drawn)
        if len(last) == last.maxlen:
            seed = first_batch * batch_slice.count + number
            yield _joined([last[-1], *[_varied(last[-1 - repeat * lag], [seed, repeat, batch_slice.first])
                                       for repeat in range(1, repeats)]], rows)


def _varied(drawn, seed):
    return drawn._replace(images=augmentation.augment(drawn.images, seed))


def _joined(parts, rows):
    """Return the first rows of several Drawn as one."""
    images = np.concatenate([part.images for part in parts])
    labels = list(itertools.chain.from_iterable(part.labels for part in parts))
    names = list(itertools.chain.from_iterable(part.names for part in parts))
    return drawn_words.Drawn(images[:rows], labels[:rows], names[:rows])
