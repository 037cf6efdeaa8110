"""The manifest of a folder of records, `manifest.json`: what a conversion says of the files that it wrote.

    version            of this schema, int
    image_size         [width, height] of the records' images
    alphabet           the characters in the order of their class indices, text
    seed, validation_split
                       which part of Train became validation
    compression        'gzip' or 'none'
    splits             {split: {records, files: [{name, records, bytes}]}}
    rejected           {kind: how many samples}
    checksum           of all of this

`manifest.json.incomplete` without `manifest.json` is the mark of a conversion that was cut short while its
files took their names.
"""
import contextlib
import hashlib
import json
import os

from local_utils import files, opening
from local_utils.char_codec import alphabet_difference
from local_utils.errors import InputError

NAME = 'manifest.json'
VERSION = 1
CHECKSUM, CHECKSUM_BYTES = 'checksum', 16


def path_in(folder: str) -> str:
    """Return the path of the manifest of a folder."""
    return os.path.join(folder, NAME)


def describe(*, image_size: tuple, alphabet: str, seed: int, validation_split: float, is_compressed: bool,
             splits: dict, rejected: dict) -> dict:
    """Return what a manifest holds.

    Args:
        image_size: (width, height).
        alphabet: the characters.
        seed: of the choice of validation.
        validation_split: fraction of Train that became validation.
        is_compressed: whether the files are, with gzip.
        splits: split → list of (file name, records, bytes).
        rejected: kind → how many samples.
    """
    described = {
        'version': VERSION, 'image_size': list(image_size), 'alphabet': alphabet, 'seed': seed,
        'validation_split': validation_split, 'compression': 'gzip' if is_compressed else 'none',
        'splits': {split: {'records': sum(records for _, records, _ in of_split), 'files': [
            {'name': name, 'records': records, 'bytes': size} for name, records, size in of_split]}
            for split, of_split in splits.items()},
        'rejected': rejected}
    return {**described, CHECKSUM: checksum_of(described)}


def checksum_of(manifest: dict) -> str:
    """Return the checksum of what a manifest holds beside it."""
    value = {key: manifest[key] for key in manifest if key != CHECKSUM}
    content = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=CHECKSUM_BYTES).hexdigest()


def read(folder: str) -> dict | None:
    """Return the manifest of a folder, or None where there is none.

    Raises:
        InputError: it is no JSON object, of a later version of this project, or was changed.
    """
    path = path_in(folder)
    if not os.path.exists(path):
        return None
    manifest = files.read_json_object(path)
    version = manifest.get('version', VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise InputError(f'{path}: version {version!r}, expected at most {VERSION}; the records are of a '
                         'later version of this project, update it or convert again')
    if CHECKSUM in manifest and manifest[CHECKSUM] != checksum_of(manifest):
        raise InputError(f'{path}: its checksum does not match, it was changed since it was written; '
                         'convert again')
    return manifest


def check(folder: str, characters: str, input_size: tuple) -> None:
    """Raise InputError where the manifest says that the records are not what they seem to be.

    Args:
        folder: of the records; without a manifest (as with the original's records) there is nothing to check.
        characters: the alphabet that lies beside the records.
        input_size: (width, height) that the images should have.
    """
    manifest = read(folder)
    if manifest is None:
        if is_cut_short(folder):
            raise InputError(f'{folder}: a conversion into this folder was cut short; run it again')
        return
    alphabet, image_size = manifest.get('alphabet', characters), manifest.get('image_size', input_size)
    if not isinstance(alphabet, str) or not isinstance(image_size, (list, tuple)):
        raise InputError(f'{path_in(folder)}: expected "alphabet" to be text and "image_size" a list; '
                         'convert again')
    if difference := alphabet_difference(alphabet, characters):
        raise InputError(f'{folder}: the records are of another alphabet than the files beside them: '
                         f'{difference}')
    if tuple(image_size) != tuple(input_size):
        raise InputError(f'{folder}: the records have images of {image_size} (width, height), '
                         f'expected {list(input_size)}; convert again, or train with ARCH.INPUT_SIZE of the '
                         'records')


def listed_files(folder: str) -> dict[str, tuple[int, int]]:
    """Return what the manifest says of the record files, name → (bytes, records); empty without one."""
    manifest = read(folder) or {}
    try:
        return {entry['name']: (entry['bytes'], entry['records'])
                for split in manifest.get('splits', {}).values() for entry in split['files']}
    except (KeyError, TypeError, AttributeError):
        return {}   # not a manifest of ours


def is_cut_short(folder: str) -> bool:
    """Whether a conversion ended while it replaced the files of a folder, which may be of two data sets."""
    return os.path.exists(path_in(folder) + files.INCOMPLETE_SUFFIX) and not os.path.exists(path_in(folder))


def mark_cut_short(folder: str) -> None:
    """Leave the mark that `is_cut_short` looks for, where there is no manifest."""
    with opening.open_file(path_in(folder) + files.INCOMPLETE_SUFFIX, 'wb'):
        pass


def remove(folder: str) -> None:
    """Remove the manifest of a folder, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path_in(folder))
