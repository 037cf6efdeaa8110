"""The engine that runs a network in ONNX Runtime, on the processor: the soonest ready, for few images."""
import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from crnnmodel import geometry, onnx_file
from crnnmodel.architecture import DESCRIPTION, Architecture, architecture_of, from_description
from crnnmodel.checkpoint_files import Checkpoint
from local_utils import opening, parallel, visible
from local_utils.errors import InputError, MissingInput
from reading import engines

RUN_IMAGES = 16   # in a run: more take no less time each, and more memory
ENDS = [('images', 'tensor(uint8)', 4), ('logits', 'tensor(float)', 3)]   # of a model: name, type, dimensions
ERRORS = tuple(kind for kind in vars(failures).values()   # all of ONNX Runtime's
               if isinstance(kind, type) and issubclass(kind, Exception))


class OnnxEngine:
    """A session of ONNX Runtime; the arithmetic is float32."""

    batches_together = 1   # images take no less time each where there are more

    def __init__(self, model: bytes, prefix: str, num_images: int | None = None, weights: dict | None = None):
        """Load a model.

        Args:
            model: as onnx_network.build_model describes it, with any metadata.
            prefix: the file that it is from, for messages.
            weights: dict of name → array, those that are kept apart from the model.
            num_images: see engines.open_engine. One image is read by all cores, several by one each.

        Raises:
            InputError: it is no such model.
        """
        self.prefix = prefix
        self.concurrency = 1 if num_images == 1 else parallel.usable_cores()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = parallel.usable_cores() // self.concurrency
        options.inter_op_num_threads = 1
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')   # others need cores, too
        options.log_severity_level = 4   # what ends a reading is raised, too
        if weights:
            self._weights = weights   # whose memory the session uses
            values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
            options.add_external_initializers(list(weights), values)
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
        except ERRORS as error:
            raise InputError(f'{prefix}: no ONNX model that can be run ({_line(error)})') from error
        self.architecture: Architecture = _architecture_in(self._session, prefix)

    @classmethod
    def of_checkpoint(cls, checkpoint: Checkpoint, num_images: int | None = None) -> 'OnnxEngine':
        """Open the network of a checkpoint, without a file; raises InputError where it is none."""
        from crnnmodel import onnx_network  # the onnx package, which only this needs

        architecture = architecture_of(checkpoint.tensors, checkpoint.prefix)
        model, weights = onnx_network.build_model_without_weights(checkpoint.tensors, architecture)
        return cls(model.SerializeToString(), checkpoint.prefix, num_images, weights)

    @classmethod
    def of_file(cls, path: str, num_images: int | None = None) -> 'OnnxEngine':
        """Open a file that export_shadownet.py wrote.

        Raises:
            MissingInput: there is no such file.
            InputError: it is another, or damaged.
        """
        try:
            content = opening.read_file(path)
        except FileNotFoundError as error:
            raise MissingInput(
                f'{path}: no such file; expected one that export_shadownet.py wrote') from error
        onnx_file.check_seal(content, path)
        return cls(content, path, num_images)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Compute the logits of a batch, see engines.Engine."""
        pieces = [images[start:start + RUN_IMAGES] for start in range(0, len(images), RUN_IMAGES)]
        try:
            parts = [self._session.run(None, {'images': piece})[0] for piece in pieces]
        except (*ERRORS, MemoryError) as error:
            failed = f'{self.prefix}: ONNX Runtime failed to read {visible.counted(len(images), "image")}'
            raise InputError(f'{failed} ({_line(error)})') from error
        frames, classes = images.shape[2] // geometry.PIXELS_PER_FRAME, self.architecture.num_classes
        for piece, part in zip(pieces, parts, strict=True):
            if part.shape != (frames, len(piece), classes):
                raise InputError(f'{self.prefix}: its network gives values of the shape {part.shape}, '
                                 f'expected {(frames, len(piece), classes)}')
        logits = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return engines.checked(logits, self.prefix)


def _architecture_in(session, prefix):
    """Return the Architecture that a model carries; raises InputError where it is none of ours."""
    metadata = session.get_modelmeta().custom_metadata_map
    ends = [(end.name, end.type, len(end.shape)) for end in (*session.get_inputs(), *session.get_outputs())]
    if DESCRIPTION not in metadata or ends != ENDS:
        raise InputError(f'{prefix}: no model of a ShadowNet; expected one that export_shadownet.py wrote')
    architecture = from_description(metadata[DESCRIPTION], prefix)
    num_classes = session.get_outputs()[0].shape[2]
    if num_classes != architecture.num_classes:
        raise InputError(
            f'{prefix}: {architecture.num_classes} classes in its description, {num_classes} in its output')
    return architecture


def _line(error):
    """Return what ONNX Runtime says, in one line without its own prefix."""
    return ' '.join(str(error).rpartition(' : ')[2].split())
