#!/usr/bin/env python3
"""Train ShadowNet from the records that write_text_features.py made.

    python tools/train_shadownet.py --dataset_dir records --output_dir runs/first --set TRAIN.STEPS=4000

Run again with the same output folder, it goes on where it stopped. SIGTERM and Ctrl-C save a checkpoint and end the run.
"""
import collections
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

from crnnmodel import checkpoint, crnn_model, ctc, geometry, training
from data_provider import data_provider, drawn_words, fonts, text_style, word_texts
from data_provider.drawn_batches import drawn_batches
from global_configuration.config import cfg, knobs
from local_utils import files, log_utils, metrics, platform_flags, record_files
from local_utils.stop_signals import StopSignals
from tools import recognition, run_folder, session_utils
from tools.training_report import TrainingReport

NUM_EXAMPLES = 16   # words in the picture of a validation

TrainingGraph = collections.namedtuple('TrainingGraph', [
    'batch',       # data_provider.Batch
    'waiting',     # float64 []: seconds that the step waited for the batch
    'train',       # training.Training
    'reading',     # ctc.Reading of the batch
    'validation',  # recognition.ReadingGraph, with the same weights
])


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
    session_utils.add_set_flag(parser)
    return parser.parse_args(argv)


def train_shadownet(*, dataset_dir, output_dir, log_dir, weights_path=None, max_step=None, drawn_words_path=None,
                    font_dirs=None):
    """Train until `cfg.TRAIN.STEPS`, or `max_step` where that comes first, or a signal.

    Args:
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
    provider = data_provider.TextDataProvider(dataset_dir, cfg.ARCH.INPUT_SIZE, files.repository_path('data'))
    drawer = make_drawer(drawn_words_path, font_dirs, provider.codec) if drawn_words_path else None
    describe_records(provider, drawer)
    architecture = checkpoint.Architecture(
        characters=provider.codec.characters, num_classes=provider.codec.num_classes, input_size=cfg.ARCH.INPUT_SIZE,
        hidden_units=cfg.ARCH.HIDDEN_UNITS, hidden_layers=cfg.ARCH.HIDDEN_LAYERS, pixel_range=cfg.ARCH.PIXEL_RANGE)
    first_weights = load_first_weights(weights_path, output_dir, architecture) if weights_path else None
    with run_folder.RunFolder(output_dir) as run, tf.Graph().as_default() as graph:
        resumed = run.load_last(architecture)
        first_step = int(resumed.tensors['global_step']) if resumed else 0
        last_step = min(cfg.TRAIN.STEPS, max_step or cfg.TRAIN.STEPS)
        if first_step >= last_step:
            logger.info('nothing to do: %d of %d steps are done in %s', first_step, last_step, output_dir)
            return first_step
        training_graph = build_graph(provider, drawer, architecture, first_step)
        run.start(provider.codec, knobs(cfg), cfg.TRAIN.KEEP_CHECKPOINTS)
        config = session_utils.session_config(gpu_memory_fraction=cfg.TRAIN.GPU_MEMORY_FRACTION,
                                              allow_growth=cfg.TRAIN.TF_ALLOW_GROWTH)
        report = TrainingReport(log_dir, first_step=first_step, last_step=last_step, batch_size=cfg.TRAIN.BATCH_SIZE)
        with tf.Session(graph=graph, config=config) as session, report, StopSignals() as stop:
            initialise(session, architecture, resumed, first_weights)
            del resumed, first_weights
            with readable_record_errors(provider):
                return run_steps(session, training_graph, provider, run, report, stop, first_step, last_step)


def load_first_weights(weights_path, output_dir, architecture):
    """Return the (prefix, tensors) of the checkpoint that a new run starts from, or None where a run in the folder goes on.

    Raises:
        FileNotFoundError: there is no such checkpoint.
        ValueError: it is damaged, or of another network.
    """
    if checkpoint.checkpoints_in(output_dir):
        log_utils.init_logger().warning('%s holds a run, which goes on with its own weights; --weights_path %s is not read',
                                        output_dir, weights_path)
        return None
    prefix = checkpoint.find_checkpoint(session_utils.weights_path(weights_path))
    tensors = checkpoint.load_tensors(prefix)
    checkpoint.check_same_network(architecture, tensors, prefix)
    return prefix, tensors


def make_drawer(words_path, font_dirs, codec):
    """Return the DrawnWords that draws the words of a list for training; raises what reading it and finding fonts raises."""
    words = word_texts.expressible_words(word_texts.read_words(words_path), codec, geometry.time_steps(cfg.ARCH.INPUT_SIZE))
    if cfg.TRAIN.DRAWN_STYLE not in text_style.STYLES:
        raise ValueError(f'TRAIN.DRAWN_STYLE: expected one of {", ".join(text_style.STYLES)}, got {cfg.TRAIN.DRAWN_STYLE!r}')
    font_paths = fonts.find_fonts(font_dirs)
    log_utils.init_logger().info('drawing training samples of %d words in the fonts of %d files', len(words), len(font_paths))
    return drawn_words.DrawnWords(words=words, font_paths=font_paths, codec=codec, style=text_style.STYLES[cfg.TRAIN.DRAWN_STYLE],
                                  seed=cfg.TRAIN.SEED, input_size=cfg.ARCH.INPUT_SIZE,
                                  plain_samples=cfg.TRAIN.DRAWN_PLAIN_STEPS * cfg.TRAIN.BATCH_SIZE)


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


def build_graph(provider, drawer, architecture, first_step):
    """Build what is run in the session: input, training step, and the reading of batches and validation images."""
    tf.set_random_seed(cfg.TRAIN.SEED)
    step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
    checkpoint.add_description(architecture)
    dtype = session_utils.compute_dtype(cfg.TRAIN.PRECISION)
    log_utils.init_logger().info('arithmetic in %s; batches of %d, in all', dtype.name, cfg.TRAIN.BATCH_SIZE)
    if drawer:
        batches = drawn_batches(drawer, batch_size=cfg.TRAIN.BATCH_SIZE, input_size=cfg.ARCH.INPUT_SIZE, first_batch=first_step)
    else:
        batches = provider.training_batches(batch_size=cfg.TRAIN.BATCH_SIZE, shuffle_buffer=cfg.TRAIN.SHUFFLE_BUFFER,
                                            seed=cfg.TRAIN.SEED, first_batch=first_step, augmented=cfg.TRAIN.AUGMENT)
    batch, waiting = timed_batch(batches)
    network = crnn_model.ShadowNet(
        phase='train', num_classes=architecture.num_classes, input_size=architecture.input_size,
        hidden_units=architecture.hidden_units, hidden_layers=architecture.hidden_layers,
        pixel_range=architecture.pixel_range, dropout=cfg.TRAIN.DROPOUT,
        dropout_seed=tf.stack([cfg.TRAIN.SEED, step]), dtype=dtype)
    learning_rate = training.scheduled_learning_rate(
        step, schedule=cfg.TRAIN.LR_SCHEDULE, learning_rate=cfg.TRAIN.LEARNING_RATE, warmup_steps=cfg.TRAIN.WARMUP_STEPS,
        steps=cfg.TRAIN.STEPS, decay_steps=cfg.TRAIN.LR_DECAY_STEPS, decay_rate=cfg.TRAIN.LR_DECAY_RATE)
    train = training.build_training(
        network, batch.images, batch.labels, step, learning_rate=learning_rate, optimizer=cfg.TRAIN.OPTIMIZER,
        momentum=cfg.TRAIN.MOMENTUM, gradient_clip_norm=cfg.TRAIN.GRADIENT_CLIP_NORM)
    validation = recognition.build_reading_graph(architecture, dtype=dtype, reuse=True)
    return TrainingGraph(batch, waiting, train, ctc.decode(train.logits), validation)


def timed_batch(batches):
    """Return the next batch of a data set, and how long it took to come, float64 seconds."""
    iterator = tf.data.make_initializable_iterator(batches)
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
    before = tf.timestamp()
    with tf.control_dependencies([before]):
        batch = iterator.get_next()
    with tf.control_dependencies([batch.images]):
        return batch, tf.timestamp() - before


def initialise(session, architecture, resumed, first_weights):
    """Give all variables their first values: the resumed run's, those of `load_first_weights`, or new ones."""
    logger = log_utils.init_logger()
    session.run([tf.global_variables_initializer(), tf.tables_initializer()])
    if resumed:
        logger.info('going on from %s', resumed.prefix)
        checkpoint.restore(session, resumed.tensors, resumed.prefix, tf.global_variables())
    elif first_weights:
        prefix, tensors = first_weights
        new_characters = checkpoint.restore_weights(session, tensors, prefix, architecture)
        logger.info('starting from the weights of %s%s', prefix, new_characters and (
            f'; its alphabet lacks {new_characters!r}, whose classes start anew'))
    else:
        logger.info('CTC first learns to answer with blanks only; the first words are read after some hundred steps')


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


