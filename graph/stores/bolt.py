"""The door to a Neo4j database: the driver and its limits, reads of one state of the graph, its errors as ours."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from math import inf
from typing import Any, LiteralString, NamedTuple, TypeVar

from neo4j import (
    AsyncDriver,
    AsyncGraphDatabase,
    Driver,
    GraphDatabase,
    NotificationMinimumSeverity,
    Query,
    Result,
    Session,
    Transaction,
)
from neo4j import exceptions as errors

from graph.errors import BadInput, Conflict, Incompatible, StoreError, Timeout, Unavailable
from graph.stores.cypher_statements import whole
from graph.stores.cypher_tables import GRAPH, WRITER
from graph.stores.cypher_terms import Cells
from graph.stores.neo4j_access import SECRET, Access
from graph.stores.shared import Fresh, Shared, end

__all__ = ["FAILED", "LOST", "Aside", "Driver", "Reader", "Result", "Session", "Transaction"]

STATEMENT = 8.0  # seconds a statement may take in the database
ANSWER = 10.0  # seconds until an answer, whatever it waits for
PATIENCE = 1.5  # seconds of silence after which the database is asked whether it is there
PULSE = 1.2  # seconds it may take to say so
COLD = 60.0  # seconds after the database was away in which it may be slow whatever it is asked
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

SETTLE = f"MATCH {WRITER} SET w.by = 'repair' WITH w MATCH {GRAPH} SET g.clock = g.clock + g.clock % 2"

LOST = (errors.ServiceUnavailable, errors.SessionExpired)  # there was no answer
FAILED = (errors.DriverError, errors.Neo4jError)  # either

SILENT = "does not answer"
SLOW = "the database took too long to answer; ask for less"
LOOK = whole(Cells())

T = TypeVar("T")


def driver(access: Access) -> Driver:
    """A driver for what is done one thing at a time."""
    return GraphDatabase.driver(access.url, auth=access.auth, **SETTINGS)


class Reading(NamedTuple):
    """The cells that a statement returned, and the graph that they are of: its clock, its version, and the sources
    that are being loaded into it."""

    clock: int
    version: int
    loading: tuple[str, ...]
    cells: list[Any]


class Reader:
    """Reads of one state of the graph, in one event loop: that in which it is first asked."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._driver, self._pulse_driver = self._drivers()
        self._pulse = Shared(self._has_pulse)
        self._repair = Shared(self._settle)
        self._look = Fresh(self._looked)
        self._lost = -inf  # when the database was last found to be away

    async def ask(self, text: str, parameters: Mapping[str, Any]) -> Reading:
        """What a statement reads of one state of the graph.

        Raises StoreError where the database cannot answer.
        """
        return await self._in_time(self._of_one_state(text, parameters))

    async def clock(self) -> int:
        """The clock, once it is even, by a look that begins after it was asked for. Raises what `ask` does."""
        return await self._look.result()

    async def _looked(self) -> int:
        return (await self.ask(LOOK, {})).clock

    async def explain(self, text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The operators by which the database would run a statement. Raises what `ask` does."""
        return await self._in_time(self._plan(text, parameters))

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T:
        watch = Watch(self)
        try:
            with Translated(self.access):
                async with asyncio.timeout(ANSWER) as limit:
                    watch.start(limit)
                    return await work
        except (TimeoutError, Timeout) as error:
            if watch.is_lost:
                raise unavailable(self.access, SILENT) from error
            if time.monotonic() - self._lost < COLD:
                raise unavailable(self.access, "was away and is still slow; ask again in a while") from error
            raise Timeout(SLOW) from error
        finally:
            watch.stop()

    async def _of_one_state(self, text: str, parameters: Mapping[str, Any]) -> Reading:
        start, wait = time.monotonic(), 0.005
        while True:
            began, ended, version, loading, cells = await self._once_more(text, parameters)
            if began == ended and began % 2 == 0:
                return Reading(began, version, tuple(loading or ()), cells)
            if time.monotonic() - start > REPAIR:
                await self._repair.result()
            await asyncio.sleep(wait)
            wait = min(2 * wait, 0.2)

    async def _once_more(self, text: str, parameters: Mapping[str, Any]) -> Any:
        """The one row of a statement; again where a connection of old turns out to be cut."""
        try:
            return await self._row(text, parameters)
        except LOST:
            self._lost = time.monotonic()
            return await self._row(text, parameters)

    async def _row(self, text: str, parameters: Mapping[str, Any]) -> Any:
        async with self._driver.session(database=self.access.database, default_access_mode="READ") as session:
            result = await session.run(timed(text), dict(parameters))
            row = await result.single()
        if row is None:
            raise Incompatible("the graph is no longer in the database; open the store again")
        return row.values()

    async def _plan(self, text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        async with self._driver.session(database=self.access.database, default_access_mode="READ") as session:
            result = await session.run(timed(f"EXPLAIN {text}"), dict(parameters))
            plan = (await result.consume()).plan
        assert plan is not None, "what is explained has a plan"
        return plan

    async def _settle(self) -> None:
        """Set a clock right that a crash left odd: where nobody holds the writer's lock, nobody is writing."""
        with suppress(errors.DriverError, errors.Neo4jError):
            async with self._driver.session(database=self.access.database) as session:
                result = await session.run(timed(SETTLE))
                await result.consume()

    async def is_there(self) -> bool:
        """Whether the database answers at all."""
        return await self._pulse.result()

    async def _has_pulse(self) -> bool:
        try:
            async with asyncio.timeout(PULSE):
                await self._pulse_driver.verify_connectivity()
        except (TimeoutError, OSError, errors.DriverError, errors.Neo4jError):
            self._lost = time.monotonic()
            return False
        return True

    def _drivers(self) -> tuple[AsyncDriver, AsyncDriver]:
        def made(**settings: Any) -> AsyncDriver:
            return AsyncGraphDatabase.driver(self.access.url, auth=self.access.auth, **{**SETTINGS, **settings})

        return made(), made(max_connection_pool_size=1)

    async def close(self) -> None:
        await end([*self._pulse.under_way, *self._repair.under_way, *self._look.under_way])
        with suppress(OSError, errors.DriverError):
            await self._driver.close()
            await self._pulse_driver.close()


class Aside:
    """A reader in an event loop of its own, for who has none, or one that does not last."""

    def __init__(self, access: Access) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="neo4j-reader", daemon=True)
        self._thread.start()
        self.reader = Reader(access)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self.submit(self.reader.close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


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


def timed(text: str) -> Query:
    """A statement that may take as long as an answer's."""
    return Query(as_literal(text), timeout=STATEMENT)


def as_literal(text: str) -> LiteralString:
    """A statement, of which the driver wants to know that no user wrote it."""
    return text


# Errors


class Translated:
    """A block in which the driver's errors become ours, and values that it cannot send are refused."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeEncodeError | OverflowError):
            raise BadInput(f"a value cannot be looked up: {error}") from error
        if isinstance(error, errors.DriverError | errors.Neo4jError | ConnectionError):
            raise ours(error, self.access) from error


def unavailable(access: Access, why: str, cause: str = "") -> Unavailable:
    """That the database is of no use for now: who runs it is told which one, and what the driver says."""
    return Unavailable(f"the database at {access.url} {why}{cause and f': {cause}'}", f"the database {why}")


def failed(cause: str) -> StoreError:
    """That the database could not do something: of which cause is for who runs it."""
    return StoreError(f"the database could not do it ({cause})", "the database could not do it")


def reason(error: BaseException) -> str:
    """What an error of the driver comes of, in one line."""
    while error.__cause__:
        error = error.__cause__
    said = isinstance(error, OSError) and error.strerror
    return (said or str(error)).partition("\n")[0]


def ours(error: Exception, access: Access) -> StoreError:
    """An error of the driver as one of ours, which names no statement, and a host to nobody elsewhere."""
    match error:
        case errors.AuthError() | errors.AuthConfigurationError() if not access.password:
            return unavailable(access, f"asks for a password and none is given: set {SECRET}")
        case errors.AuthError() | errors.AuthConfigurationError():
            return unavailable(access, f"refused the user or password: set CIVIC_GRAPH_NEO4J_USER, and {SECRET}")
        case errors.Forbidden():
            return StoreError("the database does not let this user do that")
        case errors.Neo4jError():
            return _of_code(error.code or "", error, access)
        case errors.ServiceUnavailable() | errors.SessionExpired() | errors.ConnectionPoolError() | ConnectionError():
            return unavailable(access, SILENT, reason(error))
        case _:
            return failed(type(error).__name__)


def _of_code(code: str, error: errors.Neo4jError, access: Access) -> StoreError:
    match code.rpartition(".")[2]:
        case "TransactionTimedOut" | "TransactionTimedOutClientConfiguration" | "LockAcquisitionTimeout":
            return Timeout(SLOW)
        case "LockClientStopped" | "DeadlockDetected" | "Outdated" | "ConstraintValidationFailed":
            return Conflict("another process changed the graph at the same time")
        case "MemoryPoolOutOfMemoryError" | "TransactionOutOfMemoryError":
            return StoreError("the database has too little memory for this")
        case "AuthenticationRateLimit":
            return unavailable(access, "was given wrong passwords and takes none for some seconds; try again then")
        case "DatabaseNotFound":
            return unavailable(
                access, "has no database of that name: set CIVIC_GRAPH_NEO4J_DATABASE to the name of one, or not at all"
            )
        case "DatabaseUnavailable" | "NotALeader" | "UnableToRoute":
            return unavailable(access, "is not available")
        case _ if isinstance(error, errors.TransientError):
            return unavailable(access, "could not do it for now", code)
        case _:
            return failed(code)
