"""Comparisons of Cypher: a property with a parameter, and a row with a place in an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from graph import plan as p
from graph.model import Property
from graph.plan import Op
from graph.stores.cypher_terms import FALSE, TRUE, Places, Row, folded_name, quoted, sortable_name

FEW = 8  # alike comparisons that stand for themselves, so that an index may serve each
Side = Callable[[tuple[p.Key, ...], Places, Row, str], str]
Which = Literal["any", "all"]


@dataclass(frozen=True, slots=True)
class Alike:
    """Comparisons of one property in one way, of which any is to hold, or all."""

    which: Which
    comparisons: Sequence[p.Cmp]


def together(which: Which, parts: Sequence[p.Predicate]) -> Sequence[p.Predicate | Alike]:
    """The parts of a condition, those that compare alike as one where they are many: a server plans a list of values
    at once, but hundreds of comparisons for seconds."""
    alike: dict[object, list[p.Cmp]] = {}
    for part in parts:
        if isinstance(part, p.Cmp):
            alike.setdefault((part.op, part.property, part.on_edge), []).append(part)
    many = [Alike(which, found) for found in alike.values() if len(found) > FEW]
    inside = {id(cmp) for some in many for cmp in some.comparisons}
    return [*(part for part in parts if id(part) not in inside), *many]


class Comparisons:
    """The comparisons of one statement. Text is compared by order as what is kept to be sortable where that is
    `wide`; `ordered` are the parameters it is compared with."""

    def __init__(self, wide: bool) -> None:
        self.wide = wide
        self.ordered: set[str] = set()

    def alike(self, alike: Alike, row: Row, value: str) -> str:
        """That any or all of the comparisons hold; `value` is a name for what is compared with."""
        first = alike.comparisons[0]
        values = f"[{', '.join(f'${cmp.param.name}' for cmp in alike.comparisons)}]"
        if alike.which == "any" and first.op is Op.EQ:
            return f"{row.column(first.property, first.on_edge)} IN {values}"
        (one,) = {self.compared(cmp, row, value) for cmp in alike.comparisons}  # of each, as it notes what is ordered
        return f"{alike.which}({value} IN {values} WHERE {one})"

    def compared(self, cmp: p.Cmp, row: Row, value: str = "") -> str:
        """That a property compares so with its parameter, or with a value that stands in its place."""
        column, param = row.column(cmp.property, cmp.on_edge), value or f"${cmp.param.name}"
        match cmp.op:
            case Op.EQ:
                return f"{column} = {param}"
            case Op.NE:
                return f"{column} <> {param}"
            case Op.GT:
                return f"{self.comparable(cmp.property, row, cmp.on_edge, cmp.param)} > {param}"
            case Op.GTE:
                return f"{self.comparable(cmp.property, row, cmp.on_edge, cmp.param)} >= {param}"
            case Op.LT:
                return f"{self.comparable(cmp.property, row, cmp.on_edge, cmp.param)} < {param}"
            case Op.LTE:
                return f"{self.comparable(cmp.property, row, cmp.on_edge, cmp.param)} <= {param}"
            case Op.IN:
                return f"{column} IN {param}"
            case Op.CONTAINS:
                return f"{column} CONTAINS {param}"
            case Op.CONTAINS_IGNORE_CASE:
                folded = f"{row.edge if cmp.on_edge else row.node}.{quoted(folded_name(cmp.property))}"
                return f"coalesce({folded}, toLower({column})) CONTAINS {param}"
            case Op.STARTS_WITH:
                return f"{column} STARTS WITH {param}"
            case Op.HAS:
                return f"{param} IN {column}"
            case _:
                assert_never(cmp.op)

    def comparable(self, prop: Property, row: Row, on_edge: bool, param: p.Param) -> str:
        """A property as it is compared with a parameter by order."""
        column = row.column(prop, on_edge)
        if not prop.is_text:
            return column
        self.ordered.add(param.name)
        if not self.wide:
            return column
        return f"coalesce({row.edge if on_edge else row.node}.{quoted(sortable_name(prop))}, {column})"

    # Places in an order

    def later(self, order: tuple[p.Key, ...], places: Places, row: Row, at: str) -> str:
        """That a row comes after a place in an order; `at` says what holds for the row at the place itself."""
        if not order:
            return at
        key, place, rest = order[0], places[0], self.later(order[1:], places[1:], row, at)
        if place is None:
            return f"({row.column(key.property, key.on_edge)} IS NULL AND {rest})"
        return self.beyond(key, place, row, rest, above=not key.descending, missing=key.property.nullable)

    def earlier(self, order: tuple[p.Key, ...], places: Places, row: Row, at: str) -> str:
        """That a row comes before a place in an order; `at` says what holds for the row at the place itself."""
        if not order:
            return at
        key, place, rest = order[0], places[0], self.earlier(order[1:], places[1:], row, at)
        if place is None:
            return f"({row.column(key.property, key.on_edge)} IS NOT NULL OR {rest})"
        return self.beyond(key, place, row, rest, above=key.descending, missing=False)

    def beyond(self, key: p.Key, place: p.Param, row: Row, rest: str, *, above: bool, missing: bool) -> str:
        """That a row is beyond a place, or beside it and `rest` holds. The first half alone searches an index."""
        column = self.comparable(key.property, row, key.on_edge, place)
        sign = ">" if above else "<"
        if missing:
            beside = "" if rest == FALSE else f" OR ({column} = ${place.name} AND {rest})"
            return f"({column} {sign} ${place.name} OR {column} IS NULL{beside})"
        if rest in (TRUE, FALSE):
            return f"{column} {sign}{'=' if rest == TRUE else ''} ${place.name}"
        return f"({column} {sign}= ${place.name} AND ({column} {sign} ${place.name} OR {rest}))"
