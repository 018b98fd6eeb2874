"""What a graph can hold: kinds of node, their properties, and the relations between them, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, partial
from typing import TypeVar


class Type(StrEnum):
    """The types of a property's value, and how each is held in Python."""

    TEXT = "text"  # str
    INTEGER = "integer"  # int, 32 bits as GraphQL's Int
    DECIMAL = "decimal"  # float, never NaN, infinite or -0.0
    BOOLEAN = "boolean"  # bool
    DATE = "date"  # str, ISO 8601 to the precision known: 2021, 2021-03 or 2021-03-04
    ENUM = "enum"  # str, lower_snake; shown in GraphQL as UPPER_SNAKE
    URL = "url"  # str, http or https
    TEXTS = "texts"  # tuple of str, empty where nothing is known


class Form(StrEnum):
    """How a text is written, where not any text will do."""

    ACADEMIC_YEAR = "academic year"  # a year and the next, as in 2026/27
    ORG_ID = "org-id"  # by org-id.guide, as in GB-CHC-1000000; what has these is known by any of them


class DataClass(StrEnum):
    """How far something is protected; `graph.roles` says who sees what."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    STUDENT = "student"


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a kind or of a relation. `scale` is the number of decimals a sum is rounded to; a number lies
    between `minimum` and `maximum`, both included."""

    name: str
    type: Type
    description: str
    required: bool = False
    unique: bool = False
    searchable: bool = False
    data_class: DataClass = field(kw_only=True)  # which has no default, so that nothing is seen that nobody thought of
    unit: str | None = None
    values: tuple[str, ...] = ()
    scale: int = 2
    form: Form | None = None
    minimum: int | None = None
    maximum: int | None = None

    @property
    def range(self) -> str:
        """Where a number lies, in words: `from 0 to 1`; empty where it may be any."""
        if self.minimum is None:
            return "" if self.maximum is None else f"up to {self.maximum}"
        return f"of {self.minimum} or more" if self.maximum is None else f"from {self.minimum} to {self.maximum}"

    def admits(self, number: float) -> bool:
        """Whether a number is in its range."""
        low, high = self.minimum, self.maximum
        return (low is None or number >= low) and (high is None or number <= high)

    @property
    def identifies(self) -> bool:
        """Whether a value tells one thing of its sort from all others."""
        return self.unique or self.form is Form.ORG_ID

    @property
    def is_text(self) -> bool:
        return self.type in (Type.TEXT, Type.URL)

    @property
    def is_list(self) -> bool:
        return self.type is Type.TEXTS

    @property
    def nullable(self) -> bool:
        return not (self.required or self.is_list)


public = partial(Property, data_class=DataClass.PUBLIC)
internal = partial(Property, data_class=DataClass.INTERNAL)
personal = partial(Property, data_class=DataClass.PERSONAL)
student = partial(Property, data_class=DataClass.STUDENT)

SOURCES = public("sources", Type.TEXTS, "Ids of the sources that say so, the one that counts most first.")
LOCATORS = internal(
    "locators", Type.TEXTS, "Where in each source, in the order of `sources`."
)  # they name files, and people's sheets
PROVENANCE = (SOURCES, LOCATORS)
SOURCE = "Source"  # the kind whose nodes describe sources, if a model has it
CLAIMS = public("claims", Type.TEXT, "What each source says, as JSON, where several speak.")  # never shown as it is
SINCE = public("since", Type.DATE, "First day on which it holds.")
UNTIL = public("until", Type.DATE, "First day on which it no longer holds.")


