"""Plans as Cypher for Neo4j: pure functions from a plan to one statement, and to what shapes its answer.

A statement returns lists by position, which the shape turns into the JSON of the answer: the order of keys in a
map of Cypher is not kept. Its form was chosen by measuring: scoped `CALL` subqueries, rows picked (and limited)
before anything is nested in them, keyset paging that an index serves, rare relations read from their far end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, assert_never

from graph import plan as p
from graph import sums
from graph.model import ID, Hop, Kind
from graph.search import FOUND
from graph.stores import cypher_walks
from graph.stores.cypher_comparisons import Comparisons, Side
from graph.stores.cypher_groups import Grouped, shared, shared_text
from graph.stores.cypher_provenance import Spoken
from graph.stores.cypher_search import matched
from graph.stores.cypher_terms import (
    FALSE,
    TRUE,
    Cells,
    Lines,
    Row,
    Shape,
    always,
    call,
    constant,
    cursor,
    each,
    either,
    entry_value,
    indexed,
    joined,
    never,
    obj,
    ordering,
    pattern,
    quoted,
    scope,
    shown,
    where,
    within,
    without,
)
from graph.stores.estimate import Facts, links, rare, share

FAR = 4  # steps that a page may be found backwards from: planning tries orders of them all


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text, what makes the answer of what it returns, and the parameters that text is
    compared with by order."""

    text: str
    shape: Shape
    ordered: frozenset[str]


@dataclass(slots=True)
class Picked:
    """The rows of a page, picked once for all that is asked of them; with `more`, one more than the page has."""

    name: str
    page: p.Page
    row: Row
    cells: Cells = field(default_factory=Cells)
    more: bool = False
    used: bool = False
    total: str = ""  # the name of how many rows there are, where it is found on the way
    place: Shape = itemgetter(0)  # of the rows, among the cells of what the page is nested in

    def each(self, shape: Shape) -> Shape:
        self.used = True
        return lambda row: [shape(picked) for picked in self.rows(row)]

    def at(self, place: int, shape: Shape) -> Shape:
        self.used = True

        def one(row: Any) -> Any:
            rows = self.rows(row)
            return shape(rows[place]) if rows else None

        return one

    def is_more(self) -> Shape:
        self.used = self.more = True
        return lambda row: len(self.place(row)) > self.page.limit

    def rows(self, row: Any) -> list[Any]:
        rows: list[Any] = self.place(row)
        if self.more:
            rows = rows[: self.page.limit]
        return rows[::-1] if self.page.reverse else rows


def compile_cypher(plan: p.Plan, kinds: Mapping[str, Kind], facts: Facts, *, wide: bool = False) -> Statement:
    """The one statement of a plan. Its parameters are the plan's, by name.

    It returns the state of the graph's clock as it began and as it ended, the graph's version, the sources that are
    being loaded, and the answer's cells. `wide` is for parameters of which one in `ordered` is wide text: these are
    given as `sortable`.
    """
    compiler = Compiler(kinds, facts, wide)
    cells = Cells()
    shape = compiler.graph_value(plan.value, cells)
    return Statement(whole(cells), shape, frozenset(compiler.comparisons.ordered))


def whole(cells: Cells) -> str:
    """A statement of these cells. `runtime` keeps the rows of a subquery in their order on every edition."""
    lines = [
        "CYPHER 5 runtime=slotted",
        "MATCH (g:`_CivicGraph` {key: 'graph'})",
        "WITH g, g.clock AS began",
        *cells.calls,
        *call([], ["MATCH (h:`_CivicGraph` {key: 'graph'})", "RETURN h.clock AS ended"]),
        f"RETURN began, ended, g.version AS version, g.loading AS loading, {cells.text} AS cells",
    ]
    return "\n".join(lines)


def listed(query: str, columns: tuple[str, ...]) -> str:
    """A statement whose one cell lists the rows that a query finds."""
    cells = Cells()
    cells.get("found")
    cells.calls += call([], [query, f"RETURN collect([{', '.join(columns)}]) AS found"])
    return whole(cells)


def which(cases: list[tuple[int, Kind]], node: str) -> str:
    """The place of the case that a node is of."""
    if len(cases) == 1:
        return str(cases[0][0])
    return f"CASE {' '.join(f'WHEN {node}:{quoted(kind.table)} THEN {place}' for place, kind in cases)} END"


def shape_of(shapes: list[Shape]) -> Shape:
    """The shape of what has its case's place before its cells."""
    return lambda row: shapes[row[0]](row[1])


