"""Running the service: the socket, warming up, draining after SIGTERM, connections that say nothing."""
import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable

import numpy as np
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from local_utils import log_utils
from local_utils.errors import Unavailable
from reading.service import app, log, memory
from reading.service.decoders import Decoders
from reading.service.pipeline import Pipeline
from reading.service.settings import ServiceSettings
from reading.service.state import State

WARMING_SIZE = 32, 100   # height, width
SIGNALS = (signal.SIGTERM, signal.SIGINT)
MAX_HEADER_BYTES = 16_384
KEEP_ALIVE_SECONDS = 15
BACKLOG = 1024


def serve(open_recogniser: Callable, host: str, port: int, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or Ctrl-C; what is under way then is still answered.

    Args:
        open_recogniser: returns a reading.Recogniser; called in a thread while GET /health says 503.
        host: an address of this machine.
        port: 0 for any that is free.
        settings: ServiceSettings.

    Raises:
        Unavailable: the address cannot be had.
        InputError: open_recogniser raised it.
    """
    logger = log.set_up()
    memory.return_large_blocks()
    state = State(settings)
    server = _Server(state)
    with _listening(host, port) as listener, server.taking_signals():
        logger.info('serving', extra={'fields': {'address': address_of(listener)}})
        asyncio.run(_serve(server, state, open_recogniser, listener))
    logger.info('ended')


def address_of(listener: socket.socket) -> str:
    """Return the URL of a socket that listens."""
    host, port = listener.getsockname()[:2]
    return f'http://[{host}]:{port}' if ':' in host else f'http://{host}:{port}'


def _listening(host, port):
    try:
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise Unavailable(f'{host}, port {port}: expected an address of this machine and a free port: '
                          f'{reason}') from error


async def _serve(server, state, open_recogniser, listener):
    state.decoders = Decoders(state.settings)
    warming = asyncio.create_task(_warm(open_recogniser, state, server))
    try:
        await server.serve(sockets=[listener])
        await warming   # raises where the recogniser could not be opened
    finally:
        state.decoders.close()
        if state.pipeline:
            state.pipeline.close()


async def _warm(open_recogniser, state, server):
    """Open the recogniser and read an image, then let requests in; where that fails, end the service."""
    try:
        recogniser = await asyncio.to_thread(_opened, open_recogniser)
        state.pipeline = Pipeline(recogniser, state.decoders, state.settings, state.metrics)
        if not state.is_draining:
            log_utils.init_logger().info('ready', extra={'fields': {'weights': recogniser.prefix}})
    finally:
        if state.pipeline is None:
            server.should_exit = True


def _opened(open_recogniser):
    """Return a recogniser that has read stripes, with all its views: they are no word."""
    recogniser = open_recogniser()
    stripes = np.arange(0, 8 * WARMING_SIZE[1], 8, dtype=np.int64).astype(np.uint8)
    recogniser.read([np.broadcast_to(stripes[:, np.newaxis], [*WARMING_SIZE, 3]).copy()])
    return recogniser


class _Server(uvicorn.Server):
    """Ends with status 0 after a signal; a second one ends it at once."""

    def __init__(self, state):
        super().__init__(uvicorn.Config(
            app.make_app(state), http=_protocol(state.settings), ws='none', lifespan='off', log_config=None,
            access_log=False, server_header=False, timeout_graceful_shutdown=state.settings.draining_seconds,
            timeout_keep_alive=KEEP_ALIVE_SECONDS, h11_max_incomplete_event_size=MAX_HEADER_BYTES))
        self._state = state

    @contextlib.contextmanager
    def taking_signals(self):
        """Take the signals while the block runs, before the event loop does and after it."""
        handlers = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def capture_signals(self):
        """Leave the signals to `taking_signals`: uvicorn would end by the signal."""
        return contextlib.nullcontext()

    def handle_exit(self, sig, frame):
        """Drain, or at a second signal end."""
        self.force_exit = self.should_exit
        self.should_exit = self._state.is_draining = True


def _protocol(settings):
    """Return the protocol of a connection: of so many at once, and with so much time for the head of a
    request.
    """
    class Protocol(H11Protocol):
        deadline = None

        def connection_made(self, transport):
            super().connection_made(transport)
            if len(self.connections) > settings.max_connections:
                transport.write(b'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n'
                                b'Connection: close\r\n\r\n')
                transport.close()
            self._expect_a_request()

        def data_received(self, data):
            super().data_received(data)
            # a part of a head, or a body that was refused
            if self.cycle is None or self.cycle.response_complete:
                self._expect_a_request()
            else:
                self._stop_expecting()

        def connection_lost(self, exc):
            super().connection_lost(exc)
            self._stop_expecting()

        def _expect_a_request(self):
            if self.deadline is None:
                self.deadline = self.loop.call_later(settings.request_seconds, self.transport.close)

        def _stop_expecting(self):
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

    return Protocol
