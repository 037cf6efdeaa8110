#!/usr/bin/env python3
"""Train ShadowNet from the records that write_text_features.py made.

    python tools/train_shadownet.py --dataset_dir records --output_dir runs/first --set TRAIN.STEPS=4000

Run again with the same output folder, it goes on where it stopped. SIGTERM and Ctrl-C save a checkpoint and end the run.
"""
import contextlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, geometry
from data_provider import data_provider
from data_provider.drawing import drawn_words
from global_configuration.config import cfg, knobs
from local_utils import command_line, folder_lock, log_utils, record_files, session_utils
from local_utils.errors import InputError, Unavailable
from local_utils.stop_signals import StopSignals
from tools import knob_flags
from training import graph as training_graph
from training import loop as training_loop
from training import run_folder
from training.cluster import Cluster, task_of
from training.report import TrainingReport


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='the folder of the records and the alphabet (default: --data_dir)')
    parser.add_argument('--drawn_words', metavar='FILE',
                        help='train on words of this list, drawn while it trains, in place of the training records')
    parser.add_argument('--fonts', nargs='+', metavar='DIR',
                        help="folders of fonts for --drawn_words (default: OpenCV's own and the system's)")
    parser.add_argument('--weights_path', metavar='PATH',
                        help="start a new run from the weights of this checkpoint; 'bundled' for those of the project")
    knob_flags.add_set_flag(parser, 'ARCH', 'TRAIN')
    args = parser.parse_args(argv)
    of_drawing = [name for name in knob_flags.assigned_knobs(args) if name.startswith('TRAIN.DRAW')]
    if not args.drawn_words and (args.fonts or of_drawing):
        parser.error(f'{"--fonts" if args.fonts else of_drawing[0]} is for --drawn_words')
    return args


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
        raise InputError(f'TRAIN.BATCH_SIZE: expected a multiple of {cluster.num_replicas}, the number of replicas, '
                         f'got {cfg.TRAIN.BATCH_SIZE}')
    provider = data_provider.TextDataProvider(dataset_dir, cfg.ARCH.INPUT_SIZE)
    drawer = training_graph.make_drawer(drawn_words_path, font_dirs, provider.codec) if drawn_words_path else None
    describe_records(provider, drawer)
    architecture = checkpoint.Architecture(
        characters=provider.codec.characters, num_classes=provider.codec.num_classes, input_size=cfg.ARCH.INPUT_SIZE,
        hidden_units=cfg.ARCH.HIDDEN_UNITS, hidden_layers=cfg.ARCH.HIDDEN_LAYERS, pixel_range=cfg.ARCH.PIXEL_RANGE,
        conv_channels=cfg.ARCH.CONV_CHANNELS)
    first_weights = load_first_weights(weights_path, output_dir, architecture) if weights_path else None
    if cfg.TRAIN.WARMUP_STEPS > cfg.TRAIN.STEPS:
        logger.warning('TRAIN.WARMUP_STEPS: %d of TRAIN.STEPS %d, so that the learning rate does not get to TRAIN.LEARNING_RATE',
                       cfg.TRAIN.WARMUP_STEPS, cfg.TRAIN.STEPS)
    with (run_folder.RunFolder(output_dir, is_chief=cluster.is_chief) as run, contextlib.ExitStack() as stack,
          tf.Graph().as_default() as graph):
        resumed = run.load_last(architecture)
        first_step = int(resumed.tensors['global_step']) if resumed else 0
        last_step = min(cfg.TRAIN.STEPS, max_step or cfg.TRAIN.STEPS)
        validate_first = (   # as after a kill in the middle of it
            resumed is not None and provider.has(record_files.VALIDATION)
            and training_loop.is_validation_step(first_step, last_step) and not run.is_validated(first_step))
        if first_step >= last_step and not validate_first:
            logger.info('nothing to do: %d of %d steps are done in %s', first_step, last_step, output_dir)
            return first_step
        cluster.wait_for_others(cfg.TRAIN.CLUSTER_WAIT)
        draw = stack.enter_context(drawing(drawer))
        training = training_graph.build_training_graph(cluster, provider, draw, architecture, first_step)
        run.make_savers(cfg.TRAIN.KEEP_CHECKPOINTS)
        report = TrainingReport(log_dir, first_step=first_step, last_step=last_step, batch_size=cfg.TRAIN.BATCH_SIZE,
                                is_chief=cluster.is_chief)
        with (cluster, tf.Session(cluster.target, graph=graph, config=cluster.config) as session, report, StopSignals() as stop,
              readable_errors(provider, draw)):
            with cluster.strategy.scope():
                initialise(session, training, architecture, resumed, first_weights)
            del resumed, first_weights
            check_first_step(session, cluster, training, first_step)
            run.start(provider.codec, knobs(cfg))
            loop = training_loop.TrainingLoop(session, training, cluster, provider, run, report, stop)
            return loop.run(first_step, last_step, validate_first)


