"""GraphQL types made from the model, declared to Strawberry at run time."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Any

import strawberry
from graphql import GraphQLOneOfDirective, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directive import Location, schema_directive
from strawberry.schema_directives import OneOf
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from graph.model import ID, Hop, Kind, Model, Property, Relation, Type, snake
from schema.limits import DEFAULT_PAGE, MAX_PAGE

DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")

PAGING = (
    ("first", "Int | None", f"How many from the start, up to {MAX_PAGE}; {DEFAULT_PAGE} if neither is given."),
    ("after", "str | None", "Only what comes after this cursor."),
    ("last", "Int | None", f"How many from the end, up to {MAX_PAGE}."),
    ("before", "str | None", "Only what comes before this cursor."),
)
SCALARS = {
    Type.TEXT: ("str", "TextFilter"),
    Type.URL: ("str", "TextFilter"),
    Type.INTEGER: ("Int", "IntFilter"),
    Type.DECIMAL: ("float", "DecimalFilter"),
    Type.BOOLEAN: ("bool", "BooleanFilter"),
    Type.DATE: ("Date", "DateFilter"),
}
ORDERED = ("gt", "gte", "lt", "lte")
TEXTUAL = ("contains", "containsIgnoreCase", "startsWith")
OPERATORS = {
    "eq": "Equal to; null finds what is missing.",
    "ne": "There, and not equal to; null finds what is there.",
    "in": "Equal to one of these.",
    "gt": "Greater than.",
    "gte": "Greater than or equal to.",
    "lt": "Less than.",
    "lte": "Less than or equal to.",
    "contains": "Has this text in it.",
    "containsIgnoreCase": "Has this text in it, whatever the case and the accents.",
    "startsWith": "Begins with this text.",
    "isNull": "Whether it is missing.",
    "has": "Has this value among its values.",
    "isEmpty": "Whether there are no values.",
}


@schema_directive(locations=[Location.INPUT_OBJECT], name="oneOf", description=GraphQLOneOfDirective.description)
class OneOfThese(OneOf):
    """@oneOf with its description, which Strawberry's own lacks."""


class DateText:
    """Stands for the Date scalar in annotations."""


def parse_date(value: Any) -> str:
    """A date as GraphQL takes it. Raises ValueError where it is none."""
    if not isinstance(value, str) or not DATE.fullmatch(value):
        raise ValueError(f"Date cannot represent {value!r}; expected 2021, 2021-03 or 2021-03-04.")
    return value


BUILTIN = {"ID": strawberry.ID, "Date": DateText, "Int": int, "str": str, "float": float, "bool": bool}
DATE_SCALAR = ScalarDefinition(
    name="Date",
    description="A calendar date by ISO 8601, to the precision known: 2021, 2021-03 or 2021-03-04.",
    specified_by_url=None,
    serialize=str,
    parse_value=parse_date,
    parse_literal=None,
)


def executable(model: Model) -> GraphQLSchema:
    """The schema as graphql-core validates documents against it."""
    return strawberry_schema(model)._schema


@lru_cache(maxsize=8)
def sdl(model: Model) -> str:
    """The schema in the schema definition language, ending in a line end."""
    return strawberry_schema(model).as_str() + "\n"


@lru_cache(maxsize=8)
def strawberry_schema(model: Model, extensions: tuple[type[SchemaExtension], ...] = ()) -> strawberry.Schema:
    """The schema as Strawberry has it."""
    declared = Declared(model)
    config = StrawberryConfig(scalar_map={DateText: DATE_SCALAR})
    kinds = [declared.types[kind.name] for kind in model.kinds]
    return strawberry.Schema(declared.types["Query"], types=kinds, config=config, extensions=extensions)


def pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def a(kind: Kind) -> str:
    """One of a kind, at the start of a sentence."""
    return f"{'An' if kind.name[0] in 'AEIOU' else 'A'} {kind.name.lower()}"


