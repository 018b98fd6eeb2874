"""Plans as SQL for SQLite: pure functions from a plan to one statement.

A statement returns one JSON text. Its shape was chosen by measuring: scalar subqueries with `json_object`, rows
picked (and limited) before anything is nested in them, keyset paging, `IN` or `EXISTS` by the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import assert_never

from graph import plan as p
from graph.model import ID, Hop, Kind, Property, Relation, Table, Type
from graph.plan import Op
from graph.stores.estimate import Facts, rare

TRUE, FALSE = "1", "0"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def links(relation: Relation) -> str:
    """The table or view in which a relation reads from its `from` to its `to`."""
    return quoted(f"{relation.table}~both" if relation.symmetric else relation.table)


def ends(hop: Hop) -> tuple[str, str]:
    """The columns of a relation at the near and the far end of a step."""
    return ("from", "to") if hop.forward else ("to", "from")


Column = Callable[[Property, bool], str]  # a property of the row, or of its relation, as SQL
Places = tuple[p.Param | None, ...]
Side = Callable[[tuple[p.Key, ...], Places, Column, str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that expressions speak of: how its columns are written, its kind, and the order of its page."""

    column: Column
    kind: Kind
    order: tuple[p.Key, ...] = ()
    tie: str = ""  # what ties it to the row that it is nested in

    @property
    def id(self) -> str:
        return self.column(ID, False)


@dataclass(frozen=True, slots=True)
class Picked:
    """The columns that the outer half of a page uses, asked of the inner half under names of their own."""

    alias: str
    inner: Row
    columns: dict[str, str]

    def column(self, prop: Property, on_edge: bool) -> str:
        name = f"{'e' if on_edge else 'n'}_{prop.name}"
        self.columns[name] = self.inner.column(prop, on_edge)
        return f"{self.alias}.{quoted(name)}"


def compile_sql(plan: p.Plan, kinds: Mapping[str, Kind], facts: Facts) -> str:
    """The one statement of a plan: its answer, and the version of the graph that it was read from.

    Its parameters are the plan's, by name.
    """
    value = Compiler(kinds, facts).graph_value(plan.value)
    return f"SELECT CAST({value} AS BLOB), version FROM _graph"


