#!/usr/bin/env python3
"""Draw a data set of labelled words, in the layout that write_text_features.py takes.

    python tools/generate_text_images.py --save_dir words --num_train 20000 --num_test 2000

    python tools/generate_text_images.py --preview sheet.png

The words come from a list (--words, one a line), or from the project's own, with numbers, prices and codes
among them. No word of Test stands in Train. How they are drawn: data_provider/drawing/text_style.py. A folder
that holds a data set is refused, unless --overwrite asks for its images to be removed.
"""
import collections
import contextlib
import functools
import math
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np

from crnnmodel import geometry
from data_provider import annotation, image_file
from data_provider.drawing import drawn_words, fonts, text_style, word_texts
from local_utils import command_line, establish_char_dict, files, log_utils, parallel, pictures, progress
from local_utils.errors import InputError
from tools import settings

PARTS = ('Train', 'Test')
ANNOTATION_NAME = 'sample.txt'
WORD_LIST_PATH = files.repository_path('data', 'words.txt')
IMAGES_IN_A_FOLDER = 500
FOLDERS_IN_A_FOLDER = 100
CHUNK_IMAGES = 100            # that a worker draws at a time
DRAWN_NAME = re.compile(r'(\d+)_[^/]*_\d+\.jpg')   # of an image, as plan_images gives it
MAX_NAME_CHARACTERS = 40      # of the word in a file's name
OTHER_SHARE = 0.2             # numbers, prices, codes and the like among the texts, beside the words of the project's list
PREVIEW_IMAGES = 96

Drawing = collections.namedtuple('Drawing', [
    'save_dir',
    'font_paths',  # names and paths
    'styles',  # of which each word has one, see text_style.STYLES
    'seed',
])
Word = collections.namedtuple('Word', [
    'number',  # of the image; with the seed it decides how the word is drawn
    'path',    # of the image, relative to the data set
    'text',    # word_texts.Text
])


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--save_dir', metavar='DIR', help='where the data set goes (default: --output_dir)')
    parser.add_argument('--overwrite', action='store_true', help='remove the data set that is there first')
    parser.add_argument('--num_train', type=command_line.positive_number, default=20000, metavar='N', help='images in Train')
    parser.add_argument('--num_test', type=command_line.positive_number, default=2000, metavar='N', help='images in Test')
    parser.add_argument('--words', metavar='FILE',
                        help='the words, one a line (default: those of data/words.txt, and numbers, prices, codes)')
    parser.add_argument('--fonts', nargs='+', metavar='DIR', help="folders of fonts (default: OpenCV's own and the system's)")
    parser.add_argument('--style', choices=sorted(text_style.STYLES, reverse=True), default='rich',
                        help='rich: as photographs show words; plain: easy to read, soon learned')
    parser.add_argument('--preview', metavar='FILE', help='draw some examples into this picture, and no data set')
    parser.add_argument('--alphabet_dir', default=establish_char_dict.ENGLISH_DIR, metavar='DIR',
                        help='where char_dict.json and ord_map.json lie')
    parser.add_argument('--seed', type=command_line.whole_number, default=0, metavar='N', help='decides every image')
    parser.add_argument('--num_workers', type=command_line.positive_number, default=parallel.usable_cores(), metavar='N',
                        help='processes that draw')
    settings.add_set_flag(parser, 'ARCH.INPUT_SIZE')
    return parser.parse_args(argv)


def generate_text_images(*, save_dir, num_train, num_test, words, font_paths, codec, styles, seed, num_workers, overwrite=False):
    """Draw a data set.

    Args:
        save_dir: where it goes.
        num_train, num_test: images in the two parts.
        words: list of str to draw.
        font_paths: names and paths of fonts to draw with.
        codec: of the alphabet that the words are of.
        styles: of which each word has one, see text_style.STYLES.
        seed: decides every image, whatever the number of workers.
        num_workers: processes that draw.
        overwrite: remove the data set that is there first.

    Raises:
        InputError: there is a data set already, or none of the fonts can draw a word.
    """
    chooser = fonts.FontChooser(font_paths)
    chooser.check_characters(words)
    make_room(save_dir, overwrite)
    log_utils.init_logger().info('drawing %d images of %d words in %d fonts into %s', num_train + num_test, len(words),
                                 len(font_paths), save_dir)
    rng = np.random.default_rng(seed)
    train_words, test_words = split_words(words, num_train, num_test, rng)
    parts = {'Train': plan_images(train_words, num_train, 0, rng, codec, chooser),
             'Test': plan_images(test_words, num_test, num_train, rng, codec, chooser)}
    for part in parts:
        os.makedirs(os.path.join(save_dir, part), exist_ok=True)
    draw = functools.partial(draw_images, Drawing(save_dir, font_paths, styles, seed))
    chunks = parallel.chunked([*parts['Train'], *parts['Test']], CHUNK_IMAGES)
    with (parallel.worker_processes(num_workers) as executor,
          progress.Progress(num_train + num_test, 'image') as shown):
        for drawn in parallel.ordered_map(executor, draw, chunks, 3 * num_workers):
            shown.update(drawn)
    establish_char_dict.write_alphabet(codec.characters, save_dir)
    for part, planned in parts.items():
        with files.atomic_file(os.path.join(save_dir, part, ANNOTATION_NAME), 'w', encoding='utf-8') as file:
            file.writelines(f'/{word.path} {word.text.label}\n' for word in planned)


