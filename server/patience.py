"""Patience: work ends when it has taken too long, and soon after nobody waits for it any more."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from graph.errors import Timeout, TooSlow

READING = 10.0  # seconds until a request has come; ASGI servers wait for ever for a body
SECONDS = 10.0  # that its answer may take then, waiting for its turn included
EVERY = 0.25  # seconds from one look to the next


class Watch:
    """Looks from time to time at the requests that are under way. Most are over before anybody looks, and for none is
    there a timer of its own."""

    def __init__(self) -> None:
        self.under_way: set[Patience] = set()

    def over(self, receive: Receive, seconds: float = SECONDS, reading: float = READING) -> Patience:
        """A block in which a request is read and then answered, within so many seconds each."""
        return Patience(self, receive, seconds, reading)

    async def keep(self) -> None:
        """Look, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            for patience in tuple(self.under_way):
                patience.look()


class Patience:
    """A block of one task, which is cancelled once its time is over or its caller has left.

    Raises TooSlow, Timeout or ClientDisconnect then.
    """

    def __init__(self, watch: Watch, receive: Receive, seconds: float, reading: float) -> None:
        self._watch, self._receive = watch, receive
        self._seconds, self._reading = seconds, reading
        self._is_read = self._has_left = self._is_over = False
        self._waiting: asyncio.Task[None] | None = None

    def __enter__(self) -> Patience:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no task to end; expected a block of one")
        self._task, self._cancelled = task, task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + self._reading
        self._watch.under_way.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.under_way.discard(self)
        if self._waiting:
            self._waiting.cancel()
        # As asyncio.timeout does: who else cancelled the task must not be told that time was over
        if self._is_over and self._task.uncancel() <= self._cancelled and kind is asyncio.CancelledError:
            raise self._reason() from error

    def is_read(self) -> None:
        """Say that the request was read: from now on its caller waits for the answer, and may leave."""
        self._is_read = True
        self._end = self._loop.time() + self._seconds

    def look(self) -> None:
        """End the block if it is time, and from now on also as soon as the caller has left."""
        if self._loop.time() >= self._end:
            self._end_it()
        elif self._is_read and not self._waiting:
            self._waiting = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_left = True
        self._end_it()

    def _end_it(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._task.cancel()

    def _reason(self) -> Exception:
        if self._has_left:
            return ClientDisconnect()
        if not self._is_read:
            return TooSlow(f"the body did not come within {self._reading:g} seconds")
        return Timeout("the request took too long; ask for less, or again later")
