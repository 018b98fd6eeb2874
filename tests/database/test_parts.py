"""Loads that one transaction cannot take are kept in parts: readers are told, and what was cut off goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import BadInput, Conflict, Unavailable
from graph.roles import Role
from graph.statements import Load
from graph.store import Store
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SQLiteStore
from loaders.folder import EXAMPLE, is_loaded, read
from loaders.generate import generate
from schema.answers import Answers
from schema.api import API
from tests.client import Client
from tests.database.fixtures import Database
from tests.database.proxy import Proxy
from tests.database.server import Server
from tests.world import WORLD, Said, World, link, node

PARTNERS = 200
BATCH, TRANSACTION = 50, 120
CITY = "source:city"
NAMES = "{ partners(first: 3) { totalCount nodes { name borough { name } } } }"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that few rows make many of them."""
    monkeypatch.setattr("graph.changes.BATCH", BATCH)
    monkeypatch.setattr("graph.changes.NODES", BATCH)
    monkeypatch.setattr("graph.changes.FEW", BATCH)
    monkeypatch.setattr("graph.stores.neo4j_parts.TRANSACTION", TRANSACTION)
    monkeypatch.setattr("graph.stores.neo4j_parts.PART", TRANSACTION)
    monkeypatch.setattr("graph.stores.neo4j_parts.SETTLED", BATCH)


@pytest.fixture
def store(neo4j: Database) -> Iterator[Neo4jStore]:
    store = neo4j.new_store(CIVIC)
    yield store
    store.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(str(tmp_path / "graph.db"), CIVIC)
    yield store
    store.close()


def city(letter: str = "A", partners: int = PARTNERS) -> World:
    """Partners in two boroughs each, of which the later counts."""
    boroughs = [node(f"borough:{n}", f"Borough {n}", gssCode=f"E{n}") for n in range(4)]
    rows = [node(f"partner:{n}", f"{letter}{n}") for n in range(partners)]
    early = [link(f"partner:{n}", f"borough:{n % 2}", since="2019") for n in range(partners)]
    late = [link(f"partner:{n}", f"borough:{2 + n % 2}", since="2020") for n in range(partners)]
    based = {"Partner_BASED_IN_Borough": [*early, *late]}
    return World((Said(CITY, {"Borough": boroughs, "Partner": rows, **based}),))


class Elsewhere(World):
    """What sources say that came from another place: they leave those of the first alone."""

    @property
    def loads(self) -> tuple[Load, ...]:
        return tuple(replace(load, origin="/elsewhere") for load in super().loads)


def state(store: Store) -> object:
    """All that a store says of itself, but when it was loaded."""
    head = store.head()
    loads = {source: (load.rows, load.load_id) for source, load in store.loads().items()}
    return head.version, head.content_hash, head.loading, loads, store.counts(), store.hidden(), store.verify()


