"""Planning: a valid operation and its variables become one plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import FieldNode, GraphQLSchema

from graph import plan as p
from graph.errors import BadInput
from graph.model import SOURCE, Hop, Kind, Model, Relation
from graph.plan import Convert
from graph.search import FOUND, ORDER, is_searched
from schema import cubes, limits, walks
from schema.arguments import Leaf, Tree, plain
from schema.conditions import Conditions, Depth, all_of
from schema.documents import INTROSPECTION, Operation
from schema.groups import Grouping, groupings, numeric
from schema.orders import order_of, seek
from schema.params import Params
from schema.selections import Fields, Selections
from schema.types import camel, hop_title, node_kind, relation_title
from schema.validity import holds

Added = type[p.GroupSum] | type[p.GroupAverage]


@dataclass(frozen=True, slots=True)
class At:
    """Where planning stands: relation hops from the root, rows that may be asked for here, and a day on which the
    relations must hold."""

    hops: int = 0
    rows: int = 1
    day: p.Param | None = None

    def into(self, rows: int = 1, hops: int = 1) -> At:
        limits.depth(self.hops + hops)
        return replace(self, hops=self.hops + hops, rows=self.rows * rows)


class Planner(Selections):
    """Plans one operation for variables of one shape. `cost` is how many rows it may ask for, at most `most`."""

    def __init__(
        self,
        model: Model,
        schema: GraphQLSchema,
        operation: Operation,
        variables: Mapping[str, Any],
        most: int = limits.MAX_COST,
    ) -> None:
        super().__init__(model, schema, operation, variables)
        self.params = Params()
        self.conditions = Conditions(model, self.params)
        self.walks: list[p.Walk] = []
        self.cost = 0
        self._most = most
        self._values = 0
        self._one = {camel(kind.name): kind for kind in model.kinds}
        self._many = {kind.plural: kind for kind in model.kinds}

    def plan(self) -> p.Plan:
        """The plan. Raises BadInput, TooDeep or TooCostly where the operation may not be run."""
        values = {key: self.root(nodes) for key, nodes in self.roots().items() if not _about_schema(nodes)}
        return p.Plan(self.object(values), tuple(self.params.made), tuple(self.walks))

    def roots(self) -> Fields:
        """The root fields, in the order of the answer."""
        return self.fields([self.operation.node.selection_set.selections], "Query")

    def introspected(self) -> list[FieldNode]:
        """The root fields about the schema."""
        return [node for nodes in self.roots().values() if _about_schema(nodes) for node in nodes]

    def object(self, values: Mapping[str, p.Value]) -> p.Obj:
        self._values += len(values)
        limits.values(self._values)
        return p.Obj(tuple(values.items()))

    def spend(self, rows: int) -> None:
        self.cost += rows
        limits.cost(self.cost, self._most)

    # Roots

    def root(self, nodes: list[FieldNode]) -> p.Value:
        name = nodes[0].name.value
        if name == "__typename":
            return p.Const("Query")
        if name == "graph":
            return self.graph(nodes)
        given = self.given(nodes[0], "Query")
        at = At(day=self.day(given))
        if name == "node":
            return self.lookup(nodes, given["id"], self.model.kinds, at)
        if name == "nodes":
            size = len(plain(given["ids"]))
            limits.ids(size)
            return self.lookup(nodes, given["ids"], self.model.kinds, at.into(size, hops=0), many=True)
        if name in self._one:
            return self.lookup(nodes, given["id"], (self._one[name],), at)
        if name == "search":
            return self.search(nodes, given, at)
        if name in COMPUTED:
            return COMPUTED[name](self, nodes, given, at)
        kind = self._many[name]
        return self.page(nodes, given, kind, None, kind.name, at)

    def day(self, given: Mapping[str, Tree]) -> p.Param | None:
        """The day that a root field is asked about."""
        day = given.get("asOf")
        return self.params.add(day, p.Convert.DAY) if isinstance(day, Leaf) else None

    def lookup(
        self, nodes: list[FieldNode], ids: Tree, kinds: tuple[Kind, ...], at: At, *, many: bool = False
    ) -> p.Lookup:
        self.spend(at.rows)
        cases = self.cases(nodes, kinds, at)
        return p.Lookup(self.params.add(_one_leaf(ids)), many, cases)

    def cases(self, nodes: list[FieldNode], kinds: tuple[Kind, ...], at: At) -> tuple[tuple[Kind, p.Value], ...]:
        """What is asked of each kind. A row is of one of them, so that it costs what the dearest does."""
        before, dearest, found = self.cost, self.cost, []
        for kind in kinds:
            self.cost = before
            found.append((kind, self.node(self.below(nodes, kind.name), kind, at)))
            dearest = max(dearest, self.cost)
        self.cost = dearest
        return tuple(found)

    def graph(self, nodes: list[FieldNode]) -> p.Value:
        values: dict[str, p.Value] = {}
        for key, below in self.below(nodes, "Graph").items():
            name = below[0].name.value
            if name == "__typename":
                values[key] = p.Const("Graph")
            elif name in ENTRIES:
                tables = None if self.model.is_whole else tuple(table.table for table in self.model.tables)
                values[key] = p.Entries(name, self.entries(below, ENTRIES[name]), tables)
            else:
                values[key] = p.Info(name)
        return self.object(values)

    def entries(self, nodes: list[FieldNode], on: str) -> p.Value:
        fields = self.below(nodes, on)
        return self.object({key: _named(f, on) or _entry(f) for key, f in fields.items()})

    def walk(self, at: At, rows: int) -> At:
        """Where the nodes stand that a walk finds; it costs more than they, since it looks at others."""
        at = at.into(rows)
        self.spend(limits.WALK_COST + at.rows)
        return at

    # Search

    def search(self, nodes: list[FieldNode], given: dict[str, Tree], at: At) -> p.Page:
        limit, reverse = self.size(given)
        at = at.into(limit, hops=0)
        self.spend(at.rows)
        text = given["text"]
        assert isinstance(text, Leaf)
        kinds = tuple(filter(is_searched, self.kinds(given.get("kinds"))))
        search = p.Search(self.params.add(text, Convert.WORDS), kinds)
        after, before = (seek(given.get(name), name, FOUND, ORDER, self.params) for name in ("after", "before"))
        value = self.found(self.below(nodes, "EntityConnection"), kinds, at)
        return p.Page(FOUND, None, p.AllOf(), ORDER, limit, reverse, after, before, value, search)

    def kinds(self, given: Tree | None) -> tuple[Kind, ...]:
        """The kinds named, all where none are said."""
        named = None if given is None else plain(given)
        return tuple(kind for kind in self.model.kinds if named is None or node_kind(kind) in named)

    def found(self, fields: Fields, kinds: tuple[Kind, ...], at: At) -> p.Value:
        values: dict[str, p.Value] = {}
        for key, nodes in fields.items():
            match nodes[0].name.value:
                case "totalCount":
                    values[key] = p.Total()
                case "nodes":
                    values[key] = p.Rows(p.ByKind(self.cases(nodes, kinds, at)))
                case "edges":
                    asked = self.below(nodes, "EntityEdge")
                    values[key] = p.Rows(self.object({k: self.found_edge(f, kinds, at) for k, f in asked.items()}))
                case "pageInfo":
                    values[key] = self.page_info(nodes)
                case _:
                    values[key] = p.Const("EntityConnection")
        return self.object(values)

    def found_edge(self, nodes: list[FieldNode], kinds: tuple[Kind, ...], at: At) -> p.Value:
        match nodes[0].name.value:
            case "node":
                return p.ByKind(self.cases(nodes, kinds, at))
            case "cursor":
                return p.Cursor()
            case _:
                return p.Const("EntityEdge")

    # Nodes and edges

    def node(self, fields: Fields, kind: Kind, at: At) -> p.Value:
        values: dict[str, p.Value] = {}
        properties = {prop.name: prop for prop in kind.columns}
        hops = {hop.field: hop for hop in self.model.hops(kind)}
        for key, nodes in fields.items():
            self.reading = nodes[0]
            name = nodes[0].name.value
            if name in properties:
                values[key] = p.Get(properties[name])
            elif name == "provenance":
                values[key] = self.provenance(nodes, kind, at.into(limits.SOURCES))
            else:
                values[key] = _named(nodes, kind.name) or self.step(nodes, hops, kind, at)
        return self.object(values)

    def provenance(self, nodes: list[FieldNode], kind: Kind, at: At) -> p.Provenance:
        self.spend(at.rows)
        values: dict[str, p.Value] = {}
        for key, asked in self.below(nodes, "Provenance").items():
            match asked[0].name.value:
                case "source":
                    values[key] = p.ByKind(self.cases(asked, (self.model.kind(SOURCE),), at))
                case "values":
                    values[key] = p.Said(kind.values, self.entries(asked, "StatedValue"))
                case name:
                    values[key] = _named(asked, "Provenance") or p.Entry(name)
        return p.Provenance(self.object(values))

    def step(self, nodes: list[FieldNode], hops: Mapping[str, Hop], kind: Kind, at: At) -> p.Value:
        name = nodes[0].name.value
        hop = hops.get(name)
        if hop and hop.many:
            given = self.given(nodes[0], kind.name)
            return self.page(nodes, given, self.model.kind(hop.target), hop, hop_title(hop), at)
        at = at.into()
        self.spend(at.rows)
        if hop:
            target = self.model.kind(hop.target)
            value = self.node(self.below(nodes, target.name), target, at)
            return p.One(hop, value, among=holds(hop.relation, at.day))
        hop = hops[name.removesuffix("Edge")]
        title = f"{hop_title(hop)}Edge"
        value = self.edge(self.below(nodes, title), title, self.model.kind(hop.target), hop, at)
        return p.One(hop, value, among=holds(hop.relation, at.day))

    def edge(self, fields: Fields, on: str, kind: Kind, hop: Hop | None, at: At) -> p.Value:
        values: dict[str, p.Value] = {}
        properties = {prop.name: prop for prop in hop.relation.columns} if hop else {}
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "node":
                values[key] = self.node(self.below(nodes, kind.name), kind, at)
            elif name == "cursor":
                values[key] = p.Cursor()
            else:
                values[key] = _named(nodes, on) or p.Get(properties[name], on_edge=True)
        return self.object(values)

    # Connections

    def page(
        self, nodes: list[FieldNode], given: dict[str, Tree], kind: Kind, hop: Hop | None, title: str, at: At
    ) -> p.Page:
        limit, reverse = self.size(given)
        below = at.into(limit, hops=1 if hop else 0)
        self.spend(below.rows)
        order = order_of(given.get("orderBy"), kind, hop)
        depth = Depth(below.hops, day=at.day)
        where = [holds(hop.relation, at.day)] if hop else []
        if "where" in given:
            where.append(self.conditions.where(given["where"], kind, depth))
        if hop and "edge" in given:
            where.append(self.conditions.edge_where(given["edge"], hop.relation, depth))
        after, before = (seek(given.get(name), name, kind, order, self.params) for name in ("after", "before"))
        value = self.connection(self.below(nodes, f"{title}Connection"), kind, hop, title, below, at)
        return p.Page(kind, hop, all_of(where), order, limit, reverse, after, before, value)

    def size(self, given: dict[str, Tree]) -> tuple[int, bool]:
        """How many rows a page has, and whether they are counted from the end."""
        if "first" in given and "last" in given:
            raise BadInput("first and last are given; expected one of them")
        name = "last" if "last" in given else "first"
        return p.page_size(name, plain(given.get(name, Leaf(limits.DEFAULT_PAGE)))), name == "last"

    def connection(self, fields: Fields, kind: Kind, hop: Hop | None, title: str, below: At, at: At) -> p.Value:
        values: dict[str, p.Value] = {}
        for key, nodes in fields.items():
            match nodes[0].name.value:
                case "totalCount":
                    values[key] = p.Total()
                case "nodes":
                    values[key] = p.Rows(self.node(self.below(nodes, kind.name), kind, below))
                case "edges":
                    on = f"{title}Edge"
                    values[key] = p.Rows(self.edge(self.below(nodes, on), on, kind, hop, below))
                case "pageInfo":
                    values[key] = self.page_info(nodes)
                case "groups":
                    values[key] = self.groups(nodes, kind, hop, title, at)
                case _:
                    values[key] = p.Const(f"{title}Connection")
        return self.object(values)

    def page_info(self, nodes: list[FieldNode]) -> p.Value:
        return self.object({key: _PAGE_INFO[f[0].name.value] for key, f in self.below(nodes, "PageInfo").items()})

    def groups(self, nodes: list[FieldNode], kind: Kind, hop: Hop | None, title: str, at: At) -> p.Groups:
        given = self.given(nodes[0], f"{title}Connection")
        names = plain(given["by"])
        if len(names) != 1:
            raise BadInput(f"by has {len(names)} values; expected one")
        limit = p.page_size("first", plain(given.get("first", Leaf(limits.DEFAULT_PAGE))))
        offset = p.groups_before(plain(given.get("offset", Leaf(0))))
        self.spend(at.rows * limit)
        by = groupings(self.model, kind, hop.relation if hop else None)[names[0]]
        below, values = at.into(limit, hops=0), {}
        for key, asked in self.below(nodes, f"{title}Group").items():
            made = ADDED.get(asked[0].name.value)
            values[key] = self.numbers(asked, made, kind, hop, title) if made else self.group(asked, by, title, below)
        among = holds(by.relation, at.day) if isinstance(by, Hop) else p.AllOf()
        return p.Groups(by, limit, self.object(values), among, offset)

    def group(self, nodes: list[FieldNode], by: Grouping, title: str, at: At) -> p.Value:
        match nodes[0].name.value:
            case "count":
                return p.GroupCount()
            case "keys":
                asked = self.below(nodes, "GroupKey")
                return p.GroupKeys(self.object({key: self.group_key(f, by, at) for key, f in asked.items()}))
            case _:
                return p.Const(f"{title}Group")

    def numbers(self, nodes: list[FieldNode], made: Added, kind: Kind, hop: Hop | None, title: str) -> p.Value:
        """What is added up of a group, of the nodes and, under `edge`, of the relations that led to them."""
        properties = {prop.name: prop for prop in numeric(kind.values)}
        values: dict[str, p.Value] = {}
        for key, asked in self.below(nodes, f"{title}Numbers").items():
            name = asked[0].name.value
            if hop and name == "edge":
                values[key] = self.edge_numbers(asked, made, hop.relation)
            else:
                values[key] = _named(asked, f"{title}Numbers") or made(properties[name])
        return self.object(values)

    def edge_numbers(self, nodes: list[FieldNode], made: Added, relation: Relation) -> p.Value:
        on, properties = f"{relation_title(relation)}EdgeNumbers", {prop.name: prop for prop in relation.values}
        asked = self.below(nodes, on)
        return self.object({k: _named(f, on) or made(properties[f[0].name.value], True) for k, f in asked.items()})

    def group_key(self, nodes: list[FieldNode], by: Grouping, at: At) -> p.Value:
        self.reading = nodes[0]
        match nodes[0].name.value:
            case "value":
                return p.GroupValue()
            case "node" if isinstance(by, Hop):
                target = self.model.kind(by.target)
                at = at.into()
                self.spend(at.rows)
                return p.GroupNode(self.node(self.below(nodes, target.name), target, at))
            case "node":
                return p.Const(None)
            case _:
                return p.Const("GroupKey")


COMPUTED = {**walks.FIELDS, **cubes.FIELDS}  # fields whose rows are computed before the statement runs
ADDED: dict[str, Added] = {"sum": p.GroupSum, "average": p.GroupAverage}
ENTRIES = {"counts": "TableCount", "sources": "LoadRecord"}
_PAGE_INFO: dict[str, p.Value] = {
    "hasNextPage": p.HasNext(),
    "hasPreviousPage": p.HasPrevious(),
    "startCursor": p.StartCursor(),
    "endCursor": p.EndCursor(),
    "__typename": p.Const("PageInfo"),
}


def _about_schema(nodes: list[FieldNode]) -> bool:
    return nodes[0].name.value in INTROSPECTION


def _named(nodes: list[FieldNode], on: str) -> p.Value | None:
    return p.Const(on) if nodes[0].name.value == "__typename" else None


def _entry(nodes: list[FieldNode]) -> p.Entry:
    name = nodes[0].name.value
    return p.Entry("id" if name == "sourceId" else name)  # only nodes have an `id`: clients keep what they got by it


def _one_leaf(value: Tree) -> Leaf:
    """A list of ids as one value; with variables among them, their values as they are now."""
    return value if isinstance(value, Leaf) else Leaf(plain(value))
