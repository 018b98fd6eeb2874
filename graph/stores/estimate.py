"""What a compiler may know of the data, and how many rows a predicate is likely to leave: enough to choose a way by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod

from graph import plan as p
from graph.model import Hop, Property, Type
from graph.plan import Op

Counts = Mapping[str, int]

RANGE, PART, MOST = 1 / 3, 1 / 5, 9 / 10
CAUTION = 8  # how many times cheaper trying must seem: where nothing is found, it tries every row
AGAIN = 30  # times that a step may be tried from one and the same node


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows a table, and relations of which every node has at most one."""

    counts: Counts = field(default_factory=dict)
    single: frozenset[tuple[str, bool]] = frozenset()

    def is_single(self, hop: Hop) -> bool:
        return (hop.relation.table, hop.forward) in self.single


def rare(hop: Hop, where: p.Predicate, counts: Counts, scan: int, limit: int | None) -> bool:
    """Whether it is cheaper to find what a step comes from than to try the step from each row; see `Tried`."""
    found = link_count(hop, counts) * share(where, hop.target, counts)
    if limit is None:
        return found < scan
    return found * found < CAUTION * limit * scan


@dataclass(frozen=True, slots=True)
class Tried:
    """How often a predicate is met.

    `scan`: rows that are tried to find those of a page, 0 where the rows are there and each is tried for its own sake.
    `limit`: rows that are enough, if not all that fulfil it are wanted.
    `times`: how often it is tried in all, at most.
    """

    scan: int
    limit: int | None
    times: float

    def beside(self, others: p.Predicate, kind: str, counts: Counts) -> Tried:
        """How it is met where other conditions on a row leave some."""
        return replace(self, times=self.times * share(others, kind, counts))

    def beyond(self, hop: Hop, counts: Counts) -> Tried:
        """How what lies behind a step is met, where the step is tried each time."""
        return Tried(0, None, self.times * fan(hop, counts))

    def finds_first(self, has: p.Has, counts: Counts) -> bool:
        """Whether what a step comes from is to be found beforehand: where it is rare, or where the step would be tried
        from the same nodes again and again. In conditions that lead back and forth that multiplies with each step."""
        repeated = self.times > AGAIN * max(1, counts.get(has.hop.origin, 1))
        return repeated or rare(has.hop, has.where, counts, self.scan, self.limit)


def fan(hop: Hop, counts: Counts) -> float:
    """How many relations a step follows from a node, on average."""
    return link_count(hop, counts) / max(1, counts.get(hop.origin, 1))


def link_count(hop: Hop, counts: Counts) -> int:
    return counts.get(hop.relation.table, 0) * (2 if hop.relation.symmetric else 1)


def share(where: p.Predicate, kind: str, counts: Counts) -> float:
    """The part of a kind's nodes for which a predicate is likely to be true, 0 to 1."""
    match where:
        case p.Cmp(op, prop, _, on_edge):
            return _compared(op, prop, 1 if on_edge else max(1, counts.get(kind, 1)))
        case p.Missing():
            return RANGE
        case p.AllOf(parts):
            return prod(share(part, kind, counts) for part in parts)
        case p.AnyOf(parts):
            return min(1.0, sum(share(part, kind, counts) for part in parts))
        case p.Not():
            return MOST
        case p.Has(hop, inner):
            found = link_count(hop, counts) * share(inner, hop.target, counts)
            return min(1.0, found / max(1, counts.get(kind, 1)))


def _compared(op: Op, prop: Property, rows: int) -> float:
    match op:
        case Op.EQ:
            return _equal(prop, rows)
        case Op.IN:
            return min(1.0, 5 * _equal(prop, rows))
        case Op.NE:
            return MOST
        case Op.GT | Op.GTE | Op.LT | Op.LTE:
            return RANGE
        case _:
            return PART


def _equal(prop: Property, rows: int) -> float:
    if prop.unique or prop.name == "name":
        return 1 / rows
    if prop.type is Type.ENUM:
        return 1 / len(prop.values)
    return 1 / 2 if prop.type is Type.BOOLEAN else 1 / 20
