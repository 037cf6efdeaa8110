"""The engine that runs a network in a session of TensorFlow; on a GPU, or for many images, the fastest."""
import threading

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import int8
from crnnmodel.architecture import Architecture, architecture_of
from crnnmodel.checkpoint import Constants
from crnnmodel.checkpoint_files import Checkpoint
from crnnmodel.kernels import choose_kernels, describe_kernels
from crnnmodel.winograd import MIN_IMAGES
from local_utils import log_utils, parallel, session_utils
from reading import calibration, engines, recognition
from reading.settings import ReadingSettings

# Few images take twice the time each. Of further views there are few of a width, so that they are gathered
# from more images.
BATCHES_A_PIECE = 4
SIZES_STEP = 16   # batches are of so many images, or a multiple, or of a smaller power of two


class TensorflowEngine:
    """A graph in which the weights are constants, with one network, or one for few images beside it."""

    def __init__(self, checkpoint: Checkpoint, settings: ReadingSettings, num_images: int | None = None):
        """Build the network for batches.

        Args:
            checkpoint: Checkpoint.
            settings: ReadingSettings.
            num_images: see engines.open_engine.

        Raises:
            InputError: the checkpoint is of another network, or its weights give no finite numbers, or this
                machine lacks what the precision takes.
        """
        session_utils.silence_deprecations()
        self.prefix = checkpoint.prefix
        self.architecture: Architecture = architecture_of(checkpoint.tensors, checkpoint.prefix)
        batch_size = min(settings.batch_size, num_images or settings.batch_size)
        cores = parallel.usable_cores()
        self.concurrency = 1 if session_utils.has_gpu() else engines.num_pieces(batch_size, cores)
        self.batches_together = BATCHES_A_PIECE * self.concurrency
        self._kernels = choose_kernels(settings.precision, learns=False)
        if not int8.can_take(self.architecture.pixel_range):
            self._kernels = self._kernels._replace(int8=False)
        self._constants = Constants(checkpoint.tensors, checkpoint.prefix)
        self._largest_outputs = None   # of the convolutions in int8, the same in all networks
        self._networks = {}
        self._building = threading.Lock()
        config = session_utils.session_config(
            gpu_memory_fraction=settings.gpu_memory_fraction, allow_growth=settings.tf_allow_growth)
        config.graph_options.rewrite_options.disable_meta_optimizer = True   # which costs more than it saves
        config.intra_op_parallelism_threads = cores // self.concurrency
        self.session = tf.Session(graph=tf.Graph(), config=config)
        log_utils.init_logger().info('TensorFlow: %s', describe_kernels(self._kernels))
        self._network(_padded_size(batch_size))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Compute the logits of a batch, see engines.Engine."""
        padded = np.zeros([_padded_size(len(images)), *images.shape[1:]], np.uint8)
        padded[:len(images)] = images
        logits = recognition.run_reading(self.session, self._network(len(padded)), padded)
        return engines.checked(logits[:, :len(images)], self.prefix)

    def _network(self, batch_size):
        """Return the ReadingGraph for batches of that size."""
        kernels = self._kernels
        if batch_size < MIN_IMAGES:
            kernels = kernels._replace(winograd=False)
        with self._building:
            if kernels not in self._networks:
                self._networks[kernels] = self._build(kernels)
            return self._networks[kernels]

    def _build(self, kernels):
        """Add a network to the graph."""
        with self.session.graph.as_default(), self._constants.scope():
            num_initialised = len(tf.local_variables())
            try:
                network = recognition.build_reading_graph(self.architecture, kernels, self._calibrate)
            except FloatingPointError as error:
                raise engines.not_finite(self.prefix) from error
            self.session.run(tf.variables_initializer(tf.local_variables()[num_initialised:]))
            return network

    def _calibrate(self, *arguments):
        """Return what `calibration.largest_outputs` does, which is worked out once."""
        if self._largest_outputs is None:
            self._largest_outputs = calibration.largest_outputs(*arguments)
        return self._largest_outputs


def _padded_size(num_images):
    """Return the size of the batch that so many images are read in.

    TensorFlow keeps what it prepares for each size that it has met, some megabytes.
    """
    if num_images < SIZES_STEP:
        return 1 << (num_images - 1).bit_length()
    return -(-num_images // SIZES_STEP) * SIZES_STEP
