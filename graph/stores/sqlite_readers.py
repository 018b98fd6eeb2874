"""Readers of an SQLite file: a pool of threads, and the thread that asks, for what is read as fast as handed over."""

from __future__ import annotations

import threading
import time
from asyncio import CancelledError, get_running_loop, sleep
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple, ParamSpec, TypeVar
from weakref import WeakSet

from graph.errors import Incompatible, Unavailable
from graph.stores.sqlite_file import Connection, Translated, looking, mark_of, reading

READERS = 4
GONE = "has no graph of this model any more; restore it, or start again"
EVERY = 1.0  # seconds after which it is looked whether the file is another one

Bindings = Mapping[str, Any] | tuple[Any, ...]
P = ParamSpec("P")
T = TypeVar("T")


class Limit(NamedTuple):
    """How many seconds a statement may take, and how many instructions of SQLite's machine pass between two looks at
    the clock."""

    seconds: float
    steps: int


PATIENT = Limit(8.0, 20_000)  # steps are a few milliseconds
AT_ONCE = Limit(0.002, 1_000)


class Readers:
    """Connections to a file that can only read, one a thread, and one that waits for nobody."""

    def __init__(self, path: Path, fits: Callable[[Connection], bool]) -> None:
        self.path = path
        self._fits = fits  # whether another file in its place is to be read
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._local = threading.local()
        self._first = self._file = file_at(path)  # which fits
        self.moves = 0
        self.opened: WeakSet[Connection] = WeakSet()  # a thread that ends takes its own along

    def connection(self) -> Connection:
        """The connection of this thread."""
        return self._own("reader", reading)

    def rows(self, text: str, bindings: Bindings = ()) -> list[Any]:
        with Translated(self.path):
            return list(self.connection().execute(text, bindings))

    def rows_in_time(self, text: str, bindings: Bindings, left: Event) -> list[Any]:
        """The rows. Raises Timeout where they take too long, or nobody waits any more."""
        return self._limited(self.connection(), text, bindings, PATIENT, left.is_set)

    def rows_at_once(self, text: str, bindings: Bindings) -> list[Any]:
        """The rows, read by the thread that asks. Raises Timeout where it would be kept, Conflict where it would wait
        for another connection."""
        return self._limited(self._looker(), text, bindings, AT_ONCE, bool)

    def mark_at_once(self) -> int:
        """The mark of the last commit. Raises Conflict where the thread that asks would wait for it."""
        with Translated(self.path):
            return mark_of(self._looker())

    def mark(self) -> int:
        with Translated(self.path):
            return mark_of(self.connection())

    async def watch(self) -> None:
        """Look from time to time whether another file is in the place of the one that is read, or none; from then on
        that is read, if it can be. Whoever has a file open goes on reading what was taken away."""
        while True:
            await sleep(EVERY)
            if (file := file_at(self.path)) != self._file:
                self._file, self.moves = file, self.moves + 1

    async def elsewhere(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Have a thread that reads do it."""
        return await get_running_loop().run_in_executor(self._pool, lambda: work(*given, **named))

    async def elsewhere_until_left(self, work: Callable[[Event], T]) -> T:
        """The same for work that is told where nobody waits for it any more."""
        left = Event()
        try:
            return await self.elsewhere(work, left)
        except CancelledError:
            left.set()
            raise

    def close(self) -> None:
        self._pool.shutdown()
        for connection in list(self.opened):
            connection.close()
        self.opened.clear()
        self._local = threading.local()

    def _limited(
        self, connection: Connection, text: str, bindings: Bindings, limit: Limit, left: Callable[[], bool]
    ) -> list[Any]:
        deadline = time.monotonic() + limit.seconds
        connection.set_progress_handler(lambda: left() or time.monotonic() > deadline, limit.steps)
        try:
            with Translated(self.path):
                return list(connection.execute(text, bindings))
        finally:
            connection.set_progress_handler(None)

    def _looker(self) -> Connection:
        return self._own("looker", looking)

    def _own(self, name: str, opened: Callable[[Path], Connection]) -> Connection:
        file = self._file
        of, found = getattr(self._local, name, (None, None))
        if found is None or of != file:
            if found:
                delattr(self._local, name)
                self.opened.discard(found)
                with Translated(self.path):
                    found.close()
            found = self._fitting(opened)
            self.opened.add(found)
            setattr(self._local, name, (file, found))
        return found

    def _fitting(self, opened: Callable[[Path], Connection]) -> Connection:
        """A connection to the file. Raises Unavailable where that is not, or not yet, one to read from."""
        with suppress(Incompatible), Translated(self.path), ExitStack() as otherwise:
            connection = opened(self.path)
            otherwise.callback(connection.close)
            if self._file == self._first or self._fits(connection):
                otherwise.pop_all()
                return connection
        raise Unavailable(f"{self.path} {GONE}", f"the store {GONE}")


def file_at(path: Path) -> tuple[int, int] | None:
    """Which file is at a path, None where there is none. While one is open, no other has its number."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
