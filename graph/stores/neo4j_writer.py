"""The writer of a graph in Neo4j: rows are made while the database writes those before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from graph.model import Table
from graph.statements import Key, Load, Record
from graph.store import Change, Head
from graph.stores.neo4j_parts import Parts, Rows

AHEAD = 8  # things that are under way: each may hold thousands of rows


class Neo4jWriter:
    """The one writer of the database. What is put is written by a thread, in order; everything else waits for it."""

    def __init__(self, parts: Parts) -> None:
        self._written = parts
        self._line = Line()

    def head(self) -> Head:
        return self._parts.head()

    def loads(self) -> dict[str, Load]:
        return self._parts.loads()

    def keys(self, table: Table, most: int) -> set[Key] | None:
        return self._parts.keys(table, most)

    def records(self, table: Table, keys: Sequence[Key]) -> dict[Key, Record]:
        return self._parts.records(table, keys)

    def keys_of(self, table: Table, source: str) -> Iterator[Key]:
        return iter(self._parts.keys_of(table, source))

    def put(self, table: Table, changes: Sequence[Change]) -> None:
        self._line.add(self._written.put, Rows.of(table, changes))

    def purge(self) -> None:
        """Nothing: where Neo4j keeps what is gone, and its log of transactions, is for its administrator."""

    def keep_part(self, head: Head, loads: Sequence[Load]) -> None:
        self._line.add(self._written.keep_part, head, loads)

    def commit(self, head: Head, loads: Sequence[Load], gone: Sequence[str]) -> None:
        self._parts.commit(head, loads, gone)

    @property
    def outcome(self) -> str:
        """What a failure leaves behind."""
        return self._written.outcome

    def close(self) -> None:
        self._line.close()
        self._written.close()

    @property
    def _parts(self) -> Parts:
        """The parts, once what was put is written."""
        self._line.end()
        return self._written


class Line:
    """What a thread does, one thing after the other. It does nothing more once something has failed, which is raised
    to whoever adds the next, or waits for the end."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="neo4j-writer")
        self._under_way: deque[Future[None]] = deque()
        self._has_failed = False

    def add(self, work: Callable[..., None], *arguments: Any) -> None:
        while len(self._under_way) >= AHEAD:
            self._under_way.popleft().result()
        self._under_way.append(self._thread.submit(self._do, work, *arguments))

    def _do(self, work: Callable[..., None], *arguments: Any) -> None:
        if self._has_failed:
            return
        try:
            work(*arguments)
        except BaseException:
            self._has_failed = True
            raise

    def end(self) -> None:
        """Wait until all is done."""
        while self._under_way:
            self._under_way.popleft().result()

    def close(self) -> None:
        """Leave what is not begun, and wait for what is."""
        self._has_failed = True
        self._thread.shutdown(cancel_futures=True)
