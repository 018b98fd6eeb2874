"""Documents: GraphQL text, parsed and validated once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from math import isinf
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from msgspec import Struct, structs

from graph.errors import BadInput, BadRequest, ParseFailed, RequestError, ValidationFailed
from schema import limits
from schema.expansion import Expansion, nodes
from schema.rules import rules_for

# Arguments whose values shape the statement
STRUCTURAL = {"first", "last", "offset", "orderBy", "by", "if", "kinds", "via", "maxHops", "hops", "limit", "cube"}
LISTS = {"ids"}  # so does the number of their members, and every variable that is written among them
CURSORS = {"after", "before"}


INTROSPECTION = {"__schema", "__type"}  # root fields about the schema rather than the graph
NOTHING = SelectionSetNode(selections=())

Arguments = list[tuple[ArgumentNode, list[str]]]  # and the variables in each


class Operation(Struct, frozen=True, gc=False):
    """One operation of a valid document, with the variables whose values shape its statement."""

    node: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    structural: tuple[str, ...]
    cursors: tuple[str, ...]
    counted: tuple[str, ...]
    introspects: bool

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None

    @property
    def head(self) -> Operation:
        """The same without what it selects, which is most of it: enough for the values of its variables."""
        return structs.replace(self, node=replace(self.node, selection_set=NOTHING), fragments={})

    def alone(self, fields: list[FieldNode]) -> DocumentNode:
        """A document that asks for these root fields only."""
        node = replace(self.node, selection_set=SelectionSetNode(selections=tuple(fields)))
        return DocumentNode(definitions=(node, *self.fragments.values()))


class Document(Struct, frozen=True, gc=False):
    operations: dict[str, Operation]

    @property
    def head(self) -> Document:
        """The same without what its operations select."""
        return Document({name: operation.head for name, operation in self.operations.items()})

    def operation(self, name: str | None) -> Operation:
        """The operation of that name, or the only one. Raises BadRequest where there is none, or a choice."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        names = ", ".join(self.operations) or "one, which has no name"
        if name is None:
            raise BadRequest(f"the document has several operations, and operationName is missing; one of {names}")
        if name not in self.operations:
            raise BadRequest(f"the document has no operation {name!r}; it has {names}")
        return self.operations[name]


class Text:
    """The text of a document, parsed once however much is asked of it, and once more where errors need their places."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def tree(self) -> DocumentNode:
        return parsed(self.text)

    @cached_property
    def nodes(self) -> list[Node]:
        return list(nodes(self.tree))

    @cached_property
    def document(self) -> Document:
        """Its operations, if it is valid."""
        return Document({op.name or "": op for op in _operations(self.tree, self.nodes)})

    def located(self, kind: type[RequestError], errors: list[GraphQLError]) -> RequestError:
        """Errors of nodes with their places in the text, for which it is parsed again. A node that graphql-core made
        itself, as it does of lists and objects that stand for scalars, has no place."""
        twins = dict(zip(map(id, self.nodes), nodes(parsed(self.text, places=True)), strict=True))

        def places(error: GraphQLError) -> list[Node]:
            return [twins[id(node)] for node in error.nodes or () if id(node) in twins]

        return located(kind, [GraphQLError(error.message, places(error)) for error in errors])


def read(text: str, schema: GraphQLSchema, suggests: bool = True) -> Document:
    """Parse and validate a document; `suggests` where errors may say what else there is.

    Raises TooLarge, ParseFailed, TooCostly or ValidationFailed; their `locations` say where.
    """
    return validated(Text(text), schema, suggests)


def validated(text: Text, schema: GraphQLSchema, suggests: bool) -> Document:
    """The same for a text that more is asked of."""
    limits.document_size(text.text)
    if faults := _faults(text, schema, suggests):
        raise text.located(ValidationFailed, faults)
    return text.document


def parsed(text: str, *, places: bool = False) -> DocumentNode:
    """The syntax tree, with the `places` of its nodes in the text: they are four fifths of what it holds.

    Raises ParseFailed.
    """
    try:
        return parse(text, no_location=not places, max_tokens=limits.MAX_TOKENS, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        raise located(ParseFailed, [error]) from error
    except RecursionError as error:
        raise ParseFailed("the document nests too deeply to be read") from error


def _faults(text: Text, schema: GraphQLSchema, suggests: bool) -> list[GraphQLError]:
    """What is wrong. Raises TooCostly where it would take too long to find out."""
    try:
        Expansion(text.tree).check()
    except GraphQLError as error:
        return [error]
    if large := [node for node in text.nodes if isinstance(node, IntValueNode | FloatValueNode) and is_too_large(node)]:
        return [GraphQLError(f"{node.value[:40]} is too large, or has too many digits", node) for node in large]
    rules = rules_for({type(node) for node in text.nodes})
    return validate(schema, text.tree, rules, max_errors=limits.MAX_ERRORS, hide_suggestions=not suggests)


def is_too_large(node: IntValueNode | FloatValueNode) -> bool:
    """Whether no type has such a number; graphql-core takes it for infinite in the default of a variable."""
    return isinf(float(node.value))


def located(kind: type[RequestError], errors: list[GraphQLError]) -> RequestError:
    """Errors of graphql-core as one of ours, with what each says and where."""
    error = kind(errors[0].message)
    error.details = [{"message": e.message, **_places(e)} for e in errors[: limits.MAX_ERRORS]]
    return error


def _places(error: GraphQLError) -> dict[str, Any]:
    places = [{"line": at.line, "column": at.column} for at in error.locations or ()]
    return {"locations": places} if places else {}


def coerced(
    operation: Operation, schema: GraphQLSchema, given: dict[str, Any], suggests: bool = True
) -> dict[str, Any]:
    """The variables as their types have them, defaults filled in.

    Raises BadInput where a value does not fit its type, TooLarge where there are too many.
    """
    definitions = operation.node.variable_definitions
    if not definitions:
        return {}
    limits.variables(given)
    result = get_variable_values(
        schema, definitions, given, max_errors=limits.MAX_ERRORS, hide_suggestions=not suggests
    )
    if isinstance(result, list):
        error = BadInput(result[0].message)
        error.details = [{"message": e.message} for e in result[: limits.MAX_ERRORS]]
        raise error
    return result.coerced


def _operations(document: DocumentNode, every: list[Node]) -> Iterator[Operation]:
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    arguments = [(node, _variables(node)) for node in every if isinstance(node, ArgumentNode)]
    structural = _in(arguments, _shapes)
    cursors = _in(arguments, lambda argument: argument.name.value in CURSORS)
    counted = _in(arguments, lambda argument: argument.name.value in LISTS)
    introspects = any(isinstance(node, FieldNode) and node.name.value in INTROSPECTION for node in every)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            yield Operation(definition, fragments, structural, cursors, counted, introspects)


def _variables(argument: ArgumentNode) -> list[str]:
    return [node.name.value for node in nodes(argument) if isinstance(node, VariableNode)]


def _in(arguments: Arguments, wanted: Callable[[ArgumentNode], bool]) -> tuple[str, ...]:
    """Names of the variables that stand in the arguments wanted."""
    return tuple(sorted({name for argument, names in arguments if wanted(argument) for name in names}))


def _shapes(argument: ArgumentNode) -> bool:
    name = argument.name.value
    return name in STRUCTURAL or (name in LISTS and isinstance(argument.value, ListValueNode))
