#!/usr/bin/env python3
"""Train ShadowNet from the records that write_text_features.py made.

    python tools/train_shadownet.py --dataset_dir records --output_dir runs/first --set TRAIN.STEPS=4000

Run again with the same output folder, it goes on where it stopped. SIGTERM and Ctrl-C save a checkpoint and end the run.
"""
import contextlib
import itertools
import math
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, geometry
from data_provider import data_provider
from global_configuration.config import cfg, knobs, override
from local_utils import files, log_utils, metrics, platform_flags, record_files
from local_utils.stop_signals import StopSignals
from tools import recognition, run_folder, session_utils, training_graph
from tools.cluster import Cluster, task_of
from tools.training_report import TrainingReport

NUM_EXAMPLES = 16   # words in the picture of a validation

def parse_args(argv=None):
    """Return the parsed command line."""
    parser = platform_flags.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='the folder of the records and the alphabet (default: --data_dir)')
    parser.add_argument('--drawn_words', metavar='FILE',
                        help='train on words of this list, drawn while it trains, in place of the training records')
    parser.add_argument('--fonts', nargs='+', metavar='DIR',
                        help="folders of fonts for --drawn_words (default: OpenCV's own and the system's)")
    parser.add_argument('--weights_path', metavar='PATH',
                        help="start a new run from the weights of this checkpoint; 'bundled' for those of the project")
    parser.add_argument('--set', action='extend', nargs='+', default=[], metavar='KEY=VALUE', dest='assignments',
                        help='change knobs of global_configuration/config.py')
    return parser.parse_args(argv)


def train_shadownet(*, cluster, dataset_dir, output_dir, log_dir, weights_path=None, max_step=None, drawn_words_path=None,
                    font_dirs=None):
    """Train until `cfg.TRAIN.STEPS`, or `max_step` where that comes first, or a signal.

    Args:
        cluster: cluster.Cluster, the devices and machines to train on.
        dataset_dir: the folder of the records.
        output_dir: the folder of the checkpoints; a run that is in it goes on.
        log_dir: the folder of TensorBoard's log/.
        weights_path: a checkpoint to take the first weights from; a run in `output_dir` comes before it.
        max_step: the last step; the schedule of the learning rate spans `cfg.TRAIN.STEPS` all the same.
        drawn_words_path: a word list; its words are drawn and trained on in place of the training records.
        font_dirs: folders of fonts to draw them in; None for OpenCV's own and the system's.

    Returns:
        int: the number of steps done.
    """
    logger = log_utils.init_logger()
    geometry.time_steps(cfg.ARCH.INPUT_SIZE)
    if cfg.TRAIN.BATCH_SIZE % cluster.num_replicas:
        raise ValueError(f'TRAIN.BATCH_SIZE: expected a multiple of {cluster.num_replicas}, the number of replicas, '
                         f'got {cfg.TRAIN.BATCH_SIZE}')
    provider = data_provider.TextDataProvider(dataset_dir, cfg.ARCH.INPUT_SIZE, files.repository_path('data'))
    drawer = training_graph.make_drawer(drawn_words_path, font_dirs, provider.codec) if drawn_words_path else None
    describe_records(provider, drawer)
    architecture = checkpoint.Architecture(
        characters=provider.codec.characters, num_classes=provider.codec.num_classes, input_size=cfg.ARCH.INPUT_SIZE,
        hidden_units=cfg.ARCH.HIDDEN_UNITS, hidden_layers=cfg.ARCH.HIDDEN_LAYERS, pixel_range=cfg.ARCH.PIXEL_RANGE)
    run = run_folder.RunFolder(output_dir, is_chief=cluster.is_chief)
    resumed = run.load_last(architecture)
    first_step = int(resumed.tensors['global_step']) if resumed else 0
    last_step = min(cfg.TRAIN.STEPS, max_step or cfg.TRAIN.STEPS)
    if first_step >= last_step:
        logger.info('nothing to do: %d of %d steps are done in %s', first_step, last_step, output_dir)
        return first_step

    cluster.wait_for_others(cfg.TRAIN.CLUSTER_WAIT)
    with tf.Graph().as_default() as graph:
        training = training_graph.build_training_graph(cluster, provider, drawer, architecture, first_step)
        run.start(provider.codec, knobs(cfg), cfg.TRAIN.KEEP_CHECKPOINTS)
        report = TrainingReport(log_dir, first_step=first_step, last_step=last_step, batch_size=cfg.TRAIN.BATCH_SIZE,
                                is_chief=cluster.is_chief)
        with (cluster, tf.Session(cluster.target, graph=graph, config=cluster.config) as session, report, StopSignals() as stop,
              readable_record_errors(provider)):
            with cluster.strategy.scope():
                initialise(session, training, architecture, resumed, weights_path)
            del resumed
            check_first_step(session, cluster, training, first_step)
            return TrainingLoop(session, training, cluster, provider, run, report, stop).run(first_step, last_step)


