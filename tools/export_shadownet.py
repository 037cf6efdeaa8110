#!/usr/bin/env python3
"""Write a trained network in the form of another runtime.

    python tools/export_shadownet.py --weights_path runs/first --save_path model.onnx

The end of SAVE_PATH says the form: model.onnx (ONNX Runtime), model.tflite (LiteRT) or a folder,
saved_model/. It gets a folder 1 with a SavedModel as TensorFlow Serving takes it. With --runtime_dir the
folder becomes a page that reads in the browser, for any web server:

    npm install onnxruntime-web@1.30.0
    python tools/export_shadownet.py --save_path page/ --weights int8 \\
        --runtime_dir node_modules/onnxruntime-web/dist
    python -m http.server --directory page

What was written is read back by its own runtime and compared with the checkpoint on words: drawn ones, or
those of IMAGE_DIR. Where the two do not read the same, nothing is left.
"""
import functools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import command_line, log_utils
from local_utils.errors import WrongArgument
from reading.export import forms, parity, words
from reading.page import folder
from tools import annotation_flags, settings

WEIGHTS = ('float32', 'float16', 'int8')


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--weights_path', metavar='PATH',
                        help="a run's folder, a checkpoint or 'bundled' (default: the best one in "
                             '--output_dir, else its last, else bundled)')
    parser.add_argument('--save_path', required=True, metavar='PATH',
                        help='model.onnx, model.tflite, saved_model/ or page/')
    parser.add_argument('--runtime_dir', metavar='DIR',
                        help='write a page that reads, with the runtime in this folder, dist/ of the npm '
                             'package onnxruntime-web')
    parser.add_argument('--weights', choices=WEIGHTS, default=WEIGHTS[0],
                        help='how the weights are stored: float16 takes half the room, int8 a quarter')
    parser.add_argument('--alphabet_dir', metavar='DIR',
                        help='the folder of char_dict.json and ord_map.json, for a checkpoint without an '
                             'alphabet of its own')
    parser.add_argument('--image_dir', metavar='DIR',
                        help='images of words to compare on, instead of drawn ones')
    parser.add_argument('--annotation_path', metavar='FILE',
                        help='what is written in the images of IMAGE_DIR, sample.txt')
    annotation_flags.add_annotation_flags(parser, '--follow_links')
    parser.add_argument('--num_words', type=command_line.positive_number, default=1000, metavar='N',
                        help='words to compare on, at most')
    return parser.parse_args(argv)


def main(argv=None):
    """Run the script."""
    args = parse_args(argv)
    if args.annotation_path and not args.image_dir:
        raise WrongArgument('--annotation_path: expected --image_dir, too')
    if args.follow_links and not args.annotation_path:
        raise WrongArgument('--follow_links: expected --annotation_path, too')
    if args.runtime_dir:   # before the long work
        folder.check(args.save_path, args.runtime_dir)
    else:
        forms.form_of(args.save_path)
    compared = (words.of_folder(args.image_dir, args.annotation_path, args.num_words,
                                follow_links=args.follow_links)
                if args.image_dir else words.draw(args.num_words))
    weights_path = args.weights_path
    if weights_path is None:
        weights_path = settings.default_weights(args.output_dir)
    export = forms.export
    if args.runtime_dir:
        export = functools.partial(folder.export, runtime_dir=args.runtime_dir)
    written = export(weights_path, args.save_path, words=compared, weights=args.weights,
                     alphabet_dir=args.alphabet_dir)
    log_utils.init_logger().info('%s', parity.told(written.parity))
    log_utils.init_logger().info('%s: %.1f MB', written.path, written.size / 1e6)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
