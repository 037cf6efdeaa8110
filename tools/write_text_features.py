#!/usr/bin/env python3
"""Turn a folder of word images into TFRecords for training.

    python tools/write_text_features.py --dataset_dir words --save_dir records

DATASET_DIR holds the alphabet (char_dict.json, ord_map.json), Train/sample.txt, Test/sample.txt and the images. SAVE_DIR
gets the records, the alphabet, manifest.json and rejects.tsv, the list of what could not be used and why. Where a split has no
usable sample, only that list is written; records that are there from before stay.
"""
import collections
import contextlib
import functools
import itertools
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from crnnmodel import geometry
from data_provider import annotation, conversion
from local_utils import (
    char_codec,
    command_line,
    establish_char_dict,
    files,
    folder_lock,
    log_utils,
    parallel,
    progress,
    record_files,
)
from local_utils.errors import InputError, MissingInput
from tools import settings

ANNOTATION_NAMES = dict(zip((record_files.TRAIN, record_files.TEST), annotation.FILE_NAMES, strict=True))
REJECTS_NAME = 'rejects.tsv'
MAX_CHUNK_LINES = 128   # that a worker converts at a time; about 1.2 MB of records
TRIED_LINES = 50
SPARE_FILES = 100       # that are open at once, beside the shards
MANIFEST_VERSION = 1


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--dataset_dir', metavar='DIR', help='the data set (default: --data_dir)')
    parser.add_argument('--save_dir', metavar='DIR', help='where the records go (default: --output_dir)')
    parser.add_argument('--validation_split', type=command_line.fraction, metavar='SHARE',
                        help='share of Train that becomes validation (default: DATA.VALIDATION_SPLIT)')
    parser.add_argument('--num_workers', type=command_line.positive_number, default=parallel.usable_cores(), metavar='N',
                        help='processes that convert')
    parser.add_argument('--num_shards', type=command_line.positive_number, default=1, metavar='N',
                        help='files to spread the records of each split over')
    parser.add_argument('--gzip', action='store_true',
                        help='compress the records; our scripts tell by themselves, other readers have to be told')
    settings.add_set_flag(parser, 'ARCH.INPUT_SIZE', 'DATA')
    return parser.parse_args(argv)


