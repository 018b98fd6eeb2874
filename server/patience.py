"""Patience: work ends when it has taken too long, and soon after nobody waits for it any more."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from graph.errors import Timeout

SECONDS = 10.0  # that a request may take, waiting for its turn included
UNWATCHED = 0.25  # seconds in which nobody looks whether the caller is still there: most answers are sooner


class Patience:
    """A block that is cancelled once its time is over, or its caller has left.

    Raises Timeout or ClientDisconnect then. The request's body must have been read.
    """

    def __init__(self, receive: Receive, seconds: float = SECONDS) -> None:
        self._receive = receive
        self._seconds = seconds
        self._has_left = False
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        await self._limit.__aenter__()
        self._end = loop.time() + self._seconds
        self._timer = loop.call_later(min(UNWATCHED, self._seconds), self._begin)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch:
            self._watch.cancel()
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as ended:
            if self._has_left:
                raise ClientDisconnect from ended
            raise Timeout("the request took too long; ask for less, or again later") from ended

    def _begin(self) -> None:
        """Look, from now on, at the time as well: one timer is enough for most answers."""
        self._limit.reschedule(self._end)
        self._watch = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_left = True
        if not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())