def after(batches: int, do: Callable[[], object]) -> changes.OnChanges:
    """Does something once so many batches were written."""
    seen = 0

    def on_changes(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == batches:
            do()

    return on_changes


# What becomes of them


def test_parts_come_to_the_same_as_one_transaction(store: Neo4jStore, sqlite: SQLiteStore) -> None:
    for world in (WORLD, city(), city("B", 150)):
        assert changes.load(store, world).head.content_hash == changes.load(sqlite, world).head.content_hash
        assert state(store) == state(sqlite)
    assert Client(store).data(NAMES) == Client(sqlite).data(NAMES)
    for kept in (store, sqlite):
        changes.withdraw(kept, CITY)
    assert state(store) == state(sqlite)


def test_a_dry_run_of_many_changes_changes_nothing(store: Neo4jStore, sqlite: SQLiteStore) -> None:
    changes.load(store, city())
    before = state(store)
    would = changes.load(store, city("B"), dry_run=True)
    assert state(store) == before
    changes.load(sqlite, city())
    assert would.tables == changes.load(sqlite, city("B"), dry_run=True).tables
    assert would.total == PARTNERS


def test_relations_that_waited_come_back_in_parts(store: Neo4jStore, sqlite: SQLiteStore) -> None:
    (whole,) = city().said
    links, nodes = dict(whole.rows), dict(whole.rows)
    del links["Partner"], nodes["Partner_BASED_IN_Borough"], nodes["Borough"]
    for kept in (store, sqlite):
        changes.load(kept, World((Said("source:links", links),)))
    assert store.hidden() == {"Partner_BASED_IN_Borough": 2 * PARTNERS}
    for kept in (store, sqlite):
        changes.load(kept, Elsewhere((Said("source:nodes", nodes),)))
    assert store.hidden() == {}
    assert state(store) == state(sqlite)


# While it is under way


def test_readers_are_told_and_answers_are_right_all_along(store: Neo4jStore) -> None:
    changes.load(store, WORLD)
    client = Client(store)
    seen: list[Any] = []

    def look(*_: object) -> None:
        body = client.ask('{ partner(id: "partner:7") { borough { name } } partners { totalCount } }')
        seen.append((body["data"], body.get("extensions", {}).get("loading"), store.verify()))

    look()
    changes.load(store, World((*WORLD.said, *city().said)), on_changes=look)
    look()
    told = [loading for _, loading, _ in seen]
    sources = sorted(said.source for said in (*WORLD.said, *city().said))
    assert told[0] is told[-1] is None
    assert {"sources": sources} in told
    assert all(verified for _, _, verified in seen)
    boroughs = [
        data["partner"]["borough"]["name"] for data, _, _ in seen if data["partner"] and data["partner"]["borough"]
    ]
    assert boroughs[-1] == "Borough 3"
    assert sorted(set(boroughs)) == boroughs[:: len(boroughs) - 1], "the later office, once it was there"
    totals = [data["partners"]["totalCount"] for data, _, _ in seen]
    assert totals == sorted(totals)
    assert len(set(totals)) > 2, "partners came in parts"


def test_no_answer_is_kept_while_parts_are_missing(store: Neo4jStore) -> None:
    changes.load(store, city("A"))
    api = API(store, Role.STEWARD, Answers(1_000_000))
    told: list[tuple[bool, bool]] = []

    def look(*_: object) -> None:
        asyncio.run(api.answer(NAMES))
        answer = asyncio.run(api.answer(NAMES))
        told.append((answer.is_kept, b'"loading"' in answer.body))

    changes.load(store, city("B"), on_changes=look)
    look()
    assert set(told) == {(True, False), (False, True)}
    assert told[0] == told[-1] == (True, False)
    assert b'"B' in asyncio.run(api.answer(NAMES)).body


def test_nobody_else_writes_between_two_parts(
    store: Neo4jStore, neo4j: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.stores.neo4j.WRITE_WAIT", 0.3)
    other = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)

    def write() -> None:
        with pytest.raises(Conflict, match=f"being written by process {os.getpid()}"):
            changes.load(other, WORLD)

    changes.load(store, city(), on_changes=after(6, write))
    assert store.counts()["Partner"] == PARTNERS
    changes.load(other, WORLD)
    other.close()


# Cut off


def cut_off(store: Store, before: object) -> None:
    """That a part of the city is there, and all that is there is as its hash says."""
    assert store.head().loading == (CITY,)
    assert store.loads()[CITY].load_id == ""
    assert store.verify()
    assert before != state(store)


BETWEEN, ANYWHERE = 1, 8  # how much is under way when the server is killed: rows only, or a commit as well
KEPT = "a part of the load was kept: load again"


@pytest.mark.parametrize(
    ("ahead", "batches", "told"),
    [*((BETWEEN, batches, KEPT) for batches in (5, 8, 12)), (ANYWHERE, 12, f"{KEPT}|may have done so; load again")],
)
def test_a_killed_server_keeps_parts_and_the_load_goes_on(
    store: Neo4jStore,
    sqlite: SQLiteStore,
    server: Server,
    neo4j: Database,
    monkeypatch: pytest.MonkeyPatch,
    ahead: int,
    batches: int,
    told: str,
) -> None:
    monkeypatch.setattr("graph.stores.neo4j_writer.AHEAD", ahead)
    monkeypatch.setattr("graph.stores.neo4j_clock.RETURN", 3.0)
    before = state(store)
    with pytest.raises(Unavailable, match=told):
        changes.load(store, city(), on_changes=after(batches, server.kill))
    server.start()
    restarted = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    cut_off(restarted, before)
    kept = sum(restarted.counts().values()) + sum(restarted.hidden().values())
    assert changes.load(restarted, city()).total == 4 + 3 * PARTNERS - kept
    changes.load(sqlite, city())
    assert state(restarted)[1:] == state(sqlite)[1:]  # type: ignore[index]
    restarted.close()


def test_a_server_that_stands_still_for_twenty_seconds_goes_on_with_the_load(
    store: Neo4jStore, sqlite: SQLiteStore, server: Server
) -> None:
    client, bodies = Client(store), []
    client.ask(NAMES)

    def stand_still() -> None:
        server.pause()
        Timer(20, server.resume).start()
        bodies.append(client.ask(NAMES))

    head = changes.load(store, city(), on_changes=after(7, stand_still)).head
    assert [body["errors"][0]["extensions"]["code"] for body in bodies] == ["UNAVAILABLE"]
    assert head.content_hash == changes.load(sqlite, city()).head.content_hash
    assert state(store) == state(sqlite)
    assert client.data(NAMES) == Client(sqlite).data(NAMES)


@pytest.mark.parametrize("lost", ["commit", "reply"])
def test_a_lost_line_at_a_part_is_checked_not_retried(
    store: Neo4jStore, sqlite: SQLiteStore, neo4j: Database, lost: str
) -> None:
    proxy = Proxy(neo4j.url)
    remote = Neo4jStore(proxy.url, CIVIC, neo4j.environment)
    cut = after(6, lambda: proxy.lose(lost))
    if lost == "commit":
        with pytest.raises(Unavailable, match="a part of the load was kept"):
            changes.load(remote, city(), on_changes=cut)
        cut_off(store, None)
    else:
        assert changes.load(remote, city(), on_changes=cut).head.version == 1
    assert proxy.was_cut
    changes.load(remote, city())
    changes.load(sqlite, city())
    assert state(store)[1:] == state(sqlite)[1:]  # type: ignore[index]
    remote.close()
    proxy.close()


def test_an_older_edition_takes_back_what_was_kept_of_a_newer(store: Neo4jStore) -> None:
    before = changes.load(store, city("A", 100)).head.content_hash

    class Cut(Exception):
        pass

    def cut() -> None:
        raise Cut

    with pytest.raises(Cut):
        changes.load(store, city("B"), on_changes=after(7, cut))
    cut_off(store, None)
    assert store.head().content_hash != before
    assert changes.load(store, city("A", 100)).head.content_hash == before
    assert store.head().loading == ()


def test_another_source_leaves_the_load_under_way(store: Neo4jStore) -> None:
    with pytest.raises(KeyboardInterrupt):
        changes.load(store, city(), on_changes=after(6, interrupted))
    changes.load(store, Elsewhere(WORLD.said))
    cut_off(store, None)
    changes.load(store, city())
    assert store.head().loading == ()


def interrupted() -> None:
    raise KeyboardInterrupt


def test_what_comes_after_a_failure_is_not_kept(
    store: Neo4jStore, sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver refuses a number, which leaves the transaction as good as it was: without these rows it may not be
    kept, though more is under way."""
    monkeypatch.setattr("graph.stores.neo4j_parts.PART", 1)
    with pytest.raises(BadInput, match=r"cannot be kept: .*; a part of the load was kept"):
        changes.load(store, modules(too_large=160))
    assert store.verify()
    assert store.counts()["Module"] == 3 * BATCH
    for kept in (store, sqlite):
        changes.load(kept, modules())
    assert state(store)[1:] == state(sqlite)[1:]  # type: ignore[index]


def modules(too_large: int | None = None) -> World:
    """Modules, one with more credits than the database has integers."""
    rows = [
        node(f"module:{n}", f"Module {n}", code=f"M{n}", credits=2**63 if n == too_large else 20) for n in range(600)
    ]
    return World((Said(CITY, {"Module": rows}),))


KILLED = """
from graph import changes
from graph.stores import neo4j_parts
from server.cli import main
changes.BATCH, neo4j_parts.TRANSACTION, neo4j_parts.PART = 200, 1_000, 1_000
main(["load", {folder!r}])
"""


def test_a_killed_command_goes_on_where_it_was(
    store: Neo4jStore, sqlite: SQLiteStore, neo4j: Database, tmp_path: Path
) -> None:
    for kept in (store, sqlite):
        with read(EXAMPLE, CIVIC, kept, origin="example") as checked:
            changes.load(kept, checked.statements)
    folder = tmp_path / "city"
    generate(folder, 300, 1)
    environment = {**os.environ, **neo4j.environment, "CIVIC_GRAPH_STORE": neo4j.url}
    command = [sys.executable, "-c", KILLED.format(folder=str(folder))]
    for _ in range(2):
        loading = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        begun = store.head().content_hash
        end = time.monotonic() + 60
        while store.head().content_hash == begun and loading.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        loading.send_signal(signal.SIGKILL)
        loading.wait()
        assert store.head().loading
        assert store.verify()
        assert not is_loaded(store, folder, CIVIC)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with read(folder, CIVIC, sqlite) as checked:
        changes.load(sqlite, checked.statements)
    assert state(store)[1:] == state(sqlite)[1:]  # type: ignore[index]
    assert is_loaded(store, folder, CIVIC)
