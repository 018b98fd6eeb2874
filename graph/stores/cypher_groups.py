"""Groups in Cypher: what rows are grouped by, and what is added up of each group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from graph import plan as p
from graph.model import Hop, Property
from graph.plan import Part
from graph.stores.cypher_terms import Cells, Lines, Row, Shape, as_text, quoted, within

Sum = Callable[..., float | None]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Groups of rows: what they are grouped by, the variables of its value and of the number of rows, the node that
    it names, and what is added up."""

    rows: Row
    by: p.By | Hop
    target: Row | None
    value: str
    number: str
    sums: dict[str, str] = field(default_factory=dict)
    cells: Cells = field(default_factory=Cells)

    def text(self) -> Shape:
        return shared_text(self.by, self.cells.get(self.value))

    def added(self, function: Sum, prop: Property, on_edge: bool) -> Shape:
        """A sum or an average, from the parts that `graph.sums` speaks of."""
        value, name = self.rows.column(prop, on_edge), f"{self.value}{'e' if on_edge else 'n'}_{prop.name}"
        parts = {
            quoted(f"{name}_number"): f"count({value})",
            quoted(f"{name}_size"): f"sum(abs(floor({value})))",
            quoted(f"{name}_whole"): f"sum(floor({value}))",
            quoted(f"{name}_rest"): f"sum(floor(({value} - floor({value})) * 1e9 + 0.5))",
        }
        self.sums.update(parts)
        places = [self.cells.get(part) for part in parts]
        return lambda row: function(prop.scale, *(place(row) for place in places))

    def lines(self) -> Lines:
        """Lines from rows to groups."""
        counted = [f"count(*) AS {self.number}", *(f"{sum_} AS {name}" for name, sum_ in self.sums.items())]
        known = [self.number, *self.sums]
        if isinstance(self.by, p.By):
            value = f"{shared(self.by, self.rows)} AS {self.value}"
            return [f"WITH {', '.join([value, *counted])}", f"WITH {', '.join([self.value, *known])}"]
        assert self.target
        node = self.target.node
        named = f"{node}.id AS {self.value}"
        return [f"WITH {', '.join([node, *counted])}", f"WITH {', '.join([node, named, *known])}"]


def shared_text(by: p.By | Hop, place: Shape) -> Shape:
    """What the rows of a group have in common as text; of a step, the id of the node it leads to."""
    if isinstance(by, Hop):
        return place
    if by.part is Part.ACADEMIC_YEAR:
        return within(place, lambda year: f"{year:04}/{(year + 1) % 100:02}")
    return as_text(by.property, place)


def shared(by: p.By, row: Row) -> str:
    """What the rows of a group have in common. Of an academic year it is the year in which it begins."""
    value = row.column(by.property, by.on_edge)
    match by.part:
        case None:
            return value
        case Part.YEAR:
            return f"left({value}, 4)"
        case Part.MONTH:
            return f"CASE WHEN size({value}) >= 7 THEN left({value}, 7) END"
        case Part.ACADEMIC_YEAR:
            before = f"CASE WHEN substring({value}, 5, 2) < '08' THEN 1 ELSE 0 END"
            return f"CASE WHEN size({value}) >= 7 THEN toInteger(left({value}, 4)) - {before} END"
