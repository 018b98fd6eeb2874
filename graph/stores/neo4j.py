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
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from graph import plan as p
from graph.errors import Conflict, Incompatible
from graph.model import Kind, Model, Property, Table
from graph.plan import Plan
from graph.roles import Role, allow, needed
from graph.statements import Key, Load, Record
from graph.store import Compiled, Explained, Found, Head, Snapshot, is_true
from graph.stores import bolt
from graph.stores import cypher_tables as tables
from graph.stores.bolt import Aside, Reader, Reading, Session, Transaction, Translated, as_literal
from graph.stores.cypher import compile_cypher
from graph.stores.cypher_printed import steps
from graph.stores.cypher_statements import Statement, listed
from graph.stores.cypher_tables import GRAPH, WRITER
from graph.stores.cypher_terms import quoted
from graph.stores.estimate import Facts
from graph.stores.kept import Kept
from graph.stores.neo4j_access import access
from graph.stores.neo4j_clock import Clock
from graph.stores.neo4j_ground import Ground
from graph.stores.neo4j_parts import HEAD, SOURCES, WRITE, Parts
from graph.stores.neo4j_writer import Neo4jWriter
from graph.text import is_wide, sortable

OLDEST = (5, 26)  # of Neo4j; scoped subqueries came shortly before

LARGE = 100_000  # bytes of an answer that takes so long to make that others are answered meanwhile
ENDING = 5.0  # seconds for a transaction that was ended to say so
TAKES = 3  # of the whole graph, before writers are kept away
WRITE_WAIT = 10.0  # seconds a writer waits for another
LOCK = f"MATCH {WRITER} SET w.by = $turn"
CLOCK = f"MATCH {GRAPH} RETURN g.clock"
BUSY = (
    "SHOW TRANSACTIONS YIELD metaData, startTime WHERE metaData.writer IS NOT NULL AND metaData.turn <> $turn "
    "RETURN metaData.writer ORDER BY startTime LIMIT 1"
)
END = (
    "SHOW TRANSACTIONS YIELD transactionId AS id, metaData WHERE metaData.turn = $turn "
    "TERMINATE TRANSACTIONS id YIELD message RETURN message"
)

T = TypeVar("T")


@dataclass(slots=True)
class CypherCompiled(Compiled):
    """A plan as Cypher, and as Cypher for parameters of wide text where it was needed; how many bytes its last answer
    had."""

    statement: Statement
    wide: Statement | None = None
    size: int = LARGE


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
    with Translated(known), bolt.driver(known) as driver:
        return bool(driver.execute_query(as_literal(f"MATCH {GRAPH} RETURN g"), database_=known.database).records)


