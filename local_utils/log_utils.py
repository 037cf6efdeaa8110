"""The one logger of the project, on standard error."""
import logging
import os
import sys

from local_utils import bars, visible

LOGGER_NAME = 'crnn'
LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR')


def init_logger() -> logging.Logger:
    """Set up the project's logger and return it; calling it again changes nothing.

    Standard output belongs to results, so every line goes to standard error. The environment variable
    CRNN_LOG_LEVEL (default INFO) sets the level; DEBUG adds the traceback of an error that ends a script.
    """
    logger = logging.getLogger(LOGGER_NAME)
    if not logger.handlers:
        handler = _StandardErrorHandler()
        handler.setFormatter(_OneLineFormatter('%(asctime)s %(levelname)s %(message)s', datefmt='%H:%M:%S'))
        logger.addHandler(handler)
        wanted = os.environ.get('CRNN_LOG_LEVEL', 'INFO').upper()
        logger.setLevel(wanted if wanted in LEVELS else 'INFO')
        logger.propagate = False
    return logger


class _OneLineFormatter(logging.Formatter):
    """Writes each message as one line, whatever a stranger has put into it."""

    def formatMessage(self, record):  # noqa: N802
        """Return the line of a message."""
        return visible.line(super().formatMessage(record))

    def formatException(self, exc_info):  # noqa: N802
        """Return the lines of a traceback."""
        return '\n'.join(map(visible.line, super().formatException(exc_info).split('\n')))


class _StandardErrorHandler(logging.StreamHandler):
    """Writes around progress bars, to what standard error is when a line comes.

    So who redirects it later gets the lines too.
    """

    def __init__(self):
        super().__init__(sys.stderr)

    def emit(self, record):
        """Write a line, for which a progress bar steps aside."""
        with bars.stepping_aside(sys.stderr):
            super().emit(record)

    @property
    def stream(self):
        """The standard error of this moment."""
        return sys.stderr

    @stream.setter
    def stream(self, _):
        pass
