"""The TFRecord container: length, checksum, payload, checksum; written and read without TensorFlow.

The format is the one in TensorFlow's `tensorflow/core/lib/io/record_writer.h`: a little-endian uint64 length,
the masked CRC-32C of those 8 bytes, the payload, and the masked CRC-32C of the payload. A file may be
compressed with gzip as a whole.
"""
import contextlib
import gzip
import os
import struct
import zlib
from collections.abc import Iterator

from local_utils import opening
from local_utils.checksum import masked_crc
from local_utils.errors import InputError

_HEADER = struct.Struct('<QI')
_FOOTER = struct.Struct('<I')
_LENGTH = struct.Struct('<Q')
MAX_PAYLOAD_BYTES = 1 << 20   # of a word: the largest image of a network has 0.4 million, name and label less
_GZIP_START = b'\x1f\x8b\x08'   # as the start of a record it would be the length 559,903
_GZIP_LEVEL = 1   # makes words a third as large; higher levels save a tenth more in 2 to 4 times the time


class CutOff(InputError):
    """A file ends in the middle of a record."""


def frame(payload: bytes) -> bytes:
    """Return one record that holds `payload`."""
    length = _LENGTH.pack(len(payload))
    return b''.join([length, _FOOTER.pack(masked_crc(length)), payload, _FOOTER.pack(masked_crc(payload))])


def compressed(records: bytes) -> bytes:
    """Return framed records, compressed; such pieces can stand one behind the other in a file."""
    return gzip.compress(records, _GZIP_LEVEL, mtime=0)


def compression_of(path: str) -> str:
    """Return how a file is compressed, by its first bytes and in TensorFlow's words: 'GZIP' or ''."""
    with opening.open_file(path) as file:
        return 'GZIP' if file.read(len(_GZIP_START)) == _GZIP_START else ''


def read_records(path: str, numbers: range | None = None,
                 largest: int = MAX_PAYLOAD_BYTES) -> Iterator[bytes]:
    """Yield the payload of each record of a file, in order.

    Args:
        path: the file.
        numbers: range of the numbers, from 1, of the records that are wanted; None for all. Others are passed
            over unread.
        largest: bytes of a payload, at most.

    Raises:
        MissingInput: there is no such file.
        CutOff: the file is cut off; says where, as all do.
        InputError: a byte of it was changed, or a payload is larger.
    """
    with _open(path) as file:
        for number, where, length in _headers(file, path, largest):
            if numbers is not None and number not in numbers:
                file.seek(length + _FOOTER.size, os.SEEK_CUR)
                continue
            body = file.read(length + _FOOTER.size)
            if len(body) < length + _FOOTER.size:
                raise CutOff(f'{where}: expected {length + _FOOTER.size} more bytes, got {len(body)}; '
                             'the file is cut off')
            payload = body[:length]
            if _FOOTER.unpack_from(body, length)[0] != masked_crc(payload):
                raise InputError(f'{where}: the checksum of its data does not match; the file is damaged')
            yield payload


def count_records(path: str) -> int:
    """Return how many records a file holds, by their headers only; raises what `read_records` raises."""
    count = 0
    with _open(path) as file:
        for number, where, length in _headers(file, path, MAX_PAYLOAD_BYTES):
            count = number
            file.seek(length + _FOOTER.size - 1, os.SEEK_CUR)
            if not file.read(1):
                raise CutOff(f'{where}: expected {length + _FOOTER.size} more bytes, got fewer; '
                             'the file is cut off')
    return count


@contextlib.contextmanager
def _open(path):
    """Open a file of records, compressed or not; raises InputError where its compression is damaged."""
    try:
        with opening.open_file(path) as file:
            yield gzip.GzipFile(fileobj=file) if compression_of(path) else file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f'{path}: expected data of gzip ({error}); the file is cut off or damaged') from error


def _headers(file, path, largest):
    """Yield (number from 1, where it is, payload length) of each record.

    The caller moves the file past each payload.
    """
    number, unit = 0, 'uncompressed byte' if isinstance(file, gzip.GzipFile) else 'byte'
    while header := file.read(_HEADER.size):
        number += 1
        where = f'{path}: record {number} at {unit} {file.tell() - len(header)}'
        if len(header) < _HEADER.size:
            raise CutOff(f'{where}: expected a header of {_HEADER.size} bytes, got {len(header)}; '
                         'the file is cut off')
        length, length_crc = _HEADER.unpack(header)
        if length_crc != masked_crc(header[:_LENGTH.size]):
            raise InputError(f'{where}: the checksum of its length does not match; the file is damaged or '
                             'no TFRecord file')
        if length > largest:
            raise InputError(f'{where}: {length} bytes, expected at most {largest}; this is no word')
        yield number, where, length
