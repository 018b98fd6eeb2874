"""Which rows: how they are found, from the rows before them or from where few are, and the conditions on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from graph import plan as p
from graph.model import Hop, Kind
from graph.stores.cypher_comparisons import Alike, Comparisons, together
from graph.stores.cypher_search import matched
from graph.stores.cypher_terms import (
    FALSE,
    Lines,
    Names,
    Row,
    always,
    call,
    indexed,
    joined,
    never,
    pattern,
    quoted,
    where,
    without,
)
from graph.stores.estimate import Facts, link_count, rare, share

FAR = 4  # steps that a page may be found backwards from: planning tries orders of them all


class Matches:
    """The clauses of one statement that match rows."""

    def __init__(self, kinds: Mapping[str, Kind], facts: Facts, wide: bool, name: Names) -> None:
        self.kinds = kinds
        self.facts = facts
        self.name = name
        self.comparisons = Comparisons(wide)

    def row(self, page: p.Page) -> Row:
        return Row(self.name("n"), page.kind, self.name("e") if page.hop else "", page.order)

    def rows(self, page: p.Page, outer: Row | None, row: Row, extra: Lines, *, full: bool) -> Lines:
        """Lines that find the rows of a page; `full` where every such row is visited, not just a page of them."""
        if page.search:
            return [*matched(page.search, row.node, self.name("f")), *where(extra)]
        if page.hop and outer:
            conditions = self.conditions(page.where, row)
            return [f"MATCH {pattern(page.hop, outer.node, row)}", *where([*conditions, *extra])]
        anchor, rest = self.anchor(page, full)
        node = f"({row.node}:{quoted(page.kind.table)})"
        conditions = [*self.conditions(rest, row), *extra]
        if anchor:
            lines = self.backwards(anchor, row, node)
            return [*lines, f"WITH DISTINCT {row.node}", *where(conditions)]
        if not full and indexed(page.order):
            conditions.insert(0, f"{row.column(page.order[0].property, False)} IS NOT NULL")
        return [f"MATCH {node}", *where(conditions)]

    def seeks(self, page: p.Page, row: Row) -> Lines:
        after = [self.comparisons.later(page.order, page.after.keys, row, FALSE)] if page.after else []
        before = [self.comparisons.earlier(page.order, page.before.keys, row, FALSE)] if page.before else []
        return [*after, *before]

    def finds_all(self, page: p.Page) -> bool:
        """Whether all rows that a total counts are found for a page in any case, so that once is enough."""
        if page.hop or page.search or page.after or page.before:
            return False
        return not indexed(page.order) or self.anchor(page, full=False)[0] is not None

    def targets(self, hop: Hop, among: p.Predicate, row: Row, target: Row) -> Lines:
        """What a step from a row leads to, each once; null where it leads nowhere."""
        step = [f"OPTIONAL MATCH {pattern(hop, row.node, target)}", *where(self.conditions(among, target))]
        if not hop.many and not self.facts.is_single(hop):
            return call([row.node], [*step, f"RETURN {target.node}{self.preferred(hop, target)} LIMIT 1"])
        if hop.relation.keys:
            return call([row.node], [*step, f"RETURN DISTINCT {target.node}"])
        return step

    # Anchors: a page that is found from the far end of a relation few rows have

    def anchor(self, page: p.Page, full: bool) -> tuple[p.Has | None, p.Predicate]:
        """The rarest relation that rows of the page must have, where it pays to begin there, and the other
        conditions."""
        counts = self.facts.counts
        limit = None if full or not indexed(page.order) else page.limit
        scan = counts.get(page.kind.table, 0)
        parts = page.where.parts if isinstance(page.where, p.AllOf) else (page.where,)
        steps = [part for part in parts if isinstance(part, p.Has) and rare(part.hop, part.where, counts, scan, limit)]
        if not steps:
            return None, page.where
        found = self.rarest(steps)
        return found, without(found, parts)

    def rarest(self, steps: Sequence[p.Has]) -> p.Has:
        counts = self.facts.counts
        return min(steps, key=lambda has: link_count(has.hop, counts) * share(has.where, has.hop.target, counts))

    def backwards(self, has: p.Has, row: Row, node: str, far: int = FAR) -> Lines:
        """Steps from the rows to what they must lead to, each in a `MATCH` of its own: Neo4j may begin at the end."""
        target = Row(self.name("n"), self.kinds[has.hop.target], self.name("e"))
        parts = has.where.parts if isinstance(has.where, p.AllOf) else (has.where,)
        steps = [part for part in parts if isinstance(part, p.Has)] if far > 1 else []
        further = self.rarest(steps) if steps else None
        conditions = [*self.conditions(has.among, target), *self.conditions(without(further, parts), target)]
        if not has.hop.many and not self.facts.is_single(has.hop):
            conditions.append(self.chosen(has, row, target))
        lines = [f"MATCH {pattern(has.hop, node, target)}", *where(conditions)]
        return lines + (self.backwards(further, target, f"({target.node})", far - 1) if further else [])

    def chosen(self, has: p.Has, row: Row, target: Row) -> str:
        """That no other relation comes before this one for a step to one node."""
        other = Row(self.name("n"), target.kind, self.name("o"))
        o, e, before = other.edge, target.edge, f"{other.node}.id < {target.node}.id"
        if has.hop.relation.dated:
            same = f"({o}.since = {e}.since OR ({o}.since IS NULL AND {e}.since IS NULL))"
            later = f"{o}.since > {e}.since OR ({o}.since IS NOT NULL AND {e}.since IS NULL)"
            before = f"({later} OR ({same} AND {before}))"
        conditions = [f"{o} <> {e}", *self.conditions(has.among, other), before]
        return f"NOT EXISTS {{ {' '.join([f'MATCH {pattern(has.hop, row.node, other)}', *where(conditions)])} }}"

    def preferred(self, hop: Hop, row: Row) -> str:
        """The order in which the relations of a step to one node are followed, where there can be several."""
        if self.facts.is_single(hop):
            return ""
        since = f"{row.edge}.since IS NULL, {row.edge}.since DESC, " if hop.relation.dated else ""
        return f" ORDER BY {since}{row.node}.id"

    # Predicates

    def conditions(self, predicate: p.Predicate, row: Row) -> Lines:
        parts = predicate.parts if isinstance(predicate, p.AllOf) else (predicate,)
        return [self.predicate(part, row) for part in together("all", parts)]

    def predicate(self, predicate: p.Predicate | Alike, row: Row) -> str:
        """A predicate as Cypher; where it is not true it may be false or null."""
        match predicate:
            case p.Cmp():
                return self.comparisons.compared(predicate, row)
            case Alike():
                return self.comparisons.alike(predicate, row, self.name("v"))
            case p.Missing(prop, on_edge):
                return f"{row.column(prop, on_edge)} IS NULL"
            case p.AllOf():
                return joined("AND", self.conditions(predicate, row)) or always(row)
            case p.AnyOf(parts):
                return joined("OR", [self.predicate(part, row) for part in together("any", parts)]) or never(row)
            case p.Not(part):
                return self.negated(part, row)
            case p.Has():
                return self.has(predicate, row)
            case _:
                assert_never(predicate)

    def negated(self, predicate: p.Predicate | Alike, row: Row) -> str:
        """That a predicate is not true. Each comparison is negated for itself: planning takes four times as long for
        every `EXISTS` that stands in a function within another."""
        match predicate:
            case p.Cmp() | Alike():
                return f"NOT coalesce({self.predicate(predicate, row)}, false)"
            case p.Missing(prop, on_edge):
                return f"{row.column(prop, on_edge)} IS NOT NULL"
            case p.AllOf(parts):
                return joined("OR", [self.negated(part, row) for part in together("all", parts)]) or never(row)
            case p.AnyOf(parts):
                return joined("AND", [self.negated(part, row) for part in together("any", parts)]) or always(row)
            case p.Not(part):
                return self.predicate(part, row)
            case p.Has():
                return f"NOT {self.has(predicate, row)}"
            case _:
                assert_never(predicate)

    def has(self, has: p.Has, row: Row) -> str:
        hop, target = has.hop, Row(self.name("n"), self.kinds[has.hop.target], self.name("e"))
        conditions, among = self.conditions(has.where, target), self.conditions(has.among, target)
        match = f"MATCH {pattern(hop, row.node, target)}"
        if conditions and not hop.many and not self.facts.is_single(hop):
            first = f"WITH {', '.join(target.variables)}{self.preferred(hop, target)} LIMIT 1"
            return f"EXISTS {{ {' '.join([match, *where(among), first, *where(conditions)])} RETURN 1 }}"
        return f"EXISTS {{ {' '.join([match, *where([*among, *conditions])])} }}"
