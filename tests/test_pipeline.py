"""Tests of reading.service.pipeline and its parts where requests are given up: what then holds its memory."""
import asyncio
import gc
import threading
import weakref

import cv2
import numpy as np
import pytest

from reading.service.batches import Batches
from reading.service.decoders import Decoders
from reading.service.metrics import Metrics
from reading.service.pipeline import Pipeline
from reading.service.refusals import Refusal
from reading.service.settings import ServiceSettings
from tests.stub_service import Reading, StubRecogniser
from tests.test_room import settle

IMAGE = np.zeros([10, 20, 3], np.uint8)


class Blocked:
    """Work that tells when it has begun and ends when it may, for a thread."""

    def __init__(self, result):
        self.begun, self.may_end, self.calls, self._result = threading.Event(), threading.Event(), [], result

    def __call__(self, *args):
        self.calls.append(args)
        self.begun.set()
        self.may_end.wait()
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


async def given_up(task):
    """Cancel a task and return whether that has ended it."""
    task.cancel()
    await settle()
    return task.done()


async def check_given_up(work, start):
    """Give up work that runs in the only thread, and some that waits for it.

    Args:
        work: Blocked, in a thread.
        start: returns the coroutine that waits for it.
    """
    running = asyncio.create_task(start())
    await asyncio.to_thread(work.begun.wait)
    waiting = asyncio.create_task(start())
    await settle()
    assert await given_up(waiting)
    assert not await given_up(running)
    work.may_end.set()
    await asyncio.wait([running])
    assert running.cancelled()
    assert len(work.calls) == 1


@pytest.fixture
def one_decoder(monkeypatch):
    monkeypatch.setattr('reading.service.decoders._Decoder.start', lambda self: None)
    monkeypatch.setattr('reading.service.decoders._Decoder.end', lambda self: None)
    opened = Decoders(ServiceSettings(num_decoders=1))
    yield opened
    opened.close()


@pytest.mark.parametrize('result', [IMAGE, Refusal(422, 'no image')])
def test_a_decoding_that_is_given_up_ends_when_it_is_done_or_before_it_begins(
        one_decoder, monkeypatch, result):
    work = Blocked(result)
    monkeypatch.setattr(one_decoder, '_decode', work)
    asyncio.run(check_given_up(work, lambda: one_decoder.decode(b'', (1, 1))))


class File(bytearray):
    """The bytes of a file, to which there can be a weak reference."""


def test_a_file_whose_decoding_is_given_up_before_it_begins_is_let_go_at_once(one_decoder, monkeypatch):
    async def check():
        running = asyncio.create_task(one_decoder.decode(b'', (1, 1)))
        await asyncio.to_thread(work.begun.wait)
        file = File(b'a file')
        reference = weakref.ref(file)
        waiting = asyncio.create_task(one_decoder.decode(file, (1, 1)))
        del file
        await settle()
        was_held = reference() is not None
        is_given_up = await given_up(waiting)
        del waiting   # whose error holds what it waited with
        is_held = reference() is not None
        work.may_end.set()
        await running
        return was_held, is_given_up, is_held

    work = Blocked(IMAGE)
    monkeypatch.setattr(one_decoder, '_decode', work)
    assert asyncio.run(check()) == (True, True, False)


def test_a_reading_that_is_given_up_ends_when_it_is_done_or_before_it_begins():
    async def check():
        work = recogniser.read = Blocked([Reading('text', 1.0, ())])
        batches = Batches(recogniser, 1, Metrics())
        await check_given_up(work, lambda: batches.read(IMAGE))
        assert (await batches.read(IMAGE)).text == 'text'
        batches.close()

    recogniser = StubRecogniser(0)
    asyncio.run(check())


def test_readings_end_where_the_loop_does():
    async def check():
        batches = Batches(recogniser, 1, Metrics())
        tasks.append(asyncio.create_task(batches.read(IMAGE)))
        await asyncio.to_thread(work.begun.wait)
        batches.close()

    recogniser, tasks = StubRecogniser(0), []
    work = recogniser.read = Blocked([Reading('text', 1.0, ())])
    asyncio.run(check())   # which cancels what is left, and waits for it
    work.may_end.set()
    assert tasks[0].cancelled()


def test_the_error_of_a_decoding_holds_nothing(one_decoder, monkeypatch):
    async def check():
        try:
            await one_decoder.decode(b'', (1, 1))
        except Refusal as refusal:
            return weakref.ref(refusal)

    monkeypatch.setattr(one_decoder, '_decode', refuse)
    gc.disable()
    try:
        assert asyncio.run(check())() is None
    finally:
        gc.enable()


def refuse(*_):
    raise Refusal(422, 'no image')


class SlowDecoders:
    """Decodes when it may; a decoding that has begun goes on where it is given up."""

    def __init__(self):
        self.begun, self.may_end = [], asyncio.Event()

    async def decode(self, content, _size):
        self.begun.append(content)
        ending = asyncio.ensure_future(self.may_end.wait())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise
        return IMAGE


def test_a_request_that_is_given_up_ends_at_once_and_its_room_is_free_when_its_decoding_is_done():
    async def check():
        decoders = SlowDecoders()
        settings = ServiceSettings(max_held_bytes=10 * 20 * 3)
        pipeline = Pipeline(StubRecogniser(0), decoders, settings, Metrics())
        contents = [cv2.imencode('.png', image)[1].tobytes() for image in (IMAGE, IMAGE + 9)]
        first, second = (asyncio.create_task(pipeline.read([content])) for content in contents)
        await settle()
        assert await given_up(first)
        assert (decoders.begun, pipeline.num_waiting) == (contents[:1], 2)
        decoders.may_end.set()
        reading, = await second
        assert reading.text == '20x10'
        assert (decoders.begun, pipeline.num_waiting) == (contents, 0)
        pipeline.close()

    asyncio.run(check())
