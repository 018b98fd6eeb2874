"""What a store of a model can hold, as data that the store keeps, and whether a later model can hold it as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from graph.errors import Incompatible
from graph.model import Model, Property, Relation, Table

EXPORT = (
    "load its sources into a new store, or move it: `civic-graph export graph.jsonl` with the version that made it, "
    "`civic-graph load graph.jsonl` into a new store with this one"
)
MEANWHILE = "was brought up to date by a newer version of Civic Graph meanwhile: update this one, and start it again"


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """A property."""

    name: str
    type: str
    required: bool = False
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, prop: Property) -> Value:
        return cls(prop.name, prop.type.value, prop.required, prop.values)


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table: its values in their order, and of a relation its ends and what tells its rows apart."""

    values: tuple[Value, ...]
    ends: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    symmetric: bool = False

    @classmethod
    def of(cls, table: Table) -> Shape:
        values = tuple(map(Value.of, table.values))
        if isinstance(table, Relation):
            return cls(values, (table.source, table.target), table.keys, table.symmetric)
        return cls(values)

    def places(self, table: Table) -> list[int | None]:
        """Where each value of a table was among these, None where it was not."""
        at = {value.name: place for place, value in enumerate(self.values)}
        return [at.get(prop.name) for prop in table.values]


class Description(msgspec.Struct, frozen=True):
    """A model, as far as records depend on it."""

    revision: int
    tables: dict[str, Shape]

    @classmethod
    def of(cls, model: Model) -> Description:
        return cls(model.revision, {table.table: Shape.of(table) for table in model.tables})

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


def kept(text: str | None, model: Model, place: str) -> Description:
    """The description that a store keeps, of which a model can hold all.

    Raises Incompatible, saying what to do, where the store was made by a newer model, or by one that held what this
    one cannot.
    """
    try:
        found = msgspec.json.decode(text or "", type=Description)
    except msgspec.DecodeError as error:
        raise Incompatible(f"{place} was made before stores described their model; {EXPORT}") from error
    if found.revision > model.revision:
        versions = f"model {found.revision}, this is {model.revision}"
        raise Incompatible(f"{place} was made by a newer version of Civic Graph ({versions}): update")
    if reason := next(lost(found, model), None):
        raise Incompatible(f"{place} was made by another version of the model, in which {reason}; {EXPORT}")
    return found


def lost(found: Description, model: Model) -> Iterator[str]:
    """What could be held by the model described, and cannot be by this one."""
    tables = {table.table: Shape.of(table) for table in model.tables}
    for name, before in found.tables.items():
        after = tables.get(name)
        if after is None:
            yield f"there was {name}"
            continue
        if (before.ends, before.keys, before.symmetric) != (after.ends, after.keys, after.symmetric):
            yield f"{name} was told apart otherwise"
        yield from (f"{name}.{value}" for value in _lost_values(before, after))


def _lost_values(before: Shape, after: Shape) -> Iterator[str]:
    known, old = {v.name: v for v in after.values}, {v.name: v for v in before.values}
    for value in before.values:
        now = known.get(value.name)
        if now is None or now.type != value.type:
            yield f"{value.name} was {value.type}"
        elif gone := set(value.values) - set(now.values):
            yield f"{value.name} could be {', '.join(sorted(gone))}"
    for value in after.values:
        if value.required and not (value.name in old and old[value.name].required):
            yield f"{value.name} could be missing"


def widened(claims: str, places: list[int | None], table: Table) -> str:
    """The claims of a record, as stores keep them, with the values of a table instead of those at these places."""
    blank: list[Any] = [[] if prop.is_list else None for prop in table.values]
    said = [
        [blank[at] if place is None else values[place] for at, place in enumerate(places)]
        for values in msgspec.json.decode(claims)
    ]
    return msgspec.json.encode(said).decode()
