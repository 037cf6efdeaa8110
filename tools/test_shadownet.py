#!/usr/bin/env python3
"""Read images of words.

    python tools/test_shadownet.py --image_path word.jpg more_words/ --weights_path runs/first/best

Prints a line for each image on standard output: its path, the text and the confidence, separated by tabs. In
path and text what is not printable is an escape: \\t, \\n, \\x1b, \\u202e; a backslash is \\\\, and a byte
that is no UTF-8 \\xff. The confidence is the probability that the network gives to the text; of several
views, the mean. A file that cannot be read is named on standard error; the others are still read, and the
exit status is 1.

With --json each line is an object instead: path, text, confidence, for each character its probability and its
first and last frame (of the first view, whose frames divide the image's width evenly), alternatives, and
relative_confidence, the text's part of the probability of all texts that were weighed, such as the words of a
lexicon. A file that cannot be read has a line, too, with the text null and the error.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from data_provider import image_file
from data_provider.rejected_sample import RejectedSample
from local_utils import command_line, log_utils, pictures, progress, visible
from reading import samples
from tools import settings

MAX_IN_PICTURE = 32


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--image_path', nargs='+', required=True, metavar='PATH',
                        help='image files, or folders, whose images are read with those of their sub-folders')
    parser.add_argument('--json', action='store_true', help='print a JSON object a line, with the characters')
    parser.add_argument('--alternatives', type=command_line.whole_number, default=0, metavar='N',
                        help='with --json: also the N next texts, the most probable first')
    parser.add_argument('--picture_path', metavar='FILE.png',
                        help=f'draw the first {MAX_IN_PICTURE} images with what was read into this picture')
    settings.add_reading_flags(parser)
    settings.add_set_flag(parser, 'TEST')
    args = parser.parse_args(argv)
    if args.alternatives and not args.json:
        parser.error('--alternatives goes together with --json')
    return args


def test_shadownet(*, files, recogniser, output, as_json=False):
    """Read images and write their texts.

    Args:
        files: paths of the images.
        recogniser: reading.Recogniser.
        output: text file that takes the lines.
        as_json: write JSON objects, and one for what cannot be read, too.

    Returns:
        list of (path, Reading) of the first MAX_IN_PICTURE images that could be read; how many could not be
        read.
    """
    logger = log_utils.init_logger()
    logger.info('reading with the weights of %s', recogniser.prefix)
    num_bad, examples = 0, []
    with progress.Progress(len(files), 'image') as shown:
        for path, reading in zip(files, recogniser.read_all(files), strict=True):
            if reading.error is not None:
                num_bad += 1
                logger.error('%s', visible.located(path, reading.error))
            elif len(examples) < MAX_IN_PICTURE:
                examples.append((path, reading))
            if as_json or reading.error is None:
                shown_line = json_line(path, reading, output.encoding) if as_json else line(path, reading)
                with shown.stepping_aside():
                    command_line.print_result(shown_line, output)
            shown.update(1)
    return examples, num_bad


def line(path, reading):
    """Return the line of a Reading."""
    return f'{visible.field(path)}\t{visible.field(reading.text)}\t{reading.confidence:.4f}'


def json_line(path, reading, encoding='utf-8'):
    """Return the JSON object of a Reading, for what has that encoding."""
    lists = {name: [part._asdict() for part in getattr(reading, name)]
             for name in ('characters', 'alternatives')}
    return visible.json_text({'path': with_known_bytes(path), **reading._asdict(), **lists}, encoding)


def with_known_bytes(path):
    r"""Return a path with escapes, \xff, for bytes that are no UTF-8, which JSON has no place for."""
    return path.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')


def save_picture(examples, path):
    """Draw images with what was read; one that has gone since is left out."""
    drawn = []
    for image_path, reading in examples:
        try:
            drawn.append((image_file.read_image(image_path), None, reading.text, reading.confidence))
        except RejectedSample as error:
            log_utils.init_logger().warning('%s', visible.located(image_path, str(error)))
    if drawn:
        pictures.save_readings(drawn, path)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    output = command_line.standard_output()
    reading_settings = settings.reading(settings.configured(args))
    files, problems = samples.find_images(args.image_path)
    if args.picture_path:   # before the long work
        pictures.check_path(args.picture_path, files)
    for problem in problems:
        log_utils.init_logger().error(problem)
    if not files:
        return 1
    recogniser = settings.open_recogniser(args, reading_settings, len(files), args.alternatives)
    examples, num_bad = test_shadownet(files=files, recogniser=recogniser, output=output, as_json=args.json)
    if args.picture_path:
        save_picture(examples, args.picture_path)
    return 1 if num_bad or problems else 0


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
