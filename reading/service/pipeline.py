"""From the bytes of an image file to its Reading: checked, decoded in a guarded process, read in a batch."""
import asyncio

from data_provider import image_header
from local_utils.errors import InputError, Unavailable
from reading.service.batches import Batches
from reading.service.decoders import Decoders, check_size
from reading.service.metrics import Metrics
from reading.service.refusals import Refusal, busy
from reading.service.room import Room
from reading.service.settings import ServiceSettings

BYTES_OF_PIXEL = 3


class Pipeline:
    """Reads image files for all requests; made inside the event loop."""

    def __init__(self, recogniser, decoders: Decoders, settings: ServiceSettings, metrics: Metrics):
        """Take what does the work.

        Args:
            recogniser: reading.Recogniser.
            decoders: Decoders.
            settings: ServiceSettings.
            metrics: counts the images.
        """
        self._tasks = set()   # one for each image
        self._settings, self._metrics, self._decoders = settings, metrics, decoders
        self._batches = Batches(recogniser, settings.max_batch, metrics)
        self._room = Room(settings.max_held_bytes)

    @property
    def num_waiting(self) -> int:
        """The images that are decoded, wait or are read, also of requests that have been given up."""
        return len(self._tasks)

    async def read(self, contents: list[bytes]) -> list:
        """Read the images of a request; where it is given up, what is decoded or read ends behind its back.

        Args:
            contents: image files.

        Returns:
            list of Reading, or Refusal where an image cannot be read.

        Raises:
            Refusal: too many images wait already.
        """
        if self.num_waiting + len(contents) > self._settings.max_waiting:
            raise busy(f'{self.num_waiting} images wait already')
        tasks = [asyncio.ensure_future(self._read_one(content)) for content in contents]
        self._tasks.update(tasks)
        for task in tasks:
            task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait(tasks)   # which, unlike gather, is given up at once
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def close(self) -> None:
        """Let go of the threads."""
        self._batches.close()

    async def _read_one(self, content):
        try:
            reading = await self._read_checked(content)
        except Refusal as refusal:
            self._metrics.images.add('refused')
            return refusal
        self._metrics.images.add('read')
        return reading

    async def _read_checked(self, content):
        if not content:
            raise Refusal(400, 'empty file: expected an image, got 0 bytes')
        size = image_header.size_of(content)
        if size is None:
            raise Refusal(415, f'not an image: expected a whole {image_header.KNOWN_FORMATS}')
        check_size(size, self._settings)
        width, height = size
        async with self._room.taken(BYTES_OF_PIXEL * width * height):
            image = await self._decoders.decode(content, size)
            try:
                reading = await self._batches.read(image)
            except Unavailable as error:   # no memory
                raise busy(str(error)) from error
            except InputError as error:   # the weights give no finite numbers; to ask again is of no use
                raise Refusal(500, str(error)) from error
        if reading.error is not None:
            raise Refusal(422, reading.error)
        return reading
