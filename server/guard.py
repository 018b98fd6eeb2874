"""The guard: which requests come in, and what becomes of those that fail, also by an exception that nobody expected."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.errors import CivicGraphError
from schema.errors import failure
from server.logs import log
from server.responses import send_answer

UNEXPECTED = "something went wrong that should not have; it has been logged"

Check = Callable[[Scope], None]


class Guard:
    """Lets in what passes all checks, and answers for what fails. The log has what nobody expected, the answer has not.

    A check raises CivicGraphError where a request is not to come in, and may note in its scope what it found.
    """

    def __init__(self, app: ASGIApp, checks: tuple[Check, ...]) -> None:
        self.app, self.checks = app, checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        record = scope["record"]
        try:
            for check in self.checks:
                check(scope)
            await self.app(scope, receive, send)
        except ClientDisconnect:
            pass
        except Exception as error:
            if not isinstance(error, CivicGraphError):
                log.error("request failed", request=record.id, path=scope["path"], exc_info=error)
                error = CivicGraphError(UNEXPECTED)
            if not record.has_begun:
                record.answer = failure(error, record.id)
                await send_answer(send, record.answer)
