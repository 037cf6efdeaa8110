"""Memory for decoded images, which those that find none wait for in the order in which they come."""
import asyncio
import collections
import contextlib
from collections.abc import AsyncIterator


class Room:
    """So many bytes, lent for as long as a block runs."""

    def __init__(self, num_bytes: int):
        self._free, self._largest = num_bytes, num_bytes
        self._waiting = collections.OrderedDict()   # future that ends as its turn comes: bytes

    @contextlib.asynccontextmanager
    async def taken(self, num_bytes: int) -> AsyncIterator[None]:
        """Hold so much while the block runs; what came before is let in before, however much it needs."""
        num_bytes = min(num_bytes, self._largest)
        await self._turn(num_bytes)
        try:
            yield
        finally:
            self._give_back(num_bytes)

    async def _turn(self, num_bytes):
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = num_bytes
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.pop(turn, None)
                num_bytes = 0
            self._give_back(num_bytes)   # what its turn gave; or those behind it may find room now
            raise

    def _give_back(self, num_bytes):
        self._free += num_bytes
        self._let_in()

    def _let_in(self):
        """Let in who waits longest, as long as there is room for them."""
        while self._waiting:
            turn, num_bytes = next(iter(self._waiting.items()))
            if not turn.cancelled():
                if num_bytes > self._free:
                    return
                self._free -= num_bytes
                turn.set_result(None)
            del self._waiting[turn]
