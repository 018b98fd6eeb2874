"""What only the embedded store does: one file, read beside a writer, given up in time, refused when strange."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from stat import S_IMODE
from threading import Event, Thread
from typing import Any

import apsw
import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import Incompatible, LoadError, Unavailable
from graph.model import Model
from graph.store import Store
from graph.stores import exists, open_store, sqlite_readers
from graph.stores.sqlite import SQLiteStore
from graph.stores.sqlite_readers import READERS, Limit
from server.app import create_app
from tests.client import Client
from tests.traced import traced
from tests.visitor import visiting
from tests.world import WORLD, Said, World, node


@pytest.fixture
def store(example_url: str, tmp_path: Path) -> Iterator[Store]:
    """The example, in a file of its own."""
    place = tmp_path / "graph.db"
    shutil.copy(example_url.removeprefix("sqlite:"), place)
    opened = open_store(f"sqlite:{place}", CIVIC)
    yield opened
    opened.close()


def test_a_graph_is_for_its_owner_alone_and_stays_for_whom_it_was_opened_to(tmp_path: Path) -> None:
    place = tmp_path / "graph.db"
    made = open_store(f"sqlite:{place}", CIVIC)
    changes.load(made, WORLD)
    made.head()  # which makes the files beside it
    modes = {file.name: S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("graph.db", "graph.db-shm", "graph.db-wal"), 0o600)
    made.close()
    place.chmod(0o640)
    open_store(f"sqlite:{place}", CIVIC).close()
    assert S_IMODE(place.stat().st_mode) == 0o640


def around(hops: int) -> str:
    """A question whose work multiplies with every hop."""
    return f"{{boroughs(where: {'{neighbours: {some: ' * hops}{{population: {{lt: 1}}}}{'}}' * hops}) {{totalCount}}}}"


def test_an_answer_that_takes_too_long_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(store)
    assert client.data(around(2)) == {"boroughs": {"totalCount": 0}}
    monkeypatch.setattr("graph.stores.sqlite_readers.PATIENT", Limit(0.05, 1_000))
    assert client.code(around(8)) == "TIMEOUT"
    assert client.data("{ boroughs { totalCount } }") == {"boroughs": {"totalCount": 33}}


NAMES = "{ boroughs(first: 3) { nodes { name neighbours { totalCount } } } }"


def asked_often(client: Client) -> Any:
    """The answer, once every connection that may give it has prepared its statement."""
    return [client.data(NAMES) for _ in range(3 * READERS)][-1]


def test_what_takes_a_moment_needs_no_other_thread(store: Store) -> None:
    assert isinstance(store, SQLiteStore)
    client, may_end = Client(store), Event()
    expected = asked_often(client)
    for _ in range(READERS):
        store._readers._pool.submit(may_end.wait)
    try:
        assert client.data(NAMES) == expected
    finally:
        may_end.set()


def test_what_was_taken_for_quick_is_left_to_another_thread(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(store)
    expected = asked_often(client)
    monkeypatch.setattr("graph.stores.sqlite_readers.AT_ONCE", Limit(0.0, 1))
    with traced(store, begun=True) as statements:
        assert client.data(NAMES) == expected
        assert len(statements) == 2, "it was begun and given up, and answered"


def test_a_quick_question_sees_what_was_loaded_since(store: Store) -> None:
    client = Client(store)
    question = "{ graph { version } boroughs(first: 1) { totalCount } }"
    version = [client.data(question)["graph"]["version"] for _ in range(3 * READERS)][-1]
    changes.load(store, World((Said("source:other", {"Borough": [node("borough:a", "A", gssCode="A")]}),)))
    assert client.data(question) == {"graph": {"version": version + 1}, "boroughs": {"totalCount": 34}}


def test_readers_see_the_graph_before_a_load_until_it_is_there(store: Store) -> None:
    client = Client(store)
    before = client.data("{ graph { version } boroughs { totalCount } }")
    with store.write() as writer:
        borough = CIVIC.kind("Borough")
        (key,) = [key for key in writer.keys_of(borough, "source:london-boroughs") if key[0].endswith("12")]
        assert writer.records(borough, [key])
        assert client.data("{ graph { version } boroughs { totalCount } }") == before


def test_a_damaged_file_is_found_out(store: Store) -> None:
    assert store.verify()
    path = Path(store.path)  # type: ignore[attr-defined]
    content = path.read_bytes()
    assert content.count(b"Tree planting at Mudchute Farm") > 0
    store.close()
    path.write_bytes(content.replace(b"New trees for a farm", b"Old trees for a farm"))
    again = open_store(f"sqlite:{path}", CIVIC)
    assert not again.verify()
    again.close()


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    before = path.read_bytes()
    with pytest.raises(Incompatible, match="no SQLite file"):
        open_store(f"sqlite:{path}", CIVIC)
    assert path.read_bytes() == before


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "crm.db"
    with closing(apsw.Connection(str(place))) as other:
        other.execute("CREATE TABLE customers (name)")
    before = place.read_bytes()
    with pytest.raises(Incompatible, match=r"crm\.db is an SQLite file of something else; give the graph"):
        open_store(f"sqlite:{place}", CIVIC)
    assert place.read_bytes() == before
    assert list(tmp_path.iterdir()) == [place]


def test_a_file_that_is_made_anew_is_what_a_server_answers_from(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_readers, "EVERY", 0.01)

    def take_away() -> None:
        for file in tmp_path.glob("graph.db*"):
            file.unlink()

    with visiting(create_app(store)) as visitor:

        def asked(until: Any) -> None:
            """Ask until the answer is this: in a moment it is seen which file there is."""
            end = time.monotonic() + 10
            while visitor.post("/graphql", json={"query": "{ boroughs { totalCount } }"}).json().get("data") != until:
                assert time.monotonic() < end

        asked({"boroughs": {"totalCount": 33}})
        take_away()
        asked(None)
        assert visitor.get("/readyz").status_code == 503
        with closing(open_store(store_url := f"sqlite:{tmp_path / 'graph.db'}", CIVIC)) as made:
            changes.load(made, WORLD)
        with closing(open_store(store_url, CIVIC)) as made:
            boroughs = made.counts()["Borough"]
        assert boroughs != 33
        asked({"boroughs": {"totalCount": boroughs}})


def test_a_graph_that_takes_the_place_is_served_once_it_is_loaded_and_verified(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_readers, "EVERY", 0.01)
    damaged, empty = tmp_path / "damaged.db", tmp_path / "empty.db"
    with closing(apsw.Connection(str(store.path))) as connection:
        connection.execute(f"VACUUM INTO '{damaged}'")
    with closing(apsw.Connection(str(damaged))) as connection:
        connection.execute("UPDATE Borough SET name = 'WRONG' WHERE name = 'Hackney'")
    open_store(f"sqlite:{empty}", CIVIC).close()

    with visiting(create_app(store)) as visitor:

        def state(**wanted: Any) -> int:
            """The status, once the server says this of itself."""
            end = time.monotonic() + 10
            while not (response := visitor.get("/readyz")).json().items() >= wanted.items():
                assert time.monotonic() < end, response.json()
            return response.status_code

        assert state(verified="yes") == 200
        empty.replace(store.path)
        assert state(ready=False) == 503
        damaged.replace(store.path)
        assert state(verified="no", ready=False, version=1) == 503


def test_a_graph_that_is_copied_into_the_place_is_verified_once_it_is_there(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_readers, "EVERY", 0.01)
    with closing(apsw.Connection(str(store.path))) as connection:
        connection.execute(f"VACUUM INTO '{tmp_path / 'backup.db'}'")
    content = (tmp_path / "backup.db").read_bytes()
    with visiting(create_app(store)) as visitor:

        def become(status: int, **wanted: Any) -> None:
            end = time.monotonic() + 10
            while (found := visitor.get("/readyz")).status_code != status or not found.json().items() >= wanted.items():
                assert time.monotonic() < end, found.json()

        become(200, verified="yes")
        for file in tmp_path.glob("graph.db*"):
            file.unlink()
        become(503, ready=False)
        with store.path.open("wb", buffering=0) as copy:
            copy.write(content[: len(content) // 2])
            for _ in range(20):
                assert visitor.get("/readyz").status_code == 503
            copy.write(content[len(content) // 2 :])
        become(200, verified="yes", ready=True)


def test_text_that_is_damaged_is_found_out(store: SQLiteStore) -> None:
    with closing(apsw.Connection(str(store.path))) as connection:
        connection.execute("UPDATE Borough SET name = CAST(x'ff41' AS TEXT) WHERE id = 'borough:E09000012'")
    with pytest.raises(Incompatible, match="is damaged or no SQLite file"):
        store.verify()


def test_a_store_of_another_model_is_refused(store: Store) -> None:
    smaller = Model(CIVIC.kinds, CIVIC.relations[1:])
    with pytest.raises(Incompatible, match="was made by another version of the model"):
        open_store(f"sqlite:{store.path}", smaller)  # type: ignore[attr-defined]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        open_store(f"sqlite:{tmp_path / 'nowhere' / 'graph.db'}", CIVIC)


@pytest.mark.parametrize("url", ["graph.db", "sqlite:", "mysql:graph", ""])
def test_a_url_of_no_store_is_refused(url: str) -> None:
    with pytest.raises(LoadError, match="is not the URL of a store; expected sqlite:FILE"):
        open_store(url, CIVIC)


def test_looking_for_a_store_makes_none(tmp_path: Path) -> None:
    assert not exists(f"sqlite:{tmp_path / 'graph.db'}")
    assert not any(tmp_path.iterdir())


def test_threads_that_end_leave_no_connection(store: SQLiteStore) -> None:
    store.head()
    before = len(store._readers.opened)
    for _ in range(20):
        thread = Thread(target=store.head)
        thread.start()
        thread.join()
    gc.collect()
    assert len(store._readers.opened) == before


@pytest.mark.parametrize("content", ['["x', "5", "[]", '["source:a", "source:b"]', '[["a"]]'])
@pytest.mark.parametrize("column", ["sources", "claims"])
def test_json_that_is_damaged_is_found_out(store: SQLiteStore, column: str, content: str) -> None:
    with closing(apsw.Connection(str(store.path))) as connection:
        connection.execute(f"UPDATE Borough SET {column} = ? WHERE id = 'borough:E09000012'", (content,))
    with pytest.raises(Incompatible, match="Borough borough:E09000012 is damaged in the store"):
        store.verify()
    if column == "claims" and content == '["x':
        provenance = '{ borough(id: "borough:E09000012") { provenance { values { property } } } }'
        assert Client(store).error(provenance)["extensions"]["code"] == "INCOMPATIBLE"
    with visiting(create_app(store)) as visitor:
        while (response := visitor.get("/readyz")).json()["verified"] == "pending":
            pass
        assert (response.status_code, response.json()["verified"]) == (503, "no")


def test_a_graph_in_memory_is_refused() -> None:
    for ask in (open_store, lambda url, _: exists(url)):
        with pytest.raises(LoadError, match="a graph in memory would be gone"):
            ask("sqlite::memory:", CIVIC)
