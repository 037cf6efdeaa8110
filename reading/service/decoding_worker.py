"""The process that decodes images for the service: what a hostile file does to a decoder ends here.

    python -m reading.service.decoding_worker SOCKET_FD EXTRA_BYTES

A request is REQUEST and the file's bytes, an answer ANSWER and the pixels, or a sentence why there are none.
The process ends when the other end of the socket does.
"""
import os
import resource
import signal
import socket
import struct
import sys

import cv2

from data_provider import image_file
from data_provider.rejected_sample import RejectedSample
from reading.service import memory

REQUEST = struct.Struct('>II')     # seconds of the processor that it may take, bytes of the file
# whether it is decoded, then height, width and 3, or 0, 0 and the sentence's bytes
ANSWER = struct.Struct('>?III')
# that the process keeps between images; beyond that, it makes room for a fresh one
MAX_RESIDENT_BYTES = 400_000_000
FREE_OF_LIMIT = resource.RLIM_INFINITY
PAGE_BYTES = resource.getpagesize()


def main() -> None:
    """Answer requests until there are no more."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    extra_bytes = int(sys.argv[2])
    # Ctrl-C is the service's, which ends this process by its socket
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    memory.return_large_blocks()
    _limit(resource.RLIMIT_AS, _memory_bytes('size') + extra_bytes)
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        _limit(limit, 0)
    try:
        while _memory_bytes('resident') < MAX_RESIDENT_BYTES and (request := _receive(connection)):
            seconds, content = request
            used = resource.getrusage(resource.RUSAGE_SELF)
            _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)
            _answer(connection, content)
    except ConnectionError:
        pass   # the service has ended, or does not want this answer any more


def receive_exactly(connection: socket.socket, buffer: memoryview) -> bool:
    """Fill a buffer from a socket; returns whether there were bytes enough."""
    while buffer:
        received = connection.recv_into(buffer)
        if not received:
            return False
        buffer = buffer[received:]
    return True


def _receive(connection):
    """Return (seconds, the bytes of the next file), or None where there is no more."""
    header = bytearray(REQUEST.size)
    if not receive_exactly(connection, memoryview(header)):
        return None
    seconds, num_bytes = REQUEST.unpack(header)
    content = bytearray(num_bytes)
    return (seconds, bytes(content)) if receive_exactly(connection, memoryview(content)) else None


def _answer(connection, content):
    try:
        image = image_file.decode_image(content, None)
    except RejectedSample as error:
        _refuse(connection, str(error))
    except MemoryError:
        _refuse(connection, 'image too large: decoding it takes too much memory')
    else:
        connection.sendall(ANSWER.pack(True, *image.shape))
        connection.sendall(memoryview(image).cast('B'))


def _refuse(connection, sentence):
    content = sentence.encode('utf-8', 'backslashreplace')[:1000]
    connection.sendall(ANSWER.pack(False, 0, 0, len(content)) + content)


def _limit(kind, amount):
    """Lower a limit; the processor's time alone is raised again with each image, so that its hard limit
    stays.
    """
    hard = resource.getrlimit(kind)[1]
    amount = amount if hard == FREE_OF_LIMIT else min(amount, hard)
    resource.setrlimit(kind, (amount, hard if kind == resource.RLIMIT_CPU else amount))


def _memory_bytes(kind):
    """Return how much memory the process has, of addresses ('size') or really ('resident'); 0 where nobody
    tells.
    """
    if not os.path.exists('/proc/self/statm'):
        return 0
    with open('/proc/self/statm', encoding='ascii') as file:
        size, resident = map(int, file.read().split()[:2])
    return PAGE_BYTES * (size if kind == 'size' else resident)


if __name__ == '__main__':
    main()
