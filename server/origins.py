"""Origins: which pages of other sites may ask, and the refusal of those that ask in the name of who is signed in, or by
a name of their own for this server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Scope

from graph.errors import BadRequest, Forbidden
from server.responses import METHODS

ASKED = ("authorization", "content-type", "if-none-match", "x-request-id")  # headers that a page may send
TOLD = ("etag", "retry-after", "x-request-id")  # headers that it may read
EVERY = b"*"
STRANGE = "the request is for {!r}, which is no name of this server; expected localhost or the address it listens at"
FOREIGN = (
    "the request comes from a page of another site and carries a cookie; send none, or let its origin be one of "
    "CIVIC_GRAPH_ORIGINS"
)


Headers = Mapping[bytes, bytes]


def sharing(origins: Collection[str]) -> list[Middleware]:
    """What lets pages of these origins read answers, and says so when they ask beforehand."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ASKED,
            expose_headers=TOLD,
        )
    ]


def is_loopback(host: str) -> bool:
    """Whether only this machine is reached by that: localhost, or the number of a loopback address."""
    try:
        return ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Border:
    """Refuses requests for other `hosts`: a page from elsewhere must not reach a server of this machine by a name of
    its own. And it refuses requests with a cookie from pages of other sites. No cookie is ours: it was meant for a
    proxy before this server, which may take it for the consent of whoever it belongs to."""

    def __init__(self, hosts: Collection[str], origins: Collection[str]) -> None:
        self.hosts = frozenset(host.encode() for host in hosts)
        self.origins = frozenset(origin.encode() for origin in origins)

    def check(self, scope: Scope) -> None:
        """Raises BadRequest or Forbidden where a request is refused."""
        headers = scope["record"].headers
        if EVERY not in self.hosts:
            self.check_host(scope, headers)
        if b"cookie" in headers and not follows_link(scope["method"], headers) and self.is_foreign(headers):
            raise Forbidden(FOREIGN)

    def check_host(self, scope: Scope, headers: Headers) -> None:
        host = host_of(headers)
        if host not in self.hosts:
            raise BadRequest(STRANGE.format(host.decode("latin-1")))
        if [name for name, _ in scope["headers"]].count(b"host") > 1:
            raise BadRequest("the request has several hosts; expected one")

    def is_foreign(self, headers: Headers) -> bool:
        """Whether a page of another site sends this, as far as its browser says."""
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin in self.origins:
            return False
        if site is not None:
            return site not in (b"same-origin", b"none")
        return origin is not None and netloc(origin) != headers.get(b"host")


def host_of(headers: Headers) -> bytes:
    """The name that a request calls this server by, without the port."""
    host = headers.get(b"host", b"").lower()
    return host.partition(b"]")[0] + b"]" if host.startswith(b"[") else host.partition(b":")[0]


def netloc(origin: bytes) -> bytes:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return b""


def follows_link(method: str, headers: Headers) -> bool:
    """Whether somebody only comes here from another site: what is answered is shown to them and not to that site."""
    going = headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")
    return method in ("GET", "HEAD") and going == (b"navigate", b"document")