class Compiler:
    """One compilation: hands out aliases."""

    def __init__(self, kinds: Mapping[str, Kind], facts: Facts) -> None:
        self.kinds = kinds
        self.facts = facts
        self._numbers = count()

    def alias(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    # Values of the graph as a whole

    def graph_value(self, value: p.Value) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, self.graph_value)
            case p.Const(text):
                return constant(text)
            case p.Page():
                return self.page(value, None)
            case p.Lookup():
                return self.lookup(value)
            case p.Info(name):
                return f"(SELECT {quoted(name)} FROM _graph)"
            case p.Entries(name, entry):
                rows = f"SELECT * FROM {quoted('_' + name)} ORDER BY 1"
                return f"json((SELECT json_group_array({self.entry_value(entry)}) FROM ({rows})))"
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

    def lookup(self, lookup: p.Lookup) -> str:
        param = f":{lookup.ids.name}"
        if not lookup.many:
            return f"json({self.node_by_id(param, lookup.cases)})"
        alias = self.alias("j")
        node = self.node_by_id(f"{alias}.value", lookup.cases)
        rows = f"SELECT value FROM json_each({param}) ORDER BY key"
        return f"json((SELECT json_group_array(json({node})) FROM ({rows}) {alias}))"

    def node_by_id(self, node_id: str, cases: tuple[tuple[Kind, p.Value], ...]) -> str:
        """The JSON text of the node with an id, NULL where there is none of these kinds."""
        if len(cases) == 1:
            return self.node(node_id, *cases[0])
        prefix = f"substr({node_id}, 1, instr({node_id}, ':') - 1)"
        whens = " ".join(f"WHEN {literal(kind.prefix)} THEN {self.node(node_id, kind, value)}" for kind, value in cases)
        return f"CASE {prefix} {whens} END" if cases else "NULL"

    def node(self, node_id: str, kind: Kind, value: p.Value) -> str:
        alias = self.alias("n")
        row = Row(node_column(alias), kind)
        return f"(SELECT {self.row_value(value, row)} FROM {quoted(kind.table)} {alias} WHERE {row.id} = {node_id})"

    # Values of a row

    def object(self, fields: tuple[tuple[str, p.Value], ...], render: Callable[[p.Value], str]) -> str:
        return f"json_object({', '.join(f'{literal(name)}, {render(value)}' for name, value in fields)})"

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
            case p.One():
                return self.one(value, row)
            case p.Page():
                return self.page(value, row)
            case _:
                raise TypeError(f"{value} is no value of a row")

    def one(self, one: p.One, row: Row) -> str:
        edge, node = self.alias("e"), self.alias("n")
        target = Row(link_column(edge, node), self.kinds[one.hop.target])
        order = "" if self.facts.is_single(one.hop) else f" ORDER BY {chosen_first(one.hop, edge)}"
        source = f"{step(one.hop, edge, node, target.kind)} WHERE {edge}.{quoted(ends(one.hop)[0])} = {row.id}"
        return f"json((SELECT {self.row_value(one.value, target)} FROM {source}{order} LIMIT 1))"

    # Pages

    def page(self, page: p.Page, outer: Row | None) -> str:
        match page.value:
            case p.Obj(fields):
                return self.object(fields, lambda v: self.page_value(v, page, outer))
            case _:
                return self.page_value(page.value, page, outer)

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

    def rows(self, page: p.Page, outer: Row | None, render: Callable[[Row], str]) -> str:
        """The rows of a page: picked and limited in an inner half, rendered in the outer."""
        inner, source = self.source(page, outer)
        picked = Picked(self.alias("x"), inner, {})
        content = render(Row(picked.column, page.kind, page.order))
        again = f" ORDER BY {ordering(page.order, picked.column)}" if page.reverse else ""
        where = self.all_of(self.conditions(page, inner, seeking=True, full=False))
        columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in picked.columns.items()) or "1"
        order = ordering(page.order, inner.column, reverse=page.reverse)
        limited = f"SELECT {columns} FROM {source} WHERE {where} ORDER BY {order} LIMIT {page.limit}"
        rows = f"SELECT * FROM ({limited}) {picked.alias}{again}" if again else limited
        return f"json((SELECT json_group_array({content}) FROM ({rows}) {picked.alias}))"

    def cursor_at(self, page: p.Page, outer: Row | None, path: str) -> str:
        return f"({self.rows(page, outer, cursor)} ->> '{path}')"

    def beyond(self, page: p.Page, outer: Row | None, seek: p.Seek | None, side: Side, *, cut: bool) -> str:
        """Whether rows lie on one side of the page: over its limit where that cuts it off there, or past its cursor."""
        over = [self.over(page, outer)] if cut else []
        past = [self.past(page, outer, seek, side)] if seek else []
        return " OR ".join(over + past) or FALSE

    def over(self, page: p.Page, outer: Row | None) -> str:
        row, source = self.source(page, outer)
        where = self.all_of(self.conditions(page, row, seeking=True, full=False))
        return f"EXISTS (SELECT 1 FROM {source} WHERE {where} LIMIT 1 OFFSET {page.limit})"

    def past(self, page: p.Page, outer: Row | None, seek: p.Seek, side: Side) -> str:
        row, source = self.source(page, outer)
        there = side(page.order, seek.keys, row.column, TRUE)
        where = self.all_of([*self.conditions(page, row, seeking=False, full=False), there])
        return f"EXISTS (SELECT 1 FROM {source} WHERE {where} LIMIT 1)"

    def total(self, page: p.Page, outer: Row | None) -> str:
        if page.hop is None and page.where == p.AllOf():
            return f"(SELECT count FROM _counts WHERE name = {literal(page.kind.table)})"
        row, source = self.source(page, outer)
        conditions = self.conditions(page, row, seeking=False, full=True)
        return f"(SELECT count(*) FROM {source} WHERE {self.all_of(conditions)})"

    def source(self, page: p.Page, outer: Row | None) -> tuple[Row, str]:
        """The FROM of a page, and the row it gives."""
        node = self.alias("n")
        if page.hop is None or outer is None:
            return Row(node_column(node), page.kind, page.order), f"{quoted(page.kind.table)} {node}"
        edge = self.alias("e")
        tie = f"{edge}.{quoted(ends(page.hop)[0])} = {outer.id}"
        return Row(link_column(edge, node), page.kind, page.order, tie), step(page.hop, edge, node, page.kind)

    def conditions(self, page: p.Page, row: Row, *, seeking: bool, full: bool) -> list[str]:
        """What a row of the page must fulfil; `full` where every such row is visited, not just a page of them."""
        scan = self.facts.counts.get(page.kind.table, 0) if page.hop is None else 0
        limit = None if full or not indexed(page.order) else page.limit
        column = row.column
        conditions = [row.tie] if row.tie else []
        if page.where != p.AllOf():
            conditions.append(self.predicate(page.where, row, scan, limit))
        if seeking and page.after:
            conditions.append(later(page.order, page.after.keys, column, FALSE))
        if seeking and page.before:
            conditions.append(earlier(page.order, page.before.keys, column, FALSE))
        return conditions

    @staticmethod
    def all_of(conditions: list[str]) -> str:
        return " AND ".join(conditions) or TRUE

    # Groups

    def groups(self, groups: p.Groups, page: p.Page, outer: Row | None) -> str:
        row, source = self.source(page, outer)
        by = groups.by
        if isinstance(by, Hop):
            target = self.alias("g")
            source = f"{source} LEFT JOIN {self.targets(by, target)} ON {target}.near = {row.id}"
            stored, text, kind = f"{target}.far", "v", self.kinds[by.target]
        else:
            stored, text, kind = row.column(by, False), as_text(by, "v"), None
        where = self.all_of(self.conditions(page, row, seeking=False, full=True))
        content = self.group_value(groups.value, text, kind)
        counted = (
            f"SELECT {stored} AS v, count(*) AS c FROM {source} WHERE {where} "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST LIMIT {groups.limit}"
        )
        return f"json((SELECT json_group_array({content}) FROM ({counted})))"

    def targets(self, hop: Hop, alias: str) -> str:
        """Pairs of a node and what a step leads to, each once."""
        near, far = map(quoted, ends(hop))
        edge = self.alias("e")
        once = "DISTINCT " if hop.relation.keys else ""
        single = hop.many or self.facts.is_single(hop)
        chosen = "" if single else f" WHERE {self.chosen(hop, edge)}"
        pairs = f"SELECT {once}{edge}.{near} AS near, {edge}.{far} AS far FROM {links(hop.relation)} {edge}{chosen}"
        return f"({pairs}) {alias}"

    def group_value(self, value: p.Value, text: str, kind: Kind | None) -> str:
        match value:
            case p.Obj(fields):
                return self.object(fields, lambda v: self.group_value(v, text, kind))
            case p.Const(constant_text):
                return constant(constant_text)
            case p.GroupKeys(of_key):
                return f"json_array({self.group_value(of_key, text, kind)})"
            case p.GroupValue():
                return text
            case p.GroupCount():
                return "c"
            case p.GroupNode(of_node):
                return f"json({self.node('v', kind, of_node)})" if kind else "NULL"
            case _:
                raise TypeError(f"{value} is no value of a group")

    # Predicates

    def predicate(self, predicate: p.Predicate, row: Row, scan: int, limit: int | None) -> str:
        """A predicate as SQL; where it is not true it may be false or NULL, which `Not` makes false."""
        match predicate:
            case p.Cmp(op, prop, param, on_edge):
                return compared(op, prop, row.column(prop, on_edge), f":{param.name}")
            case p.Missing(prop, on_edge):
                column = row.column(prop, on_edge)
                return f"{column} = '[]'" if prop.is_list else f"{column} IS NULL"
            case p.AllOf(parts):
                return self.joined("AND", [self.predicate(part, row, scan, limit) for part in parts]) or TRUE
            case p.AnyOf(parts):
                return self.joined("OR", [self.predicate(part, row, scan, limit) for part in parts]) or FALSE
            case p.Not(part):
                return f"NOT ifnull({self.predicate(part, row, scan, limit)}, 0)"
            case p.Has(hop, where):
                return self.has(hop, where, row, scan, limit)
            case _:
                assert_never(predicate)

    def joined(self, word: str, parts: list[str]) -> str:
        """The parts under one operator, as a balanced tree: SQLite limits how deep an expression is."""
        if len(parts) < 2:
            return "".join(parts)
        middle = len(parts) // 2
        return f"({self.joined(word, parts[:middle])} {word} {self.joined(word, parts[middle:])})"

    def has(self, hop: Hop, where: p.Predicate, row: Row, scan: int, limit: int | None) -> str:
        edge, node = self.alias("e"), self.alias("n")
        near = f"{edge}.{quoted(ends(hop)[0])}"
        target = Row(link_column(edge, node), self.kinds[hop.target])
        few = rare(hop, where, self.facts.counts, scan, limit)
        inside = self.facts.counts.get(hop.relation.table, 0) if few else 0
        conditions = [] if where == p.AllOf() else [self.predicate(where, target, inside, None)]
        if not hop.many and not self.facts.is_single(hop):
            conditions.append(self.chosen(hop, edge))
        source = step(hop, edge, node, target.kind, ordered=not few)
        if few:
            return f"{row.id} IN (SELECT {near} FROM {source} WHERE {self.all_of(conditions)})"
        return f"EXISTS (SELECT 1 FROM {source} WHERE {self.all_of([f'{near} = {row.id}', *conditions])})"

    def chosen(self, hop: Hop, edge: str) -> str:
        """That no other relation comes before this one for a step to one node."""
        other = self.alias("o")
        near, far = map(quoted, ends(hop))
        if hop.relation.dated:
            better = (
                f"{other}.since > {edge}.since OR ({other}.since IS NOT NULL AND {edge}.since IS NULL) "
                f"OR ({other}.since IS {edge}.since AND {other}.{far} < {edge}.{far})"
            )
        else:
            better = f"{other}.{far} < {edge}.{far}"
        return (
            f"NOT EXISTS (SELECT 1 FROM {links(hop.relation)} {other} "
            f"WHERE {other}.{near} = {edge}.{near} AND ({better}))"
        )


