"""Loading and withdrawing: statements become changes, and changes a new version of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from graph.errors import LoadError
from graph.model import Model, Relation, Table
from graph.statements import (
    BATCH,
    HASH_BITS,
    Key,
    Load,
    Record,
    Statement,
    Statements,
    chunks,
    digest,
    merged,
    precedence,
)
from graph.statements import restate as restated
from graph.statements import without as remaining
from graph.store import Change, Head, Snapshot, Store, Writer

FEW = 5_000  # keys of a table, up to which all are read at once and none is looked up
NODES = 500  # to be withdrawn at once, with all their relations


@dataclass(slots=True)
class Counts:
    """Records that a load added, altered and withdrew."""

    added: int = 0
    altered: int = 0
    withdrawn: int = 0

    def count(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if not change.before:
                self.added += 1
            elif change.after:
                self.altered += 1
            else:
                self.withdrawn += 1

    @property
    def total(self) -> int:
        return self.added + self.altered + self.withdrawn


@dataclass(slots=True)
class Difference:
    """What a load changed, or would change, a table; `head` is the graph's state after it.

    `overruled` counts the records of which something that the load says is not shown, since another source's
    word counts more, `left_out` those about somebody who was erased.
    """

    head: Head
    tables: dict[str, Counts] = field(default_factory=dict)
    overruled: int = 0
    left_out: int = 0

    def count(self, table: Table, changes: list[Change], speaking: set[str]) -> None:
        """Count changes to a table that sources which speak have made."""
        self.tables.setdefault(table.table, Counts()).count(changes)
        self.overruled += sum(_is_overruled(table, change.after, speaking) for change in changes)

    @property
    def total(self) -> int:
        return sum(counts.total for counts in self.tables.values())


OnChanges = Callable[[Table, list[Change]], None]


class Erased(Protocol):
    """Of whom nothing may be said any more. False where that is nobody."""

    def __bool__(self) -> bool: ...

    def is_about(self, ids: Sequence[str]) -> bool: ...


def load(
    store: Store,
    statements: Statements,
    *,
    dry_run: bool = False,
    move: bool = False,
    on_changes: OnChanges | None = None,
    erased: Erased | None = None,
) -> Difference:
    """Replace what these sources said by what they say now: in one transaction, or in parts where a store cannot
    take so much at once. A load that was cut off between two parts goes on when it is run again.

    Sources that came from the same place before and are not among them any more are withdrawn.
    `on_changes` is called with every batch of changes as it is written. Who was `erased` is asked for once nobody else
    can write, so that nobody comes back who is erased while a load is being read. Where a snapshot is
    told and no other source is left, the graph becomes what the snapshot is of, its version included.

    Raises LoadError where a source was loaded from another place and may not `move`, or a snapshot is not as its
    content hash says, Conflict where another process is writing.
    """
    with store.write() as writer:
        known = writer.loads()
        loads = {load.source: load for load in statements.loads}
        if not move:
            _stay(known, loads)
        origins = {load.origin for load in statements.loads}
        gone = [s for s, load in known.items() if load.origin in origins and s not in loads]
        done = [replace(load, loaded_at=load.loaded_at or _now()) for load in statements.loads]
        whole = statements.head if isinstance(statements, Told) and known.keys() <= loads.keys() | gone else None
        return _apply(store, writer, statements, done, gone, dry_run, on_changes, erased, whole)


def restore(store: Store, snapshot: Snapshot, *, erased: Erased | None = None) -> Difference:
    """Fill an empty graph with all that a snapshot holds, but for who was `erased`. One that was cut off between two
    parts goes on when it is run again.

    Raises LoadError where the graph is not empty, or the snapshot is not as its content hash says.
    """
    known, loading = store.loads().keys(), store.head().loading
    if known and not (loading and known <= snapshot.loads.keys()):
        raise LoadError(f"the graph has {len(known)} sources already; expected an empty one, nothing was changed")
    return load(store, Told(snapshot), erased=erased)


def withdraw(store: Store, source: str, *, dry_run: bool = False, on_changes: OnChanges | None = None) -> Difference:
    """Take back all that a source said, as `load` replaces it. What else came from the same place is noted as partial:
    loading that again brings the source back.

    Raises LoadError where nothing was loaded from it.
    """
    with store.write() as writer:
        known = writer.loads()
        if source not in known:
            raise LoadError(f"nothing was loaded from {source!r}; sources: {', '.join(known) or 'none yet'}")
        origin = known[source].origin
        partial = [replace(load, load_id="") for s, load in known.items() if load.origin == origin and s != source]
        return _apply(store, writer, _Nothing(), partial, [source], dry_run, on_changes)


def about(store: Store, node_id: str) -> Iterator[tuple[Table, Key, Record]]:
    """All that is said of a node, of what is its alone, and of their relations."""
    with store.snapshot() as snapshot:
        ids = with_own(store.model, node_id, lambda relation: (key for key, _ in snapshot.of(relation)))
        for table in _tables_about(store.model, ids):
            for key, record in snapshot.of(table):
                if not ids.isdisjoint(key[:2]):
                    yield table, key, record


def erase(store: Store, node_id: str, note: Callable[[set[str]], None] = lambda ids: None) -> tuple[Head, int]:
    """Take out all that is said of a node, of what is its alone, and of their relations: the state of the graph after
    it, and how many records there were. Who said it goes on to speak of others. The ids of what is to go are given to
    `note` first, when nobody else can write.

    Raises Conflict where another process is writing.
    """
    with store.write() as writer:
        ids = with_own(store.model, node_id, partial(_keys, writer))
        note(ids)
        head, erased = writer.head(), 0
        content = head.content_hash
        for table in _tables_about(store.model, ids):
            keys = {key for key in _keys(writer, table) if not ids.isdisjoint(key[:2])}
            gone = [Change(key, record, ()) for key, record in writer.records(table, sorted(keys)).items()]
            content, erased = content + _effect(table, gone), erased + len(gone)
            writer.put(table, gone)
        writer.purge()
        head = _next(head, content, head.loading) if erased else head
        writer.commit(head, [], [])
        return head, erased


def with_own(model: Model, node_id: str, keys_of: Callable[[Table], Iterable[Key]]) -> set[str]:
    """The node and what no other owns, by the `keys_of` relations."""
    kind, ids = model.kind_of(node_id), {node_id}
    for relation in model.relations:
        if kind and relation.owning and relation.source == kind.name:
            led_to = {key[1] for key in keys_of(relation) if key[0] == node_id}
            ids |= led_to.difference(key[1] for key in keys_of(relation) if key[0] != node_id)
    return ids


def _keys(writer: Writer, table: Table) -> Iterator[Key]:
    """The keys of all records, once for each source that speaks of them."""
    return (key for source in writer.loads() for key in writer.keys_of(table, source))


def _tables_about(model: Model, ids: set[str]) -> list[Table]:
    """The tables that can speak of nodes: relations of their kinds first, since they need them."""
    kinds = {kind.name: kind for kind in map(model.kind_of, sorted(ids)) if kind}
    relations = [r for r in model.relations if not kinds.keys().isdisjoint((r.source, r.target))]
    return [*relations, *kinds.values()]


def _stay(known: dict[str, Load], loads: dict[str, Load]) -> None:
    for source, load in loads.items():
        if source in known and known[source].origin != load.origin:
            raise LoadError(
                f"{source} was loaded from {known[source].origin}, not from {load.origin}: if the tables moved, say "
                "--moved, and what was loaded before is replaced; if it is another source, give it another name with "
                "--name, or in sources.csv"
            )


class Told:
    """What a snapshot holds, as its sources say it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.head, self._snapshot = snapshot.head, snapshot

    @property
    def loads(self) -> tuple[Load, ...]:
        return tuple(self._snapshot.loads.values())

    def of(self, table: Table) -> Iterator[Statement]:
        for key, record in self._snapshot.of(table):
            for claim in record:
                yield Statement(key, claim)


