"""Plans as SQL for SQLite: pure functions from a plan to one statement.

A statement returns one JSON text. Its shape was chosen by measuring: scalar subqueries whose texts are put together,
rows picked (and limited) before anything is nested in them, keyset paging, `IN` or `EXISTS` by the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graph import plan as p
from graph.model import LOCATORS, SOURCES, Hop, Kind
from graph.search import FOUND
from graph.stores import sql_walks
from graph.stores.estimate import Facts, Tried, fan
from graph.stores.sql_groups import Grouped, shared, shared_text
from graph.stores.sql_json import Json, chosen, json, json_array, json_list, json_object, there
from graph.stores.sql_matches import Matches
from graph.stores.sql_provenance import said
from graph.stores.sql_search import searched, within
from graph.stores.sql_tables import ends, links, literal, quoted
from graph.stores.sql_terms import (
    FALSE,
    TRUE,
    Picked,
    Row,
    Side,
    all_of,
    boolean,
    chosen_first,
    constant,
    cursor,
    earlier,
    indexed,
    later,
    link_column,
    node_column,
    ordering,
    shown,
    step,
)


def compile_sql(plan: p.Plan, kinds: Mapping[str, Kind], facts: Facts) -> str:
    """The one statement of a plan: its answer, and the mark of the commit that it was read after.

    Its parameters are the plan's, by name.
    """
    compiler = Compiler(kinds, facts)
    value = compiler.graph_value(plan.value)
    return f"{compiler.matches.beforehand()}SELECT CAST({value} AS BLOB), user_version FROM pragma_user_version"


class Compiler:
    """One compilation."""

    def __init__(self, kinds: Mapping[str, Kind], facts: Facts) -> None:
        self.kinds, self.facts = kinds, facts
        self.matches = Matches(kinds, facts)
        self.alias = self.matches.alias

    # Values of the graph as a whole

    def graph_value(self, value: p.Value) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, self.graph_value)
            case p.Const(text):
                return constant(text)
            case p.Page(search=None):
                return self.page_value(value.value, value, None)
            case p.Page(search=p.Search() as search):
                return within(searched(search), self.page_value(value.value, value, None))
            case p.Lookup():
                return self.lookup(value)
            case p.Links():
                return sql_walks.found(value)
            case p.Computed(given, columns, of_row):
                alias = self.alias("j")
                row = Row(sql_walks.computed_column(alias, columns), FOUND)
                return sql_walks.computed(given, alias, self.row_value(of_row, row))
            case p.IfThere(given, inner):
                return chosen(f":{given.name} IS NULL", "NULL", self.graph_value(inner))
            case p.Flag(given):
                return boolean(f":{given.name}")
            case p.Number(given):
                return f":{given.name}"
            case p.Counts():
                return self.counts(value)
            case p.Info(name):
                return f"(SELECT {quoted(name)} FROM _graph)"
            case p.Entries(name, entry, tables):
                some = "" if tables is None else f" WHERE name IN ({', '.join(map(literal, tables))})"
                rows = f"SELECT * FROM {quoted('_' + name)}{some} ORDER BY 1"
                return json_list(self.entry_value(entry), f"({rows})")
            case _:
                raise TypeError(f"{value} is no value of the graph")

    def entry_value(self, value: p.Value) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, self.entry_value)
            case p.Const(text):
                return constant(text)
            case p.Entry(name):
                return quoted(name)
            case _:
                raise TypeError(f"{value} is no value of an entry")

    def lookup(self, lookup: p.Lookup) -> Json:
        param = f":{lookup.ids.name}"
        if not lookup.many:
            return there(self.node_by_id(param, lookup.cases, 1))
        alias = self.alias("j")
        node = self.node_by_id(f"{alias}.value", lookup.cases)
        rows = f"SELECT value FROM json_each({param}) ORDER BY key LIMIT {p.MAX_PAGE}"
        return json_list(there(node), f"({rows}) {alias}")

    def node_by_id(self, node_id: str, cases: tuple[tuple[Kind, p.Value], ...], number: float = p.MAX_PAGE) -> str:
        """The JSON text of the node with an id, NULL where there is none of these kinds. So many are looked up."""
        if len(cases) == 1:
            return self.node(node_id, *cases[0], number)
        prefix = f"substr({node_id}, 1, instr({node_id}, ':') - 1)"
        whens = " ".join(f"WHEN {literal(case[0].prefix)} THEN {self.node(node_id, *case, number)}" for case in cases)
        return f"CASE {prefix} {whens} END" if cases else "NULL"

    def node(self, node_id: str, kind: Kind, value: p.Value, number: float = p.MAX_PAGE) -> str:
        alias = self.alias("n")
        row = Row(node_column(alias), kind, number=number)
        shown = json(self.row_value(value, row))
        return f"(SELECT {shown} FROM {quoted(kind.table)} {alias} WHERE {row.id} = {node_id})"

    # Values of a row

    def object(self, fields: tuple[tuple[str, p.Value], ...], render: Callable[[p.Value], str]) -> Json:
        return json_object((name, render(value)) for name, value in fields)

    def row_value(self, value: p.Value, row: Row) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, lambda v: self.row_value(v, row))
            case p.Const(text):
                return constant(text)
            case p.Get(prop, on_edge):
                return shown(prop, row.column(prop, on_edge))
            case p.Cursor():
                return cursor(row)
            case p.ByKind(cases):
                return there(self.node_by_id(row.id, cases))
            case p.One():
                return self.one(value, row)
            case p.Provenance():
                return self.provenance(value, row)
            case p.Page():
                return self.page_value(value.value, value, row)
            case _:
                raise TypeError(f"{value} is no value of a row")

    def one(self, one: p.One, row: Row) -> Json:
        edge, node = self.alias("e"), self.alias("n")
        target = Row(link_column(edge, node), self.kinds[one.hop.target], number=row.number)
        order = "" if self.facts.is_single(one.hop) else f" ORDER BY {chosen_first(one.hop, edge)}"
        where = all_of([f"{edge}.{quoted(ends(one.hop)[0])} = {row.id}", *self.matches.among(one.hop, one.among, edge)])
        source = f"{step(one.hop, edge, node, target.kind)} WHERE {where}"
        return there(f"(SELECT {json(self.row_value(one.value, target))} FROM {source}{order} LIMIT 1)")

    # Provenance

    def provenance(self, provenance: p.Provenance, row: Row) -> Json:
        source = self.alias("s")
        content = self.claim_value(provenance.value, source, row)
        rows = f"SELECT key, value FROM json_each({row.column(SOURCES, False)}) ORDER BY key"
        return json_list(content, f"({rows}) {source}")

    def claim_value(self, value: p.Value, source: str, row: Row) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, lambda v: self.claim_value(v, source, row))
            case p.Const(text):
                return constant(text)
            case p.Entry("sourceId"):
                return f"{source}.value"
            case p.Entry("locator"):
                return f"nullif({row.column(LOCATORS, False)} ->> {source}.key, '')"
            case p.Entry("loadedAt"):
                return f'(SELECT "loadedAt" FROM _sources WHERE id = {source}.value)'
            case p.ByKind(cases):
                return there(self.node_by_id(f"{source}.value", cases))
            case p.Said():
                return said(value, self.kinds[row.kind.name], row, source, self.alias("j"))
            case _:
                raise TypeError(f"{value} is no value of provenance")

    # Pages

    def page_value(self, value: p.Value, page: p.Page, outer: Row | None) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, lambda v: self.page_value(v, page, outer))
            case p.Const(text):
                return constant(text)
            case p.Rows(of_row):
                return self.rows(page, outer, lambda row: self.row_value(of_row, row))
            case p.StartCursor():
                return self.cursor_at(page, outer, "$[0]")
            case p.EndCursor():
                return self.cursor_at(page, outer, "$[#-1]")
            case p.HasNext():
                return boolean(self.beyond(page, outer, page.before, later, cut=not page.reverse))
            case p.HasPrevious():
                return boolean(self.beyond(page, outer, page.after, earlier, cut=page.reverse))
            case p.Total():
                return self.total(page, outer)
            case p.Groups():
                return self.groups(value, page, outer)
            case _:
                raise TypeError(f"{value} is no value of a page")

    def rows(self, page: p.Page, outer: Row | None, render: Callable[[Row], str]) -> Json:
        """The rows of a page: picked and limited in an inner half, rendered in the outer."""
        inner, source = self.source(page, outer)
        picked = Picked(self.alias("x"), inner, {})
        number = page.limit * (outer.number if outer else 1)
        content = render(Row(picked.column, page.kind, page.order, number=number))
        again = f" ORDER BY {ordering(page.order, picked.column)}" if page.reverse else ""
        where = all_of(self.conditions(page, inner, seeking=True, full=False))
        columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in picked.columns.items()) or "1"
        order = ordering(page.order, inner.column, reverse=page.reverse)
        limited = f"SELECT {columns} FROM {source} WHERE {where} ORDER BY {order} LIMIT {page.limit}"
        rows = f"SELECT * FROM ({limited}) {picked.alias}{again}" if again else limited
        return json_list(content, f"({rows}) {picked.alias}")

    def cursor_at(self, page: p.Page, outer: Row | None, path: str) -> str:
        return f"({self.rows(page, outer, cursor)} ->> '{path}')"

    def beyond(self, page: p.Page, outer: Row | None, seek: p.Seek | None, side: Side, *, cut: bool) -> str:
        """Whether rows lie on one side of the page: over its limit where that cuts it off there, or past its cursor."""
        over = [self.over(page, outer)] if cut else []
        past = [self.past(page, outer, seek, side)] if seek else []
        return " OR ".join(over + past) or FALSE

    def over(self, page: p.Page, outer: Row | None) -> str:
        row, source = self.source(page, outer)
        where = all_of(self.conditions(page, row, seeking=True, full=False))
        return f"EXISTS (SELECT 1 FROM {source} WHERE {where} LIMIT 1 OFFSET {page.limit})"

    def past(self, page: p.Page, outer: Row | None, seek: p.Seek, side: Side) -> str:
        row, source = self.source(page, outer)
        there = side(page.order, seek.keys, row.column, TRUE)
        where = all_of([*self.conditions(page, row, seeking=False, full=False), there])
        return f"EXISTS (SELECT 1 FROM {source} WHERE {where} LIMIT 1)"

    def total(self, page: p.Page, outer: Row | None) -> str:
        if page.hop is None and page.where == p.AllOf() and not page.search:
            return f"(SELECT count FROM _counts WHERE name = {literal(page.kind.table)})"
        row, source = self.source(page, outer)
        conditions = self.conditions(page, row, seeking=False, full=True)
        return f"(SELECT count(*) FROM {source} WHERE {all_of(conditions)})"

    def source(self, page: p.Page, outer: Row | None) -> tuple[Row, str]:
        """The FROM of a page, and the row it gives."""
        node = self.alias("n")
        if page.hop is None or outer is None:
            number = self.facts.counts.get(page.kind.table, 0)
            return Row(node_column(node), page.kind, page.order, number=number), f"{quoted(page.kind.table)} {node}"
        edge = self.alias("e")
        tie = f"{edge}.{quoted(ends(page.hop)[0])} = {outer.id}"
        row = Row(link_column(edge, node), page.kind, page.order, tie, outer.number * fan(page.hop, self.facts.counts))
        return row, step(page.hop, edge, node, page.kind)

    def conditions(self, page: p.Page, row: Row, *, seeking: bool, full: bool) -> list[str]:
        """What a row of the page must fulfil; `full` where every such row is visited, not just a page of them."""
        limit = None if full or not indexed(page.order) else page.limit
        column = row.column
        conditions = [row.tie] if row.tie else []
        if page.where != p.AllOf():
            scan = 0 if page.hop else self.facts.counts.get(page.kind.table, 0)
            conditions.append(self.matches.predicate(page.where, row, Tried(scan, limit, row.number)))
        if seeking and page.after:
            conditions.append(later(page.order, page.after.keys, column, FALSE))
        if seeking and page.before:
            conditions.append(earlier(page.order, page.before.keys, column, FALSE))
        return conditions

    # Groups

    def groups(self, groups: p.Groups, page: p.Page, outer: Row | None) -> Json:
        row, source = self.source(page, outer)
        by = groups.by
        if isinstance(by, Hop):
            target = self.alias("g")
            source = f"{source} LEFT JOIN {self.targets(by, groups.among, target)} ON {target}.near = {row.id}"
            value, grouped = f"{target}.far", Grouped(row, "v", self.kinds[by.target])
        else:
            value, grouped = shared(by, row), Grouped(row, shared_text(by, "v"))
        where = all_of(self.conditions(page, row, seeking=False, full=True))
        content = self.group_value(groups.value, grouped)
        added = "".join(f", {sql} AS {quoted(name)}" for name, sql in grouped.columns.items())
        offset = f" OFFSET {groups.offset}" if groups.offset else ""
        counted = (
            f"SELECT {value} AS v, count(*) AS c{added} FROM {source} WHERE {where} "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST LIMIT {groups.limit}{offset}"
        )
        return json_list(content, f"({counted})")

    def targets(self, hop: Hop, among: p.Predicate, alias: str) -> str:
        """Pairs of a node and what a step leads to, each once."""
        near, far = map(quoted, ends(hop))
        edge = self.alias("e")
        once = "DISTINCT " if hop.relation.keys else ""
        conditions = self.matches.chosen(hop, among, edge)
        where = f" WHERE {all_of(conditions)}" if conditions else ""
        pairs = f"SELECT {once}{edge}.{near} AS near, {edge}.{far} AS far FROM {links(hop.relation)} {edge}{where}"
        return f"({pairs}) {alias}"

    def group_value(self, value: p.Value, grouped: Grouped) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, lambda v: self.group_value(v, grouped))
            case p.Const(text):
                return constant(text)
            case p.GroupKeys(of_key):
                return json_array([self.group_value(of_key, grouped)])
            case p.GroupValue():
                return grouped.text
            case p.GroupCount():
                return "c"
            case p.GroupSum(prop, on_edge):
                return grouped.added("summed", prop, on_edge)
            case p.GroupAverage(prop, on_edge):
                return grouped.added("averaged", prop, on_edge)
            case p.GroupNode(of_node):
                return there(self.node("v", grouped.kind, of_node)) if grouped.kind else "NULL"
            case _:
                raise TypeError(f"{value} is no value of a group")

    def counts(self, counts: p.Counts) -> Json:
        node = self.alias("n")
        row, source = Row(node_column(node), counts.kind), f"{quoted(counts.kind.table)} {node}"
        values, texts = list[str](), list[str]()
        for place, by in enumerate(counts.by):
            if isinstance(by, Hop):
                target = self.alias("g")
                source = f"{source} LEFT JOIN {self.targets(by, p.AllOf(), target)} ON {target}.near = {row.id}"
            values.append(f"{f'{target}.far' if isinstance(by, Hop) else shared(by, row)} AS v{place}")
            texts.append(f"v{place}" if isinstance(by, Hop) else shared_text(by, f"v{place}"))
        names = [f"v{place}" for place in range(len(counts.by))]
        grouped = f" GROUP BY {', '.join(names)}" if names else ""
        order = ", ".join(["c DESC", *(f"{name} NULLS LAST" for name in names)])
        counted = f"SELECT {', '.join([*values, 'count(*) AS c'])} FROM {source}{grouped} ORDER BY {order}"
        return json_list(json_array([*texts, "c"]), f"({counted} LIMIT {counts.limit})")
