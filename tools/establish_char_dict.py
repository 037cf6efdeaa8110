#!/usr/bin/env python3
"""Write an alphabet, char_dict.json and ord_map.json, from the texts of a data set or from a list of
characters.

    python tools/establish_char_dict.py --dataset_dir words

    python tools/establish_char_dict.py --char_list characters.txt --save_dir words

Any script will do. The characters of texts are numbered in the order of their code points, those of a list in
its order. Characters that leave no ink are named and left out.
"""
import collections
import os
import sys
from collections.abc import Iterable

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from crnnmodel import checkpoint_files
from data_provider import annotation
from data_provider.rejected_sample import RejectedSample
from local_utils import char_codec, command_line, establish_char_dict, files, log_utils, texts, visible
from local_utils.errors import InputError, MissingInput
from tools import annotation_flags


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='the data set (default: --data_dir)')
    parser.add_argument('--char_list', metavar='FILE',
                        help='take the characters of this list, one a line, instead')
    parser.add_argument('--save_dir', metavar='DIR', help='where the two files go (default: the data set)')
    parser.add_argument('--lower_case', action='store_true',
                        help='take the lower-case form of each character, where it is one')
    annotation_flags.add_annotation_flags(parser, '--annotation_format', '--ignore_text')
    return parser.parse_args(argv)


def count_characters(dataset_dir: str, lower_case: bool = False, ignored: tuple = (),
                     annotation_format: str | None = None) -> collections.Counter:
    """Return how often each character stands in the texts of a data set.

    Raises:
        MissingInput: there is no annotation file in it.
        InputError: the form of one is not known.
    """
    paths = annotation_paths(dataset_dir)
    if not paths:
        names = ' or '.join(map(annotation.name_of, annotation.PARTS))
        raise MissingInput(f'{dataset_dir}: expected {names}, found neither')
    counts = collections.Counter()
    for path in paths:
        file = annotation.open_annotation(path, dataset_dir, annotation_format)
        for line in file.lines():
            try:
                _, text = annotation.parse_line(line.content, file.form)
            except RejectedSample as error:
                log_utils.init_logger().warning('%s, line %d: %s', path, line.number, error)
                continue
            if text not in ignored:
                counts.update(folded(text) if lower_case else text)
    return counts


def counts_beside_list(folder: str, *rules) -> collections.Counter:
    """Return count_characters of a folder; nothing where it is no data set, or none whose form is known."""
    if not annotation_paths(folder):
        return collections.Counter()
    try:
        return count_characters(folder, *rules)
    except InputError as error:   # the alphabet needs no texts
        log_utils.init_logger().warning('not compared with the texts: %s', error)
        return collections.Counter()


def annotation_paths(dataset_dir: str) -> list[str]:
    """Return the paths of the annotation files that a data set has."""
    return list(filter(os.path.exists, (annotation.path_of(part, dataset_dir) for part in annotation.PARTS)))


def folded(text: str) -> list[str]:
    """Return the lower-case form of each character, or the character where that form is not a single one."""
    return [lower if len(lower) == 1 else character
            for character, lower in zip(text, texts.lower_case(text), strict=True)]


def without_invisible(counts: collections.Counter) -> collections.Counter:
    """Return the counts of the characters that leave ink; says which do not."""
    invisible = [character for character in counts if texts.is_invisible(character)]
    if invisible:
        log_utils.init_logger().warning(
            'left out, as nobody sees them: %s (write_text_features.py --drop_invisible drops them from the '
            'texts)', texts.named(sorted(invisible)))
    return collections.Counter({character: counts[character] for character in counts.keys() - set(invisible)})


def tell_what_is_lacking(characters: str, of_texts: Iterable[str]) -> None:
    """Say which characters of the texts, and which that the bundled weights read, an alphabet lacks."""
    logger = log_utils.init_logger()
    visible_ones = (character for character in of_texts if not texts.is_invisible(character))
    foreign = char_codec.CharacterCodec(characters).foreign(visible_ones)
    if unknown := char_codec.lacking(characters, foreign):
        logger.warning('the alphabet lacks %s of the texts; samples with them are rejected', unknown)
    bundled = establish_char_dict.read_alphabet(checkpoint_files.BUNDLED_DIR).characters
    if given_up := char_codec.lacking(characters, bundled):
        logger.info('the bundled weights read %s that the alphabet lacks; what is trained on from them '
                    '(--weights_path bundled) with this alphabet does not', given_up)


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    dataset_dir = args.dataset_dir or args.data_dir
    save_dir = args.save_dir or dataset_dir
    rules = args.lower_case, tuple(args.ignore_text), args.annotation_format
    if args.char_list:
        characters, remark = establish_char_dict.read_character_list(args.char_list), ''
        counts = counts_beside_list(args.dataset_dir or save_dir, *rules)
    else:
        counts = without_invisible(count_characters(dataset_dir, *rules))
        if not counts:
            raise InputError(f'{dataset_dir}: expected at least one text, found none')
        characters = ''.join(sorted(counts))
        rarest = ', '.join(f'{character!r} {count}' for character, count in counts.most_common()[:-6:-1])
        remark = f'; the rarest: {rarest}'
    files.make_target_folder(save_dir)
    establish_char_dict.write_alphabet(characters, save_dir)
    log_utils.init_logger().info('%s: %s%s', save_dir, visible.counted(len(characters), 'character'), remark)
    tell_what_is_lacking(characters, counts)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
