"""Random operations, drawn from the schema: what a type offers is what may be asked of it.

A drawn operation is valid and within the limits. Its values are mostly those of a graph, so that conditions meet rows.
All choices are numbers between two others: of a generator with a seed, which is quick and never draws the same again,
or of Hypothesis, which can make an operation smaller.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
)
from hypothesis import strategies as st

from graph.cursors import read_cursor
from graph.errors import BadCursor
from graph.model import Hop, Kind, Property, Type
from graph.search import FOUND, ORDER
from graph.text import words
from schema import limits
from schema.groups import groupings
from schema.limits import SOURCES
from schema.types import relation_title
from tests.reference import Found, Graph, Reference, Row, cursor, order_of

DEPTH = 4  # how many pages and steps are nested in one another
ROWS = 10_000  # rows that a drawn operation may ask for
PARTS = 30  # fields and fragments in one operation, until only leaves are drawn
SIZES = {0: (0, 1, 2, 3, 5, 100), 1: (0, 1, 2, 3)}  # of pages, by how many they are nested in; else 1 or 2
ABOUT_SCHEMA = ("__typename", "__type", "__schema")
WALKS = ("path", "neighbourhood")  # of which an operation may have a few
COUNTS = "studentCounts"  # of those whom a graph that a role sees does not have: `tests.test_cubes` asks for them
PROVENANCE = ("sources", "locators")
COMMON = ("id", "name", "aliases", *PROVENANCE)

Number = Callable[[int, int], int]  # one from the first to the second


@dataclass(frozen=True)
class Operation:
    """One request, as a client sends it, and other variables that the document could be sent with."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    others: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        variables, others = json.dumps(self.variables), json.dumps(self.others)
        return f"{self.query}\nvariables: {variables}\nor: {others}\noperationName: {self.name!r}"


@dataclass(frozen=True)
class EnumValue:
    """The name of an enum's value: bare in a document, text in variables."""

    name: str


@dataclass(frozen=True)
class At:
    """Where in an operation something is drawn: how deep, and for how many rows at most."""

    depth: int = 0
    rows: int = 1
    kind: str | None = None  # the kind that a node without a type most likely has

    def into(self, rows: int = 1) -> At:
        return At(self.depth + 1, self.rows * rows, self.kind)


@dataclass(frozen=True)
class Fragment:
    name: str
    on: str
    at: At
    has_pages: bool
    aliases: int
    directed: int


# Values


class Pools:
    """The values that occur in a graph, by the input that asks for them and by type."""

    def __init__(self, graph: Graph) -> None:
        self.by_place: dict[tuple[str, str], list[Any]] = {}
        self.by_type: dict[str, list[Any]] = {}
        self.ids = [node_id for nodes in graph.nodes.values() for node_id in nodes]
        for kind in graph.model.kinds:
            for prop in kind.columns:
                values = [node.value(prop) for node in graph.nodes[kind.name].values()]
                self._add(f"{kind.name}Where", prop, values)
        for relation in graph.model.relations:
            for prop in relation.columns:
                values = [link.value(prop) for link in graph.links[relation.table]]
                self._add(f"{relation_title(relation)}EdgeWhere", prop, values)

    def _add(self, owner: str, prop: Property, values: list[Any]) -> None:
        if prop.is_list:
            values = [text for texts in values for text in texts]
        values = [value.upper() if prop.type is Type.ENUM else value for value in values if value is not None]
        self.by_place[owner, prop.name] = values
        self.by_type.setdefault(_scalar(prop), []).extend(values)

    def of(self, place: tuple[str, str], type_name: str) -> list[Any]:
        return self.by_place.get(place) or self.by_type.get(type_name, [])


def _scalar(prop: Property) -> str:
    scalars = {Type.INTEGER: "Int", Type.DECIMAL: "Float", Type.BOOLEAN: "Boolean", Type.DATE: "Date"}
    return scalars.get(prop.type, "String")


LETTERS = "aAbZ09 _%'\"\\áß’é\u0301\ue000\uffee🌳"
DATES = ("1999", "2020", "2020-01", "2020-02-29", "2023-04", "2024-12-31", "9999")


