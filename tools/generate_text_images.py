#!/usr/bin/env python3
"""Draw a data set of labelled words, in the layout that write_text_features.py takes.

    python tools/generate_text_images.py --save_dir words --num_train 20000 --num_test 2000

The words come from a list (--words, one a line), or are made up. No word of Test stands in Train.
"""
import collections
import functools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np
from tqdm import tqdm

from crnnmodel import geometry
from data_provider import text_image
from global_configuration.config import cfg
from local_utils import char_codec, establish_char_dict, files, log_utils, parallel, platform_flags

REPOSITORY_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALPHABET_DIR = os.path.join(REPOSITORY_DIR, 'data')
WORD_LIST_PATH = os.path.join(REPOSITORY_DIR, 'data', 'words.txt')
IMAGES_IN_A_FOLDER = 500
FOLDERS_IN_A_FOLDER = 100
CHUNK_IMAGES = 100            # that a worker draws at a time
MAX_NAME_CHARACTERS = 40      # of the word in a file's name
UPPER_PROBABILITY, CAPITALISED_PROBABILITY = 0.15, 0.2
NUMBER_PROBABILITY = 0.1      # of made-up words
MAX_SYLLABLES = 4             # of made-up words
SYLLABLES = [onset + vowel + coda for onset in 'bcdfghjklmnpqrstvwxyz' for vowel in 'aeiou'
             for coda in ('', '', 'n', 'r', 's', 't', 'l')]

Drawing = collections.namedtuple('Drawing', [
    'save_dir',
    'fonts',  # names and paths
    'seed',
])
Word = collections.namedtuple('Word', [
    'number',  # of the image; with the seed it decides how the word is drawn
    'path',    # of the image, relative to the data set
    'text',    # as it is drawn, which is its label
])


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = platform_flags.ToolParser(description=__doc__)
    parser.add_argument('--save_dir', metavar='DIR', help='where the data set goes (default: --output_dir)')
    parser.add_argument('--num_train', type=platform_flags.positive_number, default=20000, metavar='N', help='images in Train')
    parser.add_argument('--num_test', type=platform_flags.positive_number, default=2000, metavar='N', help='images in Test')
    parser.add_argument('--words', metavar='FILE', help='the words, one a line (default: data/words.txt, else made-up ones)')
    parser.add_argument('--fonts', nargs='+', metavar='DIR', help="folders of fonts (default: OpenCV's own and the system's)")
    parser.add_argument('--alphabet_dir', default=ALPHABET_DIR, metavar='DIR', help='where char_dict.json and ord_map.json lie')
    parser.add_argument('--seed', type=platform_flags.whole_number, default=0, metavar='N', help='decides every image')
    parser.add_argument('--num_workers', type=platform_flags.positive_number, default=os.cpu_count(), metavar='N',
                        help='processes that draw')
    return parser.parse_args(argv)


def generate_text_images(*, save_dir, num_train, num_test, words, font_dirs, codec, seed, num_workers):
    """Draw a data set.

    Args:
        save_dir: where it goes.
        num_train, num_test: images in the two parts.
        words: list of str to draw, or None to make them up.
        font_dirs: folders of fonts, or None for OpenCV's own and the system's.
        codec: of the alphabet that the words have to be of.
        seed: decides every image, whatever the number of workers.
        num_workers: processes that draw.

    Raises:
        FileNotFoundError: there is no such folder of fonts.
        ValueError: there is no usable font or word.
    """
    fonts = [font for font in text_image.find_fonts(font_dirs) if text_image.load_font(font) and text_image.draws_letters(font)]
    if not fonts:
        raise ValueError(f'{", ".join(font_dirs)}: none of the fonts there can be used')
    rng = np.random.default_rng(seed)
    words = expressible_words(words or make_up_words(num_train + num_test, rng), codec)
    train_words, test_words = split_words(words, num_train, num_test, rng)
    log_utils.init_logger().info('drawing %d images of %d words in %d fonts', num_train + num_test, len(words), len(fonts))
    parts = {'Train': plan_images(train_words, num_train, 0, rng), 'Test': plan_images(test_words, num_test, num_train, rng)}
    for part in parts:
        os.makedirs(os.path.join(save_dir, part), exist_ok=True)
    draw = functools.partial(draw_images, Drawing(save_dir, fonts, seed))
    chunks = parallel.chunked([*parts['Train'], *parts['Test']], CHUNK_IMAGES)
    with (parallel.worker_processes(num_workers) as executor,
          tqdm(total=num_train + num_test, unit='image', disable=None, dynamic_ncols=True) as progress):
        for drawn in parallel.ordered_map(executor, draw, chunks, 3 * num_workers):
            progress.update(drawn)
    establish_char_dict.write_alphabet(codec.characters, save_dir)
    for part, planned in parts.items():
        with files.atomic_file(os.path.join(save_dir, part, 'sample.txt'), 'w', encoding='utf-8') as file:
            file.writelines(f'/{word.path} {word.text}\n' for word in planned)


