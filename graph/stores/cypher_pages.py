"""Pages in Cypher: rows that are picked once for all that is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from graph import plan as p
from graph.stores.cypher_terms import Cells, Row, Shape


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
