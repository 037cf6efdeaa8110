"""A training run from its start to its end: first weights, the session, what can go wrong."""
import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from crnnmodel import architecture as architectures
from crnnmodel import checkpoint, checkpoint_files, geometry
from crnnmodel.architecture import Architecture
from crnnmodel.crnn_model import SEQUENCE_SCOPE
from crnnmodel.tensor_bundle import AVERAGE, OPTIMIZER
from local_utils import char_codec, log_utils, record_files, session_utils, visible
from local_utils.errors import InputError, Unavailable
from local_utils.stop_signals import StopSignals
from training import averages, inputs, loop
from training import graph as graphs
from training.cluster import Cluster
from training.report import TrainingReport
from training.run_folder import RunFolder
from training.settings import TrainingSettings
from training.task import task_of


class Run(NamedTuple):
    """What a run is given beside its settings."""

    provider: object            # data_provider.TextDataProvider of the records
    drawer: object              # inputs.make_drawer's, for `drawn_fraction` of the samples; or None
    architecture: Architecture  # of the network
    output_dir: str             # the folder of the checkpoints; a run that is in it goes on
    log_dir: str                # the folder of TensorBoard's log/
    configuration: dict         # the knobs, which are kept beside the checkpoints
    weights_path: str | None = None   # a checkpoint with the first weights; a run in output_dir comes first
    max_step: int | None = None       # the last step; the learning rate is planned for `steps` all the same


def train(run: Run, cluster: Cluster, settings: TrainingSettings) -> int:
    """Train until the last step, or a signal; return the number of steps done.

    Raises:
        InputError: what was given does not fit together, or cannot be read or written; says what.
    """
    _check_settings(run, cluster, settings)
    _describe_records(run, settings)
    first_weights = _load_first_weights(run) if run.weights_path else None
    with RunFolder(run.output_dir, is_chief=cluster.is_chief) as folder:
        resumed = folder.load_last(run.architecture)
        first_step = int(resumed.tensors['global_step']) if resumed else 0
        last_step = min(settings.steps, run.max_step or settings.steps)
        validate_first = (   # to tell later what was won, and after a kill in the middle of it
            (first_weights is not None or loop.is_validation_step(first_step, last_step, settings))
            and (resumed or first_weights) is not None and run.provider.has(record_files.VALIDATION)
            and not folder.is_validated(first_step))
        if first_step >= last_step and not validate_first:
            log_utils.init_logger().info('nothing to do: %s has %d of %s done', run.output_dir, first_step,
                                         visible.counted(last_step, 'step'))
            return first_step
        cluster.wait_for_others(settings.cluster_wait)
        opened = _open_session(run, folder, cluster, settings, resumed, first_weights, last_step)
        del resumed, first_weights
        with opened as training_loop:
            reached = training_loop.run(first_step, last_step, validate_first)
        if reached == settings.steps:
            folder.tell_gain()
        return reached


@contextlib.contextmanager
def _open_session(run, folder, cluster, settings, resumed, first_weights, last_step):
    """Yield the TrainingLoop of a session whose variables have their first values."""
    first_step = int(resumed.tensors['global_step']) if resumed else 0
    with contextlib.ExitStack() as stack:
        graph = stack.enter_context(tf.Graph().as_default())
        draw = stack.enter_context(inputs.draw_in_background(run.drawer, settings))
        training = graphs.build_training_graph(cluster, run.provider, draw, run.architecture, first_step,
                                               settings)
        folder.make_savers(settings.keep_checkpoints)
        report = TrainingReport(run.log_dir, first_step=first_step, last_step=last_step,
                                batch_size=settings.batch_size, is_chief=cluster.is_chief)
        stack.enter_context(cluster)
        session = stack.enter_context(tf.Session(cluster.target, graph=graph, config=cluster.config))
        stack.enter_context(report)
        stop = stack.enter_context(StopSignals())
        stack.enter_context(training_errors(run.provider, draw, settings.batch_size))
        with cluster.strategy.scope():
            _initialise(session, training, run.architecture, resumed, first_weights)
        del resumed, first_weights   # some hundred megabytes
        _check_first_step(session, cluster, training, first_step)
        folder.start(run.provider.codec, run.configuration)
        yield loop.TrainingLoop(session, training, cluster, run.provider, folder, report, stop, settings,
                                run.architecture)


def _check_settings(run, cluster, settings):
    geometry.time_steps(run.architecture.input_size)   # which raises for a size that is none of the network's
    if settings.batch_size % cluster.num_replicas:
        raise InputError(f'TRAIN.BATCH_SIZE: expected a multiple of {cluster.num_replicas}, the number of '
                         f'replicas, got {settings.batch_size}')
    if settings.warmup_steps > settings.steps and settings.lr_schedule != 'onecycle':
        log_utils.init_logger().warning(
            'TRAIN.WARMUP_STEPS: %d of TRAIN.STEPS %d, so that the learning rate does not get to '
            'TRAIN.LEARNING_RATE', settings.warmup_steps, settings.steps)


def _describe_records(run, settings):
    """Say what there is to train on, and check that it is usable."""
    logger, provider = log_utils.init_logger(), run.provider
    if not run.drawer or settings.drawn_fraction < 1:
        logger.info('%s: %s', provider.dataset_dir,
                    visible.counted(provider.num_samples(record_files.TRAIN), 'training sample'))
    logger.info('an alphabet of %s', visible.counted(provider.codec.blank, 'character'))
    if provider.has(record_files.VALIDATION):
        logger.info('%s', visible.counted(provider.num_samples(record_files.VALIDATION), 'validation sample'))
    else:
        logger.warning('no validation records: there will be no validation and no best checkpoint')