# Columns


def node_column(node: str) -> Column:
    return lambda prop, on_edge: f"{node}.{quoted(prop.name)}"


def link_column(edge: str, node: str) -> Column:
    return lambda prop, on_edge: f"{edge if on_edge else node}.{quoted(prop.name)}"


def step(hop: Hop, edge: str, node: str, kind: Kind, *, ordered: bool = True) -> str:
    """A relation joined to the nodes it leads to; `ordered` fixes that the relation is read first."""
    join = "CROSS JOIN" if ordered else "JOIN"
    far = quoted(ends(hop)[1])
    return f"{links(hop.relation)} {edge} {join} {quoted(kind.table)} {node} ON {node}.id = {edge}.{far}"


def chosen_first(hop: Hop, edge: str) -> str:
    """The order in which the relations of a step to one node are preferred."""
    far = f"{edge}.{quoted(ends(hop)[1])}"
    return f"{edge}.since DESC NULLS LAST, {far}" if hop.relation.dated else far


# Values


def constant(text: str | None) -> str:
    return "NULL" if text is None else literal(text)


def boolean(condition: str) -> str:
    return f"json(iif({condition}, 'true', 'false'))"


def shown(prop: Property, column: str) -> str:
    """A stored value as an answer shows it."""
    match prop.type:
        case Type.BOOLEAN:
            return f"json(iif({column} IS NULL, NULL, iif({column}, 'true', 'false')))"
        case Type.ENUM:
            return f"upper({column})"
        case Type.TEXTS:
            return f"json({column})"
        case _:
            return column


