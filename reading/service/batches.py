"""Requests that wait while others are read become one batch; no image waits for more to come."""
import asyncio
import collections
import concurrent.futures
import functools

import numpy as np

from reading.service.metrics import Metrics
from reading.service.work import result_of


class Batches:
    """Reads images in as many threads as the recogniser keeps busy, in the order in which they came."""

    def __init__(self, recogniser, max_batch: int, metrics: Metrics):
        """Take a recogniser.

        Args:
            recogniser: reading.Recogniser.
            max_batch: images at most in a batch.
            metrics: takes the sizes of the batches.
        """
        self._recogniser, self._max_batch, self._metrics = recogniser, max_batch, metrics
        self._waiting = collections.OrderedDict()   # future of its Reading: image
        self._num_free = recogniser.concurrency
        self._readers = concurrent.futures.ThreadPoolExecutor(recogniser.concurrency, 'reader')
        self._tasks = set()

    async def read(self, image: np.ndarray):
        """Return the Reading of an image, uint8 [height, width, 3], BGR.

        Cancelled, it ends at once where the image is in no batch yet, else when that ends.

        Raises:
            what the recogniser does for this image alone.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = image
        self._start()
        try:
            return await result_of(future, functools.partial(self._take_back, future))
        finally:
            del future   # whose error would hold this frame, and this frame the error and the image

    def close(self) -> None:
        """Let go of the threads."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _start(self):
        """Give what waits to the threads that are free, an equal part to each."""
        while self._num_free and (batch := self._next_batch(-(-len(self._waiting) // self._num_free))):
            self._num_free -= 1
            self._metrics.batch_sizes.observe(len(batch))
            task = asyncio.create_task(self._read_batch(batch))
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._end, batch))

    def _end(self, batch, task):
        for future, _ in batch:
            future.cancel()   # of a task that was cancelled; else they are done
        self._tasks.discard(task)
        self._num_free += 1
        self._start()

    def _take_back(self, future):
        """Return whether an image is in no batch yet, and will be in none."""
        return self._waiting.pop(future, None) is not None

    def _next_batch(self, size):
        batch = []
        while self._waiting and len(batch) < min(size, self._max_batch):
            batch.append(self._waiting.popitem(last=False))
        return batch

    async def _read_batch(self, batch):
        """Read a batch; where that fails, each image alone, so that one does not spoil the others'."""
        work = asyncio.get_running_loop().run_in_executor(
            self._readers, self._recogniser.read, [image for _, image in batch])
        await asyncio.wait([work])
        error = work.exception()
        if error is not None and len(batch) > 1:
            for alone in batch:
                await self._read_batch([alone])
            return
        for (future, _), reading in zip(batch, [None] if error else work.result(), strict=True):
            if error:
                future.set_exception(error)
            else:
                future.set_result(reading)
