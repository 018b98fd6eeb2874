"""What rows can be grouped by, and what of them can be added up: read off the model, for types and plans alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graph import plan as p
from graph.model import Hop, Kind, Model, Property, Relation, Type, snake
from graph.plan import Part

NUMERIC = (Type.INTEGER, Type.DECIMAL)
COUNTABLE = (Type.ENUM, Type.BOOLEAN, Type.INTEGER)  # there are few values, and one at a time

Grouping = p.By | Hop


def groupings(model: Model, kind: Kind, relation: Relation | None = None) -> dict[str, Grouping]:
    """What a connection can be grouped by, by the name of the enum's value: what a kind has, and what the relation
    has that leads to it.

    Raises ValueError where two have one name.
    """
    found: list[tuple[str, Grouping]] = [(name, by) for prop in kind.values for name, by in _of(prop)]
    found += [(snake(hop.field).upper(), hop) for hop in model.hops(kind)]
    if relation:
        found += [(f"EDGE_{name}", by) for prop in relation.values for name, by in _of(prop, relation)]
    named = dict(found)
    if len(named) < len(found):
        raise ValueError(f"{kind.name} can be grouped by two things of one name; rename a property of it")
    return named


def _of(prop: Property, relation: Relation | None = None) -> Iterator[tuple[str, p.By]]:
    """A property, or each part of a date. What two nodes can be related by more than once is there to tell apart."""
    name, on_edge = snake(prop.name).upper(), relation is not None
    if prop.type is Type.DATE:
        yield from ((f"{name}_{part.name}", p.By(prop, on_edge, part)) for part in Part)
    elif prop.type in COUNTABLE or (relation and prop.name in relation.keys and not prop.is_list):
        yield name, p.By(prop, on_edge)


def numeric(properties: Iterable[Property]) -> tuple[Property, ...]:
    """The properties that can be added up."""
    return tuple(prop for prop in properties if prop.type in NUMERIC)