def run_steps(session, graph, provider, run, report, stop, first_step, last_step):
    """Train from `first_step` to `last_step`, or until a signal comes; return the step that was reached."""
    fetches = {'batch': graph.batch._replace(images=()), 'waiting': graph.waiting, 'train': graph.train._replace(logits=())}
    display_fetches = {**fetches, 'reading': graph.reading}
    step, bad_steps = first_step, 0
    while step < last_step and not stop.requested:
        step += 1
        is_display = step % cfg.TRAIN.DISPLAY_STEP == 0 or step == last_step
        started = time.perf_counter()
        values = session.run(display_fetches if is_display else fetches)
        train_values = values['train']
        report.count_step(values['batch'], train_values, seconds=time.perf_counter() - started, waiting=values['waiting'])

        if any_foreign(values['batch'].labels.values, provider.codec):
            explain_bad_records(provider, 'a label has a class index that is not in the alphabet')
        bad_steps = 0 if train_values.is_finite and train_values.usable.any() else bad_steps + 1
        if bad_steps >= cfg.TRAIN.MAX_BAD_STEPS:
            raise ValueError(f'{bad_steps} steps in a row had no usable label or no finite loss and gradient, the last at step '
                             f'{step}, with the samples {names_of_bad(values["batch"], train_values)}; they changed no weight')
        if is_display:
            report.display(step, *batch_accuracy(provider.codec, values), train_values)
        if step % cfg.TRAIN.CHECKPOINT_STEP == 0 or step == last_step:
            run.save(session, step)
        if (step % cfg.TRAIN.VALIDATION_STEP == 0 or step == last_step) and provider.has(record_files.VALIDATION):
            validate(session, graph.validation, provider, run, report, stop, step)
    run.save(session, step)
    if stop.requested:
        log_utils.init_logger().info('stopped by %s at step %d; the checkpoint is saved', stop.requested, step)
    return step


