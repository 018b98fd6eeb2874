"""Patience: work ends when it has taken too long, and soon after nobody waits for it any more."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from graph.errors import Timeout, TooSlow

READING = 10.0  # seconds until a request has come; ASGI servers wait for ever for a body
SECONDS = 10.0  # that its answer may take then, waiting for its turn included
UNWATCHED = 0.25  # seconds in which nobody looks at the time, or for the caller: most answers are sooner


class Patience:
    """A block in which a request is read and then answered, cancelled once its time is over or its caller has left.

    Raises TooSlow, Timeout or ClientDisconnect then.
    """

    def __init__(self, receive: Receive, seconds: float = SECONDS, reading: float = READING) -> None:
        self._receive = receive
        self._seconds, self._reading = seconds, reading
        self._is_read = self._has_begun = self._has_left = False
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Patience:
        self._limit = asyncio.timeout(None)
        await self._limit.__aenter__()
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + self._reading
        self._timer = self._loop.call_later(min(UNWATCHED, self._seconds, self._reading), self._begin)
        return self

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
            if not self._is_read:
                raise TooSlow(f"the body did not come within {self._reading:g} seconds") from ended
            raise Timeout("the request took too long; ask for less, or again later") from ended

    def is_read(self) -> None:
        """Say that the request was read: from now on its caller waits for the answer, and may leave."""
        self._is_read = True
        self._end = self._loop.time() + self._seconds
        if self._has_begun:
            self._begin()

    def _begin(self) -> None:
        """Look at the time from now on: one timer is enough for most requests."""
        self._has_begun = True
        self._limit.reschedule(self._end)
        if self._is_read:
            self._watch = self._loop.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_left = True
        if not self._limit.expired():
            self._limit.reschedule(self._loop.time())
