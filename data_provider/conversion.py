"""Annotated images to serialised records: what one worker of the conversion does to a chunk of lines."""
import array
import collections
import functools
import hashlib
import os
import tempfile
import zlib
from typing import NamedTuple

from data_provider import annotation, usable_text
from data_provider.annotation import AnnotatedLine
from data_provider.image_folder import ImageFolder
from data_provider.rejected_sample import RejectedSample
from data_provider.settings import ConversionSettings
from local_utils import complaints, data_utils, files, tfrecord
from local_utils.char_codec import CharacterCodec
from local_utils.record_files import TRAIN, VALIDATION

COMPLAINT = "decoder's complaint"   # the kind of a remark
NO_PATH = 0   # in place of the hash of a path


class Conversion(NamedTuple):
    """What a worker has to know."""

    settings: ConversionSettings
    dataset_dir: str   # as os.path.realpath gives it
    codec: CharacterCodec
    forms: dict        # split → AnnotationForm of its file


class LineNote(NamedTuple):
    """A line that gave no record, or one that did and is remarked on."""

    line_number: int | str   # '' where there are no lines
    path: str
    text: str
    kind: str     # what is counted
    reason: str   # what it was with this one


class Converted(NamedTuple):
    """What became of some lines."""

    records: dict   # split → framed records, one behind the other, bytes, or the path of a file of them
    counts: dict    # split → how many records these are
    rejects: list[LineNote]   # in the order of the lines
    remarks: list[LineNote]   # likewise
    path_hashes: array.array   # 'Q', of each line
    text_hashes: array.array   # 'I', likewise


def convert_lines(conversion: Conversion, split: str, lines: list[AnnotatedLine]) -> Converted:
    """Convert lines of the split train or test; a sample that cannot be used is among the rejects."""
    with ImageFolder(conversion.dataset_dir, follow_links=conversion.settings.follow_links) as images:
        return _convert_lines(conversion, split, lines, images)


def _convert_lines(conversion, split, lines, images):
    settings, form = conversion.settings, conversion.forms.get(split, annotation.OWN_FORM)
    records = collections.defaultdict(list)
    converted = Converted({}, {}, [], [], array.array('Q'), array.array('I'))
    with complaints.caught_complaints() as caught:
        for line in lines:
            record, path_hash = _convert_line(conversion, form, line, images, converted, caught)
            if record is not None:
                in_validation = split == TRAIN and is_below(path_hash, settings.validation_split)
                records[VALIDATION if in_validation else split].append(record)
    return converted._replace(records={split: b''.join(of_split) for split, of_split in records.items()},
                              counts={split: len(of_split) for split, of_split in records.items()})


_conversion = _scratch = None   # of a process that converts


def prepare_worker(conversion: Conversion, scratch: str) -> None:
    """Tell a process once what it is to convert, and in which folder its files go."""
    global _conversion, _scratch
    _conversion, _scratch = conversion, scratch


@functools.cache
def images_of_worker(dataset_dir: str, follow_links: bool) -> ImageFolder:
    """Return the folder of the images of a process that was started for one data set; it stays open."""
    return ImageFolder(dataset_dir, follow_links=follow_links)


def convert_lines_to_files(split: str, lines: list[AnnotatedLine]) -> Converted:
    """Do what `convert_lines` does in a process that is prepared, and leave the records of each split in a
    file.

    They are compressed if so wished. A process hands a path to another at once; the records themselves would
    go through a pipe of 64 kB, which takes longer than to make them.
    """
    settings = _conversion.settings
    images = images_of_worker(_conversion.dataset_dir, settings.follow_links)
    converted = _convert_lines(_conversion, split, lines, images)
    return converted._replace(records={
        name: _new_file(_scratch, tfrecord.compressed(records) if settings.is_compressed else records)
        for name, records in converted.records.items()})


def is_validation(path: str, seed: int, fraction: float) -> bool:
    """Whether a path is in the validation part: a hash of seed and path, whatever the order of the lines.

    Args:
        path: of the image.
        seed: chooses which paths are.
        fraction: of the paths that are, in [0, 1).
    """
    return is_below(hash_of_path(path, seed), fraction)


def hash_of_path(path: str, seed: int) -> int:
    """Return a number below 2**64 that a path and a seed give on every machine."""
    encoded = path.encode('utf-8', 'surrogatepass')   # JSON may have halves of pairs
    hashed = hashlib.blake2b(encoded, digest_size=8, key=str(seed).encode())
    return int.from_bytes(hashed.digest(), 'big')


def hash_of_line(path: str, text: str, seed: int) -> tuple[int, int]:
    """Return (the hash of the path, below 2**64; that of the text, below 2**32) of a line."""
    return hash_of_path(path, seed), zlib.crc32(text.encode('utf-8', 'surrogatepass'))


def is_below(path_hash: int, fraction: float) -> bool:
    """Whether a hash is in a fraction of all hashes."""
    return path_hash < fraction * 2.0 ** 64


def _new_file(folder, content):
    descriptor, path = tempfile.mkstemp(dir=folder)
    with files.named_errors(path), os.fdopen(descriptor, 'wb') as file:
        file.write(content)
    return path


def _convert_line(conversion, form, line, images, converted, caught):
    """Return (the framed record of a line or None, the hash of its path); note what is to be said of it."""
    path, text, remarks, record = line.content.decode('utf-8', 'replace'), '', [], None
    path_hash, text_hash = NO_PATH, 0
    try:
        path, text = annotation.parse_line(line.content, form)
        path_hash, text_hash = hash_of_line(path, text, conversion.settings.seed)
        record, remarks = _convert_sample(conversion, images, path, text)
    except RejectedSample as error:
        converted.rejects.append(LineNote(line.number, path, text, error.kind, str(error)))
    if complaint := caught.take():
        remarks.append((COMPLAINT, complaint))
    for kind, detail in remarks:
        converted.remarks.append(LineNote(line.number, path, text, kind, detail))
    converted.path_hashes.append(path_hash)
    converted.text_hashes.append(text_hash)
    return record, path_hash


def _convert_sample(conversion, images, path, text):
    """Return (the framed record of a sample, remarks), or raise RejectedSample: of the picture first."""
    settings = conversion.settings
    usable_text.check_not_ignored(text, settings.text_rules)
    image, remarks = images.load(path, settings.input_size)
    if not usable_text.is_plain(text, settings.text_rules):
        text, of_visible = usable_text.visible_text(text, settings.text_rules)
        text, of_known = usable_text.known_text(text, settings.text_rules, conversion.codec)
        remarks += of_visible + of_known
    label = usable_text.encode_text(conversion.codec, text, settings.max_frames)
    record = tfrecord.frame(data_utils.encode_example(image, label, path.rpartition('/')[2]))
    return record, remarks
