"""Groups in SQL: what rows are grouped by, and what is added up of each group."""

from __future__ import annotations

from dataclasses import dataclass, field

from graph import plan as p
from graph.model import Kind, Property
from graph.plan import Part
from graph.stores.sql_tables import quoted
from graph.stores.sql_terms import Row, as_text


@dataclass(frozen=True, slots=True)
class Grouped:
    """Groups as the outer half of a statement speaks of them: their value `v` as text, the kind of node it names, and
    the columns asked of the inner half, in which the rows are."""

    rows: Row
    text: str
    kind: Kind | None = None
    columns: dict[str, str] = field(default_factory=dict)

    def added(self, function: str, prop: Property, on_edge: bool) -> str:
        """A sum or an average, from the parts that `graph.sums` speaks of."""
        value, name = self.rows.column(prop, on_edge), f"{'e' if on_edge else 'n'}_{prop.name}"
        parts = {
            f"{name}_number": f"count({value})",
            f"{name}_size": f"total(abs(floor({value})))",
            f"{name}_whole": f"total(floor({value}))",
            f"{name}_rest": f"total(floor(({value} - floor({value})) * 1e9 + 0.5))",
        }
        self.columns.update(parts)
        return f"{function}({', '.join([str(prop.scale), *map(quoted, parts)])})"


def shared(by: p.By, row: Row) -> str:
    """What the rows of a group have in common. Of an academic year it is the year in which it begins."""
    value = row.column(by.property, by.on_edge)
    match by.part:
        case None:
            return value
        case Part.YEAR:
            return f"substr({value}, 1, 4)"
        case Part.MONTH:
            return f"iif(length({value}) >= 7, substr({value}, 1, 7), NULL)"
        case Part.ACADEMIC_YEAR:
            begins = f"CAST(substr({value}, 1, 4) AS INTEGER) - (substr({value}, 6, 2) < '08')"
            return f"iif(length({value}) >= 7, {begins}, NULL)"


def shared_text(by: p.By, value: str) -> str:
    """What the rows of a group have in common as text."""
    if by.part is Part.ACADEMIC_YEAR:
        return f"iif({value} IS NULL, NULL, printf('%04d/%02d', {value}, ({value} + 1) % 100))"
    return as_text(by.property, value)
