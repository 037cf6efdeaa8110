"""A client of the service that takes little of the processor: HTTP over a connection that stays open."""
import asyncio
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / 'tools' / 'serve_shadownet.py'
START_SECONDS = 120
ANSWER_SECONDS = 60
HOST = '127.0.0.1'


class Answer(NamedTuple):
    """What came back."""

    status: int | None   # None where the connection ended before
    content: dict | str
    seconds: float


class Service:
    """The service in a process of its own."""

    def __init__(self, flags: list[str]):
        """Start it; `wait` until it is ready."""
        self._log = tempfile.NamedTemporaryFile('w+', suffix='.log')   # noqa: SIM115
        self._process = subprocess.Popen([sys.executable, TOOL, '--port', '0', *flags], stderr=self._log)
        self.port = None
        self.start_seconds = time.monotonic()

    async def wait(self) -> None:
        """Wait until it answers that it is ready."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            self.port = self.port or next((int(line['address'].rpartition(':')[2]) for line in self.log()
                                           if line['event'] == 'serving'), None)
            if self.port:
                answer = await Client(self.port).ask('GET', '/health')
                if answer.status == 200:
                    self.start_seconds = time.monotonic() - self.start_seconds
                    return
            await asyncio.sleep(0.05)
        raise SystemExit(f'the service does not come: {self.log()[-3:]}')

    async def figure(self, name: str) -> float:
        """Return a figure of /metrics."""
        text = (await Client(self.port).ask('GET', '/metrics')).content
        return next(float(line.rpartition(' ')[2]) for line in text.splitlines()
                    if line.rpartition(' ')[0] == name)

    def processor_seconds(self) -> float:
        """Return the time of the processor that the service and its decoders have taken."""
        own = pathlib.Path('/proc', str(self._process.pid))
        children = [number for path in own.glob('task/*/children') for number in path.read_text().split()]
        ticks = 0
        for number in (self._process.pid, *children):
            fields = pathlib.Path('/proc', str(number), 'stat').read_text().rpartition(')')[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf('SC_CLK_TCK')

    def log(self) -> list[dict]:
        """Return the lines of its log, each of which has to be JSON."""
        return [json.loads(line)
                for line in pathlib.Path(self._log.name).read_text().splitlines(keepends=True)
                if line.endswith('\n')]

    def end(self, number: int) -> int:
        """Send a signal; returns the status."""
        self._process.send_signal(number)
        return self._process.wait(ANSWER_SECONDS)


class Client:
    """One connection, made again when it has ended."""

    def __init__(self, port: int):
        self._port, self._reader, self._writer = port, None, None

    async def ask(self, method: str, path: str, body: bytes = b'', headers: str = '') -> Answer:
        """Send a request and return the answer."""
        head = f'{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{headers}\r\n'.encode()
        return await self.send(head + body)

    async def send(self, content: bytes) -> Answer:
        """Send bytes, whatever they are, and return the answer."""
        started = time.perf_counter()
        status, answer = None, ''
        try:
            status, answer = await asyncio.wait_for(self._exchange(content), ANSWER_SECONDS)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            self.close()
        return Answer(status, answer, time.perf_counter() - started)

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _exchange(self, content):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        self._writer.write(content)
        with contextlib.suppress(ConnectionError):   # the answer may be there all the same
            await self._writer.drain()
        head = (await self._reader.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
        length = int(head.partition('content-length:')[2].split()[0]) if 'content-length:' in head else 0
        body = (await self._reader.readexactly(length)).decode()
        if 'connection: close' in head:
            self.close()
        return int(head.split()[1]), json.loads(body) if 'application/json' in head else body
