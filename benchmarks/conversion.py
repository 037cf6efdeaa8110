#!/usr/bin/env python3
"""Conversion against a plain loop of cv2.imread, cv2.resize, tf.train.Example and TFRecordWriter, in turn.

    python benchmarks/conversion.py --dataset_dir words --num_images 20000 --rounds 3

The lines of Train/sample.txt are repeated up to the number of images. Prints one JSON object: images/s of
both, each from the start of its process to its end, and of the loop alone, without the import of its
packages; the ratios of the medians; and the largest, at looks half a second apart, of the proportional
memory of all processes of the conversion together.
"""
import contextlib
import itertools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import paired

from local_utils import parallel

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.5   # looking at the memory of a process stops it for a while

PLAIN_LOOP = '''
import os, sys, time
import cv2
import tensorflow.compat.v1 as tf
dataset_dir, record_path = sys.argv[1:]
index_of = {character: index for index, character in enumerate('abcdefghijklmnopqrstuvwxyz0123456789')}

def feature(**kind):
    return tf.train.Feature(**kind)

started = time.perf_counter()
annotation_path = dataset_dir + '/Train/sample.txt'
with open(annotation_path, encoding='utf-8') as lines, tf.io.TFRecordWriter(record_path) as writer:
    for line in lines:
        path, label = line.split()
        image = cv2.resize(cv2.imread(dataset_dir + path), (100, 32))
        classes = [index_of[character] for character in label.lower()]
        writer.write(tf.train.Example(features=tf.train.Features(feature={
            'images': feature(bytes_list=tf.train.BytesList(value=[image.tobytes()])),
            'labels': feature(int64_list=tf.train.Int64List(value=classes)),
            'imagenames': feature(bytes_list=tf.train.BytesList(value=[os.path.basename(path).encode()])),
        })).SerializeToString())
print(time.perf_counter() - started)
'''


def parse_args():
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--dataset_dir', required=True, help='a data set in the input layout')
    parser.add_argument('--num_images', type=int, default=20000)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--num_workers', type=int, default=parallel.usable_cores())
    return parser.parse_args()


def make_data_set(source, target, num_images):
    """Lay out a data set of `num_images` lines that share the images of another."""
    lines = (source / 'Train' / 'sample.txt').read_text(encoding='utf-8-sig').splitlines()
    for part, count in (('Train', num_images), ('Test', 1)):
        (target / part).mkdir()
        text = '\n'.join(itertools.islice(itertools.cycle(lines), count)) + '\n'
        (target / part / 'sample.txt').write_text(text, encoding='utf-8')
    for entry in source.iterdir():
        if entry.is_dir() and entry.name not in ('Train', 'Test'):
            shutil.copytree(entry, target / entry.name)


def seconds_of_plain_loop(data_set, output_dir):
    """Return (seconds of the whole process, seconds of the loop alone)."""
    command = [sys.executable, '-c', PLAIN_LOOP, str(data_set), str(output_dir / 'plain.tfrecords')]
    started = time.perf_counter()
    in_loop = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return time.perf_counter() - started, in_loop


def run_conversion(data_set, output_dir, num_workers):
    """Return (seconds of the whole process, the largest memory of all its processes that was seen, bytes)."""
    command = [sys.executable, str(ROOT / 'tools' / 'write_text_features.py'), '--dataset_dir', str(data_set),
               '--save_dir', str(output_dir), '--num_workers', str(num_workers)]
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(proportional_memory, processes_below(process.pid))))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
    if process.returncode:
        raise SystemExit(f'the conversion ended with status {process.returncode}')
    return time.perf_counter() - started, peak


def processes_below(pid):
    """Yield the ids of a process and all it started (Linux)."""
    yield pid
    for children in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        try:
            ids = children.read_text().split()
        except OSError:
            continue   # the thread has ended
        for child in ids:
            yield from processes_below(int(child))


def proportional_memory(pid):
    """Return the bytes of memory of a process, 0 once it has ended.

    What several processes have in common is divided by their number.
    """
    try:
        rollup = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith('Pss:'))


def main():
    """Measure and print."""
    args = parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_set = pathlib.Path(folder, 'data')
        data_set.mkdir()
        make_data_set(pathlib.Path(args.dataset_dir), data_set, args.num_images)
        output_dir = pathlib.Path(folder, 'records')
        output_dir.mkdir()
        peaks, loops_alone = [], []

        def conversion():
            seconds, peak = run_conversion(data_set, output_dir, args.num_workers)
            peaks.append(peak)
            return args.num_images / seconds

        def plain_loop():
            seconds, in_loop = seconds_of_plain_loop(data_set, output_dir)
            loops_alone.append(args.num_images / in_loop)
            return args.num_images / seconds

        figures = paired.in_turn({'conversion': conversion, 'plain_loop': plain_loop}, args.rounds)
        figures['plain_loop_alone'] = loops_alone
    print(json.dumps({
        'machine': paired.machine(),
        'num_images': args.num_images, 'num_workers': args.num_workers,
        **{f'{name}_images_per_second': paired.spread(values) for name, values in figures.items()},
        'ratio_of_medians': paired.ratio_of_medians(figures['conversion'], figures['plain_loop']),
        'ratio_to_loop_alone': paired.ratio_of_medians(figures['conversion'], figures['plain_loop_alone']),
        'largest_memory_seen_mb': max(peaks) / 1e6}, indent=2))


if __name__ == '__main__':
    main()
