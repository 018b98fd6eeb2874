"""Arguments of a field: their shape as plain values, and in it leaves that know where their value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    print_ast,
    value_from_ast,
)

from graph.errors import BadInput


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without fields: of a variable where `path` says so, else of the document itself."""

    value: Any
    path: tuple[str | int, ...] = ()


Tree = Leaf | list[Any] | dict[str, Any]


def arguments(node: FieldNode, owner: GraphQLObjectType, variables: Mapping[str, Any]) -> dict[str, Tree]:
    """The arguments of a field that are given and not null, by name."""
    types = owner.fields[node.name.value].args
    given = ((a.name.value, tree(a.value, types[a.name.value].type, variables)) for a in node.arguments or ())
    return {name: value for name, value in given if value is not None and not is_null(value)}


def tree(node: ValueNode, type_: GraphQLInputType, variables: Mapping[str, Any]) -> Tree | None:
    """A value of the document by its type; None where it is a variable that is not given.

    Raises BadInput where a variable is null and may not be: one with a default may stand where null may not.
    """
    if isinstance(node, VariableNode):
        name = node.name.value
        if isinstance(type_, GraphQLNonNull) and variables.get(name) is None:
            raise BadInput(f"${name} is null; expected {type_}")
        return lifted(variables[name], (name,)) if name in variables else None
    if isinstance(type_, GraphQLNonNull):
        return tree(node, type_.of_type, variables)
    if isinstance(node, NullValueNode):
        return Leaf(None)
    if isinstance(type_, GraphQLList):
        items = node.values if isinstance(node, ListValueNode) else (node,)
        return _list([item for item in (tree(i, type_.of_type, variables) for i in items) if item is not None])
    if isinstance(type_, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        fields = ((f.name.value, tree(f.value, type_.fields[f.name.value].type, variables)) for f in node.fields)
        return {name: value for name, value in fields if value is not None}
    value = value_from_ast(node, type_)
    if value is Undefined:
        raise BadInput(f"{print_ast(node)[:40]} does not fit {type_}: it is too large, or has too many digits")
    return Leaf(value)


def _list(members: list[Tree]) -> Tree:
    """A list of the document; one of scalars, none of them a variable, is one leaf."""
    if all(isinstance(member, Leaf) and not member.path for member in members):
        return Leaf([member.value for member in members if isinstance(member, Leaf)])
    return members


def lifted(value: Any, path: tuple[str | int, ...]) -> Tree:
    """A variable's value; every leaf knows its path. A list of scalars is one leaf."""
    if isinstance(value, dict):
        return {name: lifted(item, (*path, name)) for name, item in value.items()}
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [lifted(item, (*path, place)) for place, item in enumerate(value)]
    return Leaf(value, path)


def is_null(value: Tree) -> bool:
    return isinstance(value, Leaf) and value.value is None


def items(value: Tree) -> list[Any]:
    """The members of a list, however it was given."""
    if isinstance(value, Leaf):
        return [Leaf(item) for item in value.value]
    return value if isinstance(value, list) else [value]


def plain(value: Tree) -> Any:
    """The value itself, without where it comes from; only for values that shape the statement."""
    if isinstance(value, Leaf):
        return value.value
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value]


def shape(value: Any) -> Any:
    """What of a variable's value shapes a statement: all but its scalars. Booleans and nulls do."""
    if isinstance(value, dict):
        return tuple((name, shape(item)) for name, item in value.items())
    if isinstance(value, list):
        return tuple(shape(item) for item in value) if _has_objects(value) else "[]"
    return value if value is None or isinstance(value, bool) else "*"


def frozen(value: Any) -> Any:
    """The whole value as one that can be a key."""
    if isinstance(value, dict):
        return tuple((name, frozen(item)) for name, item in value.items())
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def _has_objects(values: Iterable[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)
