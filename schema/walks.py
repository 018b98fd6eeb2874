"""Walks along relations: the root fields `path` and `neighbourhood`, their types and their plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from graphql import FieldNode

from graph import plan as p
from graph.errors import BadInput
from graph.model import Hop, Model
from graph.walks import LINK, STEP
from schema import limits
from schema.arguments import Leaf, Tree, plain

if TYPE_CHECKING:
    from schema.planner import At, Planner
    from schema.selections import Fields


def path(planner: Planner, nodes: list[FieldNode], given: dict[str, Tree], at: At) -> p.Value:
    hops = _number(given, "maxHops", limits.HOPS, limits.MAX_HOPS)
    names = plain(given["via"]) if "via" in given else None
    steps = tuple(hop for hop in _steps(planner.model) if names is None or hop.relation.name in names)
    at = planner.walk(at, hops + 1)
    start, end = planner.params.add(_leaf(given["from"])), planner.params.add(_leaf(given["to"]))
    rows = planner.params.computed()
    planner.walks.append(p.ShortestPath(start, end, hops, planner.model.kinds, steps, at.day, rows))
    fields = planner.below(nodes, "PathStep")
    return p.IfThere(rows, p.Computed(rows, STEP, _row(planner, fields, "PathStep", at)))


def neighbourhood(planner: Planner, nodes: list[FieldNode], given: dict[str, Tree], at: At) -> p.Value:
    hops = _number(given, "hops", limits.WIDTH, limits.MAX_WIDTH)
    limit = p.page_size("limit", plain(given.get("limit", Leaf(limits.DEFAULT_PAGE))), least=1)
    kinds = {kind.name for kind in planner.kinds(given.get("kinds"))}
    steps = tuple(hop for hop in _steps(planner.model) if hop.target in kinds)
    at = planner.walk(at, limit)
    centre = planner.params.add(_leaf(given["of"]))
    found, links, more = (planner.params.computed() for _ in range(3))
    planner.walks.append(p.Around(centre, hops, planner.model.kinds, steps, at.day, limit, found, links, more))
    values: dict[str, p.Value] = {}
    for key, below in planner.below(nodes, "Neighbourhood").items():
        match below[0].name.value:
            case "nodes":
                cases = planner.cases(below, planner.model.kinds, at)
                values[key] = p.Computed(found, STEP[:1], p.ByKind(cases))
            case "links":
                fields = planner.below(below, "Link")
                values[key] = p.Computed(links, LINK, _row(planner, fields, "Link", at))
            case "hasMore":
                values[key] = p.Flag(more)
            case _:
                values[key] = p.Const("Neighbourhood")
    return p.IfThere(found, planner.object(values))


FIELDS: dict[str, Callable[[Planner, list[FieldNode], dict[str, Tree], At], p.Value]] = {
    "path": path,
    "neighbourhood": neighbourhood,
}


def _row(planner: Planner, fields: Fields, on: str, at: At) -> p.Value:
    properties = {prop.name: prop for prop in (*STEP, *LINK)}
    values: dict[str, p.Value] = {}
    for key, nodes in fields.items():
        match nodes[0].name.value:
            case "node":
                values[key] = p.ByKind(planner.cases(nodes, planner.model.kinds, at))
            case "__typename":
                values[key] = p.Const(on)
            case name:
                values[key] = p.Get(properties[name])
    return planner.object(values)


def _steps(model: Model) -> tuple[Hop, ...]:
    return tuple(hop for kind in model.kinds for hop in model.hops(kind))


def _number(given: dict[str, Tree], name: str, default: int, most: int) -> int:
    number = plain(given.get(name, Leaf(default)))
    if not isinstance(number, int) or not 1 <= number <= most:
        raise BadInput(f"{name} is {number}; expected 1 to {most}")
    return number


def _leaf(value: Tree) -> Leaf:
    assert isinstance(value, Leaf)
    return value
