"""Terms of SQL: columns, shown values, comparisons and places in an order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from graph import plan as p
from graph.cursors import signature
from graph.model import ID, Hop, Kind, Property, Type
from graph.plan import Op
from graph.stores.sql_json import Json, chosen, json_array
from graph.stores.sql_tables import ends, links, literal, quoted

TRUE, FALSE = "1", "0"

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
    number: float = p.MAX_PAGE  # how many there are of it, at most

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


def boolean(condition: str) -> Json:
    return Json(f"iif({condition}, 'true', 'false')")


def shown(prop: Property, column: str) -> str:
    """A stored value as an answer shows it."""
    match prop.type:
        case Type.BOOLEAN:
            return chosen(f"{column} IS NULL", "NULL", boolean(column))
        case Type.ENUM:
            return f"upper({column})"
        case Type.TEXTS:
            return Json(column)
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
    name = literal(signature(row.kind.name, row.order))
    keys = [shown_key(key, row.column) for key in row.order]
    return f"lower(hex({json_array([name, *keys])}))"


def shown_key(key: p.Key, column: Column) -> str:
    stored = column(key.property, key.on_edge)
    return shown(key.property, stored) if key.property.type is Type.BOOLEAN else stored


# Comparisons


def compared(op: Op, column: str, param: str) -> str:
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


def all_of(conditions: list[str]) -> str:
    return " AND ".join(conditions) or TRUE