class _Nothing:
    """The statements of sources that say nothing any more."""

    loads: tuple[Load, ...] = ()

    def of(self, table: Table) -> Iterator[Statement]:
        return iter(())


def _apply(
    store: Store,
    writer: Writer,
    statements: Statements,
    loads: list[Load],
    gone: list[str],
    dry_run: bool,
    on_changes: OnChanges | None,
    erased: Erased | None = None,
    whole: Head | None = None,
) -> Difference:
    head, known = writer.head(), writer.loads()
    difference, content = Difference(head), head.content_hash
    places = precedence({**known, **{load.source: load for load in statements.loads}}.values())
    speaking = {load.source for load in statements.loads}
    concerned = speaking.union(gone)
    replaced = tuple(source for source in known if source in concerned)
    restating = Restating(writer, replaced, frozenset(gone), places, alone=len(speaking) == 1)
    under_way = tuple(sorted(concerned.union(head.loading)))
    partial = _partial([*known.values(), *loads], concerned)
    for table in store.model.tables:
        said = _without(erased, statements.of(table), difference) if erased else statements.of(table)
        for changes in restating.changes(table, said):
            content += _effect(table, changes)
            difference.count(table, changes, speaking)
            if not dry_run or len(concerned) > 1:  # what one source says of a record never meets itself
                writer.put(table, changes)
            if on_changes:
                on_changes(table, changes)
            if not dry_run:
                writer.keep_part(_next(head, content, under_way), partial)
    rest = tuple(source for source in head.loading if source not in concerned)
    difference.head = _next(head, content, rest) if difference.total else replace(head, loading=rest)
    if whole and not difference.left_out:
        difference.head = _become(difference.head, whole, changed=difference.total > 0)
    if not dry_run:
        writer.commit(difference.head, loads, gone)
    return difference


