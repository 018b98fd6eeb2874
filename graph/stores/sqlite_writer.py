"""Writing into an SQLite file: one transaction, in which records become rows, and what is derived of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from graph.model import Hop, Kind, Model, Relation, Table
from graph.search import is_searched
from graph.statements import BATCH, Key, Load, Record, chunks
from graph.store import Change, Head
from graph.stores import sql_search
from graph.stores.sql_tables import links, quoted
from graph.stores.sqlite_file import (
    Connection,
    commit,
)
from graph.stores.sqlite_rows import decoded, encoded
from graph.stores.sqlite_tables import head_of, loads_of, names, waits


class SQLiteSnapshot:
    """What a connection sees in one read transaction, which begins with the first read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.head = head_of(connection)
        self.loads = loads_of(connection)

    def of(self, table: Table) -> Iterator[tuple[Key, Record]]:
        for name in names(table):
            for row in self._connection.execute(f"SELECT * FROM {name}"):
                yield decoded(table, row)


class SQLiteWriter:
    """One write transaction on the file."""

    def __init__(self, connection: Connection, model: Model, path: Path) -> None:
        self._connection = connection
        self._model = model
        self._path = path
        self._touched: set[str] = set()
        self.purges = False

    def head(self) -> Head:
        return head_of(self._connection)

    def loads(self) -> dict[str, Load]:
        return loads_of(self._connection)

    def keys(self, table: Table, most: int) -> set[Key] | None:
        columns = ", ".join(quoted(p.name) for p in table.key)
        found: set[Key] = set()
        for name in names(table):
            rows: Any = self._connection.execute(f"SELECT {columns} FROM {name} LIMIT ?", (most + 1,))
            found.update(rows)
        return found if len(found) <= most else None

    def records(self, table: Table, keys: Sequence[Key]) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        same = " AND ".join(f"{quoted(p.name)} = ?" for p in table.key)
        for name in names(table):
            rows = self._connection.executemany(f"SELECT * FROM {name} WHERE {same}", keys)
            found.update(decoded(table, row) for row in rows)
        return found

    def keys_of(self, table: Table, source: str) -> Iterator[Key]:
        columns = ", ".join(quoted(p.name) for p in table.key)
        for name in names(table):
            said = "EXISTS (SELECT 1 FROM json_each(sources) WHERE value = ?)"
            rows: list[Any] = self._connection.execute(
                f"SELECT {columns} FROM {name} WHERE {said}", (source,)
            ).fetchall()
            yield from rows

    def put(self, table: Table, changes: Sequence[Change]) -> None:
        self._touched.add(table.table)
        self._delete(quoted(table.table), table, [change.key for change in changes if not change.after])
        if isinstance(table, Relation) and self._has_rows(waits(table)):
            self._delete(waits(table), table, [change.key for change in changes])
        places = ", ".join("?" * (len(table.key) + len(table.values) + 3))
        rows = (encoded(table, change.key, change.after) for change in changes if change.after)
        self._connection.executemany(f"INSERT OR REPLACE INTO {quoted(table.table)} VALUES ({places})", rows)

        if isinstance(table, Kind) and is_searched(table):
            self._index(table, changes)

    def _index(self, kind: Kind, changes: Sequence[Change]) -> None:
        """Keep what is searched, of a node whose text changed under a new number."""
        gone, new = sql_search.reindexed(kind, changes)
        for statement in sql_search.FORGET:
            self._connection.executemany(statement, gone)
        if new:
            last: Any = self._connection.execute(sql_search.LAST).fetchone()
            numbered = list(enumerate(new, last[0] + 1))
            self._connection.executemany(sql_search.NAME, ((number, *entry[:-1]) for number, entry in numbered))
            self._connection.executemany(sql_search.INDEX, ((number, entry.text) for number, entry in numbered))

    def _delete(self, name: str, table: Table, keys: list[Key]) -> None:
        same = " AND ".join(f"{quoted(p.name)} = ?" for p in table.key)
        self._connection.executemany(f"DELETE FROM {name} WHERE {same}", keys)

    def _has_rows(self, name: str) -> bool:
        return self._connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is not None

    def purge(self) -> None:
        self._connection.execute(sql_search.PURGE)
        self.purges = True

    def derive(self) -> None:
        """Make all that is derived from records anew: what is searched, what is counted, what waits."""
        for statement in (*sql_search.DROP, *sql_search.TABLES):
            self._connection.execute(statement)
        snapshot = SQLiteSnapshot(self._connection)
        for kind in filter(is_searched, self._model.kinds):
            for batch in chunks(snapshot.of(kind), BATCH):
                self._index(kind, [Change(key, (), record) for key, record in batch])
        self._touched = {table.table for table in self._model.tables}
        new = [(name,) for name in self._touched]
        self._connection.executemany("INSERT OR IGNORE INTO _counts VALUES (?, 0, 1, 1)", new)
        self._settle()
        self._count()

    def keep_part(self, head: Head, loads: Sequence[Load]) -> None:
        """One transaction takes a load of any size."""

    def commit(self, head: Head, loads: Sequence[Load], gone: Sequence[str]) -> None:
        self._settle()
        self._count()
        run = self._connection.execute
        run(
            'UPDATE _graph SET version = ?, "contentHash" = ?, "loadedAt" = ?',
            (head.version, head.hash_text, head.loaded_at),
        )
        self._connection.executemany("DELETE FROM _sources WHERE id = ?", [(source,) for source in gone])
        rows = [astuple(load) for load in loads]
        self._connection.executemany("INSERT OR REPLACE INTO _sources VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        commit(self._connection, self._path)

    def _settle(self) -> None:
        """Put relations with a missing end aside, and bring back those whose ends are both there."""
        for relation in self._model.relations:
            if self._touched & {relation.table, relation.source, relation.target}:
                shown, waiting = quoted(relation.table), waits(relation)
                complete = " AND ".join(
                    f"EXISTS (SELECT 1 FROM {quoted(kind)} WHERE id = {end})"
                    for kind, end in ((relation.source, '"from"'), (relation.target, '"to"'))
                )
                self._touched.add(relation.table)
                self._move(waiting, shown, complete)
                self._move(shown, waiting, f"NOT ({complete})")

    def _move(self, origin: str, target: str, where: str) -> None:
        self._connection.execute(f"INSERT OR REPLACE INTO {target} SELECT * FROM {origin} WHERE {where}")
        if self._connection.changes():
            self._connection.execute(f"DELETE FROM {origin} WHERE {where}")

    def _count(self) -> None:
        """Note how many rows the written tables have, and which steps to one node never have a choice."""
        for table in self._model.tables:
            if table.table not in self._touched:
                continue
            single = [1, 1]
            if isinstance(table, Relation):
                single = [self._is_single(Hop(table, forward)) for forward in (True, False)]
            count = f"(SELECT count(*) FROM {quoted(table.table)})"
            self._connection.execute(
                f"UPDATE _counts SET count = {count}, forward = ?, backward = ? WHERE name = ?", (*single, table.table)
            )

    def _is_single(self, hop: Hop) -> int:
        if hop.many:
            return 0
        near = '"from"' if hop.forward else '"to"'
        twice = f"SELECT 1 FROM {links(hop.relation)} GROUP BY {near} HAVING count(*) > 1 LIMIT 1"
        return int(self._connection.execute(twice).fetchone() is None)
