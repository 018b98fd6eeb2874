"""The application: everything that is served, wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graph.store import Store
from schema.api import API
from server.graphql import GraphQL
from server.guard import Guard
from server.health import Health
from server.pages import STATIC, Pages, query_page


def create_app(store: Store, started: Callable[[], None] | None = None) -> Starlette:
    """The application over a store, which it closes at the end; `started` is called once it is about to serve."""
    api = API(store)
    pages, health = Pages(api), Health(store)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        health.begin()
        if started:
            started()
        yield
        await health.end()

    routes = [
        Route("/graphql", GraphQL(api, query_page())),
        Route("/", pages.start),
        Route("/schema.graphql", pages.schema),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)], lifespan=lifespan)