def as_text(prop: Property, column: str) -> str:
    """A stored value as text, as a group's value shows it."""
    match prop.type:
        case Type.BOOLEAN:
            return f"iif({column} IS NULL, NULL, iif({column}, 'true', 'false'))"
        case Type.ENUM:
            return f"upper({column})"
        case _:
            return f"CAST({column} AS TEXT)"


def cursor(row: Row) -> str:
    name = literal(p.signature(row.kind.name, row.order))
    keys = [shown_key(key, row.column) for key in row.order]
    return f"lower(hex(json_array({', '.join([name, *keys])})))"


def shown_key(key: p.Key, column: Column) -> str:
    stored = column(key.property, key.on_edge)
    return shown(key.property, stored) if key.property.type is Type.BOOLEAN else stored


# Comparisons


def compared(op: Op, prop: Property, column: str, param: str) -> str:
    match op:
        case Op.EQ:
            return f"{column} = {param}"
        case Op.NE:
            return f"{column} <> {param}"
        case Op.GT:
            return f"{column} > {param}"
        case Op.GTE:
            return f"{column} >= {param}"
        case Op.LT:
            return f"{column} < {param}"
        case Op.LTE:
            return f"{column} <= {param}"
        case Op.IN:
            return f"{column} IN (SELECT value FROM json_each({param}))"
        case Op.CONTAINS:
            return f"instr({column}, {param}) > 0"
        case Op.CONTAINS_IGNORE_CASE:
            return f"instr(fold({column}), {param}) > 0"
        case Op.STARTS_WITH:
            return f"({column} >= {param} AND substr({column}, 1, length({param})) = {param})"
        case Op.HAS:
            return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {param})"
        case _:
            assert_never(op)


# Orders


def indexed(order: tuple[p.Key, ...]) -> bool:
    """Whether an index gives this order, so that a page is found without visiting every row."""
    return order[0].property.name in ("id", "name") and not order[0].on_edge


