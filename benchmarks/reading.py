#!/usr/bin/env python3
"""Reading images that lie in memory, against the same network in PyTorch and ONNX Runtime, in turn.

    python benchmarks/reading.py --batch_size 1 --rounds 30

Each is a process of its own and runs network and best path. Ours, through its front door, also works out the
confidence and the place and probability of each character, which the peers do not. PyTorch runs in float32
and in bfloat16, with and without torch.compile. Prints one JSON object: images/s, and the ratio of the
medians to the best peer.
"""
import contextlib
import json
import statistics

import paired
import training_batch

SCRIPTS = {
    'ours_auto': ('our_reader.py', '--precision=auto'),
    'ours_bfloat16': ('our_reader.py', '--precision=bfloat16'),
    'ours_float32': ('our_reader.py', '--precision=float32'),
    'torch_bfloat16': ('torch_reader.py', '--precision=bfloat16'),
    'torch_bfloat16_compiled': ('torch_reader.py', '--precision=bfloat16', '--compile'),
    'torch_float32': ('torch_reader.py', '--precision=float32'),
    'torch_float32_compiled': ('torch_reader.py', '--precision=float32', '--compile'),
    'onnxruntime_float32': ('onnx_reader.py',),
}


def main():
    """Measure and print."""
    args, sizes = training_batch.paired_arguments(__doc__, rounds=20, has_precision=False)
    with contextlib.ExitStack() as stack:
        workers = training_batch.start_workers(stack, SCRIPTS, sizes, args.peer_python)
        figures = paired.in_turn({name: worker.measure for name, worker in workers.items()}, args.rounds)
    ours, peer = (max((name for name in figures if name.startswith('ours') == is_ours),
                      key=lambda name: statistics.median(figures[name])) for is_ours in (True, False))
    print(json.dumps({
        'machine': paired.machine(), **vars(args),
        'images_per_second': {name: paired.spread(values) for name, values in figures.items()},
        'our_best': ours, 'best_peer': peer,
        'ratio_of_medians': paired.ratio_of_medians(figures[ours], figures[peer])}, indent=2))


if __name__ == '__main__':
    main()
