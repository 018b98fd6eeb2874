"""GraphQL types made from the model, declared to Strawberry at run time."""

from __future__ import annotations

from functools import lru_cache

import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from graph.cubes import COLUMNS
from graph.model import ID, LOCATORS, SINCE, SOURCE, SOURCES, UNTIL, Hop, Kind, Model, Property, Relation, Type, snake
from graph.plan import MAX_OFFSET, MAX_PAGE, MAX_TEXT, MAX_WORDS
from schema.declaring import CUSTOM, Declaring
from schema.groups import groupings, numeric
from schema.limits import DEFAULT_PAGE, HOPS, MAX_HOPS, MAX_WIDTH, WIDTH

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
AS_OF = ("asOf", "Date | None", "Only relations that hold on this day; whenever they hold, if not given.")
FULFILLED = "What a value must fulfil; all that is given must hold."
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
    config = StrawberryConfig(scalar_map=CUSTOM)
    kinds = [declared.types[kind.name] for kind in model.kinds]
    schema = strawberry.Schema(declared.types["Query"], types=kinds, config=config, extensions=extensions)
    for of in schema._schema.type_map.values():
        if isinstance(of, GraphQLInputObjectType):  # of which Strawberry tells graphql-core all but this
            of.is_one_of = of.extensions["strawberry-definition"].is_one_of
    about = schema._schema.type_map["__Type"]
    assert isinstance(about, GraphQLObjectType)
    about.fields["isOneOf"].resolve = lambda of, _: of.is_one_of if isinstance(of, GraphQLInputObjectType) else None
    return schema


def pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def a(kind: Kind) -> str:
    """One of a kind, at the start of a sentence."""
    takes_an = kind.name[0] in "AEIOU" and not kind.name.startswith("Uni")
    return f"{'An' if takes_an else 'A'} {kind.name.lower()}"


def relation_title(relation: Relation) -> str:
    """What the inputs and enums of a relation are named after, the same from both ends."""
    return relation.source + pascal(relation.forward.field)


def hop_title(hop: Hop) -> str:
    """What the types of a step are named after."""
    return hop.origin + pascal(hop.field)


def node_kind(kind: Kind) -> str:
    """The name of a kind in the enum of kinds."""
    return snake(kind.name).upper()


