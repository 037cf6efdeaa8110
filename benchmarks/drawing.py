#!/usr/bin/env python3
"""Drawing words as the training does it: one thread, from the number of a sample to its pixels; rich and plain in turn.

    python benchmarks/drawing.py --num_words 1000 --rounds 5

Prints one JSON object: words/s of each style, in one thread.
"""
import argparse
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import paired

from data_provider import drawn_words, fonts, text_style, word_texts
from local_utils import establish_char_dict

WARM_UP_WORDS = 2000   # while each font is looked at for the first time


def parse_args():
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num_words', type=int, default=1000, help='drawn in each measurement')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--fonts', nargs='+', help="folders of fonts (default: OpenCV's own and the system's)")
    return parser.parse_args()


def main():
    """Measure and print."""
    args = parse_args()
    codec = establish_char_dict.read_alphabet(ROOT / 'data')
    words = word_texts.read_words(ROOT / 'data' / 'words.txt')
    font_paths = fonts.find_fonts(args.fonts)

    def words_per_second_of(style):
        drawer = drawn_words.DrawnWords(words=words, font_paths=font_paths, codec=codec, style=style, seed=0,
                                        input_size=(100, 32), max_frames=25)
        numbers = iter(range(10 ** 9))
        for _ in range(WARM_UP_WORDS):
            drawer.sample(next(numbers))

        def measure():
            started = time.perf_counter()
            for _ in range(args.num_words):
                drawer.sample(next(numbers))
            return args.num_words / (time.perf_counter() - started)

        return measure

    figures = paired.in_turn({name: words_per_second_of(style) for name, style in text_style.STYLES.items()}, args.rounds)
    print(json.dumps({'machine': paired.machine(), 'fonts': len(font_paths), 'words_per_second': {
        name: paired.spread(values) for name, values in figures.items()}}, indent=2))


if __name__ == '__main__':
    main()
