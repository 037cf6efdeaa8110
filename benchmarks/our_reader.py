#!/usr/bin/env python3
"""The project's reading of images in memory; answers each line on standard input with images/s.

echo | python benchmarks/our_reader.py --batch_size 64 --precision bfloat16
"""
import functools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import tensorflow.compat.v1 as tf
import training_batch

from crnnmodel import checkpoint
from crnnmodel.architecture import Architecture
from crnnmodel.kernels import Kernels, choose_kernels
from local_utils import char_codec
from reading import recogniser, recognition


def random_weights(architecture, config):
    """Return a dict of variable name → initial value."""
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        recognition.build_reading_graph(architecture, Kernels())
        session.run(tf.global_variables_initializer())
        return session.run({variable.op.name: variable for variable in checkpoint.network_variables()})


def main():
    """Build, then serve."""
    args = training_batch.argument_parser(__doc__).parse_args()
    images = list(training_batch.random_batch(args)[0])
    characters = ''.join(map(chr, range(ord('a'), ord('a') + args.num_classes - 1)))
    codec = char_codec.CharacterCodec(characters)
    architecture = Architecture(characters, args.num_classes, (args.width, 32))
    config = tf.ConfigProto(intra_op_parallelism_threads=recogniser.threads_of_a_piece(args.batch_size))
    weights = random_weights(architecture, config)
    with tf.Graph().as_default(), checkpoint.Constants(weights, 'random weights').scope(), tf.Session(config=config) as session:
        graph = recognition.build_reading_graph(architecture, choose_kernels(args.precision),
                                                batch_size=1 if args.batch_size == 1 else None)
        session.run(tf.local_variables_initializer())
        read = functools.partial(recognition.read_images, session, graph, codec)
        training_batch.serve_step(lambda: recogniser.in_pieces(read, images), args.batch_size)


if __name__ == '__main__':
    main()
