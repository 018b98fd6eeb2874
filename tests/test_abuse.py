"""What a server must stand: callers who are slow, who leave, who ask for much, and many of them at the same time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from graph.civic import CIVIC
from graph.errors import Overloaded, Timeout, TooSlow
from graph.roles import Role
from graph.stores import open_store, sqlite_readers
from graph.stores.sqlite import SQLiteStore
from graph.stores.sqlite_readers import Limit
from schema.api import API
from server import graphql
from server import patience as waiting
from server.app import create_app
from server.patience import Patience, Watch
from server.turns import RUNNING, WAITING, Turns
from tests.served import Server
from tests.soak.abuses import ABUSES, Sort, Target
from tests.soak.asked import Asked
from tests.soak.besieged import besieged
from tests.soak.line import DATA, ERRORS, Statuses, send
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

    monkeypatch.setattr(API, "_run", slow)
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

        responses = visitor.call(crowd)
    refused = [response for response in responses if response.status_code == 503]
    assert [response.status_code for response in responses].count(504) == 72
    assert len(refused) == 8
    for response in refused:
        assert response.headers["retry-after"] == "1"
        assert response.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
        assert response.json()["errors"][0]["extensions"]["retryable"] is True


# Time


@asynccontextmanager
async def watched(receive: Receive, **seconds: float) -> AsyncIterator[Patience]:
    """A block of a request that is looked at as a server does."""
    watch = Watch()
    keeping = asyncio.create_task(watch.keep())
    try:
        with watch.over(receive, **seconds) as patience:
            yield patience
    finally:
        keeping.cancel()
        assert not watch.under_way


def test_work_that_takes_too_long_is_ended() -> None:
    async def test() -> None:
        with pytest.raises(Timeout):
            async with watched(forever, seconds=0.01) as patience:
                patience.is_read()
                await asyncio.Event().wait()

    asyncio.run(test())


def test_work_ends_when_its_caller_leaves() -> None:
    async def leave() -> Message:
        return {"type": "http.disconnect"}

    async def test() -> None:
        with pytest.raises(ClientDisconnect):
            async with watched(leave) as patience:
                patience.is_read()
                await asyncio.Event().wait()

    asyncio.run(test())


def test_work_in_time_is_left_alone() -> None:
    async def test() -> int:
        async with watched(forever) as patience:
            patience.is_read()
            return 1

    assert asyncio.run(test()) == 1


def test_an_answer_has_its_time_whenever_the_request_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "EVERY", 0.0)

    async def test() -> None:
        with pytest.raises(Timeout):
            async with watched(forever, seconds=0.01, reading=3_600.0) as patience:
                await asyncio.sleep(0.01)  # it was looked at by now
                patience.is_read()
                await asyncio.Event().wait()

    asyncio.run(test())


def test_who_ends_the_work_otherwise_is_not_told_of_time() -> None:
    async def test(is_late: bool) -> None:
        watch = Watch()

        async def work() -> None:
            with watch.over(forever, seconds=0.0) as patience:
                patience.is_read()
                await asyncio.Event().wait()

        working = asyncio.create_task(work())
        await asyncio.sleep(0)
        working.cancel()
        assert len(watch.under_way) == 1
        if is_late:
            for patience in watch.under_way:
                patience.look()
        with pytest.raises(asyncio.CancelledError):
            await working

    for is_late in (False, True):
        asyncio.run(test(is_late))


def test_a_statement_ends_when_nobody_waits_for_it(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_readers, "PATIENT", Limit(3_600.0, 20_000))  # the test would not end either
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


def test_a_body_that_does_not_come_to_its_end_is_given_up() -> None:
    async def test(receive: Receive) -> None:
        with pytest.raises(TooSlow, match="the body did not come within"):
            async with watched(receive, reading=0.05):
                await graphql.body_of(receive)

    for receive in (drip, forever):
        asyncio.run(test(receive))


def test_a_server_looks_at_the_time(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "EVERY", 0.01)
    monkeypatch.setattr(Watch, "over", lambda watch, receive: Patience(watch, receive, 0.02, 0.02))

    async def endless() -> AsyncIterator[bytes]:
        yield b" "
        await asyncio.Event().wait()

    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        response = visitor.post("/graphql", content=endless(), headers={"content-type": "application/json"})
    assert response.status_code == 408


def test_a_body_has_come_once_it_is_as_long_as_announced() -> None:
    assert asyncio.run(graphql.body_of(drip, 3)) == b"   "


def test_a_gzip_bomb_is_not_unpacked(example_url: str) -> None:
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        for encoding in ("gzip", "deflate", "br", "zstd", "gzip, identity", "x"):
            headers = {"content-type": "application/json", "content-encoding": encoding}
            response = visitor.post("/graphql", content=b"\x1f\x8b" * 1_000, headers=headers)
            assert response.status_code == 415
            assert response.headers["connection"] == "close"


# A server as a process of its own


class Place(NamedTuple):
    """A server under siege, where it is asked, and what it is asked that means no harm."""

    server: Server
    target: Target
    asked: Asked


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("besieged")
    with besieged(folder) as (server, steward, url):
        yield Place(server, Target(server.port, (steward, ())), Asked(url, steward))
    assert '"level":"error"' not in (folder / "log").read_text()


@pytest.fixture
def server(place: Place) -> Server:
    return place.server


@pytest.mark.parametrize("sort", ABUSES, ids=lambda sort: sort.name)
def test_an_abuse_is_answered_as_it_may_be_and_does_no_harm(sort: Sort, place: Place) -> None:
    """A part of what `python -m tests.soak` does and measures, but for clients: as many as there."""
    clients = sort.name in ("slow clients", "clients that leave")
    times = sort.times if clients else max(5, sort.times // 40)

    async def abused() -> Statuses:
        work = asyncio.create_task(sort.run(place.target, times))
        while not work.done():
            await asyncio.to_thread(place.server.health)
        return work.result()

    statuses = asyncio.run(abused())
    assert statuses
    assert statuses.keys() <= sort.allowed, statuses
    place.server.health()


POST = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WRONG = {
    "longer": (POST + b"Content-Length: 5\r\n\r\n{}\r\n\r\n{}{}", (b"400",)),
    "negative": (POST + b"Content-Length: -1\r\n\r\n{}", (b"400",)),
    "twice": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", (b"400",)),
    "huge": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}", (b"400", b"413")),
    "large": (POST + b"Content-Length: 1000001\r\n\r\n{}", (b"413",)),
    "overflow": (POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}", (b"400",)),
    "no-chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", (b"400",)),
    "length and chunks": (
        POST + b"Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'1a\r\n{"query":"{ __typename }"}\r\n1\r\nx\r\n0\r\n\r\n',
        (b"400",),
    ),
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


TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def test_operations_and_malformed_bodies_leave_nothing_behind(place: Place) -> None:
    """All are answered, none with 5xx."""

    def sent(times: int, seed: int) -> Statuses:
        requests = [*place.asked.operations(200 * times, seed), *place.asked.bodies(1_000 * times, seed)]
        return asyncio.run(send(place.server.port, requests))

    sent(3, seed=1)  # what is kept is kept from now on
    before = place.server.kilobytes()
    statuses = sent(TIMES, seed=2)
    assert {DATA, ERRORS, "400"} <= statuses.keys() <= {DATA, ERRORS, "400", "404", "413"}
    assert place.server.kilobytes() - before < 15_000
