"""Drawn words to batches: training samples that no record holds."""
import numpy as np
import tensorflow.compat.v1 as tf

from data_provider.data_provider import WHOLE, Batch, prefetched


def drawn_batches(drawer, *, batch_size, input_size, first_batch=0, share=WHOLE):
    """Return an endless stream of batches of words that are drawn for it, each word once.

    Args:
        drawer: drawn_words.DrawnWords.
        batch_size: samples in a batch, for all replicas.
        input_size: (width, height) of what it draws.
        first_batch: how many batches of the stream to leave out, so that a run goes on where it stopped.
        share: data_provider.Share, the replicas to draw batches for, one after the other.

    Returns:
        tf.data.Dataset of Batch, of `batch_size` / `share.total` samples each.
    """
    width, height = input_size
    rows = batch_size // share.total

    def draw_batch(number):
        """Return images, the (row, column) and the class index of each character, and names."""
        step, replica = divmod(int(number), share.count)
        first = step * batch_size + (share.first + replica) * rows
        samples = [drawer.sample(index) for index in range(first, first + rows)]
        places = [(row, column) for row, sample in enumerate(samples) for column in range(len(sample.label))]
        values = [index for sample in samples for index in sample.label]
        names = [sample.text.drawn.encode() for sample in samples]
        return (np.stack([sample.image for sample in samples]), np.array(places, np.int64).reshape(-1, 2), np.int32(values),
                np.array(names, object))

    def make_batch(number):
        images, places, values, names = tf.numpy_function(draw_batch, [number], [tf.uint8, tf.int64, tf.int32, tf.string])
        longest = tf.reduce_max(places[:, 1]) + 1
        return Batch(images=tf.ensure_shape(images, [rows, height, width, 3]),
                     labels=tf.SparseTensor(tf.ensure_shape(places, [None, 2]), tf.ensure_shape(values, [None]),
                                            tf.stack([tf.constant(rows, tf.int64), longest])),
                     imagenames=tf.ensure_shape(names, [rows]))

    return prefetched(tf.data.Dataset.range(first_batch * share.count, np.iinfo(np.int64).max).map(make_batch))
