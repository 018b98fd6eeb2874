"""Neo4j keeps the contract of a store as SQLite does: the same records, head and answers after the same loads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graph import changes
from graph.civic import CIVIC, KINDS, RELATIONS
from graph.errors import Conflict, Incompatible, LoadError, Unavailable
from graph.model import Model, named
from graph.roles import Role
from graph.statements import Load
from graph.store import Store
from graph.stores import neo4j as module
from graph.stores import open_store
from graph.stores.neo4j import Neo4jStore
from graph.stores.neo4j_access import access
from graph.stores.sqlite import SQLiteStore
from schema.api import API
from tests.database.fixtures import Database
from tests.world import REGISTER, SHEET, WORLD, Row, Said, World, link, node

BASED = "Partner_BASED_IN_Borough"


@pytest.fixture
def ours(neo4j: Database) -> Iterator[Neo4jStore]:
    neo4j.empty()
    store = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    yield store
    store.close()


@pytest.fixture
def both(ours: Neo4jStore, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    sqlite = SQLiteStore(str(tmp_path / "graph.db"), CIVIC)
    yield sqlite, ours
    sqlite.close()


def state(store: Store) -> object:
    """All that a store says of itself, but when it was loaded."""
    head = store.head()
    loads = {source: (load.rows, load.rank, load.date, load.origin) for source, load in store.loads().items()}
    return head.version, head.content_hash, loads, store.counts(), store.hidden(), store.verify()


def records(store: Store) -> object:
    """Every record that the sources of the world speak of."""
    with store.write() as writer:
        return {
            table.table: {
                source: writer.records(table, sorted(writer.keys_of(table, source))) for source in writer.loads()
            }
            for table in CIVIC.tables
        }


class Folder(Said):
    """A source in a place of its own, so that it stays when another is loaded."""

    @property
    def load(self) -> Load:
        return replace(super().load, origin=f"/{self.source}")


def says(source: str, rank: int = 50, **tables: list[Row]) -> World:
    return World((Folder(source, tables, rank),))


def apart(said: Said) -> World:
    return World((Folder(said.source, said.rows, said.rank, said.date),))


def same(both: tuple[Store, Store]) -> bool:
    return state(both[0]) == state(both[1]) and records(both[0]) == records(both[1])


def test_a_load_is_the_same_in_both(both: tuple[Store, Store]) -> None:
    for store in both:
        assert changes.load(store, WORLD).head.version == 1
    assert same(both)


def test_the_same_load_again_changes_nothing(both: tuple[Store, Store]) -> None:
    for store in both:
        before = changes.load(store, WORLD).head
        assert changes.load(store, WORLD).total == 0
        assert store.head() == before


def test_sources_merge_in_any_order(both: tuple[Store, Store]) -> None:
    sqlite, neo4j = both
    for source in (SHEET, REGISTER):
        changes.load(sqlite, apart(source))
    for source in (REGISTER, SHEET):
        changes.load(neo4j, apart(source))
    assert sqlite.head().content_hash == neo4j.head().content_hash
    assert neo4j.verify()


def test_what_a_source_no_longer_says_is_gone(both: tuple[Store, Store]) -> None:
    less = Said(SHEET.source, {**SHEET.rows, "Borough": SHEET.rows["Borough"][1:]}, SHEET.rank, SHEET.date)
    for store in both:
        changes.load(store, WORLD)
        changes.load(store, World((less, *WORLD.said[1:])))
        assert store.hidden()[BASED] > 2, "those based in a borough that went wait"
    assert same(both)


def test_answers_at_hand_are_those_from_elsewhere(both: tuple[Store, Store]) -> None:
    query = "{ partners(first: 100) { totalCount nodes { name borough { name } projects { nodes { name } } } } }"

    async def asked(api: API) -> list[bytes]:
        before = (await api.execute(query)).body
        async with api.store.at_hand():
            near = [(await api.execute(query)).body for _ in range(2)]
            elsewhere = await asyncio.to_thread(lambda: asyncio.run(api.execute(query)).body)
        return [before, *near, elsewhere, (await api.execute(query)).body]

    for store in both:
        changes.load(store, WORLD)
        answers = asyncio.run(asked(API(store, Role.STEWARD)))
        assert len({*answers}) == 1
        assert b"Caf" in answers[0]


def test_what_waits_comes_back_with_its_end(both: tuple[Store, Store]) -> None:
    for store in both:
        changes.load(store, WORLD)
        counts = store.counts()
        changes.load(
            store, says("source:atlas", Borough=[node("borough:atlantis", "Atlantis", gssCode="E9")]), move=True
        )
        assert store.hidden() == {"Partner_TAKES_PART_IN_Project": 1}
        assert store.counts()[BASED] == counts[BASED] + 2
    assert same(both)


def test_a_waiting_relation_can_be_altered_and_withdrawn(both: tuple[Store, Store]) -> None:
    ghost = link("partner:ghost", "borough:atlantis", since="2000")
    for store in both:
        changes.load(store, says("source:a", 1, **{BASED: [ghost]}))
        changes.load(store, says("source:b", 2, **{BASED: [{**ghost, "until": "2001"}]}))
        assert store.hidden() == {BASED: 1}
    assert same(both)
    for store in both:
        changes.withdraw(store, "source:a")
        changes.withdraw(store, "source:b")
        assert store.hidden() == {}
    assert same(both)


@pytest.mark.parametrize("source", [said.source for said in WORLD.said])
def test_a_source_can_be_withdrawn(both: tuple[Store, Store], source: str) -> None:
    for store in both:
        changes.load(store, WORLD)
        changes.withdraw(store, source)
    assert same(both)


def test_everything_can_be_withdrawn(both: tuple[Store, Store], neo4j: Database) -> None:
    for store in both:
        changes.load(store, WORLD)
        for said in WORLD.said:
            changes.withdraw(store, said.source)
        assert store.head().content_hash == 0
        assert not any(store.counts().values())
    assert same(both)
    ours = neo4j.driver.execute_query(
        "MATCH (n) WHERE any(l IN labels(n) WHERE NOT l STARTS WITH '_') RETURN n"
    ).records
    assert not ours


def test_a_dry_run_keeps_nothing(both: tuple[Store, Store]) -> None:
    for store in both:
        before = state(store)
        assert changes.load(store, WORLD, dry_run=True).head.version == 1
        assert state(store) == before
    assert same(both)


def test_a_load_that_fails_keeps_nothing(ours: Neo4jStore) -> None:
    def stop(*_: object) -> None:
        raise LoadError("enough")

    with pytest.raises(LoadError):
        changes.load(ours, WORLD, on_changes=stop)
    assert ours.head().version == 0
    assert not any(ours.counts().values())


def test_altered_values_leave_nothing_behind(both: tuple[Store, Store], neo4j: Database) -> None:
    for store in both:
        for name in ("Café Olé’s \U0001f333", "Plain"):
            changes.load(store, says("source:a", Partner=[node("partner:x", name, aliases=("X",) * (name == "Plain"))]))
    assert same(both)
    kept = neo4j.driver.execute_query("MATCH (p:Partner) RETURN p").records[0][0]
    assert dict(kept) == {
        "id": "partner:x",
        "name": "Plain",
        "aliases": ["X"],
        "sources": ["source:a"],
        "locators": ["row 1"],
        "_search": "plain\nx",
    }


def test_names_in_the_database_are_those_of_the_model(ours: Neo4jStore, neo4j: Database) -> None:
    changes.load(ours, WORLD)
    labels = {row[0] for row in neo4j.driver.execute_query("MATCH (n) UNWIND labels(n) AS l RETURN DISTINCT l").records}
    types = {row[0] for row in neo4j.driver.execute_query("MATCH ()-[r]->() RETURN DISTINCT type(r)").records}
    assert {label for label in labels if not label.startswith("_")} <= {kind.name for kind in KINDS}
    assert types <= {relation.name for relation in RELATIONS}


def test_spellings_and_missing_ids(both: tuple[Store, Store]) -> None:
    for store in both:
        changes.load(store, WORLD)
    sqlite, neo4j = both
    assert neo4j.spellings("Borough") == sqlite.spellings("Borough")
    ids = ["partner:acorn", "borough:atlantis", "nonsense", "challenge:crime"]
    assert neo4j.missing(ids) == sqlite.missing(ids) == {"borough:atlantis", "nonsense"}
    gone = ["source:sheet", "source:old-sheet"]
    assert neo4j.missing(ids, gone) == sqlite.missing(ids, gone) == {*ids} - {"partner:acorn"}
    partner = CIVIC.kind("Partner")
    asked = partner, named(partner.values, "orgIds"), ["GB-CHC-2", "GB-COH-2", "GB-CHC-9", "x"]
    assert neo4j.holders(*asked) == sqlite.holders(*asked)
    codes = (CIVIC.kind("Borough"), named(CIVIC.kind("Borough").values, "gssCode"), ["E1", "E9"])
    assert neo4j.holders(*codes) == sqlite.holders(*codes) == {"E1": {"borough:hackney"}}


def test_damage_is_noticed(ours: Neo4jStore, neo4j: Database) -> None:
    changes.load(ours, WORLD)
    neo4j.driver.execute_query("MATCH (b:Borough {name: 'Hackney'}) SET b.population = 1")
    assert not ours.verify()


def test_a_second_writer_waits_then_is_refused(
    ours: Neo4jStore, neo4j: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_WAIT", 1.0)
    other = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    with ours.write(), pytest.raises(Conflict, match="written by process"), other.write():
        pass
    with other.write() as writer:
        assert writer.head().version == 0
    other.close()


def test_of_two_that_begin_at_once_one_is_refused_in_time(
    ours: Neo4jStore, neo4j: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_WAIT", 1.0)
    other = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    together, refused = threading.Barrier(2), threading.Event()
    wrote: list[bool] = []

    def write(store: Neo4jStore) -> None:
        together.wait(30)
        try:
            with store.write():
                wrote.append(refused.wait(30))
        except Conflict:
            refused.set()

    threads = [threading.Thread(target=write, args=(store,)) for store in (ours, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrote == [True]
    other.close()


def test_two_loads_at_once_are_both_kept(ours: Neo4jStore, neo4j: Database) -> None:
    other = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    parts = [says(f"source:{n}", Partner=[node(f"partner:{n}-{i}", f"P{i}") for i in range(200)]) for n in range(2)]
    threads = [
        threading.Thread(target=changes.load, args=(store, part))
        for store, part in zip((ours, other), parts, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ours.head().version == 2
    assert ours.counts()["Partner"] == 400
    assert ours.verify()
    other.close()


def test_another_model_is_refused(ours: Neo4jStore, neo4j: Database) -> None:
    with pytest.raises(Incompatible, match="another version of the model"):
        Neo4jStore(neo4j.url, Model(KINDS[:2], ()), neo4j.environment)


def test_a_graph_that_is_not_ours_is_left_alone(neo4j: Database) -> None:
    neo4j.empty()
    neo4j.driver.execute_query("CREATE (:Partner {name: 'Someone else’s'})")
    with pytest.raises(Incompatible, match="Partner nodes that are not ours"):
        Neo4jStore(neo4j.url, CIVIC, neo4j.environment)


def test_a_wrong_password_says_what_to_set(neo4j: Database) -> None:
    with pytest.raises(Unavailable, match="CIVIC_GRAPH_NEO4J_PASSWORD") as caught:
        Neo4jStore(neo4j.url, CIVIC, {"CIVIC_GRAPH_NEO4J_PASSWORD": "sesame"})
    assert "sesame" not in str(caught.value)
    assert "127.0.0.1" not in caught.value.told


def test_who_gives_no_password_or_an_empty_file_is_told_so(neo4j: Database, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="none is given: set CIVIC_GRAPH_NEO4J_PASSWORD or"):
        Neo4jStore(neo4j.url, CIVIC, {})
    empty = tmp_path / "password"
    empty.write_text("\n")
    with pytest.raises(LoadError, match="is empty"):
        access(neo4j.url, {"CIVIC_GRAPH_NEO4J_PASSWORD_FILE": str(empty)})


def test_who_was_refused_too_often_is_told_to_wait(neo4j: Database) -> None:
    neo4j.driver.execute_query("CREATE OR REPLACE USER somebody SET PASSWORD 'a long one'", database_="system")
    wrong = {"CIVIC_GRAPH_NEO4J_USER": "somebody", "CIVIC_GRAPH_NEO4J_PASSWORD": "sesame"}
    messages = []
    for _ in range(4):
        with pytest.raises(Unavailable) as caught:
            Neo4jStore(neo4j.url, CIVIC, wrong)
        messages.append(caught.value.message)
    neo4j.driver.execute_query("DROP USER somebody", database_="system")
    assert "refused the user or password" in messages[0]
    assert "takes none for some seconds" in messages[-1]


def test_a_database_that_is_not_there_is_named_by_its_setting(neo4j: Database) -> None:
    with pytest.raises(Unavailable, match="has no database of that name: set CIVIC_GRAPH_NEO4J_DATABASE"):
        Neo4jStore(neo4j.url, CIVIC, {**neo4j.environment, "CIVIC_GRAPH_NEO4J_DATABASE": "elsewhere"})


def test_two_passwords_are_not_chosen_between() -> None:
    both = {"CIVIC_GRAPH_NEO4J_PASSWORD": "sesame", "CIVIC_GRAPH_NEO4J_PASSWORD_FILE": "/run/secrets/neo4j"}
    with pytest.raises(LoadError, match="both set; expected one of them") as caught:
        access("bolt://localhost", both)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("url", ["bolt://neo4j:sesame@localhost:7687", "http://neo4j:sesame@localhost"])
def test_a_password_does_not_belong_into_a_url(url: str) -> None:
    with pytest.raises(LoadError) as caught:
        open_store(url, CIVIC)
    assert "sesame" not in str(caught.value)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        open_store("bolt://127.0.0.1:9", CIVIC)
    assert caught.value.message == "the database at bolt://127.0.0.1:9 does not answer: Connection refused"
    assert caught.value.told == "the database does not answer"
