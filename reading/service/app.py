"""The calls of the service, one function each."""
import asyncio
import functools
import json
import logging
import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from local_utils import log_utils
from reading.service import bodies, metrics, static_files
from reading.service.pipeline import Pipeline
from reading.service.refusals import RETRY_SECONDS, Refusal, busy
from reading.service.state import State

HEADERS = {
    'Content-Security-Policy': "default-src 'self'", 'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store',
}
CLIENT_HAS_GONE = 499   # in the log and the figures alone; nobody gets it


def make_app(state: State) -> Starlette:
    """Return the ASGI application.

    Args:
        state: what is there and what is going on; the recogniser may come later.
    """
    routes = [('/service', 'POST', read_body), ('/read', 'POST', read_several), ('/health', 'GET', health),
              ('/metrics', 'GET', show_metrics)]
    served = [Route(path, _answering(state, path, call), methods=[method]) for path, method, call in routes]
    served += [Route(file.path, _answering(state, 'page', functools.partial(send_file, file=file)),
                     methods=['GET'])
               for file in static_files.load()]
    return Starlette(routes=served,
                     exception_handlers={HTTPException: functools.partial(_refuse_unknown, state),
                                                        Exception: _tell_of_a_defect})


async def read_body(state: State, request: Request) -> Response:
    """POST /service: the body is an image."""
    if request.headers.get('content-type', '').startswith('multipart/'):
        raise Refusal(415, 'expected the image itself as the body; POST /read takes multipart/form-data')
    reading, = await _read(state, request, lambda body: [body])
    if isinstance(reading, Refusal):
        raise reading
    return _json(_as_json(reading))


async def read_several(state: State, request: Request) -> Response:
    """POST /read: the body is multipart/form-data with an image in each part."""
    parts = []

    def contents(body):
        parts.extend(bodies.parts_of(request.headers.get('content-type', ''), body,
                                     state.settings.max_images))
        return [part.content for part in parts]

    readings = await _read(state, request, contents)
    return _json({'readings': [{'name': part.name, **_as_json(reading)}
                               for part, reading in zip(parts, readings, strict=True)]})


async def health(state: State, _request: Request) -> Response:
    """GET /health: whether it reads; who asks every second fills no log."""
    status = 'draining' if state.is_draining else 'starting' if state.pipeline is None else 'ready'
    return _json({'status': status}, 200 if status == 'ready' else 503)


async def show_metrics(state: State, _request: Request) -> Response:
    """GET /metrics."""
    return Response(state.metrics.text(state.gauges()), media_type=metrics.CONTENT_TYPE, headers=HEADERS)


async def send_file(_state: State, _request: Request, file: static_files.StaticFile) -> Response:
    """GET / and the other files of the page."""
    return Response(file.content, media_type=file.media_type,
                    headers={**HEADERS, 'Cache-Control': 'no-cache'})


async def _read(state, request, contents_of):
    """Return what the pipeline makes of the images that `contents_of` finds in the body, all within the time
    of a request.
    """
    pipeline = _pipeline_of(state)
    bodies.check_length(request, state.settings.max_body_bytes)
    end = time.monotonic() + state.settings.request_seconds
    try:
        body = await asyncio.wait_for(
            bodies.receive(request.stream(), state.settings.max_body_bytes, state.held),
            state.settings.request_seconds)
    except asyncio.TimeoutError:
        raise Refusal(408, f'expected the whole body within {state.settings.request_seconds} s') from None
    try:
        return await asyncio.wait_for(pipeline.read(contents_of(body)), end - time.monotonic())
    except asyncio.TimeoutError:
        raise busy(f'not read within {state.settings.request_seconds} s') from None
    finally:
        state.held.release(len(body))


def _pipeline_of(state) -> Pipeline:
    if state.is_draining or state.pipeline is None:
        raise busy('the service is ending' if state.is_draining else 'the service is starting')
    return state.pipeline


def _answering(state, path, call):
    """Return an endpoint that answers with what `call(state, request)` does, counts it, and tells a Refusal
    as JSON.
    """
    async def endpoint(request):
        started, status = time.monotonic(), 500
        try:
            response = await call(state, request)
            status = response.status_code
        except Refusal as refusal:
            response, status = _refused(refusal, request), refusal.status
        except ClientDisconnect:
            response, status = _refused(Refusal(CLIENT_HAS_GONE, 'the client has gone'),
                                        request), CLIENT_HAS_GONE
        finally:
            state.metrics.requests.add(path, status)
            state.metrics.seconds.observe(time.monotonic() - started)
        return response
    return endpoint


def _refused(refusal, request):
    """Log a Refusal and return it as JSON."""
    log_utils.init_logger().log(logging.ERROR if refusal.status >= 500 else logging.WARNING, 'refused',
                                extra={'fields': {
        'method': request.method, 'path': request.url.path, 'status': refusal.status,
        'error': refusal.message}})
    response = _json({'error': refusal.message}, refusal.status)
    if refusal.status == 503:
        response.headers['Retry-After'] = str(RETRY_SECONDS)
    return response


def _refuse_unknown(state, request, error):
    """Answer a call that there is not."""
    state.metrics.requests.add('other', error.status_code)
    if error.status_code == 405:
        message = f'{request.method} is not what {request.url.path} answers; GET /docs tells the calls'
    else:
        message = 'there is no such page; GET /docs tells the calls'
    response = _refused(Refusal(error.status_code, message), request)
    response.headers.update(error.headers or {})
    return response


def _tell_of_a_defect(_request, _error):
    """Answer where the code is wrong; uvicorn logs the line."""
    return _json({'error': 'a defect of the service; its log says more'}, 500)


def _as_json(reading):
    """Return a Reading, or a Refusal among several answers, as what JSON writes."""
    if isinstance(reading, Refusal):
        return {'error': reading.message, 'status': reading.status}
    return {'text': reading.text, 'confidence': round(reading.confidence, 6),
            'characters': [{**character._asdict(), 'probability': round(character.probability, 6)}
                           for character in reading.characters]}


def _json(value, status=200):
    return Response(_encoded(value), status, HEADERS, 'application/json')


def _encoded(value):
    return json.dumps(value, ensure_ascii=False).encode()
