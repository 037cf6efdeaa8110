"""The tensors of a checkpoint, read into memory without TensorFlow, every checksum of them checked."""
import contextlib
import glob
import math
import os
import struct
import time

import numpy as np

from crnnmodel.checkpoint_index import Entry, parse_index
from local_utils import opening
from local_utils.checksum import masked_crc
from local_utils.errors import InputError
from local_utils.protocol_buffers import Malformed, read_varint

DTYPES = {   # by the number of tensorflow.DataType
    1: '<f4', 2: '<f8', 3: '<i4', 4: 'u1', 5: '<i2', 6: 'i1', 9: '<i8', 10: '?', 17: '<u2', 19: '<f2',
    22: '<u4', 23: '<u8',
}
STRING = 7
MAX_DIMENSIONS = 16
MAX_INDEX_BYTES = 1 << 26    # some hundred thousand variables
OPTIMIZER = 'optimizer/'     # before the name of what the optimizer keeps …
AVERAGE = 'average/'         # … and of a weight: its average over the last steps of a training
CHECKSUM = struct.Struct('<I')
ATTEMPTS = 10                 # to read a checkpoint that is replaced meanwhile
SECONDS_OF_REPLACING = 0.1    # in which the second of its files follows the first
RECENT_SECONDS = 5            # ago: what was written since may still be replaced


class DamagedCheckpoint(InputError):
    """A checkpoint that cannot be read."""


def load_tensors(prefix: str, with_optimizer: bool = False) -> dict:
    """Read a checkpoint into memory, every checksum of it checked.

    One whose files are replaced while it is read is read again.

    Args:
        prefix: its path without the ending of a file.
        with_optimizer: read all that a training goes on with: the optimizer's variables, and the weights of
            its last step beside their averages. Else a checkpoint that has averages gives these in place of
            the weights.

    Returns:
        dict of variable name → array, read-only; bytes for a text.

    Raises:
        DamagedCheckpoint: a file of it is missing, cut off or damaged.
        InputError: there is too little memory.
    """
    for _ in range(ATTEMPTS - 1):
        state = _state(prefix)
        try:
            return _read(prefix, with_optimizer)
        except DamagedCheckpoint:
            if any(time.time() - modified / 1e9 < RECENT_SECONDS for *_, modified in state):
                time.sleep(SECONDS_OF_REPLACING)
            if _state(prefix) == state:
                raise
    return _read(prefix, with_optimizer)


def _state(prefix):
    """Return what tells the files of a checkpoint from others of the same names.

    Returns:
        list of (path, inode, bytes, nanoseconds of the last change).
    """
    state = []
    for path in [f'{prefix}.index', *sorted(glob.glob(glob.escape(prefix) + '.data-*'))]:
        with contextlib.suppress(OSError):
            status = os.stat(path)
            state.append((path, status.st_ino, status.st_size, status.st_mtime_ns))
    return state


def _read(prefix, with_optimizer):
    try:
        with contextlib.ExitStack() as stack:
            num_shards, entries = parse_index(opening.read_file(f'{prefix}.index', MAX_INDEX_BYTES))
            wanted = entries if with_optimizer else _for_reading(entries)
            shards = {number: stack.enter_context(
                opening.open_file(f'{prefix}.data-{number:05d}-of-{num_shards:05d}'))
                for number in sorted({entry.shard for entry in wanted.values()})}
            stored = sum(os.fstat(shard.fileno()).st_size for shard in shards.values())
            if sum(entry.size for entry in wanted.values()) > stored:
                raise Malformed('the data are cut off')
            return {name: _tensor(shards[entry.shard], entry, name) for name, entry in wanted.items()}
    except MemoryError as error:
        raise InputError(f'{prefix}: there is too little memory to read this checkpoint') from error
    except (OSError, InputError, Malformed) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DamagedCheckpoint(f'{prefix}: the checkpoint is cut off or damaged ({what})') from error


def _for_reading(entries):
    """Return the entries without those that only a training needs, averages in place of their weights."""
    return {name: entries.get(AVERAGE + name, entry) for name, entry in entries.items()
            if not name.startswith((OPTIMIZER, AVERAGE))}


def _tensor(shard, entry: Entry, name):
    """Return a tensor of an open data file; raises Malformed where it is not what its entry says."""
    # What lies beyond the end is cut off all the same.
    shard.seek(min(entry.offset, os.fstat(shard.fileno()).st_size))
    content = shard.read(entry.size)
    if len(content) < entry.size:
        raise Malformed('the data are cut off')
    if len(entry.shape) > MAX_DIMENSIONS:
        raise Malformed(f'{name} has {len(entry.shape)} dimensions')
    if entry.dtype == STRING:
        return _texts(content, entry, name)
    if entry.dtype not in DTYPES:
        raise Malformed(f'{name} is of the unknown type {entry.dtype}')
    if masked_crc(content) != entry.checksum:
        raise Malformed(f'the checksum of {name} does not match')
    dtype = np.dtype(DTYPES[entry.dtype])
    if math.prod(entry.shape) * dtype.itemsize != entry.size:
        raise Malformed(f'{name} of the shape {entry.shape} has {entry.size} bytes')
    try:
        return np.frombuffer(content, dtype).reshape(entry.shape)
    except ValueError as error:   # nothing of the shape [0, 2⁶³]
        raise Malformed(f'{name} has the shape {entry.shape}') from error


def _texts(content, entry, name):
    """Return a tensor of texts: their lengths are stored, a checksum of these, and the texts in a row."""
    count = math.prod(entry.shape)
    lengths, position = [], 0
    for _ in range(min(count, len(content))):
        length, position = read_varint(content, position)
        lengths.append(length)
    start = position + CHECKSUM.size
    stored = content[position:start]
    if len(lengths) != count or start + sum(lengths) != len(content):
        raise Malformed(f'{name} of the shape {entry.shape} has {entry.size} bytes')
    # What is summed up are not the lengths as they are stored, but whole words.
    sizes = b''.join([length.to_bytes(4 if length < 1 << 32 else 8, 'little') for length in lengths])
    if CHECKSUM.unpack(stored)[0] != masked_crc(sizes) or (
            masked_crc(sizes + content[position:]) != entry.checksum):
        raise Malformed(f'the checksum of {name} does not match')
    texts = []
    for length in lengths:
        texts.append(content[start:start + length])
        start += length
    return np.array(texts, object).reshape(entry.shape) if entry.shape else texts[0]
