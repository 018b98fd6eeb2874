"""What a server must stand: callers who are slow, who leave, who ask for much, and many of them at the same time."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from graph.civic import CIVIC
from graph.errors import Overloaded, Timeout, TooSlow
from graph.roles import Role
from graph.stores import open_store, sqlite
from graph.stores.sqlite import SQLiteStore
from schema.api import API
from server import graphql
from server.app import create_app
from server.patience import Patience
from server.turns import RUNNING, WAITING, Turns
from tests.served import Server, address, start, stop, wait, welcome
from tests.visitor import visiting

# A statement that SQLite needs hours for: nothing is found in the product of all relations with each other
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT CAST(max(x) AS BLOB), 0 FROM n"


async def forever() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


# Turns


def test_so_many_run_so_many_wait_and_the_next_is_refused() -> None:
    async def test() -> None:
        turns, go_on = Turns(), asyncio.Event()

        async def work() -> None:
            async with turns:
                await go_on.wait()

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work()) for _ in range(RUNNING + WAITING)]
            await asyncio.sleep(0)
            assert (turns.running, turns.waiting) == (8, 64)
            with pytest.raises(Overloaded):
                await turns.__aenter__()
            tasks[-1].cancel()  # one that waits leaves, and its place is another's
            with suppress(asyncio.CancelledError):
                await tasks[-1]
            tasks.append(group.create_task(work()))
            await asyncio.sleep(0)
            assert (turns.running, turns.waiting) == (8, 64)
            go_on.set()
        assert (turns.running, turns.waiting) == (0, 0)

    asyncio.run(test())


def test_the_refused_are_told_to_come_again_and_health_is_never_queued(
    example_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def slow(self: API, *arguments: object) -> object:
        await go_on.wait()
        raise Timeout("it took too long")

    monkeypatch.setattr(API, "answer", slow)
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:

        async def crowd() -> list[httpx.Response]:
            request = {"query": "{ __typename }"}
            asked = [asyncio.create_task(visitor.client.post("/graphql", json=request)) for _ in range(80)]
            while sum(task.done() for task in asked) < 8:
                await asyncio.sleep(0)
            assert (await visitor.client.get("/healthz")).status_code == 200
            assert "civic_graph_waiting 64.0" in (await visitor.client.get("/metrics")).text
            go_on.set()
            return list(await asyncio.gather(*asked))

        responses = visitor.portal.call(crowd)
    refused = [response for response in responses if response.status_code == 503]
    assert [response.status_code for response in responses].count(504) == 72
    assert len(refused) == 8
    for response in refused:
        assert response.headers["retry-after"] == "1"
        assert response.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
        assert response.json()["errors"][0]["extensions"]["retryable"] is True


# Time


def test_work_that_takes_too_long_is_ended() -> None:
    async def test() -> None:
        with pytest.raises(Timeout):
            async with Patience(forever, seconds=0.01):
                await asyncio.Event().wait()

    asyncio.run(test())


def test_work_ends_when_its_caller_leaves() -> None:
    async def leave() -> Message:
        return {"type": "http.disconnect"}

    async def test() -> None:
        with pytest.raises(ClientDisconnect):
            async with Patience(leave):
                await asyncio.Event().wait()

    asyncio.run(test())


def test_work_in_time_is_left_alone() -> None:
    async def test() -> int:
        async with Patience(forever):
            return 1

    assert asyncio.run(test()) == 1


def test_a_statement_ends_when_nobody_waits_for_it(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "READ_SECONDS", 3_600.0)  # the test would not end either
    store = open_store(example_url, CIVIC)
    assert isinstance(store, SQLiteStore)

    async def test() -> None:
        prepared, _ = await API(store, Role.STEWARD)._ready("{ boroughs { totalCount } }", {}, None)
        assert prepared.compiled
        prepared.compiled.text = ENDLESS
        asked = asyncio.create_task(store.run(prepared.compiled, {}, Role.STEWARD))
        await asyncio.sleep(0.05)  # it is under way
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(test())
    store.close()  # which waits for the readers


# Bodies


async def drip() -> Message:
    await asyncio.sleep(0.001)
    return {"type": "http.request", "body": b" ", "more_body": True}


def test_a_body_that_does_not_come_to_its_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql, "BODY_SECONDS", 0.05)
    for receive in (drip, forever):
        with pytest.raises(TooSlow):
            asyncio.run(graphql.body_in_time(receive))


def test_a_gzip_bomb_is_not_unpacked(example_url: str) -> None:
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        for encoding in ("gzip", "deflate", "br", "zstd", "gzip, identity", "x"):
            headers = {"content-type": "application/json", "content-encoding": encoding}
            response = visitor.post("/graphql", content=b"\x1f\x8b" * 1_000, headers=headers)
            assert response.status_code == 415
            assert response.headers["connection"] == "close"


# A server as a process of its own


@pytest.fixture(scope="module")
def server(example_url: str) -> Iterator[Server]:
    process = start(example_url, "--log-level", "warning")
    url = address(welcome(process))
    wait(url)
    yield Server(process, url)
    code, errors = stop(process)
    assert (code, errors) == (0, "")


POST = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_slow_clients_are_closed_and_health_answers_meanwhile(server: Server) -> None:
    server.health()
    opened = [server.connect() for _ in range(500)]
    for number, connection in enumerate(opened):
        started = [b"POST /gra", POST, POST + b'Content-Length: 100\r\n\r\n{"query"'][number % 3]
        connection.sendall(started)
    for _ in range(20):
        server.health()
    for connection in opened:
        answer = connection.recv(1_000)
        assert not answer or answer.split()[1] in (b"408", b"400")
        connection.close()


WRONG = {
    "longer": (POST + b"Content-Length: 5\r\n\r\n{}\r\n\r\n{}{}", (b"400",)),
    "negative": (POST + b"Content-Length: -1\r\n\r\n{}", (b"400",)),
    "twice": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", (b"400",)),
    "huge": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}", (b"400", b"413")),
    "large": (POST + b"Content-Length: 1000001\r\n\r\n{}", (b"413",)),
    "overflow": (POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}", (b"400",)),
    "no-chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", (b"400",)),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 20, (b"413",)),
    "no-http": (b"NONSENSE\r\n\r\n", (b"400",)),
    "header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n", (b"431", b"400")),
}


@pytest.mark.parametrize(("sent", "statuses"), WRONG.values(), ids=WRONG)
def test_wrong_lengths_are_refused(server: Server, sent: bytes, statuses: tuple[bytes, ...]) -> None:
    with server.connect() as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        with suppress(ConnectionResetError):
            answer = connection.recv(10_000)
            assert not answer or answer.split()[1] in statuses
    server.health()


def test_clients_that_leave_do_no_harm(server: Server) -> None:
    body = json.dumps({"query": "{ partners(first: 50) { nodes { projects(first: 50) { nodes { id } } } } }"}).encode()
    request = POST + f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    def leave(times: int) -> None:
        for _ in range(times):
            with server.connect() as connection:
                connection.sendall(request)

    leave(200)  # what is kept is kept from now on
    server.health()
    before = server.kilobytes()
    leave(1_000)
    server.health()
    assert server.kilobytes() - before < 15_000


TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def test_operations_and_malformed_bodies_leave_nothing_behind(server: Server) -> None:
    """All are answered, none with 5xx. EXAMPLES_TIMES=50 asks 10,000 operations and 50,000 bodies."""
    operations, bodies = 200 * TIMES, 1_000 * TIMES
    asyncio.run(ask(server, operated(1_000)))
    asyncio.run(ask(server, malformed(1_000)))
    before = server.kilobytes()
    asyncio.run(ask(server, operated(operations)))
    asyncio.run(ask(server, malformed(bodies)))
    assert server.kilobytes() - before < 15_000


async def operated(number: int) -> AsyncIterator[bytes]:
    """Operations of which each is new."""
    for i in range(number):
        query = f"query Q{i} {{ boroughs(first: {i % 30 + 1}) {{ nodes {{ name a{i}: projects {{ totalCount }} }} }} }}"
        yield json.dumps({"query": query}).encode()


async def malformed(number: int) -> AsyncIterator[bytes]:
    """A request with something put out of order, another each time."""
    whole = json.dumps(
        {"query": "query ($n: Int) { boroughs(first: $n) { totalCount } }", "variables": {"n": 3}}
    ).encode()
    for i in range(number):
        at, junk = i % len(whole), bytes([(i * 7) % 256, (i * 31) % 256])
        yield [whole[:at], whole[:at] + junk + whole[at:], whole[:at] + junk + whole[at + 2 :], junk * (i % 50)][i % 4]


async def ask(server: Server, bodies: AsyncIterator[bytes]) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        async for body in bodies:
            response = await client.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert response.status_code < 500, (body, response.text)
            assert response.json().keys() <= {"data", "errors"}
