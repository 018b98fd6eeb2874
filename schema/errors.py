"""Errors as answers: the one JSON shape in which a caller gets them."""

from __future__ import annotations

from typing import Any

import msgspec

from graph.errors import CivicGraphError, RequestError
from schema.answers import Answer


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
