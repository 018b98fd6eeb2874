"""The embedded store: one SQLite file, one table a kind and one a relation, readers beside one writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import astuple, dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from threading import Event
from time import thread_time
from typing import Any

import msgspec

from graph.changes import BATCH, chunks
from graph.errors import BadInput, Conflict, Incompatible, Timeout
from graph.model import Hop, Kind, Model, Property, Relation, Table
from graph.plan import Plan
from graph.revisions import MEANWHILE, Description, kept
from graph.roles import Role, allow, needed
from graph.search import is_searched, searched
from graph.statements import Key, Load, Record
from graph.store import Change, Compiled, Explained, Found, Head, is_true
from graph.stores import sql_search
from graph.stores.estimate import Facts
from graph.stores.sql import compile_sql
from graph.stores.sql_printed import sql_text, steps
from graph.stores.sql_tables import declarations, links, quoted
from graph.stores.sqlite_file import (
    Connection,
    Translated,
    begin,
    commit,
    copied,
    end,
    making,
    reading,
    writing,
)
from graph.stores.sqlite_growth import grow
from graph.stores.sqlite_readers import Bindings, Readers
from graph.stores.sqlite_rows import bindable, decoded, encoded

QUICK = 0.0005  # seconds of processor time: to have another thread answer takes about as long
SYSTEM = (
    'CREATE TABLE _graph (version INTEGER NOT NULL, "contentHash" TEXT NOT NULL, "loadedAt" TEXT, model TEXT, '
    "layout TEXT) STRICT",
    "CREATE TABLE _counts (name TEXT PRIMARY KEY, count INTEGER, forward INTEGER, backward INTEGER) STRICT",
    'CREATE TABLE _sources (id TEXT PRIMARY KEY, "loadId" TEXT, origin TEXT, rows INTEGER, loader TEXT, '
    '"loadedAt" TEXT, rank INTEGER, date TEXT) STRICT',
)

Rows = Callable[[str, Bindings], list[Any]]

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


@dataclass(slots=True)
class SQLCompiled(Compiled):
    """A plan as SQL, and whether it took a moment only when it was asked last."""

    is_quick: bool = False


class SQLiteStore:
    """A graph in one file. Raises Incompatible where the file is none, or was made by another model."""

    def __init__(self, path: str, model: Model) -> None:
        self.path = Path(path)
        self.model = model
        with Translated(self.path):
            self._prepare()
        self._readers = Readers(self.path, self._fits)
        self._facts = self._read_facts()

    # Reading

    def head(self) -> Head:
        with Translated(self.path):
            return head_of(self._readers.connection())

    def loads(self) -> dict[str, Load]:
        with Translated(self.path):
            return loads_of(self._readers.connection())

    def counts(self) -> dict[str, int]:
        return dict(self._rows("SELECT name, count FROM _counts"))

    def hidden(self) -> dict[str, int]:
        waiting = {r.table: self._rows(f"SELECT count(*) FROM {waits(r)}")[0][0] for r in self.model.relations}
        return {table: count for table, count in waiting.items() if count}

    def spellings(self, kind: str) -> dict[str, list[str]]:
        rows = self._rows(f"SELECT id, name, aliases FROM {quoted(kind)}")
        return {node_id: [name, *_from_json(aliases)] for node_id, name, aliases in rows}

    def missing(self, ids: Sequence[str], without: Sequence[str] = ()) -> set[str]:
        given = {"ids": bindable(ids), "without": bindable(without)}
        others = "SELECT 1 FROM json_each(sources) WHERE value NOT IN (SELECT value FROM json_each(:without))"
        wanted = f"id IN (SELECT value FROM json_each(:ids)) AND EXISTS ({others})"
        nodes = (f"SELECT id FROM {quoted(kind.table)} WHERE {wanted}" for kind in self.model.kinds)
        return set(ids) - {row[0] for row in self._rows(" UNION ALL ".join(nodes), given)}

    def holders(self, kind: Kind, prop: Property, values: Sequence[str]) -> dict[str, set[str]]:
        name = f"n.{quoted(prop.name)}"
        held = f"json_each({name if prop.is_list else f'json_array({name})'}) j"
        among = "j.value IN (SELECT value FROM json_each(?))"
        found: dict[str, set[str]] = {}
        for value, node_id in self._rows(
            f"SELECT j.value, n.id FROM {quoted(kind.table)} n, {held} WHERE {among}", (bindable(values),)
        ):
            found.setdefault(value, set()).add(node_id)
        return found

    def compile(self, plan: Plan) -> Compiled:
        state, facts = self._facts
        return SQLCompiled(plan, compile_sql(plan, self.model.by_name, facts), state, needed(plan, self.model))

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        allow(role, compiled.needed)
        assert isinstance(compiled, SQLCompiled)
        if compiled.is_quick:
            compiled.is_quick = False  # unless it proves to be so again
            with suppress(Conflict, Timeout):
                if found := self._found(compiled, parameters, self._readers.rows_at_once):
                    return found
        return await self._readers.elsewhere_until_left(lambda left: self._answer(compiled, parameters, left))

    def _answer(self, compiled: SQLCompiled, parameters: Mapping[str, Any], left: Event) -> Found:
        """The answer to a plan; one compiled for another state of the graph is compiled again."""
        rows = partial(self._readers.rows_in_time, left=left)
        while True:
            if found := self._found(compiled, parameters, rows):
                return found
            self._facts = self._read_facts()
            fresh = self.compile(compiled.plan)
            compiled.text, compiled.state = fresh.text, fresh.state

    def _found(self, compiled: SQLCompiled, parameters: Mapping[str, Any], rows: Rows) -> Found | None:
        """The answer, None where the graph is in another state than the plan was compiled for."""
        state, text = compiled.state, compiled.text  # read in this order: they are set in the other
        began = thread_time()
        try:
            data, is_of = rows(text, {name: bindable(value) for name, value in parameters.items()})[0]
        except (UnicodeEncodeError, OverflowError) as error:
            raise BadInput(f"a value cannot be looked up: {error}") from error
        compiled.is_quick = thread_time() - began < QUICK
        return Found(bytes(data), state) if is_of == state else None

    async def state(self) -> int:
        """Looked at by the thread that asks: a look takes microseconds, to have another thread look takes longer. Where
        it would have to wait, another thread waits."""
        try:
            return self._readers.mark_at_once()
        except Conflict:
            return await self._readers.elsewhere(self._readers.mark)

    async def explain(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Explained:
        allow(role, compiled.needed)
        return await self._readers.elsewhere(self._explained, compiled.text, parameters)

    def _explained(self, text: str, parameters: Mapping[str, Any]) -> Explained:
        bound = {name: bindable(value) for name, value in parameters.items()}
        return Explained(sql_text(text), tuple(steps(self._rows(f"EXPLAIN QUERY PLAN {text}", bound))))

    @asynccontextmanager
    async def at_hand(self) -> AsyncIterator[None]:
        """Every loop has the same way to the threads that read; meanwhile it is seen where another file is in the place
        of the one that they read."""
        watching = asyncio.create_task(self._readers.watch())
        try:
            yield
        finally:
            watching.cancel()

    @contextmanager
    def snapshot(self) -> Iterator[SQLiteSnapshot]:
        with Translated(self.path), closing(reading(self.path)) as connection:
            connection.execute("BEGIN")
            self._check(connection)
            yield SQLiteSnapshot(connection)

    def copy(self, path: Path, progress: Callable[[int], None]) -> Head:
        with Translated(path), closing(reading(self.path)) as source, closing(making(path)) as target:
            source.execute("BEGIN")
            head_of(source)  # from here on it sees this version
            copied(source, target, progress)
            snapshot = SQLiteSnapshot(target)
            if not is_true(snapshot, self.model):
                raise Incompatible(f"{self.path} is damaged: its records are not those of its content hash")
            return snapshot.head

    def verify(self) -> bool:
        with self.snapshot() as snapshot:
            return is_true(snapshot, self.model)

    def close(self) -> None:
        self._readers.close()

    def _read_facts(self) -> tuple[int, Facts]:
        rows = self._rows("SELECT (SELECT user_version FROM pragma_user_version), * FROM _counts")
        single = [(name, True) for _, name, _, forward, _ in rows if forward]
        single += [(name, False) for _, name, _, _, backward in rows if backward]
        return rows[0][0], Facts({row[1]: row[2] for row in rows}, frozenset(single))

    def _rows(self, text: str, bindings: Bindings = ()) -> list[Any]:
        return self._readers.rows(text, bindings)

    # Writing

    @contextmanager
    def write(self) -> Iterator[SQLiteWriter]:
        with Translated(self.path):
            connection = writing(self.path)
            begin(connection, self.path)
            try:
                self._check(connection)
                yield SQLiteWriter(connection, self.model, self.path)
            finally:
                end(connection, self.path)

    def _check(self, connection: Connection) -> None:
        """Refuse tables that a newer version has made out of those that this process knows."""
        if layout_of(connection) != fingerprint(self.model):
            raise Incompatible(f"{self.path} {MEANWHILE}")

    def _fits(self, connection: Connection) -> bool:
        """Whether a file has a graph of this model, as it had when it was opened first."""
        return has_graph(connection, self.path) and layout_of(connection) == fingerprint(self.model)

    def _prepare(self) -> None:
        """Make the file's tables where it has none; bring those of an older model up to date."""
        connection = making(self.path)
        try:
            if not has_graph(connection, self.path):
                connection.execute("PRAGMA journal_mode = WAL")
                begin(connection, self.path)
                self._create(connection)
            if layout_of(connection) != fingerprint(self.model):
                self._kept(connection)
                begin(connection, self.path)
                try:
                    self._grow(connection)
                finally:
                    end(connection, self.path)
        finally:
            connection.close()

    def _kept(self, connection: Connection) -> Description:
        row: Any = connection.execute("SELECT model FROM _graph").fetchone()
        return kept(row[0], self.model, str(self.path))

    def _grow(self, connection: Connection) -> None:
        """Bring what an older model has made up to date."""
        before = self._kept(connection)
        if layout_of(connection) == fingerprint(self.model):
            return  # another process was faster
        grow(connection, SYSTEM, before, self.model)
        SQLiteWriter(connection, self.model, self.path).derive()
        new = (str(Description.of(self.model)), fingerprint(self.model))
        connection.execute("UPDATE _graph SET model = ?, layout = ?", new)
        commit(connection, self.path)

    def _create(self, connection: Connection) -> None:
        if has_graph(connection, self.path):
            connection.execute("ROLLBACK")  # another process was faster
            return
        for declaration in (*SYSTEM, *sql_search.TABLES, *ddl(self.model)):
            connection.execute(declaration)
        new = (str(Description.of(self.model)), fingerprint(self.model))
        connection.execute("INSERT INTO _graph VALUES (0, ?, NULL, ?, ?)", (Head().hash_text, *new))
        rows = [(table.table, 0, 1, 1) for table in self.model.tables]
        connection.executemany("INSERT INTO _counts VALUES (?, ?, ?, ?)", rows)
        commit(connection, self.path)


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
        content_hash = head.hash_text
        run(
            'UPDATE _graph SET version = ?, "contentHash" = ?, "loadedAt" = ?',
            (head.version, content_hash, head.loaded_at),
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


# Tables


def has_graph(connection: Connection, path: Path) -> bool:
    """Whether a file has a graph; an empty one has none. Raises Incompatible where it has something else."""
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if found and "_graph" not in found:
        raise Incompatible(f"{path} is an SQLite file of something else; give the graph a file of its own")
    return bool(found)


def head_of(connection: Connection) -> Head:
    row: Any = connection.execute('SELECT version, "contentHash", "loadedAt" FROM _graph').fetchone()
    version, content_hash, loaded_at = row
    return Head(version, int(content_hash, 16), loaded_at or "")


def layout_of(connection: Connection) -> str | None:
    """How the tables of a file are made, None of a file that is older than that it says so."""
    row: Any = connection.execute("SELECT * FROM _graph").fetchone()
    return row[4] if len(row) > 4 else None


def loads_of(connection: Connection) -> dict[str, Load]:
    rows: Any = connection.execute("SELECT * FROM _sources ORDER BY id")
    return {row[0]: Load(*row) for row in rows}


def names(table: Table) -> tuple[str, ...]:
    """The tables that hold its records: a relation's may wait in a second one."""
    return (quoted(table.table),) if isinstance(table, Kind) else (quoted(table.table), waits(table))


def waits(relation: Relation) -> str:
    return quoted(f"{relation.table}~waiting")


def ddl(model: Model) -> list[str]:
    return [text for table in model.tables for text in declarations(table)]


@lru_cache
def fingerprint(model: Model) -> str:
    """Names the tables of a model: another model, another fingerprint."""
    made = [*ddl(model), *sql_search.TABLES, *searched(model)]
    return blake2b("\n".join(made).encode(), digest_size=16).hexdigest()
