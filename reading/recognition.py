"""The graph that reads, and the session that runs it: for the engine of TensorFlow and for a training's
validation.
"""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model
from crnnmodel.architecture import Architecture
from crnnmodel.kernels import Kernels
from local_utils import visible
from local_utils.char_codec import CharacterCodec
from local_utils.errors import Unavailable


class ReadingGraph(NamedTuple):
    """The nodes of a network that reads."""

    images: tf.Tensor   # placeholder uint8 [batch, height, width, 3], BGR, of any width
    logits: tf.Tensor   # float32 [time, batch, classes]


def build_reading_graph(
        architecture: Architecture, kernels: Kernels, calibrate: Callable | None = None) -> ReadingGraph:
    """Build a network that reads batches of any number of images of any width; see `ShadowNet`."""
    _, height = architecture.input_size
    images = tf.placeholder(tf.uint8, [None, height, None, 3])
    network = crnn_model.ShadowNet('test', architecture, kernels, calibrate=calibrate)
    return ReadingGraph(images, network.build_shadownet(images))


def run_reading(session: tf.Session, graph: ReadingGraph, images: np.ndarray) -> np.ndarray:
    """Return the logits of images, float32 [time, batch, classes].

    Args:
        session: of the graph.
        graph: ReadingGraph.
        images: uint8 [batch, height, width, 3], BGR.

    Raises:
        Unavailable: the device has too little memory for so many images.
    """
    try:
        return session.run(graph.logits, {graph.images: images})
    except tf.errors.ResourceExhaustedError as error:
        raise Unavailable(f'out of memory with {visible.counted(len(images), "image")} at once; set a '
                          'smaller TEST.BATCH_SIZE (in a training, TRAIN.VAL_BATCH_SIZE)') from error


class SessionEngine:
    """The engine of a network that a session trains: see engines.Engine."""

    concurrency = batches_together = 1

    def __init__(self, session: tf.Session, graph: ReadingGraph, architecture: Architecture, prefix: str):
        self.architecture, self.prefix = architecture, prefix
        self._session, self._graph = session, graph

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Compute the logits of a batch."""
        return run_reading(self._session, self._graph, images)


def texts_of(codec: CharacterCodec, labels: np.ndarray) -> list[str]:
    """Return the texts of labels, int [batch, longest], that have -1 behind the last class index."""
    return [codec.text_of(label[label >= 0]) for label in labels]


def dense_labels(sparse: tf.SparseTensorValue) -> np.ndarray:
    """Return a SparseTensorValue of labels as int [batch, longest] with -1 behind the last; what is no class
    stays out.
    """
    labels = np.full(sparse.dense_shape, -1)
    labels[tuple(sparse.indices.T)] = sparse.values
    return labels
