"""The log of the service: a line of JSON an event on standard error, never a traceback, never an image nor a
text; of what a client sent only the method and the path.
"""
import datetime
import json
import logging
import os
import traceback

from local_utils import log_utils

MAX_TEXT = 500   # characters of a field


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object; an exception as its kind, its message and where it was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        event = {'time': datetime.datetime.fromtimestamp(record.created,
                                                         datetime.timezone.utc).isoformat(
                                                             'T', 'milliseconds'),
                 'level': record.levelname.lower(), 'event': record.getMessage().strip(),
                 **getattr(record, 'fields', {})}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            event |= {'error': f'{type(error).__name__}: {error}', 'at': _place_of(error)}
        return json.dumps({key: value[:MAX_TEXT] if isinstance(value, str) else value for key,
                           value in event.items()})


def set_up() -> logging.Logger:
    """Let the project's logger and uvicorn's write JSON; returns the project's."""
    logger = log_utils.init_logger()
    for handler in logger.handlers:
        handler.setFormatter(JsonFormatter())
    for name in ('uvicorn', 'asyncio'):
        other = logging.getLogger(name)
        other.handlers, other.propagate = list(logger.handlers), False
        other.setLevel(logging.WARNING)
    return logger


def _place_of(error):
    frames = traceback.extract_tb(error.__traceback__)
    return f'{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}' if frames else ''
