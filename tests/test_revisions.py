"""A store of an older model is brought up to date as it is opened, or refused with what to do; so is a newer one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC, REVISION
from graph.errors import Incompatible
from graph.model import DataClass, End, Kind, Model, Relation, Table, Type, public
from graph.revisions import Description, kept, lost
from graph.store import Store
from graph.stores import open_store
from graph.stores.neo4j import Neo4jStore
from server.dumps import backed_up, restored
from tests.client import Client
from tests.database.fixtures import Database
from tests.world import Said, World, link, node

RELEASED = Path(__file__).parent / "golden" / f"model-{REVISION}.json"
TAKES_PART = "Partner_TAKES_PART_IN_Project"
BASED = "Partner_BASED_IN_Borough"


def without(table: Any, *names: str) -> Any:
    return replace(table, properties=tuple(prop for prop in table.properties if prop.name not in names))


def earlier() -> Model:
    """A model of which this one has grown: without a kind, some properties, a value, and less that is searched."""
    kinds, relations = [], []
    for kind in CIVIC.kinds:
        if kind.name == "Partner":
            kind = without(kind, "sizeBand", "orgIds")
            properties = (replace(p, searchable=False, values=p.values[:-1] or p.values) for p in kind.properties)
            kind = replace(kind, properties=tuple(properties))
        if kind.name != "Outcome":
            kinds.append(kind)
    for relation in CIVIC.relations:
        if "Outcome" not in (relation.source, relation.target):
            relations.append(without(relation, "hours") if relation.table == TAKES_PART else relation)
    return Model(tuple(kinds), tuple(relations), revision=REVISION - 1)


BEFORE = earlier()
SHEET = Said(
    "source:sheet",
    {
        "Partner": [
            node("partner:oak", "Oak", aliases=("Eiche",), type="charity", description="Plants trees", postcode="E8"),
            node("partner:elm", "Élm", website="https://elm.example/"),
        ],
        "Borough": [node("borough:north", "North", gssCode="E1")],
        "Project": [node("project:garden", "Garden")],
        BASED: [link("partner:oak", "borough:north", since="2020"), link("partner:elm", "borough:gone")],
        TAKES_PART: [
            link("partner:oak", "project:garden", role="lead", since="2021"),
            link("partner:oak", "project:gone", role="lead", since="2022"),
        ],
    },
    rank=1,
)
REGISTER = Said(
    "source:register",
    {
        "Partner": [node("partner:oak", "OAK", aliases=("Oak Ltd",), type="school", website="https://oak.example/")],
        TAKES_PART: [dict(row, until="2030") for row in SHEET.rows[TAKES_PART]],
    },
)
MORE = Said(
    "source:sheet",
    {
        **SHEET.rows,
        "Partner": [node("partner:oak", "Oak", sizeBand="small", orgIds=("GB-CHC-7",))],
        "Outcome": [node("outcome:shade", "Shade")],
        TAKES_PART: [link("partner:oak", "project:garden", role="lead", hours=2.5)],
    },
    rank=1,
)
QUESTION = """{
    partners { totalCount nodes { name type sizeBand orgIds website description boroughs: borough { name } } }
    outcomes { totalCount }
    search(text: "plants") { totalCount }
    projects { nodes { partners { edges { role hours since until node { name } } } } }
    graph { contentHash counts { name count } }
}"""

Open = Callable[[Model], Store]


@pytest.fixture(params=["sqlite", "neo4j"])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens one and the same store by a model."""
    opened: list[Store] = []
    database: Database | None = request.getfixturevalue("neo4j") if request.param == "neo4j" else None
    if database:
        database.empty()

    def reopen(model: Model) -> Store:
        if database:
            opened.append(Neo4jStore(database.url, model, database.environment))
        else:
            opened.append(open_store(f"sqlite:{tmp_path / 'graph.db'}", model))
        return opened[-1]

    yield reopen
    for store in opened:
        store.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    """An embedded store of the model as it is, loaded with the same."""
    store = open_store(f"sqlite:{tmp_path / 'fresh.db'}", CIVIC)
    changes.load(store, World((SHEET, REGISTER)))
    yield store
    store.close()


