"""Batches of records: in which order a worker reads which of them, for which replicas."""
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from local_utils import log_utils, record_files, tfrecord, visible

FILES_AT_ONCE = 16         # shards that are read side by side
BLOCK_RECORDS = 64         # of a shard that are read at once, ahead of their use
READ_BUFFER_BYTES = 1 << 20
PREFETCHED_BATCHES = 8


class Batch(NamedTuple):
    """Samples for a step of one replica."""

    images: tf.Tensor         # uint8 [batch, height, width, 3], BGR
    labels: tf.SparseTensor   # int32 [batch, longest]
    imagenames: tf.Tensor     # string [batch]


class BatchSlice(NamedTuple):
    """The part of each batch that one worker's replicas have, an equal one each."""

    first: int   # number of the first of its replicas
    count: int   # how many it has
    total: int   # how many all workers have


WHOLE = BatchSlice(0, 1, 1)


class BatchPlan(NamedTuple):
    """Which records a worker reads, and which rows of each batch of them it takes."""

    paths: list              # of record files
    compressions: list       # of each, in TensorFlow's words
    num_records: int         # of all of them
    batch_rows: int          # records that are read for a step
    first_row: int           # of them that the worker takes …
    num_rows: int            # … and how many
    replica_batch: int       # samples in a batch of a replica
    batch_slice: BatchSlice


def plan_batches(paths: list[str], num_records: int, batch_size: int, batch_slice: BatchSlice) -> BatchPlan:
    """Return which records a worker reads.

    Several workers share the files where each gets about as many records as the others; else each reads all
    of them, and takes its rows of each batch.

    Args:
        paths: the record files.
        num_records: of all of them.
        batch_size: samples in a batch, for all replicas.
        batch_slice: the worker's replicas.
    """
    replica_batch = batch_size // batch_slice.total
    num_rows = replica_batch * batch_slice.count
    first_row, batch_rows = replica_batch * batch_slice.first, batch_size
    own = _files_of_worker(paths, batch_slice)
    if own:   # and so all rows of its batches
        paths, num_records = own
        first_row, batch_rows = 0, num_rows
    compressions = [tfrecord.compression_of(path) for path in paths]
    return BatchPlan(paths, compressions, num_records, batch_rows, first_row, num_rows, replica_batch,
                     batch_slice)


def serialized_batches(plan: BatchPlan, *, shuffle_buffer: int, seed: int,
                       first_batch: int = 0) -> tf.data.Dataset:
    """Return the endless stream of a worker's batches, each the string tensor [replica_batch] of its
    examples.

    Each epoch takes every record once, in an order of its own: the files are shuffled and read side by side,
    their records shuffled in a buffer. A batch may span two epochs.

    Args:
        plan: BatchPlan.
        shuffle_buffer: records in the buffer.
        seed: of the order.
        first_batch: how many batches of the stream to leave out.
    """
    first_epoch, offset = divmod(first_batch * plan.batch_rows, plan.num_records)
    if offset:
        log_utils.init_logger().info('passing over %s of this epoch that were trained on before',
                                     visible.counted(offset, 'record'))

    def epoch_records(epoch):
        shuffled_files = tf.data.Dataset.from_tensor_slices((plan.paths, plan.compressions)).shuffle(
            len(plan.paths), seed=seed + epoch)
        blocks = shuffled_files.interleave(_blocks_of, cycle_length=min(len(plan.paths), FILES_AT_ONCE))
        return blocks.unbatch().shuffle(min(shuffle_buffer, plan.num_records), seed=seed + epoch)

    epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
    records = epochs.flat_map(epoch_records).skip(offset)
    if plan.num_rows < plan.batch_rows:
        own_rows = slice(plan.first_row, plan.first_row + plan.num_rows)
        records = records.batch(plan.batch_rows).map(lambda batch: batch[own_rows]).unbatch()
    return records.batch(plan.replica_batch, drop_remainder=True)


def prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return a dataset of batches whose next ones are made while one is in use.

    Its parallel calls are set, not tuned: the thread that tunes sleeps for up to a minute, and a session
    waits for it to end.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(PREFETCHED_BATCHES).with_options(options)


def _blocks_of(path, compression):
    """Return a dataset of blocks of a file's records, each with a thread of its own that reads the next.

    tf.data's own parallel interleaving hands records over one by one, which takes several times as long as
    reading them.
    """
    return tf.data.TFRecordDataset(path, compression, READ_BUFFER_BYTES).batch(BLOCK_RECORDS).prefetch(1)


def _files_of_worker(paths, batch_slice):
    """Return (the record files that one of several workers has for itself, the number of their records).

    None where the files cannot be shared out about evenly.
    """
    num_workers = batch_slice.total // batch_slice.count
    if num_workers == 1 or len(paths) % num_workers:
        return None
    worker = batch_slice.first // batch_slice.count
    paths_of = [paths[worker::num_workers] for worker in range(num_workers)]
    counts = [sum(record_files.count_records(own)) for own in paths_of]
    return (paths_of[worker], counts[worker]) if 2 * min(counts) >= max(counts) else None
