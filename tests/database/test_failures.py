"""The database is killed, stands still, or its line is cut: nothing is lost, nothing is applied twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import StoreError, Timeout, Unavailable
from graph.stores import bolt
from graph.stores.bolt import Reader, Reading
from graph.stores.neo4j import Neo4jStore
from graph.stores.neo4j_access import access
from server.app import create_app
from tests.client import Client
from tests.database.fixtures import Database
from tests.database.proxy import Proxy
from tests.database.running import running, until
from tests.database.server import Server
from tests.visitor import visiting
from tests.world import WORLD, Said, World, node

NAMES = "{ partners(first: 3) { totalCount nodes { name } } }"
ENDLESS = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS left"


@pytest.fixture
def store(neo4j: Database) -> Iterator[Neo4jStore]:
    neo4j.empty()
    store = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    yield store
    store.close()


def partners(letter: str, number: int = 400) -> World:
    rows = [node(f"partner:{i}", f"{letter}{i}") for i in range(number)]
    return World((Said("source:office", {"Partner": rows}),))


def again(neo4j: Database) -> Neo4jStore:
    return Neo4jStore(neo4j.url, CIVIC, neo4j.environment)


def timed(client: Client) -> tuple[float, Any]:
    start = time.monotonic()
    body = client.ask(NAMES)
    return time.monotonic() - start, body


def recovered(client: Client, *codes: str) -> Any:
    """The first answer of a server that has just begun, which may be slow, after errors of these codes."""
    end = time.monotonic() + 30
    while "errors" in (body := client.ask(NAMES)) and time.monotonic() < end:
        assert body["errors"][0]["extensions"]["code"] in codes
    return body["data"]


# Loads


def test_a_server_killed_in_a_load_keeps_none_of_it(store: Neo4jStore, server: Server, neo4j: Database) -> None:
    before = changes.load(store, WORLD).head

    def kill(*_: object) -> None:
        server.kill()

    more = World((*WORLD.said, *partners("A").said))
    with pytest.raises(Unavailable):
        changes.load(store, more, on_changes=kill)
    server.start()
    restarted = again(neo4j)
    assert restarted.head() == before
    assert restarted.verify()
    after = changes.load(restarted, more).head
    assert after.version == before.version + 1
    assert restarted.counts()["Partner"] == 410
    assert restarted.verify()
    restarted.close()


def test_a_server_killed_about_a_commit_kept_all_or_nothing(
    store: Neo4jStore, server: Server, neo4j: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.stores.neo4j_clock.RETURN", 3.0)
    changes.load(store, partners("A"))
    heads = {store.head().content_hash, changes.load(store, partners("B"), dry_run=True).head.content_hash}
    changing = store._clock.changing

    def killed() -> Any:
        threading.Timer(0.02, server.kill).start()
        return changing()

    monkeypatch.setattr(store._clock, "changing", killed)
    with suppress(StoreError):
        changes.load(store, partners("B"))
    server.kill()
    server.start()
    restarted = again(neo4j)
    answer = recovered(Client(restarted), "UNAVAILABLE", "TIMEOUT")
    assert answer["partners"]["totalCount"] == 400, "a clock left odd was set right"
    assert restarted.head().content_hash in heads
    assert restarted.verify()
    changes.load(restarted, partners("B"))
    assert restarted.verify()
    restarted.close()


@pytest.mark.parametrize("lost", ["commit", "reply"])
def test_a_lost_line_at_the_commit_is_checked_not_retried(store: Neo4jStore, neo4j: Database, lost: str) -> None:
    proxy = Proxy(neo4j.url)
    remote = Neo4jStore(proxy.url, CIVIC, neo4j.environment)
    proxy.lose(lost)
    if lost == "commit":
        with pytest.raises(Unavailable, match="nothing was changed"):
            changes.load(remote, WORLD)
    else:
        assert changes.load(remote, WORLD).head.version == 1
    assert store.head().version == (0 if lost == "commit" else 1)
    assert changes.load(remote, WORLD).head.version == 1
    assert store.head().version == 1
    assert store.verify()
    remote.close()
    proxy.close()


# Reads


def test_a_server_that_stands_still_is_unavailable_within_three_seconds(store: Neo4jStore, server: Server) -> None:
    changes.load(store, WORLD)
    client = Client(store)
    answer = client.data(NAMES)
    server.pause()
    try:
        for _ in range(2):
            seconds, body = timed(client)
            assert seconds < 3
            assert body["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
            assert "127.0.0.1" not in str(body)
    finally:
        server.resume()
    assert recovered(client, "UNAVAILABLE") == answer


def test_a_server_that_was_away_and_is_slow_is_not_too_much_asked(
    store: Neo4jStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = store._aside.reader

    def endless() -> Reading:
        return store._wait(reader.ask(ENDLESS, {}))

    monkeypatch.setattr(bolt, "STATEMENT", 0.3)
    with pytest.raises(Timeout, match="ask for less"):
        endless()
    server.pause()
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            store.head()
    finally:
        server.resume()
    with pytest.raises(Unavailable, match="was away and is still slow"):
        endless()
    monkeypatch.setattr(bolt, "COLD", 0.0)
    with pytest.raises(Timeout, match="ask for less"):
        endless()


def test_a_server_that_was_away_is_used_again_by_who_has_it_at_hand(
    store: Neo4jStore, server: Server, neo4j: Database
) -> None:
    changes.load(store, WORLD)
    with visiting(create_app(again(neo4j))) as visitor:

        def asked() -> tuple[int, Any]:
            response = visitor.post("/graphql", json={"query": NAMES})
            return response.status_code, response.json()

        before = asked()
        server.kill()
        status, body = asked()
        assert (status, body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        server.start()
        end = time.monotonic() + 30
        while asked() != before:
            assert time.monotonic() < end


def test_a_server_that_was_away_is_used_again(store: Neo4jStore, server: Server) -> None:
    changes.load(store, WORLD)
    client = Client(store)
    answer = client.data(NAMES)
    server.kill()
    seconds, body = timed(client)
    assert seconds < 3
    assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    server.start()
    assert recovered(client, "UNAVAILABLE") == answer


def test_what_is_under_way_ends_with_who_asks(neo4j: Database, server: Server) -> None:
    """Whether the database is there is asked once for all, so it is not over when one who waits leaves."""

    async def test() -> set[asyncio.Task[Any]]:
        reader = Reader(access(neo4j.url, neo4j.environment))
        assert await reader.is_there()
        server.pause()
        try:
            asking = asyncio.create_task(reader.is_there())
            await asyncio.sleep(0.05)  # it is under way
            asking.cancel()
            await reader.close()
        finally:
            server.resume()
        return asyncio.all_tasks() - {asyncio.current_task(), asking}

    assert not asyncio.run(test())


@pytest.mark.parametrize("at_hand", [True, False])
def test_a_caller_who_leaves_stops_the_work(store: Neo4jStore, neo4j: Database, at_hand: bool) -> None:
    async def leave() -> None:
        async with store.at_hand() if at_hand else nullcontext():
            asked = asyncio.ensure_future(store._nearest(lambda reader: reader.ask(ENDLESS, {})))
            await asyncio.to_thread(until, lambda: any("AS left" in text for text in running(neo4j)))
            asked.cancel()
            await asyncio.to_thread(until, lambda: not any("AS left" in text for text in running(neo4j)))

    asyncio.run(leave())


# Versions


@pytest.mark.parametrize("clock", [True, False])
def test_an_answer_is_of_one_version(store: Neo4jStore, clock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """While names are changed from A to B and back, all of them begin alike; without the clock they do not."""
    if not clock:
        monkeypatch.setattr(Reader, "_of_one_state", _of_any_state)
    number = 1500
    worlds = partners("A", number), partners("B", number)
    changes.load(store, worlds[0])
    client = Client(store)
    query = """{
        a: partners(where: {name: {startsWith: "A"}}) { totalCount }
        b: partners(where: {name: {startsWith: "B"}}) { totalCount }
    }"""
    client.ask(query)
    writer = threading.Thread(target=lambda: [changes.load(store, worlds[turn % 2]) for turn in range(1, 9)])
    writer.start()
    seen = []
    while writer.is_alive():
        answer = client.data(query)
        seen.append((answer["a"]["totalCount"], answer["b"]["totalCount"]))
    torn = [pair for pair in seen if sorted(pair) != [0, number]]
    assert len(seen) > 20
    assert not torn if clock else torn


async def _of_any_state(self: Reader, text: str, parameters: dict[str, Any]) -> Reading:
    clock, _, version, _, cells = await self._row(text, parameters)
    return Reading(clock, version, (), cells)


def test_a_clock_left_odd_is_set_right(store: Neo4jStore, neo4j: Database) -> None:
    changes.load(store, WORLD)
    neo4j.driver.execute_query("MATCH (g:_CivicGraph) SET g.clock = g.clock + 1")
    assert Client(store).data(NAMES)["partners"]["totalCount"] == 10
