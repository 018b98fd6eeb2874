"""A document with its fragments opened, counted before it is validated: validating takes long where much is merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from typing import NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from schema import limits


class Counts(NamedTuple):
    """What a definition holds, each fragment as often as it is spread."""

    aliases: int = 0
    directives: int = 0


class Merged(NamedTuple):
    """What an object of the answer and all below it are made of, each as often as it is in the answer: fields, those of
    the document that are read to find them, and how many of these are compared with each other."""

    fields: int = 0
    visits: int = 0
    comparisons: int = 0


Object = tuple[int, ...]  # an object of the answer, by the selections that are merged into it


class Expansion:
    """Counts a document. Each fragment is counted once, however often it is spread, and each object of the answer once,
    however often it is there."""

    def __init__(self, document: DocumentNode) -> None:
        fragments = [d for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
        self.number = len(fragments)
        self.fragments = {d.name.value: d for d in fragments}
        self.operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        self._counts: dict[str, Counts | None] = {}
        self._reached: set[str] = set()
        self._visits = self._comparisons = 0
        self._merged = Merged()

    def check(self) -> None:
        """Raises TooCostly where there is more than may be, GraphQLError where a fragment spreads itself."""
        for operation in self.operations:
            counts = self._count(operation)
            limits.aliases(counts.aliases)
            limits.directives(counts.directives)
        for name in self.fragments:
            self._fragment(name)
        limits.fragments(self.number)
        for definition in self.operations:
            self._merge(definition.selection_set)
        for name in self.fragments.keys() - self._reached:
            self._merge(self.fragments[name].selection_set)

    def _count(self, definition: Node) -> Counts:
        found = Counts()
        for node in nodes(definition):
            if isinstance(node, FragmentSpreadNode):
                found = _sum(found, self._spread(node))
            elif isinstance(node, DirectiveNode):
                found = _sum(found, Counts(directives=1))
            elif isinstance(node, FieldNode) and node.alias:
                found = _sum(found, Counts(aliases=1))
        return found

    def _spread(self, node: FragmentSpreadNode) -> Counts:
        counts = self._fragment(node.name.value)
        if counts is None:
            raise GraphQLError(f"Cannot spread fragment '{node.name.value}' within itself.", node)
        return counts

    def _fragment(self, name: str) -> Counts | None:
        """What a fragment holds, None while that is being counted."""
        if name not in self._counts and name in self.fragments:
            self._counts[name] = None
            self._counts[name] = self._count(self.fragments[name])
        return self._counts.get(name, Counts())

    def _merge(self, root: SelectionSetNode) -> None:
        """Count what has to be compared with what, as fields of one name in one object are, and what comes of it."""
        own: dict[Object, Merged] = {}
        below: dict[Object, list[Object]] = {}
        waiting = [[root]]
        while waiting:
            selections = waiting.pop()
            if (name := _object(selections)) not in own:
                own[name], objects = self._open(selections)
                below[name] = list(map(_object, objects))
                waiting += objects
        whole: dict[Object, Merged] = {}
        for name in TopologicalSorter(below).static_order():
            whole[name] = _total(own[name], *(whole[object] for object in below[name]))
        self._merged = _total(self._merged, whole[_object([root])])
        limits.visits(self._merged.visits)
        limits.comparisons(self._merged.comparisons)
        limits.values(self._merged.fields)

    def _open(self, selections: list[SelectionSetNode]) -> tuple[Merged, list[list[SelectionSetNode]]]:
        """What one object is made of, and the objects below it."""
        visits, comparisons = self._visits, self._comparisons
        fields = self._fields(selections)
        for nodes in fields.values():
            self._compare(len(nodes))
        objects = ([node.selection_set for node in nodes if node.selection_set] for nodes in fields.values())
        own = Merged(len(fields), self._visits - visits, self._comparisons - comparisons)
        return own, [object for object in objects if object]

    def _fields(self, selections: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields of one object by their names in the answer."""
        found: dict[str, list[FieldNode]] = {}
        waiting, seen = [selections], set[str]()
        while waiting:
            spread = set()
            for node in self._opened(waiting.pop()):
                if isinstance(node, FieldNode):
                    found.setdefault((node.alias or node.name).value, []).append(node)
                elif isinstance(node, FragmentSpreadNode):
                    spread.add(node.name.value)
            self._compare(len(spread))
            waiting += [[self.fragments[name].selection_set] for name in spread - seen if name in self.fragments]
            seen |= spread
        self._reached |= seen
        return found

    def _opened(self, selections: Iterable[SelectionSetNode]) -> Iterator[SelectionNode]:
        """Fields and spread fragments, inline fragments opened."""
        waiting = list(selections)
        while waiting:
            for node in waiting.pop().selections:
                self._visits += 1
                limits.visits(self._visits)
                if isinstance(node, InlineFragmentNode):
                    waiting.append(node.selection_set)
                else:
                    yield node

    def _compare(self, number: int) -> None:
        self._comparisons += number * (number - 1)
        limits.comparisons(self._comparisons)


def nodes(root: Node) -> Iterator[Node]:
    """A node of the syntax tree and all below it, without recursion."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        for key in _keys(node):
            value = getattr(node, key, None)
            if isinstance(value, Node):
                waiting.append(value)
            elif isinstance(value, list | tuple):
                waiting.extend(item for item in value if isinstance(item, Node))


_KEYS: dict[type, tuple[str, ...]] = {}


def _keys(node: Node) -> tuple[str, ...]:
    """What nodes of its kind hold, kept: graphql-core finds it out for each node anew."""
    kind = type(node)
    if kind not in _KEYS:
        _KEYS[kind] = tuple(key for key in node.keys if key != "loc")
    return _KEYS[kind]


def _object(selections: Iterable[SelectionSetNode]) -> Object:
    return tuple(map(id, selections))


def _total(*several: Merged) -> Merged:
    return Merged(*map(sum, zip(*several, strict=True)))


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(one.aliases + other.aliases, one.directives + other.directives)
