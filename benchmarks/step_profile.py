#!/usr/bin/env python3
"""What the parts of a training step take: optimizer, pools, ReLU, casts and more, by TensorFlow's own trace.

    python benchmarks/step_profile.py --batch_size 64 --precision bfloat16

The operations' times are added up; some run beside each other, so that the sum is more than the step's time.
Prints one JSON object: the percentage of each part of the sum, the median of some steps.
"""
import collections
import json
import statistics

import our_step
import paired
import tensorflow.compat.v1 as tf
import training_batch

from local_utils import session_utils

WARM_UP_STEPS, STEPS = 4, 9
OPTIMIZER = 'optimizer, clipping, averages'
OF_OPTIMIZER = ('cond/', 'clip_by_global_norm', 'global_norm')   # beginnings of its operations' names
KINDS = {   # types of the other operations
    'convolutions': ('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'),
    'products of the LSTM and the last layer': ('MatMul', 'BatchMatMulV2'),
    'pools': ('MaxPool', 'MaxPoolGrad'),
    'ReLU': ('Relu', 'ReluGrad'),
    'casts': ('Cast',),
    'batch norms': ('BatchNormV3', 'BatchNormGradV3'),
}
OTHERS = 'others'


def part_of(node) -> str:
    """Return the part that the statistics of an operation belong to."""
    if node.node_name.startswith(OF_OPTIMIZER):
        return OPTIMIZER
    # such as 'gradients/pool_grad = _MklNativeMaxPoolGrad(…'
    kind = node.timeline_label.partition(' = ')[2].partition('(')[0]
    kind = kind.removeprefix('_').removeprefix('Mkl').removeprefix('Native').removeprefix('Fused')
    return next((part for part, kinds in KINDS.items() if kind in kinds), OTHERS)


def trace(session, train) -> dict[str, int]:
    """Run a step; returns the microseconds of each part."""
    metadata = tf.RunMetadata()
    session.run([train.update, train.loss], run_metadata=metadata,
                options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE))
    times = collections.Counter()
    for device in metadata.step_stats.dev_stats:
        for node in device.node_stats:
            times[part_of(node)] += node.op_end_rel_micros - node.op_start_rel_micros
    return times


def main():
    """Measure and print."""
    args = training_batch.argument_parser(__doc__).parse_args()
    session_utils.silence_deprecations()
    with tf.Graph().as_default(), tf.Session() as session:
        train = our_step.build_step(args)
        session.run(tf.global_variables_initializer())
        traces = [trace(session, train) for _ in range(WARM_UP_STEPS + STEPS)][WARM_UP_STEPS:]
    percent = {part: statistics.median(100 * times[part] / sum(times.values()) for times in traces)
               for part in (OPTIMIZER, *KINDS, OTHERS)}
    print(json.dumps({'machine': paired.machine(), **vars(args),
                      'percent': {part: round(value, 1) for part, value in percent.items()}}, indent=2))


if __name__ == '__main__':
    main()
