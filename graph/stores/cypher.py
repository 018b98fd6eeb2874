"""Plans as Cypher for Neo4j: pure functions from a plan to one statement, and to what shapes its answer.

A statement returns lists by position, which the shape turns into the JSON of the answer: the order of keys in a
map of Cypher is not kept. Its form was chosen by measuring: scoped `CALL` subqueries, rows picked (and limited)
before anything is nested in them, keyset paging that an index serves, rare relations read from their far end.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter

from graph import plan as p
from graph import sums
from graph.model import ID, Hop, Kind
from graph.search import FOUND
from graph.stores import cypher_walks
from graph.stores.cypher_comparisons import Side
from graph.stores.cypher_groups import Grouped, shared, shared_text
from graph.stores.cypher_matches import Matches
from graph.stores.cypher_pages import Picked
from graph.stores.cypher_provenance import Spoken
from graph.stores.cypher_statements import Statement, whole
from graph.stores.cypher_terms import (
    TRUE,
    Cells,
    Lines,
    Names,
    Row,
    Shape,
    call,
    constant,
    cursor,
    each,
    either,
    entry_value,
    obj,
    ordering,
    pattern,
    quoted,
    scope,
    shown,
    where,
    within,
)
from graph.stores.estimate import Facts


def compile_cypher(plan: p.Plan, kinds: Mapping[str, Kind], facts: Facts, *, wide: bool = False) -> Statement:
    """The one statement of a plan. Its parameters are the plan's, by name.

    It returns the state of the graph's clock as it began and as it ended, the graph's version, the sources that are
    being loaded, and the answer's cells. `wide` is for parameters of which one in `ordered` is wide text: these are
    given as `sortable`.
    """
    compiler = Compiler(kinds, facts, wide)
    cells = Cells()
    shape = compiler.graph_value(plan.value, cells)
    return Statement(whole(cells), shape, frozenset(compiler.matches.comparisons.ordered))


def which(cases: list[tuple[int, Kind]], node: str) -> str:
    """The place of the case that a node is of."""
    if len(cases) == 1:
        return str(cases[0][0])
    return f"CASE {' '.join(f'WHEN {node}:{quoted(kind.table)} THEN {place}' for place, kind in cases)} END"


def shape_of(shapes: list[Shape]) -> Shape:
    """The shape of what has its case's place before its cells."""
    return lambda row: shapes[row[0]](row[1])


class Compiler:
    """One compilation: what is asked of the rows that are matched."""

    def __init__(self, kinds: Mapping[str, Kind], facts: Facts, wide: bool) -> None:
        self.kinds = kinds
        self.name = Names()
        self.matches = Matches(kinds, facts, wide, self.name)

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
        first = last = self.name.given
        for place, (kind, value) in enumerate(cases):
            self.name.given = first
            row, cells = Row(self.name("n"), kind), Cells()
            shapes.append(self.row_value(value, row, cells))
            alike.setdefault((cells.text, *cells.calls), []).append((place, kind))
            last = max(last, self.name.given)
        self.name.given = last
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
                *where(self.matches.conditions(one.among, target)),
                f"WITH {', '.join(target.variables)}{self.matches.preferred(one.hop, target)} LIMIT 1",
                *inner.calls,
                f"RETURN head(collect({inner.text})) AS {name}",
            ],
        )
        return within(cells.get(name), shape)

    # Pages

    def page(self, page: p.Page, outer: Row | None, cells: Cells) -> Shape:
        picked = Picked(self.name("x"), page, self.matches.row(page))
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
                return either(over, self.past(page, outer, page.before, self.matches.comparisons.later, cells))
            case p.HasPrevious():
                over = picked.is_more() if page.reverse else None
                return either(over, self.past(page, outer, page.after, self.matches.comparisons.earlier, cells))
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
            lines = self.matches.rows(page, outer, row, self.matches.seeks(page, row), full=False)
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
        row, name = self.matches.row(page), self.name("x")
        lines = self.matches.rows(page, outer, row, [side(page.order, seek.keys, row, TRUE)], full=False)
        cells.calls += call(scope(outer), [*lines, f"WITH {row.node} LIMIT 1", f"RETURN count(*) > 0 AS {name}"])
        return cells.get(name)

    def total(self, picked: Picked, outer: Row | None, cells: Cells) -> Shape:
        page, name = picked.page, picked.total or self.name("x")
        if self.matches.finds_all(page):
            picked.total = name
            return cells.get(name)
        row = self.matches.row(page)
        cells.calls += call(
            scope(outer), [*self.matches.rows(page, outer, row, [], full=True), f"RETURN count(*) AS {name}"]
        )
        return cells.get(name)

    def all_rows(self, picked: Picked) -> Lines:
        """All rows of a page, as a list where a page is picked of them, and how many they are."""
        found = f"collect({picked.row.node}) AS all_{picked.row.node}, " if picked.used else ""
        rows = self.matches.rows(picked.page, None, picked.row, [], full=True)
        return [*rows, f"RETURN {found}count(*) AS {picked.total}"]

    # Groups

    def groups(self, groups: p.Groups, page: p.Page, outer: Row | None, cells: Cells) -> Shape:
        row, name = self.matches.row(page), self.name("x")
        by, lines = groups.by, self.matches.rows(page, outer, row, [], full=True)
        target = Row(self.name("n"), self.kinds[by.target], self.name("e")) if isinstance(by, Hop) else None
        grouped = Grouped(row, by, target, value=self.name("v"), number=self.name("c"))
        shape = self.group_value(groups.value, grouped)
        if target and isinstance(by, Hop):
            lines += self.matches.targets(by, groups.among, row, target)
        skip = f" SKIP {groups.offset}" if groups.offset else ""
        lines += [*grouped.lines(), f"ORDER BY {grouped.number} DESC, {grouped.value}{skip} LIMIT {groups.limit}"]
        inner = grouped.cells
        cells.calls += call(scope(outer), [*lines, *inner.calls, f"RETURN collect({inner.text}) AS {name}"])
        return each(cells.get(name), shape)

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
                lines += self.matches.targets(by, p.AllOf(), row, target)
            values.append(f"{f'{target.node}.id' if isinstance(by, Hop) else shared(by, row)} AS v{place}")
        names = [f"v{place}" for place in range(len(counts.by))]
        order = ", ".join(["c DESC", *names])
        lines.append(f"WITH {', '.join([*values, 'count(*) AS c'])} ORDER BY {order} LIMIT {counts.limit}")
        cells.calls += call([], [*lines, f"RETURN collect([{', '.join([*names, 'c'])}]) AS {found}"])
        texts = [shared_text(by, itemgetter(place)) for place, by in enumerate(counts.by)]
        return each(cells.get(found), lambda row: [*(text(row) for text in texts), row[-1]])
