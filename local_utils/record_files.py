"""The record files of a data set: their names, where they are, how many records they hold."""
import os
import re

from local_utils import files, tfrecord

TRAIN, TEST, VALIDATION = SPLITS = ('train', 'test', 'validation')
MANIFEST_NAME = 'manifest.json'


def file_names(split, num_shards=1):
    """Return the names of a split's record files."""
    name = f'{split}_feature.tfrecords'
    return [name] if num_shards == 1 else [f'{name}-{index:05d}-of-{num_shards:05d}' for index in range(num_shards)]


def find_record_files(dataset_dir, split):
    """Return the paths of a split's record files, in order, whether one or several shards.

    Raises:
        FileNotFoundError: there are none, or shards are missing; names them.
        ValueError: there are files of two conversions side by side.
    """
    if not os.path.isdir(dataset_dir):
        raise FileNotFoundError(f'{dataset_dir}: no such folder; expected one with {file_names(split)[0]} and the alphabet')
    present = existing_record_files(dataset_dir, split)
    if not present:
        raise FileNotFoundError(f'{os.path.join(dataset_dir, file_names(split)[0])}: no such file; '
                                'tools/write_text_features.py makes it')
    shards = re.search(r'-of-(\d+)$', present[-1])
    expected = file_names(split, int(shards[1]) if shards else 1)
    missing = [name for name in expected if name not in present]
    if missing:
        raise FileNotFoundError(f'{dataset_dir}: {missing[0]} is missing, one of {len(missing)} of {len(expected)} shards')
    if len(present) > len(expected):
        raise ValueError(f'{dataset_dir}: {present[0]} and {present[-1]} are of two conversions; expected the files of one')
    return [os.path.join(dataset_dir, name) for name in expected]


def existing_record_files(dataset_dir, split):
    """Return the names of all record files of a split in a folder, of whatever number of shards."""
    pattern = re.compile(re.escape(file_names(split)[0]) + r'(-\d{5,}-of-\d{5,})?')
    return sorted(name for name in os.listdir(dataset_dir) if pattern.fullmatch(name))


def count_records(paths):
    """Return how many records there are in the files together.

    The manifest beside the files is believed where it lists a file with its size in bytes; other files are walked through.

    Raises:
        ValueError: a file is cut off or no TFRecord file.
    """
    return sum(_listed_count(path) or tfrecord.count_records(path) for path in paths)


def _listed_count(path):
    """Return the record count that the manifest gives for a file of this name and size, or None."""
    folder, name = os.path.split(path)
    try:
        splits = files.read_json_object(os.path.join(folder, MANIFEST_NAME))['splits']
        listed = [entry for split in splits.values() for entry in split['files'] if entry['name'] == name]
        if listed and listed[0]['bytes'] == os.path.getsize(path) and isinstance(listed[0]['records'], int):
            return listed[0]['records']
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass   # no manifest, or not one of ours: the files themselves tell
    return None