def _without(erased: Erased, statements: Iterator[Statement], difference: Difference) -> Iterator[Statement]:
    last: Key = ()
    for statement in statements:
        if not erased.is_about(statement.key[:2]):
            yield statement
        elif statement.key != last:  # what several sources say of one stands together
            last = statement.key
            difference.left_out += 1


def _next(head: Head, content: int, loading: tuple[str, ...]) -> Head:
    return Head(head.version + 1, content % 2**HASH_BITS, _now(), loading)


def _become(head: Head, whole: Head, *, changed: bool) -> Head:
    """The state of a graph that has become what a snapshot is of. Raises LoadError where it has not."""
    if head.content_hash != whole.content_hash:
        raise LoadError("the records are not those that the content hash was made of; nothing was changed")
    return replace(whole, version=max(head.version, whole.version)) if changed else head


def _partial(loads: list[Load], concerned: set[str]) -> list[Load]:
    """Load records of sources of which not all is said: loading any of them again is never nothing to do."""
    return [replace(load, load_id="", loaded_at=_now()) for load in loads if load.source in concerned]


def _is_overruled(table: Table, record: Record, speaking: set[str]) -> bool:
    if len(record) < 2:
        return False
    shown = merged(table, record)
    said = [claim.values for claim in record if claim.source in speaking]
    return any(
        value is not None and value != shown[place] and place not in table.lists
        for values in said
        for place, value in enumerate(values)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _effect(table: Table, changes: list[Change]) -> int:
    """What changes add to the content hash."""
    content = 0
    for key, before, after in changes:
        if after:
            content += digest(table, key, after)
        if before:
            content -= digest(table, key, before)
    return content


@dataclass(frozen=True, slots=True)
class Restating:
    """Sources say anew what they say: what changes by that, table by table. `replaced` are those that said something
    before, `gone` those that say nothing any more, and `places` tell whose word counts more. Where one speaks `alone`,
    no key comes twice."""

    writer: Writer
    replaced: tuple[str, ...]
    gone: frozenset[str]
    places: dict[str, int]
    alone: bool

    def changes(self, table: Table, statements: Iterator[Statement]) -> Iterator[list[Change]]:
        """The changes to one table, in batches, each to be written before the next is asked for."""
        known = self.writer.keys(table, FEW) if self.alone else None
        if known == set():
            for batch in chunks(statements, BATCH):
                yield [Change(key, (), (claim,)) for key, claim in batch]
            return
        said: dict[str, set[Key]] = {source: set() for source in self.replaced}
        for batch in chunks(statements, BATCH):
            for key, claim in batch:
                if claim.source in said:
                    said[claim.source].add(key)
            if changes := self._restated(table, batch, known):
                yield changes
        for source in self.replaced:
            silent = [key for key in self.writer.keys_of(table, source) if key not in said[source]]
            for keys in chunks(iter(silent), BATCH if isinstance(table, Relation) else NODES):
                yield self._withdrawn(table, keys, source)

    def _restated(self, table: Table, batch: list[Statement], known: set[Key] | None) -> list[Change]:
        """What statements change of a table, of whose keys all that anything is said of may be `known`."""
        keys = [key for key, _ in batch if known is None or key in known]
        before = self.writer.records(table, keys) if keys else {}
        after: dict[Key, Record] = {}
        for key, claim in batch:
            left = after.get(key) or tuple(c for c in before.get(key, ()) if c.source not in self.gone)
            after[key] = restated(left, claim, self.places)
        return [Change(key, before.get(key, ()), record) for key, record in after.items() if before.get(key) != record]

    def _withdrawn(self, table: Table, keys: list[Key], source: str) -> list[Change]:
        before = self.writer.records(table, keys)
        return [Change(key, record, remaining(record, source)) for key, record in before.items()]
