"""The transactions of a writer in Neo4j: one, and another after it wherever one would be too large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import uuid4

from graph.errors import BadInput, Conflict, Unavailable
from graph.model import Hop, Kind, Model, Relation, Table
from graph.statements import Key, Load, Record
from graph.store import Change, Head
from graph.stores import bolt
from graph.stores import cypher_tables as tables
from graph.stores.bolt import Result, Session, Transaction, as_literal
from graph.stores.cypher_tables import GRAPH
from graph.stores.neo4j_clock import Clock

WRITE = 3600.0  # seconds a write transaction may take
TRANSACTION = 50_000  # records and moved relations that one transaction may change; a heap of 1 GB holds twice as many
PART = 10_000  # of what is more than that: the larger a transaction, the more time each of its records takes
SETTLED = 10_000  # waiting relations that are brought back at a time
HEAD = f"MATCH {GRAPH} RETURN g.version, g.contentHash, g.loadedAt, g.loading"
COUNTS = "MATCH (c:`_CivicCount`) RETURN c.name, c.count"
WAITING = "MATCH (w:`_CivicWaiting`) RETURN DISTINCT w._table"
SOURCES = f"MATCH (s:`_CivicSource`) RETURN {', '.join(f's.{name}' for name in tables.LOAD)} ORDER BY s.id"
LAST = f"MATCH {GRAPH} RETURN coalesce(g.commit, '')"
COMMIT = (
    f"MATCH {GRAPH} WHERE coalesce(g.commit, '') = $last SET g.version = $version, g.contentHash = $hash, "
    "g.loadedAt = $loaded_at, g.loading = $loading, g.commit = $commit RETURN g.commit"
)


class Rows(NamedTuple):
    """Changes to a table: keys of records that go, rows of new ones and of others, and who says so."""

    table: Table
    gone: list[list[str]]
    new: list[list[Any]]
    other: list[list[Any]]
    said: list[Any]

    @classmethod
    def of(cls, table: Table, changes: Sequence[Change]) -> Rows:
        said: tables.Said = {}
        gone = [list(change.key) for change in changes if not change.after]
        new = [tables.encoded(table, c.key, c.after, said) for c in changes if c.after and not c.before]
        other = [tables.encoded(table, c.key, c.after, said) for c in changes if c.after and c.before]
        return cls(table, gone, new, other, [[*map(list, pair)] for pair in said])

    @property
    def size(self) -> int:
        return len(self.gone) + len(self.new) + len(self.other)


class Parts:
    """What one writer writes into the database, in as many transactions as it takes."""

    def __init__(self, model: Model, session: Session, clock: Clock) -> None:
        self._model = model
        self._session = session
        self._clock = clock
        self._transaction = self._begun()
        self._size = 0  # of the transaction
        self._kept = 0  # parts
        self._last: str = self._rows(LAST)[0][0]
        self._touched: set[str] = set()
        self._counts: dict[str, int] = dict(self._rows(COUNTS))  # Neo4j counts slowly what is not kept yet
        self._waiting = {row[0] for row in self._rows(WAITING)}  # tables of which rows may wait

    def _begun(self) -> Transaction:
        return self._session.begin_transaction(timeout=WRITE)

    def close(self) -> None:
        with suppress(*bolt.FAILED):
            self._transaction.close()

    @property
    def outcome(self) -> str:
        """What a failure leaves behind."""
        return "a part of the load was kept: load again, and it goes on" if self._kept else "nothing was changed"

    def head(self) -> Head:
        version, content_hash, loaded_at, loading = self._rows(HEAD)[0]
        return Head(version, int(content_hash, 16), loaded_at or "", tuple(loading or ()))

    def loads(self) -> dict[str, Load]:
        return {row[0]: Load(*row) for row in self._rows(SOURCES)}

    def keys(self, table: Table, most: int) -> set[Key] | None:
        if self._counts[table.table] > most:
            return None
        texts = self._needed(table, tables.keys(table))
        found = {tuple(row) for text in texts for row in self._rows(text, most=most + 1)}
        return found if len(found) <= most else None

    def records(self, table: Table, keys: Sequence[Key]) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        for text in self._needed(table, tables.records_of(table)):
            rows = self._rows(text, keys=[list(key) for key in keys])
            found.update(tables.decoded(table, row) for row in rows)
        return found

    def keys_of(self, table: Table, source: str) -> list[Key]:
        said = self._needed(table, tables.keys_said(table))
        return [tuple(row) for text in said for row in self._rows(text, source=source)]

    def _needed(self, table: Table, texts: Sequence[str]) -> list[str]:
        """Of two statements, about rows that are shown and about those that wait, the ones that may find some."""
        may = (self._counts[table.table] > 0, table.table in self._waiting)
        return [text for text, some in zip(texts, may, strict=False) if some]

    def put(self, rows: Rows) -> None:
        table = rows.table
        self._touched.add(table.table)
        self._size += rows.size
        if rows.gone:
            self._remove(table, rows.gone)
        if rows.new:
            self._add(table, rows=rows.new, said=rows.said)
        for text in self._needed(table, tables.altered(table)) if rows.other else ():
            self._run(text, rows=rows.other, said=rows.said)

    def _remove(self, table: Table, keys: list[list[str]]) -> None:
        if isinstance(table, Kind):
            for relation in self._model.relations:
                if self._counts[relation.table]:
                    self._leave(relation, table, keys)
        shown, waiting = tables.removed(table)
        self._counts[table.table] -= self._rows(shown, keys=keys)[0][0]
        if table.table in self._waiting:
            self._run(waiting, keys=keys)

    def _leave(self, relation: Relation, kind: Kind, keys: list[list[str]]) -> None:
        """Set relations aside that begin, or end, at nodes which will go."""
        for text in tables.left(relation, kind):
            moved = self._rows(text, keys=keys)[0][0]
            self._touched.add(relation.table)
            self._waiting.add(relation.table)
            self._counts[relation.table] -= moved
            self._size += moved

    def _add(self, table: Table, rows: list[list[Any]], said: list[Any]) -> None:
        """Add rows; relations of which an end is missing are set aside."""
        added = self._rows(tables.added(table), rows=rows, said=said)[0][0]
        self._counts[table.table] += added
        if isinstance(table, Relation) and added < len(rows):
            self._waiting.add(table.table)
            self._run(tables.set_aside(table), rows=rows, said=said)

    def keep_part(self, head: Head, loads: Sequence[Load]) -> None:
        if self._size < (PART if self._kept else TRANSACTION):
            return
        self._count(lambda hop: False)  # before the end nobody knows, and it would take long to look
        self._record(loads)
        self._end(head)
        self._kept += 1
        self._size = 0
        self._transaction = self._begun()

    def commit(self, head: Head, loads: Sequence[Load], gone: Sequence[str]) -> None:
        under_way = replace(head, loading=(*head.loading, *gone, *(load.source for load in loads)))
        for relation in self._model.relations:
            while self._settle(relation):
                self.keep_part(under_way, [replace(load, load_id="") for load in loads])
        self._count(self._is_single)
        self._run("UNWIND $ids AS id MATCH (s:`_CivicSource` {id: id}) DELETE s", ids=list(gone))
        self._record(loads)
        self._end(head)

    def _record(self, loads: Sequence[Load]) -> None:
        kept = "UNWIND $loads AS load MERGE (s:`_CivicSource` {id: load.id}) SET s = load"
        self._run(kept, loads=[tables.load_row(load) for load in loads])

    def _end(self, head: Head) -> None:
        """Commit the transaction, by which the graph becomes what `head` says."""
        content = {"version": head.version, "hash": head.hash_text, "loaded_at": head.loaded_at}
        commit = uuid4().hex
        with self._clock.changing():
            if not self._rows(COMMIT, **content, loading=list(head.loading) or None, last=self._last, commit=commit):
                raise Conflict(f"another process changed the graph at the same time; {self.outcome}")
            try:
                self._transaction.commit()
            except bolt.LOST as error:
                if not self._clock.is_kept(commit):
                    raise Unavailable(f"the database was lost; {self.outcome}") from error
        self._last = commit

    def _settle(self, relation: Relation) -> int:
        """Bring back some relations that wait for an end, where both are there now; how many."""
        touched = self._touched & {relation.table, relation.source, relation.target}
        if not touched or relation.table not in self._waiting:
            return 0
        settled: int = self._rows(tables.settled(relation), limit=SETTLED)[0][0]
        self._touched.add(relation.table)
        self._counts[relation.table] += settled
        self._size += settled
        return settled

    def _count(self, is_single: Callable[[Hop], bool]) -> None:
        """Note how many rows the written tables have, and which steps to one node never have a choice."""
        rows = []
        for table in self._model.tables:
            if table.table in self._touched:
                single = [isinstance(table, Kind) or is_single(Hop(table, way)) for way in (True, False)]
                rows.append([table.table, self._counts[table.table], *single])
        text = "UNWIND $rows AS row MATCH (c:`_CivicCount` {name: row[0]}) "
        self._run(f"{text} SET c.count = row[1], c.forward = row[2], c.backward = row[3]", rows=rows)

    def _is_single(self, hop: Hop) -> bool:
        return not hop.many and not self._rows(tables.chosen_twice(hop, self._model.kind(hop.target)))

    def _rows(self, text: str, **parameters: Any) -> list[list[Any]]:
        return [row.values() for row in self._result(text, **parameters)]

    def _run(self, text: str, **parameters: Any) -> None:
        self._result(text, **parameters).consume()

    def _result(self, text: str, **parameters: Any) -> Result:
        try:
            return self._transaction.run(as_literal(text), parameters)
        except (UnicodeEncodeError, OverflowError) as error:
            raise BadInput(f"a value cannot be kept: {error}; {self.outcome}") from error
