"""Statements of several sources become one graph: what each said last, by precedence, in whatever order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import changes
from graph.civic import CIVIC
from graph.errors import Conflict, LoadError
from graph.model import Table
from graph.roles import Role
from graph.statements import Key, Record, precedence
from graph.store import Store
from graph.stores import open_store
from graph.stores.sqlite import SQLiteStore
from graph.stores.sqlite_writer import SQLiteWriter
from schema.api import API
from tests.world import Said, World, link, node

PARTNER, BOROUGH = CIVIC.kind("Partner"), CIVIC.kind("Borough")
BASED_IN = next(r for r in CIVIC.relations if r.table == "Partner_BASED_IN_Borough")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:{tmp_path / 'graph.db'}", CIVIC)
    yield opened
    opened.close()


def sheet(**values: Any) -> Said:
    return Said("source:sheet", {"Partner": [node("partner:a", "Acorn", **values)]}, rank=1)


def register(**values: Any) -> Said:
    return Said("source:register", {"Partner": [node("partner:a", "ACORN LIMITED", **values)]}, rank=50)


def say(store: Store, *said: Said) -> changes.Difference:
    """Load sources, each from a place of its own."""
    return changes.load(store, Placed(said))


class Placed(World):
    @property
    def loads(self) -> Any:
        return tuple(replace(said.load, origin=said.source) for said in self.said)


def ask(store: Store, query: str) -> Any:
    body = json.loads(asyncio.run(API(store, Role.STEWARD).execute(query)).body)
    assert "errors" not in body, body
    return body["data"]


def partner(store: Store, fields: str) -> Any:
    return ask(store, f'{{ partner(id: "partner:a") {{ {fields} }} }}')["partner"]


def test_the_lower_rank_counts_and_lists_are_united(store: Store) -> None:
    say(store, register(status="ended", aliases=("A", "B"), orgIds=("GB-COH-1",)))
    say(store, sheet(aliases=("C", "A")))
    assert partner(store, "name status aliases orgIds sources") == {
        "name": "Acorn",
        "status": "ENDED",
        "aliases": ["C", "A", "B"],
        "orgIds": ["GB-COH-1"],
        "sources": ["source:sheet", "source:register"],
    }


def test_what_counts_less_is_counted_as_overruled(store: Store) -> None:
    assert say(store, sheet(status="active")).overruled == 0
    assert say(store, register(status="ended")).overruled == 1
    assert say(store, register()).overruled == 1, "its name is not shown"
    assert say(store, sheet(status="ended")).overruled == 0


def test_within_a_rank_the_newest_counts_then_the_id() -> None:
    loads = [
        Said("source:b", {}, rank=5, date="2020").load,
        Said("source:a", {}, rank=5, date="2020").load,
        Said("source:new", {}, rank=5, date="2020-06").load,
        Said("source:undated", {}, rank=5).load,
        Said("source:first", {}, rank=1).load,
    ]
    assert list(precedence(loads)) == ["source:first", "source:new", "source:a", "source:b", "source:undated"]


def test_a_source_loaded_again_says_only_what_it_says_now(store: Store) -> None:
    say(store, register(status="ended"))
    say(store, sheet(status="active", sizeBand="small"))
    say(store, sheet())
    assert partner(store, "name status sizeBand") == {"name": "Acorn", "status": "ENDED", "sizeBand": None}


def test_a_changed_rank_changes_what_is_shown(store: Store) -> None:
    say(store, register(status="ended"))
    say(store, sheet(status="active"))
    say(store, replace(register(status="ended"), rank=0))
    assert partner(store, "name status") == {"name": "ACORN LIMITED", "status": "ENDED"}


def test_a_withdrawn_source_leaves_what_others_say(store: Store) -> None:
    say(store, register(status="ended"))
    before = store.head()
    say(store, sheet(status="active"))
    difference = changes.withdraw(store, "source:sheet")
    assert difference.tables["Partner"] == changes.Counts(altered=1)
    assert store.head().content_hash == before.content_hash
    assert store.head().version == before.version + 2
    assert partner(store, "name sources") == {"name": "ACORN LIMITED", "sources": ["source:register"]}


def test_what_nobody_loaded_cannot_be_withdrawn(store: Store) -> None:
    say(store, sheet())
    with pytest.raises(LoadError, match="nothing was loaded from 'source:x'; sources: source:sheet"):
        changes.withdraw(store, "source:x")


def test_a_dry_run_says_what_would_change_and_changes_nothing(store: Store) -> None:
    say(store, sheet(status="active"))
    before = store.head()
    seen: list[tuple[Record, Record]] = []
    difference = changes.load(
        store,
        Placed((sheet(status="ended"),)),
        dry_run=True,
        on_changes=lambda table, batch: seen.extend((c.before, c.after) for c in batch),
    )
    assert difference.tables == {"Partner": changes.Counts(altered=1)}
    status = [p.name for p in PARTNER.values].index("status")
    assert [(old[0].values[status], new[0].values[status]) for old, new in seen] == [("active", "ended")]
    assert store.head() == before
    assert store.verify()


def test_a_source_does_not_move_by_itself(store: Store) -> None:
    say(store, sheet())
    moved = World((sheet(status="ended"),))
    with pytest.raises(LoadError, match="source:sheet was loaded from source:sheet, not from /tests"):
        changes.load(store, moved)
    assert changes.load(store, moved, move=True).total == 1


def test_a_source_no_longer_in_its_place_is_withdrawn(store: Store) -> None:
    changes.load(store, World((sheet(), register())))
    difference = changes.load(store, World((register(),)))
    assert difference.tables["Partner"] == changes.Counts(altered=1)
    assert list(store.loads()) == ["source:register"]


def test_a_relation_waits_for_its_ends_and_goes_with_them(store: Store) -> None:
    office = {"Partner_BASED_IN_Borough": [link("partner:a", "borough:x", since="2020")]}
    places = Said("source:places", {"Borough": [node("borough:x", "Exton", gssCode="X")]})
    say(store, Said("source:offices", office))
    assert store.hidden() == {BASED_IN.table: 1}
    say(store, sheet())
    assert partner(store, "borough { name }") == {"borough": None}
    say(store, places)
    assert store.hidden() == {}
    assert partner(store, "boroughEdge { since node { name } }") == {
        "boroughEdge": {"since": "2020", "node": {"name": "Exton"}}
    }
    changes.withdraw(store, "source:places")
    assert store.hidden() == {BASED_IN.table: 1}
    assert ask(store, "{ partners { nodes { borough { name } } } }") == {"partners": {"nodes": [{"borough": None}]}}
    assert store.verify()


def test_only_one_writes_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.stores.sqlite_file.WAIT_MS", 50)
    with store.write(), pytest.raises(Conflict, match="is being written by process"), store.write():
        pass
    assert say(store, sheet()).total == 1


SOURCES = ("source:a", "source:b", "source:c")
PARTNERS = st.builds(
    lambda key, name, **values: node(f"partner:{key}", name, **values),
    key=st.sampled_from("pq"),
    name=st.sampled_from(["One", "Two"]),
    status=st.sampled_from([None, "active", "ended"]),
    aliases=st.lists(st.sampled_from("xyz"), unique=True, max_size=2).map(tuple),
)
BOROUGHS = st.builds(
    lambda key, part: node(f"borough:{key}", "There", gssCode="G", part=part), st.sampled_from("hk"), st.just("inner")
)
LINKS = st.builds(
    lambda partner, borough, since: link(f"partner:{partner}", f"borough:{borough}", since=since),
    st.sampled_from("pq"),
    st.sampled_from("hk"),
    st.sampled_from([None, "2020", "2021"]),
)


def rows(of: st.SearchStrategy[Any], *key: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, max_size=3, unique_by=lambda row: tuple(row[part] for part in key))


SAID = st.builds(
    lambda source, partners, boroughs, links, rank: Said(
        source, {"Partner": partners, "Borough": boroughs, BASED_IN.table: links}, rank=rank
    ),
    st.sampled_from(SOURCES),
    rows(PARTNERS, "id"),
    rows(BOROUGHS, "id"),
    rows(LINKS, "from", "to"),
    st.sampled_from([1, 50]),
)
STEPS = st.lists(st.one_of(SAID, st.sampled_from(SOURCES)), max_size=8)


def shown(store: Store) -> Any:
    return ask(
        store,
        "{ partners { nodes { id name status aliases sources borough { id } boroughEdge { since sources } } }"
        "  boroughs { nodes { id part sources basedPartners { totalCount nodes { id } } } } }",
    )


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, order=st.permutations(SOURCES), few=st.sampled_from([0, 1, changes.FEW]))
def test_the_graph_is_what_its_sources_say_now_in_whatever_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Said | str], order: list[str], few: int
) -> None:
    folder = tmp_path_factory.mktemp("merge")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(changes, "FEW", few)
        said_in_any_order(folder, steps, order)


def said_in_any_order(folder: Path, steps: list[Said | str], order: list[str]) -> None:
    lived, fresh = (open_store(f"sqlite:{folder / name}.db", CIVIC) for name in ("lived", "fresh"))
    now: dict[str, Said] = {}
    for step in steps:
        if isinstance(step, Said):
            say(lived, step)
            now[step.source] = step
        elif step in now:
            changes.withdraw(lived, step)
            del now[step]
    for source in order:
        if source in now:
            say(fresh, now[source])
    assert lived.head().content_hash == fresh.head().content_hash
    assert shown(lived) == shown(fresh)
    assert lived.counts() == fresh.counts()
    assert lived.hidden() == fresh.hidden()
    assert lived.verify()
    lived.close()
    fresh.close()


def test_what_is_new_in_a_table_of_few_rows_is_not_looked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(store, SQLiteStore)
    say(store, Said("source:a", {"Partner": [node(f"partner:{n}", "a") for n in range(3)]}))
    asked: list[Key] = []
    records = SQLiteWriter.records

    def noted(self: SQLiteWriter, table: Table, keys: Sequence[Key]) -> dict[Key, Record]:
        asked.extend(keys)
        return records(self, table, keys)

    monkeypatch.setattr(SQLiteWriter, "records", noted)
    say(store, Said("source:b", {"Partner": [node(f"partner:{n}", "b") for n in range(2, 20)]}, rank=1))
    assert asked == [("partner:2",)]
    assert store.counts()["Partner"] == 20
    assert ask(store, '{ partner(id: "partner:2") { name sources } }')["partner"] == {
        "name": "b",
        "sources": ["source:b", "source:a"],
    }
