"""The bytes of an exported ONNX file: metadata added, and a checksum of all of it, without the onnx package.

A file is a protocol buffer, ModelProto; what is written behind one adds to it. The last entry of the
metadata is the CRC-32C of all the bytes before its value.
"""
import google_crc32c

from local_utils.errors import InputError
from local_utils.protocol_buffers import bytes_field

METADATA = 14            # field of ModelProto: entries with a key, field 1, and a value, field 2
CHECKSUM = 'crc32c'
CHECKSUM_DIGITS = 8


def with_metadata(model: bytes, metadata: dict[str, str]) -> bytes:
    """Return a model, bytes, with more metadata."""
    entries = [bytes_field(1, key.encode()) + bytes_field(2, value.encode())
               for key, value in metadata.items()]
    return model + b''.join(bytes_field(METADATA, entry) for entry in entries)


def sealed(model: bytes) -> bytes:
    """Return a model with its checksum behind it; nothing may be added any more."""
    unfinished = with_metadata(model, {CHECKSUM: '0' * CHECKSUM_DIGITS})[:-CHECKSUM_DIGITS]
    return unfinished + _checksum(unfinished)


def unsealed(content: bytes) -> bytes:
    """Return what `sealed` was given."""
    return content[:-len(sealed(b''))]


def check_seal(content: bytes, path: str) -> None:
    """Raise InputError where a file does not end in its checksum; `path` is named."""
    unfinished, checksum = content[:-CHECKSUM_DIGITS], content[-CHECKSUM_DIGITS:]
    if checksum != _checksum(unfinished):
        raise InputError(f'{path}: no model that export_shadownet.py wrote, or cut off, damaged or changed '
                         'since; its checksum does not match')


def _checksum(content):
    return f'{google_crc32c.value(content):0{CHECKSUM_DIGITS}x}'.encode()
