"""Conditions: what a `where` or an `edge` asks for, as predicates of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph import plan as p
from graph.errors import BadInput
from graph.model import Hop, Kind, Model, Property, Relation, Type, named
from graph.plan import Convert, Op
from schema import limits
from schema.arguments import Leaf, Tree, is_null, items
from schema.params import Params
from schema.validity import holds

LOGIC = ("and", "or", "not")
# A date known to the month or year stands for its first day. As text it comes right before that, so that it is enough
# to compare with the one form or the other.
FIRST_DAYS = {"gte": Convert.COARSE, "lt": Convert.COARSE, "gt": Convert.FINE, "lte": Convert.FINE}


@dataclass(frozen=True, slots=True)
class Depth:
    """Where a condition stands: relation hops from the root of the operation, levels of its `where`, and in time."""

    hops: int = 0
    levels: int = 0
    day: p.Param | None = None  # on which the relations must hold

    def below(self, hops: int = 0) -> Depth:
        limits.depth(self.hops + hops)
        limits.nesting(self.levels + 1)
        return replace(self, hops=self.hops + hops, levels=self.levels + 1)


class Conditions:
    """Reads the conditions of one operation; their values become its parameters."""

    def __init__(self, model: Model, params: Params) -> None:
        self.model = model
        self.params = params
        self._conditions = 0
        self._objects = 0

    def where(self, given: Tree, kind: Kind, at: Depth) -> p.Predicate:
        self._object()
        properties = {prop.name: prop for prop in kind.columns}
        hops = {hop.field: hop for hop in self.model.hops(kind)}
        parts = []
        for name, value in _stated(given):
            if name in properties:
                parts.append(self.compare(properties[name], value, on_edge=False))
            elif name in LOGIC:
                parts.append(self.logic(name, [self.where(item, kind, at.below()) for item in items(value)]))
            elif name in hops and hops[name].many:
                parts.append(self.quantified(hops[name], dict(_stated(value)), at.below(hops=1)))
            elif name in hops:
                target = self.model.kind(hops[name].target)
                parts.append(self.to_one(hops[name], self.where(value, target, at.below(hops=1)), at))
            else:
                hop = hops[name.removesuffix("Edge")]
                parts.append(self.to_one(hop, self.edge_where(value, hop.relation, at.below(hops=1)), at))
        return all_of(parts)

    def edge_where(self, given: Tree, relation: Relation, at: Depth) -> p.Predicate:
        self._object()
        parts = []
        for name, value in _stated(given):
            if name in LOGIC:
                parts.append(self.logic(name, [self.edge_where(i, relation, at.below()) for i in items(value)]))
            else:
                parts.append(self.compare(named(relation.columns, name), value, on_edge=True))
        return all_of(parts)

    @staticmethod
    def logic(name: str, parts: list[p.Predicate]) -> p.Predicate:
        match name:
            case "and":
                return all_of(parts)
            case "or":
                return parts[0] if len(parts) == 1 else p.AnyOf(tuple(parts))
            case _:
                return p.Not(parts[0])

    @staticmethod
    def to_one(hop: Hop, where: p.Predicate, at: Depth) -> p.Has:
        return p.Has(hop, where, among=holds(hop.relation, at.day))

    def quantified(self, hop: Hop, given: dict[str, Tree], at: Depth) -> p.Predicate:
        target = self.model.kind(hop.target)
        edge = [holds(hop.relation, at.day)]
        edge += [self.edge_where(given["edge"], hop.relation, at)] if "edge" in given else []
        asked = {name: self.where(given[name], target, at) for name in ("some", "none", "every") if name in given}
        parts: list[p.Predicate] = []
        if "some" in asked or ("edge" in given and not asked):
            parts.append(p.Has(hop, all_of([*edge, asked.get("some", p.AllOf())])))
        if "none" in asked:
            parts.append(p.Not(p.Has(hop, all_of([*edge, asked["none"]]))))
        if "every" in asked:
            parts.append(p.Not(p.Has(hop, all_of([*edge, p.Not(asked["every"])]))))
        return all_of(parts)

    def compare(self, prop: Property, given: Tree, *, on_edge: bool) -> p.Predicate:
        assert isinstance(given, dict)
        return all_of([self.operator(name, prop, value, on_edge) for name, value in given.items()])

    def operator(self, name: str, prop: Property, given: Tree, on_edge: bool) -> p.Predicate:
        self._conditions += 1
        limits.conditions(self._conditions)
        missing = p.Missing(prop, on_edge)
        if isinstance(given, list):
            if any(is_null(item) for item in given):
                raise BadInput(f"{prop.name} has null in a list; expected values")
            return p.AnyOf(tuple(self.operator("eq", prop, item, on_edge) for item in given))
        assert isinstance(given, Leaf)
        if given.value is None:
            return _of_null(name, missing)
        if name in ("isNull", "isEmpty"):
            return missing if given.value else p.Not(missing)
        return p.Cmp(Op(name), prop, self.params.add(given, _conversion(name, prop)), on_edge)

    def _object(self) -> None:
        """Count what holds conditions: it may be empty."""
        self._objects += 1
        limits.objects(self._objects)


def _stated(given: Tree) -> list[tuple[str, Tree]]:
    """What an input object states; null states nothing."""
    if not isinstance(given, dict):
        raise BadInput("where has null in a list; expected an object")
    return [(name, value) for name, value in given.items() if not is_null(value)]


def all_of(parts: list[p.Predicate]) -> p.Predicate:
    """That all parts hold, as simply as it can be said."""
    said = tuple(part for part in parts if part != p.AllOf())
    return said[0] if len(said) == 1 else p.AllOf(said)


def _of_null(name: str, missing: p.Predicate) -> p.Predicate:
    """What an operator without a value says: eq and ne ask for what is missing or there, others ask nothing."""
    match name:
        case "eq":
            return missing
        case "ne":
            return p.Not(missing)
        case _:
            return p.AllOf()


def _conversion(name: str, prop: Property) -> Convert:
    if prop.type is Type.ENUM:
        return Convert.ENUM
    if prop.type is Type.DATE:
        return FIRST_DAYS.get(name, Convert.NONE)
    return Convert.FOLD if name == "containsIgnoreCase" else Convert.NONE
