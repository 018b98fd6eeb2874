"""Who may see what: the roles, what of a model each sees, and the refusal of plans that read more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from graph import plan as p
from graph.errors import Forbidden
from graph.model import LOCATORS, SOURCES, DataClass, Hop, Kind, Model, Property, Relation, Table


class Role(StrEnum):
    """In whose name a caller asks, the one that sees least first."""

    PUBLIC = "public"  # whoever asks without a token
    ANALYST = "analyst"
    STEWARD = "steward"
    ADMIN = "admin"  # who gives tokens out, for which the file is enough so far


ALL = frozenset(DataClass)
SEES: Mapping[Role, frozenset[DataClass]] = {
    Role.PUBLIC: frozenset({DataClass.PUBLIC}),
    Role.ANALYST: frozenset({DataClass.PUBLIC, DataClass.INTERNAL}),
    Role.STEWARD: ALL,
    Role.ADMIN: ALL,
}

FACTS = frozenset({"version", "loadedAt"})  # of the graph; its others speak of all that is in it


@lru_cache(maxsize=32)
def seen_by(role: Role, model: Model) -> Model:
    """What of a model a role sees. The rest is not there for it: types, filters, orders, groups and lookups are made
    from what is left."""
    return model.within(SEES[role])


def least(classes: Iterable[DataClass]) -> Role:
    """The role that sees data of all these classes, and no more than it must."""
    return next(role for role in Role if SEES[role].issuperset(classes))


def described(role: Role) -> str:
    """What a role sees, in words."""
    *classes, last = [c.value for c in DataClass if c in SEES[role]]
    return f"{', '.join(classes)} and {last} data" if classes else f"{last} data"


def allow(role: Role, needed: frozenset[DataClass]) -> None:
    """Raises Forbidden where a role does not see all of these data. It is not told which."""
    if not needed <= SEES[role]:
        raise Forbidden(f"{role} may not see all that this asks for")


def needed(plan: p.Plan, model: Model) -> frozenset[DataClass]:
    """The classes of all data that an answer to a plan depends on: what it shows, compares, sorts and groups by, and
    every kind and relation that it visits. How each is protected is what the store's model says of its name, whatever
    the plan was made from."""
    needs = Needs(model)
    needs.value(plan.value, None, None)
    for walk in plan.walks:
        if not isinstance(walk, p.Counted):  # who reads a cube needs to see none of those it counts
            needs.walk(walk.kinds, walk.steps)
    return frozenset(needs.found)


class Needs:
    """Walks a plan and collects the classes of what it reads. A row is of a kind, and reached by a relation or none."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.relations = {relation.table: relation for relation in model.relations}
        self.found: set[DataClass] = set()

    def table(self, name: str) -> Table:
        """The table of that name, which is read."""
        table = self.model.by_name.get(name) or self.relations[name]
        self.found |= self.model.classes(table)
        return table

    def kind(self, name: str) -> Kind:
        kind = self.table(name)
        assert isinstance(kind, Kind)
        return kind

    def step(self, hop: Hop) -> tuple[Kind, Relation]:
        """The kind and the relation of the rows that a step leads to."""
        relation = self.table(hop.relation.table)
        assert isinstance(relation, Relation)
        return self.kind(hop.target), relation

    def property(self, prop: Property, of: Table | None) -> None:
        assert of, f"{prop.name} stands where there is no row"
        self.found.add(next(p.data_class for p in (*of.key, *of.columns) if p.name == prop.name))

    def value(self, value: p.Value, kind: Kind | None, relation: Relation | None) -> None:
        match value:
            case p.Get(prop, on_edge):
                self.property(prop, relation if on_edge else kind)
            case p.Obj(fields):
                for _, inner in fields:
                    self.value(inner, kind, relation)
            case p.Rows(inner):
                self.value(inner, kind, relation)
            case p.One(hop, inner, among):
                self.predicate(among, *self.step(hop))
                self.value(inner, *self.step(hop))
            case p.Page():
                self.page(value)
            case p.Groups(by, _, inner, among):
                assert kind, "groups stand where there are no rows"
                if isinstance(by, Hop):
                    self.predicate(among, *self.step(by))
                self.group(inner, kind, relation, self.grouping(by, kind, relation))
            case p.Provenance(inner):
                assert kind, "provenance stands where there is no row"
                self.provenance(inner, kind)
            case p.Lookup(_, _, cases) | p.ByKind(cases):
                for case, inner in cases:
                    self.value(inner, self.kind(case.name), None)
            case p.Info(name):
                self.found |= set() if name in FACTS else ALL
            case p.Entries():
                self.entries(value)
            case p.Links(near, _, steps):
                self.walk(tuple(self.kind(name) for name, _ in near), steps)
            case p.Counts(counted, by, _):
                kind = self.kind(counted.name)
                for each in by:
                    self.grouping(each, kind, None)
            case p.Computed(_, _, inner):
                self.computed(inner)
            case p.IfThere(_, inner):
                self.value(inner, None, None)
            case (
                p.Const() | p.Cursor() | p.HasNext() | p.HasPrevious() | p.StartCursor() | p.EndCursor() | p.Total()
                | p.Entry() | p.Flag() | p.Number()
            ):  # fmt: skip
                pass
            case p.Said():
                raise TypeError(f"{value} stands outside of provenance")
            case p.GroupKeys() | p.GroupValue() | p.GroupNode() | p.GroupCount() | p.GroupSum() | p.GroupAverage():
                raise TypeError(f"{value} stands outside a group")
            case _:
                assert_never(value)

    def walk(self, kinds: tuple[Kind, ...], steps: tuple[Hop, ...]) -> None:
        for kind in kinds:
            self.kind(kind.name)
        for hop in steps:
            self.kind(hop.origin)
            self.step(hop)

    def computed(self, value: p.Value) -> None:
        """What a computed row shows: of its own properties the walk has told already what it needs."""
        match value:
            case p.Obj(fields):
                for _, inner in fields:
                    self.computed(inner)
            case p.Get():
                pass
            case _:
                self.value(value, None, None)

    def page(self, page: p.Page) -> None:
        if page.search:
            for kind in page.search.kinds:
                self.kind(kind.name)
            self.value(page.value, None, None)
            return
        kind, relation = self.step(page.hop) if page.hop else (self.kind(page.kind.name), None)
        self.predicate(page.where, kind, relation)
        for key in page.order:
            self.property(key.property, relation if key.on_edge else kind)
        self.value(page.value, kind, relation)

    def provenance(self, value: p.Value, kind: Kind) -> None:
        self.property(SOURCES, kind)
        match value:
            case p.Obj(fields):
                for _, inner in fields:
                    self.provenance(inner, kind)
            case p.Said(properties, _):
                for prop in properties:
                    self.property(prop, kind)
            case p.Entry("locator"):
                self.property(LOCATORS, kind)
            case p.ByKind():
                self.value(value, None, None)
            case p.Entry() | p.Const():
                pass
            case _:
                raise TypeError(f"{value} is no value of provenance")

    def grouping(self, by: p.By | Hop, kind: Kind, relation: Relation | None) -> Kind | None:
        """The kind of the nodes that rows are grouped by."""
        if isinstance(by, Hop):
            return self.step(by)[0]
        self.property(by.property, relation if by.on_edge else kind)
        return None

    def group(self, value: p.Value, kind: Kind, relation: Relation | None, named: Kind | None) -> None:
        match value:
            case p.Obj(fields):
                for _, inner in fields:
                    self.group(inner, kind, relation, named)
            case p.GroupKeys(inner):
                self.group(inner, kind, relation, named)
            case p.GroupSum(prop, on_edge) | p.GroupAverage(prop, on_edge):
                self.property(prop, relation if on_edge else kind)
            case p.GroupNode(inner):
                self.value(inner, named, None)
            case p.Const() | p.GroupValue() | p.GroupCount():
                pass
            case _:
                raise TypeError(f"{value} is no value of a group")

    def entries(self, entries: p.Entries) -> None:
        if entries.name != "counts" or entries.tables is None:
            self.found |= ALL
        for name in entries.tables or ():
            self.table(name)

    def predicate(self, predicate: p.Predicate, kind: Kind, relation: Relation | None) -> None:
        match predicate:
            case p.Cmp(_, prop, _, on_edge) | p.Missing(prop, on_edge):
                self.property(prop, relation if on_edge else kind)
            case p.AllOf(parts) | p.AnyOf(parts):
                for part in parts:
                    self.predicate(part, kind, relation)
            case p.Not(part):
                self.predicate(part, kind, relation)
            case p.Has(hop, where, among):
                self.predicate(where, *self.step(hop))
                self.predicate(among, *self.step(hop))
            case _:
                assert_never(predicate)
