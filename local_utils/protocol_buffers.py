"""The wire form of protocol buffers, written and read without their library: numbers, tags, fields."""
import functools
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5   # wire types
FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
MAX_VARINT_BYTES = 10


class Malformed(ValueError):
    """Bytes that are not what their format says."""


@functools.lru_cache(maxsize=1 << 16)
def varint(value: int) -> bytes:
    """Return a number of at least 0 in 7 bits a byte, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def packed(numbers: list[int]) -> bytes:
    """Return numbers one behind the other; most alphabets have none that takes two bytes."""
    return bytes(numbers) if max(numbers, default=0) <= 0x7F else b''.join(map(varint, numbers))


def tag(number: int) -> bytes:
    """Return what stands before the length of a field that has one."""
    return varint(number << 3 | BYTES)


def bytes_field(number: int, content: bytes) -> bytes:
    """Return a field of a text, bytes or a message."""
    return tag(number) + varint(len(content)) + content


def read_varint(content: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return (the number that begins at a position, the position behind it); raises Malformed."""
    value = shift = 0
    for byte in content[position:position + MAX_VARINT_BYTES]:
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise Malformed('a number is cut off')


def unpacked(numbers: bytes | memoryview) -> Iterator[int]:
    """Yield numbers that stand one behind the other; raises Malformed."""
    position = 0
    while position < len(numbers):
        number, position = read_varint(numbers, position)
        yield number


def fields(message: bytes | memoryview) -> Iterator[tuple[int, int | bytes | memoryview]]:
    """Yield (number, value) of each field: an int, or what has a length, of the message's own type.

    Raises:
        Malformed: the message breaks off, or has a field of a kind that is none.
    """
    position = 0
    while position < len(message):
        head, position = read_varint(message, position)
        wire_type = head & 7
        if wire_type == VARINT:
            value, position = read_varint(message, position)
            yield head >> 3, value
            continue
        if wire_type == BYTES:
            size, position = read_varint(message, position)
        elif wire_type in FIXED_SIZES:
            size = FIXED_SIZES[wire_type]
        else:
            raise Malformed(f'a field of the unknown kind {wire_type}')
        if position + size > len(message):
            raise Malformed('a field is cut off')
        value = message[position:position + size]
        position += size
        yield head >> 3, value if wire_type == BYTES else int.from_bytes(value, 'little')
