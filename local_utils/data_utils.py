"""The TFRecord schema of the word images, with its writer and its reader.

A record is a `tf.train.Example` of three features:

    images      bytes, uint8 BGR pixels, row-major [height, width, 3]
    labels      int64 list, the class index of each character
    imagenames  bytes, the file's base name; `imagepaths`, its path, is read, too

It is written and read here in protocol-buffer wire format, so that conversion needs no TensorFlow.
"""
import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from local_utils import files, tfrecord
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from local_utils.protocol_buffers import Malformed, bytes_field, fields, packed, tag, unpacked, varint

IMAGES, LABELS = 'images', 'labels'        # features of a record
NAMES = ('imagenames', 'imagepaths')       # it has either of them; the first is written
FOLDERS_OF_NAME = '^.*/'                   # regular expression of what is left out of such a name


class TextFeature(NamedTuple):
    """A record that was read."""

    image: np.ndarray   # uint8 [height, width, 3], BGR
    label: list[int]    # the class index of each character
    imagename: str      # the base name of the image file


# Field numbers of tensorflow/core/example/{example,feature}.proto.
_BYTES_LIST, _INT64_LIST = 1, 3


class TextFeatureWriter:
    """Writes the features of word images as TFRecords."""

    def __init__(self, codec: CharacterCodec):
        self._codec = codec

    def write_features(self, tfrecords_path: str, texts: Iterable[str], images: Iterable[np.ndarray],
                       imagenames: Iterable[str]) -> None:
        """Write one record per image; the file appears whole or not at all.

        Args:
            tfrecords_path: the file to write.
            texts: what is written in each image.
            images: uint8 [height, width, 3] BGR.
            imagenames: base names of their files.

        Raises:
            InputError: the three are not equally long.
            UnknownCharacter: a text has a character outside the alphabet.
        """
        with files.atomic_file(tfrecords_path) as file:
            for text, image, imagename in zip(texts, images, imagenames, strict=True):
                file.write(tfrecord.frame(encode_example(image, self._codec.encode(text), imagename)))


class TextFeatureReader:
    """Reads the features of word images from TFRecords."""

    def __init__(self, input_size: tuple):
        """Build a reader of images of `input_size`, (width, height)."""
        self._image_shape = (input_size[1], input_size[0], 3)

    def read_features(self, tfrecords_path: str, numbers: range | None = None) -> Iterator[TextFeature]:
        """Yield each record of a file, checking checksums, schema and image size.

        Args:
            tfrecords_path: the file.
            numbers: range of the numbers, from 1, of the records that are wanted; None for all.

        Raises:
            MissingInput: there is no such file.
            InputError: the file is damaged, or a record is not of the schema or of another image size; says
                where.
        """
        payloads = tfrecord.read_records(tfrecords_path, numbers)
        counted = itertools.count(1) if numbers is None else numbers
        for number, payload in zip(counted, payloads, strict=False):
            try:
                pixels, label, imagename = decode_example(payload)
                if len(pixels) != np.prod(self._image_shape):
                    height, width, channels = self._image_shape
                    raise InputError(f'expected an image of {width}x{height}x{channels} bytes, got '
                                     f'{len(pixels)} bytes')
            except InputError as error:
                raise InputError(f'{tfrecords_path}: record {number}: {error}') from error
            image = np.frombuffer(pixels, np.uint8).reshape(self._image_shape)
            yield TextFeature(image, label, imagename)


class TextFeatureIO:
    """The writer and the reader of one alphabet and one image size, (width, height)."""

    def __init__(self, codec: CharacterCodec, input_size: tuple = (100, 32)):
        self.writer = TextFeatureWriter(codec)
        self.reader = TextFeatureReader(input_size)


def encode_example(image: np.ndarray, label: list[int], imagename: str) -> bytes:
    """Serialise one sample as a `tf.train.Example`.

    Args:
        image: uint8 [height, width, 3], BGR.
        label: the class index of each character.
        imagename: bytes that are no UTF-8 may stand in it as surrogate escapes.
    """
    # Joined once: every piece is small but the pixels, which are copied only here.
    pieces = []
    for name, list_field, value in ((NAMES[0], _BYTES_LIST, imagename.encode('utf-8', 'surrogateescape')),
                                    (IMAGES, _BYTES_LIST, image.tobytes()),
                                    (LABELS, _INT64_LIST, packed(label))):
        pieces += [_feature_head(name, list_field, len(value)), value]
    return b''.join([tag(1), varint(sum(map(len, pieces))), *pieces])


def decode_example(payload: bytes) -> tuple[bytes, list[int], str]:
    """Parse what `encode_example`, or the original, wrote.

    Returns:
        (pixels; label; base name of the image).

    Raises:
        InputError: the bytes are no Example, or a feature is missing; says which.
    """
    try:
        return _decoded(memoryview(payload))
    except Malformed as error:
        raise InputError(f'expected a tf.train.Example, got bytes that are none: {error}') from error


def _decoded(payload):
    features = {}
    for features_message in _messages(payload, 1):
        for entry in _messages(features_message, 1):
            key, value = next(_messages(entry, 1), b''), next(_messages(entry, 2), b'')
            features[bytes(key)] = value
    name_key = next((name for name in NAMES if name.encode() in features), NAMES[0])
    lists = {}
    for key, list_field in ((IMAGES, _BYTES_LIST), (LABELS, _INT64_LIST), (name_key, _BYTES_LIST)):
        lists[key] = next(_messages(features.get(key.encode(), b''), list_field), None)
        if lists[key] is None:
            raise InputError(f'expected the features {IMAGES}, {LABELS} and {NAMES[0]}, got no usable {key}')
    pixels, name = (bytes(next(_messages(lists[key], 1), b'')) for key in (IMAGES, name_key))
    base_name = name.decode('utf-8', 'surrogateescape').rpartition('/')[2]
    return pixels, _int64_values(lists[LABELS]), base_name


@functools.lru_cache(maxsize=1 << 12)
def _feature_head(name, list_field, value_length):
    """Return what stands before a value in the map from name to `Feature`.

    Each is a list of one value, or of packed numbers.
    """
    heads = b''
    length = value_length
    for field_number in (1, list_field, 2):   # from the value outwards: list, feature, entry
        heads = tag(field_number) + varint(length) + heads
        length = value_length + len(heads)
    key = bytes_field(1, name.encode())
    return tag(1) + varint(len(key) + length) + key + heads


def _messages(message, number):
    """Yield the length-delimited fields of that number, as memoryviews."""
    for field, value in fields(message):
        if field == number and not isinstance(value, int):
            yield value


def _int64_values(int64_list):
    """Return the values of an `Int64List`, packed or not."""
    values = []
    for field, value in fields(int64_list):
        if field == 1:
            values += [value] if isinstance(value, int) else unpacked(value)
    return values
