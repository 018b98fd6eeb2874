"""Selections: what an operation asks of a type, with its fragments opened and what is skipped left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    value_from_ast,
)

from graph.errors import BadInput
from graph.model import Model
from schema.arguments import Tree, arguments
from schema.documents import Operation

Fields = dict[str, list[FieldNode]]  # by response key, the nodes that are merged under it


class Selections:
    """Reads the selections of one operation."""

    def __init__(self, model: Model, schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> None:
        self.model = model
        self.schema = schema
        self.operation = operation
        self.variables = variables
        self.reading: SelectionNode | None = None  # the last field of which something was read

    def fields(self, selections: Iterable[Iterable[SelectionNode]], on: str) -> Fields:
        """The fields asked of a type, fragments opened, skipped ones left out."""
        found: Fields = {}
        seen: set[str] = set()
        for nodes in selections:
            self._collect(nodes, on, found, seen)
        return found

    def _collect(self, nodes: Iterable[SelectionNode], on: str, found: Fields, seen: set[str]) -> None:
        for node in nodes:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._applies(node.type_condition.name.value if node.type_condition else on, on):
                    self._collect(node.selection_set.selections, on, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self.operation.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, on):
                    self._collect(fragment.selection_set.selections, on, found, seen)

    def _included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include"):
                skips = directive.name.value == "skip"
                (condition,) = directive.arguments or ()
                value = value_from_ast(condition.value, GraphQLBoolean, dict(self.variables))
                if value is None:
                    self.reading = node
                    raise BadInput(f"@{directive.name.value}(if:) is null; expected true or false")
                if value is skips:
                    return False
        return True

    def _applies(self, condition: str, on: str) -> bool:
        return condition == on or (condition in ("Node", "Entity") and on in self.model.by_name)

    def below(self, nodes: list[FieldNode], on: str) -> Fields:
        """The fields asked of what a field leads to."""
        self.reading = nodes[0]
        return self.fields((node.selection_set.selections for node in nodes if node.selection_set), on)

    def given(self, node: FieldNode, on: str) -> dict[str, Tree]:
        """The arguments of a field."""
        self.reading = node
        owner = self.schema.type_map[on]
        assert isinstance(owner, GraphQLObjectType)
        return arguments(node, owner, self.variables)
