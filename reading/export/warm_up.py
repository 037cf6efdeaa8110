"""Requests that TensorFlow Serving runs before it takes others: PredictionLog records, written by hand.

The messages are those of `tensorflow_serving/apis/prediction_log.proto`, `predict.proto` and `model.proto`,
which TensorFlow itself does not bring.
"""
import cv2
import numpy as np
import tensorflow.compat.v1 as tf

from local_utils import opening, tfrecord
from local_utils.protocol_buffers import bytes_field

PREDICT_LOG, REQUEST = 6, 1                              # of PredictionLog, of PredictLog
MODEL_SPEC, INPUTS, KEY, VALUE = 1, 2, 1, 2              # of PredictRequest; the inputs are a map
MODEL_NAME, SIGNATURE_NAME = 1, 3                        # of ModelSpec


def request(signature: str, inputs: dict, model: str = 'crnn') -> bytes:
    """Return a PredictionLog of a request, with inputs as tf.make_tensor_proto takes them."""
    spec = bytes_field(MODEL_NAME, model.encode()) + bytes_field(SIGNATURE_NAME, signature.encode())
    message = bytes_field(MODEL_SPEC, spec)
    for name, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        message += bytes_field(INPUTS, bytes_field(KEY, name.encode()) + bytes_field(VALUE, tensor))
    return bytes_field(PREDICT_LOG, bytes_field(REQUEST, message))


def write(path: str, requests: list[bytes]) -> None:
    """Write requests as TensorFlow Serving finds them, TFRecords."""
    with opening.open_file(path, 'wb') as file:
        file.writelines(map(tfrecord.frame, requests))


def png_of(image: np.ndarray) -> bytes:
    """Return an image as a PNG file."""
    return cv2.imencode('.png', image)[1].tobytes()
