"""The graph of record for an office: a Neo4j database, read by one statement an operation, written in one transaction
or, where that would be too large, in several, each of which leaves the graph as its content hash says.

Neo4j has no snapshot of a statement, and applies a commit while others read. So the graph has a clock: who writes
makes it odd before the commit and even after it, each in a transaction of its own, and every statement returns the
clock as it began and as it ended. Where they differ or are odd, the statement is run again. A clock that a crash
left odd is set right by whoever next holds the writer's lock. That lock is held in a transaction of its own, which
lasts from a writer's beginning to its end, whatever was committed meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import msgspec

from graph import plan as p
from graph.changes import BATCH, chunks
from graph.errors import Conflict, Incompatible, Timeout, Unavailable
from graph.model import Hop, Kind, Model, Property, Relation, Table
from graph.plan import Plan
from graph.revisions import MEANWHILE, Description, kept, widened
from graph.roles import Role, allow, needed
from graph.search import is_searched
from graph.statements import Key, Load, Record
from graph.store import Change, Compiled, Explained, Found, Head, Snapshot, is_true
from graph.stores import bolt, cypher_search
from graph.stores import cypher_tables as tables
from graph.stores.bolt import Encodable, Reader, Reading, Result, Session, Transaction, Translated, access, said
from graph.stores.cypher import Statement, compile_cypher, listed
from graph.stores.cypher_printed import steps
from graph.stores.cypher_tables import GRAPH, WRITER
from graph.stores.cypher_terms import quoted
from graph.stores.estimate import Facts
from graph.stores.kept import Kept
from graph.text import is_wide, sortable

OLDEST = (5, 26)  # of Neo4j; scoped subqueries came shortly before

TAKES = 3  # of the whole graph, before writers are kept away
WRITE_WAIT = 10.0  # seconds a writer waits for another
WRITE = 3600.0  # seconds a write transaction may take
TRANSACTION = 50_000  # records and moved relations that one transaction may change; a heap of 1 GB holds twice as many
SETTLED = 10_000  # waiting relations that are brought back at a time
LOCK = f"MATCH {WRITER} SET w.by = $by"
ODD = f"MATCH {GRAPH} SET g.clock = g.clock + 1 + g.clock % 2"
EVEN = f"MATCH {GRAPH} SET g.clock = g.clock + g.clock % 2"
CLOCK = f"MATCH {GRAPH} RETURN g.clock"
HEAD = f"MATCH {GRAPH} RETURN g.version, g.contentHash, g.loadedAt, g.loading"
COUNTS = "MATCH (c:`_CivicCount`) RETURN c.name, c.count"
WAITING = "MATCH (w:`_CivicWaiting`) RETURN DISTINCT w._table"
SOURCES = f"MATCH (s:`_CivicSource`) RETURN {', '.join(f's.{name}' for name in tables.LOAD)} ORDER BY s.id"
LAST = f"MATCH {GRAPH} RETURN coalesce(g.commit, '')"
KEPT = f"MATCH {GRAPH} SET g.commit = g.commit RETURN g.commit"  # waits for a commit that is under way
COMMIT = (
    f"MATCH {GRAPH} WHERE coalesce(g.commit, '') = $last SET g.version = $version, g.contentHash = $hash, "
    "g.loadedAt = $loaded_at, g.loading = $loading, g.commit = $commit RETURN g.commit"
)
NAMES = ("SHOW CONSTRAINTS YIELD name", "SHOW INDEXES YIELD name")
MODEL = f"MATCH {GRAPH} RETURN g.model, g.layout"
PLACE = "the graph in the database"
BUSY = "SHOW TRANSACTIONS YIELD metaData WHERE metaData.writer IS NOT NULL RETURN metaData.writer LIMIT 1"

T = TypeVar("T")


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
    Plan(p.Obj(tuple((name, p.Info(name)) for name in ("contentHash", "loadedAt"))), ()), {}, Facts()
)
HIDDEN = listed("MATCH (w:`_CivicWaiting`) WITH w._table AS name, count(*) AS number", ("name", "number"))


def is_there(url: str) -> bool:
    """Whether a database holds a graph of ours. Raises Unavailable where it does not answer."""
    known = access(url, os.environ)
    with Translated(), bolt.driver(known) as driver:
        return bool(driver.execute_query(said(f"MATCH {GRAPH} RETURN g"), database_=known.database).records)


class Neo4jStore:
    """A graph in a Neo4j database, 5.26 or later.

    Raises LoadError where the URL is none of a database, Unavailable where it does not answer, Incompatible where it
    is too old, holds another model or a graph that is not ours.
    """

    def __init__(self, url: str, model: Model, environment: Mapping[str, str] = os.environ) -> None:
        self.model = model
        self.access = access(url, environment)
        self._driver = bolt.driver(self.access)
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
        reading = self._wait(self._reader.ask(STATE.text, {}))
        state = STATE.shape(reading.cells)
        return Head(reading.version, int(state["contentHash"], 16), state["loadedAt"] or "", reading.loading)

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
        self._facts = self._facts or _facts(self._wait(self._reader.ask(FACTS.text, {})))
        return self._compiled(plan, *self._facts)

    def _compiled(self, plan: Plan, clock: int, facts: Facts) -> CypherCompiled:
        statement = compile_cypher(plan, self.model.by_name, facts)
        return CypherCompiled(plan, statement.text, clock, needed(plan, self.model), statement)

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        allow(role, compiled.needed)
        assert isinstance(compiled, CypherCompiled)
        return await asyncio.wrap_future(self._reader.submit(self._answer(compiled, parameters)))

    async def explain(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Explained:
        allow(role, compiled.needed)
        assert isinstance(compiled, CypherCompiled)
        statement, bound = self._bound(compiled, parameters)
        plan = await asyncio.wrap_future(self._reader.submit(self._reader.explain(statement.text, bound)))
        return Explained(statement.text, tuple(steps(plan)))

    async def _answer(self, compiled: CypherCompiled, parameters: Mapping[str, Any]) -> Found:
        """The answer to a plan; one compiled for another state of the graph is compiled again."""
        while True:
            known = compiled.state  # others may compile it again while this one waits
            statement, bound = self._bound(compiled, parameters)
            reading = await self._reader.ask(statement.text, bound)
            if reading.clock == known:
                data = msgspec.json.encode(statement.shape(reading.cells))
                return Found(data, reading.version, reading.loading, reading.clock)
            self._facts = _facts(await self._reader.ask(FACTS.text, {}))
            fresh = self._compiled(compiled.plan, *self._facts)
            compiled.text, compiled.state = fresh.text, fresh.state
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

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with closing(Kept(self.model)) as kept:
            self._whole(kept.fill)
            yield kept

    def verify(self) -> bool:
        return self._whole(lambda snapshot: is_true(snapshot, self.model))

    def _whole(self, take: Callable[[Snapshot], T]) -> T:
        """What is taken of one state of the graph: once more where a load came between, and at last while none can."""
        for _ in range(TAKES):
            with suppress(Moved):
                return self._take(take)
        with self.write():
            return self._take(take)

    def _take(self, take: Callable[[Snapshot], T]) -> T:
        with Translated(), self._session() as session:
            began = self._clock(session)
            self._check_layout(session)
            taken = take(Neo4jSnapshot(session))
            if began == self._clock(session):
                return taken
        raise Moved

    def close(self) -> None:
        self._reader.close()
        self._driver.close()

    def _clock(self, session: Session) -> int:
        """The clock, once it is even."""
        while True:
            clock: int = session.run(said(CLOCK)).single(strict=True)[0]
            if clock % 2 == 0:
                return clock
            self.head()  # which waits until it is

    def _now(self, statement: Statement) -> Any:
        return statement.shape(self._wait(self._reader.ask(statement.text, {})).cells)

    def _listed(self, text: str, **parameters: Any) -> list[Any]:
        rows: list[Any] = self._wait(self._reader.ask(text, parameters)).cells[0]
        return rows

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._reader.submit(coroutine).result()

    def _session(self) -> Session:
        return self._driver.session(database=self.access.database)

    # Writing

    @contextmanager
    def write(self) -> Iterator[Neo4jWriter]:
        with Translated(), self._locked(f"process {os.getpid()}"), self._session() as session:
            self._check_layout(session)
            writer = Neo4jWriter(self, session)
            try:
                yield writer
            except bolt.FAILED as error:
                cause = bolt.ours(error)
                raise type(cause)(f"{cause.message}; {writer.outcome}") from error
            finally:
                writer.close()

    @contextmanager
    def _locked(self, by: str) -> Iterator[None]:
        """A block in which nobody else writes. Raises Conflict where somebody keeps writing."""
        with self._session() as session:
            self._wait_for_others(session, by)
            with session.begin_transaction(timeout=WRITE, metadata={"writer": by}) as lock:
                lock.run(said(LOCK), by=by).consume()
                try:
                    yield
                finally:
                    with suppress(*bolt.FAILED):
                        lock.rollback()

    def _wait_for_others(self, session: Session, by: str) -> None:
        """Return once the writer's lock is free. A transaction cannot give up a lock it waits for, so that the
        waiting is done in one of its own, which may take only so long."""
        try:
            with session.begin_transaction(timeout=WRITE_WAIT) as transaction:
                transaction.run(said(LOCK), by=by).consume()
                transaction.rollback()
        except bolt.REFUSED as error:
            if not isinstance(bolt.ours(error), Timeout | Conflict):
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
            with suppress(*bolt.FAILED), self._session() as session:
                session.run(bolt.timed(EVEN)).consume()

    def is_kept(self, commit: str) -> bool:
        """Whether a commit whose reply was lost took place: told by its mark, once its lock is free.

        Raises Unavailable where the database does not come back to say so.
        """
        end = time.monotonic() + 6 * WRITE_WAIT
        while True:
            try:
                with self._session() as session, session.begin_transaction(timeout=WRITE_WAIT) as transaction:
                    return bool(transaction.run(said(KEPT)).single(strict=True)[0] == commit)
            except bolt.FAILED as error:
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
        """Make constraints and indexes where the database has none of ours; bring a graph of an older model up to
        date."""
        with self._session() as session:
            found = session.run(said(MODEL)).single()
            if found is None:
                self._refuse_foreign(session, self.model.kinds)
                self._create(session)
            elif found[1] != tables.fingerprint(self.model):
                kept(found[0], self.model, PLACE)
                with self._locked(f"process {os.getpid()}"):
                    self._grow(session)

    def _check_layout(self, session: Session) -> None:
        """Refuse a graph that a newer version has brought up to date while this process had it open."""
        if session.run(said(MODEL)).single(strict=True)[1] != tables.fingerprint(self.model):
            raise Incompatible(f"{PLACE} {MEANWHILE}")

    def _grow(self, session: Session) -> None:
        """Bring what an older model has made up to date: what is derived first, in any number of transactions, then
        the rest in one."""
        text, layout = session.run(said(MODEL)).single(strict=True)
        before = kept(text, self.model, PLACE)
        if layout == tables.fingerprint(self.model):
            return  # another process was faster
        self._refuse_foreign(session, [kind for kind in self.model.kinds if kind.table not in before.tables])
        self._declare(session)
        for kind in filter(is_searched, self.model.kinds):
            self._derive(session, kind)
        with session.begin_transaction(timeout=WRITE) as transaction:
            for table in self.model.tables:
                if shape := before.tables.get(table.table):
                    _widen(transaction, table, shape.places(table))
            with self.changing():
                self._describe(transaction)  # which locks the clock
                transaction.commit()

    def _derive(self, session: Session, kind: Kind) -> None:
        """Make anew what is kept beside the values of nodes."""
        for text in tables.all_records(kind):
            rows = [tables.accompanied(kind, row.values()) for row in session.run(said(text))]
            for batch in chunks(iter(rows), BATCH):
                with self.changing():
                    session.run(said(tables.accompany(kind)), rows=batch).consume()

    def _refuse_foreign(self, session: Session, kinds: Sequence[Kind]) -> None:
        for kind in kinds:
            if session.run(said(tables.counted(kind))).single(strict=True)[0]:
                raise Incompatible(
                    f"the database has {kind.name} nodes that are not ours; give the graph one of its own"
                )

    def _declare(self, session: Session) -> None:
        """Make the constraints and indexes that are missing: others would wait for the writer's lock."""
        known = [row[0] for text in NAMES for row in session.run(said(text)) if row[0] != cypher_search.INDEX]
        for declaration in tables.declarations(self.model):
            if not any(f"{quoted(name)} IF NOT EXISTS" in declaration for name in known):
                session.run(said(declaration)).consume()
        session.run("CALL db.awaitIndexes(60)").consume()

    def _create(self, session: Session) -> None:
        self._declare(session)
        graph = f"MERGE {GRAPH} ON CREATE SET g.clock = 0, g.version = 0, g.contentHash = '0'"
        with session.begin_transaction() as transaction:
            transaction.run(said(f"MERGE {WRITER}")).consume()
            transaction.run(said(graph)).consume()
            self._describe(transaction)
            transaction.commit()

    def _describe(self, transaction: Transaction) -> None:
        """Note the model, and that there is nothing yet of tables that are new."""
        counts = (
            "UNWIND $names AS name MERGE (c:`_CivicCount` {name: name}) "
            "ON CREATE SET c.count = 0, c.forward = true, c.backward = true"
        )
        transaction.run(said(counts), names=[table.table for table in self.model.tables]).consume()
        new = {"model": str(Description.of(self.model)), "layout": tables.fingerprint(self.model)}
        transaction.run(said(f"MATCH {GRAPH} SET g.model = $model, g.layout = $layout"), new).consume()


