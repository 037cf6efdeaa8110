"""Annotated images to serialised records: what one worker of the conversion does to a chunk of lines."""
import collections
import hashlib
import os
import tempfile
from typing import NamedTuple

from data_provider import annotation, image_file
from data_provider.annotation import AnnotatedLine, RejectedSample
from data_provider.settings import ConversionSettings
from local_utils import char_codec, data_utils, files, tfrecord
from local_utils.char_codec import CharacterCodec
from local_utils.errors import UnknownCharacter
from local_utils.record_files import TRAIN, VALIDATION

OUTSIDE_ALPHABET = 'outside the alphabet'   # the kind of a reject


class Conversion(NamedTuple):
    """What a worker has to know."""

    settings: ConversionSettings
    dataset_dir: str   # as os.path.realpath gives it
    codec: CharacterCodec


class Reject(NamedTuple):
    """A line that gave no record."""

    line_number: int
    path: str
    text: str
    kind: str
    reason: str


class Converted(NamedTuple):
    """What became of some lines."""

    records: dict   # split → framed records, one behind the other, bytes, or the path of a file of them
    counts: dict    # split → how many records these are
    rejects: list[Reject]   # in the order of the lines
    num_lines: int


def convert_lines(conversion: Conversion, split: str, lines: list[AnnotatedLine]) -> Converted:
    """Convert lines of the split train or test; a sample that cannot be used is among the rejects."""
    records, rejects = collections.defaultdict(list), []
    settings = conversion.settings
    for line in lines:
        path, text = line.content.decode('utf-8', 'replace'), ''
        try:
            path, text = annotation.parse_line(line.content)
            record = _convert_sample(conversion, path, text)
        except RejectedSample as error:
            rejects.append(Reject(line.number, path, text, error.kind, str(error)))
        else:
            in_validation = split == TRAIN and is_validation(path, settings.seed, settings.validation_split)
            records[VALIDATION if in_validation else split].append(record)
    return Converted({split: b''.join(of_split) for split, of_split in records.items()},
                     {split: len(of_split) for split, of_split in records.items()}, rejects, len(lines))


def convert_lines_to_files(folder: str, conversion: Conversion, split: str,
                           lines: list[AnnotatedLine]) -> Converted:
    """Do what `convert_lines` does, and leave the records of each split in a file of a folder.

    They are compressed if so wished. A process hands a path to another at once; the records themselves would go
    through a pipe of 64 kB, which takes longer than to make them.
    """
    converted = convert_lines(conversion, split, lines)
    is_compressed = conversion.settings.is_compressed
    return converted._replace(records={
        name: _new_file(folder, tfrecord.compressed(records) if is_compressed else records)
        for name, records in converted.records.items()})


def _new_file(folder, content):
    descriptor, path = tempfile.mkstemp(dir=folder)
    with files.named_errors(path), os.fdopen(descriptor, 'wb') as file:
        file.write(content)
    return path


def encode_text(codec: CharacterCodec, text: str, max_frames: int) -> list[int]:
    """Return the label of a text that CTC can express in `max_frames` frames.

    Raises:
        RejectedSample: a character is outside the alphabet, or the text needs more frames.
    """
    try:
        label = codec.encode(text)
    except UnknownCharacter as error:
        raise RejectedSample(OUTSIDE_ALPHABET, str(error)) from error
    needed = char_codec.required_frames(label)
    if needed > max_frames:
        raise RejectedSample(
            'text too long', f'CTC needs {needed} frames for it, the image gives {max_frames}')
    return label


def is_validation(path: str, seed: int, fraction: float) -> bool:
    """Whether a path is in the validation part: a hash of seed and path, whatever the order of the lines.

    Args:
        path: of the image.
        seed: chooses which paths are.
        fraction: of the paths that are, in [0, 1).
    """
    hashed = hashlib.blake2b(path.encode('utf-8'), digest_size=8, key=str(seed).encode())
    return int.from_bytes(hashed.digest(), 'big') < fraction * 2.0 ** 64


def _convert_sample(conversion, path, text):
    """Return the framed record, bytes, of one sample, or raise RejectedSample."""
    label = encode_text(conversion.codec, text, conversion.settings.max_frames)
    image = image_file.read_image_inside(conversion.dataset_dir, path, conversion.settings.input_size)
    return tfrecord.frame(data_utils.encode_example(image, label, path.rpartition('/')[2]))