class Neo4jStore:
    """A graph in a Neo4j database, 5.26 or later.

    Raises LoadError where the URL is none of a database, Unavailable where it does not answer, Incompatible where it
    is too old, holds another model or a graph that is not ours.
    """

    def __init__(self, url: str, model: Model, environment: Mapping[str, str] = os.environ) -> None:
        self.model = model
        self.access = access(url, environment)
        self._driver = bolt.driver(self.access)
        self._aside = Aside(self.access)
        self._near: dict[asyncio.AbstractEventLoop, Reader] = {}
        self._clock = Clock(self._session)
        self._ground = Ground(model, self._clock)
        self._facts: tuple[int, Facts] | None = None
        try:
            with Translated(self.access):
                self._check()
                with self._session() as session:
                    self._ground.prepare(session, self._locked)
        except BaseException:
            self.close()
            raise

    # Reading

    moves = 0  # a database has one graph and keeps it

    def head(self) -> Head:
        reading = self._wait(self._aside.reader.ask(STATE.text, {}))
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
        self._facts = self._facts or _facts(self._wait(self._aside.reader.ask(FACTS.text, {})))
        return self._compiled(plan, *self._facts)

    def _compiled(self, plan: Plan, clock: int, facts: Facts) -> CypherCompiled:
        statement = compile_cypher(plan, self.model.by_name, facts)
        return CypherCompiled(plan, statement.text, clock, needed(plan, self.model), statement)

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        allow(role, compiled.needed)
        assert isinstance(compiled, CypherCompiled)
        return await self._nearest(lambda reader: self._answer(reader, compiled, parameters))

    async def state(self) -> int:
        """The clock, once it is even."""
        return await self._nearest(Reader.clock)

    async def explain(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Explained:
        allow(role, compiled.needed)
        assert isinstance(compiled, CypherCompiled)
        statement, bound = self._bound(compiled, parameters)
        plan = await self._nearest(lambda reader: reader.explain(statement.text, bound))
        return Explained(statement.text, tuple(steps(plan)))

    @asynccontextmanager
    async def at_hand(self) -> AsyncIterator[None]:
        loop, reader = asyncio.get_running_loop(), Reader(self.access)
        self._near[loop] = reader
        try:
            yield
        finally:
            del self._near[loop]
            await reader.close()

    async def _nearest(self, work: Callable[[Reader], Coroutine[Any, Any, T]]) -> T:
        """What a reader finds: that of the running loop, or else the one aside, to which the way is longer."""
        if reader := self._near.get(asyncio.get_running_loop()):
            return await work(reader)
        return await asyncio.wrap_future(self._aside.submit(work(self._aside.reader)))

    async def _answer(self, reader: Reader, compiled: CypherCompiled, parameters: Mapping[str, Any]) -> Found:
        """The answer to a plan; one compiled for another state of the graph is compiled again."""
        while True:
            known = compiled.state  # others may compile it again while this one waits
            statement, bound = self._bound(compiled, parameters)
            reading = await reader.ask(statement.text, bound)
            if reading.clock == known:
                data = await _made(compiled, statement, reading.cells)
                return Found(data, reading.clock, reading.loading)
            self._facts = _facts(await reader.ask(FACTS.text, {}))
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
        with Translated(self.access), self._session() as session:
            began = self._even(session)
            self._ground.check(session)
            taken = take(Neo4jSnapshot(session))
            if began == self._even(session):
                return taken
        raise Moved

    def close(self) -> None:
        self._aside.close()
        self._driver.close()

    def _even(self, session: Session) -> int:
        """The clock, once it is even."""
        while True:
            clock: int = session.run(as_literal(CLOCK)).single(strict=True)[0]
            if clock % 2 == 0:
                return clock
            self.head()  # which waits until it is

    def _now(self, statement: Statement) -> Any:
        return statement.shape(self._wait(self._aside.reader.ask(statement.text, {})).cells)

    def _listed(self, text: str, **parameters: Any) -> list[Any]:
        rows: list[Any] = self._wait(self._aside.reader.ask(text, parameters)).cells[0]
        return rows

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._aside.submit(coroutine).result()

    def _session(self) -> Session:
        return self._driver.session(database=self.access.database)

    # Writing

    @contextmanager
    def write(self) -> Iterator[Neo4jWriter]:
        with Translated(self.access), self._locked(), self._session() as session:
            self._ground.check(session)
            writer = Neo4jWriter(Parts(self.model, session, self._clock))
            try:
                yield writer
            except bolt.FAILED as error:
                cause = bolt.ours(error, self.access)
                raise type(cause)(f"{cause.message}; {writer.outcome}", f"{cause.told}; {writer.outcome}") from error
            finally:
                writer.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """A block in which nobody else writes. Raises Conflict where somebody keeps writing."""
        turn = uuid4().hex
        metadata = {"writer": f"process {os.getpid()}", "turn": turn}
        with self._session() as session, session.begin_transaction(timeout=WRITE, metadata=metadata) as lock:
            self._lock(lock, turn)
            try:
                yield
            finally:
                with suppress(*bolt.FAILED):
                    lock.rollback()

    def _lock(self, lock: Transaction, turn: str) -> None:
        """Take the writer's lock. A transaction cannot give up a lock that it waits for: one that has waited too long
        is ended from outside. Nobody waits here for a database that is silent."""
        taken: Future[None] = Future()

        def take() -> None:
            try:
                lock.run(as_literal(LOCK), turn=turn).consume()
                taken.set_result(None)
            except BaseException as error:
                taken.set_exception(error)

        Thread(target=take, name="writer", daemon=True).start()
        try:
            wait([taken], WRITE_WAIT)
        finally:
            holder = None if taken.done() else self._give_up(turn)
        if holder:
            wait([taken], ENDING)
            raise Conflict(f"the graph is being written by {holder}; nothing was changed, try again later")
        taken.result()

    def _give_up(self, turn: str) -> str:
        """End the transaction that waits for its turn: who has it."""
        holder = None
        with suppress(*bolt.FAILED), self._session() as session:
            holder = session.run(as_literal(BUSY), turn=turn).single()
            session.run(as_literal(END), turn=turn).consume()
        return holder[0] if holder else "another process"

    # Opening

    def _check(self) -> None:
        """Refuse a database that cannot do what the store needs."""
        agent = self._driver.get_server_info().agent
        number = re.search(r"(\d+)\.(\d+)", agent)
        if not number or tuple(map(int, number.groups())) < OLDEST:
            raise Incompatible(f"the database is {agent}; Neo4j {'.'.join(map(str, OLDEST))} or later is needed")


async def _made(compiled: CypherCompiled, statement: Statement, cells: list[Any]) -> bytes:
    """The JSON of an answer, made in a thread where it is known to be large, or not known yet."""

    def make() -> bytes:
        return msgspec.json.encode(statement.shape(cells))

    data = make() if compiled.size < LARGE else await asyncio.to_thread(make)
    compiled.size = len(data)
    return data


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
            for row in self._session.run(as_literal(text)):
                yield tables.decoded(table, row.values())

    def _rows(self, text: str) -> list[list[Any]]:
        return [row.values() for row in self._session.run(as_literal(text))]
