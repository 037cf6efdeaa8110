"""The record files of a data set: their names, where they are, how many records they hold."""
import itertools
import os
import re

from local_utils import files, manifest, tfrecord, visible
from local_utils.errors import InputError, MissingInput

TRAIN, TEST, VALIDATION = SPLITS = ('train', 'test', 'validation')
WALKED_BYTES = {'': 1 << 28, 'GZIP': 1 << 26}   # of a file, up to which counting its records takes a second
SCRATCH_PREFIX = 'scratch-'   # of the folder that a conversion works in


def file_names(split: str, num_shards: int = 1) -> list[str]:
    """Return the names of a split's record files."""
    return list(_names(split, num_shards))


def _names(split, num_shards):
    name = f'{split}_feature.tfrecords'
    return [name] if num_shards == 1 else (
        f'{name}-{index:05d}-of-{num_shards:05d}' for index in range(num_shards))


def find_record_files(dataset_dir: str, split: str) -> list[str]:
    """Return the paths of a split's record files, in order, whether one or several shards.

    Raises:
        MissingInput: there are none, or shards are missing; names them.
        InputError: there are files of two conversions side by side.
    """
    check_folder(dataset_dir)
    present = existing_record_files(dataset_dir, split)
    if not present:
        raise MissingInput(f'{os.path.join(dataset_dir, file_names(split)[0])}: no such file; '
                           'tools/write_text_features.py makes it')
    shards = re.search(r'-of-(\d+)$', present[-1])
    num_shards = int(shards[1]) if shards else 1
    # No more than there can be, whatever a name says: of more one of these is missing.
    expected = list(itertools.islice(_names(split, num_shards), len(present) + 1))
    there = set(present)
    missing = [name for name in expected if name not in there]
    if missing:
        found = sum(name.endswith(shards[0]) for name in present) if num_shards > 1 else 0
        raise MissingInput(f'{dataset_dir}: expected {num_shards} shards, found {found}; the first that is '
                           f'missing is {missing[0]}')
    if len(present) > len(expected):
        raise InputError(f'{dataset_dir}: {present[0]} and {present[-1]} are of two conversions; '
                         'expected the files of one')
    return [os.path.join(dataset_dir, name) for name in expected]


def check_folder(dataset_dir: str) -> None:
    """Raise MissingInput where there is no folder of records."""
    if not os.path.isdir(dataset_dir):
        raise MissingInput(f'{dataset_dir}: no such folder; expected one with the files of '
                           'tools/write_text_features.py')


def existing_record_files(dataset_dir: str, split: str) -> list[str]:
    """Return the names of all record files of a split in a folder, of whatever number of shards."""
    pattern = re.compile(re.escape(file_names(split)[0]) + r'(-\d{5,}-of-\d{5,})?')
    return sorted(name for name in os.listdir(dataset_dir) if pattern.fullmatch(name))


def remove_incomplete(dataset_dir: str) -> None:
    """Remove what a killed conversion left of the record files of a folder, of whatever number of shards."""
    starts = (SCRATCH_PREFIX, *(file_names(split)[0] for split in SPLITS))
    for name in os.listdir(dataset_dir):
        if name.endswith(files.INCOMPLETE_SUFFIX) and name.startswith(starts):
            files.remove(os.path.join(dataset_dir, name))


def count_records(paths: list[str]) -> list[int]:
    """Return how many records there are in each of the files, a list.

    Of a large file, which it takes long to walk through, the manifest beside it is believed. What is read in
    the end is counted against it, see `check_count`.

    Raises:
        InputError: a file is cut off, no TFRecord file, or not of the size or the count that the manifest
            gives.
    """
    listed = {folder: manifest.listed_files(folder) for folder in {os.path.dirname(path) for path in paths}}
    counts = []
    for path in paths:
        records = _listed_count(path, listed)
        if records is None or os.path.getsize(path) <= WALKED_BYTES[tfrecord.compression_of(path)]:
            counted = tfrecord.count_records(path)
            _check_count(path, counted, records)
            records = counted
        counts.append(records)
    return counts


def check_count(path: str, count: int) -> None:
    """Raise InputError where a file, of which so many records were read, has others by its manifest."""
    folder = os.path.dirname(path)
    _check_count(path, count, _listed_count(path, {folder: manifest.listed_files(folder)}))


def _check_count(path, count, listed):
    if listed is not None and count != listed:
        raise InputError(f'{path}: expected {visible.counted(listed, "record")} by {manifest.NAME}, got '
                         f'{count}; convert again')


def _listed_count(path, listed):
    """Return the record count that the manifest gives for a file, or None where it does not list the file."""
    folder, name = os.path.split(path)
    if name not in listed[folder]:
        return None
    size, records = listed[folder][name]
    if size != os.path.getsize(path):
        raise InputError(f'{path}: expected {size} bytes by {manifest.NAME}, got {os.path.getsize(path)}; '
                         'convert again')
    return records if type(records) is int and records >= 0 else None
