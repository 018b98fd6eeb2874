"""Terms of Cypher: names, rows, parts of a statement, and the shapes that turn lists by position into an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import msgspec

from graph import plan as p
from graph.cursors import signature
from graph.model import CLAIMS, ID, KEY, Hop, Kind, Property, Type

TRUE, FALSE = "true", "false"

Shape = Callable[[Any], Any]  # from a list by position to a value of the answer
Lines = list[str]
Places = tuple[p.Param | None, ...]


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


class Names:
    """Names of variables, none of which a statement has twice."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, letter: str) -> str:
        self.given += 1
        return f"{letter}{self.given - 1}"


@dataclass(slots=True)
class Cells:
    """What a part of a statement returns, by position, and the subqueries this comes from."""

    places: dict[str, int] = field(default_factory=dict)
    calls: Lines = field(default_factory=list)

    def get(self, expression: str) -> Shape:
        return itemgetter(self.places.setdefault(expression, len(self.places)))

    @property
    def text(self) -> str:
        return f"[{', '.join(self.places)}]"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that expressions speak of: its variables, its kind, and the order of its page."""

    node: str
    kind: Kind
    edge: str = ""
    order: tuple[p.Key, ...] = ()

    @property
    def variables(self) -> list[str]:
        return [self.edge, self.node] if self.edge else [self.node]

    def column(self, prop: Property, on_edge: bool) -> str:
        return f"{self.edge if on_edge else self.node}.{quoted(stored(prop))}"


# Names


def stored(prop: Property) -> str:
    """The name under which a property is kept: what is ours alone begins with an underscore."""
    return f"_{prop.name}" if prop in (KEY, CLAIMS) else prop.name


def folded_name(prop: Property) -> str:
    """Where text is kept without case and accents, if `toLower` does not give the same."""
    return f"_folded_{prop.name}"


def sortable_name(prop: Property) -> str:
    """Where wide text is kept as it compares by code point."""
    return f"_sortable_{prop.name}"


# Parts of a statement


def indented(lines: Lines) -> Lines:
    return [f"  {line}" for line in lines]


def call(scope: list[str], lines: Lines) -> Lines:
    return [f"CALL ({', '.join(scope)}) {{", *indented(lines), "}"]


def scope(outer: Row | None) -> list[str]:
    return [outer.node] if outer else []


def where(conditions: Lines) -> Lines:
    return [f"WHERE {' AND '.join(conditions)}"] if conditions else []


def joined(word: str, parts: Lines) -> str:
    return f"({f' {word} '.join(parts)})" if len(parts) > 1 else "".join(parts)


def without(one: p.Has | None, parts: tuple[p.Predicate, ...]) -> p.AllOf:
    return p.AllOf(tuple(part for part in parts if part is not one))


def always(row: Row) -> str:
    return f"{row.node}.id IS NOT NULL"


def never(row: Row) -> str:
    return f"{row.node}.id IS NULL"  # a literal false fails the planner of 5.26 at times


def pattern(hop: Hop, near: str, target: Row) -> str:
    """A step as a pattern; `near` is a variable or a node in its parentheses."""
    start = near if near.startswith("(") else f"({near})"
    left = "-" if hop.forward or hop.relation.symmetric else "<-"
    right = "->" if hop.forward and not hop.relation.symmetric else "-"
    kind = quoted(target.kind.table)
    return f"{start}{left}[{target.edge}:{quoted(hop.relation.name)}]{right}({target.node}:{kind})"


def indexed(order: tuple[p.Key, ...]) -> bool:
    """Whether an index gives this order, so that a page is found without visiting every row."""
    return order[0].property.name in (ID.name, "name") and not order[0].on_edge


def ordering(order: tuple[p.Key, ...], row: Row, *, reverse: bool = False) -> str:
    return ", ".join(_ordered(key, row.column(key.property, key.on_edge), reverse) for key in order)


def _ordered(key: p.Key, column: str, reverse: bool) -> str:
    """Cypher has missing values last when ascending, and first when descending."""
    descending = key.descending != reverse
    direction = f"{column} DESC" if descending else column
    if not key.property.nullable or descending == reverse:
        return direction
    return f"{column} IS {'NOT ' if reverse else ''}NULL, {direction}"


# Shapes


def obj(fields: tuple[tuple[str, p.Value], ...], render: Callable[[p.Value], Shape]) -> Shape:
    """An object; small ones, of which answers have hundreds, are written out: half of the time of a loop."""
    match [(name, render(value)) for name, value in fields]:
        case [(a, x)]:
            return lambda row: {a: x(row)}
        case [(a, x), (b, y)]:
            return lambda row: {a: x(row), b: y(row)}
        case [(a, x), (b, y), (c, z)]:
            return lambda row: {a: x(row), b: y(row), c: z(row)}
        case shapes:
            return lambda row: {name: shape(row) for name, shape in shapes}


def constant(value: Any) -> Shape:
    return lambda row: value


def within(place: Shape, shape: Shape) -> Shape:
    """The shape of what is at a place, null where nothing is."""

    def one(row: Any) -> Any:
        inner = place(row)
        return None if inner is None else shape(inner)

    return one


def either(one: Shape | None, other: Shape | None) -> Shape:
    """Whether one or the other holds; what is None does not."""
    if one and other:
        return lambda row: one(row) or other(row)
    return one or other or constant(False)


def each(place: Shape, shape: Shape) -> Shape:
    return lambda row: [shape(inner) for inner in place(row)]


def entry_value(value: p.Value, found: str, cells: Cells) -> Shape:
    match value:
        case p.Obj(fields):
            return obj(fields, lambda v: entry_value(v, found, cells))
        case p.Const(text):
            return constant(text)
        case p.Entry(name):
            return cells.get(f"{found}.{quoted(name)}")
        case _:
            raise TypeError(f"{value} is no value of an entry")


def shown(prop: Property, place: Shape) -> Shape:
    """A stored value as an answer shows it."""
    match prop.type:
        case Type.ENUM:
            return within(place, str.upper)
        case Type.TEXTS:
            return lambda row: place(row) or []
        case _:
            return place


def as_text(prop: Property, place: Shape) -> Shape:
    """A stored value as text, as a group's value shows it."""
    match prop.type:
        case Type.BOOLEAN:
            return within(place, lambda value: "true" if value else "false")
        case Type.ENUM:
            return within(place, str.upper)
        case _:
            return within(place, str)


def cursor(row: Row, cells: Cells) -> Shape:
    name = signature(row.kind.name, row.order)
    keys = [cells.get(row.column(key.property, key.on_edge)) for key in row.order]
    return lambda got: msgspec.json.encode([name, *(key(got) for key in keys)]).hex()
