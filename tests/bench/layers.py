"""What each layer around an answer costs: the small query, asked of the application as it is and with one layer left
out at a time, in this process and without a network, so that nothing else is measured.

`python -m tests.bench layers` prints the table. `python -m tests.bench.layers URL PORT plain` serves the same
application without limits, roles and logging, `bare` without anything around an answer, `parrot` with nothing but the
exchange over HTTP.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, redirect_stderr
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import sample
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.civic import CIVIC
from graph.roles import Role
from graph.stores import open_store
from server.app import LOCAL, Straight, application, create_app
from server.callers import Callers
from server.codings import Codings
from server.guard import Guard
from server.journal import Closed, Journal, Record
from server.listener import listen, opened
from server.logs import LEVELS, log
from server.moments import Moments
from server.patience import Watch
from server.process import lasting, tune
from server.settings import Settings
from server.tokens import Tokens
from tests.bench import statements as s
from tests.bench.processes import SCRATCH, Graph, city

TOGETHER, TIMES, ROUNDS = 16, 8, 40
KEPT = 64_000_000  # bytes
MADE = "the nested page in its place, made anew"

Row = tuple[str, str, str]  # layer, microseconds, share of the whole


class Endless(Watch):
    """A watch that looks at nobody."""

    def over(self, *given: object) -> Any:
        return self

    def __enter__(self) -> "Endless":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def is_read(self) -> None:
        pass


class Given:
    """What the rest of the application looks for in place of a layer that is left out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if "record" not in scope:
                scope["record"] = Record(dict(scope["headers"]))
            scope.setdefault("role", Role.STEWARD)
        await self.app(scope, receive, send)


class Unlogged(Journal):
    def _log(self, closed: Closed) -> None:
        pass


class Uncounted(Journal):
    def _count(self, closed: Closed) -> None:
        pass


def without(*layers: type) -> Callable[[Starlette], None]:
    """Leaves these layers out."""

    def strip(app: Starlette) -> None:
        left = [layer for layer in app.user_middleware if layer.cls not in layers]
        left.insert(0 if Journal in layers else -1, Middleware(Given))
        app.user_middleware = left

    return strip


def unchecked(number: int) -> Callable[[Starlette], None]:
    """Has everybody come in as steward in the place of a check."""

    def strip(app: Starlette) -> None:
        guard = next(layer for layer in app.user_middleware if layer.cls is Guard)
        checks = list(guard.kwargs["checks"])
        checks[number] = as_steward
        guard.kwargs["checks"] = tuple(checks)

    return strip


def as_steward(scope: Scope) -> None:
    scope["role"] = Role.STEWARD


def with_journal(kind: type) -> Callable[[Starlette], None]:
    """Has another journal."""

    def strip(app: Starlette) -> None:
        first, *rest = app.user_middleware
        app.user_middleware = [Middleware(kind, *first.args, **first.kwargs), *rest]

    return strip


def without_turns(app: Starlette) -> None:
    endpoint = next(layer.kwargs["to"] for layer in app.user_middleware if layer.cls is Straight)
    endpoint.watch = Endless()
    for api in endpoint.apis._made.values():
        api.turns = nullcontext()


def bare(app: Starlette) -> None:
    without(Journal, Codings, Guard)(app)
    without_turns(app)


LAYERS: dict[str, Callable[[Starlette], None]] = {
    "log line": with_journal(Unlogged),
    "metrics": with_journal(Uncounted),
    "request id, headers of every answer, with both": without(Journal),
    "gzip and zstd, not asked for": without(Codings),
    "names of the server, pages of other sites": unchecked(0),
    "token and role": unchecked(1),
    "both, and what fails is answered": without(Guard),
    "turns, time, who leaves": without_turns,
    "all of these": bare,
}