def other(number: Number, type_name: str) -> Any:
    """A value of a type, whatever occurs in the graph."""
    match type_name:
        case "Int":
            return number(-(2**31), 2**31 - 1)
        case "Float":
            value = struct.unpack("d", number(0, 2**64 - 1).to_bytes(8, "little"))[0]
            return value if math.isfinite(value) else 0.5
        case "Boolean":
            return bool(number(0, 1))
        case "Date":
            return DATES[number(0, len(DATES) - 1)]
        case _:
            return "".join(LETTERS[number(0, len(LETTERS) - 1)] for _ in range(number(0, 3)))


def near(number: Number, value: Any, type_name: str) -> Any:
    """A value like one that occurs: a part of a text, the next number, a date to another precision."""
    match type_name:
        case "String" | "ID":
            start = number(0, len(value))
            part = value[start : start + number(0, 5)]
            like = [part, value[:start], value.upper(), value.lower(), value + "x"]
        case "Int":
            like = [max(-(2**31), value - 1), min(2**31 - 1, value + 1)]
        case "Float":
            like = [math.nextafter(value, 1e9), math.nextafter(value, -1e9), round(value, 1)]
        case "Date":
            like = [value[:4], value[:7], f"{value[:4]}-01", f"{value[:4]}-12-31"]
        case _:
            like = [value]
    return like[number(0, len(like) - 1)]


# Operations


