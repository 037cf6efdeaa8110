"""Sizes of tensors, of which some are known only when the graph runs."""
import tensorflow.compat.v1 as tf


def sizes_of(tensor: tf.Tensor) -> list:
    """Return the shape of a tensor of known rank: int where the graph knows it, else int32 []."""
    running = tf.unstack(tf.shape(tensor), num=len(tensor.shape))
    return [size if known is None else known
            for known, size in zip(tensor.shape.as_list(), running, strict=True)]
