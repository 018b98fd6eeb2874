"""Codings: answers are sent in fewer bytes to who takes them so."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.answers import Answer, Answers
from server.qualities import qualities

LEAST = 1_000  # bytes of a body; a shorter one hardly gets shorter
LARGE = 32_000  # bytes of a body that other requests would wait for

Headers = list[tuple[bytes, bytes]]


def gzip(body: bytes) -> bytes:
    return zlib.compress(body, 5, wbits=31)


def zstd(body: bytes) -> bytes:
    from zstandard import ZstdCompressor  # few ask for it, and to import it takes a part of the start

    return ZstdCompressor(level=3).compress(body)


CODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip, "zstd": zstd}


def chosen(accept: bytes) -> str | None:
    """The coding that a caller likes best, gzip where it likes both alike, None where it likes none.

    The fetch of Node.js 20 says that it takes zstd, and breaks where it gets it.
    """
    liked = qualities(accept)
    gzip, zstd = liked.get("gzip", liked.get("*", 0)), liked.get("zstd", 0)
    best = max(gzip, zstd)
    if not best or liked.get("identity", 0) > best:
        return None
    return "gzip" if gzip == best else "zstd"


def asked_for(scope: Scope) -> str | None:
    """The coding that a request would like its answer in."""
    accept = scope["record"].headers.get(b"accept-encoding", b"")
    return chosen(accept) if accept else None


class Codings:
    """Compresses answers that come in one piece. What an answer that is kept becomes is kept too."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self.app, self.answers = app, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = asked_for(scope) if scope["type"] == "http" else None
        if coding is None:
            await self.app(scope, receive, send)
            return
        start: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # goes out with the first part of the body, which may change it
                return
            if start:
                if is_worth_it(start, message):
                    message["body"] = await self.coded(message["body"], coding, scope["record"].answer)
                    start["headers"] = recoded(start["headers"], coding, len(message["body"]))
                await send(start)
                start = None
            await send(message)

        await self.app(scope, receive, sending)

    async def coded(self, body: bytes, coding: str, answer: Answer | None) -> bytes:
        if not answer or not answer.kept_by or answer.state is None or answer.body is not body:
            return await shorter(body, coding)
        key = answer.kept_by + coding.encode()
        kept = self.answers.of(key, answer.state)
        if not kept:
            kept = replace(answer, body=await shorter(body, coding))
            self.answers.keep(key, kept)
        return kept.body


def is_worth_it(start: Message, message: Message) -> bool:
    """Whether a body is to be coded: one that is whole, also in that it is not a range of a file."""
    whole = message["type"] == "http.response.body" and not message.get("more_body", False) and start["status"] != 206
    return whole and len(message.get("body", b"")) >= LEAST


async def shorter(body: bytes, coding: str) -> bytes:
    code = CODERS[coding]
    return code(body) if len(body) < LARGE else await run_sync(code, body)


def recoded(headers: Headers, coding: str, length: int) -> Headers:
    """The headers of a coded body. It means the same as the body that its tag was made for, and has other bytes."""
    changed = {b"content-length": str(length).encode()}
    tagged = [(name, b"W/" + value if name == b"etag" else value) for name, value in headers]
    return [*((name, changed.get(name, value)) for name, value in tagged), (b"content-encoding", coding.encode())]
