"""Origins: which pages of other sites may ask, and the refusal of those that ask in the name of who is signed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.errors import Forbidden
from server.graphql import METHODS

ASKED = ("authorization", "content-type", "x-request-id")  # headers that a page may send
TOLD = ("etag", "retry-after", "x-request-id")  # headers that it may read
FOREIGN = (
    "the request comes from a page of another site and carries a cookie; send none, or let its origin be one of "
    "CIVIC_GRAPH_ORIGINS"
)


def sharing(origins: Collection[str]) -> list[Middleware]:
    """What lets pages of these origins read answers, and says so when they ask beforehand."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=METHODS.split(", "),
            allow_headers=ASKED,
            expose_headers=TOLD,
        )
    ]


class Border:
    """Refuses requests with a cookie from pages of other sites. No cookie is ours: it was meant for a proxy before this
    server, which may take it for the consent of whoever it belongs to."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if "cookie" in headers and not follows_link(scope["method"], headers) and self.is_foreign(headers):
                raise Forbidden(FOREIGN)
        await self.app(scope, receive, send)

    def is_foreign(self, headers: Mapping[str, str]) -> bool:
        """Whether a page of another site sends this, as far as its browser says."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin in self.origins:
            return False
        if site is not None:
            return site not in ("same-origin", "none")
        return origin is not None and urlsplit(origin).netloc != headers.get("host")


def follows_link(method: str, headers: Mapping[str, str]) -> bool:
    """Whether somebody only comes here from another site: what is answered is shown to them and not to that site."""
    going = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return method in ("GET", "HEAD") and going == ("navigate", "document")