class Drawing:
    """One operation while it is drawn: its fragments and variables so far."""

    def __init__(self, number: Number, reference: Reference, pools: Pools) -> None:
        self.number = number
        self.graph = reference.graph
        self.model = reference.graph.model
        self.types = reference.schema.type_map
        self.pools = pools
        self.declared: list[str] = []
        self.variables: dict[str, Any] = {}
        self.given_types: dict[str, Any] = {}
        self.fragments: list[Fragment] = []
        self.definitions: list[str] = []
        self.asked = 0
        self.aliases = 0
        self.directed = 0
        self.walks = 0
        self.parts = 0
        self._numbers = count()

    def operation(self) -> Operation:
        body = self.selection(self.types["Query"], At())
        name = self.one_of([None, None, "Asked"])
        head = f"query {name or ''}{'(' + ', '.join(self.declared) + ')' if self.declared else ''}"
        if not self.declared and not name and self.chance(50):
            head = ""
        texts = [f"{head}{body}", *self.definitions]
        if name and self.chance(30):
            texts.insert(0, "query Another { __typename }")
        elif name and self.chance(50):
            name = None
        others = {name: self.another(value, self.given_types[name]) for name, value in self.variables.items()}
        return Operation("\n".join(texts), self.variables, name, others)

    # Choices

    def one_of(self, items: Any) -> Any:
        items = list(items)
        return items[self.number(0, len(items) - 1)]

    def chance(self, percent: int) -> bool:
        """Whether to do something out of the ordinary; what is simpler is False."""
        return self.number(1, 100) > 100 - percent

    def some(self, items: list[Any], most: int) -> list[Any]:
        return [self.one_of(items) for _ in range(self.number(1, most))]

    def new(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    # Selections

    def selection(self, type_: GraphQLNamedType, at: At, *, fragile: bool = False) -> str:
        """What is asked of a type, in braces. `fragile` where un-aliased fields could clash with another kind's."""
        if isinstance(type_, GraphQLInterfaceType):
            parts = [self.part_of_any(type_, at) for _ in range(self.number(1, 2))]
        else:
            assert isinstance(type_, GraphQLObjectType)
            most = 2 if type_.name == "Query" else 3
            parts = [self.part(type_, at, fragile) for _ in range(self.number(1, most))]
        return "{ " + " ".join(parts) + " }"

    def part(self, type_: GraphQLObjectType, at: At, fragile: bool) -> str:
        self.parts += 1
        if not self.chance(15):
            return self.field(type_, at, fragile)
        match self.one_of(["inline", "typed", "spread", "again"]):
            case "inline":
                return f"...{self.directives()} {self.selection(type_, at, fragile=fragile)}"
            case "typed":
                return f"... on {type_.name}{self.directives()} {self.selection(type_, at, fragile=fragile)}"
            case "spread":
                return f"...{self.fragment(type_, at).name}{self.directives()}"
            case _ if self.may(aliases=2):
                return self.repeated(type_, at, fragile)
            case _:
                return self.field(type_, at, fragile)

    def part_of_any(self, type_: GraphQLInterfaceType, at: At) -> str:
        match self.one_of(["field", "kind", "kind", "spread"]):
            case "field":
                return self.shared(type_, at)
            case "kind":
                kind = self.types[self.likely(at)]
                return f"... on {kind.name}{self.directives()} {self.selection(kind, at, fragile=True)}"
            case _:
                on = self.types[self.one_of([type_.name, self.likely(at)])]
                return f"...{self.fragment(on, at).name}{self.directives()}"

    def shared(self, type_: GraphQLInterfaceType, at: At) -> str:
        """A field that every kind has."""
        names = [name for name in type_.fields if name != "provenance" or self.affords(at, SOURCES)]
        name = self.one_of([*names, "__typename"])
        if name != "provenance":
            return self.leaf(name) + self.directives()
        _, below = self.arguments(type_, name, type_.fields[name], at)
        return f"{name}{self.directives()} {self.selection(self.types['Provenance'], below, fragile=True)}"

    def affords(self, at: At, rows: int = 1) -> bool:
        """Whether something that gives so many rows may still be nested here."""
        return at.depth < DEPTH and self.asked + at.rows * rows <= ROWS

    def likely(self, at: At) -> str:
        return at.kind if at.kind and not self.chance(15) else str(self.one_of(self.kinds()))

    def kind_of(self, node_id: str) -> str | None:
        kind = self.model.kind_of(node_id)
        return kind.name if kind else None

    def grouped(self, connection: GraphQLNamedType, by: str) -> str | None:
        """The kind of the nodes that a connection is grouped by."""
        assert isinstance(connection, GraphQLObjectType)
        kind = self.model.kind(get_named_type(connection.fields["nodes"].type).name)
        hop = groupings(self.model, kind).get(by)
        return hop.target if isinstance(hop, Hop) else None

    def kinds(self) -> list[str]:
        """The kinds of which there are nodes, as far as there are any."""
        return [name for name, nodes in self.graph.nodes.items() if nodes] or list(self.graph.nodes)

    def fragment(self, on: GraphQLNamedType, at: At) -> Fragment:
        if on.name in self.model.by_name and self.chance(20):
            on = self.types[self.one_of(["Node", "Entity"])]
        known = [f for f in self.fragments if f.on == on.name and (not f.has_pages or self.fits(f.at, at))]
        known = [f for f in known if self.may(f.aliases, f.directed)]
        if known and self.chance(60):
            again: Fragment = self.one_of(known)
            self.aliases += again.aliases
            self.directed += again.directed
            return again
        asked, aliases, directed = self.asked, self.aliases, self.directed
        body = self.selection(on, at, fragile=True)
        spent = self.aliases - aliases, self.directed - directed
        made = Fragment(self.new("F"), on.name, at, self.asked > asked, *spent)
        self.definitions.append(f"fragment {made.name} on {on.name} {body}")
        self.fragments.append(made)
        return made

    @staticmethod
    def fits(known: At, at: At) -> bool:
        return known.depth >= at.depth and known.rows >= at.rows

    def may(self, aliases: int = 0, directed: int = 0) -> bool:
        """Whether the operation may use so many more of them, every fragment opened."""
        return self.aliases + aliases <= limits.MAX_ALIASES and self.directed + directed <= limits.MAX_DIRECTIVES

    def alias(self) -> str:
        self.aliases += 1
        return self.new("a")

    def directives(self) -> str:
        if not self.may(directed=1) or not self.chance(10):
            return ""
        self.directed += 1
        name = self.one_of(["include", "skip"])
        boolean = GraphQLNonNull(self.types["Boolean"])
        return f" @{name}(if: {self.rendered(self.chance(50), boolean)})"

    # Fields

    def field(self, type_: GraphQLObjectType, at: At, fragile: bool) -> str:
        name = self.one_of(self.offered(type_, at)) if self.may(aliases=1) else "__typename"
        if name in ABOUT_SCHEMA:
            return self.leaf(name) + self.about_schema(name)
        declared = type_.fields[name]
        arguments, below = self.arguments(type_, name, declared, at)
        keeps = not arguments and not (fragile and name not in COMMON)
        alias = "" if keeps and not self.chance(20) else f"{self.alias()}: "
        target = get_named_type(declared.type)
        body = f" {self.selection(target, below)}" if is_composite_type(target) else ""
        return f"{alias}{name}{arguments}{self.directives()}{body}"

    def repeated(self, type_: GraphQLObjectType, at: At, fragile: bool) -> str:
        """The same field twice, each time asking something else of it."""
        name = self.one_of([name for name in self.offered(type_, at) if name not in ABOUT_SCHEMA] or type_.fields)
        declared = type_.fields[name]
        arguments, below = self.arguments(type_, name, declared, at)
        self.aliases += 1
        target, alias = get_named_type(declared.type), self.alias()
        if not is_composite_type(target):
            return f"{alias}: {name} {alias}: {name}"
        return " ".join(f"{alias}: {name}{arguments} {self.selection(target, below)}" for _ in range(2))

    def leaf(self, name: str) -> str:
        keeps = name != "__type" and not (self.may(aliases=1) and self.chance(20))
        return name if keeps else f"{self.alias()}: {name}"

    def about_schema(self, name: str) -> str:
        match name:
            case "__schema":
                return " { queryType { name kind } mutationType { name } }"
            case "__type":
                asked = self.rendered(self.one_of([*self.types, "Nothing"]), GraphQLNonNull(self.types["String"]))
                return f"(name: {asked}) {{ name kind __typename fields {{ name }} }}"
            case _:
                return ""

    def offered(self, type_: GraphQLObjectType, at: At) -> list[str]:
        """The names of the fields that may be asked here, those that lead somewhere more often."""
        if type_.name == "Query":
            return self.roots()
        nested = [name for name, f in type_.fields.items() if is_composite_type(get_named_type(f.type))]
        leaves = ["__typename", *(name for name in type_.fields if name not in nested)]
        if self.parts > PARTS:
            return leaves
        nested = [name for name in nested if name != "provenance" or self.affords(at, SOURCES)]
        if not self.affords(at):
            inside = [name for name in nested if not self.steps(type_, name)]
            return leaves + inside
        return leaves + nested * 2 + self.linked(type_) * 8

    def linked(self, type_: GraphQLNamedType) -> list[str]:
        """The steps of a kind that lead somewhere."""
        hops = [hop for hop in self.hops(type_) if self.graph.links[hop.relation.table]]
        return [hop.field for hop in hops] + [f"{hop.field}Edge" for hop in hops if not hop.many]

    def steps(self, type_: GraphQLNamedType, name: str) -> bool:
        """Whether a field leads along a relation."""
        if type_.name == "GroupKey":
            return name == "node"
        return any(name in (hop.field, f"{hop.field}Edge") for hop in self.hops(type_)) or name == "groups"

    def roots(self) -> list[str]:
        plurals = [self.model.kind(name).plural for name in self.kinds()]
        single = [name for name in self.types["Query"].fields if name not in plurals]
        often = ["node", "nodes", "search", *WALKS]
        names = [*plurals * 8, *single, *often * 6, "graph", "__typename", "__type", "__schema"]
        names = [name for name in names if name != COUNTS]
        return [name for name in names if name not in WALKS or self.walks < 2]

    def hops(self, type_: GraphQLNamedType) -> tuple[Hop, ...]:
        kind = self.model.by_name.get(type_.name)
        return self.model.hops(kind) if kind else ()

    # Arguments

    def arguments(self, type_: GraphQLNamedType, name: str, declared: GraphQLField, at: At) -> tuple[str, At]:
        """The arguments of a field, in parentheses, and where its selection is drawn."""
        values: dict[str, Any] = {}
        hop = next((h for h in self.hops(type_) if name in (h.field, f"{h.field}Edge")), None)
        if "orderBy" in declared.args:
            kind = self.model.kind(hop.target) if hop else next(k for k in self.model.kinds if k.plural == name)
            values, at = self.paged(declared, kind, hop, at)
        elif "text" in declared.args:
            values, at = self.searched(declared, at)
        elif name in WALKS:
            values, at = self.walked(name, declared, at)
        elif "by" in declared.args:
            values = {"by": [self.value(get_named_type(declared.args["by"].type), ("", ""))]}
            values |= {"first": self.one_of([None, 0, 1, 2, 100])} if self.chance(30) else {}
            values |= {"offset": self.one_of([None, 0, 1, 2, 100_000])} if self.chance(20) else {}
            at = replace(self.listed(values, at), kind=self.grouped(type_, plain(values["by"][0])))
        elif "id" in declared.args:
            values = {"id": self.node_id()}
            at = replace(at, kind=self.kind_of(values["id"]))
        elif "ids" in declared.args:
            values = {"ids": [self.node_id() for _ in range(self.number(0, 4))]}
            at = replace(at, rows=4, kind=self.kind_of(values["ids"][0]) if values["ids"] else None)
        elif hop:
            at = at.into()
            self.asked += at.rows
        elif name == "provenance":
            at = at.into(SOURCES)
            self.asked += at.rows
        elif name == "node" and type_.name == "GroupKey":
            at = at.into()
        if "asOf" in declared.args and self.chance(30):
            values["asOf"] = self.day()
        texts = [*self.given(values, declared.args), *self.not_given(declared.args, values)]
        return (f"({', '.join(texts)})" if texts else ""), at

    def given(self, values: dict[str, Any], declared: dict[str, GraphQLArgument]) -> Iterator[str]:
        for name, value in values.items():
            yield f"{name}: {self.rendered(value, declared[name].type)}"

    def not_given(self, declared: dict[str, GraphQLArgument], values: dict[str, Any]) -> Iterator[str]:
        """Now and then, arguments that say nothing: null, or a variable that is null or not given."""
        for name, argument in declared.items():
            if name not in values and not isinstance(argument.type, GraphQLNonNull) and self.chance(3):
                yield f"{name}: {self.nothing(argument.type)}"

    def nothing(self, type_: Any) -> str:
        match self.one_of(["literal", "null", "absent"]):
            case "literal":
                return "null"
            case "null":
                return self.variable(None, type_)
            case _:
                name = self.new("v")
                self.declared.append(f"${name}: {type_}")
                return f"${name}"

    def paged(self, declared: GraphQLField, kind: Kind, hop: Hop | None, at: At) -> tuple[dict[str, Any], At]:
        values: dict[str, Any] = {}
        for name, percent in (("where", 50), ("edge", 40)):
            if name in declared.args and self.chance(percent):
                values[name] = self.value(get_named_type(declared.args[name].type), ("", ""))
        if self.chance(50):
            item = get_named_type(declared.args["orderBy"].type)
            values["orderBy"] = [self.value(item, ("", "")) for _ in range(self.number(0, 3))]
        size = self.one_of(SIZES.get(at.depth, (1, 2)))
        if self.asked + at.rows * size > ROWS:
            size = 1
        values[self.one_of(["first", "first", "last"])] = size
        for name in ("after", "before"):
            if self.chance(20):
                values |= self.cursor(name, plain(values.get("orderBy")), kind, hop)
        self.asked += at.rows * size
        return values, at.into(size)

    def listed(self, values: dict[str, Any], at: At) -> At:
        """Where groups stand, which are fewer where they would be too many rows together."""
        if self.asked + at.rows * groups_of(values) > ROWS:
            values["first"] = 1
        self.asked += at.rows * groups_of(values)
        return at.into(groups_of(values))

    def searched(self, declared: GraphQLField, at: At) -> tuple[dict[str, Any], At]:
        values: dict[str, Any] = {"text": self.text()}
        if self.chance(40):
            kinds = list(get_named_type(declared.args["kinds"].type).values)
            values["kinds"] = [EnumValue(self.one_of(kinds)) for _ in range(self.number(0, 3))]
        size = values[self.one_of(["first", "first", "last"])] = self.one_of(SIZES[0])
        rows = Found(self.graph, {name: plain(value) for name, value in values.items()}).rows
        for name in ("after", "before"):
            if rows and self.chance(20):
                values[name] = cursor(FOUND, ORDER, self.one_of(rows))
        self.asked += at.rows * size
        kind = self.one_of(rows).node.kind.name if rows else None
        return values, replace(at.into(size), depth=at.depth, kind=kind)

    def walked(self, name: str, declared: GraphQLField, at: At) -> tuple[dict[str, Any], At]:
        ends = ("from", "to") if name == "path" else ("of",)
        values: dict[str, Any] = {end: self.node_id() for end in ends}
        for argument, most in (("maxHops", 10), ("hops", 3), ("limit", 100)):
            if argument in declared.args and self.chance(60):
                values[argument] = self.number(1, most)
        for argument in ("via", "kinds"):
            if argument in declared.args and self.chance(20):
                names = list(get_named_type(declared.args[argument].type).values)
                values[argument] = [EnumValue(name) for name in self.some(names, len(names))]
        self.walks += 1
        rows = values.get("limit", 20)
        self.asked += rows
        return values, replace(at.into(rows), kind=self.kind_of(values[ends[0]]))

    def text(self) -> str:
        """What could be typed into a field for a search."""
        text = self.scalar("String", ("", ""))
        some = words(text).split() or [text]
        return self.one_of([text, self.one_of(some), " ".join(self.some(some, 3)), self.one_of(some)[:2]])  # type: ignore[no-any-return]

    def cursor(self, name: str, order_by: Any, kind: Kind, hop: Hop | None) -> dict[str, str]:
        order = order_of(kind, hop, order_by)
        rows = self.reachable(kind, hop)
        return {name: cursor(kind, order, self.one_of(rows))} if rows else {}

    def reachable(self, kind: Kind, hop: Hop | None) -> list[Row]:
        """Every row that some page of this sort could have."""
        if hop is None:
            return self.graph.rows(kind)
        origins = self.graph.nodes[hop.origin].values()
        return [row for node in origins for row in self.graph.step(node, hop)]

    def node_id(self) -> str:
        if self.pools.ids and not self.chance(15):
            return self.one_of(self.pools.ids)  # type: ignore[no-any-return]
        return self.one_of(["", "nothing", ":", "partner:", "partner:nobody else", "x:y"])  # type: ignore[no-any-return]

    def day(self) -> str:
        """A day on which something begins or ends, or near it."""
        known: str = self.one_of(self.pools.of(("", ""), "Date") or DATES)
        first = f"{known}-01-01"[:10]
        return str(self.one_of([first, first, f"{known[:4]}-12-31", f"{int(known[:4]) - 1:04}-12-31"]))

    # Inputs

    def value(self, type_: Any, place: tuple[str, str], depth: int = 0) -> Any:
        """A value of an input type; `place` says for which property."""
        type_ = get_nullable_type(type_)
        if isinstance(type_, GraphQLList):
            return [self.value(type_.of_type, place, depth) for _ in range(self.number(0, 3))]
        if isinstance(type_, GraphQLEnumType):
            known = self.pools.by_place.get(place)
            return EnumValue(self.one_of(known if known and not self.chance(20) else type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return self.object(type_, place, depth)
        return self.scalar(type_.name, place)

    def scalar(self, type_name: str, place: tuple[str, str]) -> Any:
        known = self.pools.of(place, type_name) if type_name != "Boolean" else [False, True]
        if not known or self.chance(5):
            return other(self.number, type_name)
        value = self.one_of(known)
        return near(self.number, value, type_name) if self.chance(30) else value

    def object(self, type_: GraphQLInputObjectType, place: tuple[str, str], depth: int) -> dict[str, Any]:
        if type_.is_one_of:
            name = self.one_of([*type_.fields, *["edge"] * 4 * ("edge" in type_.fields)])
            return {name: self.value(type_.fields[name].type, place, depth + 1)}
        values: dict[str, Any] = {}
        for name in self.stated(type_, depth):
            inner = place if "and" not in type_.fields else (type_.name, name)
            values[name] = self.condition(name, type_.fields[name], inner, depth)
        return values

    def condition(self, name: str, declared: GraphQLInputField, place: tuple[str, str], depth: int) -> Any:
        if self.chance(4):
            return None
        return self.value(declared.type, place, depth + (name not in ("eq", "in")))

    def stated(self, type_: GraphQLInputObjectType, depth: int) -> list[str]:
        """The names of what an input object says: properties, steps and their combinations."""
        names = list(type_.fields)
        if "and" in names:
            plain = [n for n in names[3:] if is_leaf_filter(type_.fields[n])]
            steps = [n for n in names[3:] if n not in plain] if depth < 5 else []
            logic = names[:3] if depth < 5 else []
            known = [n for n in plain if self.pools.by_place.get((type_.name, n)) and n not in PROVENANCE]
            linked = self.linked(self.types[type_.name.removesuffix("Where")]) if steps else []
            names = [*plain, *known * 6, *steps, *linked * 4, *logic * 6]
        most = 2 if self.chance(30) else 1
        return list(dict.fromkeys(self.some(names, most))) if not self.chance(3) else []

    # Rendering

    def rendered(self, value: Any, type_: Any) -> str:
        """A value as a literal of the document, or, it or any part of it, as a variable."""
        return self.variable(value, type_) if self.chance(15) else self.written(value, type_)

    def written(self, value: Any, type_: Any) -> str:
        type_ = get_nullable_type(type_)
        if isinstance(value, list):
            assert isinstance(type_, GraphQLList)
            if len(value) == 1 and value[0] is not None and self.chance(30):
                return self.written(value[0], type_.of_type)
            return "[" + ", ".join(self.rendered(item, type_.of_type) for item in value) + "]"
        if isinstance(value, dict):
            return "{" + ", ".join(self.entries(value, type_)) + "}"
        return literal(value)

    def entries(self, value: dict[str, Any], type_: GraphQLInputObjectType) -> Iterator[str]:
        for name, item in value.items():
            declared = type_.fields[name].type
            if type_.is_one_of and not isinstance(declared, GraphQLNonNull):
                declared = GraphQLNonNull(declared)
            yield f"{name}: {self.rendered(item, declared)}"

    def variable(self, value: Any, type_: Any) -> str:
        name = self.new("v")
        if value is not None and not isinstance(type_, GraphQLNonNull) and self.chance(30):
            type_ = GraphQLNonNull(type_)
        if value is not None and self.chance(20):
            self.declared.append(f"${name}: {type_} = {literal(value)}")
            return f"${name}"
        self.declared.append(f"${name}: {type_}")
        self.variables[name], self.given_types[name] = plain(value), type_
        return f"${name}"

    # The same document with other variables

    def another(self, value: Any, type_: Any) -> Any:
        """Another value where that leaves the operation valid: null stays null, a cursor goes with its order, and
        without the size of a page there are more rows than may be asked for."""
        named = get_named_type(type_).name
        if value is None or named == "SortDirection" or named.endswith("Order") or is_cursor(value):
            return value
        if not isinstance(type_, GraphQLNonNull) and named != "Int" and self.chance(20):
            return None
        type_ = get_nullable_type(type_)
        if isinstance(value, list):
            return self.another_list(value, type_.of_type, fixed=named.endswith("GroupBy"))
        if isinstance(value, dict):
            return {n: self.another(v, type_.fields[n].type) for n, v in value.items() if not self.chance(10)}
        if isinstance(type_, GraphQLList):
            return self.another(value, type_.of_type)
        return self.another_scalar(value, type_)

    def another_list(self, values: list[Any], of: Any, *, fixed: bool) -> list[Any]:
        found = [self.another(value, of) for value in values if fixed or not self.chance(20)]
        return found + found[:1] if found and not fixed and self.chance(20) else found

    def another_scalar(self, value: Any, type_: Any) -> Any:
        if self.chance(30):
            return value
        match type_.name:
            case "Int":
                return self.number(1, max(1, min(value, 100)))  # it may be the size of a page
            case "Boolean":
                return not value
            case "Date" if is_day(value):
                return self.day()  # as of which a whole operation may be asked
            case "ID":
                return self.node_id()
            case _ if isinstance(type_, GraphQLEnumType):
                return self.one_of(type_.values)
            case name:
                return self.scalar(name, ("", ""))


def is_leaf_filter(declared: GraphQLInputField) -> bool:
    """Whether an input is a filter of a property rather than of a step."""
    named = get_named_type(declared.type)
    return isinstance(named, GraphQLInputObjectType) and bool({"eq", "has"} & named.fields.keys())


def is_day(value: Any) -> bool:
    return len(value) == 10


def is_cursor(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(read_cursor(value))
    except BadCursor:
        return False


def literal(value: Any) -> str:
    match value:
        case EnumValue(name):
            return name
        case dict():
            return "{" + ", ".join(f"{name}: {literal(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return json.dumps(value)


def plain(value: Any) -> Any:
    """A value as variables have it."""
    match value:
        case EnumValue(name):
            return name
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def groups_of(values: Mapping[str, Any]) -> int:
    """How many groups are asked for, 20 where that is not said."""
    first = values.get("first")
    return 20 if first is None else int(first)


def operations(reference: Reference) -> st.SearchStrategy[Operation]:
    """Operations over the graph that the reference has."""
    pools = Pools(reference.graph)
    return st.integers(0, 2**64).map(lambda seed: Drawing(Random(seed).randint, reference, pools).operation())


def shrinking(reference: Reference) -> st.SearchStrategy[Operation]:
    """The same, slower, and so that Hypothesis can find the smallest that fails."""
    pools = Pools(reference.graph)

    @st.composite
    def drawn(draw: Callable[[Any], Any]) -> Operation:
        return Drawing(lambda start, end: draw(between(start, end)), reference, pools).operation()

    return drawn()


@lru_cache
def between(start: int, end: int) -> st.SearchStrategy[int]:
    """Made once each: half of the time of a drawing went into making strategies."""
    return st.integers(start, end)
