"""Tests of reading.service.decoders, without a service around them."""
import asyncio
import struct

import cv2
import numpy as np
import pytest

from data_provider import image_header
from reading.service import decoders
from reading.service.decoders import Decoders
from reading.service.refusals import Refusal
from reading.service.settings import ServiceSettings


@pytest.fixture
def one_decoder():
    opened = Decoders(ServiceSettings(num_decoders=1))
    yield opened
    opened.close()


def decoded(opened, content, size):
    return asyncio.run(opened.decode(content, size))


def picture(width, height):
    image = np.random.default_rng(0).integers(0, 256, [height, width, 3], np.uint8)
    return image, cv2.imencode('.png', image)[1].tobytes()


def tiff_with_sides_twice(width, height):
    """Return a grey TIFF that states its sides and then 2 x 2."""
    pixels = np.random.default_rng(0).integers(0, 256, [height, width], np.uint8).tobytes()
    sides = [(256, width), (256, 2), (257, height), (257, 2)]
    start = 8 + 2 + 11 * 12 + 4
    strips = [(258, 8), (259, 1), (262, 1), (273, start), (277, 1), (278, height), (279, len(pixels))]
    entries = b''.join(struct.pack('<HHII', tag, 4, 1, value) for tag, value in sides + strips)
    return b'II*\0' + struct.pack('<IH', 8, 11) + entries + bytes(4) + pixels


def test_a_picture_that_is_larger_than_its_header_states_is_refused(one_decoder):
    content = tiff_with_sides_twice(130, 120)
    assert image_header.size_of(content) == (130, 120)
    assert decoded(one_decoder, content, (130, 120)).shape == (120, 130, 3)
    with pytest.raises(Refusal, match='130x120 pixels, its header states 130x119') as refused:
        decoded(one_decoder, content, (130, 119))
    assert refused.value.status == 422


def test_a_picture_that_there_is_no_memory_for_leaves_nothing_to_the_next(one_decoder, monkeypatch):
    def no_memory(*_):
        raise MemoryError

    _, first = picture(50, 40)
    image, content = picture(30, 20)
    with monkeypatch.context() as patched, pytest.raises(Refusal, match='not an image'):
        patched.setattr(decoders.np, 'empty', no_memory)
        decoded(one_decoder, first, (50, 40))
    assert np.array_equal(decoded(one_decoder, content, (30, 20)), image)