def ordering(order: tuple[p.Key, ...], column: Column, *, reverse: bool = False) -> str:
    return ", ".join(_ordered(key, column(key.property, key.on_edge), reverse) for key in order)


def _ordered(key: p.Key, column: str, reverse: bool) -> str:
    direction = "DESC" if key.descending != reverse else "ASC"
    nulls = f" NULLS {'FIRST' if reverse else 'LAST'}" if key.property.nullable else ""
    return f"{column} {direction}{nulls}"


def later(order: tuple[p.Key, ...], places: Places, column: Column, at: str) -> str:
    """That a row comes after a place in an order; `at` says what holds for the row at the place itself."""
    if compact := _compact(order, places, column, at, ascending=True):
        return compact
    if not order:
        return at
    key, place, rest = order[0], places[0], later(order[1:], places[1:], column, at)
    stored = column(key.property, key.on_edge)
    if place is None:
        return f"({stored} IS NULL AND {rest})"
    beyond = f"{stored} {'<' if key.descending else '>'} :{place.name}"
    missing = f" OR {stored} IS NULL" if key.property.nullable else ""
    return f"({beyond}{missing} OR ({stored} = :{place.name} AND {rest}))"


def earlier(order: tuple[p.Key, ...], places: Places, column: Column, at: str) -> str:
    """That a row comes before a place in an order; `at` says what holds for the row at the place itself."""
    if compact := _compact(order, places, column, at, ascending=False):
        return compact
    if not order:
        return at
    key, place, rest = order[0], places[0], earlier(order[1:], places[1:], column, at)
    stored = column(key.property, key.on_edge)
    if place is None:
        return f"({stored} IS NOT NULL OR {rest})"
    beyond = f"{stored} {'>' if key.descending else '<'} :{place.name}"
    return f"({beyond} OR ({stored} = :{place.name} AND {rest}))"


def _compact(order: tuple[p.Key, ...], places: Places, column: Column, at: str, *, ascending: bool) -> str:
    """The comparison as one of row values, which searches an index, where keys allow it."""
    alike = len({key.descending for key in order}) == 1
    if not alike or any(key.property.nullable for key in order) or None in places:
        return ""
    names = ", ".join(column(key.property, key.on_edge) for key in order)
    values = ", ".join(f":{place.name}" for place in places if place)
    sign = ">" if ascending != order[0].descending else "<"
    return f"({names}) {sign}{'=' if at == TRUE else ''} ({values})"


# Tables


def declarations(table: Table) -> list[str]:
    """The statements that make a table, its indexes and what reads it from both ends."""
    if isinstance(table, Kind):
        return [_table(table, table.table), *(_index(table, p.name) for p in (*table.values,) if _wanted(p))]
    made = [_table(table, table.table), _table(table, f"{table.table}~waiting")]
    made.append(f'CREATE INDEX {quoted(table.table + "~back")} ON {quoted(table.table)} ("to", "from")')
    return [*made, _both(table)] if table.symmetric else made


def _wanted(prop: Property) -> bool:
    return prop.name == "name" or prop.unique


def _index(table: Table, name: str) -> str:
    return f"CREATE INDEX {quoted(f'{table.table}~{name}')} ON {quoted(table.table)} ({quoted(name)})"


def _table(table: Table, name: str) -> str:
    columns = [f"{quoted(p.name)} TEXT NOT NULL" for p in table.key]
    columns += [f"{quoted(p.name)} {column_type(p)}" for p in table.values]
    columns += ["sources TEXT NOT NULL", "locators TEXT NOT NULL", "claims TEXT"]
    key = ", ".join(quoted(p.name) for p in table.key)
    return f"CREATE TABLE {quoted(name)} ({', '.join(columns)}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"


def _both(relation: Relation) -> str:
    rest = "".join(f", {quoted(p.name)}" for p in (*relation.key[2:], *relation.columns))
    table = quoted(relation.table)
    return (
        f'CREATE VIEW {links(relation)} AS SELECT "from", "to"{rest} FROM {table} '
        f'UNION ALL SELECT "to" AS "from", "from" AS "to"{rest} FROM {table}'
    )


def column_type(prop: Property) -> str:
    match prop.type:
        case Type.INTEGER | Type.BOOLEAN:
            return "INTEGER"
        case Type.DECIMAL:
            return "REAL"
        case _:
            return "TEXT NOT NULL" if prop.required or prop.is_list else "TEXT"
