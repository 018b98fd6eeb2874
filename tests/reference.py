"""A naive executable reference of the API: graphql-core with plain resolvers over rows in memory.

It is written from the rules in `graph.plan`, not from any compiler, and does everything the slow, obvious way. What it
shares with the product: the schema's text, the folding of text and its words, and the form of a cursor.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cmp_to_key, lru_cache
from math import floor
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema, execute_sync, parse
from graphql.pyutils import Path

from graph.cursors import read_cursor, signature
from graph.model import ID, KEY, Cube, Hop, Kind, Model, Property, Relation, Table, Type, snake
from graph.plan import Key
from graph.search import FOUND, ORDER, PLACE
from graph.statements import Claim, Load, Statements
from graph.store import Store
from graph.text import fold, words
from schema.types import camel, sdl

# Rows


@dataclass(frozen=True, eq=False)
class Node:
    kind: Kind
    id: str
    values: Mapping[str, Any]
    claims: list[Claim]

    def value(self, prop: Property) -> Any:
        return self.id if prop is ID else self.values[prop.name]


@dataclass(frozen=True, eq=False)
class Link:
    relation: Relation
    start: str
    end: str
    key: str
    values: Mapping[str, Any]

    def value(self, prop: Property) -> Any:
        return self.key if prop is KEY else self.values[prop.name]


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a connection: a node, and the link that led to it, if one did."""

    node: Node
    link: Link | None = None

    def value(self, prop: Property, on_edge: bool) -> Any:
        if not on_edge:
            return self.node.value(prop)
        assert self.link
        return self.link.value(prop)


@dataclass(frozen=True, eq=False)
class Hit(Row):
    """A node that a search found, by its name or else."""

    place: int = 3

    def value(self, prop: Property, on_edge: bool) -> Any:
        return self.place if prop is PLACE else self.node.value(prop)


class Graph:
    """What some sources say, merged."""

    def __init__(self, model: Model, statements: Statements) -> None:
        self.model = model
        self._on: dict[str, Graph] = {}
        self.loads = sorted(statements.loads, key=lambda load: load.source)
        self.places = _places(self.loads)
        self.nodes = {kind.name: self._nodes(kind, statements) for kind in model.kinds}
        self.links = {relation.table: self._links(relation, statements) for relation in model.relations}

    def _nodes(self, kind: Kind, statements: Statements) -> dict[str, Node]:
        records = self._records(kind, statements)
        return {node_id: Node(kind, node_id, _merged(kind, claims), claims) for (node_id,), claims in records.items()}

    def _links(self, relation: Relation, statements: Statements) -> list[Link]:
        records = self._records(relation, statements)
        found = [Link(relation, *key, *([""] * (3 - len(key))), _merged(relation, c)) for key, c in records.items()]
        starts, ends = self.nodes[relation.source], self.nodes[relation.target]
        return [link for link in found if link.start in starts and link.end in ends]

    def _records(self, table: Table, statements: Statements) -> dict[tuple[str, ...], list[Claim]]:
        records: dict[tuple[str, ...], list[Claim]] = {}
        for key, claim in statements.of(table):
            records.setdefault(key, []).append(claim)
        for claims in records.values():
            claims.sort(key=lambda claim: self.places.index(claim.source))
        return records

    def on(self, day: str | None) -> Graph:
        """The graph with the relations that hold on a day, all of them if none is given."""
        if day is None:
            return self
        if day not in self._on:
            then = self._on[day] = copy(self)
            then.links = {table: [link for link in links if holds_on(link, day)] for table, links in self.links.items()}
        return self._on[day]

    # Steps

    def node(self, node_id: str) -> Node | None:
        return next((nodes[node_id] for nodes in self.nodes.values() if node_id in nodes), None)

    def rows(self, kind: Kind) -> list[Row]:
        return [Row(node) for node in self.nodes[kind.name].values()]

    def step(self, node: Node, hop: Hop) -> list[Row]:
        """What a step leads to; of a step to one node, all that it has to choose from."""
        targets, rows = self.nodes[hop.target], []
        for link in self.links[hop.relation.table]:
            if node.id == link.start and (hop.forward or hop.relation.symmetric):
                rows.append(Row(targets[link.end], link))
            if node.id == link.end and (not hop.forward or hop.relation.symmetric):
                rows.append(Row(targets[link.start], link))
        return rows

    def one(self, node: Node, hop: Hop) -> Row | None:
        """The latest since, missing last, then the smallest id (and, not said by the rules, the smallest key)."""
        rows = sorted(self.step(node, hop), key=lambda row: (row.node.id, row.link.key if row.link else ""))
        if hop.relation.dated:
            rows.sort(key=lambda row: row.link.values["since"] or "" if row.link else "", reverse=True)
        return rows[0] if rows else None

    def reached(self, node: Node, hop: Hop) -> list[Row]:
        """The rows that a condition along a step looks at."""
        if hop.many:
            return self.step(node, hop)
        row = self.one(node, hop)
        return [row] if row else []


