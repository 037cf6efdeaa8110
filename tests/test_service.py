"""Tests of the service on a recogniser that needs no network: what it takes, what it refuses, what it
survives.
"""
import concurrent.futures
import contextlib
import os
import signal
import socket
import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from tests import stub_service
from tests.stub_service import multipart

SIZE = 41, 123   # height, width


@pytest.fixture(scope='module')
def service(tmp_path_factory):
    started = stub_service.start(tmp_path_factory.mktemp('service') / 'log')
    yield started
    started.end(signal.SIGKILL)


@pytest.fixture
def own_service(tmp_path):
    """Return a function that starts a service with settings of its own."""
    with contextlib.ExitStack() as ends:
        def start(*args, **settings):
            started = stub_service.start(tmp_path / 'log', *args, **settings)
            ends.callback(started.end, signal.SIGKILL)
            return started
        yield start


def picture(size=SIZE, ending='.png'):
    image = np.random.default_rng(0).integers(0, 256, [*size, 3], np.uint8)
    return cv2.imencode(ending, image)[1].tobytes()


def png(width, height, rows=b''):
    """Return a PNG that says it is so large, whatever it holds."""
    def chunk(kind, content):
        return struct.pack('>I',
                           len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def raw(service, content, timeout=20):
    """Return what comes back for bytes on a connection until it is closed, or nothing more comes in time."""
    host, port = service.host.split(':')
    received = b''
    with socket.create_connection((host, int(port)), timeout) as connection, contextlib.suppress(OSError):
        connection.sendall(content)
        while piece := connection.recv(65536):
            received += piece
            if b'\r\n\r\n' in received and b'}' in received:
                break
    return received


def test_an_image_is_read(service):
    status, answer, headers = service.read(picture())
    assert (status, answer['text'], answer.get('error')) == (200, '123x41', None)
    assert answer['characters'] == [{'character': '123', 'probability': 0.5, 'first_frame': 0,
                                     'last_frame': 1}]
    assert headers['content-security-policy'] == "default-src 'self'"


def test_several_images_are_read_and_a_bad_one_is_told(service):
    body, headers = multipart(picture((8, 30)), b'no image', picture((9, 31)), b'')
    status, answer, _ = service.call('POST', '/read', body, headers)
    assert status == 200
    assert [reading.get('text') for reading in answer['readings']] == ['30x8', None, '31x9', None]
    assert [reading.get('status') for reading in answer['readings']] == [None, 415, None, 400]
    assert [reading['name'] for reading in answer['readings']] == ['0.png', '1.png', '2.png', '3.png']


def test_the_page_and_its_files_are_served(service):
    for path, kind in (('/', 'text/html'), ('/docs', 'text/html'), ('/page.css', 'text/css'),
                       ('/page.json', 'application/json'), ('/docs.js', 'text/javascript'),
                       ('/page.js', 'text/javascript'), ('/icon.svg', 'image/svg+xml')):
        status, content, headers = service.call('GET', path)
        assert (status, headers['content-type'].split(';')[0], bool(content)) == (200, kind, True)


@pytest.mark.parametrize(('method', 'path', 'status'), [
    ('GET', '/service', 405), ('DELETE', '/', 405), ('GET', '/no', 404), ('GET', '/../etc/passwd', 404),
    ('GET', '//etc/passwd', 404), ('GET', '/%2e%2e/settings.py', 404)])
def test_a_call_that_there_is_not_is_refused_as_json(service, method, path, status):
    got, answer, _ = service.call(method, path)
    assert (got, list(answer)) == (status, ['error'])


@pytest.mark.parametrize(('content', 'status'), [
    (b'', 400), (b'http://localhost/x.png', 415), (b'/etc/passwd', 415), (b'\x89PNG\r\n\x1a\n', 415),
    (picture()[:500], 422), (picture(ending='.jpg')[:900], 422), (png(20000, 2), 413), (png(5001, 5000), 413),
    (png(100, 30, b'\0' * 10), 422), (png(4000, 4000, b''), 422), (picture((1, 1)), 422),
    (b'GIF89a\xff\xff\xff\xff\0\0\0' + b'\x2c' + bytes(9), 413)])
def test_a_bad_image_is_refused_in_one_sentence(service, content, status):
    got, answer, _ = service.read(content)
    assert (got, list(answer)) == (status, ['error'])
    assert service.log_lines()[-1] | {'time': 0} == {
        'time': 0, 'level': 'warning', 'event': 'refused', 'method': 'POST', 'path': '/service',
        'status': status,
        'error': answer['error']}


def test_multipart_for_one_image_is_refused_with_a_hint(service):
    status, answer, _ = service.call('POST', '/service', *multipart(picture()))
    assert status == 415
    assert '/read' in answer['error']


# ---- lengths of bodies

def head(length, name='Content-Length'):
    return f'POST /service HTTP/1.1\r\nHost: x\r\n{name}: {length}\r\n\r\n'.encode()


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(service):
    assert raw(service, head(10_000_001)).startswith(b'HTTP/1.1 413')


def test_a_body_without_length_is_counted_as_it_comes(service):
    pieces = b''.join(b'%x\r\n%s\r\n' % (len(piece), piece) for piece in [bytes(1_000_000)] * 11)
    assert raw(service, head('chunked', 'Transfer-Encoding') + pieces).startswith(b'HTTP/1.1 413')


def test_a_client_that_sends_on_still_gets_the_answer(service):
    status, answer, _ = service.call('POST', '/service', bytes(30_000_000))
    assert status == 413
    assert '10000000 bytes' in answer['error']


@pytest.mark.parametrize('length', ['-1', 'x', '1e3', '+5', '99999999999999999999999999'])
def test_a_wrong_length_is_refused(service, length):
    assert raw(service, head(length) + b'x').split()[1] in (b'400', b'413')


def test_a_body_that_never_comes_is_given_up(own_service):
    service = own_service(request_seconds=0.5)
    started = time.monotonic()
    assert raw(service, head(100) + b'x').startswith(b'HTTP/1.1 408')
    assert raw(service, b'POST /service HTT', timeout=5) == b''   # a head that never ends
    assert time.monotonic() - started < 5
    assert service.figure('crnn_held_bytes') == 0


def test_a_client_that_goes_away_leaves_nothing_behind(service):
    host, port = service.host.split(':')
    for _ in range(20):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head(1000) + bytes(500))
    assert service.read(picture())[0] == 200
    assert (service.figure('crnn_held_bytes'), service.figure('crnn_waiting_images')) == (0, 0)


