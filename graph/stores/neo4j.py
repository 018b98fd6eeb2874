"""The graph of record for an office: a Neo4j database, read by one statement an operation, written in one transaction.

Neo4j has no snapshot of a statement, and applies a commit while others read. So the graph has a clock: who writes
makes it odd before the commit and even after it, each in a transaction of its own, and every statement returns the
clock as it began and as it ended. Where they differ or are odd, the statement is run again. A clock that a crash
left odd is set right by whoever next holds the writer's lock.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, LiteralString, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from neo4j import (
    AsyncDriver,
    AsyncGraphDatabase,
    Driver,
    GraphDatabase,
    NotificationMinimumSeverity,
    Query,
    Session,
    Transaction,
)
from neo4j import exceptions as errors

from graph import plan as p
from graph import statements as st
from graph.errors import BadInput, Conflict, Incompatible, LoadError, StoreError, Timeout, Unavailable
from graph.model import Hop, Kind, Model, Property, Relation, Table
from graph.plan import Plan
from graph.statements import Key, Load, Record
from graph.store import Change, Compiled, Head
from graph.stores import cypher_tables as tables
from graph.stores.cypher import Statement, compile_cypher, listed, quoted
from graph.stores.cypher_tables import GRAPH, WRITER
from graph.stores.estimate import Facts
from graph.text import is_wide, sortable

OLDEST = (5, 26)  # of Neo4j; scoped subqueries came shortly before

STATEMENT = 8.0  # seconds a statement may take in the database
ANSWER = 10.0  # seconds until an answer, whatever it waits for
PATIENCE = 1.5  # seconds of silence after which the database is asked whether it is there
PULSE = 1.2  # seconds it may take to say so
WRITE_WAIT = 10.0  # seconds a writer waits for another
WRITE = 3600.0  # seconds a write transaction may take
REPAIR = 1.0  # seconds for which a clock may be odd before it is doubted
SETTINGS: dict[str, Any] = {
    "connection_timeout": 2.0,
    "connection_acquisition_timeout": 3.0,
    "max_connection_pool_size": 20,
    "max_transaction_retry_time": 0.0,
    "liveness_check_timeout": 30.0,
    "notifications_min_severity": NotificationMinimumSeverity.OFF,
    "telemetry_disabled": True,
    "user_agent": "civic-graph",
}

LOCK = f"MATCH {WRITER} SET w.by = $by"
ODD = f"MATCH {GRAPH} SET g.clock = g.clock + 1 + g.clock % 2"
EVEN = f"MATCH {GRAPH} SET g.clock = g.clock + g.clock % 2"
SETTLE = f"MATCH {WRITER} SET w.by = 'repair' WITH w MATCH {GRAPH} SET g.clock = g.clock + g.clock % 2"
CLOCK = f"MATCH {GRAPH} RETURN g.clock"
HEAD = f"MATCH {GRAPH} RETURN g.version, g.contentHash, g.loadedAt"
COUNTS = "MATCH (c:`_CivicCount`) RETURN c.name, c.count"
WAITING = "MATCH (w:`_CivicWaiting`) RETURN DISTINCT w._table"
SOURCES = f"MATCH (s:`_CivicSource`) RETURN {', '.join(f's.{name}' for name in tables.LOAD)} ORDER BY s.id"
COMMIT = f"MATCH {GRAPH} SET g.version = $version, g.contentHash = $hash, g.loadedAt = $loaded_at, g.commit = $commit"
BUSY = "SHOW TRANSACTIONS YIELD metaData WHERE metaData.writer IS NOT NULL RETURN metaData.writer LIMIT 1"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Where a database is, and who asks it."""

    url: str
    user: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str | None = None

    @property
    def auth(self) -> tuple[str, str] | None:
        return (self.user, self.password) if self.password else None


