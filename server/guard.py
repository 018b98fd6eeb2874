"""Around every request: what no answer goes without, and what becomes of an exception nobody expected."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.errors import CivicGraphError
from schema.errors import failure
from server.graphql import send_answer
from server.logs import log

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"server", b""),  # granian names itself where there is none
)
UNKEPT = (b"cache-control", b"no-store")
ASKED_AGAIN = (b"cache-control", b"private, no-cache")  # may be kept by who got it, and asked for each time
UNEXPECTED = "something went wrong that should not have; it has been logged"


class Headers:
    """Adds the headers of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = ASKED_AGAIN if any(name == b"etag" for name, _ in message["headers"]) else UNKEPT
                message["headers"] = [*message["headers"], *HEADERS, kept]
            await send(message)

        await self.app(scope, receive, sending)


class Guard:
    """Answers for what fails. The log has what nobody expected, the answer has not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ClientDisconnect:
            pass
        except Exception as error:
            if not isinstance(error, CivicGraphError):
                log.error("request failed", request=scope["record"].id, path=scope["path"], exc_info=error)
                error = CivicGraphError(UNEXPECTED)
            if not started:
                scope["record"].answer = answer = failure(error, scope["record"].id)
                await send_answer(sending, answer)
