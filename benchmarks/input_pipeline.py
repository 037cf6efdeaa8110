#!/usr/bin/env python3
"""The input pipeline alone, from records to batches, without a network: plain and augmented, in turn.

    python benchmarks/input_pipeline.py --num_records 40000 --rounds 5

Prints one JSON object: images/s of both, and their ratio to what one data-centre GPU eats.
"""
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import numpy as np
import paired
import tensorflow.compat.v1 as tf

from data_provider import data_provider
from local_utils import char_codec, data_utils, establish_char_dict

GPU_IMAGES_PER_SECOND = 20000
ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
INPUT_SIZE = (100, 32)


def parse_args():
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--num_records', type=int, default=40000)
    parser.add_argument('--batch_size', type=int, default=256)
    parser.add_argument('--shuffle_buffer', type=int, default=32768)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=4, help='of each measurement')
    return parser.parse_args()


def write_records(folder, num_records):
    """Write records of noise, with texts of 3 to 12 characters."""
    rng = np.random.default_rng(0)
    codec = char_codec.CharacterCodec(ALPHABET)
    images = rng.integers(0, 256, (256, 32, 100, 3), np.uint8)
    texts = [''.join(rng.choice(list(ALPHABET), rng.integers(3, 13))) for _ in range(256)]
    data_utils.TextFeatureIO(codec).writer.write_features(
        os.path.join(folder, 'train_feature.tfrecords'),
        (texts[index % 256] for index in range(num_records)),
        (images[index % 256] for index in range(num_records)),
        (f'{index}.jpg' for index in range(num_records)))
    establish_char_dict.write_alphabet(codec.characters, folder)


def images_per_second(provider, args, augmented):
    """Return the rate at which batches come, once the shuffle buffer is full."""
    with tf.Graph().as_default(), tf.Session() as session:
        batches = provider.training_batches(
            batch_size=args.batch_size, shuffle_buffer=args.shuffle_buffer, seed=0, augmented=augmented)
        batch = tf.data.make_one_shot_iterator(batches).get_next()
        fetch = session.make_callable([batch.images.op, batch.labels.indices])   # nothing copied into Python
        for _ in range(10):
            fetch()
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < args.seconds:
            fetch()
            count += args.batch_size
        return count / (time.perf_counter() - started)


def main():
    """Measure and print."""
    args = parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_records(folder, args.num_records)
        provider = data_provider.TextDataProvider(folder, INPUT_SIZE, folder)
        measured = paired.in_turn({
            'shuffled': lambda: images_per_second(provider, args, augmented=False),
            'shuffled and augmented': lambda: images_per_second(provider, args, augmented=True)}, args.rounds)
    figures = {name: paired.spread(values) for name, values in measured.items()}
    ratios = {name: figure['median'] / GPU_IMAGES_PER_SECOND for name, figure in figures.items()}
    print(json.dumps({'machine': paired.machine(), **vars(args), 'images_per_second': figures,
                      'ratio_to_what_a_gpu_eats': ratios}, indent=2))


if __name__ == '__main__':
    main()
