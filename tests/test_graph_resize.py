"""Tests of reading.export.graph_resize: the pixels are those of data_provider.image_file."""
import cv2
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from data_provider import image_file
from reading.export import graph_resize

SIZE = (100, 32)


@pytest.fixture(scope='module')
def graph():
    with tf.Graph().as_default() as made, tf.Session(graph=made) as session:
        image, content = tf.placeholder(tf.uint8, [None, None, 3]), tf.placeholder(tf.string, [])
        resized, decoded = graph_resize.resize(image, SIZE), graph_resize.decode(content, SIZE)
        yield (lambda value: session.run(resized,
                                         {image: value})), (
                                             lambda value: session.run(decoded, {content: value}))


def sizes(rng):
    """Yield sizes, (width, height): larger and smaller on each side, of whole ratios, and of the network
    itself.
    """
    yield from [SIZE, (200, 64), (100, 64), (200, 32), (300, 96), (400, 32), (150, 48), (151, 49), (2, 2),
                (101, 33),
                (50, 16), (1000, 20), (20, 500), (300, 64), (200, 96)]
    for _ in range(100):
        yield int(rng.integers(2, 450)), int(rng.integers(2, 160))


def test_resized_pixels_are_those_of_opencv(graph, rng):
    resize, _ = graph
    for width, height in sizes(rng):
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        assert np.array_equal(resize(image), image_file.resize(image, SIZE)), (width, height)


@pytest.mark.parametrize(('ending', 'options'), [
    ('.png', []), ('.bmp', []), ('.jpg', [cv2.IMWRITE_JPEG_QUALITY, 60]),
    ('.jpg', [cv2.IMWRITE_JPEG_QUALITY, 95]),
    ('.jpg', [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]), ('grey.png', []), ('grey.jpg', []),
])
def test_decoded_pixels_are_those_of_opencv(graph, rng, ending, options):
    _, decode = graph
    for width, height in ((90, 30), (133, 57), (310, 41)):
        image = cv2.resize(rng.integers(0, 256, (9, 20, 3), np.uint8), (width, height),
                           interpolation=cv2.INTER_CUBIC)
        image = image[:, :, 0] if ending.startswith('grey') else image
        content = cv2.imencode(ending.removeprefix('grey'), image, options)[1].tobytes()
        assert np.array_equal(decode(content), image_file.decode_image(content, SIZE))