def make_room(save_dir, overwrite):
    """Refuse a folder that holds a data set, or remove the images and the annotation files of that data set.

    Raises:
        InputError: there is one, and it is not to be overwritten, or not of drawn words.
    """
    there = [path for part in PARTS if os.path.exists(path := os.path.join(save_dir, part, ANNOTATION_NAME))]
    if there and not overwrite:
        raise InputError(f'{there[0]}: there is a data set already; give another --save_dir, or --overwrite')
    listed = {path: [path_of(line) for line in annotation.read_lines(path)] for path in there}
    for path, images in listed.items():
        if images and not is_drawn(images[0]):
            raise InputError(f'{path}: no data set of this tool, which would draw no {images[0]!r}; nothing was removed')
    for path, images in listed.items():
        remove_images(save_dir, filter(is_drawn, images))
        os.remove(path)


def path_of(line):
    """Return the path in an AnnotatedLine, or '' where there is none."""
    try:
        return annotation.parse_line(line.content)[0]
    except annotation.RejectedSample:
        return ''


def is_drawn(path):
    """Whether a path is one that plan_images gives: a data set such as Synth 90k has the like, but in other folders."""
    folder, _, name = path.rpartition('/')
    match = DRAWN_NAME.fullmatch(name)
    return match is not None and folder == folder_of(int(match[1]))


def remove_images(save_dir, paths):
    """Remove images, as far as they are there, and the numbered folders that are empty then."""
    folders = set()
    for path in paths:
        folders.add(os.path.dirname(path))
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(save_dir, path))
    for folder in sorted(folders | {os.path.dirname(folder) for folder in folders}, reverse=True):   # the inner ones first
        with contextlib.suppress(OSError):   # not empty
            os.rmdir(os.path.join(save_dir, folder))


def choose_words(path, count, codec, font_paths, seed, input_size):
    """Return the words to draw: those of a list; without one those of the project's and a share of other texts.

    Raises:
        InputError: the list cannot be read, or none of its words can be written in the alphabet.
    """
    max_frames = geometry.time_steps(input_size)
    if path:
        return word_texts.expressible_words(word_texts.read_words(path), codec, max_frames)
    rng = np.random.default_rng(seed)
    words = [word for word in word_texts.read_words(WORD_LIST_PATH) if word_texts.is_expressible(word, codec, max_frames)]
    words = [words[index] for index in rng.permutation(len(words))[:math.ceil((1 - OTHER_SHARE) * count)]]
    chooser = fonts.FontChooser(font_paths)
    words = [word for word in words if chooser.can_draw(word)]
    others = math.ceil(len(words) * OTHER_SHARE / (1 - OTHER_SHARE))
    if not words:
        raise InputError(f'{WORD_LIST_PATH} has no word of the alphabet {codec.characters[:40]!r} that the fonts can draw; '
                         'give a list with --words')
    return [*words, *word_texts.different_texts(others, codec, max_frames, rng, chooser.can_draw)]


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


def plan_images(words, count, first_number, rng, codec, chooser):
    """Return the images of a part as a list of Word, going through its words in turn."""
    planned = []
    for offset in range(count):
        word, index = words[offset % len(words)]
        number = first_number + offset
        safe = ''.join(character if character.isalnum() else '-' for character in word)[:MAX_NAME_CHARACTERS]
        path = f'{folder_of(number)}/{number}_{safe}_{index}.jpg'
        planned.append(Word(number, path, word_texts.dressed(word, rng, codec, chooser.can_draw)))
    return planned


def folder_of(number):
    """Return the folder of the image of a number, relative to the data set."""
    folder = number // IMAGES_IN_A_FOLDER
    return f'{folder // FOLDERS_IN_A_FOLDER + 1}/{folder % FOLDERS_IN_A_FOLDER + 1}'


def draw_images(drawing, words):
    """Draw a list of Word into their files; returns how many. Runs in a worker."""
    for folder in {os.path.dirname(word.path) for word in words}:
        os.makedirs(os.path.join(drawing.save_dir, folder), exist_ok=True)
    chooser = fonts.FontChooser(drawing.font_paths)
    for word, neighbour in zip(words, [*words[1:], *words[:1]], strict=True):
        rng = np.random.default_rng([drawing.seed, word.number])
        style = text_style.choose(drawing.styles, rng)
        content = drawn_words.draw_jpeg(word.text.drawn, neighbour.text.drawn, chooser, rng, style)
        path = os.path.join(drawing.save_dir, word.path)
        with files.named_errors(path), open(path, 'wb') as file:
            file.write(content)
    return len(words)


def draw_preview(path, *, words, font_paths, codec, styles, seed):
    """Draw some words, as they would be drawn, into one picture with their labels."""
    rng = np.random.default_rng(seed)
    chooser = fonts.FontChooser(font_paths)
    examples = []
    for _ in range(PREVIEW_IMAGES):
        word, neighbour = (words[index] for index in rng.integers(len(words), size=2))
        text = word_texts.dressed(word, rng, codec, chooser.can_draw)
        content = drawn_words.draw_jpeg(text.drawn, neighbour, chooser, rng, text_style.choose(styles, rng))
        examples.append((image_file.decode_image(content, None), text.label))
    pictures.save_contact_sheet(examples, path)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    config = settings.configured(args)
    codec = establish_char_dict.read_alphabet(args.alphabet_dir)
    font_paths = fonts.find_fonts(args.fonts)
    words = choose_words(args.words, args.num_train + args.num_test, codec, font_paths, args.seed,
                         config.ARCH.INPUT_SIZE)
    drawn = {'words': words, 'font_paths': font_paths, 'codec': codec, 'styles': text_style.STYLES[args.style],
             'seed': args.seed}
    if args.preview:
        pictures.check_path(args.preview)
        draw_preview(args.preview, **drawn)
    else:
        generate_text_images(save_dir=args.save_dir or args.output_dir, num_train=args.num_train, num_test=args.num_test,
                             num_workers=args.num_workers, overwrite=args.overwrite, **drawn)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
