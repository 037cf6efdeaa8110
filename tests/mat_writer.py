"""Writes small MATLAB files of version 5, as tests need them."""
import struct
import zlib


def element(kind, data):
    """Return an element: short where it fits into the head."""
    if 0 < len(data) <= 4:
        return struct.pack('<HH', kind, len(data)) + data.ljust(4, b'\0')
    return struct.pack('<II', kind, len(data)) + data + b'\0' * (-len(data) % 8)


def matrix(array_class, shape, name, *parts):
    """Return a matrix element of a class, its parts behind flags, shape and name."""
    head = element(6, struct.pack('<II', array_class, 0)) + element(5, struct.pack(f'<{len(shape)}i', *shape))
    data = head + element(1, name.encode()) + b''.join(parts)
    return struct.pack('<II', 14, len(data)) + data


def text_matrix(text, name=''):
    """Return a row of characters."""
    return matrix(4, (1, len(text)), name, element(4, text.encode('utf-16-le')))


def cell_matrix(texts):
    """Return a cell array of texts."""
    return matrix(1, (1, len(texts)), '', *map(text_matrix, texts))


def struct_matrix(name, fields, rows, width=32):
    """Return a struct array; rows are lists of matrices in the order of the fields."""
    names = b''.join(field.encode().ljust(width, b'\0') for field in fields)
    return matrix(2, (1, len(rows)), name, element(5, struct.pack('<i', width)), element(1, names),
                  *(value for row in rows for value in row))


def mat_file(*matrices, compressed=True):
    """Return the bytes of a file."""
    header = b'MATLAB 5.0 MAT-file'.ljust(124) + struct.pack('<H', 0x0100) + b'IM'
    if not compressed:
        return header + b''.join(matrices)
    packed = [zlib.compress(data) for data in matrices]
    return header + b''.join(struct.pack('<II', 15, len(data)) + data for data in packed)
