#!/usr/bin/env python3
"""The training step against its convolutions and products of matrices alone, as fast as large ones get.

    python benchmarks/processor_rates.py --batch_size 64 --precision float32 --rounds 8

Measures the step and, in turn with it, single large operations of TensorFlow: convolutions of conv4's and
conv6's shape with both of their gradients, and a product of matrices. The work of the network, counted as
direct convolutions, at the best rate of its kind is the shortest time that such operations allow; a step
that does with fewer multiplications can be faster. Prints one JSON object: GFLOP/s of each operation,
images/s of the step, images/s of those operations, the ratio of the two.
"""
import contextlib
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import numpy as np
import paired
import tensorflow.compat.v1 as tf
import training_batch

# Of an image of 100 x 32, conv1 to conv7.
CONVOLUTIONS = [   # (pixels of the output, side of the kernel, channels in, channels out)
    (3200, 3, 3, 64), (800, 3, 64, 128), (200, 3, 128, 256), (200, 3, 256, 256), (100, 3, 256, 512),
    (100, 3, 512, 512), (25, 2, 512, 512)]
LSTM_CELLS, LSTM_KERNEL = 4, (512 + 256, 4 * 256)
LARGE_CONVOLUTIONS = {'conv4': (8, 256), 'conv6': (4, 512)}   # height, channels in and out; 25 wide
LARGE_PRODUCT = 2048   # rows and columns of both matrices
KINDS = ('forward', 'input gradient', 'kernel gradient', 'product')


def work_of_an_image(width, num_classes):
    """Return the floating point operations of each of KINDS that an image takes in a training step."""
    convolutions = [2 * pixels * width // 100 * side ** 2 * channels * new_channels
                    for pixels, side, channels, new_channels in CONVOLUTIONS]
    products = 2 * (width // 4) * (LSTM_CELLS * LSTM_KERNEL[0] * LSTM_KERNEL[1] + 512 * num_classes)
    work = sum(convolutions), sum(convolutions[1:]), sum(convolutions), 3 * products
    return dict(zip(KINDS, work, strict=True))


def large_operations(batch_size, dtype):
    """Return a dict of name → (kind, floating point operations, operation)."""
    def variable(*shape):
        values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        return tf.Variable(tf.cast(values, dtype))

    operations = {}
    for name, (height, channels) in LARGE_CONVOLUTIONS.items():
        images, kernel = variable(batch_size, height, 25, channels), variable(3, 3, channels, channels)
        flop = 2 * batch_size * height * 25 * 9 * channels ** 2
        form = [1, 1, 1, 1], 'SAME'
        results = {'forward': tf.nn.conv2d(images, kernel, *form),
                   'input gradient': tf.nn.conv2d_backprop_input(images.shape, kernel, images, *form),
                   'kernel gradient': tf.nn.conv2d_backprop_filter(images, kernel.shape, images, *form)}
        for kind, result in results.items():
            operations[f'{name} {kind}'] = kind, flop, result.op
    matrix = variable(LARGE_PRODUCT, LARGE_PRODUCT)
    operations['product'] = 'product', 2 * LARGE_PRODUCT ** 3, tf.matmul(matrix, matrix).op
    return operations


def main():
    """Measure and print."""
    args, sizes = training_batch.paired_arguments(__doc__, rounds=8)
    with contextlib.ExitStack() as stack:
        stack.enter_context(tf.Graph().as_default())
        operations = large_operations(args.batch_size, tf.dtypes.as_dtype(args.precision))
        session = stack.enter_context(tf.Session())
        session.run(tf.global_variables_initializer())

        def gflops_of(flop, operation):
            def measure():
                started = time.perf_counter()
                session.run(operation)
                return flop / (time.perf_counter() - started) / 1e9

            measure()
            return measure

        measures = {name: gflops_of(flop, operation) for name, (_, flop, operation) in operations.items()}
        step = stack.enter_context(paired.Worker('our_step.py', *sizes))
        figures = paired.in_turn({**measures, 'step': step.measure}, args.rounds)
    step_rates = figures.pop('step')
    best = {kind: max(statistics.median(figures[name])
                      for name, operation in operations.items() if operation[0] == kind) for kind in KINDS}
    work = work_of_an_image(args.width, args.num_classes)
    seconds = sum(work[kind] / best[kind] / 1e9 for kind in KINDS)
    print(json.dumps({
        'machine': paired.machine(), **vars(args),
        'gflops': {name: paired.spread(values) for name, values in figures.items()},
        'best_gflops': best, 'gflop_of_an_image': {kind: flop / 1e9 for kind, flop in work.items()},
        'images_per_second': paired.spread(step_rates), 'images_per_second_of_large_operations': 1 / seconds,
        'ratio_to_large_operations': statistics.median(step_rates) * seconds}, indent=2))


if __name__ == '__main__':
    main()
