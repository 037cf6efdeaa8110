"""What a training session runs, as a graph: input, step of each replica, validation, sums over workers."""
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, crnn_model, ctc, replicas
from crnnmodel.architecture import Architecture
from crnnmodel.kernels import FUSED, LOOPED, choose_kernels, describe_kernels
from data_provider.batches import Batch, BatchSlice
from local_utils import log_utils
from reading import recognition
from training import averages
from training.inputs import batches_of_worker
from training.settings import TrainingSettings
from training.step import Step, build_training_step

MAX_FIGURES = 8      # that workers add up at once


class ReplicaStep(NamedTuple):
    """What a replica tells of a step."""

    batch: Batch           # without the images
    train: Step            # without the logits
    reading: ctc.Decoded   # of the batch
    wishes: tf.Tensor      # float32 []: how many replicas wish to stop


class TrainingGraph(NamedTuple):
    """The nodes that the loop runs."""

    initializers: list     # operations beside those of the variables
    waiting: tf.Tensor     # float64 []: seconds that the step waited for its batches
    steps: list            # of ReplicaStep, one for each replica of this worker
    wish: tf.Tensor        # placeholder float32 []: 1 where this worker wishes to stop
    validation: recognition.ReadingGraph   # with the same weights, or their averages
    figures: tf.Tensor     # placeholder float32 [MAX_FIGURES]: figures of this worker …
    sums: tf.Tensor        # … and float32 [MAX_FIGURES]: their sums over all workers; see `summed`


def summed(session: tf.Session, graph: TrainingGraph, figures: list) -> list[float]:
    """Return the sums of this worker's figures and those of the others; every worker has to ask for them."""
    padded = [*figures, *[0.0] * (MAX_FIGURES - len(figures))]   # collective operations keep to one size
    return session.run(graph.sums, {graph.figures: padded}).tolist()[:len(figures)]


def build_training_graph(cluster, provider, draw, architecture: Architecture, first_step: int,
                         settings: TrainingSettings) -> TrainingGraph:
    """Build the graph of a training session.

    Args:
        cluster: cluster.Cluster.
        provider: data_provider.TextDataProvider of the records.
        draw: what draws the training samples, see inputs.draw_in_background; None to take them from the
            records.
        architecture: of the network.
        first_step: the steps done so far.
        settings: TrainingSettings.
    """
    tf.set_random_seed(settings.seed)
    kernels = choose_kernels(settings.precision)
    _log_arithmetic(kernels, cluster, settings.batch_size)
    checkpoint.add_description(architecture)
    strategy = cluster.strategy
    wish, figures = tf.placeholder_with_default(0.0, []), tf.placeholder(tf.float32, [MAX_FIGURES])
    batch_slice = BatchSlice(cluster.worker * cluster.local_replicas, cluster.local_replicas,
                             cluster.num_replicas)
    with strategy.scope():
        step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
        iterator = strategy.make_input_fn_iterator(
            lambda _: batches_of_worker(provider, draw, batch_slice, first_step, settings))
        batch, waiting = _next_batch(iterator, strategy)
        steps = strategy.run(
            lambda batch: _replica_step(batch, architecture, kernels, step, wish, settings), args=(batch,))
        sums = strategy.run(lambda: replicas.sum_over_replicas([tf.identity(figures)])[0])
        validation = _build_validation(architecture, kernels, settings)
    local = strategy.experimental_local_results
    return TrainingGraph(
        initializers=[iterator.initialize()], waiting=waiting, steps=list(local(steps)), wish=wish,
        validation=validation, figures=figures,
        sums=tf.add_n(local(sums)) / cluster.local_replicas ** 2)   # each replica gave the figures


def _replica_step(batch, architecture, kernels, step, wish, settings):
    """Return the ReplicaStep of one replica's batch."""
    network = crnn_model.ShadowNet(
        'train', architecture, kernels, dropout=settings.dropout,
        dropout_seed=tf.stack([settings.seed, step]), fixed_convolutions=settings.fixed_convolutions)
    train = build_training_step(network, batch.images, batch.labels, step, settings)
    wishes, = replicas.sum_over_replicas([tf.identity(wish)])
    return ReplicaStep(batch._replace(images=()), train._replace(logits=()), ctc.decode(train.logits), wishes)


def _build_validation(architecture, kernels, settings):
    """Return the graph that reads with the weights of the training, or their averages."""
    reading_kernels = kernels if kernels.lstm == FUSED else kernels._replace(lstm=LOOPED)
    with averages.scope(bool(settings.average_decay)):
        return recognition.build_reading_graph(architecture, reading_kernels)


def _next_batch(iterator, strategy):
    """Return (the batches of the replicas, the seconds that were waited for them)."""
    before = tf.timestamp()
    with tf.control_dependencies([before]):
        batch = iterator.get_next()
    with tf.control_dependencies([local.images for local in strategy.experimental_local_results(batch)]):
        return batch, tf.timestamp() - before


def _log_arithmetic(kernels, cluster, batch_size):
    shared_out = '' if cluster.num_replicas == 1 else (
        f' in all, {batch_size // cluster.num_replicas} for each of {cluster.num_replicas} replicas')
    log_utils.init_logger().info('%s; batches of %d%s', describe_kernels(kernels), batch_size, shared_out)