def relation_title(relation: Relation) -> str:
    """What the inputs and enums of a relation are named after, the same from both ends."""
    return relation.source + pascal(relation.forward.field)


def hop_title(hop: Hop) -> str:
    """What the types of a step are named after."""
    return hop.origin + pascal(hop.field)


def can_group(prop: Property) -> bool:
    """Whether connections can be grouped by a property: it has few values, and one at a time."""
    return prop.type in (Type.ENUM, Type.BOOLEAN, Type.INTEGER)


def groupings(model: Model, kind: Kind) -> dict[str, Property | Hop]:
    """What a kind's connections can be grouped by, by the name of the enum's value."""
    properties = {snake(p.name).upper(): p for p in kind.values if can_group(p)}
    return {**properties, **{snake(hop.field).upper(): hop for hop in model.hops(kind)}}


class Declared:
    """The types of a model, by name. Annotations are text, resolved once every type is there."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.types: dict[str, Any] = dict(BUILTIN)
        self._known: dict[str, Any] = {}
        self._late: list[tuple[StrawberryField | StrawberryArgument, str]] = []
        self._shared()
        for kind in model.kinds:
            self._kind(kind)
        for relation in model.relations:
            self._relation(relation)
        for hop in (hop for kind in model.kinds for hop in model.hops(kind)):
            self._hop(hop)
        self._graph()
        self._query()
        for field, annotation in self._late:
            field.type_annotation = StrawberryAnnotation(self._resolved(annotation))

    # Declaring

    def _field(
        self, name: str, annotation: str, description: str, arguments: tuple[tuple[str, str, str], ...] = ()
    ) -> StrawberryField:
        field = StrawberryField(python_name=f"{name}_", graphql_name=name, description=description)
        field.init = field.repr = field.compare = False  # nothing is made of these classes: dataclasses write less code
        field.arguments = [StrawberryArgument(n, n, StrawberryAnnotation(int), description=d) for n, _, d in arguments]
        self._late.append((field, annotation))
        self._late += [(made, a) for made, (_, a, _) in zip(field.arguments, arguments, strict=True)]
        return field

    def _resolved(self, annotation: str) -> Any:
        """The type that `Partner`, `list[Partner]` or `Partner | None` names."""
        if annotation not in self._known:
            inner = annotation.removesuffix(" | None")
            if inner != annotation:
                self._known[annotation] = self._resolved(inner) | None
            elif inner.startswith("list["):
                self._known[annotation] = list[self._resolved(inner[5:-1])]  # type: ignore[misc]
            else:
                self._known[annotation] = self.types[inner]
        return self._known[annotation]

    def _class(self, name: str, fields: list[StrawberryField], bases: tuple[type, ...] = ()) -> type:
        names = [field.python_name for field in fields]
        return type(
            name, bases, {"__annotations__": dict.fromkeys(names, int), **dict(zip(names, fields, strict=True))}
        )

    def _type(self, name: str, description: str, fields: list[StrawberryField], *interfaces: str) -> None:
        made = self._class(name, fields, tuple(self.types[interface] for interface in interfaces))
        self.types[name] = strawberry.type(made, name=name, description=description)

    def _interface(self, name: str, description: str, fields: list[StrawberryField], *interfaces: str) -> None:
        made = self._class(name, fields, tuple(self.types[interface] for interface in interfaces))
        self.types[name] = strawberry.interface(made, name=name, description=description)

    def _input(self, name: str, description: str, fields: list[StrawberryField], one_of: bool = False) -> None:
        for field in fields:
            field.default = field.default_value = strawberry.UNSET
        directives = (OneOfThese(),) if one_of else ()
        made = self._class(name, fields)
        self.types[name] = strawberry.input(made, name=name, description=description, directives=directives)

    def _enum(self, name: str, description: str, values: tuple[str, ...]) -> None:
        members: Any = StrEnum(name, {value: value for value in values})  # type: ignore[misc]
        self.types[name] = strawberry.enum(members, name=name, description=description)

    # What every kind shares

    def _shared(self) -> None:
        self._interface("Node", "Anything in the graph that has an id.", [self._output(ID, "")])
        common = [self._output(p, "") for p in self.model.kinds[0].columns if p.name in _COMMON]
        common.insert(1, self._field("name", "str", "Its name."))
        self._interface("Entity", "What every kind has.", common, "Node")
        page_info = [
            self._field("hasNextPage", "bool", "Whether more comes after this page."),
            self._field("hasPreviousPage", "bool", "Whether more comes before this page."),
            self._field("startCursor", "str | None", "Cursor of the first on this page."),
            self._field("endCursor", "str | None", "Cursor of the last on this page."),
        ]
        self._type("PageInfo", "Where a page stands in its connection.", page_info)
        self._enum("SortDirection", "Which way to sort; what is missing comes last either way.", ("ASC", "DESC"))
        group_key = [
            self._field("value", "str | None", "The value grouped by; of a relation, the id of the node."),
            self._field("node", "Entity | None", "The node that a relation grouped by leads to."),
        ]
        self._type("GroupKey", "One of the values that a group shares.", group_key)
        group = [
            self._field("keys", "list[GroupKey]", "What the rows of the group share, in the order of `by`."),
            self._field("count", "Int", "How many rows there are in the group."),
        ]
        self._type("Group", "Rows of a connection that share a value.", group)
        self._filter("IdFilter", "ID", ("eq", "ne", "in"))
        self._filter("TextFilter", "str", ("eq", "ne", "in", *ORDERED, *TEXTUAL, "isNull"))
        self._filter("IntFilter", "Int", ("eq", "ne", "in", *ORDERED, "isNull"))
        self._filter("DecimalFilter", "float", ("eq", "ne", "in", *ORDERED, "isNull"))
        self._filter("DateFilter", "Date", ("eq", "ne", "in", *ORDERED, "isNull"))
        self._filter("BooleanFilter", "bool", ("eq", "ne", "isNull"))
        self._filter("TextsFilter", "str", ("has", "isEmpty"))

    def _filter(self, name: str, scalar: str, operators: tuple[str, ...]) -> None:
        annotations = {"in": f"list[{scalar}] | None", "isNull": "bool | None", "isEmpty": "bool | None"}
        fields = [self._field(o, annotations.get(o, f"{scalar} | None"), OPERATORS[o]) for o in operators]
        self._input(name, "What a value must fulfil; all that is given must hold.", fields)

    # Properties

    def _output(self, prop: Property, owner: str) -> StrawberryField:
        return self._field(prop.name, _optional(self._scalar(prop, owner), prop), _described(prop))

    def _scalar(self, prop: Property, owner: str) -> str:
        if prop.type is Type.ENUM:
            return owner + pascal(prop.name)
        if prop.is_list:
            return "list[str]"
        return "ID" if prop.name == "id" else SCALARS[prop.type][0]

    def _filter_name(self, prop: Property, owner: str) -> str:
        if prop.type is Type.ENUM:
            return f"{owner}{pascal(prop.name)}Filter"
        if prop.is_list:
            return "TextsFilter"
        return "IdFilter" if prop.name == "id" else SCALARS[prop.type][1]

    def _enums(self, owner: str, properties: tuple[Property, ...]) -> None:
        for prop in properties:
            if prop.type is Type.ENUM:
                name = owner + pascal(prop.name)
                self._enum(name, prop.description, tuple(value.upper() for value in prop.values))
                self._filter(f"{name}Filter", name, ("eq", "ne", "in", "isNull"))

    def _where_fields(self, owner: str, properties: tuple[Property, ...]) -> list[StrawberryField]:
        return [self._field(p.name, f"{self._filter_name(p, owner)} | None", _described(p)) for p in properties]

    def _combined(self, name: str) -> list[StrawberryField]:
        return [
            self._field("and", f"list[{name}] | None", "All of these hold; of none, it does."),
            self._field("or", f"list[{name}] | None", "One of these holds; of none, it does not."),
            self._field("not", f"{name} | None", "This does not hold."),
        ]

    def _order_fields(self, properties: tuple[Property, ...]) -> list[StrawberryField]:
        return [self._field(p.name, "SortDirection | None", f"By {p.name}.") for p in properties if not p.is_list]

    # Kinds

    def _kind(self, kind: Kind) -> None:
        name, hops = kind.name, self.model.hops(kind)
        self._enums(name, kind.values)
        own = [self._output(p, name) for p in kind.columns]
        self._type(name, kind.description, [*own, *(f for hop in hops for f in self._step(hop))], "Entity")
        where = self._combined(f"{name}Where") + self._where_fields(name, kind.columns)
        where += [f for hop in hops for f in self._step_where(hop)]
        self._input(f"{name}Where", f"Which {kind.plural}; all that is given must hold.", where)
        order = self._order_fields(kind.columns)
        self._input(f"{name}Order", f"One key to sort {kind.plural} by.", order, one_of=True)
        self._enum(f"{name}Group", f"What {kind.plural} can be grouped by.", tuple(groupings(self.model, kind)))
        self._connection(name, kind, f"{kind.plural} in an order, a page at a time.", [])

    def _step(self, hop: Hop) -> list[StrawberryField]:
        title, says = hop_title(hop), hop.relation.description
        if hop.many:
            edge = relation_title(hop.relation)
            return [self._field(hop.field, f"{title}Connection", says, self._page_arguments(hop.target, title, edge))]
        return [
            self._field(hop.field, f"{hop.target} | None", says),
            self._field(f"{hop.field}Edge", f"{title}Edge | None", f"{says} With what is known of the relation."),
        ]

    def _page_arguments(self, target: str, title: str, edge: str = "") -> tuple[tuple[str, str, str], ...]:
        where = (("where", f"{target}Where | None", "Only these."),)
        by_edge = (("edge", f"{edge}EdgeWhere | None", "Only through relations like this."),) if edge else ()
        order = (("orderBy", f"list[{title}Order] | None", "Sort by these, in turn; by name if not given."),)
        return (*where, *by_edge, *order, *PAGING)

    def _step_where(self, hop: Hop) -> list[StrawberryField]:
        says, edge = hop.relation.description, f"{relation_title(hop.relation)}EdgeWhere"
        if hop.many:
            return [self._field(hop.field, f"{hop_title(hop)}Filter | None", says)]
        return [
            self._field(hop.field, f"{hop.target}Where | None", says),
            self._field(f"{hop.field}Edge", f"{edge} | None", f"What is known of the relation: {camel(says)}"),
        ]

    def _connection(self, title: str, kind: Kind, says: str, edge: list[StrawberryField]) -> None:
        node = self._field("node", kind.name, f"The {kind.name.lower()} itself.")
        cursor = self._field("cursor", "str", "Its place in the connection.")
        self._type(f"{title}Edge", f"{a(kind)} and how it was reached.", [cursor, node, *edge])
        by = (
            ("by", f"list[{kind.name}Group]", "What to group by; one for now."),
            ("first", "Int | None", f"How many groups, up to {MAX_PAGE}; {DEFAULT_PAGE} if not given."),
        )
        fields = [
            self._field("totalCount", "Int", "How many there are on all pages."),
            self._field("edges", f"list[{title}Edge]", "This page, with what is known of each relation."),
            self._field("nodes", f"list[{kind.name}]", "This page."),
            self._field("pageInfo", "PageInfo", "Where this page stands."),
            self._field("groups", "list[Group]", "All pages, counted by a value, the largest group first.", by),
        ]
        self._type(f"{title}Connection", pascal(says), fields)

    # Relations

    def _relation(self, relation: Relation) -> None:
        title = relation_title(relation)
        self._enums(title, relation.values)
        where = self._combined(f"{title}EdgeWhere") + self._where_fields(title, relation.columns)
        self._input(f"{title}EdgeWhere", f"Which relations: {camel(relation.description)}", where)
        if order := self._order_fields(relation.columns):
            self._input(f"{title}EdgeOrder", "One key of the relation to sort by.", order, one_of=True)

    def _hop(self, hop: Hop) -> None:
        title, shared, says = hop_title(hop), relation_title(hop.relation), hop.relation.description
        target = self.model.kind(hop.target)
        edge = [self._output(p, shared) for p in hop.relation.columns]
        if not hop.many:
            node = self._field("node", target.name, f"The {target.name.lower()} itself.")
            self._type(f"{title}Edge", says, [node, *edge])
            return
        self._connection(title, target, says, edge)
        order = self._order_fields(target.columns)
        if f"{shared}EdgeOrder" in self.types:
            order.append(self._field("edge", f"{shared}EdgeOrder | None", "By the relation."))
        self._input(f"{title}Order", f"One key to sort {hop.field} by.", order, one_of=True)
        where, within = f"{target.name}Where | None", f"{shared}EdgeWhere | None"
        quantified = [
            self._field("some", where, "At least one is like this."),
            self._field("none", where, "None is like this."),
            self._field("every", where, "All are like this; where there are none, they are."),
            self._field("edge", within, "Look only along relations like this; alone: there is one."),
        ]
        self._input(f"{title}Filter", f"What {hop.field} must fulfil; all that is given must hold.", quantified)

    # The graph as a whole

    def _graph(self) -> None:
        count = [
            self._field("name", "str", "The kind or relation."),
            self._field("count", "Int", "How many there are."),
        ]
        self._type("TableCount", "How many there are of a kind or relation.", count)
        loaded = [
            self._field("source", "ID", "Id of the source."),
            self._field("loadedAt", "str", "When it was loaded last, UTC."),
            self._field("rows", "Int", "Statements it made."),
            self._field("loadId", "str", "Names the bytes that were loaded and the loader that read them."),
            self._field("rank", "Int", "Precedence where sources disagree: the lowest counts most."),
            self._field("date", "str", "Date of its content, empty where it has none."),
        ]
        self._type("LoadRecord", "What was loaded from a source.", loaded)
        graph = [
            self._field("version", "Int", "One more for every change of the graph."),
            self._field(
                "contentHash", "str", "The same for the same content, whatever the order of loads and the store."
            ),
            self._field("loadedAt", "str | None", "When the graph last changed, UTC."),
            self._field("counts", "list[TableCount]", "Rows of each kind and relation, by name."),
            self._field("sources", "list[LoadRecord]", "What was loaded, by source."),
        ]
        self._type("Graph", "The graph as a whole.", graph)

    def _query(self) -> None:
        fields = [
            self._field("graph", "Graph", "The graph as a whole."),
            self._field("node", "Node | None", "The node with an id, of whatever kind.", (_ID,)),
            self._field("nodes", "list[Node | None]", "The nodes with these ids, in their order.", (_IDS,)),
        ]
        for kind in self.model.kinds:
            fields.append(self._field(camel(kind.name), f"{kind.name} | None", f"{a(kind)} by id.", (_ID,)))
            many = self._page_arguments(kind.name, kind.name)
            fields.append(self._field(kind.plural, f"{kind.name}Connection", kind.description, many))
        self._type("Query", "What can be asked.", fields)


_COMMON = ("id", "aliases", "sources", "locators")
_ID = ("id", "ID", "The node's id, as in `borough:E09000012`.")
_IDS = ("ids", "list[ID]", f"Up to {MAX_PAGE} ids.")


def _optional(annotation: str, prop: Property) -> str:
    return f"{annotation} | None" if prop.nullable else annotation


def _described(prop: Property) -> str:
    return f"{prop.description} In {prop.unit}." if prop.unit else prop.description
