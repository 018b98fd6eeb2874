"""Provenance: what each source says of a node, from the claims that a store keeps where several sources speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graph.model import Kind, Property, Type


class Said(NamedTuple):
    """A value that a source says, and whether the node shows it."""

    property: str
    value: Any
    shown: bool


class Saying(NamedTuple):
    """A property of which is told who says what, and its place among the values of a claim."""

    name: str
    type: Type
    place: int


def sayings(kind: Kind, properties: Sequence[Property]) -> tuple[Saying, ...]:
    """How properties stand in the claims of a kind, as the store has it."""
    places = {prop.name: place for place, prop in enumerate(kind.values)}
    return tuple(Saying(prop.name, prop.type, places[prop.name]) for prop in properties)


def said(of: Sequence[Saying], shown: Sequence[Any], claim: Sequence[Any] | None) -> list[Said]:
    """What a claim says, beside what the node shows; without a claim the node shows what its one source says. Of a
    text list the node shows all that is said."""
    found = []
    for saying, visible in zip(of, shown, strict=True):
        value = visible if claim is None else _as_shown(saying.type, claim[saying.place])
        if value is not None and value != []:
            found.append(Said(saying.name, value, saying.type is Type.TEXTS or value == visible))
    return found


def _as_shown(type_: Type, value: Any) -> Any:
    if value is None:
        return None
    match type_:
        case Type.ENUM:
            return value.upper()
        case Type.DECIMAL:
            return float(value)
        case _:
            return value