def whole(store: Store) -> object:
    """All that a store holds, but when it was loaded."""
    with store.snapshot() as snapshot:
        records = {table.table: dict(snapshot.of(table)) for table in store.model.tables}
        return snapshot.head.version, snapshot.head.content_hash, records


def test_the_released_model_is_described() -> None:
    """A model that holds something else than the one released has another revision.

    After a release: raise REVISION in graph/civic.py, and write the description with GOLDEN=write. It is never
    written over.
    """
    described = json.loads(str(Description.of(CIVIC)))
    if os.environ.get("GOLDEN") == "write" and not RELEASED.exists():
        RELEASED.write_text(json.dumps(described, indent=1) + "\n")
    assert RELEASED.exists(), f"GOLDEN=write writes {RELEASED.name}"
    assert json.loads(RELEASED.read_text()) == described, "the model changed: raise REVISION in graph/civic.py"


@pytest.mark.parametrize("revision", range(1, REVISION + 1))
def test_every_released_model_can_be_held(revision: int) -> None:
    text = RELEASED.with_name(f"model-{revision}.json").read_text()
    assert kept(text, CIVIC, "the store").revision == revision


def test_an_older_store_is_brought_up_to_date(reopened: Open, fresh: Store) -> None:
    before = reopened(BEFORE)
    changes.load(before, World((SHEET, REGISTER)))
    hidden = before.hidden()
    before.close()
    store = reopened(CIVIC)
    assert whole(store) == whole(fresh)
    assert store.hidden() == hidden == fresh.hidden()
    assert store.verify()
    for _ in range(2):
        assert Client(store).data(QUESTION) == Client(fresh).data(QUESTION)
        for each in (store, fresh):
            changes.load(each, World((MORE, REGISTER)))
    assert Client(store).data(QUESTION)["search"] == {"totalCount": 0}
    assert whole(store) == whole(fresh)
    store.close()
    again = reopened(CIVIC)
    assert whole(again) == whole(fresh)


def test_a_content_hash_does_not_depend_on_what_else_there_could_be(reopened: Open, fresh: Store) -> None:
    assert changes.load(reopened(BEFORE), World((SHEET, REGISTER))).head.content_hash == fresh.head().content_hash


def test_a_store_of_a_newer_model_is_refused(reopened: Open) -> None:
    reopened(CIVIC).close()
    with pytest.raises(Incompatible, match=r"made by a newer version of Civic Graph \(model 1, this is 0\): update"):
        reopened(BEFORE)


def test_a_store_that_holds_what_this_model_cannot_is_refused_with_what_to_do(reopened: Open) -> None:
    store = reopened(Model(CIVIC.kinds, CIVIC.relations, revision=REVISION))
    changes.load(store, World((SHEET,)))
    state = whole(store)
    store.close()
    smaller = Model(tuple(without(k, "website") if k.name == "Partner" else k for k in CIVIC.kinds), CIVIC.relations)
    with pytest.raises(Incompatible) as caught:
        reopened(smaller)
    assert "in which Partner.website was url" in caught.value.message
    assert "`civic-graph export graph.jsonl` with the version that made it" in caught.value.message
    assert whole(reopened(CIVIC)) == state


def test_a_process_that_had_it_open_before_neither_reads_all_nor_writes(reopened: Open) -> None:
    old = reopened(BEFORE)
    changes.load(old, World((SHEET,)))
    new = reopened(CIVIC)
    for use in (lambda: changes.load(old, World((REGISTER,))), old.verify):
        with pytest.raises(Incompatible, match="was brought up to date by a newer version"):
            use()
    assert new.verify()


