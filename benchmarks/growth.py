#!/usr/bin/env python3
"""What adding up the gradients over processes costs here, and what it would cost between many GPUs.

    python benchmarks/growth.py --batch_size 16 --precision bfloat16 --rounds 5

Measures 1, 2 and 4 processes of this machine over loopback, which share its cores: the sum alone, of as many
numbers as the network has weights, and a whole training step. The table for 8 and 64 GPUs is reckoned, not
measured: a ring sends 2 (n - 1) / n times the gradients' bytes through each link, without latency, either
behind the step (no overlap) or beside it (full overlap); between these two bounds lies what one would see.
Prints one JSON object, last.
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import paired
import training_batch

from tools import start_local_cluster

PROCESSES = (1, 2, 4)
GPUS = (8, 64)
# Bytes/s each way; NVLink: that of an H100.
LINKS = {'10 Gbit/s': 1.25e9, '100 Gbit/s': 12.5e9, 'NVLink': 450e9}
BYTES = {'float32': 4, 'bfloat16': 2}   # of a gradient's number on the wire


def measure_processes(count: int, sizes: list[str]) -> dict:
    """Return what the first of so many processes of growth_task.py printed."""
    command = [sys.executable, str(pathlib.Path(__file__).with_name('growth_task.py')), *sizes]
    tasks = start_local_cluster.start_tasks(count, command, stdout=subprocess.PIPE, stderr=None)
    try:
        answers = [process.communicate()[0] for process in tasks.values()]
    finally:
        for process in tasks.values():
            process.kill()
    if any(process.wait() for process in tasks.values()):
        raise SystemExit(f'one of {count} processes of growth_task.py failed')
    return json.loads(answers[0])


def ring_bytes(count: int, payload: float) -> float:
    """Return the bytes that each of so many members of a ring sends to add up a payload of bytes."""
    return 2 * (count - 1) / count * payload


def reckon(gpus: int, bandwidth: float, payload: float, batch_size: int, images_per_second: float) -> dict:
    """Return what so many GPUs would reach.

    Args:
        gpus: their number.
        bandwidth: of each link, bytes/s.
        payload: bytes of the gradients.
        batch_size: images in a step of one GPU.
        images_per_second: that one GPU trains on.

    Returns:
        dict with the sum's ms and, at both bounds of overlap, the fraction of linear growth and the images/s.
    """
    step, transfer = batch_size / images_per_second, ring_bytes(gpus, payload) / bandwidth
    bounds = {'no_overlap': step / (step + transfer), 'full_overlap': step / max(step, transfer)}
    linear = gpus * images_per_second
    return {'all_reduce_ms': round(1000 * transfer, 3), **{
        name: {'fraction': round(fraction, 3), 'images_per_second': round(fraction * linear)}
        for name, fraction in bounds.items()}}


def reckoned_table(parameters: int, batch_size: int, images_per_second: float) -> dict:
    """Return what `reckon` does for each number on the wire, each link and each number of GPUs."""
    return {wire: {link: {gpus: reckon(gpus, bandwidth, size * parameters, batch_size, images_per_second)
                          for gpus in GPUS}
                   for link, bandwidth in LINKS.items()}
            for wire, size in BYTES.items()}


def main():
    """Measure, reckon and print."""
    parser = training_batch.argument_parser(__doc__)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--gpu_images_per_second', type=float, default=20000,
                        help='that one GPU trains on, an assumption')
    parser.add_argument('--gpu_batch_size', type=int, default=256,
                        help='images in a step of one GPU, an assumption')
    args = parser.parse_args()
    sizes = [f'--{name}={value}' for name, value in vars(args).items() if not name.startswith('gpu_')]
    answers = {count: measure_processes(count, sizes) for count in PROCESSES}
    parameters = answers[1]['parameters']
    measured = {count: {
        'bytes_sent_by_each': {
            name: round(ring_bytes(count, size * parameters)) for name, size in BYTES.items()},
        'seconds': {name: paired.spread(values) for name, values in answer['seconds'].items()},
    } for count, answer in answers.items()}
    print(json.dumps({
        'machine': paired.machine(), **vars(args), 'parameters': parameters, 'processes': measured,
        'link_bytes_per_second': LINKS,
        'reckoned': reckoned_table(parameters, args.gpu_batch_size, args.gpu_images_per_second)}, indent=2))


if __name__ == '__main__':
    main()
