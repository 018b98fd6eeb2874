"""Questions about the schema: how much their answers hold, told before they are made."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLString,
    get_named_type,
    get_nullable_type,
    value_from_ast,
)

from schema.selections import Fields, Selections


class Introspection:
    """Counts the fields that answers about the schema have. What is the same in many places, as what is asked of a type
    that many fields have, is counted once."""

    def __init__(self, selections: Selections) -> None:
        self._selections = selections
        self._schema = selections.schema
        self._info: Any = SimpleNamespace(schema=self._schema)  # all that graphql-core's resolvers look at
        self._below: dict[tuple[int, ...], Fields] = {}
        self._counts: dict[tuple[int, int], int] = {}

    def fields(self, roots: Iterable[list[FieldNode]]) -> int:
        """How many fields the answers have to those of these root fields that are about the schema."""
        return sum(self._root(nodes) for nodes in roots)

    def _root(self, nodes: list[FieldNode]) -> int:
        match nodes[0].name.value:
            case "__schema":
                return 1 + self._object(nodes, "__Schema", self._schema)
            case "__type":
                return 1 + self._object(nodes, "__Type", self._named(nodes[0]))
        return 0

    def _named(self, node: FieldNode) -> Any:
        """What `__type(name:)` is about."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        name = value_from_ast(given["name"], GraphQLString, dict(self._selections.variables))
        return self._schema.get_type(name)

    def _object(self, nodes: list[FieldNode], on: str, thing: Any) -> int:
        if thing is None:
            return 0
        fields = self._asked(nodes, on)
        if on != "__Type":
            return self._sum(fields, on, thing)
        key = (id(fields), id(thing))  # types stay; what stands for a field or an argument is made for each answer
        if key not in self._counts:
            self._counts[key] = self._sum(fields, on, thing)
        return self._counts[key]

    def _sum(self, fields: Fields, on: str, thing: Any) -> int:
        return sum(self._field(nodes, on, thing) for nodes in fields.values())

    def _asked(self, nodes: list[FieldNode], on: str) -> Fields:
        key = tuple(map(id, nodes))
        if key not in self._below:
            self._below[key] = self._selections.below(nodes, on)
        return self._below[key]

    def _field(self, nodes: list[FieldNode], on: str, thing: Any) -> int:
        owner = self._schema.type_map[on]
        assert isinstance(owner, GraphQLObjectType)
        declared = owner.fields.get(nodes[0].name.value)  # there is none of __typename
        target = declared and get_named_type(declared.type)
        if not declared or not declared.resolve or not isinstance(target, GraphQLObjectType):
            return 1
        most = {"includeDeprecated": True} if "includeDeprecated" in declared.args else {}
        found = declared.resolve(thing, self._info, **most)
        things = found if isinstance(get_nullable_type(declared.type), GraphQLList) else [found]
        return 1 + sum(self._object(nodes, target.name, thing) for thing in things or ())
