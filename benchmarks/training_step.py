#!/usr/bin/env python3
"""Our training step against that of the same network in PyTorch, in turn, each in a process of its own.

    python benchmarks/training_step.py --batch_size 64 --precision bfloat16 --rounds 12

PyTorch runs with channels_last, autocast, and with and without torch.compile; what counts is the faster of
the two. Prints one
JSON object: images/s, and the ratio of the medians.
"""
import contextlib
import json
import statistics

import paired
import training_batch

SCRIPTS = {
    'ours': ('our_step.py',),
    'torch_eager': ('torch_step.py',),
    'torch_compiled': ('torch_step.py', '--compile'),
}


def main():
    """Measure and print."""
    args, sizes = training_batch.paired_arguments(__doc__, rounds=12)
    with contextlib.ExitStack() as stack:
        workers = training_batch.start_workers(stack, SCRIPTS, sizes, args.peer_python)
        figures = paired.in_turn({name: worker.measure for name, worker in workers.items()}, args.rounds)
    peers = [name for name in figures if name != 'ours']
    best = max(peers, key=lambda name: statistics.median(figures[name]))
    print(json.dumps({
        'machine': paired.machine(), **vars(args),
        'images_per_second': {name: paired.spread(values) for name, values in figures.items()},
        'best_of_torch': best,
        'ratio_of_medians': paired.ratio_of_medians(figures['ours'], figures[best])}, indent=2))


if __name__ == '__main__':
    main()
