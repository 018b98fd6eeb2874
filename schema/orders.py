"""Orders: what `orderBy` asks for, and the places in an order that cursors name."""

from __future__ import annotations

from typing import Any

from graph import plan as p
from graph.cursors import read_cursor, signature
from graph.errors import BadCursor, BadInput
from graph.model import ID, KEY, Hop, Kind, Type, named
from graph.plan import Convert
from schema.arguments import Leaf, Tree, items, plain
from schema.params import Params

PLACES: dict[Type, tuple[type, ...]] = {Type.INTEGER: (int,), Type.DECIMAL: (int, float), Type.BOOLEAN: (bool,)}


def order_of(given: Tree | None, kind: Kind, hop: Hop | None) -> tuple[p.Key, ...]:
    """The keys of an order, those first that are asked for, and last the ones that leave no two rows alike."""
    keys = [key_of(plain(item), kind, hop) for item in items(given)] if given is not None else []
    keys = keys or [p.Key(kind.values[0])]
    first: dict[tuple[str, bool], p.Key] = {}
    for key in keys:
        first.setdefault((key.property.name, key.on_edge), key)
    known = list(first.values())
    ends = [p.Key(ID, known[-1].descending)] if all(k.property is not ID for k in known) else []
    if hop and hop.relation.keys:
        ends.append(p.Key(KEY, known[-1].descending, on_edge=True))
    return (*known, *ends)


def key_of(item: Any, kind: Kind, hop: Hop | None) -> p.Key:
    name, direction = _only(item)
    if name == "edge" and hop:
        name, direction = _only(direction)
        return p.Key(named(hop.relation.columns, name), direction == "DESC", on_edge=True)
    return p.Key(named(kind.columns, name), direction == "DESC")


def seek(given: Tree | None, name: str, kind: Kind, order: tuple[p.Key, ...], params: Params) -> p.Seek | None:
    if not isinstance(given, Leaf):
        return None
    made_for, *places = read_cursor(given.value)
    if made_for != signature(kind.name, order) or len(places) != len(order):
        raise BadCursor(f"{name} is a cursor of another kind or order; use one from the same query")
    for place, key in zip(places, order, strict=True):
        if place is not None and type(place) not in PLACES.get(key.property.type, (str,)):
            raise BadCursor(f"{name} is not a cursor of this API: it has another type of {key.property.name}")
    return p.Seek(
        tuple(None if place is None else params.add(given, Convert.CURSOR, index) for index, place in enumerate(places))
    )


def _only(item: Any) -> tuple[str, Any]:
    """The one field of an order's item. Raises BadInput where a variable left it empty."""
    if not isinstance(item, dict) or len(item) != 1 or None in item.values():
        fields = ", ".join(item) if isinstance(item, dict) and item else "no field"
        raise BadInput(f"an item of orderBy has {fields}; expected one field with a direction")
    return next(iter(item.items()))
