"""The bare endpoint: one hand-written statement a route, on the same file, with no GraphQL at all.

Run as `python -m tests.bench.bare FILE PORT`.
"""

import sys
import threading
from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor

import apsw
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.statements import FILTER_SQL, PAGE_SQL

local = threading.local()
pool = ThreadPoolExecutor(4)


def answer(path: str, text: str) -> bytes:
    if not hasattr(local, "connection"):
        local.connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        local.connection.execute("PRAGMA mmap_size = 1073741824")
    return local.connection.execute(text).fetchone()[0].encode()


def endpoint(path: str, text: str):
    async def respond(request: Request) -> Response:
        await request.body()
        body = await get_running_loop().run_in_executor(pool, answer, path, text)
        return Response(body, media_type="application/json")

    return respond


def create_app(path: str) -> Starlette:
    routes = [
        Route("/page", endpoint(path, PAGE_SQL), methods=["POST"]),
        Route("/filter", endpoint(path, FILTER_SQL), methods=["POST"]),
    ]
    return Starlette(routes=routes)


if __name__ == "__main__":
    import asyncio

    path, port = sys.argv[1], int(sys.argv[2])
    server = Server(create_app(path), address="127.0.0.1", port=port, interface="asgi", log_enabled=False)
    asyncio.run(server.serve())
