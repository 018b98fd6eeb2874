"""A store says in what state the graph is: in another after every commit, which is none that was before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from graph import changes
from graph import plan as p
from graph.civic import CIVIC
from graph.roles import Role
from graph.store import Store
from graph.stores.shared import Fresh
from graph.stores.sqlite import SQLiteStore
from graph.stores.sqlite_readers import Readers
from tests.conftest import Open
from tests.world import SHEET, WORLD, Said, World, node

NOTHING = p.Plan(p.Obj(()), ())


def state(store: Store) -> int:
    return asyncio.run(store.state())


def borough(rank: int = 1) -> World:
    return World((Said("source:sheet", {"Borough": [node("borough:a", "A", gssCode="A")]}, rank=rank),))


COMMITS: dict[str, Callable[[Store], object]] = {
    "a load": lambda store: changes.load(store, borough()),
    "the same load": lambda store: changes.load(store, borough()),
    "a load of which only the record differs": lambda store: changes.load(store, borough(rank=2)),
    "another load": lambda store: changes.load(store, WORLD, move=True),
    "an erasure": lambda store: changes.erase(store, "borough:hackney"),
    "an erasure of nobody": lambda store: changes.erase(store, "borough:nobody"),
    "a withdrawal": lambda store: changes.withdraw(store, SHEET.source),
    "the first load": lambda store: changes.load(store, borough(), move=True),
}


def test_every_commit_leads_to_a_state_that_was_not_before(new_store: Open) -> None:
    store = new_store(CIVIC)
    seen = [state(store)]
    for what, commits in COMMITS.items():
        commits(store)
        assert state(store) not in seen, what
        seen.append(state(store))
        assert state(store) == seen[-1]


def test_an_answer_says_of_which_state_it_is(new_store: Open) -> None:
    store = new_store(CIVIC)
    compiled = store.compile(NOTHING)
    for commits in COMMITS.values():
        commits(store)
        assert asyncio.run(store.run(compiled, {}, Role.PUBLIC)).state == state(store)


def test_what_is_not_committed_is_no_state(new_store: Open) -> None:
    store = new_store(CIVIC)
    changes.load(store, borough())
    before = state(store)
    changes.load(store, WORLD, dry_run=True, move=True)
    store.verify()
    with store.snapshot():
        assert state(store) == before
    assert state(store) == before


def test_a_graph_that_is_made_anew_is_in_another_state(new_store: Open) -> None:
    states = set()
    for _ in range(2):
        store = new_store(CIVIC)
        changes.load(store, borough())
        states.add(state(store))
    assert len(states) == 2


# SQLite


def test_a_look_that_must_wait_keeps_nobody_waiting(tmp_path: Path) -> None:
    store = SQLiteStore(str(tmp_path / "graph.db"), CIVIC)
    changes.load(store, borough())
    before = state(store)
    store._readers.close()
    store._readers = Readers(store.path, store._fits)
    other = apsw.Connection(str(store.path))
    other.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    other.execute("UPDATE _graph SET version = version")

    async def test() -> None:
        look = asyncio.create_task(store.state())
        done, _ = await asyncio.wait([look], timeout=0.2)
        assert not done, "it is kept out, and everything else goes on"
        other.close()
        assert await look == before

    asyncio.run(test())
    store.close()


# Neo4j


class Work:
    """Work that says how often it began, and ends when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        return number


@pytest.mark.parametrize("together", [60, 0])
def test_who_asks_at_the_same_time_shares_what_begins_after_it(
    together: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.stores.shared.TOGETHER", together)

    async def test() -> list[int]:
        work = Work()
        fresh = Fresh(work)
        asked = [asyncio.create_task(fresh.result()) for _ in range(3)]
        while not work.begun:
            await asyncio.sleep(0)
        asked += [asyncio.create_task(fresh.result()) for _ in range(3)]
        while together == 0 and work.begun < 2:  # what takes long is not waited for
            await asyncio.sleep(0)
        work.may_end.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(test()) == [1, 1, 1, 2, 2, 2]


def test_who_leaves_leaves_the_others_what_they_share() -> None:
    async def test() -> int:
        work = Work()
        fresh = Fresh(work)
        first, second = (asyncio.create_task(fresh.result()) for _ in range(2))
        while not work.begun:
            await asyncio.sleep(0)
        first.cancel()
        work.may_end.set()
        return await second

    assert asyncio.run(test()) == 1
