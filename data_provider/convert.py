"""The conversion of a data set: its lines go to workers in chunks, their records into the files."""
import functools
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator

from data_provider import annotation, conversion, duplicates, output_folder
from data_provider.annotation import AnnotationFile
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
from local_utils.errors import MissingInput

PART_OF = dict(zip((record_files.TRAIN, record_files.TEST), annotation.PARTS, strict=True))
MAX_CHUNK_LINES = 128   # that a worker converts at a time; about 1.2 MB of records
TRIED_LINES = 50
SPARE_FILES = 100       # that are open at once, beside the shards


def write_text_features(settings: ConversionSettings) -> None:
    """Convert a data set.

    Raises:
        WrongArgument: the records would go into the folder of the data set.
        MissingInput: there is no such data set, or no annotation file in it.
        InputError: the alphabet is malformed, a split has no usable sample, or there are more shards than
            files can be open; or there is another data set where the records would go.
        Unavailable: another conversion is writing into the folder, or a training reads the records there.
    """
    output_folder.check_records_folder(settings.save_dir, settings.dataset_dir)
    files.allow_open_files(len(record_files.SPLITS) * settings.num_shards + SPARE_FILES)
    annotations = open_annotations(settings)
    of_worker = conversion_of(settings, annotations)
    num_lines = {split: file.count() for split, file in annotations.items()}
    for split, file in annotations.items():
        try_first_lines(of_worker, split, file)
    splits = [*annotations, record_files.VALIDATION]
    hashes = duplicates.LineHashes()
    with (folder_lock.only_writer(settings.save_dir),
          folder_lock.replacing(manifest.path_in(settings.save_dir)),
          ConversionOutput(settings, of_worker.codec, splits) as output,
          progress.Progress(sum(num_lines.values()), 'image') as shown):
        for split, shard, converted in converted_chunks(of_worker, annotations, num_lines, hashes):
            output.write(converted, annotation.name_of(PART_OF[split]), shard)
            shown.update(len(converted.path_hashes))
        output.check_usable(settings.dataset_dir)
        remark_on_duplicates(output, hashes, annotations)
    output.log_counts()


def open_annotations(settings: ConversionSettings) -> dict[str, AnnotationFile]:
    """Return split → its annotation file; without the one of Test, which may be missing.

    Raises:
        MissingInput: there is no such data set, or no annotation file of Train.
        InputError: the form of a file is not known.
    """
    if not os.path.isdir(settings.dataset_dir):
        names = ' and '.join(map(annotation.name_of, annotation.PARTS))
        raise MissingInput(f'{settings.dataset_dir}: no such data set; expected a folder with {names}')
    opened = {}
    for split, part in PART_OF.items():
        path = annotation.path_of(part, settings.dataset_dir)
        if split == record_files.TEST and not os.path.lexists(path):
            log_utils.init_logger().warning('%s: no such file; there will be no test records', path)
        else:
            opened[split] = annotation.open_annotation(path, settings.dataset_dir, settings.annotation_format)
    return opened


def conversion_of(settings: ConversionSettings, annotations: dict[str, AnnotationFile]) -> Conversion:
    """Return what a worker has to know; the alphabet is the data set's, or else the English one."""
    codec = establish_char_dict.read_alphabet(establish_char_dict.nearest_dir(settings.dataset_dir))
    return Conversion(settings, os.path.realpath(settings.dataset_dir), codec,
                      {split: file.form for split, file in annotations.items()})


def remark_on_duplicates(output: ConversionOutput, hashes: duplicates.LineHashes,
                         annotations: dict[str, AnnotationFile]) -> None:
    """Name the lines whose path another line has listed before."""
    found = hashes.duplicates()
    if len(found.later):
        of_part = {PART_OF[split]: file for split, file in annotations.items()}
        for part, note in duplicates.named_duplicates(found, of_part):
            output.remark(annotation.name_of(part), note)
        output.count_remarks(found.counts())


def converted_chunks(of_worker: Conversion, annotations: dict[str, AnnotationFile], num_lines: dict[str, int],
                     hashes: duplicates.LineHashes) -> Iterator[tuple]:
    """Yield (split, shard, conversion.Converted) of each chunk of lines, worked out by processes.

    Args:
        of_worker: what they have to know.
        annotations: split → its annotation file.
        num_lines: split → how many lines that has.
        hashes: takes those of the lines.
    """
    settings = of_worker.settings
    suffix, prefix = files.INCOMPLETE_SUFFIX, record_files.SCRATCH_PREFIX
    # The scratch folder holds at most 3 chunks a worker.
    with (tempfile.TemporaryDirectory(suffix, prefix, settings.save_dir) as scratch,
          parallel.worker_processes(settings.num_workers, functools.partial(
              conversion.prepare_worker, of_worker, scratch)) as executor):
        for split, file in annotations.items():
            hashes.start_file()
            chunks = chunks_within_shards(file.lines(), num_lines[split], settings.num_shards)
            convert = functools.partial(conversion.convert_lines_to_files, split)
            lines_done = 0
            for converted in parallel.ordered_map(executor, convert, chunks, 3 * settings.num_workers):
                # The last shard takes what a file has grown by since it was counted.
                shard = min(lines_done * settings.num_shards // num_lines[split], settings.num_shards - 1)
                hashes.add(converted)
                yield split, shard, converted
                lines_done += len(converted.path_hashes)


def try_first_lines(of_worker: Conversion, split: str, file: AnnotationFile) -> None:
    """Warn before the long work where none of the first lines can be used: a wrong folder, or alphabet."""
    lines = list(itertools.islice(file.lines(), TRIED_LINES))
    rejects = conversion.convert_lines(of_worker, split, lines).rejects
    if len(rejects) == TRIED_LINES:
        log_utils.init_logger().warning(
            '%s: none of the first %d lines can be used; line %d: %s',
            file.path, TRIED_LINES, rejects[0].line_number, rejects[0].reason)


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
