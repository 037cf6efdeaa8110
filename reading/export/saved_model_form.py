"""An export for TensorFlow Serving, and TensorFlow 1 and 2: image files in, texts out, all in the graph."""
import json
import os

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, ctc
from crnnmodel.architecture import Architecture
from crnnmodel.crnn_model import ShadowNet
from crnnmodel.kernels import PLAIN
from local_utils import opening, session_utils
from reading.export import graph_resize, warm_up
from reading.export.parity import Answers

WEIGHTS = ('float32',)
FILES, PIXELS = 'serving_default', 'images'   # the signatures
EXTRA = 'assets.extra'                        # where TensorFlow Serving looks for what is not of the graph
DESCRIPTION_FILE = 'description.json'
WARM_UP_FILE = 'tf_serving_warmup_requests'
WARM_UP_BATCHES = (1, 8)


def write(tensors: dict, architecture: Architecture, weights: str, path: str) -> None:
    """Write the folder of the model.

    Its signature FILES takes `image_bytes`, string [batch], PNG, JPEG, BMP or GIF files, and gives `texts`,
    string [batch], and `confidences`, float32 [batch]. PIXELS takes `images`, uint8 [batch, height, width, 3]
    BGR, resized, and gives `logits`, float32 [batch, time, classes], as well.

    Args:
        tensors: of the checkpoint.
        architecture: of the network, with its characters.
        weights: one of WEIGHTS.
        path: of the folder.
    """
    session_utils.silence_deprecations()
    width, height = architecture.input_size
    network = ShadowNet('test', architecture, PLAIN)
    with tf.Graph().as_default(), tf.Session() as session:
        contents = tf.placeholder(tf.string, [None])
        decoded = tf.map_fn(lambda content: graph_resize.decode(content, (width, height)), contents,
                            dtype=tf.uint8)
        of_files = _outputs(network.build_shadownet(decoded), architecture.characters)
        images = tf.placeholder(tf.uint8, [None, height, width, 3])
        logits = network.build_shadownet(images)
        of_images = {**_outputs(logits, architecture.characters), 'logits': tf.transpose(logits, [1, 0, 2])}
        checkpoint.restore(session, tensors, path, checkpoint.network_variables())
        builder = tf.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], {
            FILES: tf.saved_model.predict_signature_def({'image_bytes': contents}, of_files),
            PIXELS: tf.saved_model.predict_signature_def({'images': images}, of_images)})
        builder.save()
    os.mkdir(os.path.join(path, EXTRA))
    zeros = np.zeros([height, width, 3], np.uint8)
    warm_up.write(os.path.join(path, EXTRA, WARM_UP_FILE), [
        request for count in WARM_UP_BATCHES for request in (
            warm_up.request(FILES, {'image_bytes': [warm_up.png_of(zeros)] * count}),
            warm_up.request(PIXELS, {'images': np.stack([zeros] * count)}))])


def describe(path: str, description: dict) -> None:
    """Put a description into the folder of a model."""
    with opening.open_file(os.path.join(path, EXTRA, DESCRIPTION_FILE), 'w', encoding='utf-8') as file:
        json.dump(description, file, ensure_ascii=False, indent=2)
        file.write('\n')


def read_back(path: str, images: list[np.ndarray], contents: list[bytes]) -> Answers:
    """Read words as a program of TensorFlow 2 does; see readback.in_own_process."""
    signatures = tf.saved_model.load_v2(path).signatures
    first = images[0]
    logits, of_images, of_files = [], [], []
    for start in range(0, len(first), 64):
        found = signatures[PIXELS](images=tf.constant(first[start:start + 64]))
        logits.append(found['logits'].numpy().transpose(1, 0, 2))
        of_images += _texts(found)
        of_files += _texts(signatures[FILES](image_bytes=tf.constant(contents[start:start + 64])))
    return Answers([np.concatenate(logits, axis=1)], {'images': of_images, 'files': of_files})


def _outputs(logits, characters):
    """Return the texts and their confidences of logits [time, batch, classes]."""
    labels, confidences = ctc.decode(logits)
    of_class = tf.constant([*characters, ''])   # -1, behind the last of a label, is nothing
    indices = tf.where(labels < 0, tf.fill(tf.shape(labels), len(characters)), labels)
    return {'texts': tf.reduce_join(tf.gather(of_class, indices), axis=1), 'confidences': confidences}


def _texts(found):
    return [text.decode() for text in found['texts'].numpy().tolist()]
