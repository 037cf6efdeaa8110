"""Requests that mean no good, as a client sends them: damaged files, bombs, wrong lengths, no HTTP at all."""
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np

ENDINGS = ('.png', '.jpg', '.webp', '.gif', '.bmp', '.tiff', '.avif', '.jp2', '.ppm')
FLAT = 4000   # pixels of a side of what is small as a file and large as an image
DAMAGED_SIZE = 240, 80   # width, height; some formats refuse what is smaller
SCANS_EVERY = 100   # requests: an image that keeps a decoder busy up to its limit


def hostile_requests(contents: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield so many requests.

    Args:
        contents: good image files, to damage.
        count: requests.
        seed: of what is random.
    """
    rng = np.random.default_rng(seed)
    images = [cv2.resize(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), DAMAGED_SIZE)
              for content in contents]
    bombs = [_png(FLAT, FLAT, 3 * FLAT + 1), _png(16384, 1500, 1), _png(60000, 60000, 1),
             _png(FLAT, FLAT, 10), *_flat_files()]
    scans = _scans_without_end()
    for number in range(count):
        kind = number % 5
        if number % SCANS_EVERY == SCANS_EVERY - 1:
            yield _post(scans)
        elif kind == 0:
            yield _post(bombs[rng.integers(len(bombs))])
        elif kind == 1:
            yield _wrong_http(rng, contents[number % len(contents)])
        else:
            ending = ENDINGS[rng.integers(len(ENDINGS))]
            good = cv2.imencode(ending, images[number % len(images)])[1].tobytes()
            yield _post(_damaged(good, rng))


def _post(body, path='/service', headers=b''):
    return b'POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s' % (
        path.encode(), len(body), headers, body)


def _damaged(content, rng):
    """Return a file that is cut off, has wrong bytes or large numbers in it, or twice a part."""
    damaged = bytearray(content)
    kind = rng.integers(4)
    if kind == 0:
        del damaged[rng.integers(len(damaged)):]
    elif kind == 1:
        for place in rng.integers(len(damaged), size=rng.integers(1, 20)):
            damaged[place] = rng.integers(256)
    elif kind == 2:
        place = rng.integers(min(len(damaged), 200))
        damaged[place:place + 4] = b'\xff\xff\xff\x7f'
    else:
        start, end = sorted(rng.integers(len(damaged), size=2))
        damaged[end:end] = damaged[start:end]
    return bytes(damaged)


def _wrong_http(rng, content):
    disposition = b'Content-Disposition: form-data; name="i"; filename="\xff\0../../x"'
    part = b'--x\r\n%s\r\n\r\n%s\r\n' % (disposition, content)
    form = b'Content-Type: multipart/form-data; boundary=x\r\n'
    to_service, host = b'POST /service HTTP/1.1\r\n', b'Host: x\r\n'
    return [
        b'\0' * 100 + b'\r\n\r\n',
        b'GET /../../etc/passwd HTTP/1.1\r\n' + host + b'\r\n',
        b'GET /service HTTP/1.1\r\n' + host + b'\r\n',
        b'BREW /service HTTP/1.1\r\n' + host + b'\r\n',
        b'GET / HTTP/1.1\r\n' + host + b'X: y\r\n' * 20_000 + b'\r\n',
        to_service + host + b'\r\n',
        to_service + host + b'Content-Length: -5\r\n\r\n' + content,
        to_service + host + b'Content-Length: 10000000000\r\n\r\n' + content,
        to_service + host + b'Content-Length: 5\r\n\r\n' + content,
        to_service + host + b'Transfer-Encoding: chunked\r\n\r\nzz\r\n' + content,
        to_service + host + b'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nabcde\r\n0\r\n\r\n',
        _post(part * 70 + b'--x--', '/read', form),
        _post(part, '/read', form),
        _post(b'--x--', '/read', form),
        _post(part + b'--x--', '/read', b'Content-Type: multipart/form-data; boundary=\r\n'),
        _post(b'http://127.0.0.1/word.png'),
        _post(b''),
        _post(bytes(11_000_000)),
    ][rng.integers(18)]


def _png(width, height, row_bytes):
    """Return a PNG of zeros that says it is so large, and has so many bytes for a row."""
    def chunk(kind, content):
        return struct.pack('>I',
                           len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))
    rows = zlib.compress(bytes(min(height * row_bytes, 100_000_000)), 9)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', rows) + chunk(b'IEND', b''))


def _flat_files():
    """Yield small files of large images, which are good images all the same."""
    flat = np.full([1500, FLAT, 4], 200, np.uint8)
    for ending, channels in (('.png', 4), ('.webp', 3), ('.jpg', 3), ('.gif', 3), ('.tiff', 3)):
        yield cv2.imencode(ending, flat[:, :, :channels])[1].tobytes()


def _scans_without_end():
    """Return a progressive JPEG whose last scan comes again and again."""
    content = cv2.imencode('.jpg', np.zeros([FLAT, FLAT], np.uint8),
                           [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last_scan = content[content.rindex(b'\xff\xda'):-2]
    return content[:-2] + last_scan * (9_000_000 // len(last_scan)) + b'\xff\xd9'
