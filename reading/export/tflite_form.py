"""An export for LiteRT: one image at a time, built-in operations, a signature for each width of views."""
import importlib.util
import io
import json
import tempfile
import zipfile

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint
from crnnmodel.architecture import Architecture
from crnnmodel.crnn_model import ShadowNet
from crnnmodel.kernels import PLAIN
from local_utils import opening, parallel, session_utils
from reading import views
from reading.export.parity import Answers

WEIGHTS = ('float32', 'float16', 'int8')
DESCRIPTION_FILE = 'description.json'   # in an archive behind the model, as LiteRT's metadata have theirs


def write(tensors: dict, architecture: Architecture, weights: str, path: str) -> None:
    """Write the model.

    The signature `width_100`, and so on, takes `images`, uint8 [1, height, width, 3] BGR, and gives `logits`,
    float32 [time, 1, classes].

    Args:
        tensors: of the checkpoint.
        architecture: of the network.
        weights: one of WEIGHTS; with int8 the products are worked out in int8, too.
        path: of the file.
    """
    session_utils.silence_deprecations()
    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(tensors, architecture, f'{folder}/model')
        converter = tf.compat.v2.lite.TFLiteConverter.from_saved_model(
            f'{folder}/model', signature_keys=[f'width_{width}' for width in _widths(architecture)])
        if weights != 'float32':
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if weights == 'float16':
            converter.target_spec.supported_types = [tf.float16]
        model = converter.convert()
    with opening.open_file(path, 'wb') as file:
        file.write(model)


def describe(path: str, description: dict) -> None:
    """Put a description behind a model, in an archive that any unzip finds."""
    archive = io.BytesIO()
    model = opening.read_file(path)
    with zipfile.ZipFile(archive, 'w') as zipped:
        entry = zipfile.ZipInfo(DESCRIPTION_FILE)   # of the year 1980: the same model is the same file
        zipped.writestr(entry, json.dumps(description, ensure_ascii=False, indent=2))
    with opening.open_file(path, 'wb') as file:
        file.write(model + archive.getvalue())


def read_back(path: str, images: list[np.ndarray], contents: list[bytes]) -> Answers:
    """Read words in LiteRT; see readback.in_own_process."""
    interpreter = _interpreter_class()(
        model_content=opening.read_file(path), num_threads=parallel.usable_cores())
    logits = []
    for of_width in images:
        run = interpreter.get_signature_runner(f'width_{of_width.shape[2]}')
        logits.append(np.concatenate([run(images=image[np.newaxis])['logits'] for image in of_width], axis=1))
    return Answers(logits, {})


def _widths(architecture):
    sizes = [views.size_of(view, architecture.input_size) for view in (views.FIRST, *views.FURTHER)]
    return list(dict.fromkeys(width for width, _ in sizes))


def _write_saved_model(tensors, architecture, folder):
    height = architecture.input_size[1]
    signatures = {}
    with tf.Graph().as_default(), tf.Session() as session:
        for width in _widths(architecture):
            images = tf.placeholder(tf.uint8, [1, height, width, 3])
            network = ShadowNet('test', architecture._replace(input_size=(width, height)), PLAIN)
            signatures[f'width_{width}'] = tf.saved_model.predict_signature_def(
                {'images': images}, {'logits': network.build_shadownet(images)})
        checkpoint.restore(session, tensors, folder, checkpoint.network_variables())
        builder = tf.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], signatures)
        builder.save()


def _interpreter_class():
    """Return LiteRT's Interpreter, or the one that TensorFlow still has."""
    if importlib.util.find_spec('ai_edge_litert'):
        from ai_edge_litert.interpreter import Interpreter
        return Interpreter
    return tf.lite.Interpreter