def _load_first_weights(run):
    """Return the Checkpoint that a new run starts from, or None where a run in the folder goes on."""
    if checkpoint_files.checkpoints_in(run.output_dir):
        log_utils.init_logger().warning('%s holds a run, which goes on with its own weights; --weights_path '
                                        '%s is not read', run.output_dir, run.weights_path)
        return None
    newest = checkpoint_files.load_newest(run.weights_path)
    old = architectures.architecture_of(newest.tensors, newest.prefix)
    architectures.check_can_start_from(run.architecture, old, newest.prefix)
    if old.characters is None:
        log_utils.init_logger().warning('%s does not know its alphabet, which is taken for that of the '
                                        'records', newest.prefix)
    elif given_up := char_codec.lacking(run.architecture.characters, old.characters):
        log_utils.init_logger().warning("%s: its alphabet has %s that the records' lacks; the new network "
                                        'does not read them', newest.prefix, given_up)
    return newest


def _initialise(session, training, architecture, resumed, first_weights):
    """Give all variables their first values: the resumed run's, those of other weights, or new ones."""
    logger = log_utils.init_logger()
    session.run([tf.global_variables_initializer(), *training.initializers])
    if resumed:
        logger.info('going on from %s', resumed.prefix)
        checkpoint.restore(session, resumed.tensors, resumed.prefix, _variables_to_restore(resumed.tensors))
    elif first_weights:
        prefix, tensors = first_weights
        new_characters = checkpoint.restore_weights(
            session, tensors, prefix, old=architectures.architecture_of(tensors, prefix), new=architecture)
        logger.info('starting from the weights of %s%s', prefix, new_characters and (
            f'; its alphabet lacks {new_characters!r}, whose classes start as those of the same '
            'letters, small, capital or without accents, or else anew'))
    else:
        logger.info('CTC first learns to answer with blanks only; the first words are read after some '
                    'hundred steps')
    if not (resumed and any(name.startswith(AVERAGE) for name in resumed.tensors)):
        averages.start_averages(session)


def _variables_to_restore(tensors):
    """Return the graph's variables that a run takes from its checkpoint: all, but for what is new since then.

    New are the averages, where it had none, and what the optimizer keeps of convolutions that were fixed. The
    optimizer then starts anew as a whole: its first steps weigh what it knows by how many there were, for all
    variables together.
    """
    variables = tf.global_variables()
    if not any(name.startswith(AVERAGE) for name in tensors):
        variables = [variable for variable in variables if not variable.op.name.startswith(AVERAGE)]
    missing = [variable.op.name for variable in variables if variable.op.name not in tensors]
    convolutions = [name for name in missing if name.startswith(OPTIMIZER + 'shadow/')
                    and not name.startswith(OPTIMIZER + SEQUENCE_SCOPE)]
    if convolutions and len(convolutions) == len(missing):
        log_utils.init_logger().warning('the convolutions were fixed so far; the optimizer starts anew')
        variables = [variable for variable in variables if not variable.op.name.startswith(OPTIMIZER)]
    return variables


def _check_first_step(session, cluster, training, first_step):
    """Raise InputError where the workers did not all find the checkpoint of the same step."""
    average = graphs.summed(session, training, [first_step])[0] / cluster.num_workers
    if abs(average - first_step) > 0.01:
        raise InputError(f'this worker goes on from step {first_step}, others from another; give all the '
                         'same --output_dir')


@contextlib.contextmanager
def training_errors(provider, draw, batch_size: int) -> Iterator[None]:
    """Turn what TensorFlow says of records, of drawing and of a lack of memory into an error of one line."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(f'out of memory; expected a smaller TRAIN.BATCH_SIZE, got {batch_size}') from error
    except (tf.errors.NotFoundError, tf.errors.PermissionDeniedError, tf.errors.UnknownError) as error:
        if provider.dataset_dir not in error.message:
            raise   # of another task of a cluster, say
        raise Unavailable(session_utils.first_line(error)) from error
    except tf.errors.DataLossError as error:
        loop.explain_bad_records(provider, session_utils.first_line(error))
    except tf.errors.InvalidArgumentError as error:
        what = session_utils.first_line(error)
        if what.startswith('InputError: '):   # of drawing, which TensorFlow calls
            raise InputError(what.removeprefix('InputError: ')) from error
        if draw:
            raise
        loop.find_bad_records(provider)
        raise


def open_cluster(num_gpus: int, settings: TrainingSettings) -> Cluster | None:
    """Return the Cluster that TF_CONFIG and a number of GPUs mean; None where this task has nothing to do."""
    task = task_of(os.environ.pop('TF_CONFIG', ''))   # or a strategy of one machine would take it for its own
    if task and task.number is None:
        log_utils.init_logger().info('nothing for %s %d to do: the workers exchange gradients and validate '
                                     'themselves', task.type, task.index)
        return None
    config = session_utils.session_config(gpu_memory_fraction=settings.gpu_memory_fraction,
                                          allow_growth=settings.tf_allow_growth)
    devices = session_utils.replica_devices(num_gpus, settings.cpu_replicas)
    return Cluster(task, local_devices=devices, config=config, silence_limit=settings.cluster_silence)
