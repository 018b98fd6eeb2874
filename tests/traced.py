"""The SQL statements that are run, as SQLite's own connections tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from graph.store import Store
from graph.stores.sqlite import SQLiteStore


@contextmanager
def traced(store: Store, begun: bool = False) -> Iterator[list[str]]:
    """The statements that run on the readers of a store, but for those that set a new connection up; with those that
    were only `begun` by whoever asked, and left to another thread.
    """
    assert isinstance(store, SQLiteStore)
    ran: list[str] = []

    def note(_: Any, text: str, __: Any) -> bool:
        again = not begun and ran[-1:] == [text]
        if not text.startswith("PRAGMA") and not again:
            ran.append(text)
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.exec_trace = note

    for reader in store._readers.opened:
        watch(reader)
    apsw.connection_hooks.append(watch)
    try:
        yield ran
    finally:
        apsw.connection_hooks.remove(watch)
        for reader in store._readers.opened:
            reader.exec_trace = None
