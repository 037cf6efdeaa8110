"""What computes a network's logits: the protocol of an engine, and opening the one for a checkpoint.

An engine knows nothing of alphabets, views and texts; these are the recogniser's. Each has a file of its own,
which alone imports its library, and only when one is opened.
"""
import importlib.util
import os
from typing import Protocol

import numpy as np

from crnnmodel import checkpoint_files
from crnnmodel.architecture import Architecture
from local_utils import stop_signals, tensorflow_import
from local_utils.errors import InputError, MissingInput
from reading.settings import ReadingSettings, check_settings

PIECE_IMAGES = 16   # of a batch, at least, that are worth a call of their own
AUTO, ONNX, TENSORFLOW = ENGINES = 'auto', 'onnx', 'tensorflow'
PACKAGES = {ONNX: ('onnxruntime', 'requirements-reader.txt'), TENSORFLOW: ('tensorflow', 'requirements.txt')}
MODEL_ENDING = '.onnx'
GPU_DEVICE = '/dev/nvidiactl'   # there where NVIDIA's driver is
FEW_IMAGES = 300    # that ONNX Runtime has read before TensorFlow, faster once it runs, has caught up


class Engine(Protocol):
    """Computes logits; several threads may call it at the same time."""

    architecture: Architecture   # its characters are None where the checkpoint has no alphabet
    prefix: str                  # the checkpoint or the file that it was opened from, for messages
    concurrency: int             # so many batches at the same time, each in a thread, keep the machine busy
    batches_together: int        # so many batches are best read as one: further views then are so, too

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Compute the logits of a batch.

        Args:
            images: uint8 [batch, height, width, 3], BGR; the height is the network's, the width any multiple
                of geometry.PIXELS_PER_FRAME from geometry.MIN_FRAMES frames on, and the batch any from 1 on.

        Returns:
            float32 [width // geometry.PIXELS_PER_FRAME, batch, classes]; the CTC blank is the last class.

        Raises:
            InputError: there is too little memory for so many images, or the weights give no finite numbers.
        """


def open_engine(weights_path: str, settings: ReadingSettings, num_images: int | None = None) -> Engine:
    """Open an engine for a checkpoint, or for a file that export_shadownet.py wrote.

    Args:
        weights_path: a run's folder (its best checkpoint, else its last), another folder, a prefix or a file
            of a checkpoint, checkpoint_files.BUNDLED, or a file that ends in MODEL_ENDING.
        settings: ReadingSettings.
        num_images: how many will be read, where that is known: an engine is sooner ready for few.

    Raises:
        MissingInput: there is no such checkpoint or file.
        InputError: it is damaged, or of another network, no engine that is installed can take it, or a
            setting has a value that it may not have.
    """
    check_settings(settings)
    is_model = is_exported(weights_path)
    engine = _chosen(settings, num_images, is_model)
    if is_model:
        return _onnx_engine().of_file(weights_path, num_images)
    checkpoint = _checkpoint_of(weights_path)
    if engine == ONNX:
        return _onnx_engine().of_checkpoint(checkpoint, num_images)
    tensorflow_import.import_tensorflow()   # which takes seconds
    from reading.tensorflow_engine import TensorflowEngine
    return TensorflowEngine(checkpoint, settings, num_images)


def is_exported(weights_path: str) -> bool:
    """Whether a path is that of a file that export_shadownet.py wrote, by its ending."""
    return weights_path.lower().endswith(MODEL_ENDING)


def _checkpoint_of(path):
    try:
        return checkpoint_files.load_newest(best_or_last(path))
    except MissingInput as error:
        if _is_other_export(path):
            raise InputError(f'{path}: of what export_shadownet.py writes only a file {MODEL_ENDING} is read '
                             'here; expected one, or a checkpoint') from error
        raise


def _is_other_export(path):
    """Whether a path, of no checkpoint, is that of a LiteRT file or of a folder of a SavedModel."""
    return path.lower().endswith('.tflite') and os.path.isfile(path) or any(
        os.path.isfile(os.path.join(path, *folders, 'saved_model.pb')) for folders in ([], ['1']))


def _onnx_engine():
    """Return the class OnnxEngine; Ctrl-C waits for its import, in which C libraries may swallow it."""
    with stop_signals.held_back():
        from reading.onnx_engine import OnnxEngine
    return OnnxEngine


def _chosen(settings, num_images, is_model):
    """Return ONNX or TENSORFLOW, one that is installed; raises InputError where there is none."""
    engine = settings.engine
    if is_model and engine == TENSORFLOW:
        raise InputError(f'a file {MODEL_ENDING} needs TEST.ENGINE=onnx or auto, got {engine}')
    needs_tensorflow = settings.precision in ('bfloat16', 'int8')
    if (is_model or engine == ONNX) and needs_tensorflow:
        raise InputError('ONNX Runtime computes in float32 here; expected TEST.PRECISION=auto or float32, '
                         f'got {settings.precision}')
    installed = [name for name, (package, _) in PACKAGES.items() if importlib.util.find_spec(package)]
    if engine == AUTO:
        is_few = not os.path.exists(GPU_DEVICE) if num_images is None else num_images <= FEW_IMAGES
        wanted = ONNX if is_model or is_few and not needs_tensorflow else TENSORFLOW
        engine = wanted if is_model or wanted in installed or not installed else installed[0]
    if engine not in installed:
        package, requirements = PACKAGES[engine]
        raise InputError(f'reading with {engine} needs the package {package}; pip install -r {requirements}')
    return engine


def checked(logits: np.ndarray, prefix: str) -> np.ndarray:
    """Return logits where all are finite numbers; raises InputError, for of others no text could be read."""
    if not np.isfinite(logits).all():
        raise not_finite(prefix)
    return logits


def not_finite(prefix: str) -> InputError:
    """Return the error of a network that computes no finite numbers."""
    return InputError(f'{prefix}: its network gives values that are no finite numbers; expected the weights '
                      'of a training that went well')


def num_pieces(num_images: int, concurrency: int) -> int:
    """Return in how many pieces a batch is read at the same time; cores that share operations idle more."""
    return max(1, min(concurrency, num_images // PIECE_IMAGES))


def best_or_last(path: str) -> str:
    """Return the folder of the best checkpoint where a path is a run's folder that has one, else the path."""
    best = os.path.join(path, checkpoint_files.BEST_DIR)
    return best if checkpoint_files.checkpoints_in(best) else path
