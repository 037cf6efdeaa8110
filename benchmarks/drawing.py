#!/usr/bin/env python3
"""Drawing words, from the number of a sample to its pixels: in one process, as in training, and in several.

    python benchmarks/drawing.py --num_words 1000 --rounds 5

Prints one JSON object: words/s of each style, rich and plain, in one process and in all, taken in turn.
"""
import argparse
import functools
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import paired

from data_provider.drawing import drawn_words, fonts, text_style, word_texts
from local_utils import establish_char_dict, parallel

WARM_UP_WORDS = 500


def parse_args():
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num_words', type=int, default=1000,
                        help='drawn by each process in each measurement')
    parser.add_argument('--num_workers', type=int, default=parallel.usable_cores(), help='processes')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--fonts', nargs='+',
                        help="folders of fonts (default: OpenCV's own and the system's)")
    return parser.parse_args()


@functools.cache
def drawer_of(style, font_dirs):
    """Return the DrawnWords of a style, made and warmed up once in each process."""
    codec = establish_char_dict.read_alphabet(ROOT / 'data')
    font_paths = fonts.find_fonts(font_dirs)
    for font in font_paths:   # each is looked at once, which takes longer than to draw a word
        fonts.can_draw(font, codec.characters)
    drawer = drawn_words.DrawnWords(
        words=word_texts.read_words(ROOT / 'data' / 'words.txt'), font_paths=font_paths, codec=codec,
        styles=text_style.STYLES[style], seed=0, input_size=(100, 32), max_frames=25)
    draw(drawer, WARM_UP_WORDS, first=0)
    return drawer


def draw(drawer, count, first):
    """Draw samples one after the other."""
    for number in range(first, first + count):
        drawer.sample(number)


def timed_draw(style, font_dirs, count, first):
    """Return when a process began to draw its words and when it had them, on the clock that all share."""
    drawer = drawer_of(style, font_dirs)
    started = time.monotonic()
    draw(drawer, count, first)
    return started, time.monotonic()


def main():
    """Measure and print."""
    args = parse_args()
    font_dirs = tuple(args.fonts) if args.fonts else None
    first = iter(range(WARM_UP_WORDS, 10 ** 9, args.num_words))   # no word is drawn twice

    def words_per_second(executor, style, processes):
        tasks = [executor.submit(timed_draw, style, font_dirs, args.num_words, next(first))
                 for _ in range(processes)]
        times = [task.result() for task in tasks]
        return processes * args.num_words / (max(end for _, end in times) - min(start for start, _ in times))

    with parallel.worker_processes(args.num_workers) as executor:
        for style in text_style.STYLES:   # warm every process up; a long task keeps one from taking two
            starts = [next(first) for _ in range(args.num_workers)]
            list(executor.map(functools.partial(timed_draw, style, font_dirs, args.num_words), starts))
        figures = paired.in_turn({
            f'{style}, {processes} processes': functools.partial(words_per_second, executor, style, processes)
            for style in text_style.STYLES for processes in sorted({1, args.num_workers})}, args.rounds)
    figures = {name: paired.spread(values) for name, values in figures.items()}
    print(json.dumps({'machine': paired.machine(), 'fonts': len(fonts.find_fonts(font_dirs)),
                      'words_per_second': figures}, indent=2))


if __name__ == '__main__':
    main()