@dataclass
class Asked:
    """An application and what is sent to it."""

    app: Starlette
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def once(self) -> None:
        status, is_read = 0, False

        async def receive() -> dict:
            nonlocal is_read
            if is_read:
                await asyncio.Event().wait()  # who asked waits for the answer
            is_read = True
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: dict) -> None:
            nonlocal status
            status = message.get("status", status)

        await self.app(self._scope(), receive, send)
        if status != 200:
            raise RuntimeError(f"the answer is {status}")

    def _scope(self) -> Scope:
        return {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"",
            "headers": [*self.headers, (b"content-length", str(len(self.body)).encode())],
        }

    async def microseconds(self) -> float:
        """Of processor time that a call takes, in all threads, where some come at the same time."""
        began = time.process_time()
        for _ in range(TIMES):
            await asyncio.gather(*(self.once() for _ in range(TOGETHER)))
        return (time.process_time() - began) / (TIMES * TOGETHER) * 1e6


def measured() -> Iterator[Row]:
    """The cost of each layer, in one table."""
    graph = Graph(f"sqlite:{SCRATCH / 'layers.db'}")
    graph.civic("load", "example", str(city(600)))
    log.level = LEVELS["info"]
    with TemporaryDirectory() as folder, Path(os.devnull).open("w", buffering=1) as nowhere, redirect_stderr(nowhere):
        yield from uvloop.run(compared(graph, Tokens(Path(folder) / "tokens", Moments().now)))


async def compared(graph: Graph, tokens: Tokens) -> list[Row]:
    _, secret = tokens.create(Role.STEWARD, timedelta(days=1), "bench")
    store = open_store(graph.url, CIVIC)
    small = json.dumps({"query": s.SMALL, "variables": s.SMALL_VARIABLES}).encode()
    page = json.dumps({"query": s.PAGE}).encode()
    headers = [
        (b"host", b"127.0.0.1:8000"),
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {secret}".encode()),
    ]
    application = partial(create_app, store, hosts=LOCAL, callers=Callers(tokens))
    asked = []
    tune()
    with lasting():
        for strip in (lambda app: None, *LAYERS.values()):
            app = application(kept=0)
            strip(app)
            asked.append(Asked(app, headers, small))
        asked += [Asked(application(kept=kept), headers, page) for kept in (0, KEPT)]
    rounds = [await in_any_order(asked) for _ in range(ROUNDS)]
    store.close()
    whole, *_, made, kept = (median(spent) for spent in zip(*rounds, strict=True))
    saved = zip(*([spent - left for left in rest] for spent, *rest, _, _ in rounds), strict=True)
    rows = [*zip(LAYERS, map(median, saved), strict=True), ("the whole", whole), (MADE, made), ("the same, kept", kept)]
    return [(name, f"{spent:.1f}", f"{spent / whole:.1%}") for name, spent in rows]


async def in_any_order(asked: list[Asked]) -> list[float]:
    """Microseconds of each: who comes after what takes long finds the processor's caches full of that."""
    spent = {one: await asked[one].microseconds() for one in sample(range(len(asked)), len(asked))}
    return [spent[one] for one in range(len(asked))]


def plain(app: Starlette) -> None:
    """Leaves out limits, roles and logging, and nothing else."""
    without_turns(app)
    unchecked(1)(app)
    with_journal(Unlogged)(app)


class Parrot:
    """Reads what is sent, and says to everybody what was said to who came first."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.said: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.said:
            await receive()
        else:
            self.said = await said_by(self.app, scope, receive)
        for message in self.said:
            await send(message)


async def said_by(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    said: list[Message] = []

    async def hear(message: Message) -> None:
        said.append(message)

    await app(scope, receive, hear)
    return said


def parrot(app: Starlette) -> None:
    """Leaves out all but the exchange over HTTP."""
    bare(app)
    straight = next(layer for layer in app.user_middleware if layer.cls is Straight)
    straight.kwargs["to"] = Parrot(straight.kwargs["to"])


STRIPPED = {"plain": plain, "bare": bare, "parrot": parrot}


def stripped(url: str, how: str) -> Starlette:
    """The application with something left out, in a worker."""
    settings = Settings(store=url, anonymous=Role.STEWARD, kept_answers=0, log_level="info")
    app = application(settings)
    STRIPPED[how](app)
    return app


if __name__ == "__main__":
    _, url, port, how = sys.argv
    listen(opened("127.0.0.1", int(port)), partial(stripped, url, how), 1, multiprocessing.Event())
