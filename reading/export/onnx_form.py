"""An export for ONNX Runtime: one file, the batch and the width of the images free."""
import json

import numpy as np

from crnnmodel import onnx_file
from crnnmodel.architecture import DESCRIPTION, Architecture
from local_utils import opening
from reading.export.parity import Answers

WEIGHTS = ('float32', 'float16', 'int8')


def write(tensors: dict, architecture: Architecture, weights: str, path: str) -> None:
    """Write the model; see onnx_network.build_model."""
    from crnnmodel import onnx_network

    model = onnx_network.build_model(tensors, architecture, weights)
    _write(path, model.SerializeToString())


def describe(path: str, description: dict) -> None:
    """Add texts to the metadata of a model that `write` wrote, and seal it anew."""
    model = onnx_file.unsealed(opening.read_file(path))
    metadata = {key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                for key, value in description.items() if key != DESCRIPTION}   # which it has already
    _write(path, onnx_file.with_metadata(model, metadata))


def read_back(path: str, images: list[np.ndarray], contents: list[bytes]) -> Answers:
    """Read words in ONNX Runtime; see readback.in_own_process."""
    from reading.onnx_engine import OnnxEngine

    engine = OnnxEngine.of_file(path)
    return Answers([engine.logits(of_width) for of_width in images], {})


def _write(path, model):
    with opening.open_file(path, 'wb') as file:
        file.write(onnx_file.sealed(model))
