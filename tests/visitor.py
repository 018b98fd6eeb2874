"""A visitor of an application in this process, whose start and end are part of the visit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette

T = TypeVar("T")


class Visitor:
    """Sends requests over HTTP and waits for the answers, and for what the server does in the turn after them."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal, self.client = portal, client

    def call(self, visit: Callable[[], Awaitable[T]]) -> T:
        """What becomes of requests that the client is to send in its own way."""

        async def visited() -> T:
            found = await visit()
            await checkpoint()
            return found

        return self._portal.call(visited)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self.call(partial(self.client.request, method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)


@contextmanager
def visiting(app: Starlette) -> Iterator[Visitor]:
    """A visitor of the application while that is up."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        yield Visitor(portal, client)
