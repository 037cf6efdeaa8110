"""The devices and machines that a training runs on: TF_CONFIG, the strategy, the session's target, and watching the others.

One code path: a strategy of tf.distribute, used inside a session. On one device it is the default one; for several devices
of one machine MirroredStrategy; for several machines MultiWorkerMirroredStrategy over tf.train.Server.
"""
import collections
import json
import os
import re
import socket
import threading
import time

import tensorflow.compat.v1 as tf

from local_utils import log_utils, session_utils
from local_utils.errors import InputError, Unavailable

CHIEF_TYPES = ('master', 'chief')          # the platform's name, TensorFlow's name
IDLE_TYPES = ('ps', 'evaluator')           # tasks that all-reduce training has nothing to do for
JOB = 'worker'                             # all tasks are of one job to TensorFlow, the chief its first
PROBE_SECONDS, PROBES_TO_LOSE = 2.0, 3     # a task that cannot be connected to so many times in a row is lost
WAITING_LOG_SECONDS = 10
MAX_PORT = 65535
GOES_ON = 'when all tasks are started again, the run goes on from the last checkpoint'

Task = collections.namedtuple('Task', [
    'type',      # as TF_CONFIG has it
    'index',     # as TF_CONFIG has it, int
    'number',    # among those that train, the chief 0; None where this one does not train
    'names',     # of those that train, such as 'worker 1', in the order of their numbers
    'addresses',  # of those that train, host:port
])