def any_foreign(indices, codec):
    """Whether a class index is none of a character's."""
    return len(indices) > 0 and (indices.min() < 0 or indices.max() >= codec.blank)


def names_of_bad(batch_values, train_values):
    """Return the names of the samples whose loss is not finite, or of the whole batch where each is, as text."""
    names = [name.decode('utf-8', 'replace') for name in batch_values.imagenames]
    bad = [name for name, loss in zip(names, train_values.losses, strict=True) if not np.isfinite(loss)]
    return ', '.join(bad or names)


def batch_accuracy(codec, values):
    """Return (mean edit distance relative to the label's length, share of words read right) of a batch's usable samples."""
    usable = values['train'].usable
    truths = recognition.texts_of(codec, recognition.dense_labels(values['batch'].labels)[usable])
    texts = recognition.texts_of(codec, values['reading'].labels[usable])
    if not truths:
        return math.nan, math.nan
    distances = [metrics.edit_distance(truth, text) / max(len(truth), 1) for truth, text in zip(truths, texts, strict=True)]
    return float(np.mean(distances)), float(np.mean([distance == 0 for distance in distances]))


def validate(session, reading_graph, provider, run, report, stop, step):
    """Read all validation samples, report, and keep the weights where they are the best so far; a signal breaks it off."""
    features = itertools.takewhile(lambda _: not stop.requested, provider.samples(record_files.VALIDATION))
    samples = ((feature.image, provider.codec.decode(feature.label)) for feature in features)
    evaluation = recognition.evaluate(
        lambda images: recognition.read_images(session, reading_graph, provider.codec, images),
        provider.codec, samples, cfg.TRAIN.VAL_BATCH_SIZE, num_examples=NUM_EXAMPLES)
    if stop.requested:
        return
    results = evaluation.exact.results()
    report.validation(step, results, evaluation.examples)
    if results['word_accuracy'] > run.best_accuracy():
        run.save_best(session, step, results)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    session_utils.silence_deprecations()
    session_utils.set_knobs(cfg, args.assignments)
    if args.num_gpus > 1:
        log_utils.init_logger().warning('--num_gpus=%d: training uses one of them', args.num_gpus)
    train_shadownet(dataset_dir=args.dataset_dir or args.data_dir, output_dir=args.output_dir,
                    log_dir=args.log_dir or args.output_dir, weights_path=args.weights_path, max_step=args.max_step,
                    drawn_words_path=args.drawn_words, font_dirs=args.fonts)


if __name__ == '__main__':
    sys.exit(platform_flags.run_tool(main))
