"""The check of a font file before it is drawn with.

OpenCV believes what it reads in one, and may crash or never end. First its tables: each has a checksum in
the directory. Then a trial in another process, for a font may be wrong and have right checksums all the
same.
"""
import contextlib
import functools
import json
import os
import selectors
import signal
import subprocess
import sys
import threading

import numpy as np

from data_provider.drawing import font_characters
from local_utils import log_utils, opening, parallel

SIGNATURES = (b'\x00\x01\x00\x00', b'OTTO', b'true')
COLLECTION = b'ttcf'
HEADER_BYTES, ENTRY_BYTES = 12, 16
NEEDED_TABLES = (b'cmap', b'head', b'hhea', b'hmtx', b'maxp')
OUTLINES = ((b'glyf', b'loca'), (b'CFF ',), (b'CFF2',))   # one of these, too
HEAD_MAGIC = b'\x5f\x0f\x3c\xf5'
HEAD_MAGIC_PLACE, HEAD_SUM_PLACE = slice(12, 16), slice(8, 12)   # the second is 0 in its own checksum
MAX_FILE_BYTES = 1 << 28
NO_CHARACTER = '\u0378'   # a code point that no font has a shape for; what it draws there is tried, too
TRIED_CHARACTERS = ''.join(map(chr, [*range(0x20, 0x7f), *range(0xa0, 0x180)])) + NO_CHARACTER
BLOCK = 0x80         # characters that are tried at once
TRIAL_SECONDS = 60   # that a font may take; most take 20 milliseconds, but a processor may be busy
TRIAL_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'font_trial.py')


def is_usable(path: str) -> bool:
    """Whether a font file can be drawn with; one that cannot is named in the log the first time."""
    return _is_usable(path, *_version(path))