def describe_records(provider, drawer):
    """Say what there is to train on, and check that it is usable."""
    logger = log_utils.init_logger()
    if not drawer:
        logger.info('%s: %d training samples', provider.dataset_dir, provider.num_samples(record_files.TRAIN))
    logger.info('an alphabet of %d characters', provider.codec.blank)
    if provider.has(record_files.VALIDATION):
        logger.info('%d validation samples', provider.num_samples(record_files.VALIDATION))
    else:
        logger.warning('no validation records: there will be no validation and no best checkpoint')


def initialise(session, training, architecture, resumed, weights_path):
    """Give all variables their first values: the resumed run's, given weights, or new ones."""
    logger = log_utils.init_logger()
    session.run([tf.global_variables_initializer(), *training.initializers])
    if resumed:
        logger.info('going on from %s', resumed.prefix)
        checkpoint.restore(session, resumed.tensors, resumed.prefix, tf.global_variables())
    elif weights_path:
        prefix = checkpoint.find_checkpoint(session_utils.weights_path(weights_path))
        tensors = checkpoint.load_tensors(prefix)
        new_characters = checkpoint.restore_weights(session, tensors, prefix, architecture)
        logger.info('starting from the weights of %s%s', prefix, new_characters and (
            f'; its alphabet lacks {new_characters!r}, whose classes start anew'))
    else:
        logger.info('CTC first learns to answer with blanks only; the first words are read after some hundred steps')


def check_first_step(session, cluster, training, first_step):
    """Raise ValueError where the workers did not all find the checkpoint of the same step."""
    average = session.run(training.sums, {training.figures: [first_step]})[0] / cluster.num_workers
    if abs(average - first_step) > 0.01:
        raise ValueError(f'this worker goes on from step {first_step}, others from another; give all the same --output_dir')


@contextlib.contextmanager
def readable_record_errors(provider):
    """Turn what TensorFlow says of damaged training records into a ValueError that names the file and the record."""
    try:
        yield
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        explain_bad_records(provider, session_utils.first_line(error))


def explain_bad_records(provider, what_is_wrong):
    """Raise the ValueError that names the training record that is at fault, or, if none can be found, says what is wrong."""
    for _ in provider.samples(record_files.TRAIN):   # raises at that record
        pass
    raise ValueError(f'{provider.dataset_dir}: {what_is_wrong}')


