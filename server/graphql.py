"""The GraphQL endpoint: requests by POST and GET as GraphQL over HTTP has them, and the query page for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.errors import BadRequest, CivicGraphError, TooLarge, WrongMethod, WrongType
from schema.errors import failure
from schema.trusted import Documents
from server.apis import APIs, Question
from server.patience import Watch
from server.qualities import qualities
from server.repeats import Heard, Repeats
from server.responses import GRAPHQL, JSON, METHODS, send_answer, send_unchanged
from server.tags import is_known, tag_of

MAX_BODY = 1_000_000  # bytes
MAX_PARAMETERS = 100  # of a query string
PREFLIGHT, ORIGINS = b"access-control-request-method", "CIVIC_GRAPH_ORIGINS"
EXPLAIN = b"x-civic-graph-explain"
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

    def about(self, text: str, headers: Headers) -> Question:
        """What is asked by a document's text."""
        asked = self.extensions or {}
        explains = asked.get("explain") is True or headers.get(EXPLAIN) == b"true"
        return Question(text, self.variables, self.operationName or None, asked.get("cost") is True, explains)


_decode = msgspec.json.Decoder(Request).decode


class GraphQL:
    """Answers GraphQL requests; a browser that comes to look gets the query page."""

    def __init__(self, apis: APIs, watch: Watch, page: ASGIApp, documents: Documents) -> None:
        self.apis, self.watch, self.page, self.documents = apis, watch, page, documents
        self.repeats = Repeats(apis)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["record"].headers
        accept = headers.get(b"accept", b"")
        if scope["method"] in ("GET", "HEAD") and b"text/html" in accept.lower():
            await self.page(scope, receive, send)
            return
        media, record, tag = preferred(accept), scope["record"], None
        try:
            with self.watch.over(receive) as patience:
                sent = await read(scope["method"], scope["query_string"], headers, receive)
                patience.is_read()
                heard = Heard(scope["role"], headers.get(EXPLAIN), sent) if scope["method"] == "POST" else None
                if heard and (repeat := await self.repeats.answer(heard)):
                    record.answer, record.document = repeat
                else:
                    request = decoded(sent) if heard else from_url(sent)
                    query = self.documents.text(request.query, request.documentId)
                    record.document = sha256(query.encode(errors="replace")).hexdigest()
                    question = request.about(query, headers)
                    record.answer = await self.apis.answer(scope["role"], question)
                    if heard:
                        self.repeats.note(heard, record.answer, record.document)
        except CivicGraphError as error:
            record.answer = failure(error, record.id)
            if record.document and record.answer.status == 400 and media == JSON:
                record.answer = replace(record.answer, status=200)  # so application/json has it for what is well-formed
        else:
            if scope["method"] != "POST":  # whose answers are of no address, so that nobody asks for them by a tag
                tag = tag_of(scope["role"], question, record.answer, media)
        if tag and is_known(tag, headers.get(b"if-none-match", b"")):
            await send_unchanged(send, tag)
        else:
            await send_answer(send, record.answer, media, tag)


# Requests


async def read(method: str, query_string: bytes, headers: Headers, receive: Receive) -> bytes:
    """What was sent as the request, in its body or its address. Raises WrongMethod, WrongType, TooLarge or BadRequest
    where that cannot be one."""
    if method == "OPTIONS" and PREFLIGHT in headers:
        raise WrongMethod(f"{method} asks whether a page of another site may ask; none may that is not in {ORIGINS}")
    if method not in METHODS:
        raise WrongMethod(f"{method} is not for this address; expected {', '.join(METHODS)}")
    if method != "POST":
        return query_string
    length = length_of(headers)
    refuse_unreadable(headers, length)
    return await body_of(receive, length)


def refuse_unreadable(headers: Headers, length: int | None) -> None:
    """Raises WrongType or TooLarge where a body is not read at all."""
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1")
    if encoding.strip().lower() != "identity":
        raise WrongType(f"the body is encoded as {encoding!r}; expected identity, that is as it is")
    given = headers.get(b"content-type", b"").decode("latin-1")
    media, _, rest = given.lower().partition(";")
    if media.strip() != JSON or charset(rest) != "utf-8":
        raise WrongType(f"the body is {given or 'of no type'!r}; expected content-type: {JSON} in UTF-8")
    if length and length > MAX_BODY:
        raise too_large()


def length_of(headers: Headers) -> int | None:
    """How many bytes a body is announced to have, None where its chunks tell."""
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() else None


def charset(parameters: str) -> str:
    """What a content-type says of its characters, UTF-8 where nothing."""
    named = dict(part.strip().partition("=")[::2] for part in parameters.split(";"))
    return named.get("charset", "utf-8").strip('"')


async def body_of(receive: Receive, length: int | None = None) -> bytes:
    """The body of a request, of that `length` where it is known. Raises TooLarge as soon as it is, BadRequest where it
    breaks off."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("the body breaks off; expected all of it, in the length or the chunks that were announced")
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise too_large()
        if len(body) == length or not message.get("more_body", False):  # to be told of the end takes another turn
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
                fields[name] = parameter(name, fields[name])
        return msgspec.convert(fields, Request)
    except msgspec.ValidationError as error:
        raise misshapen(error) from error
    except ValueError as error:
        raise BadRequest(
            "the address has parameters that cannot be read; expected query, and variables in JSON"
        ) from error


def parameter(name: str, text: str) -> Any:
    """The value of a parameter that is JSON. Raises BadRequest where it is none."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{name} in the address is not JSON: {error}; expected an object") from error


def misshapen(error: msgspec.ValidationError, several: bool = False) -> BadRequest:
    if several:
        return BadRequest("these are several requests; expected one at a time")
    return BadRequest(f"this is not a GraphQL request: {error}; expected {SHAPE}")


# Answers


def preferred(accept: bytes) -> str:
    """The media type to answer in: GraphQL's own where the caller names it, and none that it likes better."""
    if GRAPHQL.encode() not in accept.lower():
        return JSON
    liked = qualities(accept)
    return GRAPHQL if 0 < liked.get(GRAPHQL, 0) >= liked.get(JSON, 0) else JSON
