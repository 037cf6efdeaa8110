#!/usr/bin/env python3
"""The project's reading of images in memory, through its front door.

    echo | python benchmarks/our_reader.py --batch_size 64 --precision auto

A part of reading.py. Answers each line on standard input with images/s.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import tensorflow.compat.v1 as tf
import training_batch

from crnnmodel import checkpoint
from crnnmodel.architecture import Architecture
from crnnmodel.crnn_model import ShadowNet
from reading import ReadingSettings, Recogniser
from reading.settings import CHOICES


def save_random_weights(architecture, folder):
    """Write a checkpoint of a network with random weights."""
    width, height = architecture.input_size
    with tf.Graph().as_default(), tf.Session() as session:
        ShadowNet('test', architecture).build_shadownet(tf.placeholder(tf.uint8, [None, height, width, 3]))
        checkpoint.add_description(architecture)
        session.run(tf.global_variables_initializer())
        checkpoint.save_checkpoint(tf.train.Saver(), session, folder, 0)


def main():
    """Build, then serve."""
    parser = training_batch.argument_parser(__doc__, has_precision=False)
    parser.add_argument('--precision', choices=CHOICES['precision'], default='auto')
    args = parser.parse_args()
    images = list(training_batch.random_batch(args)[0])
    characters = ''.join(map(chr, range(ord('a'), ord('a') + args.num_classes - 1)))
    settings = ReadingSettings(engine='tensorflow', batch_size=args.batch_size, precision=args.precision,
                               min_confidence=0.0)   # one view
    with tempfile.TemporaryDirectory() as folder:
        save_random_weights(Architecture(characters, args.num_classes, (args.width, 32)), folder)
        num_images = 1 if args.batch_size == 1 else None
        recogniser = Recogniser.open(folder, settings=settings, num_images=num_images)
    training_batch.serve_step(lambda: recogniser.read(images), args.batch_size)


if __name__ == '__main__':
    main()
