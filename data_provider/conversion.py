"""Annotated images to serialised records: what one worker of the conversion does to a chunk of lines."""
import collections
import hashlib
import os
import tempfile

from data_provider import annotation, image_file
from data_provider.annotation import RejectedSample
from local_utils import char_codec, data_utils, files, tfrecord
from local_utils.errors import UnknownCharacter
from local_utils.record_files import TRAIN, VALIDATION

Conversion = collections.namedtuple('Conversion', [
    'dataset_dir',       # as os.path.realpath gives it
    'codec',             # CharacterCodec
    'input_size',        # (width, height) of the records' images
    'max_frames',        # frames that the network makes of such an image
    'validation_split',  # share of Train that becomes validation, in [0, 1)
    'seed',              # chooses which samples those are
    'is_compressed',     # whether the record files are, with gzip
])

Converted = collections.namedtuple('Converted', [
    'records',   # dict of split -> framed records, one behind the other, bytes, or the path of a file of them
    'counts',    # dict of split -> how many records these are
    'rejects',   # list of Reject, in the order of the lines
    'num_lines',
])

OUTSIDE_ALPHABET = 'outside the alphabet'   # the kind of a reject

Reject = collections.namedtuple('Reject', 'line_number path label kind reason')


def convert_lines(conversion, split, lines):
    """Convert a list of AnnotatedLine of the split train or test; a sample that cannot be used is among the rejects.

    Returns:
        Converted.
    """
    records, rejects = collections.defaultdict(list), []
    for line in lines:
        path, label = line.text.decode('utf-8', 'replace'), ''
        try:
            path, label = annotation.parse_line(line.text)
            record = _convert_sample(conversion, path, label)
        except RejectedSample as error:
            rejects.append(Reject(line.number, path, label, error.kind, str(error)))
        else:
            in_validation = split == TRAIN and is_validation(path, conversion.seed, conversion.validation_split)
            records[VALIDATION if in_validation else split].append(record)
    return Converted({split: b''.join(of_split) for split, of_split in records.items()},
                     {split: len(of_split) for split, of_split in records.items()}, rejects, len(lines))


def convert_lines_to_files(folder, conversion, split, lines):
    """Do what `convert_lines` does, and leave the records of each split, compressed if so wished, in a file of a folder.

    A process hands a path to another at once; the records themselves would go through a pipe of 64 kB, which takes longer than
    to make them.
    """
    converted = convert_lines(conversion, split, lines)
    return converted._replace(records={
        name: _new_file(folder, tfrecord.compressed(records) if conversion.is_compressed else records)
        for name, records in converted.records.items()})


def _new_file(folder, content):
    descriptor, path = tempfile.mkstemp(dir=folder)
    with files.named_errors(path), os.fdopen(descriptor, 'wb') as file:
        file.write(content)
    return path


def encode_label(codec, text, max_frames):
    """Return the class indices of a label that CTC can express in `max_frames` frames.

    Raises:
        RejectedSample: a character is outside the alphabet, or the label needs more frames.
    """
    try:
        label = codec.encode(text)
    except UnknownCharacter as error:
        raise RejectedSample(OUTSIDE_ALPHABET, str(error)) from error
    needed = char_codec.required_frames(label)
    if needed > max_frames:
        raise RejectedSample('label too long', f'CTC needs {needed} frames for it, the image gives {max_frames}')
    return label


def is_validation(path, seed, share):
    """Whether a path is in the validation part: a hash of seed and path, whatever the order of the lines.

    Args:
        share: of the paths that are, in [0, 1).
    """
    digest = hashlib.blake2b(path.encode('utf-8'), digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest, 'big') < share * 2.0 ** 64


def _convert_sample(conversion, path, label_text):
    """Return the framed record, bytes, of one sample, or raise RejectedSample."""
    label = encode_label(conversion.codec, label_text, conversion.max_frames)
    image = image_file.read_image_inside(conversion.dataset_dir, path, conversion.input_size)
    return tfrecord.frame(data_utils.encode_example(image, label, path.rpartition('/')[2]))
