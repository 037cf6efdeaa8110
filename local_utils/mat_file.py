"""MATLAB files of version 5, the form of IIIT5K's lists: struct arrays of texts."""
import struct
import zlib

from local_utils import opening
from local_utils.errors import MALFORMED, InputError

_INT8, _UINT16, _MATRIX, _COMPRESSED, _UTF8, _UTF16 = 1, 4, 14, 15, 16, 17
_CELL, _STRUCT, _CHAR = 1, 2, 4
_HEADER_BYTES = 128
MAX_BYTES = 1 << 26   # of a file, and of all that is compressed in it; IIIT5K's have less than one million
MAX_FIELDS = 1000     # of a struct array
_TEXT_ENCODINGS = {_INT8: 'latin-1', 2: 'latin-1', _UINT16: 'utf-16', _UTF8: 'utf-8', _UTF16: 'utf-16'}


def read_structs(path: str, wanted: set[str]) -> dict[str, list[dict[str, str]]]:
    """Read the struct arrays of a file.

    Args:
        path: the file.
        wanted: names of the fields to read, whose values are texts, or cells of one text.

    Returns:
        Name of each struct array → its elements, field → text.

    Raises:
        MissingInput, InputError: it cannot be read as such a file.
    """
    content = opening.read_file(path, MAX_BYTES)
    order = {b'IM': '<', b'MI': '>'}.get(content[126:128])
    if order is None:
        raise InputError(f'{path}: expected a MATLAB file of version 5 (save with -v7 or older)')
    reader, found, bytes_left = _Reader(order), {}, MAX_BYTES
    try:
        for kind, data in reader.elements(content[_HEADER_BYTES:]):
            if kind == _COMPRESSED:
                unpacked = zlib.decompressobj().decompress(data, bytes_left + 1)
                bytes_left -= len(unpacked)
                if bytes_left < 0:
                    raise zlib.error(f'more than {MAX_BYTES} bytes are compressed in it')
                kind, data = next(reader.elements(unpacked))
            if kind == _MATRIX:
                name, value = reader.matrix(data, wanted)
                if isinstance(value, list):
                    found[name] = value
    except (*MALFORMED, zlib.error, StopIteration) as error:
        raise InputError(f'{path}: the file is cut off or damaged ({error})') from error
    return found


class _Reader:
    """Reads elements in one order of bytes, '<' or '>'."""

    def __init__(self, order):
        self._order = order

    def elements(self, data):
        """Yield (type, content) of the elements that stand one behind the other."""
        view, position = memoryview(data), 0
        while position + 8 <= len(view):
            kind, length = struct.unpack_from(self._order + 'II', view, position)
            if kind >> 16:   # a short one, with its content in the head
                kind, length = kind & 0xFFFF, kind >> 16
                yield kind, view[position + 4:position + 4 + length]
                position += 8
                continue
            if position + 8 + length > len(view):
                raise struct.error('an element is longer than what holds it')
            yield kind, view[position + 8:position + 8 + length]
            position += 8 + length + (0 if kind == _COMPRESSED else -length % 8)

    def matrix(self, data, wanted):
        """Return (name, value): a text, a list of dicts, the text of a cell, or None for anything else."""
        parts = self.elements(data)
        flags, dimensions, name = (next(parts, (0, b''))[1] for _ in range(3))
        if len(flags) < 8:
            return '', None
        array_class = struct.unpack_from(self._order + 'I', flags)[0] & 0xFF
        name = bytes(name).decode('latin-1')
        if array_class == _CHAR:
            return name, self._text(*next(parts, (_UINT16, b'')))
        if array_class == _CELL:
            return name, next((self.matrix(part, wanted)[1] for _, part in parts), None)
        if array_class == _STRUCT:
            return name, self._structs(parts, dimensions, wanted)
        return name, None

    def _text(self, kind, data):
        encoding = _TEXT_ENCODINGS[kind]
        if encoding == 'utf-16':
            encoding = 'utf-16-le' if self._order == '<' else 'utf-16-be'
        return bytes(data).decode(encoding)

    def _structs(self, parts, dimensions, wanted):
        """Return the elements of a struct array as dicts of the wanted fields."""
        width = struct.unpack_from(self._order + 'I', next(parts)[1])[0]
        names = bytes(next(parts)[1])
        if len(names) > MAX_FIELDS * width:
            raise struct.error(f'a struct array of more than {MAX_FIELDS} fields')
        fields = [names[start:start + width].split(b'\0')[0].decode('latin-1')
                  for start in range(0, len(names), width)]
        if not fields:
            raise struct.error('a struct array without fields')
        count = 1
        for size in struct.unpack(f'{self._order}{len(dimensions) // 4}I', dimensions):
            count *= size
        structs = []
        for _ in range(count):
            element = {}
            for field in fields:
                _, data = next(parts)
                if field in wanted:
                    element[field] = self.matrix(data, wanted)[1]
            structs.append(element)
        return structs