def holds_on(link: Link, day: str) -> bool:
    """From the first day of `since` until the first of `until`, by the calendar."""
    since, until = link.values.get("since"), link.values.get("until")
    return (since is None or first_day(since) <= date.fromisoformat(day)) and (
        until is None or date.fromisoformat(day) < first_day(until)
    )


def first_day(text: str) -> date:
    year, month, day = [*map(int, text.split("-")), 1, 1][:3]
    return date(year, month, day)


def _places(loads: list[Load]) -> list[str]:
    """The sources, the one that counts most first: by rank, newest, id."""
    by_id = sorted(loads, key=lambda load: load.source)
    by_date = sorted(by_id, key=lambda load: load.date, reverse=True)
    return [load.source for load in sorted(by_date, key=lambda load: load.rank)]


def _merged(table: Table, claims: list[Claim]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for place, prop in enumerate(table.values):
        said = [claim.values[place] for claim in claims]
        if prop.is_list:
            values[prop.name] = list(dict.fromkeys(text for texts in said for text in texts))
        else:
            values[prop.name] = next((value for value in said if value is not None), None)
    return {
        **values,
        "sources": [claim.source for claim in claims],
        "locators": [claim.locator for claim in claims],
    }


# Conditions


def holds(graph: Graph, where: Mapping[str, Any] | None, row: Row) -> bool:
    """Whether a `where` of the row's kind is true for its node."""
    kind = row.node.kind
    hops = {hop.field: hop for hop in graph.model.hops(kind)}
    properties = {prop.name: prop for prop in kind.columns}
    for name, given in (where or {}).items():
        if given is None:
            continue
        if name in ("and", "or", "not"):
            true = _combined(name, given, lambda part: holds(graph, part, row))
        elif name in properties:
            true = compared(properties[name], given, row.node.value(properties[name]))
        elif name in hops and hops[name].many:
            true = quantified(graph, hops[name], given, row.node)
        elif name in hops:
            true = any(holds(graph, given, found) for found in graph.reached(row.node, hops[name]))
        else:
            true = any(edge_holds(given, found) for found in graph.reached(row.node, hops[name.removesuffix("Edge")]))
        if not true:
            return False
    return True


def edge_holds(where: Mapping[str, Any] | None, row: Row) -> bool:
    assert row.link
    properties = {prop.name: prop for prop in row.link.relation.columns}
    for name, given in (where or {}).items():
        if given is None:
            continue
        if name in ("and", "or", "not"):
            true = _combined(name, given, lambda part: edge_holds(part, row))
        else:
            true = compared(properties[name], given, row.link.value(properties[name]))
        if not true:
            return False
    return True


def _combined(name: str, given: Any, holds: Any) -> bool:
    match name:
        case "and":
            return all(holds(part) for part in given)
        case "or":
            return any(holds(part) for part in given)
        case _:
            return not holds(given)


def quantified(graph: Graph, hop: Hop, given: Mapping[str, Any], node: Node) -> bool:
    given = {name: value for name, value in given.items() if value is not None}
    rows = [row for row in graph.step(node, hop) if edge_holds(given.get("edge"), row)]
    if given.keys() == {"edge"}:
        return bool(rows)
    return all(
        {
            "some": lambda where: any(holds(graph, where, row) for row in rows),
            "none": lambda where: not any(holds(graph, where, row) for row in rows),
            "every": lambda where: all(holds(graph, where, row) for row in rows),
        }[name](where)
        for name, where in given.items()
        if name != "edge"
    )


def compared(prop: Property, given: Mapping[str, Any], value: Any) -> bool:
    return all(_compares(prop, op, wanted, value) for op, wanted in given.items())


def _compares(prop: Property, op: str, wanted: Any, value: Any) -> bool:
    if wanted is None:
        return (value is None or value == []) is (op == "eq") if op in ("eq", "ne") else True
    if op in ("isNull", "isEmpty"):
        return (value is None or value == []) is wanted
    if value is None:
        return False
    if prop.type is Type.ENUM:
        wanted = [name.lower() for name in wanted] if op == "in" else wanted.lower()
    if prop.type is Type.DATE and op in ("gt", "gte", "lt", "lte"):
        value, wanted = first_day(value), first_day(wanted)
    return bool(OPERATORS[op](value, wanted))


OPERATORS = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "in": lambda value, wanted: value in wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "contains": lambda value, wanted: wanted in value,
    "containsIgnoreCase": lambda value, wanted: fold(wanted) in fold(value),
    "startsWith": lambda value, wanted: value.startswith(wanted),
    "has": lambda value, wanted: wanted in value,
}


