"""Waiting for work that cannot be stopped once it has begun."""
import asyncio
from collections.abc import Callable


async def result_of(work: asyncio.Future, take_back: Callable[[], bool]):
    """Return the result of work, or raise what it raises.

    Cancelled, the coroutine ends when the work does, so that what the work holds counts as held till then.

    Args:
        work: which goes on where the waiting for it is cancelled.
        take_back: returns whether the work had not begun, and will not begin any more.
    """
    try:
        await asyncio.wait([work])
        return work.result()
    except asyncio.CancelledError:
        if not work.done() and not take_back():
            await asyncio.wait([work])
        if work.done() and not work.cancelled():
            work.exception()   # or asyncio complains that nobody has asked for it
        raise
    finally:
        del work, take_back   # an error of which would hold this frame, and this frame the error
