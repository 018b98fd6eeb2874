"""The guard: what becomes of a request that fails, also by an exception that nobody expected."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.errors import CivicGraphError
from schema.errors import failure
from server.graphql import send_answer
from server.logs import log

UNEXPECTED = "something went wrong that should not have; it has been logged"


class Guard:
    """Answers for what fails. The log has what nobody expected, the answer has not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        record = scope["record"]
        try:
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
