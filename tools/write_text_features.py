#!/usr/bin/env python3
"""Turn a folder of word images into TFRecords for training.

    python tools/write_text_features.py --dataset_dir words --save_dir records --check
    python tools/write_text_features.py --dataset_dir words --save_dir records

DATASET_DIR holds the alphabet (char_dict.json, ord_map.json), Train/sample.txt, Test/sample.txt and the
images. SAVE_DIR gets the records, the alphabet, manifest.json, rejects.tsv (what could not be used and why)
and remarks.tsv (what was used but deserves a look). Where a split has no usable sample, only the rejects are
written; records that are there from before stay. Test/sample.txt may be missing.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from crnnmodel import geometry
from data_provider.convert import write_text_features
from data_provider.dataset_check import check_data_set
from data_provider.settings import ConversionSettings
from local_utils import command_line, parallel, visible
from tools import annotation_flags, settings


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='the data set (default: --data_dir)')
    parser.add_argument('--save_dir', metavar='DIR', help='where the records go (default: --output_dir)')
    parser.add_argument('--validation_split', type=command_line.fraction, metavar='FRACTION',
                        help='fraction of Train that becomes validation (default: DATA.VALIDATION_SPLIT)')
    parser.add_argument('--num_workers', type=command_line.positive_number, default=parallel.usable_cores(),
                        metavar='N', help='processes that convert')
    parser.add_argument('--num_shards', type=command_line.positive_number, default=1, metavar='N',
                        help='files to spread the records of each split over')
    parser.add_argument('--gzip', action='store_true',
                        help='compress the records; our scripts tell by themselves, others have to be told')
    parser.add_argument('--check', action='store_true',
                        help='write no records, but a report, and a sheet of samples into SAVE_DIR')
    annotation_flags.add_annotation_flags(parser)
    settings.add_set_flag(parser, 'ARCH.INPUT_SIZE', 'DATA')
    return parser.parse_args(argv)


def conversion_settings(args) -> ConversionSettings:
    """Return what the command line and the configuration say."""
    config = settings.configured(args)
    split = config.DATA.VALIDATION_SPLIT if args.validation_split is None else args.validation_split
    return ConversionSettings(
        dataset_dir=args.dataset_dir or args.data_dir, save_dir=args.save_dir or args.output_dir,
        input_size=tuple(config.ARCH.INPUT_SIZE), max_frames=geometry.time_steps(config.ARCH.INPUT_SIZE),
        validation_split=split, seed=config.DATA.SEED, num_workers=args.num_workers,
        num_shards=args.num_shards, is_compressed=args.gzip, annotation_format=args.annotation_format,
        text_rules=annotation_flags.text_rules(args),
        follow_links=args.follow_links)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    if args.check:
        output = command_line.standard_output()
        for line in check_data_set(conversion_settings(args)).lines():
            command_line.print_result(visible.line(line), output)
    else:
        write_text_features(conversion_settings(args))


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
