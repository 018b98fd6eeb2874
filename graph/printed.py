"""Plans as people read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, assert_never

from graph import plan as p
from graph.model import Hop, Kind, Property
from graph.plan import Convert

INDENT = "  "


def sort_of(value: Any) -> str:
    """What a value is, without itself: what is printed gets into tickets and mails, where nobody's data belong."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "decimal"
        case str():
            return "text"
        case _:
            return f"list of {len(value)}"


def plan_text(plan: p.Plan, literal: Callable[[Any], str] = sort_of) -> str:
    """A value a line, what it is made of below it, indented; at the end, where parameters come from. Values that stand
    in the document are printed by `literal`."""
    params = [f"{param.name} = {_origin(param, literal)}" for param in plan.params]
    return "\n".join([*_fields(plan.value), *params, *map(_walk, plan.walks)])


def _walk(walk: p.Walk) -> str:
    match walk:
        case p.Counted(cube, total, rows):
            return f"{total.name}, {rows.name} = {cube.name}"
        case p.ShortestPath():
            return f"{walk.rows.name} = path from {walk.start.name} to {walk.end.name} by {_steps(walk)}"
        case p.Around():
            names = f"{walk.nodes.name}, {walk.links.name}, {walk.more.name}"
            return f"{names} = {walk.limit} around {walk.centre.name} by {_steps(walk)}"


def _steps(walk: p.ShortestPath | p.Around) -> str:
    return f"{walk.hops} of {len(walk.steps)} steps"


def _origin(param: p.Param, literal: Callable[[Any], str]) -> str:
    value = "$" + ".".join(map(str, param.path)) if param.path else literal(param.literal)
    match param.convert:
        case Convert.NONE:
            return value
        case Convert.CURSOR:
            return f"cursor({value})[{param.index}]"
        case _:
            return f"{param.convert.value}({value})"


def _fields(value: p.Value) -> Iterator[str]:
    """The lines of what stands below a value."""
    match value:
        case p.Obj(fields):
            for name, inner in fields:
                head, *below = _lines(inner)
                yield f"{name}: {head}"
                yield from below
        case _:
            yield from _lines(value)


def _lines(value: p.Value) -> Iterator[str]:
    match value:
        case p.Obj():
            yield "{}"
            yield from _below(value)
        case p.One(hop, inner, among):
            yield f"one {hop.field}{_among(among)}"
            yield from _below(inner)
        case p.Page():
            yield _page(value)
            yield from _below(value.value)
        case p.Lookup(ids, many, cases):
            yield f"{'nodes' if many else 'node'} {ids.name}"
            yield from _cases(cases)
        case p.IfThere(computed, inner):
            yield f"if {computed.name}"
            yield from _below(inner)
        case p.Computed(rows, columns, inner):
            yield f"rows of {rows.name}: {', '.join(prop.name for prop in columns)}"
            yield from _below(inner)
        case p.Flag(computed) | p.Number(computed):
            yield computed.name
        case p.ByKind(cases):
            yield "ByKind"
            yield from _cases(cases)
        case p.Rows(inner) | p.GroupKeys(inner) | p.GroupNode(inner):
            yield type(value).__name__
            yield from _below(inner)
        case p.Groups(by, limit, inner, among, offset):
            yield f"Groups by {_grouping(by)}{_among(among)} first {limit}{f' after {offset}' if offset else ''}"
            yield from _below(inner)
        case p.GroupSum(prop, on_edge):
            yield f"sum of {_named(prop, on_edge)}"
        case p.GroupAverage(prop, on_edge):
            yield f"average of {_named(prop, on_edge)}"
        case p.Provenance(inner):
            yield "Provenance"
            yield from _below(inner)
        case p.Said(properties, inner):
            yield f"Said of {', '.join(prop.name for prop in properties)}"
            yield from _below(inner)
        case p.Entries(name, inner):
            yield f"Entries {name}"
            yield from _below(inner)
        case p.Get(prop, on_edge):
            yield _named(prop, on_edge)
        case p.Const(text):
            yield json.dumps(text)
        case p.Info(name) | p.Entry(name):
            yield f"{type(value).__name__} {name}"
        case _:
            yield type(value).__name__


def _cases(cases: tuple[tuple[Kind, p.Value], ...]) -> Iterator[str]:
    for kind, inner in cases:
        if inner != p.Obj(()):
            yield f"{INDENT}{kind.name}"
            yield from (INDENT + line for line in _below(inner))


def _below(value: p.Value) -> Iterator[str]:
    return (INDENT + line for line in _fields(value))


def _page(page: p.Page) -> str:
    order = ", ".join(f"{_named(key.property, key.on_edge)}{' desc' if key.descending else ''}" for key in page.order)
    parts = [f"{page.kind.name} along {page.hop.field}" if page.hop else page.kind.name]
    parts += [_search(page.search)] if page.search else []
    parts += [f"where {_predicate(page.where)}"] if page.where != p.AllOf() else []
    parts += [f"by {order}", f"{'last' if page.reverse else 'first'} {page.limit}"]
    parts += [f"{name} {_seek(seek)}" for name, seek in (("after", page.after), ("before", page.before)) if seek]
    return " ".join(parts)


def _among(among: p.Predicate) -> str:
    return "" if among == p.AllOf() else f" among {_predicate(among)}"


def _search(search: p.Search) -> str:
    kinds = ", ".join(kind.name for kind in search.kinds)
    return f"words {search.words.name} in {kinds or 'nothing'}"


def _grouping(by: p.By | Hop) -> str:
    if isinstance(by, Hop):
        return by.field
    return f"{by.part.value} of {_named(by.property, by.on_edge)}" if by.part else _named(by.property, by.on_edge)


def _seek(seek: p.Seek) -> str:
    return f"({', '.join(place.name if place else 'missing' for place in seek.keys)})"


def _named(prop: Property, on_edge: bool) -> str:
    return f"edge.{prop.name}" if on_edge else prop.name


def _predicate(predicate: p.Predicate) -> str:
    match predicate:
        case p.Cmp(op, prop, param, on_edge):
            return f"{_named(prop, on_edge)} {op.value} {param.name}"
        case p.Missing(prop, on_edge):
            return f"{_named(prop, on_edge)} missing"
        case p.AllOf(parts):
            return f"all({', '.join(map(_predicate, parts))})"
        case p.AnyOf(parts):
            return f"any({', '.join(map(_predicate, parts))})"
        case p.Not(part):
            return f"not({_predicate(part)})"
        case p.Has(hop, where, among):
            return f"has({hop.field}{_among(among)}: {_predicate(where)})"
        case _:
            assert_never(predicate)
