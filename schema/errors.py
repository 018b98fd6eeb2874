"""Errors as answers: the one JSON shape in which a caller gets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from graph.errors import CivicGraphError, RequestError


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of a GraphQL answer, a JSON object, and the HTTP status that goes with it. One with data has the
    name of the operation, its cost, and the `state` of the graph that it is of, None where it depends on more;
    `kept_by` is the key by which it was kept. One with errors has their `code`."""

    body: bytes
    status: int = 200
    operation: str | None = None
    cost: int | None = None
    code: str | None = None
    state: int | None = None
    kept_by: bytes | None = None

    @property
    def is_kept(self) -> bool:
        return self.kept_by is not None


def failure(error: CivicGraphError, request_id: str | None = None) -> Answer:
    """An error as an answer without data: what was wrong, where, and `extensions` for programs."""
    details = error.details or [{"message": error.told}]
    extensions: dict[str, Any] = {"code": error.code}
    if not isinstance(error, RequestError):
        extensions["retryable"] = error.retryable
    if request_id:
        extensions["requestId"] = request_id
    errors = [{**detail, "message": valid(detail["message"]), "extensions": extensions} for detail in details]
    return Answer(msgspec.json.encode({"errors": errors}), error.status, code=error.code)


def valid(text: str) -> str:
    """The text as it can be sent: what a caller gave may have halves of characters in it."""
    return text.encode(errors="replace").decode()
