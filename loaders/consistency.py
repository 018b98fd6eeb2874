"""What only the whole load shows: what is said twice, leads nowhere, runs in circles or does not add up.

Each check looks at hashes first, and for the words only where something is wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice

from graph.model import Kind, Property, Relation, Table, snake
from graph.statements import Key, Values, chunks
from graph.store import Store
from loaders.likely import is_placeholder
from loaders.report import Place, Report, quoted
from loaders.resolve import EMPTY, PLACEHOLDER
from loaders.rows import Desk
from loaders.spool import MAX_STATEMENTS, Spool, places

ASKED = 5_000  # ids at a time
HELD = 50_000  # org ids at a time: the store reads a whole table for them
CIRCLES = 100  # of a relation, that are named
LINKS = 10  # of a circle, that are named
PART = 1_000_000  # hashes in memory
DANGLING = "is neither in these tables nor in the graph; the relation is kept, and hidden until it is"
TOLERANCE = 0.02  # shares are rounded: six times 0.17 is 1.02


@dataclass(frozen=True, slots=True)
class Rest:
    """What the graph has besides a load: without what the sources that it replaces said before."""

    store: Store | None
    replaced: tuple[str, ...] = ()

    @classmethod
    def of(cls, store: Store | None, sources: Collection[str], origin: str) -> Rest:
        known = store.loads().items() if store else ()
        return cls(store, tuple(s for s, load in known if s in sources or load.origin == origin))

    def missing(self, ids: Collection[str]) -> set[str]:
        return self.store.missing(sorted(ids), without=self.replaced) if self.store else set(ids)

    def holders(self, kind: Kind, of: Property, values: Collection[str]) -> dict[str, set[str]]:
        """The ids of the nodes that have these values, by value."""
        found = self.store.holders(kind, of, sorted(values)) if self.store else {}
        gone = self.missing({node_id for ids in found.values() for node_id in ids})
        return {value: ids - gone for value, ids in found.items()}


def check(desk: Desk, rest: Rest) -> None:
    """Report what is wrong between the statements of a load, and between them and the rest of the graph."""
    spool, report = desk.spool, desk.report
    for table in spool.model.tables:
        repeated(spool, table, report)
    for kind in spool.model.kinds:
        contested(spool, kind, report)
        held(spool, kind, rest, report)
    for relation in spool.model.relations:
        circular(spool, relation, report)
        unkeyed(spool, relation, report)
        shared(spool, relation, report)
    dangling(desk, rest)


def repeated(spool: Spool, table: Table, report: Report) -> None:
    """Errors: nodes and relations that one source says twice. Warnings: relations of which it says the same."""
    twice = twice_among(spool.keys[table.table])
    first: dict[int, tuple[Values, Place]] = {}
    again: list[tuple[int, str]] = []
    for number, (source, key, values, place) in enumerate(_said(spool, table) if twice else ()):
        if (said := hash((source, key))) in twice:
            before, there = first.setdefault(said, (values, place))
            if there is not place:
                same = isinstance(table, Relation) and values == before
                _report_repeated(report, table, key, place, there, same)
                again += [(number, source)] * same
    for number, source in again:
        spool.drop(table, number, source)


def _report_repeated(report: Report, table: Table, key: Key, place: Place, there: Place, same: bool) -> None:
    if isinstance(table, Kind):
        report.error(place, f"{key[0]} is given already in {there}", "one row for an id", key[0])
    elif same:
        report.warn(place, f"{_spoken(table, key)} is said already in {there}; it counts once", "", key[0])
    else:
        expected = "a relation once, in a column or in its own file"
        report.error(place, f"{_spoken(table, key)} is said already, and differently, in {there}", expected, key[0])


def twice_among(hashes: Sequence[int]) -> set[int]:
    """The hashes that are there more than once, looked for a part at a time to spare memory."""
    twice: set[int] = set()
    parts = 1 + len(hashes) // PART
    for part in range(parts):
        mine = hashes if parts == 1 else [number for number in hashes if number % parts == part]
        seen = set(mine)
        if len(seen) < len(mine):
            twice.update(number for number, times in Counter(mine).items() if times > 1)
    return twice


def _spoken(relation: Relation, key: Key) -> str:
    """`partner:a takes part in project:b, role lead`."""
    values = json.loads(key[2]) if relation.keys else ()
    said = zip(relation.keys, values, strict=True)
    told = [f", {snake(name).replace('_', ' ')} {value}" for name, value in said if value is not None]
    return f"{key[0]} {snake(relation.name).replace('_', ' ')} {key[1]}{''.join(told)}"


def _said(spool: Spool, table: Table) -> Iterator[tuple[str, Key, Values, Place]]:
    for frame in spool.frames(table):
        yield from places(frame)


def contested(spool: Spool, kind: Kind, report: Report) -> None:
    """Errors: unique values of several nodes. Warnings: org ids of several, which may be one."""
    for at, of in enumerate(kind.values):
        if of.identifies:
            several = _several(spool, kind, at)
            first: dict[int, tuple[str, Place]] = {}
            for value, node_id, place in _claimed(spool, kind, at) if several else ():
                if hash(value) in several:
                    before = first.setdefault(hash(value), (node_id, place))
                    if before[0] != node_id:
                        _report_contest(report, of, value, node_id, place, before)


def _several(spool: Spool, kind: Kind, at: int) -> set[int]:
    """Hashes of the values that several nodes have."""
    pairs: set[int] = set()
    seen: set[int] = set()
    several: set[int] = set()
    for value, node_id, _ in _claimed(spool, kind, at):
        if (pair := hash((value, node_id))) not in pairs and len(pairs) < MAX_STATEMENTS:
            pairs.add(pair)
            (several if hash(value) in seen else seen).add(hash(value))
    return several


def _claimed(spool: Spool, kind: Kind, at: int) -> Iterator[tuple[str, str, Place]]:
    for _, key, values, place in _said(spool, kind):
        said = values[at]
        for value in said if isinstance(said, tuple) else (said,):
            if value is not None:
                yield value, key[0], place


def _report_contest(
    report: Report, of: Property, value: str, node_id: str, place: Place, before: tuple[str, Place]
) -> None:
    first, there = before
    place = Place(place.file, place.row, snake(of.name))
    message = f"{quoted(value)} belongs to {first} too, in {there}"
    if of.unique:
        report.error(place, message, "a value of its own", value)
    else:
        report.warn(place, message, _aliased(node_id, first), value)


def _aliased(node_id: str, other: str) -> str:
    return f"if they are one, in aliases.csv the line {node_id},{other}"


def held(spool: Spool, kind: Kind, rest: Rest, report: Report) -> None:
    """Errors: unique values that another node of the graph has. Warnings: its org ids, by which it may be the same."""
    for at, of in enumerate(kind.values if rest.store else ()):
        if of.identifies:
            _report_held(spool, kind, at, of, rest, report)


def _report_held(spool: Spool, kind: Kind, at: int, of: Property, rest: Rest, report: Report) -> None:
    found = list(_held(spool, kind, at, of, rest))
    values = {value for value, *_ in found}
    claimed = {(value, node_id) for value, node_id, _ in _claimed(spool, kind, at) if value in values} if found else ()
    told = set(spool.nodes[kind.name]) if found else set()  # what is said of them here may take the value from them
    for value, node_id, other, (file, row, _) in found:
        if (value, other) not in claimed:
            message, place = f"{quoted(value)} belongs to {other} too, in the graph", Place(file, row, snake(of.name))
            if of.unique and hash(other) not in told:
                report.error(place, message, f"a value of its own; {_aliased(node_id, other)}", value)
            else:
                report.warn(place, message, _aliased(node_id, other), value)


def _held(spool: Spool, kind: Kind, at: int, of: Property, rest: Rest) -> Iterator[tuple[str, str, str, Place]]:
    """The values of the load that other nodes have: value, node, other node and place."""
    for chunk in chunks(_claimed(spool, kind, at), HELD):
        holders = rest.holders(kind, of, {value for value, _, _ in chunk})
        for value, node_id, place in chunk:
            for other in sorted(holders.get(value, set()) - {node_id}):
                yield value, node_id, other, place


def circular(spool: Spool, relation: Relation, report: Report) -> None:
    """Errors: chains within one kind, as from part to whole, that come back to where they began."""
    if relation.source != relation.target or relation.symmetric or relation.forward.many:
        return
    parents: dict[int, tuple[int, ...]] = {}
    for key, _ in _lasting(spool, relation):
        start, end = hash(key[0]), hash(key[1])
        parents[start] = (*parents.get(start, ()), end)
    found = list(islice(circles(parents), CIRCLES))
    ends = {node for circle in found for node in circle}
    named = {hash(key[0]): (key[0], place) for key, place in _lasting(spool, relation) if hash(key[0]) in ends}
    for circle in found:
        names = [named[node][0] for node in circle]
        links = names if len(names) <= LINKS else [*names[:LINKS], "…"]
        path = " → ".join((*links, names[0]))
        report.error(named[circle[0]][1], f"{relation.name} runs in a circle: {path}", "a chain with an end", names[0])


def _lasting(spool: Spool, relation: Relation) -> Iterator[tuple[Key, Place]]:
    """The relations that no date ends: what was part of another once may be the whole of it now."""
    for _, key, values, place in _said(spool, relation):
        if not relation.dated or values[-1] is None:
            yield key, place


def circles(parents: dict[int, tuple[int, ...]]) -> Iterator[list[int]]:
    """The ways through a graph that come back to where they began, at least one of each knot."""
    done: set[int] = set()
    for start in parents:
        trail = {} if start in done else {start: iter(parents[start])}
        while trail:
            last = next(reversed(trail))
            step = next(trail[last], None)
            if step is None:
                done.add(last)
                del trail[last]
            elif step in trail:
                yield list(dropwhile(lambda node, to=step: node != to, trail))  # type: ignore[misc]
            elif step not in done:
                trail[step] = iter(parents.get(step, ()))


def unkeyed(spool: Spool, relation: Relation, report: Report) -> None:
    """Warnings: relations that a column states, and a row of their own table with a key, such as a role."""
    if not relation.keys or relation.table not in spool.in_columns:
        return
    without = {hash((source, key[:2])) for source, key, _, place in _said(spool, relation) if place.column}
    both: dict[int, tuple[Key, Place]] = {}
    for source, key, _, place in _said(spool, relation):
        if place.column is None and (said := hash((source, key[:2]))) in without:
            both[said] = key, place
    for source, key, _, place in _said(spool, relation) if both else ():
        if place.column and (said := hash((source, key[:2]))) in both:
            other, there = both[said]
            if other != key:
                message = f"{_spoken(relation, other)} is given in {there}, and here without that: they count as two"
                report.warn(place, message, "the relation in one place", key[0])


def shared(spool: Spool, relation: Relation, report: Report) -> None:
    """Warnings: items whose shares, where any is given, don't sum to 1."""
    names = [p.name for p in relation.values]
    if "share" not in names:
        return
    sums: dict[int, float] = {}
    for item, share, _ in _shares(spool, relation, names.index("share")):
        sums[hash(item)] = sums.get(hash(item), 0) + share
    odd = {item: total for item, total in sums.items() if abs(total - 1) > TOLERANCE}
    for item, _, (file, row, _) in _shares(spool, relation, names.index("share")) if odd else ():
        if (total := odd.pop(hash(item), None)) is not None:
            report.warn(Place(file, row, "share"), f"the shares of {item[1]} sum to {total:.4g}", "1", item[1])


