"""Processes that decode images under limits, started again when one dies."""
import asyncio
import concurrent.futures
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys

import numpy as np

from reading.service.decoding_worker import ANSWER, REQUEST, receive_exactly
from reading.service.refusals import Refusal, busy
from reading.service.settings import ServiceSettings
from reading.service.work import result_of

ROOT = pathlib.Path(__file__).parents[2]


class Died(Exception):
    """A decoder ended, or did not answer in time, before it had answered."""


class Decoders:
    """Decodes each image in one of several processes; threads of their own wait for them."""

    def __init__(self, settings: ServiceSettings):
        """Start the processes; `close` ends them."""
        self._settings = settings
        self.num_restarts = 0
        self._is_closing = False
        self._idle = queue.LifoQueue()
        self._all = [_Decoder(settings) for _ in range(settings.num_decoders)]
        for decoder in self._all:
            self._idle.put(decoder)
        self._threads = concurrent.futures.ThreadPoolExecutor(settings.num_decoders, 'decoder')
        self._threads_of_large = concurrent.futures.ThreadPoolExecutor(max(1, settings.num_decoders - 1),
                                                                       'large')

    async def decode(self, content: bytes, size: tuple[int, int]) -> np.ndarray:
        """Decode an image file; what is large waits until others than the last decoder are free.

        Cancelled, it ends at once where the decoding has not begun, else when that ends.

        Args:
            content: the file.
            size: (width, height) that its header states.

        Returns:
            uint8 [height, width, 3], BGR.

        Raises:
            Refusal: it cannot be decoded; says why.
        """
        settings = self._settings
        is_large = len(content) > settings.large_bytes or size[0] * size[1] > settings.large_pixels
        threads, seconds = ((self._threads_of_large, settings.large_decoding_seconds) if is_large
                            else (self._threads, settings.decoding_seconds))
        files = [content]   # which leaves the threads' queue as it is given up, while the entry there stays
        work = threads.submit(lambda: self._decode(files.pop(), size, seconds))
        try:
            return await result_of(asyncio.wrap_future(work), work.cancel)
        finally:
            files.clear()
            del work   # whose error would hold this frame, and this frame the error and the file

    def close(self) -> None:
        """End the processes."""
        self._is_closing = True
        for threads in (self._threads, self._threads_of_large):
            threads.shutdown(wait=False, cancel_futures=True)
        for decoder in self._all:
            decoder.end()

    def _decode(self, content, size, seconds):
        decoder = self._idle.get()
        try:
            for _ in range(2):   # perhaps it was another's fault that the process died
                if not decoder.is_alive():
                    self.num_restarts += 1
                    decoder.start()
                try:
                    return self._checked(decoder.decode(content, seconds), size)
                except Died as death:
                    reason = decoder.end()
                    if self._is_closing or isinstance(death.__cause__, TimeoutError):
                        raise busy('decoding was not done in time') from death
                    if reason == signal.SIGXCPU:
                        break
            raise Refusal(422, 'not an image: the decoder ended or took too long over it')
        finally:
            self._idle.put(decoder)

    def _checked(self, image, size):
        height, width = image.shape[:2]   # of which the header may have lied
        check_size((width, height), self._settings)
        if width * height > size[0] * size[1]:   # for which there is room
            raise Refusal(
                422, f'not an image: {width}x{height} pixels, its header states {size[0]}x{size[1]}')
        return image


def check_size(size: tuple[int, int], settings: ServiceSettings) -> None:
    """Raise Refusal where an image of that (width, height) is too large."""
    width, height = size
    if max(size) > settings.max_side or width * height > settings.max_pixels:
        raise Refusal(
            413, f'image too large: {width}x{height} pixels, expected at most {settings.max_side} a side and '
                           f'{settings.max_pixels} in all')


class _Decoder:
    """One process, used by one thread at a time."""

    def __init__(self, settings):
        self._settings = settings
        self.start()

    def start(self):
        """Start the process, whose libraries are ready in some tenths of a second."""
        settings = self._settings
        self._socket, others = socket.socketpair()
        limits = {'WIDTH': settings.max_side, 'HEIGHT': settings.max_side, 'PIXELS': settings.max_pixels}
        # by then the machine is busy, or the decoder hangs
        self._socket.settimeout(settings.request_seconds)
        environment = {**os.environ, 'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1',
                       **{f'OPENCV_IO_MAX_IMAGE_{name}': str(limit) for name, limit in limits.items()}}
        with others:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'reading.service.decoding_worker', str(others.fileno()),
                 str(settings.decoder_bytes)],
                cwd=ROOT, env=environment, pass_fds=[others.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_alive(self):
        return self._process.poll() is None

    def decode(self, content, seconds):
        """Return the pixels; raises Refusal, or Died, also where there is no memory for them."""
        try:
            self._socket.sendall(REQUEST.pack(seconds, len(content)))
            self._socket.sendall(content)
            is_decoded, height, width, last = ANSWER.unpack(self._receive(bytearray(ANSWER.size)))
            if is_decoded:
                return self._receive(np.empty([height, width, last], np.uint8))
            raise Refusal(422, self._receive(bytearray(last)).decode())
        except (OSError, MemoryError, ValueError) as error:   # what is left of its answer spoils the next
            raise Died from error

    def end(self):
        """End the process; returns the signal that it died of, or None."""
        self._socket.close()
        if self._process.poll() is None:
            self._process.kill()
        status = self._process.wait()
        return -status if status < 0 else None

    def _receive(self, buffer):
        if not receive_exactly(self._socket, memoryview(buffer).cast('B')):
            raise Died
        return buffer
