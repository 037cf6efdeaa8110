#!/usr/bin/env python3
"""Measure how well a network reads, on records or on a folder of images with an annotation file.

    python tools/evaluate_shadownet.py --dataset_dir records --split test --weights_path runs/first/best
    python tools/evaluate_shadownet.py --image_dir words --annotation_path words/Test/sample.txt --weights_path runs/first/best

Prints one JSON object on standard output. Every sample is read. `exact` compares texts as the alphabet writes them (an
alphabet without capitals folds them), and leaves out labels that the alphabet cannot write; `letters_and_digits` is the usual
protocol: only letters and digits count, case is ignored, and labels without any are left out.
"""
import contextlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

from data_provider import annotation, data_provider, image_file
from data_provider.annotation import RejectedSample
from local_utils import command_line, files, folder_lock, log_utils, manifest, progress, record_files, session_utils
from local_utils.errors import InputError, MissingInput
from reading import recognition
from reading.recogniser import add_reading_flags, check_alphabet, open_recogniser
from tools import settings


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='a folder of records (default: --data_dir)')
    parser.add_argument('--split', choices=record_files.SPLITS, default=record_files.TEST, help='which of its records')
    parser.add_argument('--image_dir', metavar='DIR', help='a folder of images instead; needs --annotation_path')
    parser.add_argument('--annotation_path', metavar='FILE', help='its annotation file, lines of <image path> <label>')
    parser.add_argument('--confusion_path', metavar='FILE', help='write the confusion matrix as a picture (PNG, PDF or SVG)')
    add_reading_flags(parser)
    settings.add_set_flag(parser, 'TEST')
    args = parser.parse_args(argv)
    if bool(args.image_dir) != bool(args.annotation_path):
        parser.error('--image_dir and --annotation_path go together')
    if args.image_dir and args.dataset_dir:
        parser.error('--dataset_dir (records) and --image_dir (images) are two sources; give one of them')
    return args


class AnnotatedImages:
    """The samples of a folder of images with an annotation file; those that cannot be used are counted and logged."""

    def __init__(self, image_dir, annotation_path):
        """Open the folder; raises MissingInput where it or the annotation file is missing."""
        if not os.path.isdir(image_dir):
            raise MissingInput(f'{image_dir}: no such folder of images')
        self._image_dir = os.path.realpath(image_dir)
        self._annotation_path = annotation_path
        self.count = annotation.count_lines(annotation_path)
        self.unreadable = 0

    def __iter__(self):
        for line in annotation.read_lines(self._annotation_path):
            try:
                path, label = annotation.parse_line(line.content)
                image = image_file.read_image_inside(self._image_dir, path)
            except RejectedSample as error:
                self.unreadable += 1
                log_utils.init_logger().error('%s, line %d: %s', self._annotation_path, line.number, error)
            else:
                yield image, label


def evaluate_shadownet(recogniser, samples, *, count, batch_size):
    """Read all samples and return the recognition.Evaluation.

    Args:
        recogniser: recogniser.Recogniser.
        samples: iterable of (image of any size, label text).
        count: how many they are, for the progress bar.
        batch_size: images read at once.
    """
    log_utils.init_logger().info('reading with the weights of %s', recogniser.prefix)
    with progress.Progress(count, 'image') as shown:
        views_with_labels = ((recogniser.views(image), label) for image, label in shown.over(samples))
        return recognition.evaluate(recogniser.read, recogniser.codec, views_with_labels, batch_size)


def as_json(evaluation, *, weights_path, min_confidence, source, unreadable):
    """Return the figures of an evaluation as a dict that JSON can take."""
    confusion = {}
    for (truth, read), count in sorted(evaluation.exact.confusion.items()):
        confusion.setdefault(truth, {})[read] = count
    return {
        'weights_path': weights_path,
        'min_confidence': min_confidence,
        'source': source,
        'samples': evaluation.samples,
        'outside_alphabet': evaluation.outside_alphabet,
        'without_letter_or_digit': evaluation.no_letter_or_digit,
        'unreadable': unreadable,
        'exact': evaluation.exact.results(excluded=evaluation.outside_alphabet),
        'letters_and_digits': evaluation.usual.results(excluded=evaluation.no_letter_or_digit),
        'confusion': confusion,
    }


def open_images(args, reading_settings):
    """Return (the Recogniser, the samples, how many they are, where they are from) for the command line's annotated images."""
    images = AnnotatedImages(args.image_dir, args.annotation_path)
    return open_recogniser(args, images.count, reading_settings), images, images.count, args.annotation_path


def open_records(args, dataset_dir, reading_settings):
    """Return what `open_images` does, for the command line's records."""
    counts = record_files.count_records(record_files.find_record_files(dataset_dir, args.split))
    recogniser = open_recogniser(args, sum(counts), reading_settings)
    provider = data_provider.TextDataProvider(dataset_dir, recogniser.input_size, args.alphabet_dir)
    check_alphabet(recogniser.codec, provider.codec, recogniser.prefix, dataset_dir)
    samples = ((feature.image, provider.codec.decode(feature.label)) for feature in provider.samples(args.split))
    return recogniser, samples, provider.num_samples(args.split), f'{args.split} records of {dataset_dir}'


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    output = command_line.standard_output()
    session_utils.silence_deprecations()
    reading_settings = settings.reading(settings.configured(args))
    if args.confusion_path:
        from local_utils import plots  # noqa: I001   Matplotlib takes a while, and needs a folder that it may write to

        files.check_target(args.confusion_path, plots.FIGURE_ENDINGS)   # before the long work
    dataset_dir = args.dataset_dir or args.data_dir
    manifest_path = manifest.path_in(dataset_dir)
    with contextlib.nullcontext() if args.image_dir else folder_lock.reading(manifest_path):
        recogniser, samples, count, source = (
            open_images(args, reading_settings) if args.image_dir
            else open_records(args, dataset_dir, reading_settings))
        evaluation = evaluate_shadownet(recogniser, samples, count=count, batch_size=reading_settings.batch_size)
    unreadable = getattr(samples, 'unreadable', 0)
    if not evaluation.samples:
        raise InputError(f'{source}: no sample could be read; expected at least one')
    figures = as_json(evaluation, weights_path=recogniser.prefix, min_confidence=reading_settings.min_confidence,
                      source=source, unreadable=unreadable)
    is_ascii = (output.encoding or 'utf-8').lower() != 'utf-8'   # or a backslash escape might be none of JSON's
    print(json.dumps(figures, ensure_ascii=is_ascii, indent=2), file=output, flush=True)
    if args.confusion_path:
        plots.draw_confusion(evaluation.exact.confusion, recogniser.codec.characters, args.confusion_path)
    return 1 if unreadable else 0


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
