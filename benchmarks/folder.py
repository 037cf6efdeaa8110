#!/usr/bin/env python3
"""Whole folders of photographs from disk to text, each reader a process, start included.

    python benchmarks/folder.py --image_dir words --annotation_path words/sample.txt --other_root ../before

Reads the first samples of an annotated folder, again from the first where it has too few: with
test_shadownet.py and evaluate_shadownet.py, in one view and in those of the default; with the same scripts of
another checkout; and with a plain reader of the exported model, one view, see onnx_folder_reader.py. All are
taken in turn. Prints one JSON object: images/s, the ratios, and the fractions of the time that the parts of
reading take, see folder_parts.py.
"""
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import paired

from data_provider import annotation

ROOT = pathlib.Path(__file__).resolve().parent.parent
ANNOTATION = 'sample.txt'
LARGE = 20000   # images


def parse_args():
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--image_dir', required=True)
    parser.add_argument('--annotation_path', required=True)
    parser.add_argument('--sizes', type=int, nargs='+', default=[100, 2000], help='images')
    parser.add_argument('--large', action='store_true', help=f'also {LARGE} images')
    parser.add_argument('--other_root', help='the folder of another checkout')
    parser.add_argument('--rounds', type=int, default=3)
    return parser.parse_args()


def copy_samples(args, size, folder):
    """Copy so many samples into a folder, with an annotation file."""
    listed = annotation.open_annotation(args.annotation_path, args.image_dir)
    samples = [annotation.parse_line(line.content, listed.form) for line in listed.lines()]
    with open(folder / ANNOTATION, 'w', encoding='utf-8') as lines:
        for number, (path, text) in enumerate(itertools.islice(itertools.cycle(samples), size)):
            name = f'{number:06}{pathlib.Path(path).suffix}'
            shutil.copyfile(os.path.join(args.image_dir, path.lstrip('/')), folder / name)
            lines.write(f'{name}\t{text}\n')


def readers_of(folder, model_path, other_root):
    """Return the command line of each reader of a folder, by its name."""
    flags = {'test_shadownet': ['--image_path', folder],
             'evaluate_shadownet': ['--image_dir', folder, '--annotation_path', folder / ANNOTATION]}
    readers = {}
    for script, of_script in flags.items():
        path = pathlib.Path('tools', f'{script}.py')
        readers[script] = [ROOT / path, *of_script]
        readers[f'{script}, one view'] = [ROOT / path, *of_script, '--set', 'TEST.MIN_CONFIDENCE=0']
        if other_root:
            readers[f'{script}, other'] = [pathlib.Path(other_root) / path, *of_script]
    readers['exported model'] = [ROOT / 'benchmarks' / 'onnx_folder_reader.py', '--model_path', model_path,
                                 '--image_dir', folder]
    return readers


def run(*command):
    """Run a script in this Python; returns what it writes."""
    return subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, check=True).stdout


def measure(args, size, folder, model_path):
    """Return the figures of one size."""
    def images_per_second(command):
        started = time.perf_counter()
        run(*command)
        return size / (time.perf_counter() - started)

    readers = readers_of(folder, model_path, args.other_root)
    figures = paired.in_turn(
        {name: lambda command=command: images_per_second(command) for name, command in readers.items()},
        args.rounds)
    pairs = [(name, f'{name}, other') for name in figures if f'{name}, other' in figures]
    pairs += [('test_shadownet, one view', 'exported model')]
    return {
        'images_per_second': {name: paired.spread(values) for name, values in figures.items()},
        'ratios_of_medians': {f'{ours} / {other}': paired.ratio_of_medians(figures[ours], figures[other])
                              for ours, other in pairs},
        'parts': json.loads(run(ROOT / 'benchmarks' / 'folder_parts.py', '--image_dir', folder))}


def main():
    """Measure and print."""
    args = parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as model_folder:
        model_path = pathlib.Path(model_folder, 'model.onnx')
        run(ROOT / 'tools' / 'export_shadownet.py', '--weights_path', 'bundled', '--save_path', model_path,
            '--num_words', '50')
        for size in [*args.sizes, *[LARGE] * args.large]:
            with tempfile.TemporaryDirectory() as folder:
                copy_samples(args, size, pathlib.Path(folder))
                results[size] = measure(args, size, pathlib.Path(folder), model_path)
    print(json.dumps({'machine': paired.machine(), 'rounds': args.rounds, 'by_number_of_images': results},
                     indent=2))


if __name__ == '__main__':
    main()