def drawing(drawer):
    """Return the context of what draws training samples, or of None without a drawer."""
    if not drawer:
        return contextlib.nullcontext()
    num_processes = training_graph.num_drawing_processes()
    log_utils.init_logger().info('drawing in %s', f'{num_processes} processes of their own' if num_processes else 'this process')
    return drawn_words.drawing(drawer, num_processes)


def load_first_weights(weights_path, output_dir, architecture):
    """Return the run_folder.Checkpoint that a new run starts from, or None where a run in the folder goes on.

    Raises:
        MissingInput: there is no such checkpoint.
        InputError: it is damaged, or of another network.
    """
    if checkpoint.checkpoints_in(output_dir):
        log_utils.init_logger().warning('%s holds a run, which goes on with its own weights; --weights_path %s is not read',
                                        output_dir, weights_path)
        return None
    newest = run_folder.load_newest(session_utils.weights_path(weights_path))
    if checkpoint.check_same_network(architecture, newest.tensors, newest.prefix).characters is None:
        log_utils.init_logger().warning('%s does not know its alphabet, which is taken for that of the records', newest.prefix)
    return newest


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


def initialise(session, training, architecture, resumed, first_weights):
    """Give all variables their first values: the resumed run's, those of `load_first_weights`, or new ones."""
    logger = log_utils.init_logger()
    session.run([tf.global_variables_initializer(), *training.initializers])
    if resumed:
        logger.info('going on from %s', resumed.prefix)
        checkpoint.restore(session, resumed.tensors, resumed.prefix, tf.global_variables())
    elif first_weights:
        prefix, tensors = first_weights
        new_characters = checkpoint.restore_weights(session, tensors, prefix, architecture)
        logger.info('starting from the weights of %s%s', prefix, new_characters and (
            f'; its alphabet lacks {new_characters!r}, whose classes start as those of the same '
            'letters, small, capital or without accents, or else anew'))
    else:
        logger.info('CTC first learns to answer with blanks only; the first words are read after some hundred steps')


def check_first_step(session, cluster, training, first_step):
    """Raise InputError where the workers did not all find the checkpoint of the same step."""
    average = training_graph.summed(session, training, [first_step])[0] / cluster.num_workers
    if abs(average - first_step) > 0.01:
        raise InputError(f'this worker goes on from step {first_step}, others from another; give all the same --output_dir')


@contextlib.contextmanager
def readable_errors(provider, draw):
    """Turn what TensorFlow says of training records, of drawing and of a lack of memory into an error of one line."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(f'out of memory; expected a smaller TRAIN.BATCH_SIZE, got {cfg.TRAIN.BATCH_SIZE}') from error
    except (tf.errors.NotFoundError, tf.errors.PermissionDeniedError, tf.errors.UnknownError) as error:
        if provider.dataset_dir not in error.message:
            raise   # of another task of a cluster, say
        raise Unavailable(session_utils.first_line(error)) from error
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        if draw:
            raise InputError(session_utils.first_line(error).removeprefix('InputError: ')) from error
        training_loop.explain_bad_records(provider, session_utils.first_line(error))


def open_cluster(num_gpus):
    """Return the Cluster that TF_CONFIG and --num_gpus mean, or None where this task has nothing to do."""
    task = task_of(os.environ.pop('TF_CONFIG', ''))   # or a strategy of one machine would take it for its own
    if task and task.number is None:
        log_utils.init_logger().info('nothing for %s %d to do: the workers exchange gradients and validate themselves',
                                     task.type, task.index)
        return None
    config = session_utils.session_config(gpu_memory_fraction=cfg.TRAIN.GPU_MEMORY_FRACTION,
                                          allow_growth=cfg.TRAIN.TF_ALLOW_GROWTH)
    return Cluster(task, local_devices=session_utils.replica_devices(num_gpus, cfg.TRAIN.CPU_REPLICAS), config=config)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    session_utils.silence_deprecations()
    knob_flags.set_knobs(cfg, args)
    cluster = open_cluster(args.num_gpus)
    if not cluster:
        return
    dataset_dir = args.dataset_dir or args.data_dir
    with folder_lock.reading(os.path.join(dataset_dir, record_files.MANIFEST_NAME)):
        train_shadownet(cluster=cluster, dataset_dir=dataset_dir, output_dir=args.output_dir,
                        log_dir=args.log_dir or args.output_dir, weights_path=args.weights_path, max_step=args.max_step,
                        drawn_words_path=args.drawn_words, font_dirs=args.fonts)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
