"""Requests that wait are read as one batch; so much as waits while another batch is read, and no image waits for more."""
import asyncio
import collections
import concurrent.futures

import numpy as np

from reading.service.metrics import Metrics


class Batches:
    """Reads images in a thread of its own, at most `max_batch` at once, in the order in which they came."""

    def __init__(self, recogniser, max_batch: int, metrics: Metrics):
        """Take a recogniser.

        Args:
            recogniser: reading.Recogniser.
            max_batch: images at most.
            metrics: takes the sizes of the batches.
        """
        self._recogniser, self._max_batch, self._metrics = recogniser, max_batch, metrics
        self._waiting = collections.deque()   # (image, future of its Reading)
        self._reader = concurrent.futures.ThreadPoolExecutor(1, 'reader')
        self._task = None

    async def read(self, image: np.ndarray):
        """Return the Reading of an image, uint8 [height, width, 3], BGR.

        Raises:
            what the recogniser does for this image alone.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((image, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read_all())
        return await future

    def close(self) -> None:
        """Let go of the thread."""
        self._reader.shutdown(wait=False, cancel_futures=True)

    async def _read_all(self):
        while batch := self._next_batch():
            self._metrics.batch_sizes.observe(len(batch))
            await self._read_batch(batch)

    def _next_batch(self):
        batch = []
        while self._waiting and len(batch) < self._max_batch:
            image, future = self._waiting.popleft()
            if not future.done():   # its request has not been given up
                batch.append((image, future))
        return batch

    async def _read_batch(self, batch):
        """Read a batch; where that fails, each image alone, so that one does not spoil the others'."""
        work = asyncio.get_running_loop().run_in_executor(
            self._reader, self._recogniser.read, [image for image, _ in batch])
        await asyncio.wait([work])
        error = work.exception()
        if error is not None and len(batch) > 1:
            for alone in batch:
                await self._read_batch([alone])
            return
        for (_, future), reading in zip(batch, [None] if error else work.result(), strict=True):
            if future.done():
                continue
            if error:
                future.set_exception(error)
            else:
                future.set_result(reading)
