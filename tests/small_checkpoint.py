"""Checkpoints of small networks with random weights, for tests."""
import os

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, checkpoint_files, crnn_model
from crnnmodel.architecture import Architecture

SMALL = {'conv_channels': 4, 'hidden_units': 6, 'hidden_layers': 1}


def architecture(characters='abc', **changes):
    fields = {'characters': characters, 'num_classes': len(characters) + 1, 'input_size': (16, 32),
              'pixel_range': (-1.0, 1.0)}
    return Architecture(**{**fields, **SMALL, **changes})


def save(folder, form, step=5, with_description=True):
    """Save a network with random weights; returns (prefix, dict of its weights)."""
    os.makedirs(folder, exist_ok=True)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(step)
        tf.get_variable('global_step', [], tf.int32, tf.constant_initializer(step), trainable=False)
        crnn_model.ShadowNet('test', form).build_shadownet(
            tf.placeholder(tf.uint8, [None, 32, form.input_size[0], 3]))
        if with_description:
            checkpoint.add_description(form)
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, os.path.join(folder, checkpoint_files.NAME), global_step=step)
        return prefix, {variable.op.name: session.run(variable)
                        for variable in checkpoint.network_variables()}


def write_bundle(prefix, tensors, num_shards=1):
    """Write a checkpoint with TensorFlow's own operations."""
    names = sorted(tensors)
    with tf.Graph().as_default(), tf.Session() as session:
        parts = []
        for shard in range(num_shards):
            part = names[shard::num_shards]
            parts.append(f'{prefix}.part{shard}')
            session.run(tf.raw_ops.SaveV2(prefix=parts[-1], tensor_names=part,
                                          shape_and_slices=[''] * len(part),
                                          tensors=[tf.constant(tensors[name]) for name in part]))
        session.run(tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=str(prefix)))
    return str(prefix)


def rewrite(folder, change):
    """Write the newest checkpoint of a folder anew, its dict of name → array changed by a function."""
    prefix, tensors = checkpoint_files.load_newest(str(folder), with_optimizer=True)
    changed = change({name: np.array(value, object) if isinstance(value, bytes) else value
                      for name, value in tensors.items()})
    return write_bundle(prefix, changed)
