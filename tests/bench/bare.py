"""The bare endpoint: one hand-written statement a route, on the same store, with no GraphQL at all.

Run as `python -m tests.bench.bare URL PORT`.
"""

import os
import sys
import threading
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import apsw
import msgspec
import uvloop
from granian.server.embed import Server
from neo4j import AsyncGraphDatabase
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph.stores.neo4j_access import access
from tests.bench import statements as s

Run = Callable[[str], Awaitable[bytes]]  # a statement, to the JSON that it answers


@asynccontextmanager
async def on_sqlite(path: str) -> AsyncIterator[Run]:
    local = threading.local()

    def answer(text: str) -> bytes:
        if not hasattr(local, "connection"):
            local.connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
            local.connection.execute("PRAGMA mmap_size = 1073741824")
        return local.connection.execute(text).fetchone()[0].encode()

    with ThreadPoolExecutor(4) as pool:
        yield lambda text: get_running_loop().run_in_executor(pool, answer, text)


@asynccontextmanager
async def on_neo4j(url: str) -> AsyncIterator[Run]:
    async with AsyncGraphDatabase.driver(url, auth=access(url, os.environ).auth) as driver:

        async def answer(text: str) -> bytes:
            async with driver.session(default_access_mode="READ") as session:
                result = await session.run(text)
                record = await result.single(strict=True)
            return msgspec.json.encode(record[0])

        yield answer


def create_app(run: Run, page: str, chosen: str) -> Starlette:
    def endpoint(text: str):
        async def respond(request: Request) -> Response:
            await request.body()
            return Response(await run(text), media_type="application/json")

        return respond

    routes = {"/page": page, "/filter": chosen}
    return Starlette(routes=[Route(path, endpoint(text), methods=["POST"]) for path, text in routes.items()])


async def main(url: str, port: int) -> None:
    scheme, _, path = url.partition(":")
    if scheme == "sqlite":
        opened, texts = on_sqlite(path), (s.PAGE_SQL, s.FILTER_SQL)
    else:
        opened, texts = on_neo4j(url), (s.PAGE_CYPHER, s.FILTER_CYPHER)
    async with opened as run:
        app = create_app(run, *texts)
        await Server(app, address="127.0.0.1", port=port, interface="asgi", log_enabled=False).serve()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