def _shares(spool: Spool, relation: Relation, at: int) -> Iterator[tuple[tuple[str, str], float, Place]]:
    """The shares given, with the source that gives them and the node they are of."""
    for source, key, values, place in _said(spool, relation):
        if values[at] is not None:
            yield (source, key[0]), values[at], place


def dangling(desk: Desk, rest: Rest) -> None:
    """Warnings: relations with an end that neither the load nor the rest of the graph has."""
    spool = desk.spool
    open_ended = {kind.name for kind in spool.model.kinds if _leads_out(spool, kind, rest)}
    for relation in spool.model.relations:
        if {relation.source, relation.target} & open_ended:
            for chunk in chunks(_leading(spool, relation, open_ended), ASKED):
                missing = rest.missing({node_id for node_id, _ in chunk})
                for node_id, place in chunk:
                    if node_id in missing:
                        _report_dangling(desk, node_id, place)


def _report_dangling(desk: Desk, node_id: str, place: Place) -> None:
    key = node_id.partition(":")[2]
    if is_placeholder(key):
        expected = "an id" if place.column in ("from", "to") else EMPTY
        desk.report.warn(place, f"{quoted(key)} {PLACEHOLDER}", expected, key)
    else:
        kind = desk.model.kind_of(node_id)
        likely = desk.ids.names.key(kind, key) if kind else ""
        desk.report.warn(place, f"{node_id} {DANGLING}", "", node_id, likely=likely)


def _leads_out(spool: Spool, kind: Kind, rest: Rest) -> bool:
    """Whether relations lead to ids of the kind that its table lacks. Spelled ones were found in the graph, and can
    only be missing where the load replaces what said so."""
    if kind.spelled and not rest.replaced:
        return False
    return not set(spool.nodes[kind.name]).issuperset(spool.ends[kind.name])


def _leading(spool: Spool, relation: Relation, open_ended: set[str]) -> Iterator[tuple[str, Place]]:
    """The ends of a relation that the load has no node for, and where they stand."""
    ends = [
        (at, name, set(spool.nodes[kind]))
        for at, name, kind in ((0, "from", relation.source), (1, "to", relation.target))
        if kind in open_ended
    ]
    for _, key, _, (file, row, column) in _said(spool, relation):
        for at, name, known in ends:
            if hash(key[at]) not in known:
                yield key[at], Place(file, row, column or name)
