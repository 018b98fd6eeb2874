"""Provenance in Cypher: the sources of a node, and what each says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from graph import plan as p
from graph import provenance
from graph.model import CLAIMS, LOCATORS, SOURCES, Kind
from graph.stores.cypher_terms import Cells, Lines, Row, Shape, call, constant, obj, shown

_from_json = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sources that speak of a row: variables for the place of one among them, its id and when it was loaded, and what
    is asked of it. A shape of one takes its cells, what it says and, of that, one value."""

    row: Row
    kind: Kind
    outer: Cells
    place: str
    source: str
    loaded: str
    cells: Cells = field(default_factory=Cells)

    def entry(self, name: str) -> Shape:
        match name:
            case "sourceId":
                found = self.cells.get(self.source)
            case "loadedAt":
                found = self.cells.get(self.load_record())
            case "locator":
                locator = self.cells.get(f"{self.row.column(LOCATORS, False)}[{self.place}]")
                return lambda one: locator(one[0]) or None
            case _:
                raise TypeError(f"a source has no {name}")
        return lambda one: found(one[0])

    def load_record(self) -> str:
        """The variable of when the source was loaded, looked up once."""
        if self.loaded not in self.cells.places:
            record = f"OPTIONAL MATCH (l:`_CivicSource` {{id: {self.source}}})"
            self.cells.calls += call([self.source], [record, f"RETURN l.loadedAt AS {self.loaded}"])
        return self.loaded

    def said(self, said: p.Said) -> Shape:
        """What a source says, a list."""
        place, claims = self.cells.get(self.place), self.outer.get(self.row.column(CLAIMS, False))
        visible = [shown(prop, self.outer.get(self.row.column(prop, False))) for prop in said.properties]
        of, shape = provenance.sayings(self.kind, said.properties), _said_value(said.value)

        def each(one: Any) -> Any:
            cells, row = one
            claim = _from_json(claims(row))[place(cells)] if claims(row) else None
            return [shape(value) for value in provenance.said(of, [value(row) for value in visible], claim)]

        return each

    def lines(self) -> Lines:
        """Lines that go through the sources of the row, of which there are none where there is no row."""
        sources = self.row.column(SOURCES, False)
        return [
            f"UNWIND range(0, coalesce(size({sources}), 0) - 1) AS {self.place}",
            f"WITH {self.place}, {sources}[{self.place}] AS {self.source}",
        ]


def _said_value(value: p.Value) -> Shape:
    match value:
        case p.Obj(fields):
            return obj(fields, _said_value)
        case p.Const(text):
            return constant(text)
        case p.Entry(name):
            return lambda said: getattr(said, name)
        case _:
            raise TypeError(f"{value} is no value of what is said")