class TrainingLoop:
    """The steps of a training session, with their reports, validations and checkpoints."""

    def __init__(self, session, graph, cluster, provider, run, report, stop):
        self._session, self._graph, self._cluster, self._provider = session, graph, cluster, provider
        self._run, self._report, self._stop = run, report, stop
        self._bad_steps = 0

    def run(self, step, last_step):
        """Train from a step to the last, or until a worker wishes to stop; return the step that was reached."""
        stopping = False
        while step < last_step and not stopping:
            step += 1
            is_display = step % cfg.TRAIN.DISPLAY_STEP == 0 or step == last_step
            values = self._train(is_display)
            self._check(values, step)
            if is_display:
                distance, accuracy = self._batch_accuracy(values)
                self._report.display(step, distance, accuracy, values[0].train)
            if step % cfg.TRAIN.CHECKPOINT_STEP == 0 or step == last_step:
                self._run.save(self._session, step)
            if (step % cfg.TRAIN.VALIDATION_STEP == 0 or step == last_step) and self._provider.has(record_files.VALIDATION):
                self._validate(step)
            stopping = values[0].wishes > 0 or (self._cluster.num_workers == 1 and self._stop.requested)
        self._run.save(self._session, step)
        if stopping:
            log_utils.init_logger().info('stopped by %s at step %d; the checkpoint is saved',
                                         self._stop.requested or 'another worker', step)
        return step

    def _train(self, is_display):
        """Run one step; return the ReplicaStep of each replica of this worker."""
        fetches = {'waiting': self._graph.waiting, 'steps': [
            step if is_display else step._replace(reading=()) for step in self._graph.steps]}
        started = time.perf_counter()
        values = self._session.run(fetches, {self._graph.wish: float(self._stop.requested is not None)})
        self._report.count_step(values['steps'], seconds=time.perf_counter() - started, waiting=values['waiting'])
        return values['steps']

    def _check(self, values, step):
        """Raise ValueError where the labels are of another alphabet, or too many steps in a row had nothing usable."""
        if any(any_foreign(replica.batch.labels.values, self._provider.codec) for replica in values):
            explain_bad_records(self._provider, 'a label has a class index that is not in the alphabet')
        usable = any(replica.train.usable.any() for replica in values)
        self._bad_steps = 0 if values[0].train.is_finite and usable else self._bad_steps + 1
        if self._bad_steps >= cfg.TRAIN.MAX_BAD_STEPS:
            names = ', '.join(names_of_bad(replica.batch, replica.train) for replica in values)
            raise ValueError(f'{self._bad_steps} steps in a row had no usable label or no finite loss and gradient, the last at '
                             f'step {step}, with the samples {names}; they changed no weight')

    def _batch_accuracy(self, values):
        """Return (mean edit distance relative to the label's length, share of words read right) of all usable samples."""
        distances = [distance for replica in values for distance in relative_distances(self._provider.codec, replica)]
        count, total, correct = self._summed([len(distances), sum(distances), distances.count(0)])
        return (total / count, correct / count) if count else (math.nan, math.nan)

    def _validate(self, step):
        """Read all validation samples, each worker its part; report, and keep the best weights. A signal breaks it off."""
        features = itertools.islice(self._provider.samples(record_files.VALIDATION), self._cluster.worker, None,
                                    self._cluster.num_workers)
        features = itertools.takewhile(lambda _: not self._stop.requested, features)
        samples = ((feature.image, self._provider.codec.decode(feature.label)) for feature in features)
        evaluation = recognition.evaluate(
            lambda images: recognition.read_images(self._session, self._graph.validation, self._provider.codec, images),
            self._provider.codec, samples, cfg.TRAIN.VAL_BATCH_SIZE, num_examples=NUM_EXAMPLES)
        *totals, interrupted = self._summed([*evaluation.exact.totals(), self._stop.requested is not None])
        if interrupted:
            return
        results = metrics.TextMetrics(*totals).results()
        self._report.validation(step, results, evaluation.examples)
        if results['word_accuracy'] > self._run.best_accuracy():
            self._run.save_best(self._session, step, results)

    def _summed(self, figures):
        """Return the sums of this worker's figures and those of the others, list of float."""
        if self._cluster.num_workers == 1:
            return figures
        return self._session.run(self._graph.sums, {self._graph.figures: figures}).tolist()


def any_foreign(indices, codec):
    """Whether a class index is none of a character's."""
    return len(indices) > 0 and (indices.min() < 0 or indices.max() >= codec.blank)


def names_of_bad(batch_values, train_values):
    """Return the names of the samples whose loss is not finite, or of the whole batch where each is, as text."""
    names = [name.decode('utf-8', 'replace') for name in batch_values.imagenames]
    bad = [name for name, loss in zip(names, train_values.losses, strict=True) if not np.isfinite(loss)]
    return ', '.join(bad or names)


def relative_distances(codec, replica_values):
    """Return the edit distance relative to the label's length of each usable sample of a ReplicaStep's values."""
    usable = replica_values.train.usable
    truths = recognition.texts_of(codec, recognition.dense_labels(replica_values.batch.labels)[usable])
    texts = recognition.texts_of(codec, replica_values.reading.labels[usable])
    return [metrics.edit_distance(truth, text) / max(len(truth), 1) for truth, text in zip(truths, texts, strict=True)]


def open_cluster(num_gpus):
    """Return the Cluster that TF_CONFIG and --num_gpus mean, or None where this task has nothing to do."""
    task = task_of(os.environ.get('TF_CONFIG'))
    if task and task.number is None:
        log_utils.init_logger().info('a %s task has nothing to do here: the workers exchange their gradients themselves', task.type)
        return None
    config = session_utils.session_config(gpu_memory_fraction=cfg.TRAIN.GPU_MEMORY_FRACTION,
                                          allow_growth=cfg.TRAIN.TF_ALLOW_GROWTH)
    return Cluster(task, local_devices=session_utils.replica_devices(num_gpus, cfg.TRAIN.CPU_REPLICAS), config=config)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    session_utils.silence_deprecations()
    override(cfg, args.assignments)
    cluster = open_cluster(args.num_gpus)
    if cluster:
        train_shadownet(cluster=cluster, dataset_dir=args.dataset_dir or args.data_dir, output_dir=args.output_dir,
                        log_dir=args.log_dir or args.output_dir, weights_path=args.weights_path, max_step=args.max_step,
                        drawn_words_path=args.drawn_words, font_dirs=args.fonts)


if __name__ == '__main__':
    sys.exit(platform_flags.run_tool(main))
