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
from schema.api import API
from schema.errors import Answer, failure

MAX_BODY = 1_000_000  # bytes
METHODS = b"GET, HEAD, POST"
JSON = b"application/json"
GRAPHQL = b"application/graphql-response+json"
SHAPE = "a JSON object with query (text), variables (object), operationName (text) and extensions (object)"

Headers = Mapping[bytes, bytes]


class Request(msgspec.Struct, frozen=True):
    """A GraphQL request by its specification; what else it has is passed over."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(Request).decode


class GraphQL:
    """Answers GraphQL requests from the API; a browser that comes to see gets the page."""

    def __init__(self, api: API, page: ASGIApp) -> None:
        self.api, self.page = api, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        match scope["method"]:
            case "POST":
                answer = await self._post(headers, receive)
            case "GET" | "HEAD" if b"text/html" in headers.get(b"accept", b""):
                return await self.page(scope, receive, send)
            case "GET" | "HEAD":
                answer = await self._get(scope["query_string"])
            case method:
                answer = refused(405, f"{method} is not for this address; send a query by POST or GET")
        await send_answer(send, answer, preferred(headers.get(b"accept", b"")))

    async def _post(self, headers: Headers, receive: Receive) -> Answer:
        if refusal := unfit(headers):
            return refusal
        try:
            request = decoded(await body_of(receive))
        except CivicGraphError as error:
            return failure(error)
        return await self._execute(request, headers)

    async def _get(self, query_string: bytes) -> Answer:
        try:
            request = from_url(query_string)
        except CivicGraphError as error:
            return failure(error)
        return await self._execute(request)