def task_of(text):
    """Return the Task that the text of TF_CONFIG gives this process, or None where it is empty.

    The chief is the task `master` or `chief`, or else the first worker.

    Raises:
        InputError: it is not of the form that TensorFlow and the platform write; says what was expected.
    """
    if not text:
        return None
    try:
        value = json.loads(text)
        cluster, task = value['cluster'], value['task']
        type_, index = str(task['type']), int(task['index'])
        jobs = {str(job): [str(address) for address in addresses] for job, addresses in cluster.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:   # nested, 1e400
        raise InputError('TF_CONFIG: expected {"cluster": {"master": ["host:port"], "worker": [...]}, "task": {"type": ..., '
                         f'"index": ...}}}}, got {text[:200]!r} ({type(error).__name__}: {error})') from error
    if not 0 <= index < len(jobs.get(type_, ())) and type_ not in IDLE_TYPES:
        raise InputError(f'TF_CONFIG: the task is {type_} {index}, but the cluster has {len(jobs.get(type_, ()))} of {type_}')
    training = [(f'{job} {number}', address) for job in (*CHIEF_TYPES, JOB)
                for number, address in enumerate(jobs.get(job, ()))]
    for _, address in training:
        host, _, port = address.rpartition(':')
        if not host or not re.fullmatch('[0-9]{1,5}', port) or not 0 < int(port) <= MAX_PORT:
            raise InputError(f'TF_CONFIG: expected addresses like host:2222, got {address!r}')
    if len({address for _, address in training}) < len(training):
        addresses = ', '.join(address for _, address in training)
        raise InputError(f'TF_CONFIG: expected an address of its own for each task, got {addresses}')
    names = [name for name, _ in training]
    number = names.index(f'{type_} {index}') if f'{type_} {index}' in names else None
    if number is None and type_ not in IDLE_TYPES:
        raise InputError(f'TF_CONFIG: expected a task of the type master, chief, worker, ps or evaluator, got {type_!r}')
    return Task(type_, index, number, names, [address for _, address in training])


class Cluster:
    """What the training has to know of its devices: `strategy`, `target` and `config` of the session, who it is among whom."""

    def __init__(self, task, *, local_devices, config):
        """Choose the strategy, and start this task's server where there are several.

        Args:
            task: Task, or None on one machine.
            local_devices: names of this machine's devices that each hold a replica, such as '/gpu:0'; empty
                for the default.
            config: ConfigProto of the session; completed in place.
        """
        self._task = task if task and len(task.addresses) > 1 else None
        self.target, self.config = '', config
        processors = [device for device in local_devices if 'cpu' in device.lower()]
        if processors:   # else a session with a configuration of its own has one of them, and its collectives wait for ever
            config.device_count['CPU'] = len(processors)
        if not self._task and session_utils.has_gpu():
            # How a process takes a GPU's memory is decided once, by what uses it first; else tf.data does,
            # and takes all of it.
            tf.Session(config=config).close()
        self.worker, self.num_workers = (self._task.number, len(self._task.addresses)) if self._task else (0,
                                                                                                           1)
        self.is_chief = self.worker == 0
        self.strategy = self._make_strategy(local_devices)
        self.num_replicas = self.strategy.num_replicas_in_sync
        self.local_replicas = self.num_replicas // self.num_workers
        if self._task:
            self.config.MergeFrom(self.strategy.update_config_proto(config))
            me = f'{self._task.addresses[self.worker]}: cannot serve there as {self._task.names[self.worker]}'
            with session_utils.unavailable(me):
                self._server = tf.train.Server({JOB: self._task.addresses}, job_name=JOB,
                                               task_index=self.worker, config=self.config)
            self.target = self._server.target
        self._done = threading.Event()

    def _make_strategy(self, local_devices):
        if self._task:
            resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
                tf.train.ClusterSpec({JOB: self._task.addresses}), task_type=JOB, task_id=self.worker, rpc_layer='grpc',
                num_accelerators={'GPU': len([device for device in local_devices if 'gpu' in device.lower()])})
            with tf.Graph().as_default():   # outside of one it would start a server itself
                return tf.distribute.experimental.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
        return tf.distribute.MirroredStrategy(local_devices) if len(local_devices) > 1 else tf.distribute.get_strategy()

    def wait_for_others(self, limit_seconds):
        """Wait until every other task's server can be connected to.

        Raises:
            Unavailable: one of them cannot after so many seconds; names it.
        """
        started = told = time.monotonic()
        for name, address in self._others():
            while error := connection_error(address):
                now = time.monotonic()
                if now - started > limit_seconds:
                    raise Unavailable(f'{name} ({address}) did not come within {limit_seconds} seconds: {error}')
                if now - told > WAITING_LOG_SECONDS:
                    log_utils.init_logger().info('waiting for %s (%s: %s)', name, address, error)
                    told = now
                time.sleep(0.5)

    def __enter__(self):
        """Watch the others from now on: where one is lost, an OSError names it, or, if none can be raised, the process ends."""
        if self._task:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, _, error, __):
        self.stop_watching()
        if self._task and isinstance(error, tf.errors.OpError):
            lost = self._unreachable_others() or 'the connection to another task'
            raise Unavailable(f'{lost} is gone ({session_utils.first_line(error)}); {GOES_ON}') from error

    def stop_watching(self):
        """Let the others end from now on: there is nothing more to do together."""
        self._done.set()

    def _unreachable_others(self):
        """Return the others that cannot be connected to, as text, waiting a little for one to be such."""
        for _ in range(2 * PROBES_TO_LOSE):
            lost = [f'{name} ({address})' for name, address in self._others() if connection_error(address)]
            if lost:
                return ', '.join(lost)
            time.sleep(0.5)
        return ''

    def _others(self):
        tasks = zip(self._task.names, self._task.addresses, strict=True) if self._task else ()
        return [pair for number, pair in enumerate(tasks) if number != self.worker]

    def _watch(self):
        """End the process once another task is gone: the operations that wait for it would never end."""
        failures = collections.Counter()
        while not self._done.wait(PROBE_SECONDS):
            for name, address in self._others():
                failures[name] = failures[name] + 1 if connection_error(address) else 0
                if failures[name] >= PROBES_TO_LOSE and not self._done.is_set():
                    log_utils.init_logger().error('%s (%s) is gone; %s', name, address, GOES_ON)
                    os._exit(1)


def connection_error(address):
    """Return why nothing can be connected to at host:port, as text, or '' where something can."""
    host, _, port = address.rpartition(':')
    try:
        with socket.create_connection((host, int(port)), timeout=PROBE_SECONDS):
            return ''
    except OSError as error:
        return error.strerror or str(error)