def access(url: str, environment: Mapping[str, str]) -> Access:
    """The access that a URL and the environment give.

    Raises LoadError where the URL is none of a database, or the password file cannot be read.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.path.strip("/") or parts.query:
        raise LoadError(f"the URL of a Neo4j store is {parts.scheme}://HOST:PORT")
    if parts.username or parts.password:
        raise LoadError(
            "a user and password do not belong into the URL of a store: set CIVIC_GRAPH_NEO4J_USER, and "
            "CIVIC_GRAPH_NEO4J_PASSWORD or CIVIC_GRAPH_NEO4J_PASSWORD_FILE"
        )
    password = environment.get("CIVIC_GRAPH_NEO4J_PASSWORD", "")
    if file := environment.get("CIVIC_GRAPH_NEO4J_PASSWORD_FILE"):
        try:
            password = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(f"the file that CIVIC_GRAPH_NEO4J_PASSWORD_FILE names cannot be read: {file}") from error
    user = environment.get("CIVIC_GRAPH_NEO4J_USER") or "neo4j"
    return Access(url, user, password, environment.get("CIVIC_GRAPH_NEO4J_DATABASE") or None)


@dataclass(slots=True)
class CypherCompiled(Compiled):
    """A plan as Cypher, and as Cypher for parameters of wide text where it was needed."""

    statement: Statement
    wide: Statement | None = None


def _entries(name: str, fields: Sequence[str]) -> Plan:
    entry = p.Obj(tuple((f, p.Entry(f)) for f in fields))
    return Plan(p.Obj(((name, p.Entries(name, entry)),)), ())


FACTS = compile_cypher(_entries("counts", ("name", "count", "forward", "backward")), {}, Facts())
LOADS = compile_cypher(_entries("sources", tables.LOAD), {}, Facts())
STATE = compile_cypher(
    Plan(p.Obj(tuple((name, p.Info(name)) for name in ("version", "contentHash", "loadedAt"))), ()), {}, Facts()
)
HIDDEN = listed("MATCH (w:`_CivicWaiting`) WITH w._table AS name, count(*) AS number", ("name", "number"))


def is_there(url: str) -> bool:
    """Whether a database holds a graph of ours. Raises Unavailable where it does not answer."""
    known = access(url, os.environ)
    with Translated(), GraphDatabase.driver(known.url, auth=known.auth, **SETTINGS) as driver:
        return bool(driver.execute_query(said(f"MATCH {GRAPH} RETURN g"), database_=known.database).records)


class Neo4jStore:
    """A graph in a Neo4j database, 5.26 or later.

    Raises LoadError where the URL is none of a database, Unavailable where it does not answer, Incompatible where it
    is too old, holds another model or a graph that is not ours.
    """

    def __init__(self, url: str, model: Model, environment: Mapping[str, str] = os.environ) -> None:
        self.model = model
        self.access = access(url, environment)
        self._driver: Driver = GraphDatabase.driver(self.access.url, auth=self.access.auth, **SETTINGS)
        self._reader = Reader(self.access)
        self._facts: tuple[int, Facts] | None = None
        try:
            with Translated():
                self._check()
                self._prepare()
        except BaseException:
            self.close()
            raise

    # Reading

    def head(self) -> Head:
        state = self._now(STATE)
        return Head(state["version"], int(state["contentHash"], 16), state["loadedAt"] or "")

    def loads(self) -> dict[str, Load]:
        return {row["id"]: Load(*row.values()) for row in self._now(LOADS)["sources"]}

    def counts(self) -> dict[str, int]:
        return {row["name"]: row["count"] for row in self._now(FACTS)["counts"]}

    def hidden(self) -> dict[str, int]:
        waiting = dict(self._listed(HIDDEN))
        return {r.table: waiting[r.table] for r in self.model.relations if r.table in waiting}

    def spellings(self, kind: str) -> dict[str, list[str]]:
        rows = self._listed(listed(f"MATCH (n:{quoted(kind)}) WITH n ORDER BY n.id", ("n.id", "n.name", "n.aliases")))
        return {node_id: [name, *(aliases or ())] for node_id, name, aliases in rows}

    def missing(self, ids: Sequence[str], without: Sequence[str] = ()) -> set[str]:
        said = "WHERE any(source IN n.sources WHERE NOT source IN $without)"
        nodes = (f"MATCH (n:{quoted(kind.table)} {{id: id}}) {said} RETURN n.id AS got" for kind in self.model.kinds)
        found = listed(f"UNWIND $ids AS id CALL (id) {{ {' UNION ALL '.join(nodes)} }}", ("got",))
        return set(ids) - {row[0] for row in self._listed(found, ids=list(ids), without=list(without))}

    def holders(self, kind: Kind, prop: Property, values: Sequence[str]) -> dict[str, set[str]]:
        held = f"MATCH (n:{quoted(kind.table)}) UNWIND n.{quoted(prop.name)} AS value"
        found: dict[str, set[str]] = {}
        text = listed(f"{held} WITH n, value WHERE value IN $values", ("value", "n.id"))
        for value, node_id in self._listed(text, values=list(values)):
            found.setdefault(value, set()).add(node_id)
        return found

    def compile(self, plan: Plan) -> Compiled:
        self._facts = self._facts or _facts(*self._wait(self._reader.ask(FACTS.text, {})))
        return self._compiled(plan, *self._facts)

    def _compiled(self, plan: Plan, version: int, facts: Facts) -> CypherCompiled:
        statement = compile_cypher(plan, self.model.by_name, facts)
        return CypherCompiled(plan, statement.text, version, statement)

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any]) -> bytes:
        assert isinstance(compiled, CypherCompiled)
        return await asyncio.wrap_future(self._reader.submit(self._answer(compiled, parameters)))

    async def _answer(self, compiled: CypherCompiled, parameters: Mapping[str, Any]) -> bytes:
        """The answer to a plan; one compiled for another version of the graph is compiled again."""
        while True:
            known = compiled.version  # others may compile it again while this one waits
            statement, bound = self._bound(compiled, parameters)
            version, cells = await self._reader.ask(statement.text, bound)
            if version == known:
                return msgspec.json.encode(statement.shape(cells))
            self._facts = _facts(*await self._reader.ask(FACTS.text, {}))
            fresh = self._compiled(compiled.plan, *self._facts)
            compiled.text, compiled.version = fresh.text, fresh.version
            compiled.statement, compiled.wide = fresh.statement, None

    def _bound(self, compiled: CypherCompiled, parameters: Mapping[str, Any]) -> tuple[Statement, Mapping[str, Any]]:
        """The statement for these parameters: Neo4j compares stored text with a parameter by UTF-16 unit."""
        ordered = compiled.statement.ordered
        if not any(isinstance(parameters[name], str) and is_wide(parameters[name]) for name in ordered):
            return compiled.statement, parameters
        if compiled.wide is None:
            facts = self._facts[1] if self._facts else Facts()
            compiled.wide = compile_cypher(compiled.plan, self.model.by_name, facts, wide=True)
        changed = {name: sortable(parameters[name]) for name in ordered if isinstance(parameters[name], str)}
        return compiled.wide, {**parameters, **changed}

    def verify(self) -> bool:
        with Translated(), self._session() as session:
            while True:
                began = self._clock(session)
                stored = session.run(HEAD).single(strict=True)[1]
                content = sum(self._digests(session)) % 2**st.HASH_BITS
                if began == self._clock(session):
                    return bool(content == int(stored, 16))

    def close(self) -> None:
        self._reader.close()
        self._driver.close()

    def _digests(self, session: Session) -> Iterator[int]:
        for table in self.model.tables:
            for text in tables.all_records(table):
                for row in session.run(said(text)):
                    yield st.digest(table, *tables.decoded(table, row.values()))

    def _clock(self, session: Session) -> int:
        """The clock, once it is even."""
        while True:
            clock: int = session.run(said(CLOCK)).single(strict=True)[0]
            if clock % 2 == 0:
                return clock
            self.head()  # which waits until it is

    def _now(self, statement: Statement) -> Any:
        return statement.shape(self._wait(self._reader.ask(statement.text, {}))[1])

    def _listed(self, text: str, **parameters: Any) -> list[Any]:
        rows: list[Any] = self._wait(self._reader.ask(text, parameters))[1][0]
        return rows

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._reader.submit(coroutine).result()

    def _session(self) -> Session:
        return self._driver.session(database=self.access.database)

    # Writing

    @contextmanager
    def write(self) -> Iterator[Neo4jWriter]:
        by = f"process {os.getpid()}"
        with Translated(), self._session() as session:
            self._wait_for_others(session, by)
            transaction = session.begin_transaction(timeout=WRITE, metadata={"writer": by})
            try:
                transaction.run(said(LOCK), by=by).consume()
                yield Neo4jWriter(self, transaction)
            finally:
                with suppress(errors.DriverError, errors.Neo4jError):
                    transaction.close()

    def _wait_for_others(self, session: Session, by: str) -> None:
        """Return once the writer's lock is free. A transaction cannot give up a lock it waits for, so that the
        waiting is done in one of its own, which may take only so long."""
        try:
            with session.begin_transaction(timeout=WRITE_WAIT) as transaction:
                transaction.run(said(LOCK), by=by).consume()
                transaction.rollback()
        except errors.Neo4jError as error:
            if not isinstance(ours(error), Timeout | Conflict):
                raise
            holder = session.run(said(BUSY)).single()
            name = holder[0] if holder else "another process"
            raise Conflict(f"the graph is being written by {name}; nothing was changed, try again later") from error

    @contextmanager
    def changing(self) -> Iterator[None]:
        """A block in which readers wait. A clock that cannot be set right is, by the next reader or writer."""
        with self._session() as session:
            session.run(said(ODD)).consume()
        try:
            yield
        finally:
            with suppress(errors.DriverError, errors.Neo4jError), self._session() as session:
                session.run(Query(said(EVEN), timeout=STATEMENT)).consume()

    def is_kept(self, commit: str) -> bool:
        """Whether a commit whose reply was lost took place: told by its record, once its lock is free.

        Raises Unavailable where the database does not come back to say so.
        """
        end = time.monotonic() + 6 * WRITE_WAIT
        while True:
            try:
                with self._session() as session, session.begin_transaction(timeout=WRITE_WAIT) as transaction:
                    transaction.run(said(LOCK), by="check").consume()
                    kept = transaction.run(said(f"MATCH {GRAPH} RETURN g.commit")).single(strict=True)[0]
                    return bool(kept == commit)
            except (errors.DriverError, errors.Neo4jError) as error:
                if time.monotonic() > end:
                    raise Unavailable(
                        "the database was lost as it was told to keep a load, and may have done so; load again"
                    ) from error
                time.sleep(0.5)

    # Opening

    def _check(self) -> None:
        """Refuse a database that cannot do what the store needs."""
        agent = self._driver.get_server_info().agent
        number = re.search(r"(\d+)\.(\d+)", agent)
        if not number or tuple(map(int, number.groups())) < OLDEST:
            raise Incompatible(f"the database is {agent}; Neo4j {'.'.join(map(str, OLDEST))} or later is needed")

    def _prepare(self) -> None:
        """Make constraints and indexes where the database has none of ours; refuse another model."""
        expected = tables.fingerprint(self.model)
        with self._session() as session:
            found = session.run(said(f"MATCH {GRAPH} RETURN g.model")).single()
            if found is None:
                self._refuse_foreign(session)
                self._create(session, expected)
            elif found[0] != expected:
                raise Incompatible(
                    "the database was made by another version of the model; load its sources into a new one"
                )

    def _refuse_foreign(self, session: Session) -> None:
        for kind in self.model.kinds:
            if session.run(said(tables.counted(kind))).single(strict=True)[0]:
                raise Incompatible(
                    f"the database has {kind.name} nodes that are not ours; give the graph one of its own"
                )

    def _create(self, session: Session, fingerprint: str) -> None:
        for declaration in tables.declarations(self.model):
            session.run(said(declaration)).consume()
        session.run("CALL db.awaitIndexes(60)").consume()
        graph = f"MERGE {GRAPH} ON CREATE SET g.clock = 0, g.version = 0, g.contentHash = '0', g.model = $model"
        counts = (
            "UNWIND $names AS name MERGE (c:`_CivicCount` {name: name}) "
            "ON CREATE SET c.count = 0, c.forward = true, c.backward = true"
        )
        with session.begin_transaction() as transaction:
            transaction.run(said(f"MERGE {WRITER}")).consume()
            transaction.run(said(counts), names=[table.table for table in self.model.tables]).consume()
            transaction.run(said(graph), model=fingerprint).consume()
            transaction.commit()


def _facts(version: int, cells: list[Any]) -> tuple[int, Facts]:
    rows = FACTS.shape(cells)["counts"]
    single = [(row["name"], True) for row in rows if row["forward"]]
    single += [(row["name"], False) for row in rows if row["backward"]]
    return version, Facts({row["name"]: row["count"] for row in rows}, frozenset(single))


class Reader:
    """Reads of one version of the graph, in an event loop of its own: its connections serve every caller's loop."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="neo4j-reader", daemon=True)
        self._thread.start()
        self._driver, self._pulse_driver = self._drivers()
        self._pulse = Shared(self._has_pulse)
        self._repair = Shared(self._settle)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def ask(self, text: str, parameters: Mapping[str, Any]) -> tuple[int, list[Any]]:
        """The version of the graph, and the cells of a statement that read this version alone.

        Raises StoreError where the database cannot answer.
        """
        watch = Watch(self)
        try:
            with Translated():
                async with asyncio.timeout(ANSWER) as limit:
                    watch.start(limit)
                    return await self._of_one_version(text, parameters)
        except TimeoutError as error:
            if watch.is_lost:
                raise Unavailable("the database does not answer") from error
            raise Timeout("the database took too long to answer; ask for less") from error
        finally:
            watch.stop()

    async def _of_one_version(self, text: str, parameters: Mapping[str, Any]) -> tuple[int, list[Any]]:
        start, wait = time.monotonic(), 0.005
        while True:
            began, ended, version, cells = await self._once_more(text, parameters)
            if began == ended and began % 2 == 0:
                return version, cells
            if time.monotonic() - start > REPAIR:
                await self._repair.result()
            await asyncio.sleep(wait)
            wait = min(2 * wait, 0.2)

    async def _once_more(self, text: str, parameters: Mapping[str, Any]) -> Any:
        """The one row of a statement; again where a connection of old turns out to be cut."""
        try:
            return await self._row(text, parameters)
        except (errors.ServiceUnavailable, errors.SessionExpired):
            return await self._row(text, parameters)

    async def _row(self, text: str, parameters: Mapping[str, Any]) -> Any:
        query = Query(said(text), timeout=STATEMENT)
        async with self._driver.session(database=self.access.database, default_access_mode="READ") as session:
            result = await session.run(query, dict(parameters))
            row = await result.single()
        if row is None:
            raise Incompatible("the graph is no longer in the database; open the store again")
        return row.values()

    async def _settle(self) -> None:
        """Set a clock right that a crash left odd: where nobody holds the writer's lock, nobody is writing."""
        with suppress(errors.DriverError, errors.Neo4jError):
            async with self._driver.session(database=self.access.database) as session:
                result = await session.run(Query(said(SETTLE), timeout=STATEMENT))
                await result.consume()

    async def is_there(self) -> bool:
        """Whether the database answers at all."""
        return await self._pulse.result()

    async def _has_pulse(self) -> bool:
        try:
            async with asyncio.timeout(PULSE):
                await self._pulse_driver.verify_connectivity()
        except (TimeoutError, OSError, errors.DriverError, errors.Neo4jError):
            return False
        return True

    def _drivers(self) -> tuple[AsyncDriver, AsyncDriver]:
        def made(**settings: Any) -> AsyncDriver:
            return AsyncGraphDatabase.driver(self.access.url, auth=self.access.auth, **{**SETTINGS, **settings})

        return made(), made(max_connection_pool_size=1)

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self.submit(self._close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        with suppress(OSError, errors.DriverError):
            await self._driver.close()
            await self._pulse_driver.close()


class Shared(Generic[T]):
    """Work that is done once for all who ask for it at the same time."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    async def result(self) -> T:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        return await asyncio.shield(self._task)


class Watch:
    """Ends a wait for the database early, where the database is silent and has no pulse."""

    def __init__(self, reader: Reader) -> None:
        self.is_lost = False
        self._reader = reader
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PATIENCE, self._begin, limit)

    def _begin(self, limit: asyncio.Timeout) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch(limit))

    async def _watch(self, limit: asyncio.Timeout) -> None:
        while await self._reader.is_there():
            await asyncio.sleep(PATIENCE)
        self.is_lost = True
        limit.reschedule(asyncio.get_running_loop().time())

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()


class Neo4jWriter:
    """One write transaction on the database."""

    def __init__(self, store: Neo4jStore, transaction: Transaction) -> None:
        self._store = store
        self._model = store.model
        self._transaction = transaction
        self._touched: set[str] = set()
        self._counts: dict[str, int] = dict(
            self._rows(COUNTS)
        )  # rows a table; Neo4j counts slowly what is not kept yet
        self._waiting = {row[0] for row in self._rows(WAITING)}  # tables of which rows may wait

    def head(self) -> Head:
        version, content_hash, loaded_at = self._rows(HEAD)[0]
        return Head(version, int(content_hash, 16), loaded_at or "")

    def loads(self) -> dict[str, Load]:
        return {row[0]: Load(*row) for row in self._rows(SOURCES)}

    def is_empty(self, table: Table) -> bool:
        return not self._needed(table, ("shown", "waiting"))

    def records(self, table: Table, keys: Sequence[Key]) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        for text in self._needed(table, tables.records_of(table)):
            rows = self._rows(text, keys=[list(key) for key in keys])
            found.update(tables.decoded(table, row) for row in rows)
        return found

    def keys_of(self, table: Table, source: str) -> Iterator[Key]:
        for text in self._needed(table, tables.keys_said(table)):
            yield from map(tuple, self._rows(text, source=source))

    def _needed(self, table: Table, texts: Sequence[str]) -> list[str]:
        """Of two statements, about rows that are shown and about those that wait, the ones that may find some."""
        may = (self._counts[table.table] > 0, table.table in self._waiting)
        return [text for text, some in zip(texts, may, strict=False) if some]

    def put(self, table: Table, changes: Sequence[Change]) -> None:
        self._touched.add(table.table)
        gone = [list(change.key) for change in changes if not change.after]
        new = [tables.encoded(table, c.key, c.after) for c in changes if c.after and not c.before]
        other = [tables.encoded(table, c.key, c.after) for c in changes if c.after and c.before]
        if gone:
            self._remove(table, gone)
        if new:
            self._add(table, new)
        for text in self._needed(table, tables.altered(table)) if other else ():
            self._run(text, rows=other)

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
            self._touched.add(relation.table)
            self._waiting.add(relation.table)
            self._counts[relation.table] -= self._rows(text, keys=keys)[0][0]

    def _add(self, table: Table, rows: list[list[Any]]) -> None:
        added = self._rows(tables.added(table), rows=rows)[0][0]
        self._counts[table.table] += added
        if isinstance(table, Relation) and added < len(rows):
            self._waiting.add(table.table)
            self._run(tables.set_aside(table), rows=rows)

    def commit(self, head: Head, loads: Sequence[Load], gone: Sequence[str]) -> None:
        self._settle()
        self._count()
        self._run("UNWIND $ids AS id MATCH (s:`_CivicSource` {id: id}) DELETE s", ids=list(gone))
        kept = "UNWIND $loads AS load MERGE (s:`_CivicSource` {id: load.id}) SET s = load"
        self._run(kept, loads=[tables.load_row(load) for load in loads])
        commit = uuid4().hex
        with self._store.changing():
            content = {"version": head.version, "hash": f"{head.content_hash:x}", "loaded_at": head.loaded_at}
            self._run(COMMIT, **content, commit=commit)
            try:
                self._transaction.commit()
            except (errors.ServiceUnavailable, errors.SessionExpired) as error:
                if not self._store.is_kept(commit):
                    raise Unavailable("the database was lost; nothing was changed, load again") from error

    def _settle(self) -> None:
        """Bring back relations that wait for an end, where both are there now."""
        for relation in self._model.relations:
            touched = self._touched & {relation.table, relation.source, relation.target}
            if touched and relation.table in self._waiting:
                self._touched.add(relation.table)
                self._counts[relation.table] += self._rows(tables.settled(relation))[0][0]

    def _count(self) -> None:
        """Note how many rows the written tables have, and which steps to one node never have a choice."""
        rows = []
        for table in self._model.tables:
            if table.table in self._touched:
                single = [isinstance(table, Kind) or self._is_single(Hop(table, way)) for way in (True, False)]
                rows.append([table.table, self._counts[table.table], *single])
        text = "UNWIND $rows AS row MATCH (c:`_CivicCount` {name: row[0]}) "
        self._run(f"{text} SET c.count = row[1], c.forward = row[2], c.backward = row[3]", rows=rows)

    def _is_single(self, hop: Hop) -> bool:
        return not hop.many and not self._rows(tables.chosen_twice(hop, self._model.kind(hop.target)))

    def _rows(self, text: str, **parameters: Any) -> list[list[Any]]:
        with Encodable():
            return [row.values() for row in self._transaction.run(said(text), parameters)]

    def _run(self, text: str, **parameters: Any) -> None:
        with Encodable():
            self._transaction.run(said(text), parameters).consume()


def said(text: str) -> LiteralString:
    """A statement, of which the driver wants to know that no user wrote it."""
    return text


# Errors


class Encodable:
    """A block in which values that the database cannot hold are refused."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeEncodeError | OverflowError):
            raise BadInput(f"a value cannot be looked up: {error}") from error


class Translated(Encodable):
    """A block in which the driver's errors become ours."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, errors.DriverError | errors.Neo4jError | ConnectionError):
            raise ours(error) from error


def ours(error: Exception) -> StoreError:
    """An error of the driver as one of ours, which names neither a host nor a statement."""
    match error:
        case errors.AuthError() | errors.AuthConfigurationError():
            return Unavailable(
                "the database refused the user or password: set CIVIC_GRAPH_NEO4J_USER, and "
                "CIVIC_GRAPH_NEO4J_PASSWORD or CIVIC_GRAPH_NEO4J_PASSWORD_FILE"
            )
        case errors.Forbidden():
            return StoreError("the database does not let this user do that")
        case errors.Neo4jError():
            return _of_code(error.code or "", error)
        case errors.ServiceUnavailable() | errors.SessionExpired() | errors.ConnectionPoolError() | ConnectionError():
            return Unavailable("the database does not answer")
        case _:
            return StoreError(f"the database could not do it ({type(error).__name__})")


def _of_code(code: str, error: errors.Neo4jError) -> StoreError:
    match code.rpartition(".")[2]:
        case "TransactionTimedOut" | "TransactionTimedOutClientConfiguration" | "LockAcquisitionTimeout":
            return Timeout("the database took too long to answer; ask for less")
        case "LockClientStopped" | "DeadlockDetected" | "Outdated" | "ConstraintValidationFailed":
            return Conflict("another process changed the graph at the same time; nothing was changed, try again")
        case "MemoryPoolOutOfMemoryError" | "TransactionOutOfMemoryError":
            return StoreError("the database has too little memory for this; nothing was changed")
        case "DatabaseUnavailable" | "NotALeader" | "DatabaseNotFound" | "UnableToRoute":
            return Unavailable("the database is not available")
        case _ if isinstance(error, errors.TransientError):
            return Unavailable(f"the database could not do it for now ({code})")
        case _:
            return StoreError(f"the database could not do it ({code})")