def may_draw(path: str, character: str) -> bool:
    """Whether a usable font file may have a shape for a character, and drawing it has been tried.

    The characters that most texts are of have been tried before, others are in blocks.
    """
    version = _version(path)
    ranges = _ranges(path, *version)
    if not ((ranges[:, 0] <= ord(character)) & (ord(character) <= ranges[:, 1])).any():
        return False
    return character in TRIED_CHARACTERS or _may_draw(path, ord(character) // BLOCK, *version)


def problem_of(path: str) -> str:
    """Return why a font file cannot be drawn with, or ''; worked out once while the file does not change."""
    return _problem_of(path, *_version(path))


def problem_of_tables(content: bytes) -> str:
    """Return what is wrong with the directory and the tables of a font file, or ''."""
    start = _start(content)
    if content[start:start + 4] not in SIGNATURES:
        return 'it does not begin as a TrueType or OpenType font'
    tables = {}
    for tag, checksum, offset, length in _entries(content):
        if len(tag) < 4 or offset + length > len(content):
            return f'it is cut off in the table {_name(tag)}'
        table = content[offset:offset + length]
        tables.setdefault(tag, table)   # some have a signature twice
        if checksum not in (0, _checksum(tag, table)):   # 0 where its maker left it out
            return f'the checksum of its table {_name(tag)} does not match'
    missing = [tag for tag in NEEDED_TABLES if tag not in tables]
    if missing:
        return f'it has no table {_name(missing[0])}'
    if not any(all(tag in tables for tag in tags) for tags in OUTLINES):
        return 'it has no outlines'
    if tables[b'head'][HEAD_MAGIC_PLACE] != HEAD_MAGIC:
        return 'its table head is of another kind of file'
    return ''


def _start(content):
    """Return where a font begins in a file; of a collection the first one counts."""
    return int.from_bytes(content[12:16], 'big') if content.startswith(COLLECTION) else 0


def _entries(content):
    """Yield (tag, checksum, offset, length) of each entry of the directory, the tag b'' of one cut off."""
    start = _start(content)
    for index in range(int.from_bytes(content[start + 4:start + 6], 'big')):
        place = start + HEADER_BYTES + ENTRY_BYTES * index
        entry = content[place:place + ENTRY_BYTES]
        yield (entry[:4] if len(entry) == ENTRY_BYTES else b'',
               *(int.from_bytes(entry[at:at + 4], 'big') for at in (4, 8, 12)))


class Trials:
    """A process that draws with fonts one after the other, and is started again where one ended it."""

    def __init__(self, seconds: float = TRIAL_SECONDS):
        """Give a font so many seconds."""
        self._seconds = seconds
        self._process = None
        self._trying = threading.Lock()

    def problem_of(self, path: str, characters: str = TRIED_CHARACTERS) -> str:
        """Draw characters with a font; return what is wrong with it, or ''."""
        with self._trying:
            try:
                answer = self._ask(path, characters)
            except BrokenPipeError:   # it had ended before, as where memory ran out
                self._end()
                answer = self._ask(path, characters)
            if answer:
                return json.loads(answer)
            status = self._end()
            return (f'drawing with it takes longer than {self._seconds} seconds' if answer is None
                    else f'drawing with it crashes the process ({parallel.how_ended(status)})')

    def _ask(self, path, characters):
        """Return the process's line for a font, '' where it ended, None where it takes too long."""
        process = self._process = self._process or self._start()
        process.stdin.write(json.dumps([path, characters]) + '\n')
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            return process.stdout.readline() if selector.select(self._seconds) else None

    def _end(self):
        """End the process, if it has not ended by itself, and return its exit status."""
        process, self._process = self._process, None
        try:
            process.wait(timeout=1)   # its pipes close a little before
        except subprocess.TimeoutExpired:
            _kill(process)
        with contextlib.suppress(BrokenPipeError), process:
            process.wait()
        return process.returncode

    def close(self) -> None:
        """End the process."""
        with self._trying:
            if self._process:
                self._process.stdin.close()
                self._end()

    @staticmethod
    def _start():
        return subprocess.Popen([sys.executable, TRIAL_SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, start_new_session=True)


def _kill(process):
    """End a process, and the one of its session that draws for it."""
    if hasattr(os, 'killpg'):
        os.killpg(process.pid, signal.SIGKILL)
    else:   # Windows
        process.kill()


@functools.cache
def _trials():
    return Trials()


def _version(path):
    """Return what tells a file from a later one of its name: (bytes, time of its last change, ns)."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return status.st_size, status.st_mtime_ns


@functools.cache
def _is_usable(path, size, time):
    problem = _problem_of(path, size, time)
    if problem:
        log_utils.init_logger().warning('%s: this font is left out: %s', path, problem)
    return not problem


@functools.cache
def _ranges(path, *_):
    """Return the ranges of the characters of a usable font, as font_characters.ranges_of gives them."""
    try:
        content = opening.read_file(path, MAX_FILE_BYTES)
    except (OSError, ValueError):   # it is gone by now
        content = b''
    tables = (content[offset:offset + length]
              for tag, _, offset, length in _entries(content) if tag == b'cmap')
    return font_characters.ranges_of(next(tables, b''))


@functools.cache
def _may_draw(path, block, *_):
    characters = ''.join(map(chr, range(block * BLOCK, (block + 1) * BLOCK)))
    problem = _trials().problem_of(path, characters)
    if problem:
        log_utils.init_logger().warning('%s: this font is left out for the characters U+%04X to U+%04X: %s',
                                        path, ord(characters[0]), ord(characters[-1]), problem)
    return not problem


@functools.cache
def _problem_of(path, *_):
    try:
        path.encode('utf-8')   # or OpenCV crashes
        content = opening.read_file(path, MAX_FILE_BYTES)
    except UnicodeEncodeError:
        return 'its name is no UTF-8'
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:   # InputError, or a null byte in the path
        return str(error)
    return problem_of_tables(content) or _trials().problem_of(path)


def _checksum(tag, table):
    """Return the sum of a table's big-endian 32-bit numbers, the last filled up with zeros."""
    if tag == b'head':
        table = table[:HEAD_SUM_PLACE.start] + bytes(4) + table[HEAD_SUM_PLACE.stop:]
    numbers = np.frombuffer(table + bytes(-len(table) % 4), '>u4')
    return int(numbers.sum(dtype=np.uint64)) & 0xffffffff


def _name(tag):
    return repr(tag.decode('latin-1'))