# ---- many at the same time

def test_more_connections_than_there_may_be_are_turned_away(own_service):
    service = own_service(max_connections=3)
    host, port = service.host.split(':')
    with contextlib.ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(socket.create_connection((host, int(port))))
        assert b'503 Service Unavailable' in raw(service, b'GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    assert service.call('GET', '/health')[0] == 200


def test_what_waits_is_read_as_one_batch(own_service):
    service = own_service(0.3)
    with concurrent.futures.ThreadPoolExecutor(16) as executor:
        answers = list(executor.map(lambda width: service.read(picture((10, width)))[1], range(20, 36)))
    assert [answer['text'] for answer in answers] == [f'{width}x10' for width in range(20, 36)]
    assert max(answer['confidence'] for answer in answers) >= 0.08


def test_a_full_queue_answers_503_and_loses_nobody(own_service):
    service = own_service(0.3, max_waiting=4)
    with concurrent.futures.ThreadPoolExecutor(12) as executor:
        answers = list(executor.map(lambda _: service.read(picture()), range(12)))
    assert {status for status, _, _ in answers} == {200, 503}
    assert {headers.get('retry-after') for status, _, headers in answers if status == 503} == {'1'}
    assert {answer['text'] for status, answer, _ in answers if status == 200} == {'123x41'}


def test_too_slow_a_reading_is_given_up_with_503(own_service):
    service = own_service(1.5, request_seconds=1)
    status, answer, headers = service.read(picture())
    assert (status, headers['retry-after']) == (503, '1')
    assert 'within 1 s' in answer['error']


def test_an_image_over_which_the_recogniser_fails_does_not_spoil_its_batch(own_service):
    service = own_service(0.3)
    contents = [picture(), picture(), picture(stub_service.POISON[:2]), picture()]
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        statuses = [status for status, _, _ in executor.map(service.read, contents)]
    assert statuses == [200, 200, 500, 200]
    line, = service.wait_for(lambda: [line for line in service.log_lines() if line['level'] == 'error'])
    assert line['error'] == 'RuntimeError: a defect'
    assert 'Traceback' not in service.log_path.read_text(encoding='utf-8')


def test_weights_that_give_no_numbers_are_an_error_and_too_little_memory_is_a_busy_service(own_service):
    service = own_service()
    service.wait_until_ready()
    for shape, expected_status, message in (
            (stub_service.NO_NUMBERS, 500, 'stub: no finite numbers'),
            (stub_service.NO_MEMORY, 503, 'stub: no memory; try again later')):
        status, body, headers = service.read(picture(shape[:2]))
        assert (status, body) == (expected_status, {'error': message})
        assert ('retry-after' in headers) == (expected_status == 503)
    assert service.read(picture())[0] == 200


# ---- decoders

def test_a_decoder_that_is_killed_is_replaced_and_nobody_notices(own_service):
    service = own_service()
    for number in service.decoders():
        os.kill(number, signal.SIGKILL)
    assert [service.read(picture())[0] for _ in range(6)] == [200] * 6
    assert service.figure('crnn_decoder_restarts') >= 1


def test_an_image_that_takes_a_decoder_too_much_memory_is_refused(own_service):
    service = own_service(decoder_bytes=30_000_000)
    assert service.read(png(4000, 4000, bytes(4000 * 12001)))[0] == 422
    assert service.read(picture())[0] == 200


def test_an_image_that_takes_a_decoder_too_long_is_refused(own_service):
    service = own_service(large_decoding_seconds=0)
    assert service.read(scans_without_end())[0] == 422
    assert service.read(picture())[0] == 200


def test_a_decoder_that_hangs_is_replaced_and_its_image_may_come_again(own_service):
    service = own_service(request_seconds=2, num_decoders=1)
    decoder, = service.decoders()
    os.kill(decoder, signal.SIGSTOP)
    assert service.read(picture())[0] == 503
    end = time.monotonic() + 60
    while service.read(picture())[0] == 503 and time.monotonic() < end:
        time.sleep(0.1)
    assert service.read(picture())[0] == 200
    assert service.figure('crnn_decoder_restarts') == 1


def scans_without_end():
    """Return a progressive JPEG whose last scan comes again and again, which would keep a decoder busy for
    minutes.
    """
    flat = np.zeros([4000, 4000], np.uint8)
    content = cv2.imencode('.jpg', flat, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last_scan = content[content.rindex(b'\xff\xda'):-2]
    return content[:-2] + last_scan * (9_000_000 // len(last_scan)) + b'\xff\xd9'


# ---- the end

def test_sigterm_answers_what_is_under_way_and_ends_with_0(own_service):
    service = own_service(1.0)
    decoders = service.decoders()
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        answers = [executor.submit(service.read, picture()) for _ in range(3)]
        time.sleep(0.5)
        assert service.end() == 0
        assert [answer.result()[0] for answer in answers] == [200] * 3
    assert [line['event'] for line in service.log_lines()] == ['serving', 'ready', 'ended']
    assert not any(os.path.exists(f'/proc/{number}') for number in decoders)


def test_decoders_end_with_a_service_that_is_killed(own_service):
    service = own_service()
    decoders = service.decoders()
    assert len(decoders) == 3
    service.end(signal.SIGKILL)
    end = time.monotonic() + 60   # where they are still starting, they notice when they have started
    while any(is_running(number) for number in decoders) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(is_running(number) for number in decoders)


def is_running(number):
    try:
        with open(f'/proc/{number}/stat', encoding='ascii') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
