"""The service on a recogniser that needs no network, in a process of its own; for tests, which talk to it
over HTTP.

    python -m tests.stub_service '{"max_waiting": 8}' SECONDS_A_BATCH

The text of an image is its size, and the confidence the number of images that were read with it, in
hundredths.
"""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.parse
from typing import NamedTuple

import numpy as np

from local_utils.errors import InputError, Unavailable

ROOT = pathlib.Path(__file__).parent.parent
POISON = 3, 17, 3   # the shape of an image over which the recogniser fails
NO_NUMBERS, NO_MEMORY = (3, 18, 3), (3, 19, 3)   # of one that it raises an error of the user's for


class Character(NamedTuple):
    character: str
    probability: float
    first_frame: int
    last_frame: int


class Reading(NamedTuple):
    text: str
    confidence: float
    characters: tuple
    error: str | None = None


class StubRecogniser:
    """Has the interface of reading.Recogniser."""

    concurrency, prefix = 1, 'stub'

    def __init__(self, seconds):
        self._seconds = seconds

    def read(self, images):
        time.sleep(self._seconds)
        if any(image.shape == POISON for image in images):
            raise RuntimeError('a defect')
        if any(image.shape == NO_NUMBERS for image in images):
            raise InputError('stub: no finite numbers')
        if any(image.shape == NO_MEMORY for image in images):
            raise Unavailable('stub: no memory')
        return [Reading(f'{image.shape[1]}x{image.shape[0]}', len(images) / 100,
                        (Character(str(image.shape[1]), float(np.float32(0.5)), 0, 1),)) for image in images]


def multipart(*contents, end=b'--x--\r\n'):
    """Return a body of several images, or what is to be, and its headers."""
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="%d.png"\r\n\r\n%s\r\n'
    body = b''.join(part % pair for pair in enumerate(contents)) + end
    return body, {'Content-Type': 'multipart/form-data; boundary=x'}


class Service:
    """A service in a process, and calls of it."""

    def __init__(self, command, log_path):
        """Start a command and wait for the line with its address."""
        self.log_path = log_path
        with open(log_path, 'wb') as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log)
        self.address = self.wait_for(lambda: next(
            (line['address'] for line in self.log_lines() if line['event'] == 'serving'), None))
        self.host = urllib.parse.urlsplit(self.address).netloc

    def log_lines(self):
        """Return the lines of the log, each one an object of JSON."""
        return [json.loads(line)
                for line in self.log_path.read_text(encoding='utf-8').splitlines(keepends=True)
                if line.endswith('\n')]

    def wait_until_ready(self):
        self.wait_for(lambda: self.call('GET', '/health')[0] == 200)

    def call(self, method, path, body=None, headers=None):
        """Return (status, what the JSON or the text says, headers)."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            content = response.read()
            is_json = response.getheader('Content-Type', '').startswith('application/json')
            return response.status, json.loads(
                content) if is_json else content.decode(), dict(response.getheaders())

    def read(self, content):
        return self.call('POST', '/service', content)

    def figure(self, name):
        """Return a figure of /metrics."""
        lines = self.call('GET', '/metrics')[1].splitlines()
        return next(float(line.rpartition(' ')[2]) for line in lines if line.rpartition(' ')[0] == name)

    def decoders(self):
        """Return the numbers of the processes that decode."""
        children = f'/proc/{self.process.pid}/task/{self.process.pid}/children'
        found = pathlib.Path(children).read_text(encoding='ascii').split()
        for thread in os.listdir(f'/proc/{self.process.pid}/task'):
            path = pathlib.Path(f'/proc/{self.process.pid}/task/{thread}/children')
            found += path.read_text(encoding='ascii').split()
        return sorted({int(number) for number in found})

    def end(self, number=signal.SIGTERM):
        """Send a signal and return the status of the process."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def wait_for(self, look):
        """Return what `look` returns, once it is something: a line of the log may come behind its answer."""
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if found := look():
                    return found
            time.sleep(0.05)
        raise AssertionError(f'the service does not come: {self.log_path.read_text(encoding="utf-8")}')


def start(log_path, seconds=0.0, **settings):
    """Return a Service on the stub that is ready."""
    service = Service([sys.executable, '-m', 'tests.stub_service', json.dumps(settings), str(seconds)],
                      log_path)
    service.wait_until_ready()
    return service


def main(argv=None):
    from reading.service import server
    from reading.service.settings import ServiceSettings
    settings, seconds = argv or sys.argv[1:]
    server.serve(lambda: StubRecogniser(float(seconds)), '127.0.0.1', 0,
                 ServiceSettings(**json.loads(settings)))


if __name__ == '__main__':
    from local_utils import command_line
    sys.exit(command_line.run_tool(main))