class Compiler:
    """One compilation: hands out names."""

    def __init__(self, kinds: Mapping[str, Kind], facts: Facts, wide: bool) -> None:
        self.kinds = kinds
        self.facts = facts
        self.comparisons = Comparisons(wide)
        self.names = 0  # that were handed out

    def name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names - 1}"

    # Values of the graph as a whole

    def graph_value(self, value: p.Value, cells: Cells) -> Shape:
        match value:
            case p.Obj(fields):
                return obj(fields, lambda v: self.graph_value(v, cells))
            case p.Const(text):
                return constant(text)
            case p.Page():
                return self.page(value, None, cells)
            case p.Lookup():
                return self.lookup(value, cells)
            case p.Links():
                name = self.name("x")
                cells.calls += cypher_walks.found(value, self.kinds, name)
                return cells.get(name)
            case p.Computed():
                return self.computed(value, cells)
            case p.IfThere(param, inner):
                is_null, shape = cells.get(f"${param.name} IS NULL"), self.graph_value(inner, cells)
                return lambda row: None if is_null(row) else shape(row)
            case p.Flag(param) | p.Number(param):
                return cells.get(f"${param.name}")
            case p.Counts():
                return self.counts(value, cells)
            case p.Info(name):
                return cells.get(f"g.{quoted(name)}")
            case p.Entries():
                return self.entries(value, cells)
            case _:
                raise TypeError(f"{value} is no value of the graph")

    def entries(self, entries: p.Entries, cells: Cells) -> Shape:
        label, key = {"counts": ("_CivicCount", "name"), "sources": ("_CivicSource", "id")}[entries.name]
        found, name, inner = self.name("c"), self.name("x"), Cells()
        some = "" if entries.tables is None else f" AND {found}.`{key}` IN {list(entries.tables)}"
        shape = entry_value(entries.value, found, inner)
        cells.calls += call(
            [],
            [
                f"MATCH ({found}:`{label}`)",
                f"WHERE {found}.`{key}` IS NOT NULL{some}",
                f"WITH {found} ORDER BY {found}.`{key}`",
                f"RETURN collect({inner.text}) AS {name}",
            ],
        )
        return each(cells.get(name), shape)

    def computed(self, computed: p.Computed, cells: Cells) -> Shape:
        row, name, inner = Row(self.name("n"), FOUND), self.name("x"), Cells()
        shape = self.row_value(computed.value, row, inner)
        lines = cypher_walks.computed(computed.rows, computed.columns, row.node, self.name("r"))
        cells.calls += call([], [*lines, *inner.calls, f"RETURN collect({inner.text}) AS {name}"])
        return each(cells.get(name), shape)

    def lookup(self, lookup: p.Lookup, cells: Cells) -> Shape:
        param, name = f"${lookup.ids.name}", self.name("x")
        if not lookup.many:
            lines, shape = self.node_by_id(param, [], lookup.cases, name)
            cells.calls += lines
            return within(cells.get(name), shape)
        node_id, found = self.name("i"), self.name("x")
        lines, shape = self.node_by_id(node_id, [node_id], lookup.cases, found)
        ids = f"UNWIND {param}[..{p.MAX_PAGE}] AS {node_id}"
        cells.calls += call([], [ids, *lines, f"RETURN collect([{found}]) AS {name}"])
        return each(cells.get(name), within(itemgetter(0), shape))

    def node_by_id(
        self, node_id: str, scope: list[str], cases: tuple[tuple[Kind, p.Value], ...], name: str
    ) -> tuple[Lines, Shape]:
        """A subquery that gives the node with an id a name, null where there is none of these kinds. Cases that read
        alike are one branch of it: a branch a kind takes long to plan."""
        if not cases:
            return call(scope, [f"RETURN null AS {name}"]), constant(None)
        found, shapes = self.name("x"), []
        alike: dict[tuple[str, ...], list[tuple[int, Kind]]] = {}
        first = last = self.names
        for place, (kind, value) in enumerate(cases):
            self.names = first
            row, cells = Row(self.name("n"), kind), Cells()
            shapes.append(self.row_value(value, row, cells))
            alike.setdefault((cells.text, *cells.calls), []).append((place, kind))
            last = max(last, self.names)
        self.names = last
        if len(cases) == 1:
            lines = [f"MATCH ({row.node}:{quoted(kind.table)} {{id: {node_id}}})", *cells.calls]
            return call(scope, [*lines, f"RETURN head(collect([0, {cells.text}])) AS {name}"]), shape_of(shapes)
        branches = Lines()
        for (text, *calls), some in alike.items():
            labels = "|".join(quoted(kind.table) for _, kind in some)
            branches += ["UNION ALL"] if branches else []
            branches += [f"MATCH ({row.node}:{labels} {{id: {node_id}}})", *calls]
            branches.append(f"RETURN [{which(some, row.node)}, {text}] AS {found}")
        return call(scope, [*call(scope, branches), f"RETURN head(collect({found})) AS {name}"]), shape_of(shapes)

    # Values of a row

    def row_value(self, value: p.Value, row: Row, cells: Cells) -> Shape:
        match value:
            case p.Obj(fields):
                return obj(fields, lambda v: self.row_value(v, row, cells))
            case p.Const(text):
                return constant(text)
            case p.Get(prop, on_edge):
                return shown(prop, cells.get(row.column(prop, on_edge)))
            case p.Cursor():
                return cursor(row, cells)
            case p.ByKind(cases):
                return self.by_kind(cases, row, cells)
            case p.One():
                return self.one(value, row, cells)
            case p.Provenance():
                return self.provenance(value, row, cells)
            case p.Page():
                return self.page(value, row, cells)
            case _:
                raise TypeError(f"{value} is no value of a row")

    def by_kind(self, cases: tuple[tuple[Kind, p.Value], ...], row: Row, cells: Cells) -> Shape:
        name = self.name("x")
        lines, shape = self.node_by_id(row.column(ID, False), [row.node], cases, name)
        cells.calls += lines
        return within(cells.get(name), shape)

    def provenance(self, provenance: p.Provenance, row: Row, cells: Cells) -> Shape:
        name = self.name("x")
        place, source, loaded = map(self.name, "isl")
        spoken = Spoken(row, self.kinds[row.kind.name], cells, place, source, loaded)
        shape = self.claim_value(provenance.value, spoken)
        lines = [*spoken.lines(), *spoken.cells.calls, f"RETURN collect({spoken.cells.text}) AS {name}"]
        cells.calls += call([row.node], lines)
        each = cells.get(name)
        return lambda found: [shape((claim, found)) for claim in each(found)]

    def claim_value(self, value: p.Value, spoken: Spoken) -> Shape:
        match value:
            case p.Obj(fields):
                return obj(fields, lambda v: self.claim_value(v, spoken))
            case p.Const(text):
                return constant(text)
            case p.Entry(name):
                return spoken.entry(name)
            case p.Said():
                return spoken.said(value)
            case p.ByKind(cases):
                name = self.name("x")
                lines, node = self.node_by_id(spoken.source, [spoken.source], cases, name)
                spoken.cells.calls += lines
                found = within(spoken.cells.get(name), node)
                return lambda one: found(one[0])
            case _:
                raise TypeError(f"{value} is no value of provenance")

    def one(self, one: p.One, row: Row, cells: Cells) -> Shape:
        name, inner = self.name("x"), Cells()
        target = Row(self.name("n"), self.kinds[one.hop.target], self.name("e"))
        shape = self.row_value(one.value, target, inner)
        cells.calls += call(
            [row.node],
            [
                f"MATCH {pattern(one.hop, row.node, target)}",
                *where(self.conditions(one.among, target)),
                f"WITH {', '.join(target.variables)}{self.preferred(one.hop, target)} LIMIT 1",
                *inner.calls,
                f"RETURN head(collect({inner.text})) AS {name}",
            ],
        )
        return within(cells.get(name), shape)

    # Pages

    def page(self, page: p.Page, outer: Row | None, cells: Cells) -> Shape:
        picked = Picked(self.name("x"), page, self.row(page))
        shape = self.page_value(page.value, picked, outer, cells)
        if picked.total:
            cells.calls += call([], self.all_rows(picked))
        if picked.used:
            picked.place = cells.get(picked.name)
            known = [f"all_{picked.row.node}"] if picked.total else scope(outer)
            cells.calls += call(known, self.pick(picked, outer))
        return shape

    def page_value(self, value: p.Value, picked: Picked, outer: Row | None, cells: Cells) -> Shape:
        page = picked.page
        match value:
            case p.Obj(fields):
                return obj(fields, lambda v: self.page_value(v, picked, outer, cells))
            case p.Const(text):
                return constant(text)
            case p.Rows(of_row):
                return picked.each(self.row_value(of_row, picked.row, picked.cells))
            case p.StartCursor():
                return picked.at(0, cursor(picked.row, picked.cells))
            case p.EndCursor():
                return picked.at(-1, cursor(picked.row, picked.cells))
            case p.HasNext():
                over = None if page.reverse else picked.is_more()
                return either(over, self.past(page, outer, page.before, self.comparisons.later, cells))
            case p.HasPrevious():
                over = picked.is_more() if page.reverse else None
                return either(over, self.past(page, outer, page.after, self.comparisons.earlier, cells))
            case p.Total():
                return self.total(picked, outer, cells)
            case p.Groups():
                return self.groups(value, page, outer, cells)
            case _:
                raise TypeError(f"{value} is no value of a page")

    def pick(self, picked: Picked, outer: Row | None) -> Lines:
        """The rows of a page: picked, limited, then asked for what is nested in them."""
        page, row, cells = picked.page, picked.row, picked.cells
        if picked.total:
            lines = [f"UNWIND all_{row.node} AS {row.node}"]
        else:
            lines = self.match(page, outer, row, self.seeks(page, row), full=False)
        order = ordering(page.order, row, reverse=page.reverse)
        lines.append(f"WITH {', '.join(row.variables)} ORDER BY {order} LIMIT {page.limit + picked.more}")
        if not (picked.more and cells.calls):
            return [*lines, *cells.calls, f"RETURN collect({cells.text}) AS {picked.name}"]
        lists, place, rows = [f"{v}s" for v in row.variables], self.name("i"), self.name("x")
        collected = ", ".join(f"collect({v}) AS {v}s" for v in row.variables)
        members = ", ".join(f"{v}s[{place}] AS {v}" for v in row.variables)
        return [
            *lines,
            f"WITH {collected}",
            *call(
                lists,
                [
                    f"UNWIND range(0, size({lists[0]}) - 1) AS {place}",
                    f"WITH {place}, {members} WHERE {place} < {page.limit}",
                    *cells.calls,
                    f"RETURN collect({cells.text}) AS {rows}",
                ],
            ),
            f"RETURN {rows} + CASE WHEN size({lists[0]}) > {page.limit} THEN [null] ELSE [] END AS {picked.name}",
        ]

    def past(self, page: p.Page, outer: Row | None, seek: p.Seek | None, side: Side, cells: Cells) -> Shape | None:
        """Whether rows lie past a cursor, None where there is no cursor."""
        if seek is None:
            return None
        row, name = self.row(page), self.name("x")
        lines = self.match(page, outer, row, [side(page.order, seek.keys, row, TRUE)], full=False)
        cells.calls += call(scope(outer), [*lines, f"WITH {row.node} LIMIT 1", f"RETURN count(*) > 0 AS {name}"])
        return cells.get(name)

    def total(self, picked: Picked, outer: Row | None, cells: Cells) -> Shape:
        page, name = picked.page, picked.total or self.name("x")
        if self.finds_all(page):
            picked.total = name
            return cells.get(name)
        row = self.row(page)
        cells.calls += call(scope(outer), [*self.match(page, outer, row, [], full=True), f"RETURN count(*) AS {name}"])
        return cells.get(name)

    def finds_all(self, page: p.Page) -> bool:
        """Whether all rows that a total counts are found for a page in any case, so that once is enough."""
        if page.hop or page.search or page.after or page.before:
            return False
        return not indexed(page.order) or self.anchor(page, full=False)[0] is not None

    def all_rows(self, picked: Picked) -> Lines:
        """All rows of a page, as a list where a page is picked of them, and how many they are."""
        found = f"collect({picked.row.node}) AS all_{picked.row.node}, " if picked.used else ""
        rows = self.match(picked.page, None, picked.row, [], full=True)
        return [*rows, f"RETURN {found}count(*) AS {picked.total}"]

    def row(self, page: p.Page) -> Row:
        return Row(self.name("n"), page.kind, self.name("e") if page.hop else "", page.order)

    def match(self, page: p.Page, outer: Row | None, row: Row, extra: Lines, *, full: bool) -> Lines:
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
        return min(steps, key=lambda has: links(has.hop, counts) * share(has.where, has.hop.target, counts))

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

    # Groups

    def groups(self, groups: p.Groups, page: p.Page, outer: Row | None, cells: Cells) -> Shape:
        row, name = self.row(page), self.name("x")
        by, lines = groups.by, self.match(page, outer, row, [], full=True)
        target = Row(self.name("n"), self.kinds[by.target], self.name("e")) if isinstance(by, Hop) else None
        grouped = Grouped(row, by, target, value=self.name("v"), number=self.name("c"))
        shape = self.group_value(groups.value, grouped)
        if target and isinstance(by, Hop):
            lines += self.targets(by, groups.among, row, target)
        lines += [*grouped.lines(), f"ORDER BY {grouped.number} DESC, {grouped.value} LIMIT {groups.limit}"]
        inner = grouped.cells
        cells.calls += call(scope(outer), [*lines, *inner.calls, f"RETURN collect({inner.text}) AS {name}"])
        return each(cells.get(name), shape)

    def targets(self, hop: Hop, among: p.Predicate, row: Row, target: Row) -> Lines:
        """What a step from a row leads to, each once; null where it leads nowhere."""
        step = [f"OPTIONAL MATCH {pattern(hop, row.node, target)}", *where(self.conditions(among, target))]
        if not hop.many and not self.facts.is_single(hop):
            return call([row.node], [*step, f"RETURN {target.node}{self.preferred(hop, target)} LIMIT 1"])
        if hop.relation.keys:
            return call([row.node], [*step, f"RETURN DISTINCT {target.node}"])
        return step

    def group_value(self, value: p.Value, grouped: Grouped) -> Shape:
        match value:
            case p.Obj(fields):
                return obj(fields, lambda v: self.group_value(v, grouped))
            case p.Const(text):
                return constant(text)
            case p.GroupKeys(of_key):
                shape = self.group_value(of_key, grouped)
                return lambda row: [shape(row)]
            case p.GroupValue():
                return grouped.text()
            case p.GroupCount():
                return grouped.cells.get(grouped.number)
            case p.GroupSum(prop, on_edge):
                return grouped.added(sums.total, prop, on_edge)
            case p.GroupAverage(prop, on_edge):
                return grouped.added(sums.average, prop, on_edge)
            case p.GroupNode(of_node):
                return self.group_node(of_node, grouped)
            case _:
                raise TypeError(f"{value} is no value of a group")

    def group_node(self, value: p.Value, grouped: Grouped) -> Shape:
        if grouped.target is None:
            return constant(None)
        there, shape = grouped.cells.get(grouped.value), self.row_value(value, grouped.target, grouped.cells)
        return lambda row: None if there(row) is None else shape(row)

    def counts(self, counts: p.Counts, cells: Cells) -> Shape:
        row, found = Row(self.name("n"), counts.kind), self.name("x")
        lines, values = [f"MATCH ({row.node}:{quoted(counts.kind.table)})"], list[str]()
        for place, by in enumerate(counts.by):
            if isinstance(by, Hop):
                target = Row(self.name("n"), self.kinds[by.target], self.name("e"))
                lines += self.targets(by, p.AllOf(), row, target)
            values.append(f"{f'{target.node}.id' if isinstance(by, Hop) else shared(by, row)} AS v{place}")
        names = [f"v{place}" for place in range(len(counts.by))]
        order = ", ".join(["c DESC", *names])
        lines.append(f"WITH {', '.join([*values, 'count(*) AS c'])} ORDER BY {order} LIMIT {counts.limit}")
        cells.calls += call([], [*lines, f"RETURN collect([{', '.join([*names, 'c'])}]) AS {found}"])
        texts = [shared_text(by, itemgetter(place)) for place, by in enumerate(counts.by)]
        return each(cells.get(found), lambda row: [*(text(row) for text in texts), row[-1]])

    # Predicates

    def conditions(self, predicate: p.Predicate, row: Row) -> Lines:
        parts = predicate.parts if isinstance(predicate, p.AllOf) else (predicate,)
        return [self.predicate(part, row) for part in parts]

    def predicate(self, predicate: p.Predicate, row: Row) -> str:
        """A predicate as Cypher; where it is not true it may be false or null."""
        match predicate:
            case p.Cmp():
                return self.comparisons.compared(predicate, row)
            case p.Missing(prop, on_edge):
                return f"{row.column(prop, on_edge)} IS NULL"
            case p.AllOf(parts):
                return joined("AND", [self.predicate(part, row) for part in parts]) or always(row)
            case p.AnyOf(parts):
                return joined("OR", [self.predicate(part, row) for part in parts]) or never(row)
            case p.Not(part):
                return self.negated(part, row)
            case p.Has():
                return self.has(predicate, row)
            case _:
                assert_never(predicate)

    def negated(self, predicate: p.Predicate, row: Row) -> str:
        """That a predicate is not true. Each comparison is negated for itself: planning takes four times as long for
        every `EXISTS` that stands in a function within another."""
        match predicate:
            case p.Cmp():
                return f"NOT coalesce({self.comparisons.compared(predicate, row)}, false)"
            case p.Missing(prop, on_edge):
                return f"{row.column(prop, on_edge)} IS NOT NULL"
            case p.AllOf(parts):
                return joined("OR", [self.negated(part, row) for part in parts]) or never(row)
            case p.AnyOf(parts):
                return joined("AND", [self.negated(part, row) for part in parts]) or always(row)
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
