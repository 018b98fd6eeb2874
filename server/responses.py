"""Responses of the endpoint: answers as HTTP has them."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.types import Send

from schema.answers import Answer

UNREAD = (408, 413, 415)  # statuses of answers to bodies that were not read to their end
METHODS = ("GET", "HEAD", "POST")
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
CONTENT_TYPES = {media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, GRAPHQL)}
VARY = (b"vary", b"accept, accept-encoding, authorization")


async def send_answer(send: Send, answer: Answer, media: str = JSON, tag: bytes | None = None) -> None:
    headers = [CONTENT_TYPES[media], (b"content-length", b"%d" % len(answer.body)), VARY]
    if tag:
        headers.append((b"etag", tag))
    if answer.status != 200:
        headers += of_failure(answer.status)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def of_failure(status: int) -> Iterator[tuple[bytes, bytes]]:
    """The headers that belong to a status."""
    if status in UNREAD:
        yield b"connection", b"close"  # there may be more of the body
    if status == 503:
        yield b"retry-after", b"1"
    if status == 401:
        yield b"www-authenticate", b'Bearer realm="civic-graph"'
    if status == 405:
        yield b"allow", ", ".join(METHODS).encode()


async def send_unchanged(send: Send, tag: bytes) -> None:
    """Say that the caller has the answer of this tag."""
    await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", tag), VARY]})
    await send({"type": "http.response.body", "body": b""})
