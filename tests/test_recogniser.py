"""Tests of reading.recogniser."""
import threading

import numpy as np
import pytest

from reading import recogniser


@pytest.mark.parametrize(('count', 'pieces'), [(1, 1), (31, 1), (32, 2), (50, 3), (1000, 4)])
def test_pieces_of_a_batch_are_read_at_the_same_time_and_come_in_order(count, pieces, monkeypatch):
    monkeypatch.setattr(recogniser.parallel, 'usable_cores', lambda: 4)
    monkeypatch.setattr(recogniser.tf.config, 'list_physical_devices', lambda kind: [])
    all_started = threading.Barrier(pieces, timeout=60)   # passes only where all pieces are being read

    def read(images):
        all_started.wait()
        return [f'text {image}' for image in images], np.float32(images)

    texts, confidences = recogniser.in_pieces(read, list(range(count)))
    assert texts == [f'text {number}' for number in range(count)]
    assert confidences.tolist() == list(range(count))


def test_a_gpu_reads_a_batch_whole(monkeypatch):
    monkeypatch.setattr(recogniser.tf.config, 'list_physical_devices', lambda kind: [f'a {kind}'])
    assert recogniser.num_pieces(1000) == 1


def test_a_piece_that_cannot_be_read_is_the_error_of_the_batch(monkeypatch):
    monkeypatch.setattr(recogniser.parallel, 'usable_cores', lambda: 2)

    def read(images):
        if images[0]:
            raise ValueError('out of memory')
        return ['' for _ in images], np.zeros(len(images), np.float32)

    with pytest.raises(ValueError, match='^out of memory$'):
        recogniser.in_pieces(read, list(range(64)))
