"""The contract that every store keeps: answer plans, and take changes in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from graph.model import DataClass, Kind, Model, Property, Table
from graph.plan import Plan
from graph.roles import Role
from graph.statements import HASH_BITS, Key, Load, Record, digest


class Change(NamedTuple):
    """A record before and after; `()` where it is not there."""

    key: Key
    before: Record
    after: Record


@dataclass(frozen=True, slots=True)
class Head:
    """What a graph says of itself: its version, one more for each effective change, its content hash, a number
    below 2**128, when it last changed (ISO 8601, UTC; empty where nothing was ever loaded), and the sources of which
    a load has begun and not ended, where a store keeps a load in parts."""

    version: int = 0
    content_hash: int = 0
    loaded_at: str = ""
    loading: tuple[str, ...] = ()

    @property
    def hash_text(self) -> str:
        """The content hash in hexadecimal, 32 digits."""
        return f"{self.content_hash:032x}"


@dataclass(slots=True)
class Compiled:
    """A plan in a store's own language, the state of the graph whose facts it was compiled with, and the data that its
    caller must see."""

    plan: Plan
    text: str
    state: int
    needed: frozenset[DataClass]


class Found(NamedTuple):
    """The answer to a plan: the JSON text of its object, the state of the graph that it is of, and the sources that
    are being loaded into it part by part.

    A state is another after every commit, also after one that leaves the version as it is, and none that was before.
    """

    data: bytes
    state: int
    loading: tuple[str, ...] = ()


class Explained(NamedTuple):
    """The statement that the database is given for a plan, and how it goes about it, in its own words, a step a
    line."""

    statement: str
    steps: tuple[str, ...]


class Snapshot(Protocol):
    """One version of a whole graph, which no load changes while it is read."""

    @property
    def head(self) -> Head: ...

    @property
    def loads(self) -> dict[str, Load]:
        """The load records by source id."""
        ...

    def of(self, table: Table) -> Iterator[tuple[Key, Record]]:
        """All that is said of a table's rows, in any order, also of relations that wait for an end."""
        ...


class Writer(Protocol):
    """One writer, and the only one until it closes. What it put and did not commit is gone then."""

    def head(self) -> Head: ...

    def loads(self) -> dict[str, Load]:
        """The load records by source id."""
        ...

    def keys(self, table: Table, most: int) -> set[Key] | None:
        """The keys of all rows of a table that anything is said of, None where there are more than `most`."""
        ...

    def records(self, table: Table, keys: Sequence[Key]) -> dict[Key, Record]:
        """What is said of these keys, those with nothing said left out."""
        ...

    def keys_of(self, table: Table, source: str) -> Iterator[Key]:
        """The keys of a table that a source says something of."""
        ...

    def put(self, table: Table, changes: Sequence[Change]) -> None:
        """Write what is after the changes. A relation whose end is missing is kept, and shown once both are there."""
        ...

    def purge(self) -> None:
        """Leave nothing of what was taken out in places that no answer shows, as far as the store can."""
        ...

    def keep_part(self, head: Head, loads: Sequence[Load]) -> None:
        """Commit what was put so far as a part of a load, with these load records, if it is as much as the store can
        take at once; what is put next goes on from there."""
        ...

    def commit(self, head: Head, loads: Sequence[Load], gone: Sequence[str]) -> None:
        """Commit everything, with these load records added or replaced and those of the gone sources removed."""
        ...


class Reader(Protocol):
    """What answers plans."""

    @property
    def model(self) -> Model: ...

    def compile(self, plan: Plan) -> Compiled: ...

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        """The answer to a plan.

        Raises Forbidden where its caller, who asks in this role, may not see all that it reads, StoreError where the
        store cannot answer.
        """
        ...


class Store(Reader, Protocol):
    """A graph that is kept somewhere. `moves` counts how often it was seen that another had taken its place."""

    @property
    def moves(self) -> int: ...

    def head(self) -> Head: ...

    def loads(self) -> dict[str, Load]: ...

    def counts(self) -> dict[str, int]:
        """Rows a table, relations whose end is missing left out."""
        ...

    def hidden(self) -> dict[str, int]:
        """Relations a table that wait for an end, tables without any left out."""
        ...

    def spellings(self, kind: str) -> dict[str, list[str]]:
        """The name and aliases of every node of a kind, by id."""
        ...

    def missing(self, ids: Sequence[str], without: Sequence[str] = ()) -> set[str]:
        """Those of the ids that no node has, or only a node of which nobody but these sources speaks."""
        ...

    def holders(self, kind: Kind, prop: Property, values: Sequence[str]) -> dict[str, set[str]]:
        """The ids of the nodes that have these values in a text list, by value."""
        ...

    async def state(self) -> int:
        """The state that the graph is in, by a look that begins after it was asked for; see `Found`.

        Raises StoreError where the store cannot answer.
        """
        ...

    async def explain(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Explained:
        """How the database would go about a plan with these parameters, without doing it. None of them is in it.

        Raises what `run` does.
        """
        ...

    def at_hand(self) -> AbstractAsyncContextManager[None]:
        """A block in which the event loop that runs it has nearly all the questions: what answers them is kept open in
        that loop, where that is the shorter way."""
        ...

    def write(self) -> AbstractContextManager[Writer]:
        """Begin to write.

        Raises Conflict where another process keeps writing for longer than the store waits.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The graph as it is now, to be read as long as the block lasts."""
        ...

    def verify(self) -> bool:
        """Whether the records are those that the content hash was made of."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Copying(Protocol):
    """A store that is copied as a file. Of other stores a dump is the backup."""

    def copy(self, path: Path, progress: Callable[[int], None]) -> Head:
        """Copy one version of the graph to a file, while others read and write; `progress` takes the pages so far.

        Raises Incompatible where the copy's records are not those of its content hash.
        """
        ...


def is_true(snapshot: Snapshot, model: Model) -> bool:
    """Whether the records of a snapshot are those that its content hash was made of."""
    digests = (digest(table, *said) for table in model.tables for said in snapshot.of(table))
    return bool(sum(digests) % 2**HASH_BITS == snapshot.head.content_hash)
