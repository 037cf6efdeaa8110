"""The devices and machines that a training runs on: the strategy, the session's target, the other tasks.

One code path: a strategy of tf.distribute, used inside a session. On one device it is the default one; for
several devices of one machine MirroredStrategy; for several machines MultiWorkerMirroredStrategy over
tf.train.Server.
"""
import tensorflow.compat.v1 as tf

from local_utils import log_utils, session_utils
from local_utils.errors import Unavailable
from training.task import JOB, Task, is_loopback
from training.watch import GOES_ON, Watch, unreachable, wait_for

TRUST = ('whoever reaches their ports can read and write files as this user; keep them to a closed network '
         '(SECURITY.md)')


class Cluster:
    """What the training has to know of its devices, and who it is among whom."""

    def __init__(self, task: Task | None, *, local_devices: list[str], config: tf.ConfigProto,
                 silence_limit: float = 120):
        """Choose the strategy, and start this task's server where there are several.

        Args:
            task: this one; None on one machine.
            local_devices: names of this machine's devices that each hold a replica, such as '/gpu:0'; empty
                for the default.
            config: of the session; completed in place.
            silence_limit: seconds without an answer of another task after which this one ends.
        """
        self._task = task if task and len(task.addresses) > 1 else None
        self.target, self.config = '', config
        self.worker, self.num_workers = 0, 1
        if self._task:
            self.worker, self.num_workers = self._task.number, len(self._task.addresses)
        self.is_chief = self.worker == 0
        self._prepare_devices(local_devices)
        self.strategy = self._make_strategy(local_devices)
        self.num_replicas = self.strategy.num_replicas_in_sync
        self.local_replicas = self.num_replicas // self.num_workers
        self._watch = Watch(self._others(), silence_limit)
        if self._task:
            self._serve()

    def _prepare_devices(self, local_devices):
        processors = [device for device in local_devices if 'cpu' in device.lower()]
        if processors:
            # Else a session with a configuration of its own has one of them, and its collectives never end.
            self.config.device_count['CPU'] = len(processors)
        if not self._task and session_utils.has_gpu():
            # How a process takes a GPU's memory is decided once, by what uses it first; else tf.data does,
            # and takes all of it.
            tf.Session(config=self.config).close()

    def _make_strategy(self, local_devices):
        if self._task:
            num_gpus = len([device for device in local_devices if 'gpu' in device.lower()])
            resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
                tf.train.ClusterSpec({JOB: self._task.addresses}), task_type=JOB, task_id=self.worker,
                rpc_layer='grpc', num_accelerators={'GPU': num_gpus})
            with tf.Graph().as_default():   # outside of one it would start a server itself
                return tf.distribute.experimental.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
        if len(local_devices) > 1:
            return tf.distribute.MirroredStrategy(local_devices)
        return tf.distribute.get_strategy()

    def _serve(self):
        """Start this task's server, which listens on all addresses and asks nobody who they are."""
        own = self._task.addresses[self.worker]
        outside = [address for address in self._task.addresses if not is_loopback(address)]
        if outside:
            log_utils.init_logger().warning('the tasks of this cluster serve at %s: %s', ', '.join(outside),
                                            TRUST)
        self.config.MergeFrom(self.strategy.update_config_proto(self.config))
        with session_utils.unavailable(f'{own}: cannot serve there as {self._task.names[self.worker]}'):
            self._server = tf.train.Server({JOB: self._task.addresses}, job_name=JOB, task_index=self.worker,
                                           config=self.config)
        self.target = self._server.target

    def wait_for_others(self, limit_seconds: float) -> None:
        """Wait until every other task answers; raises Unavailable where one does not in time."""
        wait_for(self._others(), limit_seconds)

    def __enter__(self):
        """Watch the others from now on.

        Where one is gone or silent, an OSError names it, or, where none can be raised, the process ends.
        """
        if self._task:
            self._watch.start()
        return self

    def __exit__(self, _, error, __):
        self.stop_watching()
        if self._task and isinstance(error, tf.errors.OpError):
            lost = unreachable(self._others()) or 'the connection to another task'
            raise Unavailable(f'{lost} is gone ({session_utils.first_line(error)}); {GOES_ON}') from error

    def stop_watching(self) -> None:
        """Let the others end from now on: there is nothing more to do together."""
        self._watch.stop()

    def _others(self):
        """Return (name, address) of each other task."""
        tasks = zip(self._task.names, self._task.addresses, strict=True) if self._task else ()
        return [pair for number, pair in enumerate(tasks) if number != self.worker]
