"""A snapshot is the whole graph of one version, whatever is loaded while it is read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import Conflict
from graph.model import Model
from graph.statements import Key, Record
from graph.store import Snapshot, Store, is_true
from graph.stores.neo4j import TAKES, Neo4jStore
from tests.database.fixtures import Database
from tests.world import WORLD, Said, World, node

New = Callable[[Model], Store]


def office(letter: str, number: int = 300) -> World:
    rows = [node(f"partner:{i}", f"{letter}{i}") for i in range(number)]
    return World((Said("source:office", {"Partner": rows}),))


def content(snapshot: Snapshot) -> dict[str, dict[Key, Record]]:
    return {table.table: dict(snapshot.of(table)) for table in CIVIC.tables}


def said(world: World) -> dict[str, dict[Key, set[Any]]]:
    """What sources say of each key."""
    found: dict[str, dict[Key, set[Any]]] = {table.table: {} for table in CIVIC.tables}
    for table in CIVIC.tables:
        for key, claim in world.of(table):
            found[table.table].setdefault(key, set()).add(claim)
    return found


def test_it_has_all_that_is_said_also_of_what_waits(new_store: New) -> None:
    store = new_store(CIVIC)
    changes.load(store, WORLD)
    with store.snapshot() as snapshot:
        found = {table: {key: set(record) for key, record in rows.items()} for table, rows in content(snapshot).items()}
        assert found == said(WORLD)
        assert (snapshot.head, snapshot.loads) == (store.head(), store.loads())
        assert is_true(snapshot, CIVIC)
    assert store.hidden()


def test_it_stays_as_it_was_while_others_load(new_store: New) -> None:
    store = new_store(CIVIC)
    changes.load(store, WORLD)
    with store.snapshot() as snapshot:
        before = content(snapshot)
        changes.load(store, World((*WORLD.said, *office("A").said)))
        assert content(snapshot) == before
        assert snapshot.head.version == 1
    with store.snapshot() as snapshot:
        assert len(content(snapshot)["Partner"]) == len(before["Partner"]) + 300


def test_it_is_of_one_version_beside_loads(new_store: New) -> None:
    store = new_store(CIVIC)
    changes.load(store, office("A"))
    seen = set[str]()
    with ThreadPoolExecutor(1) as aside:
        loads = aside.submit(lambda: [changes.load(store, office("BA"[turn % 2])) for turn in range(6)])
        while not (loads.done() and seen):
            with store.snapshot() as snapshot:
                (letter,) = {record[0].values[0][0] for record in content(snapshot)["Partner"].values()}
                assert is_true(snapshot, CIVIC)
            seen.add(letter)
        loads.result()
    assert seen <= {"A", "B"}


def test_neo4j_keeps_writers_away_once_loads_came_between(neo4j: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.stores.neo4j.WRITE_WAIT", 0.5)
    store, other = neo4j.new_store(CIVIC), Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    changes.load(store, office("Z", 1))
    taken: list[bool] = []

    def take(snapshot: Snapshot) -> int:
        try:
            changes.load(other, office("ABCD"[len(taken)], 1))
            taken.append(True)
        except Conflict:
            taken.append(False)
        return len(list(snapshot.of(CIVIC.kind("Partner"))))

    assert store._whole(take) == 1
    assert taken == [True] * TAKES + [False]
    other.close()
    store.close()