def _widen(transaction: Transaction, table: Table, places: list[int | None]) -> None:
    """Put the values of claims in the places that they have now."""
    if places == list(range(len(places))):
        return
    for found, changed in tables.claims(table):
        rows = [[row[0], widened(row[1], places, table)] for row in transaction.run(said(found))]
        transaction.run(said(changed), rows=rows).consume()


def _facts(reading: Reading) -> tuple[int, Facts]:
    rows = FACTS.shape(reading.cells)["counts"]
    single = [(row["name"], True) for row in rows if row["forward"]]
    single += [(row["name"], False) for row in rows if row["backward"]]
    return reading.clock, Facts({row["name"]: row["count"] for row in rows}, frozenset(single))


class Moved(Exception):
    """The graph changed while it was read."""


class Neo4jSnapshot:
    """What a session reads, of one state of the graph if the clock stands still meanwhile."""

    def __init__(self, session: Session) -> None:
        self._session = session
        version, content_hash, loaded_at, loading = self._rows(HEAD)[0]
        self.head = Head(version, int(content_hash, 16), loaded_at or "", tuple(loading or ()))
        self.loads = {row[0]: Load(*row) for row in self._rows(SOURCES)}

    def of(self, table: Table) -> Iterator[tuple[Key, Record]]:
        for text in tables.all_records(table):
            for row in self._session.run(said(text)):
                yield tables.decoded(table, row.values())

    def _rows(self, text: str) -> list[list[Any]]:
        return [row.values() for row in self._session.run(said(text))]


