"""Trusted documents: operations that are known by name and id, and whether a server answers others beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import takewhile
from typing import Any

from graphql import OperationDefinitionNode, print_ast

from graph.errors import BadRequest, Forbidden, UnknownDocument
from schema import limits
from schema.documents import parsed

ONLY = "this server answers trusted documents only"


@dataclass(frozen=True)
class Trusted:
    """A document of one named operation, and an example of its variables."""

    name: str
    text: str
    variables: Mapping[str, str] = field(default_factory=dict)  # their types by name
    example: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""  # the file it was read from

    @cached_property
    def id(self) -> str:
        """Its identifier by GraphQL over HTTP."""
        return f"sha256:{sha256(self.text.encode()).hexdigest()}"

    @property
    def question(self) -> str:
        """What it answers: the comment that it begins with."""
        comment = takewhile(lambda line: line.startswith("#"), self.text.splitlines())
        return " ".join(line.lstrip("# ") for line in comment)


def trusted(text: str, example: Mapping[str, Any], origin: str = "") -> Trusted:
    """The trusted document of a text. Raises ParseFailed, or BadRequest where it is not one named operation."""
    limits.document_size(text)
    document = parsed(text)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or not operations[0].name:
        raise BadRequest("a trusted document has one operation, and that has a name")
    variables = {v.variable.name.value: print_ast(v.type) for v in operations[0].variable_definitions or ()}
    return Trusted(operations[0].name.value, text, variables, example, origin)


class Documents:
    """The trusted documents of a server; with `only`, it answers no others."""

    def __init__(self, known: Iterable[Trusted] = (), only: bool = False) -> None:
        self.known = tuple(known)
        self.only = only
        self._texts = {document.id: document.text for document in self.known}
        self._allowed = frozenset(self._texts.values())

    def text(self, query: str | None, document_id: str | None) -> str:
        """The text of the document that a request gives or names.

        Raises BadRequest where it does both or neither, UnknownDocument where no document has the id, and Forbidden
        where the document is not trusted and must be.
        """
        if query is not None and document_id is not None:
            raise BadRequest("the request has a query and a documentId; expected one of them")
        if document_id is not None:
            return self._named(document_id)
        if query is None:
            raise BadRequest("this is not a GraphQL request: it has no query; expected query or documentId (text)")
        if self.only and query not in self._allowed:
            raise Forbidden(f"{ONLY}; expected the documentId or text of one")
        return query

    def _named(self, document_id: str) -> str:
        if document_id not in self._texts:
            raise UnknownDocument(
                f"no document has the id {document_id[:80]!r}; expected sha256: and the hash of a trusted document, "
                "in 64 lower-case hexadecimal digits"
            )
        return self._texts[document_id]