@dataclass(frozen=True)
class Kind:
    """A kind of node. Who may not see data of its class sees none of its nodes, nor that there are any: an id, a name
    or a place in an order gives away whom it is about. `spelled` kinds are named in tables by any of their spellings,
    not only by id; a `pseudonymous` kind has no names of its own: its key is shown instead."""

    name: str
    plural: str
    description: str
    properties: tuple[Property, ...] = ()
    data_class: DataClass = field(kw_only=True)
    spelled: bool = False
    pseudonymous: bool = False
    provenance: tuple[Property, ...] = PROVENANCE

    @property
    def table(self) -> str:
        return self.name

    @property
    def prefix(self) -> str:
        """What stands before the colon of an id: `partner` in `partner:GB-CHC-1000000`."""
        return kebab(self.name)

    @property
    def key(self) -> tuple[Property, ...]:
        """The properties that make a row of this table one and the same."""
        return (ID,)

    @cached_property
    def values(self) -> tuple[Property, ...]:
        """What a source can say of a node, in the order of a row."""
        name = Property(
            "name",
            Type.TEXT,
            f"Name of the {self.name.lower()}.",
            required=True,
            searchable=not self.pseudonymous,
            data_class=self.data_class,
        )
        aliases = Property(
            "aliases",
            Type.TEXTS,
            "Other names and spellings.",
            searchable=not self.pseudonymous,
            data_class=self.data_class,
        )
        return (name, aliases, *self.properties)

    @cached_property
    def columns(self) -> tuple[Property, ...]:
        """Everything that can be asked of a node."""
        return (ID, *self.values, *self.provenance)

    @cached_property
    def org_ids(self) -> Property | None:
        """The property of the identifiers that a node is known by elsewhere, if it has any."""
        return next((p for p in self.properties if p.form is Form.ORG_ID), None)

    @cached_property
    def lists(self) -> tuple[int, ...]:
        """The places of text lists among the values."""
        return _lists(self.values)

    @cached_property
    def texts(self) -> tuple[tuple[int, Property], ...]:
        """What of a row, of key and values, is text, with its place."""
        return _texts((*self.key, *self.values))

    @cached_property
    def places(self) -> tuple[tuple[str, int], ...]:
        """The names of the values and their places, by name."""
        return _places(self.values)

    def id_of(self, key: str) -> str:
        return f"{self.prefix}:{key}"


ID = public("id", Type.TEXT, "Stable id of the whole graph, as in `borough:E09000012`.", required=True, unique=True)
FROM = public("from", Type.TEXT, "Id of the node a relation starts at.", required=True)
TO = public("to", Type.TEXT, "Id of the node a relation leads to.", required=True)
KEY = public("key", Type.TEXT, "The relation's key properties as a JSON array.", required=True)


@dataclass(frozen=True, slots=True)
class End:
    """How a relation is read from one of its ends: the field's name, and whether it leads to many nodes."""

    field: str
    many: bool = True


@dataclass(frozen=True)
class Relation:
    """A relation between two kinds. It is one and the same by its ends and, where it leads to many from both, its
    `keys`; a `symmetric` one is stored once, its smaller id first, and read from both ends under the same field;
    a `dated` one has `since` and `until`. Of an `owning` one the target tells of its source: where it has no other,
    it is told to them, and erased with them."""

    name: str
    source: str
    target: str
    forward: End
    backward: End
    description: str
    properties: tuple[Property, ...] = ()
    keys: tuple[str, ...] = ()
    dated: bool = True
    symmetric: bool = False
    owning: bool = False
    provenance: tuple[Property, ...] = PROVENANCE

    @property
    def table(self) -> str:
        return f"{self.source}_{self.name}_{self.target}"

    @property
    def key(self) -> tuple[Property, ...]:
        return (FROM, TO, KEY) if self.keys else (FROM, TO)

    @cached_property
    def values(self) -> tuple[Property, ...]:
        """What a source can say of a relation, in the order of a row."""
        return (*self.properties, *((SINCE, UNTIL) if self.dated else ()))

    @cached_property
    def columns(self) -> tuple[Property, ...]:
        """Everything that can be asked of a relation."""
        return (*self.values, *self.provenance)

    @cached_property
    def lists(self) -> tuple[int, ...]:
        """The places of text lists among the values."""
        return _lists(self.values)

    @cached_property
    def texts(self) -> tuple[tuple[int, Property], ...]:
        """What of a row, of key and values, is text, with its place."""
        return _texts((*self.key, *self.values))

    @cached_property
    def places(self) -> tuple[tuple[str, int], ...]:
        """The names of the values and their places, by name."""
        return _places(self.values)

    @cached_property
    def key_places(self) -> tuple[int, ...]:
        """The places of the key properties among the values."""
        names = [p.name for p in self.values]
        return tuple(names.index(key) for key in self.keys)


