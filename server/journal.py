"""The journal: a record a request, with an id. It goes into the log, metrics and traces, its id into the answer, with
the headers that no answer goes without."""

from __future__ import annotations

import re
from asyncio import get_running_loop
from collections.abc import Mapping
from logging import DEBUG, INFO
from random import getrandbits
from time import perf_counter, time

from msgspec import UNSET, UnsetType
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.roles import Role
from schema.answers import Answer
from server.logs import Event, line_of, log, name_of, timestamp, write
from server.metrics import Metrics
from server.tokens import without_tokens
from server.tracing import Traces

FORM = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
ENDPOINT = "/graphql"  # what is refused elsewhere was no operation
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by machines every few seconds
LEFT = 499  # the status of a request whose caller did not wait for the answer
LONGEST = 200  # characters of a path or name that are logged

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"server", b""),  # granian names itself where there is none
)
UNKEPT = (b"cache-control", b"no-store")
ASKED_AGAIN = (b"cache-control", b"private, no-cache")  # may be kept by who got it, and asked for each time

Headers = list[tuple[bytes, bytes]]


class Entry(Event, kw_only=True):
    """A request in the log, with its document's hash. `ms` are milliseconds."""

    request: str
    method: str
    path: str
    status: int
    role: Role | None
    bytes: int
    ms: float
    document: str | UnsetType = UNSET
    operation: str | UnsetType | None = UNSET
    cost: int | UnsetType | None = UNSET
    code: str | UnsetType = UNSET
    kept: bool | UnsetType = UNSET


class Record:
    """What is known of one request. Of what was asked it tells the document's hash, never values."""

    __slots__ = ("answer", "began", "bytes", "document", "headers", "id", "seconds", "status")

    def __init__(self, headers: Mapping[bytes, bytes]) -> None:
        self.headers = headers
        self.id = request_id(headers)
        self.began = perf_counter()
        self.seconds = 0.0  # that it took, once it is closed
        self.document: str | None = None  # the hash of what was understood as one
        self.answer: Answer | None = None
        self.status = LEFT
        self.bytes = 0

    @property
    def has_begun(self) -> bool:
        """Whether an answer is on its way."""
        return self.status != LEFT

    def entry(self, scope: Scope, now: str) -> Entry:
        """What is logged of it at a time."""
        entry = Entry(
            timestamp=now,
            level=name_of(level_of(scope)),
            event="request",
            request=self.id,
            method=scope["method"][:LONGEST],
            path=without_tokens(scope["path"])[:LONGEST],
            status=self.status,
            role=scope.get("role"),
            bytes=self.bytes,
            ms=round(self.seconds * 1_000, 2),
        )
        if self.document:
            entry.document = self.document
        if answer := self.answer:
            entry.operation = answer.operation and answer.operation[:LONGEST]
            entry.cost, entry.code, entry.kept = answer.cost, answer.code or "OK", answer.is_kept
        return entry


Closed = list[tuple[Scope, Record]]


class Journal:
    """Keeps a record of every request, for those inside it in `scope["record"]`. Adds the headers of every answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics, traces: Traces | None = None) -> None:
        self.app, self.metrics, self.traces = app, metrics, traces
        self._closed: Closed = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        record = scope["record"] = Record(dict(scope["headers"]))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = completed(message["headers"], record.id)
            else:
                record.bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            self._close(scope, record)

    def _close(self, scope: Scope, record: Record) -> None:
        record.seconds = perf_counter() - record.began
        if self.traces and record.answer and scope["path"] == ENDPOINT:
            self.traces.operation(scope, record)
        if not self._closed:
            get_running_loop().call_soon(self._enter)
        self._closed.append((scope, record))

    def _enter(self) -> None:
        """Log and count the requests that were closed in one turn of the event loop: together they cost less."""
        closed, self._closed = self._closed, []
        self._log(closed)
        self._count(closed)

    def _count(self, closed: Closed) -> None:
        for scope, record in closed:
            self.metrics.request(scope["path"], scope["method"], record.status, record.seconds)
            if record.answer and scope["path"] == ENDPOINT:
                self.metrics.operation(record.answer)

    def _log(self, closed: Closed) -> None:
        now = timestamp(time())
        write(line_of(record.entry(scope, now)) for scope, record in closed if level_of(scope) >= log.level)


def level_of(scope: Scope) -> int:
    return DEBUG if scope["path"] in QUIET else INFO


def completed(headers: Headers, request: str) -> Headers:
    """The headers of an answer with those that no answer goes without."""
    kept = ASKED_AGAIN if b"etag" in dict(headers) else UNKEPT
    return [*headers, *HEADERS, kept, (b"x-request-id", request.encode())]


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The id that a request brings, if that is one, or a new one."""
    given = headers.get(b"x-request-id")
    return given.decode() if given and FORM.fullmatch(given) else f"{getrandbits(64):016x}"
