#!/usr/bin/env python3
"""One task of a cluster: the sum of gradients over all tasks alone, then the training step.

    python benchmarks/growth_task.py --batch_size 16 --rounds 3

A part of growth.py. Prints the seconds of each as JSON.
"""
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import our_step
import tensorflow.compat.v1 as tf
import training_batch

from crnnmodel import replicas
from local_utils import session_utils
from training import cluster, task

WAIT_SECONDS = 300    # for the other tasks
WARM_UP_ROUNDS = 2


def build_sum(dtype):
    """Build the sum over all tasks of tensors like the gradients, sent in a dtype; returns a scalar."""
    gradients = [tf.cast(variable.read_value(), dtype) for variable in tf.trainable_variables()]
    sums = replicas.sum_over_replicas(gradients)
    return tf.add_n([tf.cast(tf.reshape(tensor, [-1])[0], tf.float32) for tensor in sums])


def build_step(args):
    """Build the training step on a batch of this task's; returns a scalar to fetch."""
    train = our_step.build_step(args)
    with tf.control_dependencies([train.update]):
        return tf.identity(train.loss)


def measure(session, fetches, rounds):
    """Return a dict of name → list of the seconds that each round of a fetch took.

    Every task has to run the same.
    """
    seconds = {name: [] for name in fetches}
    for _ in range(WARM_UP_ROUNDS + rounds):
        for name, fetch in fetches.items():
            started = time.perf_counter()
            session.run(fetch)
            seconds[name].append(time.perf_counter() - started)
    return {name: values[WARM_UP_ROUNDS:] for name, values in seconds.items()}


def main():
    """Measure and print."""
    parser = training_batch.argument_parser(__doc__)
    parser.add_argument('--rounds', type=int, default=5)
    args = parser.parse_args()
    session_utils.silence_deprecations()
    own = task.task_of(os.environ.pop('TF_CONFIG', ''))
    tasks = cluster.Cluster(own, local_devices=[], config=tf.ConfigProto(allow_soft_placement=True))
    tasks.wait_for_others(WAIT_SECONDS)
    with tf.Graph().as_default() as graph, tasks.strategy.scope():
        fetches = {'step': tasks.strategy.run(lambda: build_step(args))}
        fetches['all_reduce_float32'] = tasks.strategy.run(lambda: build_sum(tf.float32))
        fetches['all_reduce_bfloat16'] = tasks.strategy.run(lambda: build_sum(tf.bfloat16))
        fetches = {name: tasks.strategy.experimental_local_results(fetch)[0]
                   for name, fetch in fetches.items()}
        parameters = sum(variable.shape.num_elements() for variable in tf.trainable_variables())
        with tasks, tf.Session(tasks.target, graph=graph, config=tasks.config) as session:
            session.run(tf.global_variables_initializer())
            seconds = measure(session, fetches, args.rounds)
            print(json.dumps({'parameters': parameters, 'seconds': seconds}), flush=True)


if __name__ == '__main__':
    main()
