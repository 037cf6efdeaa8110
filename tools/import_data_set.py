#!/usr/bin/env python3
"""Turn a data set as people have it into one that write_text_features.py takes.

    python tools/import_data_set.py --from synth90k mnt/ramdisk/max/90kDICT32px --save_dir words

    python tools/import_data_set.py --from file_names plates --name_pattern '{text}_*' --save_dir words

    synth90k    its annotation_train.txt, annotation_val.txt, annotation_test.txt and lexicon.txt
    icdar       word sets of 2013, 2015 and 2019: path, "text" lists, or JSON with transcription
    iiit5k      traindata.mat, testdata.mat and the images
    svt         train.xml, test.xml and the photographs, out of which the words are cut
    lmdb        num-samples, image-000000001, label-000000001 and so on
    csv         columns with or without a first line that names them (filename, words)
    gt_txt      a .gt.txt beside each picture, as calamari, kraken and tesstrain have them
    file_names  the text in the name of each picture
    paddleocr   lists of <path> tab <text>

SAVE_DIR gets Train/sample.txt, Test/sample.txt and rejects.tsv, what could not be used and why. Image files
stay where they are, and SAVE_DIR/images leads there, unless --copy.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from data_provider.importing.import_data_set import FORMS, ImportSettings, import_data_set
from local_utils import command_line
from tools import annotation_flags, settings


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('source', metavar='SOURCE', help='the data set as it is: a folder, or a list')
    parser.add_argument('--from', dest='form', choices=FORMS, required=True, help='what form it has')
    parser.add_argument('--save_dir', metavar='DIR', help='where the data set goes (default: --output_dir)')
    parser.add_argument('--test_fraction', type=command_line.fraction, default=0.0, metavar='FRACTION',
                        help='fraction of the samples that become Test where SOURCE has no test part')
    parser.add_argument('--name_pattern', metavar='PATTERN',
                        help="of --from file_names: where the text stands in a name, such as '{text}_*'")
    annotation_flags.add_annotation_flags(parser, '--annotation_format')
    parser.add_argument('--copy', action='store_true', help='copy the image files into SAVE_DIR')
    parser.add_argument('--overwrite', action='store_true', help='replace the data set that is there')
    settings.add_set_flag(parser, 'DATA.SEED')
    args = parser.parse_args(argv)
    if args.name_pattern and args.form != 'file_names':
        parser.error('--name_pattern is for --from file_names')
    return args


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    import_data_set(ImportSettings(
        form=args.form, source=args.source, save_dir=args.save_dir or args.output_dir,
        test_fraction=args.test_fraction, seed=settings.configured(args).DATA.SEED, copies_images=args.copy,
        overwrite=args.overwrite, name_pattern=args.name_pattern,
        annotation_format=args.annotation_format))


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
