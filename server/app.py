"""The application: everything that is served, wired together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_task_group
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.civic import CIVIC
from graph.roles import Role
from graph.store import Store
from graph.stores import open_store
from schema.answers import Answers
from schema.trusted import Documents
from server import tracing
from server.apis import APIs
from server.callers import PUBLIC, Callers
from server.codings import Codings
from server.graphql import GraphQL
from server.guard import Guard
from server.health import Health
from server.journal import ENDPOINT, Journal
from server.logs import LEVELS, log
from server.metrics import Metrics
from server.moments import Moments
from server.operations import known, warm
from server.origins import Border, is_loopback, sharing
from server.pages import STATIC, Files, Pages
from server.patience import Watch
from server.process import lasting, tune
from server.settings import Settings, from_environment
from server.tokens import Tokens
from server.tracing import Traces
from server.turns import Turns

LOCAL = ("localhost", "127.0.0.1", "[::1]")
UNTRUSTED = Documents()
MEGABYTE = 1_000_000


def application(
    settings: Settings | None = None,
    started: Callable[[Store], None] | None = None,
    leaving: Callable[[], bool] = lambda: False,
) -> Starlette:
    """The application as the settings have it, those of the environment if not given: for an ASGI server that keeps its
    lifespan, in which it looks at the time."""
    settings = settings or from_environment(os.environ)
    log.level = LEVELS[settings.log_level]
    callers = Callers(Tokens(settings.token_file, Moments().now), settings.anonymous)
    documents = Documents(known(settings.operations), settings.trusted_only)
    is_local = is_loopback(settings.host) or settings.anonymous is not Role.PUBLIC
    hosts = (*LOCAL, settings.host) if is_local else ("*",)
    kept = settings.kept_answers * MEGABYTE
    tune()
    with lasting():
        store = open_store(settings.store, CIVIC)
        traces = tracing.from_environment(os.environ)
        return create_app(store, started, hosts, callers, documents, leaving, settings.origins, kept, traces)


def create_app(
    store: Store,
    started: Callable[[Store], None] | None = None,
    hosts: Sequence[str] = ("*",),
    callers: Callers = PUBLIC,
    documents: Documents = UNTRUSTED,
    leaving: Callable[[], bool] = lambda: False,
    origins: Sequence[str] = (),
    kept: int = Settings().kept_answers * MEGABYTE,
    traces: Traces | None = None,
) -> Starlette:
    """The application over a store, which it closes at the end; `started` is called in a thread as it begins to serve,
    and it is not ready once it is `leaving`.

    Requests for other `hosts` are refused: a page from elsewhere must not reach a server of this machine by a name
    of its own. Pages of other `origins` may ask. So many bytes of answers are `kept`.
    """
    turns, answers = Turns(), Answers(kept)
    metrics = Metrics(turns, answers)
    apis, watch = APIs(store, callers.anonymous, answers, turns), Watch()
    pages, health = Pages(apis, watch, documents), Health(store, leaving)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        health.begin()
        async with store.at_hand(), create_task_group() as tasks:
            tasks.start_soon(watch.keep)
            tasks.start_soon(beside, "known operations", warm, apis, callers.anonymous, documents)
            if started:
                tasks.start_soon(beside, "what is served", run_sync, started, store)
            yield
            tasks.cancel_scope.cancel()
        await health.end()
        if traces:
            await run_sync(traces.close)

    endpoint = GraphQL(apis, watch, pages.query, documents)
    routes = [
        Route(ENDPOINT, endpoint),
        Route("/", pages.start),
        Route("/schema.graphql", pages.schema),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", metrics.show),
        Mount("/static", Files(directory=STATIC)),
    ]
    middleware = [
        Middleware(Journal, metrics=metrics, traces=traces),
        *sharing(origins),
        Middleware(Codings, answers=answers),
        Middleware(Guard, checks=(Border(hosts, origins).check, callers.admit)),
        Middleware(Straight, path=ENDPOINT, to=endpoint),
    ]
    app = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    app.router.redirect_slashes = False  # which would lead to the scheme and host that the request came with
    return app


class Straight:
    """Leads to what is asked most, past the routes and what is around them."""

    def __init__(self, app: ASGIApp, path: str, to: ASGIApp) -> None:
        self.app, self.path, self.to = app, path, to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["path"] == self.path
        await (self.to if asked else self.app)(scope, receive, send)


async def beside(part: str, work: Callable[..., Awaitable[None]], *given: Any) -> None:
    """Do a part of the start beside the first requests. Where it fails that is logged, and ends nothing else."""
    try:
        await work(*given)
    except Exception as error:
        log.error("a part of the start failed", part=part, exc_info=error)