Table = Kind | Relation
T = TypeVar("T", Kind, Relation)

RESERVED = ("from", "to", "key", "claims")  # what every relation is stored with


@dataclass(frozen=True, slots=True)
class Hop:
    """One step along a relation, forward from its source or backward from its target."""

    relation: Relation
    forward: bool = True

    @property
    def end(self) -> End:
        return self.relation.forward if self.forward else self.relation.backward

    @property
    def origin(self) -> str:
        return self.relation.source if self.forward else self.relation.target

    @property
    def target(self) -> str:
        return self.relation.target if self.forward else self.relation.source

    @property
    def field(self) -> str:
        return self.end.field

    @property
    def many(self) -> bool:
        return self.end.many


@dataclass(frozen=True, slots=True)
class Cube:
    """A fixed table of how many of a kind of people there are, which everybody may read: by a property or by what a
    step leads to, by the academic year that a property tells, or by both."""

    name: str
    kind: str
    by: str | None
    year: str | None = None


class Model:
    """A closed set of kinds and relations, and the cubes of those that few see; `is_whole` unless something of it is
    hidden from its reader, `revision` one more whenever what it can hold changes.

    Raises ValueError where they do not fit together: a name used twice, an end that is no kind,
    a key that is no property.
    """

    def __init__(
        self,
        kinds: tuple[Kind, ...],
        relations: tuple[Relation, ...],
        cubes: tuple[Cube, ...] = (),
        *,
        revision: int = 1,
        is_whole: bool = True,
    ) -> None:
        self.kinds = kinds
        self.relations = relations
        self.cubes = cubes
        self.revision = revision
        self.is_whole = is_whole
        self._check()

    @cached_property
    def by_name(self) -> dict[str, Kind]:
        return {kind.name: kind for kind in self.kinds}

    @cached_property
    def by_prefix(self) -> dict[str, Kind]:
        return {kind.prefix: kind for kind in self.kinds}

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, kinds before relations."""
        return (*self.kinds, *self.relations)

    def kind(self, name: str) -> Kind:
        return self.by_name[name]

    def kind_of(self, node_id: str) -> Kind | None:
        """The kind that an id names by its prefix, None where it names none."""
        return self.by_prefix.get(node_id.partition(":")[0])

    def classes(self, table: Table) -> frozenset[DataClass]:
        """The data that somebody must see to see any row of a table: of a relation, that of both its ends, and of its
        keys, since their values tell its rows apart."""
        if isinstance(table, Kind):
            return frozenset({table.data_class})
        keys = (named(table.values, key).data_class for key in table.keys)
        return frozenset({self.kind(table.source).data_class, self.kind(table.target).data_class, *keys})

    def within(self, classes: frozenset[DataClass]) -> Model:
        """What is left of the model for somebody who sees data of these classes alone."""
        if classes.issuperset(DataClass):
            return self
        kinds = tuple(_within(kind, classes) for kind in self.kinds if self.classes(kind) <= classes)
        relations = tuple(_within(r, classes) for r in self.relations if self.classes(r) <= classes)
        return Model(kinds, relations, self.cubes, revision=self.revision, is_whole=False)

    def hops(self, kind: Kind) -> tuple[Hop, ...]:
        """Every step that starts at a kind, in the order of the model."""
        return self._hops[kind.name]

    @cached_property
    def _hops(self) -> dict[str, tuple[Hop, ...]]:
        return {kind.name: tuple(self._hops_of(kind)) for kind in self.kinds}

    def _hops_of(self, kind: Kind) -> Iterator[Hop]:
        for relation in self.relations:
            if relation.source == kind.name:
                yield Hop(relation, forward=True)
            if relation.target == kind.name and not relation.symmetric:
                yield Hop(relation, forward=False)

    def _check(self) -> None:
        _distinct("kind", ["Node", "Entity", "Found", "Graph", "Query", *(kind.name for kind in self.kinds)])
        _distinct("plural", [kind.plural for kind in self.kinds])
        _distinct("relation", [relation.table for relation in self.relations])
        for cube in self.cubes if self.is_whole else ():
            self._check_cube(cube)
        for relation in self.relations:
            for end in (relation.source, relation.target):
                if end not in self.by_name:
                    raise ValueError(f"{relation.table}: {end} is no kind of this model")
            if relation.symmetric and relation.source != relation.target:
                raise ValueError(f"{relation.table}: only a relation within one kind can be symmetric")
            if relation.keys and not (relation.forward.many and relation.backward.many):
                raise ValueError(f"{relation.table}: keys let two nodes be joined twice, so both ends lead to many")
            for key in relation.keys:
                if key not in {p.name for p in relation.values}:
                    raise ValueError(f"{relation.table}: its key {key} is no property of it")
            _distinct(f"property of {relation.table}", [*RESERVED, *(p.name for p in relation.columns)])
        for kind in self.kinds:
            fields = [p.name for p in kind.columns] + [hop.field for hop in self.hops(kind)]
            _distinct(f"field of {kind.name}", ["claims", "provenance", *fields])
            for prop in kind.properties:
                if prop.searchable and prop.data_class is not kind.data_class:
                    raise ValueError(f"{kind.name}.{prop.name}: who searches finds by it, so it is of the kind's class")

    def _check_cube(self, cube: Cube) -> None:
        """Whoever reads a cube reads what it counts by."""
        kind = self.kind(cube.kind)
        steps = {hop.field: hop for hop in self.hops(kind)}
        if cube.by in steps and self.kind(steps[cube.by].target).data_class is not DataClass.PUBLIC:
            raise ValueError(f"{cube.name}: everybody sees what it counts by, so that {cube.by} cannot be hidden")
        for name in filter(None, (cube.by, cube.year)):
            if name not in {*steps, *(prop.name for prop in kind.values)}:
                raise ValueError(f"{cube.name}: {name} is neither a property nor a step of {kind.name}")


def named(properties: Iterable[Property], name: str) -> Property:
    """The property of that name."""
    return next(prop for prop in properties if prop.name == name)


def _within(table: T, classes: frozenset[DataClass]) -> T:
    """A table without the properties of other classes."""
    properties, provenance = (
        tuple(p for p in some if p.data_class in classes) for some in (table.properties, table.provenance)
    )
    return replace(table, properties=properties, provenance=provenance)


def _lists(properties: tuple[Property, ...]) -> tuple[int, ...]:
    return tuple(place for place, prop in enumerate(properties) if prop.is_list)


def _texts(row: tuple[Property, ...]) -> tuple[tuple[int, Property], ...]:
    return tuple((place, prop) for place, prop in enumerate(row) if prop.is_text)


def _places(properties: tuple[Property, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((prop.name, place) for place, prop in enumerate(properties)))


def _distinct(what: str, names: list[str]) -> None:
    """Raises ValueError where a name stands twice, whatever its case: some stores do not tell case apart."""
    folded = [name.lower() for name in names]
    for name in names:
        if folded.count(name.lower()) > 1:
            raise ValueError(f"{what} {name} is declared twice, or taken")


def kebab(name: str) -> str:
    """`TAKES_PART_IN`, `takesPartIn` and `TakesPartIn` all become `takes-part-in`."""
    return snake(name).replace("_", "-")


def snake(name: str) -> str:
    """`TAKES_PART_IN`, `takesPartIn` and `TakesPartIn` all become `takes_part_in`."""
    return name.lower() if name.isupper() else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
