"""Tests of crnnmodel.shapes."""
import tensorflow.compat.v1 as tf

from crnnmodel.shapes import sizes_of


def test_sizes_are_numbers_where_the_graph_knows_them_and_tensors_where_it_does_not():
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 32, None, 3])
        batch, height, width, channels = sizes_of(images)
        assert (height, channels) == (32, 3)
        assert session.run([batch, width], {images: [[[[0, 0, 0]] * 5] * 32] * 2}) == [2, 5]