class Declared(Declaring):
    """The types of a model."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self._shared()
        for kind in model.kinds:
            self._kind(kind)
        for relation in model.relations:
            self._relation(relation)
        for hop in (hop for kind in model.kinds for hop in model.hops(kind)):
            self._hop(hop)
        self._search()
        if model.relations:
            self._walks()
        if model.cubes:
            self._cubes()
        self._graph()
        self._query()
        self._resolve()

    # What every kind shares

    def _shared(self) -> None:
        self._interface("Node", "Anything in the graph that has an id.", [self._output(ID, "")])
        common = [self._output(p, "") for p in self.model.kinds[0].columns if p.name in _COMMON]
        common.insert(1, self._field("name", "str", "Its name."))
        self._interface("Entity", "What every kind has.", [*common, *self._provenance()], "Node")
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
        self._filter("IdFilter", "ID", ("eq", "ne", "in"))
        self._filter("TextFilter", "str", ("eq", "ne", "in", *ORDERED, *TEXTUAL, "isNull"))
        self._filter("IntFilter", "Int", ("eq", "ne", "in", *ORDERED, "isNull"))
        self._filter("DecimalFilter", "float", ("eq", "ne", "in", *ORDERED, "isNull"))
        dated = f"{FULFILLED} A date known to the month or year is its first day to gt, gte, lt and lte."
        self._filter("DateFilter", "Date", ("eq", "ne", "in", *ORDERED, "isNull"), dated)
        self._filter("BooleanFilter", "bool", ("eq", "ne", "isNull"))
        self._filter("TextsFilter", "str", ("has", "isEmpty"))

    def _provenance(self) -> list[StrawberryField]:
        """The field that tells who says what of a node, where sources may be seen."""
        seen = self.model.kinds[0].provenance
        if SOURCES not in seen:
            return []
        stated = [
            self._field("property", "str", "The property, by the name of its field."),
            self._field("value", "Value", "What the source says."),
            self._field("shown", "bool", "Whether the node shows it; of a list, it shows all that is said."),
        ]
        self._type("StatedValue", "A value that a source states.", stated)
        fields = [
            self._field("sourceId", "ID", "Id of the source."),
            self._field("loadedAt", "str | None", "When the source was loaded last, UTC."),
            self._field("values", "list[StatedValue]", "What it says of the node; of relations, see `sources`."),
        ]
        if self.model.by_name.get(SOURCE):
            described = "The source as it is described: its publisher, licence, date; null where it is not."
            fields.append(self._field("source", f"{SOURCE} | None", described))
        if LOCATORS in seen:
            fields.append(self._field("locator", "str | None", "Where in the source it says so."))
        self._type("Provenance", "A source that speaks of a node, and what it says.", fields)
        return [self._field("provenance", "list[Provenance]", "Who says what, the source that counts most first.")]

    def _filter(self, name: str, scalar: str, operators: tuple[str, ...], says: str = FULFILLED) -> None:
        annotations = {"in": f"list[{scalar}] | None", "isNull": "bool | None", "isEmpty": "bool | None"}
        fields = [self._field(o, annotations.get(o, f"{scalar} | None"), OPERATORS[o]) for o in operators]
        self._input(name, says, fields)

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
        return [self._field(p.name, "SortDirection | None", _ordered(p)) for p in properties if not p.is_list]

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
        self._connection(name, kind, None, f"{kind.plural} in an order, a page at a time.", [])

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

    def _connection(
        self, title: str, kind: Kind, relation: Relation | None, says: str, edge: list[StrawberryField]
    ) -> None:
        node = self._field("node", kind.name, f"The {kind.name.lower()} itself.")
        cursor = self._field("cursor", "str", "Its place in the connection.")
        self._type(f"{title}Edge", f"{a(kind)} and how it was reached.", [cursor, node, *edge])
        fields = [
            self._field("totalCount", "Int", f"How many there are on all pages{_repeated(relation)}."),
            self._field("edges", f"list[{title}Edge]", "This page, with what is known of each relation."),
            self._field("nodes", f"list[{kind.name}]", "This page."),
            self._field("pageInfo", "PageInfo", "Where this page stands."),
            *self._groups(title, kind, relation),
        ]
        self._type(f"{title}Connection", pascal(says), fields)

    def _groups(self, title: str, kind: Kind, relation: Relation | None) -> list[StrawberryField]:
        """The field that groups a connection, where there is something to group by."""
        if not (by := tuple(groupings(self.model, kind, relation))):
            return []
        self._enum(f"{title}GroupBy", f"What {kind.plural} can be grouped by; of dates, a part.", by)
        self._group(title, kind, relation)
        arguments = (
            ("by", f"list[{title}GroupBy]", "What to group by; one for now."),
            ("first", "Int | None", f"How many groups, up to {MAX_PAGE}; {DEFAULT_PAGE} if not given."),
            ("offset", "Int | None", f"How many groups to pass over, up to {MAX_OFFSET:,}; none if not given."),
        )
        says = "All pages, counted by a value, the largest first."
        return [self._field("groups", f"list[{title}Group]", says, arguments)]

    def _group(self, title: str, kind: Kind, relation: Relation | None) -> None:
        """A group of a connection, and what can be added up of it."""
        group = [
            self._field("keys", "list[GroupKey]", "What the rows of the group share, in the order of `by`."),
            self._field("count", "Int", "How many rows there are in the group."),
        ]
        own = self._number_fields(kind.values)
        if relation and numeric(relation.values):
            own.append(self._field("edge", f"{relation_title(relation)}EdgeNumbers", "Of the relations."))
        if own:
            self._type(f"{title}Numbers", "A number of each group, by what it is about.", own)
            group.append(self._field("sum", f"{title}Numbers", "What is known of the rows, added up."))
            group.append(self._field("average", f"{title}Numbers", "The sum, divided by how many values are known."))
        self._type(f"{title}Group", f"{pascal(kind.plural)} that share a value.", group)

    def _number_fields(self, properties: tuple[Property, ...]) -> list[StrawberryField]:
        return [
            self._field(prop.name, "float | None", f"{_described(prop)} To {_decimals(prop.scale)}.")
            for prop in numeric(properties)
        ]

    # Relations

    def _relation(self, relation: Relation) -> None:
        title = relation_title(relation)
        self._enums(title, relation.values)
        where = self._combined(f"{title}EdgeWhere") + self._where_fields(title, relation.columns)
        self._input(f"{title}EdgeWhere", f"Which relations: {camel(relation.description)}", where)
        if order := self._order_fields(relation.columns):
            self._input(f"{title}EdgeOrder", "One key of the relation to sort by.", order, one_of=True)
        if numbers := self._number_fields(relation.values):
            self._type(f"{title}EdgeNumbers", "A number of each group, of its relations.", numbers)

    def _hop(self, hop: Hop) -> None:
        title, shared, says = hop_title(hop), relation_title(hop.relation), hop.relation.description
        target = self.model.kind(hop.target)
        edge = [self._output(p, shared) for p in hop.relation.columns]
        if not hop.many:
            node = self._field("node", target.name, f"The {target.name.lower()} itself.")
            self._type(f"{title}Edge", says, [node, *edge])
            return
        self._connection(title, target, hop.relation, says, edge)
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

    # Search

    def _search(self) -> None:
        self._enum("NodeKind", "A kind of node.", tuple(map(node_kind, self.model.kinds)))
        node = self._field("node", "Entity", "The node itself.")
        cursor = self._field("cursor", "str", "Its place in the connection.")
        self._type("EntityEdge", "A node that was found.", [cursor, node])
        fields = [
            self._field("totalCount", "Int", "How many there are on all pages."),
            self._field("edges", "list[EntityEdge]", "This page, with cursors."),
            self._field("nodes", "list[Entity]", "This page."),
            self._field("pageInfo", "PageInfo", "Where this page stands."),
        ]
        self._type("EntityConnection", "Nodes of any kind in an order, a page at a time.", fields)

    # Walks

    def _walks(self) -> None:
        names = dict.fromkeys(relation.name for relation in self.model.relations)
        self._enum("RelationName", "A relation, whichever kinds it joins.", tuple(names))
        self._enum("Direction", "How a step was taken: along the relation, or against it.", ("OUT", "IN"))
        dates = [(prop.name, "Date | None", prop.description) for prop in (SINCE, UNTIL)]
        step = [
            ("node", "Entity", "The node that the step leads to; of the first, where the path begins."),
            ("relation", "RelationName | None", "The relation that led there, none to the first."),
            ("direction", "Direction | None", "Whether it leads there, or from there."),
        ]
        self._type("PathStep", "A step of a path.", [self._field(*field) for field in (*step, *dates)])
        link = [
            ("from", "ID", "Id of the node it starts at."),
            ("to", "ID", "Id of the node it leads to."),
            ("relation", "RelationName", "Its name."),
        ]
        self._type("Link", "A relation between two nodes.", [self._field(*field) for field in (*link, *dates)])
        around = [
            self._field("nodes", "list[Entity]", "The node itself, then those around it, the nearest first."),
            self._field("links", "list[Link]", "All relations between these nodes, of those that may be followed."),
            self._field("hasMore", "bool", "Whether there are more nodes than are shown."),
        ]
        self._type("Neighbourhood", "A node and what is around it, for drawings.", around)

    # Cubes

    def _cubes(self) -> None:
        names = tuple(cube.name for cube in self.model.cubes)
        self._enum("StudentCube", "A table of counts of students, or of their placements.", names)
        node = self._field("node", "Entity | None", "The node that a relation leads to.")
        row = [self._field(prop.name, *_counted(prop)) for prop in COLUMNS if prop is not ID]
        self._type("StudentCount", "How many students share something.", [node, *row])
        counts = [
            self._field("total", "Int", "How many there are in all, to the nearest 5."),
            self._field(
                "rows", "list[StudentCount]", "What does not round to 0, and none of fewer than 22.5 students."
            ),
        ]
        self._type("StudentCounts", "Counts that tell nobody apart, rounded and suppressed as HESA does it.", counts)

    # The graph as a whole

    def _graph(self) -> None:
        count = [
            self._field("name", "str", "The kind or relation."),
            self._field("count", "Int", "How many there are."),
        ]
        self._type("TableCount", "How many there are of a kind or relation.", count)
        loaded = [
            self._field("sourceId", "ID", "Id of the source."),
            self._field("loadedAt", "str", "When it was loaded last, UTC."),
            self._field("rows", "Int", "Statements it made."),
            self._field("loadId", "str", "Names the bytes that were loaded and the loader that read them."),
            self._field("rank", "Int", "Precedence where sources disagree: the lowest counts most."),
            self._field("date", "str", "Date of its content, empty where it has none."),
        ]
        self._type("LoadRecord", "What was loaded from a source.", loaded)
        content_hash = self._field(
            "contentHash", "str", "The same for the same content, whatever the order of loads and the store."
        )
        sources = self._field("sources", "list[LoadRecord]", "What was loaded, by source.")
        graph = [
            self._field("version", "Int", "One more for every change of the graph."),
            self._field("loadedAt", "str | None", "When the graph last changed, UTC."),
            self._field("counts", "list[TableCount]", "Rows of each kind and relation, by name."),
            *([content_hash, sources] if self.model.is_whole else ()),  # which speak of all that is in it
        ]
        self._type("Graph", "The graph as a whole.", graph)

    def _query(self) -> None:
        fields = [
            self._field("graph", "Graph", "The graph as a whole."),
            self._field("node", "Node | None", "The node with an id, of whatever kind.", (_ID,)),
            self._field("nodes", "list[Node | None]", "The nodes with these ids, in their order.", (_IDS,)),
        ]
        says = "Nodes with these words in their text, those first that are named so."
        fields.append(self._field("search", "EntityConnection", says, (*_SEARCH, *PAGING, AS_OF)))
        if self.model.relations:
            says = "The shortest path between two nodes, null where there is none as short."
            fields.append(self._field("path", "list[PathStep] | None", says, (*_PATH, AS_OF)))
            says = "A node and what is around it, null where it is not there."
            fields.append(self._field("neighbourhood", "Neighbourhood | None", says, (*_AROUND, AS_OF)))
        if self.model.cubes:
            says = "How many students there are by one or two dimensions, for everybody."
            fields.append(self._field("studentCounts", "StudentCounts", says, (_CUBE,)))
        for kind in self.model.kinds:
            fields.append(self._field(camel(kind.name), f"{kind.name} | None", f"{a(kind)} by id.", (_ID, AS_OF)))
            many = (*self._page_arguments(kind.name, kind.name), AS_OF)
            fields.append(self._field(kind.plural, f"{kind.name}Connection", kind.description, many))
        self._type("Query", "What can be asked.", fields)


_COMMON = ("id", "aliases", "sources", "locators")
_ID = ("id", "ID", "The node's id, as in `borough:E09000012`.")
_CUBE = ("cube", "StudentCube", "Which table.")
_SEARCH = (
    ("text", "str", f"Words, the last may be begun; at most {MAX_TEXT} characters and {MAX_WORDS} words."),
    ("kinds", "list[NodeKind] | None", "Only nodes of these kinds."),
)
_PATH = (
    ("from", "ID", "Where it begins."),
    ("to", "ID", "Where it ends."),
    ("maxHops", "Int | None", f"Steps it may have, 1 to {MAX_HOPS}; {HOPS} if not given."),
    ("via", "list[RelationName] | None", "Only along these relations."),
)
_AROUND = (
    ("of", "ID", "The node in the middle."),
    ("hops", "Int | None", f"Steps from it, 1 to {MAX_WIDTH}; {WIDTH} if not given."),
    ("kinds", "list[NodeKind] | None", "Only to nodes of these kinds, and only through them."),
    ("limit", "Int | None", f"How many nodes at most, 1 to {MAX_PAGE}; {DEFAULT_PAGE} if not given."),
)
_IDS = ("ids", "list[ID]", f"Up to {MAX_PAGE} ids.")


def _optional(annotation: str, prop: Property) -> str:
    return f"{annotation} | None" if prop.nullable else annotation


def _counted(prop: Property) -> tuple[str, str]:
    """The type of a column of counts, and what it says."""
    return _optional(SCALARS[prop.type][0], prop), prop.description


def _decimals(scale: int) -> str:
    return "whole numbers" if scale == 0 else f"{scale} decimal{'s' if scale > 1 else ''}"


def _described(prop: Property) -> str:
    return f"{prop.description} In {prop.unit}." if prop.unit else prop.description


def _repeated(relation: Relation | None) -> str:
    """What a connection counts where a node can be related to another more than once."""
    return "; a node counts each time that it is related" if relation and relation.keys else ""


def _ordered(prop: Property) -> str:
    return f"By {prop.name}{', in the order of the alphabet' if prop.type is Type.ENUM else ''}."
