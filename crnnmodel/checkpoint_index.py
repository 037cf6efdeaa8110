"""The index of a checkpoint: which tensors it has and where their bytes are, read without TensorFlow.

The file is a sorted table as in TensorFlow's `tensorflow/core/lib/io/table_format.txt`: blocks of keys and
values, a checksum behind each, then a footer that says where the block of blocks is. A key is the name of a
tensor, the value a BundleEntryProto (`tensorflow/core/protobuf/tensor_bundle.proto`); the empty key has the
BundleHeaderProto.
"""
import struct
from collections.abc import Iterator
from typing import NamedTuple

from local_utils import protocol_buffers
from local_utils.checksum import masked_crc
from local_utils.protocol_buffers import Malformed, read_varint

MAGIC = struct.pack('<Q', 0xdb4775248b80fb57)
FOOTER_BYTES = 48
BLOCK_TRAILER = struct.Struct('<BI')   # compression, of which TensorFlow uses none, and checksum
READABLE_VERSION = 1
LITTLE_ENDIAN = 0
MAX_NAME_BYTES = 1 << 12      # of a tensor; each may have all of the one before in it
MAX_TAKEN_BYTES = 1 << 27     # of all names and entries


class Entry(NamedTuple):
    """Where a tensor is, and what."""

    dtype: int               # number of tensorflow.DataType
    shape: tuple[int, ...]
    shard: int               # number of the data file
    offset: int              # of its first byte there
    size: int                # bytes
    checksum: int            # masked CRC-32C


def parse_index(content: bytes) -> tuple[int, dict[str, Entry]]:
    """Parse an index.

    Returns:
        (the number of data files, the Entry of each tensor by its name)

    Raises:
        Malformed: it is damaged in any way.
    """
    values, num_taken = {}, 0
    for key, value in key_values_of(content):
        if key in values:
            raise Malformed(f'the index has {key!r} twice')
        values[key] = value
        num_taken += len(key) + len(value)
        if num_taken > MAX_TAKEN_BYTES:
            raise Malformed(f'the index has names and entries of more than {MAX_TAKEN_BYTES} bytes')
    if b'' not in values:
        raise Malformed('the index has no header')
    num_shards = _num_shards(values.pop(b''))
    return num_shards, {_text(key): _entry(value, num_shards) for key, value in values.items()}


def key_values_of(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of an index, its checksums checked; raises Malformed."""
    if len(content) < FOOTER_BYTES or not content.endswith(MAGIC):
        raise Malformed('the index is cut off')
    end = len(content) - FOOTER_BYTES
    notes, position = _block(content, content[end:], 0, end)   # of which there are none
    blocks, _ = _block(content, content[end:], position, end)
    for _ in _key_values(notes):
        pass
    for _, handle in _key_values(blocks):
        of_block = _key_values(_block(content, handle, 0, end)[0])
        first = next(of_block, None)
        if first is None:   # or the same one, named a million times, would be looked at without end
            raise Malformed('a block of the index is empty')
        yield first
        yield from of_block


def _block(content, handle, position, end):
    """Return the content of a block, its checksum checked, and the position behind it in the handle."""
    offset, position = read_varint(handle, position)
    size, position = read_varint(handle, position)
    if offset + size + BLOCK_TRAILER.size > end:
        raise Malformed('a block of the index is cut off')
    compression, checksum = BLOCK_TRAILER.unpack_from(content, offset + size)
    if masked_crc(content[offset:offset + size + 1]) != checksum:
        raise Malformed('a checksum of the index does not match')
    if compression:
        raise Malformed(f'the index is compressed (form {compression}), which TensorFlow does not do')
    return content[offset:offset + size], position


def _key_values(block):
    """Yield the keys and values of a block, bytes.

    A key leaves out the start that it has in common with the one before.
    """
    if len(block) < 4:
        raise Malformed('a block of the index is cut off')
    num_restarts, = struct.unpack_from('<I', block, len(block) - 4)
    end = len(block) - 4 * (num_restarts + 1)
    position, key = 0, b''
    while position < end:
        num_shared, position = read_varint(block, position)
        num_others, position = read_varint(block, position)
        size, position = read_varint(block, position)
        if num_shared + num_others > MAX_NAME_BYTES:
            raise Malformed(f'a name of {num_shared + num_others} bytes')
        key = key[:num_shared] + block[position:position + num_others]
        value = block[position + num_others:position + num_others + size]
        position += num_others + size
        if len(key) != num_shared + num_others or position > end:
            raise Malformed('an entry of the index is cut off')
        yield key, value


def _num_shards(header):
    """Return the number of data files that a BundleHeaderProto says, after checking what else it says."""
    fields = _fields(header)
    num_shards = _number(fields, 1)
    if _number(fields, 2) != LITTLE_ENDIAN:
        raise Malformed('written on a big-endian machine')
    version = _fields(_bytes(fields, 3))
    if _number(version, 2) > READABLE_VERSION:
        raise Malformed(f'of a later form of checkpoints, {_number(version, 2)}')
    return num_shards


def _entry(content, num_shards):
    """Return the Entry of a BundleEntryProto."""
    fields = _fields(content)
    if 7 in fields:
        raise Malformed('a variable is stored in slices')
    shape = _fields(_bytes(fields, 2))
    if _number(shape, 3):
        raise Malformed('a variable has no shape')
    entry = Entry(_number(fields, 1), tuple(_number(_fields(size), 1) for size in shape.get(2, ())),
                  *(_number(fields, field) for field in (3, 4, 5, 6)))
    if entry.shard >= num_shards:
        raise Malformed(f'data file {entry.shard} of {num_shards}')
    return entry


def _fields(message):
    """Return the fields of a protocol buffer, a dict of number → list of int or bytes."""
    if not isinstance(message, bytes):
        raise Malformed('a number where a message is expected')
    fields = {}
    for number, value in protocol_buffers.fields(message):
        fields.setdefault(number, []).append(value)
    return fields


def _number(fields, field):
    """Return the last value of a field, of which 0 is not written; raises Malformed for bytes."""
    value = fields.get(field, [0])[-1]
    if not isinstance(value, int):
        raise Malformed('a message where a number is expected')
    return value


def _bytes(fields, field):
    """Return the last value of a field, empty where it is not written; raises Malformed for a number."""
    value = fields.get(field, [b''])[-1]
    if not isinstance(value, bytes):
        raise Malformed('a number where a message is expected')
    return value


def _text(key):
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f'a name is no UTF-8: {key!r}') from error
