"""The GraphQL endpoint: requests by POST and GET as GraphQL over HTTP has them, and the query page for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.errors import BadRequest, CivicGraphError, TooLarge
from graph.roles import Role
from schema.errors import Answer, failure
from schema.trusted import Documents
from server.apis import APIs

MAX_BODY = 1_000_000  # bytes
MAX_PARAMETERS = 100  # of a query string
METHODS = "GET, HEAD, POST"
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
SHAPE = (
    "a JSON object with query or documentId (text), variables (object), operationName (text) and extensions (object)"
)

Headers = Mapping[bytes, bytes]


class Request(msgspec.Struct, frozen=True):
    """A GraphQL request by its specification; what else an object has is passed over."""

    query: str | None = None
    documentId: str | None = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(Request).decode


class GraphQL:
    """Answers GraphQL requests from the API; a browser that comes to look gets the page."""

    def __init__(self, apis: APIs, page: ASGIApp, documents: Documents) -> None:
        self.apis, self.page, self.documents = apis, page, documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        method, accept = scope["method"], headers.get(b"accept", b"")
        media = preferred(accept)
        if method == "POST":
            answer = await self._post(scope["role"], headers, receive, media)
        elif method not in METHODS.split(", "):
            answer = refused(405, f"{method} is not for this address; expected {METHODS}")
        elif b"text/html" in accept.lower():
            await self.page(scope, receive, send)
            return
        else:
            answer = await self._get(scope["role"], scope["query_string"], media)
        await send_answer(send, answer, media)

    async def _post(self, role: Role, headers: Headers, receive: Receive, media: str) -> Answer:
        try:
            if unfit := unreadable(headers):
                return unfit
            request = decoded(await body_of(receive))
        except CivicGraphError as error:
            return failure(error)
        return await self._execute(role, request, media)

    async def _get(self, role: Role, query_string: bytes, media: str) -> Answer:
        try:
            request = from_url(query_string)
        except CivicGraphError as error:
            return failure(error)
        return await self._execute(role, request, media)

    async def _execute(self, role: Role, request: Request, media: str) -> Answer:
        try:
            text = self.documents.text(request.query, request.documentId)
        except CivicGraphError as error:
            return failure(error)
        api = await self.apis.of(role)
        answer = await api.execute(text, request.variables, request.operationName)
        if answer.status == 400 and media == JSON:
            return replace(answer, status=200)  # a well-formed request was answered, as application/json has it
        return answer


# Requests


def unreadable(headers: Headers) -> Answer | None:
    """The answer to a body that is not read at all, None where it can be.

    Raises TooLarge where it says so of itself.
    """
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1")
    if encoding.strip().lower() != "identity":
        return refused(415, f"the body is encoded as {encoding!r}; expected identity, that is as it is")
    media, _, rest = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    if media.strip() != JSON or charset(rest) != "utf-8":
        return refused(415, f"the body is {media or 'of no type'!r}; expected content-type: {JSON} in UTF-8")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > MAX_BODY:
        raise too_large()
    return None


def charset(parameters: str) -> str:
    """What a content-type says of its characters, UTF-8 where nothing."""
    named = dict(part.strip().partition("=")[::2] for part in parameters.split(";"))
    return named.get("charset", "utf-8").strip('"')


async def body_of(receive: Receive) -> bytes:
    """The body of a request. Raises TooLarge as soon as it is, ClientDisconnect where the caller leaves."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise too_large()
        if not message.get("more_body", False):
            return bytes(body)


def too_large() -> TooLarge:
    return TooLarge(f"the body is too long; expected at most {MAX_BODY:,} bytes")


def decoded(body: bytes) -> Request:
    """The request in a body. Raises BadRequest where there is none."""
    try:
        body.decode()  # what msgspec passes over it does not check
        return _decode(body)
    except msgspec.ValidationError as error:
        raise misshapen(error, several=body.lstrip().startswith(b"[")) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not JSON in UTF-8: {error}") from error
    except RecursionError as error:
        raise BadRequest("the body is nested too deeply") from error


def from_url(query_string: bytes) -> Request:
    """The request in an address. Raises BadRequest where there is none."""
    try:
        fields: dict[str, Any] = dict(
            parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=MAX_PARAMETERS)
        )
        for name in ("variables", "extensions"):
            if name in fields:
                fields[name] = msgspec.json.decode(fields[name])
        return msgspec.convert(fields, Request)
    except msgspec.ValidationError as error:
        raise misshapen(error) from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(
            "the address has parameters that cannot be read; expected query, and variables in JSON"
        ) from error


def misshapen(error: msgspec.ValidationError, several: bool = False) -> BadRequest:
    if several:
        return BadRequest("these are several requests; expected one at a time")
    return BadRequest(f"this is not a GraphQL request: {error}; expected {SHAPE}")


# Answers


def refused(status: int, message: str) -> Answer:
    """The answer to a request of the wrong form."""
    return replace(failure(BadRequest(message)), status=status)


def preferred(accept: bytes) -> str:
    """The media type to answer in: GraphQL's own where the caller names it, and none that it likes better."""
    if GRAPHQL.encode() not in accept.lower():
        return JSON
    liked = dict(map(quality, accept.decode("latin-1").lower().split(",")))
    return GRAPHQL if 0 < liked.get(GRAPHQL, 0) >= liked.get(JSON, 0) else JSON


def quality(item: str) -> tuple[str, float]:
    """One item of an Accept header as media type and quality, 0 where that is no number."""
    media, _, parameters = item.partition(";")
    stated = [part.strip()[2:] for part in parameters.split(";") if part.strip().startswith("q=")]
    try:
        return media.strip(), float(stated[0]) if stated else 1.0
    except ValueError:
        return media.strip(), 0.0


async def send_answer(send: Send, answer: Answer, media: str = JSON) -> None:
    headers = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"vary", b"accept, authorization"),
    ]
    if answer.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="civic-graph"'))
    if answer.status == 405:
        headers.append((b"allow", METHODS.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
