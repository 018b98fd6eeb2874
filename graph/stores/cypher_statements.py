"""Statements of Cypher as they are sent: with the state of the graph around what was asked."""

from __future__ import annotations

from dataclasses import dataclass

from graph.stores.cypher_terms import Cells, Shape, call


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text, what makes the answer of what it returns, and the parameters that text is
    compared with by order."""

    text: str
    shape: Shape
    ordered: frozenset[str]


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