# Orders


def order_of(kind: Kind, hop: Hop | None, given: Iterable[Mapping[str, Any]] | None) -> tuple[Key, ...]:
    """The keys of an order: those named, each where it is named first, then the id, then the relation's key."""
    keys: list[Key] = []
    for item in given or ({"name": "ASC"},):
        ((name, direction),) = item.items()
        table: Table = kind
        if name == "edge" and hop:
            table = hop.relation
            ((name, direction),) = direction.items()
        prop = next(prop for prop in table.columns if prop.name == name)
        key = Key(prop, direction == "DESC", on_edge=table is not kind)
        if all((key.property, key.on_edge) != (known.property, known.on_edge) for known in keys):
            keys.append(key)
    last = keys[-1].descending
    if all(key.property is not ID for key in keys):
        keys.append(Key(ID, last))
    if hop and hop.relation.keys:
        keys.append(Key(KEY, last, on_edge=True))
    return tuple(keys)


Place = tuple[Any, ...]


def place_of(order: tuple[Key, ...], row: Row) -> Place:
    return tuple(row.value(key.property, key.on_edge) for key in order)


def compare(order: tuple[Key, ...], one: Place, other: Place) -> int:
    """Negative where the first comes first."""
    for key, a, b in zip(order, one, other, strict=True):
        if a == b:
            continue
        if a is None or b is None:
            return 1 if a is None else -1
        return -1 if (a < b) is not key.descending else 1
    return 0


def cursor(kind: Kind, order: tuple[Key, ...], row: Row) -> str:
    return json.dumps([signature(kind.name, order), *place_of(order, row)]).encode().hex()


# Connections


