"""Turns: so many operations at the same time, so many that wait, and no more."""

from __future__ import annotations

from asyncio import Semaphore

from graph.errors import Overloaded

RUNNING = 8
WAITING = 64


class Turns:
    """A block that few enter at the same time, in the order in which they come.

    Raises Overloaded where too many wait already.
    """

    def __init__(self, running: int = RUNNING, waiting: int = WAITING) -> None:
        self.running = self.waiting = 0
        self._most = waiting
        self._free = Semaphore(running)

    async def __aenter__(self) -> None:
        if self.waiting >= self._most and self._free.locked():
            raise Overloaded("the server has enough to do; ask again in a second")
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.running += 1

    async def __aexit__(self, *exception: object) -> None:
        self.running -= 1
        self._free.release()