def test_a_backup_of_an_older_model_is_restored_and_left_alone(reopened: Open, fresh: Store, tmp_path: Path) -> None:
    before = open_store(f"sqlite:{tmp_path / 'before.db'}", BEFORE)
    changes.load(before, World((SHEET, REGISTER)))
    backed_up(before, tmp_path / "backup", False, None)
    before.close()
    content = (tmp_path / "backup").read_bytes()
    store = reopened(CIVIC)
    restored(store, tmp_path / "backup", None)
    assert whole(store) == whole(fresh)
    assert (tmp_path / "backup").read_bytes() == content


OPENER = """
import sys
from graph.civic import CIVIC
from graph.stores import open_store
store = open_store(sys.argv[1], CIVIC)
print(store.verify())
"""


def test_two_processes_at_once_bring_it_up_to_date_once(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'graph.db'}"
    store = open_store(url, BEFORE)
    many = [node(f"partner:{number}", f"Partner {number}") for number in range(3_000)]
    head = changes.load(store, World((Said("source:sheet", {"Partner": many}),))).head
    store.close()
    both = [subprocess.Popen([sys.executable, "-c", OPENER, url], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [opener.communicate()[0] for opener in both] == ["True\n", "True\n"]
    again = open_store(url, CIVIC)
    assert again.head() == head
    again.close()


# What a later model cannot hold

TEXT = public("text", Type.TEXT, "Text.")
PLACE = Kind(
    "Place",
    "places",
    "A place.",
    (TEXT, public("sort", Type.ENUM, "Sort.", values=("a", "b"))),
    data_class=DataClass.PUBLIC,
)
ROAD = next(r for r in CIVIC.relations if r.table == "Borough_ADJACENT_TO_Borough")
ROAD = replace(ROAD, source="Place", target="Place")
SMALL = Model((PLACE,), (ROAD,))


def changed(table: Table, name: str, /, **change: Any) -> Model:
    """The small model with a property of a table changed."""
    properties = tuple(replace(p, **change) if p.name == name else p for p in table.properties)
    new = replace(table, properties=properties)
    return Model((new,), (ROAD,)) if isinstance(new, Kind) else Model((PLACE,), (new,))


def relation(**change: Any) -> Model:
    new: Relation = replace(ROAD, **change)
    return Model((PLACE,), (new,))


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (Model((PLACE,), ()), "there was Place_ADJACENT_TO_Place"),
        (relation(keys=("boundary",)), "Place_ADJACENT_TO_Place was told apart otherwise"),
        (relation(symmetric=False, backward=End("near")), "Place_ADJACENT_TO_Place was told apart otherwise"),
        (relation(properties=()), "Place_ADJACENT_TO_Place.boundary was enum"),
        (changed(PLACE, "text", type=Type.INTEGER), "Place.text was text"),
        (changed(PLACE, "text", required=True), "Place.text could be missing"),
        (changed(PLACE, "sort", values=("a", "c")), "Place.sort could be b"),
        (changed(PLACE, "text", name="words"), "Place.text was text"),
    ],
)
def test_a_model_that_cannot_hold_all_is_told(later: Model, said: str) -> None:
    assert said in list(lost(Description.of(SMALL), later))


@pytest.mark.parametrize(
    "later",
    [
        SMALL,
        changed(PLACE, "text", searchable=True, unique=True, description="Words."),
        changed(PLACE, "sort", values=("b", "c", "a")),
        Model((PLACE, replace(PLACE, name="Site", plural="sites")), (ROAD,)),
        Model((replace(PLACE, properties=(public("new", Type.TEXTS, "New."), *PLACE.properties)),), (ROAD,)),
    ],
)
def test_a_model_that_only_grew_can_hold_all(later: Model) -> None:
    assert list(lost(Description.of(SMALL), later)) == []


def test_a_store_that_does_not_describe_its_model_is_refused() -> None:
    for text in (None, "", "3f2a", '{"revision": 1}'):
        with pytest.raises(Incompatible, match="before stores described their model; load its sources"):
            kept(text, CIVIC, "the store")