class Connection:
    """The rows of a kind or a step that a `where` lets through, in an order, and one page of them."""

    def __init__(self, graph: Graph, rows: list[Row], kind: Kind, hop: Hop | None, given: Mapping[str, Any]) -> None:
        given = {name: value for name, value in given.items() if value is not None}
        self.graph = graph
        self.kind = kind
        self.hop = hop
        self.order = order_of(kind, hop, given.get("orderBy"))
        self.rows = [row for row in rows if holds(graph, given.get("where"), row)]
        if "edge" in given:
            self.rows = [row for row in self.rows if edge_holds(given["edge"], row)]
        by_place = cmp_to_key(lambda a, b: compare(self.order, place_of(self.order, a), place_of(self.order, b)))
        self.rows.sort(key=by_place)
        self._cut(given)

    def _cut(self, given: Mapping[str, Any]) -> None:
        """One page, and what of the connection lies before and after it, whatever cut it off."""
        start, stop = 0, len(self.rows)
        if "after" in given:
            start = sum(self._against(given["after"], row) <= 0 for row in self.rows)
        if "before" in given:
            stop = sum(self._against(given["before"], row) < 0 for row in self.rows)
        between = self.rows[start:stop]
        if from_end := "last" in given:
            self.page = between[max(len(between) - given["last"], 0) :]
        else:
            self.page = between[: given.get("first", 20)]
        over = len(between) > len(self.page)
        self.before = start > 0 or (over and from_end)
        self.after = stop < len(self.rows) or (over and not from_end)

    def _against(self, text: str, row: Row) -> int:
        """Negative where the row comes before the cursor, 0 where it is the cursor's own."""
        return compare(self.order, place_of(self.order, row), tuple(read_cursor(text)[1:]))

    def cursor(self, row: Row) -> str:
        return cursor(self.kind, self.order, row)

    def info(self) -> dict[str, Any]:
        return {
            "hasNextPage": self.after,
            "hasPreviousPage": self.before,
            "startCursor": self.cursor(self.page[0]) if self.page else None,
            "endCursor": self.cursor(self.page[-1]) if self.page else None,
        }

    def groups(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        by, part = _grouping(self.graph.model, self.kind, self.hop, given["by"][0])
        size = 20 if given.get("first") is None else given["first"]
        groups: dict[Any, list[Row]] = {}
        for row in self.rows:
            for value in self._values(row, by, part):
                groups.setdefault(value, []).append(row)
        there = sorted(value for value in groups if value is not None)
        values = [*there, *([None] if None in groups else [])]
        values.sort(key=lambda value: -len(groups[value]))
        offset = given.get("offset") or 0
        return [self._group(by, value, groups[value]) for value in values[offset : offset + size]]

    def _values(self, row: Row, by: tuple[Property, bool] | Hop, part: str) -> set[Any]:
        if isinstance(by, Hop):
            return {found.node.id for found in self.graph.reached(row.node, by)} or {None}
        value = row.value(*by)
        return {PARTS[part](value) if part and value else value}

    def _group(self, by: tuple[Property, bool] | Hop, value: Any, rows: list[Row]) -> dict[str, Any]:
        target = self.graph.nodes[by.target][value] if isinstance(by, Hop) and value is not None else None
        keys = [{"value": as_text(by, value), "node": target}]
        return {"keys": keys, "count": len(rows), "sum": Numbers(rows, _sum), "average": Numbers(rows, _average)}


class Found(Connection):
    """The nodes that a search finds, and one page of them."""

    def __init__(self, graph: Graph, given: Mapping[str, Any]) -> None:
        given = {name: value for name, value in given.items() if value is not None}
        kinds = [k for k in graph.model.kinds if "kinds" not in given or snake(k.name).upper() in given["kinds"]]
        nodes = [node for kind in kinds for node in graph.nodes[kind.name].values()]
        self.kind, self.order = FOUND, ORDER
        self.rows = [Hit(node, None, named(node, given["text"])) for node in nodes if is_found(node, given["text"])]
        self.rows.sort(key=lambda row: place_of(ORDER, row))
        self._cut(given)


def is_found(node: Node, text: str) -> bool:
    """Whether every word stands in the node's text, the last one as the beginning of a word."""
    values = [node.value(prop) for prop in node.kind.values if prop.searchable]
    texts = [text for value in values if value for text in ([value] if isinstance(value, str) else value)]
    known = [word for text in texts for word in words(text).split()]
    *whole, begun = words(text).split() or [None]
    return begun is not None and set(whole) <= set(known) and any(word.startswith(begun) for word in known)


def named(node: Node, text: str) -> int:
    name, asked = words(node.values["name"]), words(text)
    return 0 if name == asked else 1 if name.startswith(asked) else 2 if f" {asked}" in name else 3


PARTS: dict[str, Callable[[str], str | None]] = {
    "_YEAR": lambda day: day[:4],
    "_MONTH": lambda day: day[:7] if len(day) >= 7 else None,
    "_ACADEMIC_YEAR": lambda day: academic_year(day) if len(day) >= 7 else None,
}


def academic_year(day: str) -> str:
    year, month = int(day[:4]), int(day[5:7])
    first = year if month >= 8 else year - 1
    return f"{first:04}/{f'{first + 1:04}'[-2:]}"


def _grouping(model: Model, kind: Kind, hop: Hop | None, name: str) -> tuple[tuple[Property, bool] | Hop, str]:
    """What the value of an enum groups by, and, of a date, its part."""
    named: dict[str, tuple[Property, bool] | Hop] = {snake(prop.name).upper(): (prop, False) for prop in kind.values}
    named |= {snake(step.field).upper(): step for step in model.hops(kind)}
    if hop:
        named |= {f"EDGE_{snake(prop.name).upper()}": (prop, True) for prop in hop.relation.values}
    if name in named:
        return named[name], ""
    return next((named[name.removesuffix(part)], part) for part in reversed(PARTS) if name.removesuffix(part) in named)


def as_text(by: tuple[Property, bool] | Hop, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return value.upper() if isinstance(by, tuple) and by[0].type is Type.ENUM else str(value)


@dataclass(frozen=True)
class Numbers:
    """What is made of the numbers in some rows, by the property."""

    rows: list[Row]
    made: Callable[[list[Fraction]], Fraction]
    on_edge: bool = False

    def of(self, prop: Property) -> float | None:
        values = [row.value(prop, self.on_edge) for row in self.rows]
        known = [Fraction(value) for value in values if value is not None]
        if not known or sum(abs(floor(value)) for value in known) >= 2**53:
            return None
        return float(rounded(self.made([rounded(value, 9) for value in known]), prop.scale))


def _sum(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


def _average(values: list[Fraction]) -> Fraction:
    return _sum(values) / len(values)


def rounded(value: Fraction, places: int) -> Fraction:
    """Half away from zero."""
    nearest = floor(abs(value) * 10**places + Fraction(1, 2))
    return Fraction(nearest if value > 0 else -nearest, 10**places)


def shown(prop: Property, value: Any) -> Any:
    return value.upper() if prop.type is Type.ENUM and value is not None else value


def stated(node: Node, claim: Claim) -> Iterator[dict[str, Any]]:
    """What a claim says of a node; of several sources, the node may show what another says."""
    for prop, value in zip(node.kind.values, claim.values, strict=True):
        if value is None or value == ():
            continue
        shows = prop.is_list or node.values[prop.name] == value
        value = list(value) if prop.is_list else float(value) if prop.type is Type.DECIMAL else value
        yield {"property": prop.name, "value": shown(prop, value), "shown": shows}


# Walks


def neighbours(graph: Graph, node: Node) -> list[tuple[str, str, bool, str, Link]]:
    """Whatever a step leads to: its id, the relation's table, whether against the relation, its key, and itself."""
    found = []
    for hop in graph.model.hops(node.kind):
        for row in graph.step(node, hop):
            assert row.link
            found.append((row.node.id, hop.relation.table, not hop.forward, row.link.key, row.link))
    return sorted(found, key=lambda step: (*step[:4], _span(step[4])))


def _span(link: Link) -> tuple[str, str]:
    return link.values.get("since") or "", link.values.get("until") or ""


def path(graph: Graph, given: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    start, end = graph.node(given["from"]), graph.node(given["to"])
    via = given.get("via")
    if not start or not end:
        return None
    steps = {node_id: [] for nodes in graph.nodes.values() for node_id in nodes}
    for nodes in graph.nodes.values():
        for node in nodes.values():
            steps[node.id] = [s for s in neighbours(graph, node) if via is None or s[4].relation.name in via]
    far = {end.id: 0}  # how many steps it is to the end
    for distance in range(1, (given.get("maxHops") or 4) + 1):
        near = {node_id for node_id in steps if any(far.get(step[0]) == distance - 1 for step in steps[node_id])}
        far |= {node_id: distance for node_id in near if node_id not in far}
    if start.id not in far:
        return None
    found = [_step(start, None, False)]
    while far[found[-1]["node"].id]:
        at = found[-1]["node"].id
        node_id, _, against, _, link = next(step for step in steps[at] if far.get(step[0]) == far[at] - 1)
        found.append(_step(graph.node(node_id), link, against))
    return found


def _step(node: Node | None, link: Link | None, against: bool) -> dict[str, Any]:
    if link is None:
        return {"node": node, "relation": None, "direction": None, "since": None, "until": None}
    return {"node": node, "relation": link.relation.name, "direction": "IN" if against else "OUT", **_dates(link)}


def _dates(link: Link) -> dict[str, Any]:
    return {name: link.values.get(name) for name in ("since", "until")}


def neighbourhood(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any] | None:
    centre, kinds, limit = graph.node(given["of"]), given.get("kinds"), given.get("limit") or 20
    if not centre:
        return None

    def reached(node: Node) -> list[tuple[str, str, bool, str, Link]]:
        steps = neighbours(graph, node)
        return [step for step in steps if kinds is None or _kind_name(graph.node(step[0])) in kinds]

    distance = {centre.id: 0}
    for steps in range(1, (given.get("hops") or 1) + 1):
        last = [node_id for node_id in distance if distance[node_id] == steps - 1]
        for node_id in last:
            for step in reached(graph.node(node_id)):
                distance.setdefault(step[0], steps)
    nodes = sorted(distance, key=lambda node_id: (distance[node_id], node_id))
    shown = nodes[:limit]
    tables = {hop.relation.table for hop in _followed(graph, kinds)}
    links = {
        (table, link.start, link.end, key): link
        for node_id in shown
        for far, table, _, key, link in neighbours(graph, graph.node(node_id))
        if far in shown and table in tables
    }
    return {
        "nodes": [graph.node(node_id) for node_id in shown],
        "links": [
            {"from": start, "to": end, "relation": link.relation.name, **_dates(link)}
            for (_, start, end), link in sorted(
                (((table, *_ends(link)), link) for (table, *_), link in links.items()),
                key=lambda item: (item[0], item[1].key, _span(item[1])),
            )
        ],
        "hasMore": len(nodes) > len(shown),
    }


def _ends(link: Link) -> tuple[str, str]:
    """From where to where; of a symmetric relation, the smaller id first."""
    ends = (link.start, link.end)
    return (min(ends), max(ends)) if link.relation.symmetric else ends


def _kind_name(node: Node) -> str:
    return snake(node.kind.name).upper()


def _followed(graph: Graph, kinds: list[str] | None) -> list[Hop]:
    hops = [hop for kind in graph.model.kinds for hop in graph.model.hops(kind)]
    return [hop for hop in hops if kinds is None or snake(hop.target).upper() in kinds]


# Cubes


def student_counts(graph: Graph, cube: Cube) -> dict[str, Any]:
    """What is told of a cube, counted and rounded the simple way."""
    people = list(graph.nodes[cube.kind].values())
    shared = [_shared(graph, cube, person) for person in people]
    cells = Counter(cell for each in shared for cell in each)
    by = Counter(value for each in shared for value in {value for value, _ in each})
    years = Counter(year for each in shared for year in {year for _, year in each})
    rows = []
    for value, year in sorted(cells, key=lambda cell: (cell[0] is None, cell[0])):
        slices = (by[value], years[year]) if cube.by and cube.year else (len(people),)
        number, whole = 5 * round(cells[value, year] / 5), 5 * round(slices[-1] / 5)
        if number and min(slices) >= 23:
            told = {
                "value": value,
                "academicYear": year,
                "count": number,
                "percentage": int(100 * number / whole + 0.5),
            }
            rows.append({**told, "node": graph.node(value) if value else None})
    rows.sort(key=lambda row: row["academicYear"] or "", reverse=True)
    return {"total": 5 * round(len(people) / 5), "rows": rows}


def _shared(graph: Graph, cube: Cube, person: Node) -> set[tuple[str | None, str | None]]:
    """What a cube counts a person by."""
    properties = {prop.name: prop for prop in person.kind.values}
    hops = {hop.field: hop for hop in graph.model.hops(person.kind)}
    values, year = {None}, None
    if cube.by in hops:
        values = {row.node.id for row in graph.reached(person, hops[cube.by])} or {None}
    elif cube.by:
        values = {as_text((properties[cube.by], False), person.value(properties[cube.by]))}
    if cube.year:
        year = person.value(properties[cube.year])
        if year and properties[cube.year].type is Type.DATE:
            year = academic_year(year) if len(year) >= 7 else None
    return {(value, year) for value in values}


# Execution


@lru_cache
def schema_of(model: Model) -> GraphQLSchema:
    """The schema as its text says, without anything of the product behind it."""
    return build_schema(sdl(model))


@dataclass(frozen=True)
class Edge:
    row: Row
    connection: Connection | None = None


@dataclass(frozen=True)
class Result:
    data: Any
    errors: tuple[str, ...]


def root_of(path: Path | None) -> str | int:
    """The key of the root field that a field stands below."""
    assert path
    return root_of(path.prev) if path.prev else path.key


class Reference:
    """Answers operations from the statements themselves; what a store counts and notes of loads, it asks of it."""

    def __init__(self, store: Store, statements: Statements, model: Model | None = None) -> None:
        model = model or store.model
        self.graph = Graph(model, statements)
        self.head = store.head()
        self.loaded = {source: load.loaded_at for source, load in store.loads().items()}
        self.schema = schema_of(model)
        self._days: dict[str | int, Graph] = {}  # by the key of a root field, what it asks of
        self._one = {camel(kind.name): kind for kind in model.kinds}
        self._many = {kind.plural: kind for kind in model.kinds}

    def answer(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Result:
        result = execute_sync(
            self.schema,
            parse(query),
            variable_values=dict(variables or {}),
            operation_name=operation,
            field_resolver=self._field,
            type_resolver=lambda node, *_: node.kind.name,
        )
        return Result(result.data, tuple(str(error) for error in result.errors or ()))

    def _field(self, source: Any, info: GraphQLResolveInfo, **given: Any) -> Any:
        name = info.field_name
        match source:
            case None:
                graph = self._days[info.path.key] = self.graph.on(given.get("asOf"))
                return self._root(graph, name, given)
            case Node():
                return self._of_node(self._days[root_of(info.path)], source, name, given)
            case Edge():
                return self._of_edge(source, name)
            case Connection():
                return self._of_connection(source, name, given)
            case Numbers():
                return self._of_numbers(source, name)
            case Load():
                return source.source if name == "sourceId" else getattr(source, _LOADED.get(name, name))
            case _:
                return source[name]

    def _root(self, graph: Graph, name: str, given: Mapping[str, Any]) -> Any:
        match name:
            case "graph":
                return self._graph()
            case "node":
                return graph.node(given["id"])
            case "nodes":
                return [graph.node(node_id) for node_id in given["ids"]]
            case "search":
                return Found(graph, given)
            case "path":
                return path(graph, given)
            case "neighbourhood":
                return neighbourhood(graph, given)
            case "studentCounts":
                return student_counts(graph, next(c for c in graph.model.cubes if c.name == given["cube"]))
        if name in self._one:
            return graph.nodes[self._one[name].name].get(given["id"])
        kind = self._many[name]
        return Connection(graph, graph.rows(kind), kind, None, given)

    def _graph(self) -> dict[str, Any]:
        tables: dict[str, Any] = {**self.graph.nodes, **self.graph.links}
        return {
            "version": self.head.version,
            "contentHash": self.head.hash_text,
            "loadedAt": self.head.loaded_at or None,
            "counts": [{"name": name, "count": len(tables[name])} for name in sorted(tables)],
            "sources": [replace(load, loaded_at=self.loaded[load.source]) for load in self.graph.loads],
        }

    def _provenance(self, graph: Graph, node: Node) -> list[dict[str, Any]]:
        return [
            {
                "sourceId": claim.source,
                "source": graph.nodes.get("Source", {}).get(claim.source),
                "locator": claim.locator or None,
                "loadedAt": self.loaded[claim.source],
                "values": list(stated(node, claim)),
            }
            for claim in node.claims
        ]

    def _of_node(self, graph: Graph, node: Node, name: str, given: Mapping[str, Any]) -> Any:
        for prop in node.kind.columns:
            if prop.name == name:
                return shown(prop, node.value(prop))
        if name == "provenance":
            return self._provenance(graph, node)
        hop = next(hop for hop in graph.model.hops(node.kind) if name in (hop.field, f"{hop.field}Edge"))
        if hop.many:
            target = graph.model.kind(hop.target)
            return Connection(graph, graph.step(node, hop), target, hop, given)
        row = graph.one(node, hop)
        if name == hop.field:
            return row.node if row else None
        return Edge(row) if row else None

    def _of_edge(self, edge: Edge, name: str) -> Any:
        if name == "node":
            return edge.row.node
        if name == "cursor" and edge.connection:
            return edge.connection.cursor(edge.row)
        link = edge.row.link
        assert link
        return next(shown(prop, link.value(prop)) for prop in link.relation.columns if prop.name == name)

    @staticmethod
    def _of_numbers(numbers: Numbers, name: str) -> Any:
        if name == "edge":
            return replace(numbers, on_edge=True)
        row = numbers.rows[0]
        columns = row.link.relation.values if numbers.on_edge and row.link else row.node.kind.values
        return numbers.of(next(prop for prop in columns if prop.name == name))

    def _of_connection(self, connection: Connection, name: str, given: Mapping[str, Any]) -> Any:
        match name:
            case "totalCount":
                return len(connection.rows)
            case "nodes":
                return [row.node for row in connection.page]
            case "edges":
                return [Edge(row, connection) for row in connection.page]
            case "pageInfo":
                return connection.info()
            case _:
                return connection.groups(given)


_LOADED = {"loadedAt": "loaded_at", "loadId": "load_id"}
