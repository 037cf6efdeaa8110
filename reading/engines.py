"""What computes a network's logits: the protocol of an engine, and opening the one for a checkpoint.

An engine knows nothing of alphabets, views and texts; these are the recogniser's. Each has a file of its own, which
alone imports its library, and only when one is opened.
"""
import os
from typing import Protocol

import numpy as np

from crnnmodel import checkpoint_files
from crnnmodel.architecture import Architecture
from local_utils import tensorflow_import
from reading.settings import ReadingSettings

PIECE_IMAGES = 16   # of a batch, at least, that are worth a call of their own

class Engine(Protocol):
    """Computes logits; several threads may call it at the same time."""

    architecture: Architecture   # of the network; its characters are None where the checkpoint has no alphabet
    prefix: str                  # the checkpoint or the file that it was opened from, for messages
    concurrency: int             # so many batches at the same time, each in a thread, keep the machine busy

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Compute the logits of a batch.

        Args:
            images: uint8 [batch, height, width, 3], BGR; the height is the network's, the width any multiple of
                geometry.PIXELS_PER_FRAME from geometry.MIN_FRAMES frames on, and the batch any from 1 on.

        Returns:
            float32 [width // geometry.PIXELS_PER_FRAME, batch, classes]; the CTC blank is the last class.

        Raises:
            InputError: there is too little memory for so many images.
        """


def open_engine(weights_path: str, settings: ReadingSettings, num_images: int | None = None) -> Engine:
    """Open the engine for a checkpoint.

    Args:
        weights_path: a run's folder (its best checkpoint, else its last), another folder, a prefix or a file of a
            checkpoint, or checkpoint_files.BUNDLED.
        settings: ReadingSettings.
        num_images: how many will be read, where that is known: an engine is sooner ready for few.

    Raises:
        MissingInput: there is no such checkpoint.
        InputError: it is damaged, or of another network.
    """
    checkpoint = checkpoint_files.load_newest(best_or_last(weights_path))
    tensorflow_import.import_tensorflow()   # which takes seconds
    from reading.tensorflow_engine import TensorflowEngine  # noqa: I001

    return TensorflowEngine(checkpoint, settings, num_images)


def num_pieces(num_images: int, concurrency: int) -> int:
    """Return in how many pieces a batch is read at the same time: that keeps cores busier than to share operations."""
    return max(1, min(concurrency, num_images // PIECE_IMAGES))


def best_or_last(path: str) -> str:
    """Return the folder of a run's best checkpoint where a path is a run's folder that has one, else the path."""
    best = os.path.join(path, checkpoint_files.BEST_DIR)
    return best if checkpoint_files.checkpoints_in(best) else path