class Adding(NamedTuple):
    """Rows of a table that the database adds, and what it will say of how many it has added."""

    table: Table
    rows: list[list[Any]]
    result: Result


class Neo4jWriter:
    """The one writer of the database: a transaction, and after it another where one would be too large."""

    def __init__(self, store: Neo4jStore, session: Session) -> None:
        self._store = store
        self._model = store.model
        self._session = session
        self._transaction = self._begun()
        self._adding: Adding | None = None  # under way in the database, while the next rows are made here
        self._size = 0  # of the transaction
        self._parts = 0  # that were kept
        self._last: str = self._rows(LAST)[0][0]
        self._touched: set[str] = set()
        self._counts: dict[str, int] = dict(
            self._rows(COUNTS)
        )  # rows a table; Neo4j counts slowly what is not kept yet
        self._waiting = {row[0] for row in self._rows(WAITING)}  # tables of which rows may wait

    def _begun(self) -> Transaction:
        return self._session.begin_transaction(timeout=WRITE)

    def close(self) -> None:
        with suppress(*bolt.FAILED):
            self._transaction.close()

    @property
    def outcome(self) -> str:
        """What a failure leaves behind."""
        return "a part of the load was kept: load again, and it goes on" if self._parts else "nothing was changed"

    def head(self) -> Head:
        version, content_hash, loaded_at, loading = self._rows(HEAD)[0]
        return Head(version, int(content_hash, 16), loaded_at or "", tuple(loading or ()))

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
        self._finish()
        may = (self._counts[table.table] > 0, table.table in self._waiting)
        return [text for text, some in zip(texts, may, strict=False) if some]

    def put(self, table: Table, changes: Sequence[Change]) -> None:
        self._touched.add(table.table)
        self._size += len(changes)
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
            moved = self._rows(text, keys=keys)[0][0]
            self._touched.add(relation.table)
            self._waiting.add(relation.table)
            self._counts[relation.table] -= moved
            self._size += moved

    def _add(self, table: Table, rows: list[list[Any]]) -> None:
        self._adding = Adding(table, rows, self._result(tables.added(table), rows=rows))

    def _finish(self) -> None:
        """Wait until what was added last is, and set aside relations of which an end is missing."""
        if self._adding is None:
            return
        (table, rows, result), self._adding = self._adding, None
        added = result.single(strict=True)[0]
        self._counts[table.table] += added
        if isinstance(table, Relation) and added < len(rows):
            self._waiting.add(table.table)
            self._run(tables.set_aside(table), rows=rows)

    def purge(self) -> None:
        """Nothing: where Neo4j keeps what is gone, and its log of transactions, is for its administrator."""

    def keep_part(self, head: Head, loads: Sequence[Load]) -> None:
        if self._size < TRANSACTION:
            return
        self._count(lambda hop: False)  # before the end nobody knows, and it would take long to look
        self._record(loads)
        self._end(head)
        self._parts += 1
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
        content = {"version": head.version, "hash": f"{head.content_hash:x}", "loaded_at": head.loaded_at}
        commit = uuid4().hex
        with self._store.changing():
            if not self._rows(COMMIT, **content, loading=list(head.loading) or None, last=self._last, commit=commit):
                raise Conflict(f"another process changed the graph at the same time; {self.outcome}")
            try:
                self._transaction.commit()
            except bolt.LOST as error:
                if not self._store.is_kept(commit):
                    raise Unavailable(f"the database was lost; {self.outcome}") from error
        self._last = commit

    def _settle(self, relation: Relation) -> int:
        """Bring back some relations that wait for an end, where both are there now; how many."""
        self._finish()
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
        self._finish()
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
        self._finish()
        with Encodable():
            return self._transaction.run(said(text), parameters)
