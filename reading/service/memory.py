"""How the service and its decoders give memory back."""
import contextlib
import ctypes

MMAP_THRESHOLD = -3   # of glibc's mallopt
LARGE_BLOCK = 1 << 20   # bytes


def return_large_blocks() -> None:
    """Let the memory of a large body or picture go back to the system as soon as it is freed.

    glibc would otherwise keep ever larger blocks for the next one. Where the system has another library,
    nothing is done.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE_BLOCK)
