#!/usr/bin/env python3
"""Read images of words.

    python tools/test_shadownet.py --image_path word.jpg more_words/ --weights_path runs/first/best

Prints a line for each image on standard output: its path, the text and the confidence, separated by tabs. In path and
text a tab, a line break and a backslash are written as \\t, \\n, \\r and \\\\, and a byte that is no UTF-8 as \\xff. The
confidence is the probability that the network gives to the text; where it looked again, the mean of its looks. A file that
cannot be read is named on standard error; the others are still read, and the exit status is 1.
"""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

from data_provider import image_file
from data_provider.annotation import RejectedSample
from local_utils import command_line, log_utils, parallel, pictures, progress, session_utils
from reading.recogniser import add_reading_flags, open_recogniser
from tools import settings

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.dib', '.webp', '.tif', '.tiff', '.gif', '.jp2', '.avif',
                 '.ppm', '.pgm', '.pbm')
DECODING_THREADS = 2
MAX_IN_PICTURE = 32


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--image_path', nargs='+', required=True, metavar='PATH',
                        help='image files, or folders, whose images are read with those of their sub-folders')
    parser.add_argument('--picture_path', metavar='FILE.png',
                        help=f'draw the first {MAX_IN_PICTURE} images with what was read into this picture')
    add_reading_flags(parser)
    settings.add_set_flag(parser, 'TEST')
    return parser.parse_args(argv)


def test_shadownet(*, files, recogniser, batch_size, output, picture_path=None):
    """Read images and write their texts.

    Args:
        files: paths of the images.
        recogniser: recogniser.Recogniser.
        batch_size: images read at once.
        output: text file that takes the lines.
        picture_path: PNG file that takes the first images with their texts, or None.

    Returns:
        bool: whether all of them could be read.
    """
    logger = log_utils.init_logger()
    logger.info('reading with the weights of %s', recogniser.prefix)

    def load(path):
        try:
            return path, recogniser.views(image_file.read_image(path))
        except RejectedSample as error:
            return path, error

    num_bad, examples = 0, []
    with (concurrent.futures.ThreadPoolExecutor(DECODING_THREADS) as executor,
          progress.Progress(len(files), 'image') as shown):
        loaded = parallel.ordered_map(executor, load, files, 2 * batch_size)
        for chunk in parallel.chunked(loaded, batch_size):
            good = [(path, views) for path, views in chunk if not isinstance(views, RejectedSample)]
            for path, error in chunk:
                if isinstance(error, RejectedSample):
                    logger.error('%s: %s', path, error)
            num_bad += len(chunk) - len(good)
            if good:
                texts, confidences = recogniser.read([views for _, views in good])
                with shown.stepping_aside():
                    for (path, _), text, confidence in zip(good, texts, confidences, strict=True):
                        output.write(f'{escaped(path)}\t{escaped(text)}\t{confidence:.4f}\n')
                    output.flush()
                examples += [(views[0], None, text, confidence)
                             for (_, views), text, confidence in zip(good, texts, confidences, strict=True)]
                del examples[MAX_IN_PICTURE:]
            shown.update(len(chunk))
    if picture_path and examples:
        pictures.save_readings(examples, picture_path)
    return num_bad == 0


def escaped(field):
    """Return a path or a text as a field of a line, with backslash escapes for what would end the field or is no text."""
    for character, escape in (('\\', r'\\'), ('\t', r'\t'), ('\n', r'\n'), ('\r', r'\r')):
        field = field.replace(character, escape)
    return field.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')


def find_images(image_paths):
    """Return (the image files that the paths mean, in order; what is wrong with the other paths, as lines)."""
    files, problems = [], []
    for path in image_paths:
        if not path:
            problems.append('--image_path: expected an image file or a folder, got an empty name')
            continue
        if not os.path.isdir(path):
            files.append(path)
            continue
        unreadable = []
        found = sorted(os.path.join(folder, name) for folder, names in folders_below(path, unreadable.append)
                       for name in names if name.lower().endswith(IMAGE_ENDINGS))
        files += found
        problems += map(command_line.message_of, unreadable)
        if not found and not unreadable:
            problems.append(f'{path}: no image in this folder; expected files that end in {", ".join(IMAGE_ENDINGS)}')
    return files, problems


def folders_below(path, onerror):
    """Yield (folder, names of its files) for a folder and all below it, those that links lead to once; see os.walk."""
    seen = set()
    for folder, folders, names in os.walk(path, onerror=onerror, followlinks=True):
        real_path = os.path.realpath(folder)
        if real_path in seen:
            folders.clear()
            continue
        seen.add(real_path)
        yield folder, names


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    output = command_line.standard_output()
    session_utils.silence_deprecations()
    reading_settings = settings.reading(settings.configured(args))
    files, problems = find_images(args.image_path)
    if args.picture_path:   # before the long work
        pictures.check_path(args.picture_path, files)
    for problem in problems:
        log_utils.init_logger().error(problem)
    if not files:
        return 1
    recogniser = open_recogniser(args, len(files), reading_settings)
    all_read = test_shadownet(files=files, recogniser=recogniser, batch_size=reading_settings.batch_size, output=output,
                              picture_path=args.picture_path)
    return 0 if all_read and not problems else 1


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
