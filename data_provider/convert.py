"""The conversion of a data set: its lines go to workers in chunks, their records into the files."""
import functools
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator

from data_provider import annotation, conversion
from data_provider.conversion import Conversion
from data_provider.conversion_output import ConversionOutput
from data_provider.settings import ConversionSettings
from local_utils import (
    establish_char_dict,
    files,
    folder_lock,
    log_utils,
    manifest,
    parallel,
    progress,
    record_files,
)
from local_utils.char_codec import CharacterCodec
from local_utils.errors import MissingInput

PART_OF = dict(zip((record_files.TRAIN, record_files.TEST), annotation.PARTS, strict=True))
MAX_CHUNK_LINES = 128   # that a worker converts at a time; about 1.2 MB of records
TRIED_LINES = 50
SPARE_FILES = 100       # that are open at once, beside the shards


def write_text_features(settings: ConversionSettings) -> None:
    """Convert a data set.

    Raises:
        MissingInput: there is no such data set, or no annotation file in it.
        InputError: the alphabet is malformed, a split has no usable sample, or there are more shards than
            files can be open.
        Unavailable: another conversion is writing into the folder, or a training reads the records there.
    """
    files.allow_open_files(len(record_files.SPLITS) * settings.num_shards + SPARE_FILES)
    codec = find_alphabet(settings.dataset_dir)
    paths = {split: annotation.path_of(part, settings.dataset_dir) for split, part in PART_OF.items()}
    num_lines = {split: annotation.count_lines(path) for split, path in paths.items()}
    of_worker = Conversion(settings, os.path.realpath(settings.dataset_dir), codec)
    for split, path in paths.items():
        try_first_lines(of_worker, split, path)
    with (folder_lock.only_writer(settings.save_dir),
          folder_lock.replacing(manifest.path_in(settings.save_dir)),
          ConversionOutput(settings, codec) as output,
          progress.Progress(sum(num_lines.values()), 'image') as shown):
        for part, shard, converted in converted_chunks(of_worker, paths, num_lines):
            output.write(converted, annotation.name_of(part), shard)
            shown.update(converted.num_lines)
        output.check_usable(settings.dataset_dir)
    output.log_counts()


def converted_chunks(of_worker: Conversion, paths: dict, num_lines: dict) -> Iterator[tuple]:
    """Yield (part, shard, conversion.Converted) of each chunk of the annotation files, worked out by
    processes.

    Args:
        of_worker: what they have to know.
        paths: split → its annotation file.
        num_lines: split → how many lines that has.
    """
    settings = of_worker.settings
    suffix, prefix = files.INCOMPLETE_SUFFIX, record_files.SCRATCH_PREFIX
    # The scratch folder holds at most 3 chunks a worker.
    with (tempfile.TemporaryDirectory(suffix, prefix, settings.save_dir) as scratch,
          parallel.worker_processes(settings.num_workers) as executor):
        for split, path in paths.items():
            chunks = chunks_within_shards(annotation.read_lines(path), num_lines[split], settings.num_shards)
            convert = functools.partial(conversion.convert_lines_to_files, scratch, of_worker, split)
            lines_done = 0
            for converted in parallel.ordered_map(executor, convert, chunks, 3 * settings.num_workers):
                # The last shard takes what a file has grown by since it was counted.
                shard = min(lines_done * settings.num_shards // num_lines[split], settings.num_shards - 1)
                yield PART_OF[split], shard, converted
                lines_done += converted.num_lines


def find_alphabet(dataset_dir: str) -> CharacterCodec:
    """Return the codec of the data set's alphabet, or of the English one where the data set has none."""
    if not os.path.isdir(dataset_dir):
        names = ' and '.join(map(annotation.name_of, annotation.PARTS))
        raise MissingInput(f'{dataset_dir}: no such data set; expected a folder with {names}')
    return establish_char_dict.read_alphabet(establish_char_dict.nearest_dir(dataset_dir))


def try_first_lines(of_worker: Conversion, split: str, annotation_path: str) -> None:
    """Warn before the long work where none of the first lines can be used: a wrong folder, or alphabet."""
    lines = list(itertools.islice(annotation.read_lines(annotation_path), TRIED_LINES))
    rejects = conversion.convert_lines(of_worker, split, lines).rejects
    if len(rejects) == TRIED_LINES:
        log_utils.init_logger().warning(
            '%s: none of the first %d lines can be used; line %d: %s',
            annotation_path, TRIED_LINES, rejects[0].line_number, rejects[0].reason)


def chunks_within_shards(lines: Iterable, num_lines: int, num_shards: int) -> Iterator[list]:
    """Yield the lines of a split in lists of at most MAX_CHUNK_LINES, none of which belongs to two shards.

    Args:
        lines: iterator.
        num_lines: how many they are; more come last, of a file that has grown since it was counted.
        num_shards: files that they are spread over.
    """
    ends = [-(-shard * num_lines // num_shards) for shard in range(num_shards + 1)]
    for start, end in itertools.pairwise(ends):
        yield from parallel.chunked(itertools.islice(lines, end - start), MAX_CHUNK_LINES)
    yield from parallel.chunked(lines, MAX_CHUNK_LINES)