def write_text_features(*, dataset_dir, save_dir, validation_split, num_workers, num_shards, input_size, seed, gzip=False):
    """Convert a data set.

    Args:
        dataset_dir: the data set.
        save_dir: where the records go.
        validation_split: share of Train that becomes validation, in [0, 1).
        num_workers: processes that convert.
        num_shards: files a split.
        input_size: (width, height) of the images in the records.
        seed: chooses which samples are validation.
        gzip: whether the records are compressed.

    Raises:
        MissingInput: there is no such data set, or no annotation file in it.
        InputError: the alphabet is malformed, a split has no usable sample, or there are more shards than files can be open.
        Unavailable: another conversion is writing into `save_dir`, or a training reads the records there.
    """
    files.allow_open_files(len(record_files.SPLITS) * num_shards + SPARE_FILES)
    codec = find_alphabet(dataset_dir)
    annotation_paths = {split: os.path.join(dataset_dir, name) for split, name in ANNOTATION_NAMES.items()}
    num_lines = {split: annotation.count_lines(path) for split, path in annotation_paths.items()}
    settings = conversion.Conversion(
        dataset_dir=os.path.realpath(dataset_dir), codec=codec, input_size=tuple(input_size),
        max_frames=geometry.time_steps(input_size), validation_split=validation_split, seed=seed, is_compressed=gzip)
    for split, path in annotation_paths.items():
        try_first_lines(settings, split, path)
    description = {'version': MANIFEST_VERSION, 'image_size': list(input_size), 'alphabet': codec.characters, 'seed': seed,
                   'validation_split': validation_split, 'compression': 'gzip' if gzip else 'none'}
    # The scratch folder holds at most 3 chunks a worker.
    with (folder_lock.only_writer(save_dir), folder_lock.replacing(os.path.join(save_dir, record_files.MANIFEST_NAME)),
          ConversionOutput(save_dir, num_shards, description) as output,
          progress.Progress(sum(num_lines.values()), 'image') as shown,
          tempfile.TemporaryDirectory(files.INCOMPLETE_SUFFIX, record_files.SCRATCH_PREFIX, dir=save_dir) as scratch,
          parallel.worker_processes(num_workers) as executor):
        for split, path in annotation_paths.items():
            chunks = chunks_within_shards(annotation.read_lines(path), num_lines[split], num_shards)
            convert = functools.partial(conversion.convert_lines_to_files, scratch, settings, split)
            lines_done = 0
            for converted in parallel.ordered_map(executor, convert, chunks, 3 * num_workers):
                shard = min(lines_done * num_shards // num_lines[split], num_shards - 1)   # of a file that has grown since
                output.write(converted, ANNOTATION_NAMES[split], shard)
                lines_done += converted.num_lines
                shown.update(converted.num_lines)
        output.check_usable(dataset_dir)
    output.log_counts()


def find_alphabet(dataset_dir):
    """Return the codec of the data set's alphabet, or of the English one where the data set has none."""
    if not os.path.isdir(dataset_dir):
        raise MissingInput(f'{dataset_dir}: no such data set; expected a folder with Train/sample.txt and Test/sample.txt')
    return establish_char_dict.read_alphabet(establish_char_dict.nearest_dir(dataset_dir))


def try_first_lines(settings, split, annotation_path):
    """Warn before the long work where none of the first lines can be used, as with a wrong folder or alphabet."""
    lines = list(itertools.islice(annotation.read_lines(annotation_path), TRIED_LINES))
    rejects = conversion.convert_lines(settings, split, lines).rejects
    if len(rejects) == TRIED_LINES:
        log_utils.init_logger().warning('%s: none of the first %d lines can be used; line %d: %s', annotation_path, TRIED_LINES,
                                        rejects[0].line_number, rejects[0].reason)


def chunks_within_shards(lines, num_lines, num_shards):
    """Yield the lines of a split in lists of at most MAX_CHUNK_LINES, none of which belongs to two shards.

    Args:
        lines: iterator.
        num_lines: how many they are; more come last, of a file that has grown since it was counted.
    """
    ends = [-(-shard * num_lines // num_shards) for shard in range(num_shards + 1)]
    for start, end in itertools.pairwise(ends):
        yield from parallel.chunked(itertools.islice(lines, end - start), MAX_CHUNK_LINES)
    yield from parallel.chunked(lines, MAX_CHUNK_LINES)


class ConversionOutput:
    """The files of a conversion, which take their names together when the block ends well.

    The manifest loses its name first and gets it last: `manifest.json.incomplete` without `manifest.json` is the mark of a
    conversion that was cut short in between, see record_files.check_manifest.
    """

    def __init__(self, save_dir, num_shards, description):
        """Name the files.

        Args:
            save_dir: the folder of the files.
            num_shards: files a split.
            description: what the manifest says beside the files; has alphabet and validation_split.
        """
        self._save_dir = save_dir
        self._description = description
        self._names = {split: record_files.file_names(split, num_shards) for split in record_files.SPLITS
                       if split != record_files.VALIDATION or description['validation_split'] > 0}
        self._counts = {name: 0 for names in self._names.values() for name in names}
        self._reject_kinds, self._foreign_characters = collections.Counter(), collections.Counter()
        self._codec = char_codec.CharacterCodec(description['alphabet'])

    def __enter__(self):
        self._is_cut_short = record_files.is_cut_short(self._save_dir)
        record_files.remove_incomplete(self._save_dir)
        with contextlib.ExitStack() as stack:
            def create(name, mode='w', **how):
                return stack.enter_context(files.atomic_file(os.path.join(self._save_dir, name), mode, **how))

            self._manifest = create(record_files.MANIFEST_NAME, encoding='utf-8')   # renamed last
            self._char_dict, self._ord_map = (create(name, encoding='utf-8') for name in (
                establish_char_dict.CHAR_DICT_NAME, establish_char_dict.ORD_MAP_NAME))
            self._files = {name: create(name, 'wb') for name in self._counts}
            self._rejects = create(REJECTS_NAME, encoding='utf-8', errors='backslashreplace')   # paths may be no UTF-8
            self._rejects.write('file\tline\tpath\tlabel\treason\n')
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        try:
            if error[0] is None:
                with self._stack:   # what raises in here removes the files
                    self._finish()
                self._is_cut_short = False
            else:
                self._stack.__exit__(*error)
        finally:
            if self._is_cut_short:
                record_files.mark_cut_short(self._save_dir)

    def _finish(self):
        """Bring everything to the disk, then remove the manifest and the shards of a former conversion."""
        characters = self._description['alphabet']
        files.dump_json(establish_char_dict.char_dict_of(characters), self._char_dict)
        files.dump_json(establish_char_dict.ord_map_of(characters), self._ord_map)
        files.dump_json(self._manifest_value(), self._manifest)
        for file in (self._char_dict, self._ord_map, self._manifest, self._rejects, *self._files.values()):
            file.flush()
            os.fsync(file.fileno())
        self._is_cut_short = True   # until all have their names
        former = [name for split in record_files.SPLITS for name in record_files.existing_record_files(self._save_dir, split)]
        for name in [record_files.MANIFEST_NAME, *former]:
            if name not in self._counts:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(os.path.join(self._save_dir, name))

    def _manifest_value(self):
        """Return the description with the files, their record counts and their sizes in bytes."""
        splits = {split: {'records': sum(self._counts[name] for name in names), 'files': [
            {'name': name, 'records': self._counts[name], 'bytes': self._files[name].tell()} for name in names]}
            for split, names in self._names.items()}
        return {**self._description, 'splits': splits, 'rejected': dict(self._reject_kinds)}

    def write(self, converted, annotation_name, shard):
        """Write what a worker made of some lines, and remove its files.

        Args:
            converted: conversion.Converted, its records in files.
            annotation_name: the annotation file that the lines are from.
            shard: index of the file of each split that takes the records.
        """
        for split, path in converted.records.items():
            name = self._names[split][shard]
            self._files[name].write(pathlib.Path(path).read_bytes())
            os.remove(path)
            self._counts[name] += converted.counts[split]
        for reject in converted.rejects:
            fields = (annotation_name, str(reject.line_number), reject.path, reject.label, reject.reason)
            self._rejects.write('\t'.join(' '.join(field.split()) for field in fields) + '\n')
            self._reject_kinds[reject.kind] += 1
            if reject.kind == conversion.OUTSIDE_ALPHABET:
                self._foreign_characters.update(self._codec.foreign(reject.label))

    def check_usable(self, dataset_dir):
        """Raise InputError where a split has no sample; the list of the rejects, if there are any, is kept then."""
        empty = [split for split, names in self._names.items() if not any(self._counts[name] for name in names)]
        if not empty:
            return
        why = f'there are too few lines{" (--validation_split 0 for none)" if empty[0] == record_files.VALIDATION else ""}'
        if self._reject_kinds:
            kinds = ', '.join(f'{kind}: {count}' for kind, count in self._reject_kinds.most_common())
            why = f'rejected: {kinds} (see {self._keep_rejects()})'
        raise InputError(f'{dataset_dir}: no usable sample for the {empty[0]} records; {why}')

    def _keep_rejects(self):
        """Give the list of the rejects, which is whole, its name before the rest is removed; return its path."""
        path = os.path.join(self._save_dir, REJECTS_NAME)
        self._rejects.flush()
        os.fsync(self._rejects.fileno())
        os.replace(self._rejects.name, path)
        return path

    def log_counts(self):
        """Say how many samples each split has, and how many were rejected for what reason."""
        logger = log_utils.init_logger()
        logger.info('%s: %s', self._save_dir, ', '.join(
            f'{split} {sum(self._counts[name] for name in names)}' for split, names in self._names.items()))
        for kind, count in self._reject_kinds.most_common():
            logger.warning('rejected %d: %s (see %s)', count, kind, os.path.join(self._save_dir, REJECTS_NAME))
        if self._foreign_characters:
            shown = self._foreign_characters.most_common(char_codec.MAX_SHOWN)
            logger.warning('the alphabet lacks %d characters of the labels, most often %s', len(self._foreign_characters),
                           ', '.join(f'{character!r} ({count})' for character, count in shown))


def main(argv=None):
    """Run the script; returns its exit status."""
    args = parse_args(argv)
    config = settings.configured(args)
    split = config.DATA.VALIDATION_SPLIT if args.validation_split is None else args.validation_split
    write_text_features(dataset_dir=args.dataset_dir or args.data_dir, save_dir=args.save_dir or args.output_dir,
                        validation_split=split, num_workers=args.num_workers, num_shards=args.num_shards,
                        input_size=config.ARCH.INPUT_SIZE, seed=config.DATA.SEED, gzip=args.gzip)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
