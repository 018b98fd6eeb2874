"""The embedded store: one SQLite file, one table a kind and one a relation, readers beside one writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from time import thread_time
from typing import Any

import msgspec

from graph.errors import BadInput, Conflict, Incompatible, Timeout
from graph.model import Kind, Model, Property
from graph.plan import Plan
from graph.revisions import MEANWHILE, Description, kept
from graph.roles import Role, allow, needed
from graph.statements import Load
from graph.store import Compiled, Explained, Found, Head, is_true
from graph.stores import sql_search
from graph.stores.estimate import Facts
from graph.stores.sql import compile_sql
from graph.stores.sql_printed import sql_text, steps
from graph.stores.sql_tables import quoted
from graph.stores.sqlite_file import (
    Connection,
    Translated,
    begin,
    commit,
    copied,
    end,
    making,
    purge,
    reading,
    writing,
)
from graph.stores.sqlite_growth import grow
from graph.stores.sqlite_readers import Bindings, Readers
from graph.stores.sqlite_rows import bindable
from graph.stores.sqlite_tables import SYSTEM, ddl, fingerprint, has_graph, head_of, layout_of, loads_of, waits
from graph.stores.sqlite_writer import SQLiteSnapshot, SQLiteWriter

QUICK = 0.0005  # seconds of processor time: to have another thread answer takes about as long

Rows = Callable[[str, Bindings], list[Any]]

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

    @property
    def moves(self) -> int:
        return self._readers.moves

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
                writer = SQLiteWriter(connection, self.model, self.path)
                yield writer
                if writer.purges:
                    purge(connection, self.path)
            finally:
                end(connection, self.path)

    def _check(self, connection: Connection) -> None:
        """Refuse tables that a newer version has made out of those that this process knows."""
        if layout_of(connection) != fingerprint(self.model):
            raise Incompatible(f"{self.path} {MEANWHILE}")

    def _fits(self, connection: Connection) -> bool:
        """Whether a file has a graph of this model, in which something was loaded: one that is being made has not."""
        fits = has_graph(connection, self.path) and layout_of(connection) == fingerprint(self.model)
        return fits and head_of(connection).version > 0

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
