#!/usr/bin/env python3
"""Measure how well a network reads, on records or on a folder of images with an annotation file.

    python tools/evaluate_shadownet.py --dataset_dir records --split test --weights_path runs/first/best
    python tools/evaluate_shadownet.py --image_dir words --annotation_path words/Test/sample.txt

Prints one JSON object on standard output. Every sample is read. `exact` compares texts as the alphabet writes them (an
alphabet without capitals folds them), and leaves out texts that the alphabet cannot write; `alphanumeric` is the
protocol of most papers: only letters and digits count, case is ignored, and texts without any are left out.
"""
import contextlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import command_line, files, folder_lock, log_utils, manifest, progress, record_files, visible
from local_utils.errors import InputError
from reading import evaluation
from reading.samples import AnnotatedImages, Records
from tools import settings


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='a folder of records (default: --data_dir)')
    parser.add_argument('--split', choices=record_files.SPLITS, default=record_files.TEST, help='which of its records')
    parser.add_argument('--image_dir', metavar='DIR', help='a folder of images instead; needs --annotation_path')
    parser.add_argument('--annotation_path', metavar='FILE', help='its annotation file, lines of <image path> <text>')
    parser.add_argument('--confusion_path', metavar='FILE', help='write the confusion matrix as a picture (PNG, PDF or SVG)')
    settings.add_reading_flags(parser)
    settings.add_set_flag(parser, 'TEST')
    args = parser.parse_args(argv)
    if bool(args.image_dir) != bool(args.annotation_path):
        parser.error('--image_dir and --annotation_path go together')
    if args.image_dir and args.dataset_dir:
        parser.error('--dataset_dir (records) and --image_dir (images) are two sources; give one of them')
    return args


def evaluate_shadownet(recogniser, samples):
    """Read all samples and return the evaluation.Evaluation.

    Args:
        recogniser: reading.Recogniser.
        samples: AnnotatedImages or Records.
    """
    log_utils.init_logger().info('reading with the weights of %s', recogniser.prefix)
    with progress.Progress(samples.count, 'image') as shown:
        return evaluation.evaluate(recogniser, shown.over(samples))


def as_json(measured, *, weights_path, min_confidence, source):
    """Return the figures of an Evaluation as a dict that JSON can take."""
    confusion = {}
    for (truth, read), count in sorted(measured.exact.confusion.items()):
        confusion.setdefault(truth, {})[read] = count
    return {
        'weights_path': weights_path,
        'min_confidence': min_confidence,
        'source': source,
        'samples': measured.samples,
        'unreadable': measured.unreadable,
        'outside_alphabet': measured.outside_alphabet,
        'not_alphanumeric': measured.not_alphanumeric,
        'exact': measured.exact.results(excluded=measured.outside_alphabet),
        'alphanumeric': measured.alphanumeric.results(excluded=measured.not_alphanumeric),
        'confusion': confusion,
    }


def open_samples(args):
    """Return the command line's samples, AnnotatedImages or Records."""
    if args.image_dir:
        return AnnotatedImages(args.image_dir, args.annotation_path)
    return Records(args.dataset_dir or args.data_dir, args.split, args.alphabet_dir)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    output = command_line.standard_output()
    reading_settings = settings.reading(settings.configured(args))
    if args.confusion_path:
        from local_utils import plots  # noqa: I001   Matplotlib takes a while, and needs a folder that it may write to

        files.check_target(args.confusion_path, plots.FIGURE_ENDINGS)   # before the long work
    manifest_path = manifest.path_in(args.dataset_dir or args.data_dir)
    with contextlib.nullcontext() if args.image_dir else folder_lock.reading(manifest_path):
        samples = open_samples(args)
        recogniser = settings.open_recogniser(args, reading_settings, samples.count)
        samples.check_for(recogniser)
        measured = evaluate_shadownet(recogniser, samples)
    if not measured.samples:
        raise InputError(f'{samples.source}: no sample could be read; expected at least one')
    figures = as_json(measured, weights_path=recogniser.prefix, min_confidence=reading_settings.min_confidence,
                      source=samples.source)
    print(visible.json_text(figures, output.encoding, indent=2), file=output, flush=True)
    if args.confusion_path:
        plots.draw_confusion(measured.exact.confusion, recogniser.codec.characters, args.confusion_path)
    return 1 if measured.unreadable else 0


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
