"""The bodies of requests: received under limits, and taken apart where there are several images in one."""
import itertools
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

from starlette.requests import Request

from reading.service.refusals import Refusal, busy

BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))',
                      re.IGNORECASE)
FILE_NAME = re.compile(rb'filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
MAX_NAME = 200
EXAMPLE = 'curl -F image=@first.jpg -F image=@second.jpg'


class Part(NamedTuple):
    """An image of a request of several."""

    name: str
    content: bytes


class Held:
    """The bytes that all requests together hold at the moment."""

    def __init__(self, max_bytes: int):
        self.num_bytes, self._max_bytes = 0, max_bytes

    def take(self, num_bytes: int) -> None:
        """Count more bytes; raises Refusal where that is too much."""
        if self.num_bytes + num_bytes > self._max_bytes:
            raise busy('the service holds too many requests')
        self.num_bytes += num_bytes

    def release(self, num_bytes: int) -> None:
        """Count fewer."""
        self.num_bytes -= num_bytes


def check_length(request: Request, max_bytes: int) -> None:
    """Raise Refusal where a request announces a body that is too large."""
    announced = request.headers.get('content-length', '0')
    if not announced.isascii() or not announced.isdigit():
        raise Refusal(400, 'Content-Length: expected a whole number')
    if int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)


async def receive(stream: AsyncIterator[bytes], max_bytes: int, held: Held) -> bytes:
    """Return a body, whatever its length was announced to be.

    Args:
        stream: its pieces.
        max_bytes: at most; counted as they come.
        held: counts the bytes; the caller releases them.

    Raises:
        Refusal: it is too large, or all together are.
    """
    body = bytearray()
    try:
        async for piece in stream:
            if len(body) + len(piece) > max_bytes:
                raise _too_large(max_bytes)
            held.take(len(piece))
            body += piece
    except BaseException:   # also where the time is up, or the client has gone
        held.release(len(body))
        raise
    return bytes(body)


def parts_of(content_type: str, body: bytes, max_images: int) -> list[Part]:
    """Return the images of a multipart body.

    Args:
        content_type: the header.
        body: all of it.
        max_images: at most.

    Raises:
        Refusal: it is no multipart body, not a whole one, or has no image or too many.
    """
    boundary = BOUNDARY.match(content_type)
    if not boundary:
        raise Refusal(
            415, f'Content-Type: expected multipart/form-data with a boundary, as {EXAMPLE} sends it')
    delimiter = b'\r\n--' + (boundary[1] or boundary[2]).encode('latin-1', 'replace')
    _, *pieces = (b'\r\n' + body).split(delimiter, max_images + 2)
    parts = [*itertools.takewhile(lambda piece: not piece.startswith(b'--'), pieces)]
    if len(parts) > max_images:
        raise Refusal(413, f'expected at most {max_images} images, got more')
    if len(parts) == len(pieces):
        raise Refusal(400, 'the multipart body is cut off: expected its last boundary')
    if not parts:
        raise Refusal(400, f'expected at least one image, got none; send them as {EXAMPLE} does')
    return [_part_of(piece, number) for number, piece in enumerate(parts, start=1)]


def _part_of(piece, number):
    head, separator, content = piece.partition(b'\r\n\r\n')
    if not separator:
        raise Refusal(400, f'part {number} of the multipart body has no end of its headers')
    name = FILE_NAME.search(head)
    return Part(name[1].decode('utf-8', 'replace')[:MAX_NAME] if name else str(number), content)


def _too_large(max_bytes):
    return Refusal(413, f'expected a body of at most {max_bytes} bytes, got more')
