#!/usr/bin/env python3
"""Write the alphabet of a data set, char_dict.json and ord_map.json, from the texts of its annotation files.

    python tools/establish_char_dict.py --dataset_dir words

Any script will do. The characters are numbered in the order of their code points.
"""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from data_provider import annotation
from local_utils import command_line, establish_char_dict, log_utils
from local_utils.errors import InputError, MissingInput


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='the data set (default: --data_dir)')
    parser.add_argument('--save_dir', metavar='DIR', help='where the two files go (default: the data set)')
    parser.add_argument('--lower_case', action='store_true',
                        help='take the lower-case form of each character, where it is one')
    return parser.parse_args(argv)


def count_characters(dataset_dir: str, lower_case: bool = False) -> collections.Counter:
    """Return how often each character stands in the texts of a data set.

    Raises:
        MissingInput: there is no annotation file in it.
    """
    paths = list(filter(os.path.exists, (annotation.path_of(part, dataset_dir) for part in annotation.PARTS)))
    if not paths:
        names = ' or '.join(map(annotation.name_of, annotation.PARTS))
        raise MissingInput(f'{dataset_dir}: expected {names}, found neither')
    counts = collections.Counter()
    for path in paths:
        for line in annotation.read_lines(path):
            try:
                _, text = annotation.parse_line(line.content)
            except annotation.RejectedSample as error:
                log_utils.init_logger().warning('%s, line %d: %s', path, line.number, error)
                continue
            counts.update(map(folded, text) if lower_case else text)
    return counts


def folded(character: str) -> str:
    """Return the lower-case form of a character, or the character where that form is not a single one."""
    return character.lower() if len(character.lower()) == 1 else character


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    dataset_dir = args.dataset_dir or args.data_dir
    save_dir = args.save_dir or dataset_dir
    counts = count_characters(dataset_dir, args.lower_case)
    if not counts:
        raise InputError(f'{dataset_dir}: expected at least one text, found none')
    os.makedirs(save_dir, exist_ok=True)
    establish_char_dict.write_alphabet(sorted(counts), save_dir)
    rarest = ', '.join(f'{character!r} {count}' for character, count in counts.most_common()[:-6:-1])
    log_utils.init_logger().info('%s: %d characters; the rarest: %s', save_dir, len(counts), rarest)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