def read_words(path):
    """Return the lines of a word list, without blank ones; raises ValueError where there are none."""
    with files.open_regular(path, 'r', encoding='utf-8-sig') as file:
        try:
            words = [line.strip() for line in file if line.strip()]
        except UnicodeDecodeError as error:
            raise ValueError(f'{path}: expected UTF-8 text, got the byte 0x{error.object[error.start]:02x}') from error
    if not words:
        raise ValueError(f'{path}: expected words, one a line, found none')
    return list(dict.fromkeys(words))


def make_up_words(count, rng):
    """Return different pronounceable words, and some numbers, that no list is needed for."""
    words = {}
    while len(words) < count:
        if rng.random() < NUMBER_PROBABILITY:
            word = str(rng.integers(10 ** rng.integers(1, 7)))
        else:
            syllables = rng.integers(len(SYLLABLES), size=rng.integers(1, MAX_SYLLABLES, endpoint=True))
            word = ''.join(SYLLABLES[index] for index in syllables)
        words[word] = None
    return list(words)


def expressible_words(words, codec):
    """Return the words that the alphabet can write in the frames there are, saying how many others there were."""
    max_frames = geometry.time_steps(cfg.ARCH.INPUT_SIZE)
    kept, rejected = [], []
    for word in words:
        try:
            fits = char_codec.required_frames(codec.encode(word)) <= max_frames
        except KeyError:
            fits = False
        (kept if fits else rejected).append(word)
    if not kept:
        raise ValueError(f'none of the {len(rejected)} words can be written in the alphabet, for example {rejected[0]!r}')
    if rejected:
        log_utils.init_logger().warning('left out %d words that the alphabet or the %d frames cannot express, like %r',
                                        len(rejected), max_frames, rejected[0])
    return kept


def split_words(words, num_train, num_test, rng):
    """Return (words of Train, words of Test), lists of (word, index in the list), that share no word if there are two.

    Words that differ in case only are one: the first of them is taken.
    """
    different = {word.lower(): (word, index) for index, word in reversed(list(enumerate(words)))}
    numbered = list(different.values())
    numbered = [numbered[index] for index in rng.permutation(len(numbered))]
    if len(numbered) == 1:
        log_utils.init_logger().warning('there is one word only, so Train and Test share it')
        return numbered, numbered
    num_test_words = max(1, min(len(numbered) - 1, len(numbered) * num_test // (num_train + num_test)))
    return numbered[num_test_words:], numbered[:num_test_words]


def plan_images(words, count, first_number, rng):
    """Return the images of a part as a list of Word, going through its words in turn."""
    planned = []
    for offset in range(count):
        word, index = words[offset % len(words)]
        number = first_number + offset
        folder = number // IMAGES_IN_A_FOLDER
        safe = ''.join(character if character.isalnum() else '-' for character in word)[:MAX_NAME_CHARACTERS]
        path = f'{folder // FOLDERS_IN_A_FOLDER + 1}/{folder % FOLDERS_IN_A_FOLDER + 1}/{number}_{safe}_{index}.jpg'
        planned.append(Word(number, path, in_some_case(word, rng)))
    return planned


def in_some_case(word, rng):
    """Return the word as it is, Capitalised or in capitals, where its capitals have it for lower case (no ß, no final ς)."""
    chance = rng.random()
    if chance < UPPER_PROBABILITY:
        changed = word.upper()
    elif chance < UPPER_PROBABILITY + CAPITALISED_PROBABILITY:
        changed = word[0].upper() + word[1:]
    else:
        return word
    return changed if changed.lower() == word.lower() else word


def draw_images(drawing, words):
    """Draw a list of Word into their files; returns how many. Runs in a worker."""
    for folder in {os.path.dirname(word.path) for word in words}:
        os.makedirs(os.path.join(drawing.save_dir, folder), exist_ok=True)
    for word in words:
        rng = np.random.default_rng([drawing.seed, word.number])
        image = text_image.draw_word(word.text, choose_face(drawing.fonts, word.text, rng), rng)
        write_file(os.path.join(drawing.save_dir, word.path), text_image.encode_jpeg(image, rng))
    return len(words)


def write_file(path, data):
    """Write bytes; an OSError names the file, which a full disk by itself does not."""
    try:
        with open(path, 'wb') as file:
            file.write(data)
    except OSError as error:
        error.filename = path
        raise


def choose_face(fonts, text, rng):
    """Return the face of a random font that can draw a text; raises ValueError where none can."""
    for index in rng.permutation(len(fonts)):
        if text_image.can_draw(fonts[index], text):
            return text_image.load_font(fonts[index])
    raise ValueError(f'none of the {len(fonts)} fonts can draw {text!r}; give a folder of fonts that can with --fonts')


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    word_list_path = args.words or (WORD_LIST_PATH if os.path.exists(WORD_LIST_PATH) else None)
    generate_text_images(
        save_dir=args.save_dir or args.output_dir, num_train=args.num_train, num_test=args.num_test,
        words=read_words(word_list_path) if word_list_path else None, font_dirs=args.fonts,
        codec=establish_char_dict.read_alphabet(args.alphabet_dir), seed=args.seed, num_workers=args.num_workers)


if __name__ == '__main__':
    sys.exit(platform_flags.run_tool(main))
