"""What a training session runs, as a graph: input, the step of each replica, reading for validation, sums over workers."""
import collections

import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, crnn_model, ctc, geometry, replicas
from data_provider.data_provider import Share
from data_provider.drawing import drawn_words, fonts, text_style, word_texts
from data_provider.drawing.drawn_batches import drawn_batches
from global_configuration.config import cfg
from local_utils import log_utils, parallel, session_utils
from reading import recognition
from training import step as training

MAX_FIGURES = 8      # that workers add up at once
PROCESSORS_FED = 8   # processors that train what one draws, at least

TrainingGraph = collections.namedtuple('TrainingGraph', [
    'initializers',  # operations beside those of the variables
    'waiting',       # float64 []: seconds that the step waited for its batches
    'steps',         # list of ReplicaStep, one for each replica of this worker
    'wish',          # placeholder float32 []: 1 where this worker wishes to stop
    'validation',    # recognition.ReadingGraph, with the same weights
    'figures',       # placeholder float32 [MAX_FIGURES]: figures of this worker …
    'sums',          # … and float32 [MAX_FIGURES]: their sums over all workers; see `summed`
])

ReplicaStep = collections.namedtuple('ReplicaStep', [
    'batch',    # data_provider.Batch, without the images
    'train',    # training.Training, without the logits
    'reading',  # ctc.Reading of the batch
    'wishes',   # float32 []: how many replicas wish to stop
])


def summed(session, graph, figures):
    """Return the sums of this worker's figures and those of the others, list of float; every worker has to ask for them."""
    padded = [*figures, *[0.0] * (MAX_FIGURES - len(figures))]   # collective operations keep to one size
    return session.run(graph.sums, {graph.figures: padded}).tolist()[:len(figures)]


def make_drawer(words_path, font_dirs, codec):
    """Return the DrawnWords that draws the words of a list for training; raises what reading it and finding fonts raises."""
    max_frames = geometry.time_steps(cfg.ARCH.INPUT_SIZE)
    words = word_texts.expressible_words(word_texts.read_words(words_path), codec, max_frames)
    font_paths = fonts.find_fonts(font_dirs)
    log_utils.init_logger().info('drawing training samples of %d words in the fonts of %d files', len(words), len(font_paths))
    return drawn_words.DrawnWords(
        words=words, font_paths=font_paths, codec=codec, styles=text_style.STYLES[cfg.TRAIN.DRAWN_STYLE], seed=cfg.TRAIN.SEED,
        input_size=cfg.ARCH.INPUT_SIZE, max_frames=max_frames,
        plain_samples=cfg.TRAIN.DRAWN_PLAIN_STEPS * cfg.TRAIN.BATCH_SIZE // cfg.TRAIN.DRAWN_REPEATS)


def num_drawing_processes():
    """Return in how many processes beside this one words are drawn: a GPU trains on more than all processors draw."""
    processors = parallel.usable_cores()
    return cfg.TRAIN.DRAWING_PROCESSES or (
        processors - 1 if tf.config.list_physical_devices('GPU') else processors // PROCESSORS_FED)


def build_training_graph(cluster, provider, draw, architecture, first_step):
    """Build the graph of a training session.

    Args:
        cluster: cluster.Cluster.
        provider: data_provider.TextDataProvider of the records.
        draw: what draws the training samples, see drawn_words.drawing; None to take them from the records.
        architecture: checkpoint.Architecture.
        first_step: the steps done so far.

    Returns:
        TrainingGraph.
    """
    tf.set_random_seed(cfg.TRAIN.SEED)
    dtype = session_utils.compute_dtype(cfg.TRAIN.PRECISION)
    shared_out = '' if cluster.num_replicas == 1 else (
        f' in all, {cfg.TRAIN.BATCH_SIZE // cluster.num_replicas} for each of {cluster.num_replicas} replicas')
    log_utils.init_logger().info('arithmetic in %s on %s; batches of %d%s', dtype.name, session_utils.computing_device(),
                                 cfg.TRAIN.BATCH_SIZE, shared_out)
    checkpoint.add_description(architecture)
    strategy = cluster.strategy
    wish, figures = tf.placeholder_with_default(0.0, []), tf.placeholder(tf.float32, [MAX_FIGURES])
    share = Share(cluster.worker * cluster.local_replicas, cluster.local_replicas, cluster.num_replicas)
    with strategy.scope():
        step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
        iterator = strategy.make_input_fn_iterator(lambda _: training_batches(provider, draw, share, first_step))
        before = tf.timestamp()
        with tf.control_dependencies([before]):
            batch = iterator.get_next()
        with tf.control_dependencies([local.images for local in strategy.experimental_local_results(batch)]):
            waiting = tf.timestamp() - before
        steps = strategy.run(lambda batch: build_step(batch, step, wish, architecture, dtype), args=(batch,))
        sums = strategy.run(lambda: replicas.sum_over_replicas([tf.identity(figures)])[0])
        validation = recognition.build_reading_graph(architecture, dtype=dtype, unrolled=False, reuse=True)
    return TrainingGraph(
        initializers=[iterator.initialize()], waiting=waiting,
        steps=list(strategy.experimental_local_results(steps)), wish=wish, validation=validation, figures=figures,
        sums=tf.add_n(strategy.experimental_local_results(sums)) / cluster.local_replicas ** 2)   # each replica gave the figures


def training_batches(provider, draw, share, first_step):
    """Return the tf.data.Dataset of the batches of this worker's replicas, one after the other."""
    if draw:
        return drawn_batches(draw, batch_size=cfg.TRAIN.BATCH_SIZE, input_size=cfg.ARCH.INPUT_SIZE, first_batch=first_step,
                             share=share, repeats=cfg.TRAIN.DRAWN_REPEATS)
    return provider.training_batches(batch_size=cfg.TRAIN.BATCH_SIZE, shuffle_buffer=cfg.TRAIN.SHUFFLE_BUFFER,
                                     seed=cfg.TRAIN.SEED, first_batch=first_step, augmented=cfg.TRAIN.AUGMENT, share=share)


def build_step(batch, step, wish, architecture, dtype):
    """Build the step of one replica; returns ReplicaStep."""
    network = crnn_model.ShadowNet(phase='train', dropout=cfg.TRAIN.DROPOUT, dropout_seed=tf.stack([cfg.TRAIN.SEED, step]),
                                   dtype=dtype, **checkpoint.form_of(architecture))
    learning_rate = training.scheduled_learning_rate(
        step, schedule=cfg.TRAIN.LR_SCHEDULE, learning_rate=cfg.TRAIN.LEARNING_RATE, warmup_steps=cfg.TRAIN.WARMUP_STEPS,
        steps=cfg.TRAIN.STEPS, decay_steps=cfg.TRAIN.LR_DECAY_STEPS, decay_rate=cfg.TRAIN.LR_DECAY_RATE)
    train = training.build_training(
        network, batch.images, batch.labels, step, learning_rate=learning_rate, optimizer=cfg.TRAIN.OPTIMIZER,
        momentum=cfg.TRAIN.MOMENTUM, gradient_clip_norm=cfg.TRAIN.GRADIENT_CLIP_NORM)
    wishes, = replicas.sum_over_replicas([tf.identity(wish)])
    return ReplicaStep(batch._replace(images=()), train._replace(logits=()), ctc.decode(train.logits), wishes)
