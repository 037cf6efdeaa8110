#!/usr/bin/env python3
"""The project's training step; answers each line on standard input with a step's images/s.

    echo | python benchmarks/our_step.py --batch_size 64 --precision bfloat16

A part of training_step.py and processor_rates.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import numpy as np
import tensorflow.compat.v1 as tf
import training_batch

from crnnmodel import crnn_model
from crnnmodel.architecture import Architecture
from crnnmodel.kernels import choose_kernels
from global_configuration.config import cfg
from local_utils import session_utils
from tools import settings
from training import step as steps


def build_step(args):
    """Build the training step on a random batch that lies in the graph; returns steps.Step."""
    images, labels = training_batch.random_batch(args)
    indices = [[row, column] for row, label in enumerate(labels) for column in range(len(label))]
    longest = max(map(len, labels))
    values = tf.constant(np.concatenate(labels), tf.int32)
    sparse = tf.SparseTensor(indices, values, [args.batch_size, longest])
    step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
    images = images.astype(np.int32)   # which a variable of several tasks can be, uint8 not
    # A variable, since a constant would be folded.
    images = tf.get_variable('images', initializer=images, trainable=False)
    images = tf.cast(images, tf.uint8)
    network = crnn_model.ShadowNet(
        'train', Architecture(None, args.num_classes, (args.width, 32)), choose_kernels(args.precision),
        dropout=training_batch.DROPOUT, dropout_seed=tf.stack([0, step]))
    return steps.build_training_step(network, images, sparse, step, settings.training(cfg)._replace(
        learning_rate=training_batch.LEARNING_RATE, lr_schedule='constant', warmup_steps=0,
        gradient_clip_norm=training_batch.GRADIENT_CLIP_NORM))


def main():
    """Build, then serve."""
    args = training_batch.argument_parser(__doc__).parse_args()
    session_utils.silence_deprecations()
    with tf.Graph().as_default(), tf.Session() as session:
        train = build_step(args)
        session.run(tf.global_variables_initializer())
        training_batch.serve_step(lambda: session.run([train.update, train.loss]), args.batch_size)


if __name__ == '__main__':
    main()
