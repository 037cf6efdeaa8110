"""The record files of a data set: their names, where they are, how many records they hold."""
import os
import re
import shutil

from local_utils import files, tfrecord
from local_utils.char_codec import alphabet_difference
from local_utils.errors import InputError, MissingInput

TRAIN, TEST, VALIDATION = SPLITS = ('train', 'test', 'validation')
MANIFEST_NAME = 'manifest.json'
SCRATCH_PREFIX = 'scratch-'   # of the folder that a conversion works in


def file_names(split, num_shards=1):
    """Return the names of a split's record files."""
    name = f'{split}_feature.tfrecords'
    return [name] if num_shards == 1 else [f'{name}-{index:05d}-of-{num_shards:05d}' for index in range(num_shards)]


def find_record_files(dataset_dir, split):
    """Return the paths of a split's record files, in order, whether one or several shards.

    Raises:
        MissingInput: there are none, or shards are missing; names them.
        InputError: there are files of two conversions side by side.
    """
    if not os.path.isdir(dataset_dir):
        raise MissingInput(f'{dataset_dir}: no such folder; expected one with {file_names(split)[0]} and the alphabet')
    present = existing_record_files(dataset_dir, split)
    if not present:
        raise MissingInput(f'{os.path.join(dataset_dir, file_names(split)[0])}: no such file; '
                                'tools/write_text_features.py makes it')
    shards = re.search(r'-of-(\d+)$', present[-1])
    expected = file_names(split, int(shards[1]) if shards else 1)
    missing = [name for name in expected if name not in present]
    if missing:
        raise MissingInput(f'{dataset_dir}: expected {len(expected)} shards, found {len(expected) - len(missing)}; '
                                f'the first that is missing is {missing[0]}')
    if len(present) > len(expected):
        raise InputError(f'{dataset_dir}: {present[0]} and {present[-1]} are of two conversions; expected the files of one')
    return [os.path.join(dataset_dir, name) for name in expected]


def existing_record_files(dataset_dir, split):
    """Return the names of all record files of a split in a folder, of whatever number of shards."""
    pattern = re.compile(re.escape(file_names(split)[0]) + r'(-\d{5,}-of-\d{5,})?')
    return sorted(name for name in os.listdir(dataset_dir) if pattern.fullmatch(name))


def remove_incomplete(dataset_dir):
    """Remove what a killed conversion left of the record files of a folder, of whatever number of shards."""
    for name in os.listdir(dataset_dir):
        path = os.path.join(dataset_dir, name)
        if name.endswith(files.INCOMPLETE_SUFFIX) and name.startswith(tuple(file_names(split)[0] for split in SPLITS)):
            os.remove(path)
        elif name.endswith(files.INCOMPLETE_SUFFIX) and name.startswith(SCRATCH_PREFIX):
            shutil.rmtree(path)


def is_cut_short(dataset_dir):
    """Whether a conversion into a folder ended while it replaced the files; what is there may be of two data sets."""
    path = os.path.join(dataset_dir, MANIFEST_NAME)
    return os.path.exists(path + files.INCOMPLETE_SUFFIX) and not os.path.exists(path)


def mark_cut_short(dataset_dir):
    """Leave the mark that `is_cut_short` looks for, where there is no manifest."""
    with open(os.path.join(dataset_dir, MANIFEST_NAME + files.INCOMPLETE_SUFFIX), 'wb'):
        pass


def check_manifest(dataset_dir, characters, input_size):
    """Raise InputError where the manifest says that the records are not what they seem to be.

    Args:
        dataset_dir: the folder of the records; without a manifest (as with the original's records) there is nothing to check.
        characters: the alphabet that lies beside the records, str.
        input_size: (width, height) that the images should have.
    """
    manifest_path = os.path.join(dataset_dir, MANIFEST_NAME)
    manifest = _read_manifest(dataset_dir)
    if manifest is None:
        if is_cut_short(dataset_dir):
            raise InputError(f'{dataset_dir}: a conversion into this folder was cut short; run it again')
        return
    alphabet, image_size = manifest.get('alphabet', characters), manifest.get('image_size', input_size)
    if not isinstance(alphabet, str) or not isinstance(image_size, (list, tuple)):
        raise InputError(f'{manifest_path}: expected "alphabet" to be text and "image_size" a list; convert again')
    difference = alphabet_difference(alphabet, characters)
    if difference:
        raise InputError(f'{dataset_dir}: the records are of another alphabet than the files beside them: {difference}')
    if tuple(image_size) != tuple(input_size):
        raise InputError(f'{dataset_dir}: the records have images of {image_size} (width, height), '
                         f'expected {list(input_size)}; convert again, or train with ARCH.INPUT_SIZE of the records')


def count_records(paths):
    """Return how many records there are in each of the files, a list.

    The manifest beside the files is believed where it lists them; other files are walked through.

    Raises:
        InputError: a file is cut off, no TFRecord file, or not of the size that the manifest gives.
    """
    listed = {folder: _listed_files(folder) for folder in {os.path.dirname(path) for path in paths}}
    return [_listed_count(path, listed) or tfrecord.count_records(path) for path in paths]


def _listed_files(folder):
    """Return what the manifest of a folder says of its record files, a dict of name → (bytes, records); empty without one."""
    try:
        splits = (_read_manifest(folder) or {}).get('splits', {})
        return {entry['name']: (entry['bytes'], entry['records']) for split in splits.values() for entry in split['files']}
    except (KeyError, TypeError, AttributeError):
        return {}   # not a manifest of ours


def _listed_count(path, listed):
    """Return the record count that the manifest gives for a file, or None where it does not list the file."""
    folder, name = os.path.split(path)
    if name not in listed[folder]:
        return None
    size, records = listed[folder][name]
    if size != os.path.getsize(path):
        raise InputError(f'{path}: expected {size} bytes by {MANIFEST_NAME}, got {os.path.getsize(path)}; convert again')
    return records if type(records) is int and records > 0 else None


def _read_manifest(folder):
    """Return the manifest of a folder, a dict, or None where there is none."""
    path = os.path.join(folder, MANIFEST_NAME)
    return files.read_json_object(path) if os.path.exists(path) else None
