"""The one tree of errors, and the code, HTTP status and retryability of each.

CivicGraphError
├── RequestError            the caller asked for something that cannot be done
│   ├── BadRequest          BAD_REQUEST        not a GraphQL request at all
│   │   ├── WrongMethod     BAD_REQUEST        a method that is not for this address
│   │   ├── WrongType       BAD_REQUEST        a body that is no JSON, or encoded
│   │   └── TooSlow         BAD_REQUEST        a body that does not come to its end
│   ├── ParseFailed         PARSE_FAILED       the document is not GraphQL
│   ├── ValidationFailed    VALIDATION_FAILED  the document does not fit the schema
│   ├── BadInput            BAD_INPUT          an argument or variable has a wrong value
│   │   ├── BadCursor       BAD_CURSOR         a cursor of another order, or none of ours
│   │   └── PageSize        PAGE_SIZE          first or last outside 0 to 100
│   ├── TooDeep             TOO_DEEP           more relation hops than allowed
│   ├── TooCostly           TOO_COSTLY         more rows than one operation may ask for
│   ├── TooLarge            TOO_LARGE          the request is too long
│   ├── UnknownDocument     UNKNOWN_DOCUMENT   no trusted document has the id
│   ├── Unauthenticated     UNAUTHENTICATED    the token that was sent is not valid
│   └── Forbidden           FORBIDDEN          the caller may not see what the plan reads
├── Overloaded              OVERLOADED         too many ask at the same time
├── LoadError               LOAD_FAILED        a source cannot be loaded as it is
└── StoreError              INTERNAL           the store cannot do it
    ├── Conflict            CONFLICT           another process is writing
    ├── Timeout             TIMEOUT            it took too long
    ├── Unavailable         UNAVAILABLE        the store does not answer
    └── Incompatible        INCOMPATIBLE       the store was made by another model
"""

from __future__ import annotations

from typing import Any, ClassVar


class CivicGraphError(Exception):
    """Base of every error of the product: `code` for programs, the message for people.

    `details` are the single errors where there are several: each a message, and the `locations` in a document.
    `told` is what callers from elsewhere read, where the message speaks of what is not their business, as a path.
    """

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, told: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.told = told or message
        self.details: list[dict[str, Any]] = []


class RequestError(CivicGraphError):
    """The caller asked for something that cannot be done."""

    status = 400


class BadRequest(RequestError):
    """Not a GraphQL request, or no operation of that name."""

    code = "BAD_REQUEST"


class WrongMethod(BadRequest):
    """The method is not for this address."""

    status = 405


class WrongType(BadRequest):
    """The body is of another type than JSON, or encoded."""

    status = 415


class TooSlow(BadRequest):
    """The body did not come in time."""

    status = 408


class ParseFailed(RequestError):
    """The document is not GraphQL."""

    code = "PARSE_FAILED"


class ValidationFailed(RequestError):
    """The document does not fit the schema."""

    code = "VALIDATION_FAILED"


class BadInput(RequestError):
    """An argument or variable has a wrong value."""

    code = "BAD_INPUT"


class BadCursor(BadInput):
    """A cursor of another kind or order, or none of ours."""

    code = "BAD_CURSOR"


class PageSize(BadInput):
    """`first`, `last` or `limit` is more than 100, or less than it can be."""

    code = "PAGE_SIZE"


class TooDeep(RequestError):
    """Too many relations in a row, or conditions inside one another."""

    code = "TOO_DEEP"


class TooCostly(RequestError):
    """More rows, fields or conditions than one operation may ask for."""

    code = "TOO_COSTLY"


class TooLarge(RequestError):
    """The request or its document is too long."""

    code, status = "TOO_LARGE", 413


class UnknownDocument(RequestError):
    """No trusted document has this id."""

    code, status = "UNKNOWN_DOCUMENT", 404


class Unauthenticated(RequestError):
    """The token that was sent is not valid, or was not sent as one."""

    code, status = "UNAUTHENTICATED", 401


class Forbidden(RequestError):
    """The caller may not see that."""

    code, status = "FORBIDDEN", 403


class Overloaded(CivicGraphError):
    """Too many ask at the same time; ask again shortly."""

    code, status, retryable = "OVERLOADED", 503, True


class LoadError(CivicGraphError):
    """A source cannot be loaded as it is."""

    code, status = "LOAD_FAILED", 400


class StoreError(CivicGraphError):
    """The store could not do it."""


class Conflict(StoreError):
    """Another process is writing."""

    code, status, retryable = "CONFLICT", 409, True


class Timeout(StoreError):
    """It took too long."""

    code, status, retryable = "TIMEOUT", 504, True


class Unavailable(StoreError):
    """The store does not answer."""

    code, status, retryable = "UNAVAILABLE", 503, True


class Incompatible(StoreError):
    """The store was made by another model, or is damaged."""

    code, status = "INCOMPATIBLE", 503


def damaged(what: str) -> Incompatible:
    """The error of something that a store holds and cannot be read."""
    return Incompatible(f"{what} is damaged in the store; restore it, or load into a new one", "the store is damaged")
