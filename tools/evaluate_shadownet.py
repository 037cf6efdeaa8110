#!/usr/bin/env python3
"""Measure how well a network reads, on records or on a folder of images with an annotation file.

    python tools/evaluate_shadownet.py --dataset_dir records --split test --weights_path runs/first/best
    python tools/evaluate_shadownet.py --image_dir words --annotation_path words/Test/sample.txt

Prints one JSON object on standard output. Every sample is read. `exact` compares texts as the alphabet writes
them (an alphabet without capitals folds them), and leaves out texts that the alphabet cannot write;
`alphanumeric` is the protocol of most papers: only letters and digits count, case is ignored, and texts
without any are left out. `subsets` has it for the samples that papers keep: those of letters and digits
alone, and of them those of three or more.

A third column of the annotation file, behind a tab, has the words of a lexicon for the image, by commas.
"""
import contextlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import command_line, files, folder_lock, log_utils, manifest, progress, record_files, visible
from local_utils.errors import InputError, WrongArgument
from reading import evaluation
from reading import report as reports
from reading.samples import AnnotatedImages, Records
from tools import annotation_flags, settings


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='a folder of records (default: --data_dir)')
    parser.add_argument('--split', choices=record_files.SPLITS,
                        help=f'which of its records (default: {record_files.TEST})')
    parser.add_argument('--image_dir', metavar='DIR',
                        help='a folder of images instead; needs --annotation_path')
    parser.add_argument('--annotation_path', metavar='FILE',
                        help='its annotation file, in a form that write_text_features.py takes')
    annotation_flags.add_annotation_flags(parser.add_argument_group('of --annotation_path'))
    parser.add_argument('--confusion_path', metavar='FILE',
                        help='write the confusion matrix as a picture (PNG, PDF or SVG)')
    parser.add_argument('--results_path', metavar='FILE.tsv',
                        help='write a line for each image: path, true text, text read, confidence, whether '
                             'they agree (alphanumeric)')
    parser.add_argument('--report_path', metavar='FILE.html',
                        help='write a page of the mistakes, the surest first')
    parser.add_argument('--alternatives', type=command_line.whole_number, default=0, metavar='N',
                        help='with --report_path: also the N next texts of each image')
    settings.add_reading_flags(parser)
    settings.add_set_flag(parser, 'TEST')
    args = parser.parse_args(argv)
    if bool(args.image_dir) != bool(args.annotation_path):
        parser.error('--image_dir and --annotation_path go together')
    if args.image_dir and args.dataset_dir:
        parser.error('--dataset_dir (records) and --image_dir (images) are two sources; give one of them')
    if args.image_dir and args.split:
        parser.error('--split is for records; --image_dir has none')
    if not args.image_dir and (given := annotation_flags.given(args)):
        parser.error(f'{given[0]} is for --image_dir; records have gone through it')
    if args.alternatives and not args.report_path:
        parser.error('--alternatives goes together with --report_path')
    return args


def evaluate_shadownet(recogniser, samples, *, report=None, results=None):
    """Read all samples and return the evaluation.Evaluation.

    Args:
        recogniser: reading.Recogniser.
        samples: AnnotatedImages or Records.
        report: report.Report that takes each sample, or None.
        results: binary file that takes a line for each, or None.
    """
    def note(sample, reading):
        if report:
            report.note(sample, reading)
        if results:
            results.write(evaluation.result_line(sample, reading).encode('utf-8'))

    log_utils.init_logger().info('reading with the weights of %s', recogniser.prefix)
    if results:
        results.write(evaluation.RESULT_HEADER.encode('utf-8'))
    with progress.Progress(samples.count, 'image') as shown:
        return evaluation.evaluate(recogniser, shown.over(samples), note=note)


def open_samples(args):
    """Return the command line's samples, AnnotatedImages or Records."""
    if args.image_dir:
        return AnnotatedImages(args.image_dir, args.annotation_path, follow_links=args.follow_links,
                               annotation_format=args.annotation_format,
                               text_rules=annotation_flags.text_rules(args))
    return Records(args.dataset_dir or args.data_dir, args.split or record_files.TEST, args.alphabet_dir)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    output = command_line.standard_output()
    reading_settings = settings.reading(settings.configured(args))
    if args.confusion_path:
        from local_utils import plots  # noqa: I001   Matplotlib takes a while, and needs a folder that it may write to

        files.check_target(args.confusion_path, files.FIGURE_ENDINGS)   # before the long work
    report = reports.open_report(args.report_path) if args.report_path else None
    if args.results_path:
        files.check_target(args.results_path, ('.tsv',))
        if os.path.realpath(args.results_path) == os.path.realpath(args.annotation_path or os.curdir):
            raise WrongArgument(f'{args.results_path}: the annotation file; expected another --results_path')
    manifest_path = manifest.path_in(args.dataset_dir or args.data_dir)
    with contextlib.nullcontext() if args.image_dir else folder_lock.reading(manifest_path):
        samples = open_samples(args)
        recogniser = settings.open_recogniser(args, reading_settings, samples.count, args.alternatives)
        samples.check_for(recogniser)
        with files.atomic_file(
            args.results_path) if args.results_path else contextlib.nullcontext() as results:
            measured = evaluate_shadownet(recogniser, samples, report=report, results=results)
    if not measured.samples:
        raise InputError(f'{samples.source}: no sample could be read; expected at least one')
    figures = {'weights_path': recogniser.prefix, 'views': reading_settings.views,
               'min_confidence': reading_settings.min_confidence, 'source': samples.source,
               'ignored': samples.ignored, **evaluation.figures_of(measured)}
    command_line.print_result(visible.json_text(figures, output.encoding, indent=2), output)
    if args.confusion_path:
        plots.draw_confusion(measured.exact.confusion, recogniser.codec.characters, args.confusion_path)
    if report:
        report.save(args.report_path, measured,
                    f'{samples.source}, read with the weights of {recogniser.prefix}')
    return 1 if measured.unreadable else 0


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
