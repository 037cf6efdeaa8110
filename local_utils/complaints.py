"""What C libraries write to standard error, caught so that it can be said of which file it was."""
import contextlib
import os
import tempfile
from collections.abc import Iterator

STANDARD_ERROR = 2


class Complaints:
    """What was written to standard error since the last time that somebody took it."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._taken = 0

    def take(self) -> str:
        """Return what has been written since, as one line; '' for nothing."""
        written = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        if written == self._taken:
            return ''
        text = os.pread(self._descriptor, min(written - self._taken, 1000), self._taken)
        self._taken = written
        return ' '.join(text.decode('utf-8', 'replace').split())


@contextlib.contextmanager
def caught_complaints() -> Iterator[Complaints]:
    """Catch what this process writes to standard error in the block; no other thread may write there."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(STANDARD_ERROR)
        try:
            os.dup2(file.fileno(), STANDARD_ERROR)
            yield Complaints(file.fileno())
        finally:
            os.dup2(kept, STANDARD_ERROR)
            os.close(kept)
