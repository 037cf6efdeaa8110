#!/usr/bin/env python3
"""Draw a data set of labelled words, in the layout that write_text_features.py takes.

    python tools/generate_text_images.py --save_dir words --num_train 20000 --num_test 2000

    python tools/generate_text_images.py --preview sheet.png

The words come from a list (--words, one a line), or from the project's own, with names, numbers and codes
among them. No word of Test stands in Train. How they are drawn: data_provider/drawing/text_style.py. A folder
that holds a data set is refused, unless --overwrite asks for its images to be removed.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from crnnmodel import geometry
from data_provider import image_file
from data_provider.drawing import drawn_data_set, drawn_words, fonts, text_source, text_style, word_texts
from local_utils import (
    command_line,
    establish_char_dict,
    files,
    folder_lock,
    log_utils,
    parallel,
    pictures,
    visible,
)
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from tools import settings

WORD_LIST_PATH = files.repository_path('data', 'words.txt')
PREVIEW_IMAGES = 96


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--save_dir', metavar='DIR', help='where the data set goes (default: --output_dir)')
    parser.add_argument('--overwrite', action='store_true', help='remove the data set that is there first')
    parser.add_argument('--num_train', type=command_line.positive_number, default=20000, metavar='N',
                        help='images in Train')
    parser.add_argument('--num_test', type=command_line.positive_number, default=2000, metavar='N',
                        help='images in Test')
    parser.add_argument('--words', metavar='FILE',
                        help='the words, one a line (default: data/words.txt, and names, numbers, codes)')
    parser.add_argument('--fonts', nargs='+', metavar='DIR',
                        help="folders of fonts (default: OpenCV's own and the system's)")
    parser.add_argument('--style', choices=sorted(text_style.STYLES, reverse=True), default='rich',
                        help='rich: as photographs show words; plain: easy to read, soon learned')
    parser.add_argument('--preview', metavar='FILE',
                        help='draw some examples into this picture, and no data set')
    parser.add_argument('--alphabet_dir', default=establish_char_dict.ENGLISH_DIR, metavar='DIR',
                        help='where char_dict.json and ord_map.json lie')
    parser.add_argument('--seed', type=command_line.whole_number, default=0, metavar='N',
                        help='decides every image')
    parser.add_argument('--num_workers', type=command_line.positive_number, default=parallel.usable_cores(),
                        metavar='N', help='processes that draw')
    settings.add_set_flag(parser, 'ARCH.INPUT_SIZE')
    return parser.parse_args(argv)


def drawers_of(args, input_size: tuple[int, int], codec: CharacterCodec, font_paths: list[str]) -> tuple:
    """Return the DrawnWords of Train and of Test.

    A list is drawn word by word; without one, the project's words and other texts as for training.

    Raises:
        InputError: the list or the fonts cannot be read, or cannot write the words.
    """
    max_frames = geometry.time_steps(input_size)
    made = {'font_paths': font_paths, 'codec': codec, 'styles': text_style.STYLES[args.style],
            'input_size': input_size, 'max_frames': max_frames}
    if args.words:
        words = word_texts.usable_words(word_texts.read_words(args.words), codec, max_frames,
                                        fonts.FontChooser(font_paths).drawable)
        parts = text_source.split_words(words, args.num_train, args.num_test, args.seed)
        if parts[0] == parts[1]:
            log_utils.init_logger().warning('there is one word only, so Train and Test share it')
        made.update(with_others=False, in_turn=True, seed=args.seed)
        return tuple(drawn_words.DrawnWords(words=part, **made) for part in parts)
    words = [word for word in word_texts.read_words(WORD_LIST_PATH)
             if word_texts.is_expressible(word, codec, max_frames)]
    words = fonts.FontChooser(font_paths).drawable(words)
    if not words:
        raise InputError(f'{WORD_LIST_PATH} has no word of the alphabet {codec.characters[:40]!r} that the '
                         'fonts can draw; give a list with --words')
    fraction = args.num_test / (args.num_train + args.num_test)
    parts = [text_source.Part(fraction, is_test) for is_test in (False, True)]
    return tuple(drawn_words.DrawnWords(words=words, part=part, seed=args.seed, **made) for part in parts)


def draw_preview(drawer: drawn_words.DrawnWords, path: str) -> None:
    """Draw the first pictures of a DrawnWords into one, with their labels."""
    drawn = [drawer.picture(number) for number in range(PREVIEW_IMAGES)]
    examples = [(image_file.decode_image(picture.jpeg, None), picture.text.label) for picture in drawn]
    pictures.save_contact_sheet(examples, path)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    input_size = settings.configured(args).ARCH.INPUT_SIZE
    codec = establish_char_dict.read_alphabet(args.alphabet_dir)
    font_paths = fonts.find_fonts(args.fonts)
    fonts.check_usable(font_paths)
    if args.preview:
        pictures.check_path(args.preview)
        draw_preview(drawers_of(args, input_size, codec, font_paths)[0], args.preview)
        return
    save_dir, counts = args.save_dir or args.output_dir, (args.num_train, args.num_test)
    drawers = drawers_of(args, input_size, codec, font_paths)
    drawn, files_taken = visible.counted(sum(counts), 'image'), visible.counted(len(font_paths), 'file')
    with folder_lock.only_writer(save_dir):
        drawn_data_set.make_room(save_dir, args.overwrite)
        log_utils.init_logger().info('drawing %s in the fonts of %s into %s', drawn, files_taken, save_dir)
        drawn_data_set.draw_data_set(save_dir, drawers, counts, codec, args.num_workers)
    log_utils.init_logger().info('%s: Train %d, Test %d, and the alphabet; next: write_text_features.py '
                                 '--dataset_dir %s --save_dir RECORDS_DIR', save_dir, *counts, save_dir)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
