"""Lines of text files as people have them: UTF-8 or UTF-16, with whatever line ends."""
import codecs
import re
from collections.abc import Iterator

from local_utils import opening, texts
from local_utils.errors import InputError

FIRST_BYTES = 1 << 16   # that the encoding is told from
BLOCK_BYTES = 1 << 18
STRAY = 64   # bytes for each NUL byte, from which they are damage in a text, not its encoding
MAX_LINE_BYTES = 1 << 28   # JSON may be all in one line
LINE_ENDS = (b'\n', b'\r')
UTF_8, UTF_16_LE, UTF_16_BE = 'utf-8', 'utf-16-le', 'utf-16-be'
_BYTE_ORDER_MARK = codecs.BOM_UTF8
_NAMED_STARTS = (   # of files that are no text, and what to do with them
    (codecs.BOM_UTF32_LE, 'UTF-32; save it as UTF-8'), (codecs.BOM_UTF32_BE, 'UTF-32; save it as UTF-8'),
    (b'\x1f\x8b', 'data of gzip; unpack it'),
    (b'PK\x03\x04', 'a zip archive or a spreadsheet; save it as UTF-8 text'),
    (b'\xd0\xcf\x11\xe0', 'a spreadsheet; save it as UTF-8 text'), (b'MATLAB 5.0', 'a MATLAB file'),
)


def first_bytes(path: str) -> bytes:
    """Return the start of a file, of FIRST_BYTES bytes at most; raises what `opening.open_file` raises."""
    with opening.open_file(path) as file:
        return file.read(FIRST_BYTES)


def encoding_of(path: str) -> str:
    """Return UTF_8, UTF_16_LE or UTF_16_BE, told from a file's first bytes.

    A file that is neither and has no NUL bytes, or a stray one, counts as UTF-8.

    Raises:
        MissingInput: there is no such file.
        InputError: it is no text, or UTF-32.
    """
    start = first_bytes(path)
    for signature, what in _NAMED_STARTS:
        if start.startswith(signature):
            raise InputError(f'{path}: expected text in UTF-8 or UTF-16, got {what}')
    if start.startswith(codecs.BOM_UTF16_LE):
        return UTF_16_LE
    if start.startswith(codecs.BOM_UTF16_BE):
        return UTF_16_BE
    if b'\0' not in start:
        return UTF_8
    if start.count(0) * STRAY < len(start) and _is_utf_8(start):
        return UTF_8   # whose lines with them are looked at one by one
    even, odd = start[::2].count(0), start[1::2].count(0)
    if min(even, odd) * 8 > max(even, odd) or max(even, odd) * 8 < len(start):
        raise InputError(f'{path}: expected text in UTF-8 or UTF-16, got NUL bytes; it is no text')
    return UTF_16_LE if odd > even else UTF_16_BE


def _is_utf_8(start):
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(start)   # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True


def line_ends_of(path: str, encoding: str) -> str:
    """Return the names of the line ends at a file's start, such as 'LF' or 'CRLF and CR'."""
    start = first_bytes(path).decode(encoding, 'replace')
    names = {'\n': 'LF', '\r\n': 'CRLF', '\r': 'CR'}
    found = set(re.findall('\r\n|\n|\r', start))
    return ' and '.join(name for end, name in names.items() if end in found) or 'no line ends'


def read_lines(path: str, encoding: str | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, content in UTF-8 without blanks around it) of each line that is not blank.

    Args:
        path: the file.
        encoding: as `encoding_of` gives it; None to tell it.

    Raises:
        MissingInput: there is no such file.
        InputError: it is no text, or not in its encoding.
    """
    encoding = encoding or encoding_of(path)
    with opening.open_file(path) as file:
        for number, line in enumerate(_split(_utf_8_blocks(file, path, encoding), path), start=1):
            content = line.strip()
            while content.startswith(_BYTE_ORDER_MARK):   # also in the middle, where files were joined
                content = content.removeprefix(_BYTE_ORDER_MARK).lstrip()
            if content:
                yield number, content


def read_whole_lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield (number, text with the blanks around it) of each line that is not empty, as `read_lines`."""
    encoding = encoding_of(path)
    with opening.open_file(path) as file:
        for number, line in enumerate(_split(_utf_8_blocks(file, path, encoding), path), start=1):
            content = line.rstrip(b'\r\n').removeprefix(_BYTE_ORDER_MARK)
            try:
                text = content.decode('utf-8')
            except UnicodeDecodeError as error:
                raise InputError(f'{path}, line {number}: expected UTF-8, got the byte '
                                 f'0x{content[error.start]:02x}') from error
            if text:
                yield number, text


def read_words(path: str) -> list[str]:
    """Return the words of a list, one a line, in form NFC, without blank lines; raises as `read_lines`."""
    words = [texts.normalised(line.strip()) for _, line in read_whole_lines(path)]
    return [word for word in words if word]


def _utf_8_blocks(file, path, encoding):
    """Yield a file's bytes, those of UTF-16 as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(BLOCK_BYTES):
            yield block if encoding == UTF_8 else decoder.decode(block).encode('utf-8')
        if encoding != UTF_8:
            decoder.decode(b'', final=True)
    except UnicodeError as error:
        raise InputError(f'{path}: expected text in {encoding.upper()}: {error}') from error


def _split(blocks, path):
    """Yield the lines of blocks of bytes; LF, CRLF and CR end one."""
    pieces, size = [], 0   # of the line that has not ended yet
    for block in filter(None, blocks):
        if not any(end in block or pieces and pieces[-1].endswith(end) for end in LINE_ENDS):
            pieces.append(block)
            size += len(block)
            if size > MAX_LINE_BYTES:
                raise InputError(f'{path}: a line has more than {MAX_LINE_BYTES} bytes; this is no list of '
                                 'texts')
            continue
        # The last may go on, or its CR be half of a CRLF.
        *lines, rest = b''.join([*pieces, block]).splitlines(keepends=True)
        pieces, size = [rest], len(rest)
        yield from lines
    yield from b''.join(pieces).splitlines()
