"""Work of an event loop that is done once for several who ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

from graph.errors import Unavailable

TOGETHER = 0.1  # seconds for which work may wait for the same that is under way, so that more share it

T = TypeVar("T")


class Shared(Generic[T]):
    """Work that is done once for all who ask for it at the same time."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    @property
    def under_way(self) -> list[asyncio.Task[T] | None]:
        return [self._task]

    async def result(self) -> T:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        return await shared(self._task)


class Fresh(Generic[T]):
    """Work that begins after it was asked for, and is done once for all who ask before it begins."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._next: asyncio.Task[T] | None = None
        self._last: asyncio.Task[T] | None = None

    @property
    def under_way(self) -> list[asyncio.Task[T] | None]:
        return [self._next, self._last]

    async def result(self) -> T:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._done())
        return await shared(self._next)

    async def _done(self) -> T:
        try:
            if self._last:
                await asyncio.wait([self._last], timeout=TOGETHER)
        finally:
            self._last, self._next = self._next, None
        return await self._work()


async def shared(task: asyncio.Task[T]) -> T:
    """The result of a task that others wait for as well. Raises Unavailable where it was ended meanwhile."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as error:
        if task.cancelled():
            raise Unavailable("the graph is being closed") from error
        raise


async def end(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel what is not done, and wait until it is over."""
    left = [task for task in tasks if task and not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
