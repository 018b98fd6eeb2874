"""A backup is the whole graph of one version, made while others load, and restored with an equal content hash."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import Incompatible, LoadError
from graph.model import Model
from graph.store import Head, Store
from graph.stores import open_store
from server.dumps import backed_up, exported, restored
from tests.database.fixtures import Database
from tests.world import WORLD, Said, World, node

New = Callable[[Model], Store]
ROWS = 2_000
TURNS = 6

# Loads one office's partners again and again under other names, in a process of its own.
LOADER = """
import sys
from graph import changes
from graph.civic import CIVIC
from graph.stores import open_store
from tests.test_backup import TURNS, office

store = open_store(sys.argv[1], CIVIC)
for turn in range(TURNS):
    changes.load(store, office("BA"[turn % 2]))
    print(turn, flush=True)
store.close()
"""


def office(letter: str, number: int = ROWS) -> World:
    rows = [node(f"partner:{i}", f"{letter}{i}") for i in range(number)]
    return World((Said("source:office", {"Partner": rows}),))


def new(path: Path) -> Store:
    return open_store(f"sqlite:{path}", CIVIC)


def under_load(store: Store, url: str, work: Callable[[int], Head]) -> list[Head]:
    """What work gives, done again and again while another process loads into the store."""
    changes.load(store, office("A"))
    loader = subprocess.Popen([sys.executable, "-c", LOADER, url], stdout=subprocess.PIPE, env=dict(os.environ))
    assert loader.stdout
    ended = threading.Event()
    waiting = threading.Thread(target=lambda: (loader.communicate(), ended.set()))
    loader.stdout.readline()  # now it loads
    waiting.start()
    done = []
    while not ended.is_set() or not done:
        done.append(work(len(done)))
    waiting.join()
    assert loader.returncode == 0
    return done


@pytest.fixture(scope="module")
def hashes(tmp_path_factory: pytest.TempPathFactory) -> set[int]:
    """The content hashes of both offices."""
    with closing(new(tmp_path_factory.mktemp("offices") / "graph.db")) as store:
        return {changes.load(store, office(letter)).head.content_hash for letter in "AB"}


def check(files: list[Path], heads: list[Head], hashes: set[int], folder: Path) -> None:
    """Each file is restored as it says, and holds one of the offices."""
    for number, (file, head) in enumerate(zip(files, heads, strict=True)):
        with closing(new(folder / f"restored-{number}.db")) as store:
            done = restored(store, file, None)
            assert done.head == store.head() == head
            assert done.records == ROWS
            assert head.content_hash in hashes


def test_the_embedded_store_is_backed_up_under_loads(
    tmp_path: Path, hashes: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.stores.sqlite_file.PAGES", 3)
    with closing(new(tmp_path / "graph.db")) as store:
        heads = under_load(
            store, f"sqlite:{tmp_path / 'graph.db'}", lambda n: backed_up(store, tmp_path / f"{n}", False, None).head
        )
    files = [tmp_path / f"{n}" for n in range(len(heads))]
    assert all(file.read_bytes().startswith(b"SQLite format 3") for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    check(files, heads, hashes, tmp_path)


def test_neo4j_is_backed_up_under_loads(neo4j: Database, tmp_path: Path, hashes: set[int]) -> None:
    with closing(neo4j.new_store(CIVIC)) as store:
        heads = under_load(store, neo4j.url, lambda n: backed_up(store, tmp_path / f"{n}", False, None).head)
    check([tmp_path / f"{n}" for n in range(len(heads))], heads, hashes, tmp_path)


@pytest.mark.parametrize("write", [backed_up, exported])
def test_it_is_restored_into_either_store(
    new_store: New, tmp_path: Path, write: Callable[[Store, Path, bool, None], object]
) -> None:
    with closing(new(tmp_path / "graph.db")) as store:
        changes.load(store, WORLD) if write is backed_up else changes.load(store, office("A"))
        write(store, tmp_path / "file", False, None)
        target = new_store(CIVIC)
        assert restored(target, tmp_path / "file", None).head == target.head() == store.head()
        assert target.counts() == store.counts()
        assert target.loads() == store.loads()
        assert target.verify()


def test_nothing_is_restored_over_a_graph(tmp_path: Path) -> None:
    with closing(new(tmp_path / "graph.db")) as store:
        changes.load(store, office("A", 2))
        backed_up(store, tmp_path / "file", False, None)
        changes.load(store, office("B", 2))
        before = store.head()
        with pytest.raises(LoadError, match="has 1 sources already; expected an empty one"):
            restored(store, tmp_path / "file", None)
        assert store.head() == before


def test_a_backup_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(new(tmp_path / "graph.db")) as store:
        changes.load(store, office("A", 2))
        backed_up(store, tmp_path / "file", False, None)
    before = (tmp_path / "file").read_bytes()
    with closing(new(tmp_path / "other.db")) as store:
        restored(store, tmp_path / "file", None)
    assert (tmp_path / "file").read_bytes() == before
    assert not list(tmp_path.glob("file?*"))


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    with closing(new(tmp_path / "graph.db")) as store:
        changes.load(store, office("A", 200))
        backed_up(store, tmp_path / "file", False, None)
    content = (tmp_path / "file").read_bytes()
    (tmp_path / "renamed").write_bytes(content.replace(b"A17", b"A71"))
    (tmp_path / "torn").write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    for name, error in (("renamed", LoadError), ("torn", Incompatible)):
        with closing(new(tmp_path / f"{name}.db")) as store:
            with pytest.raises(error):
                restored(store, tmp_path / name, None)
            assert store.head() == Head()


def test_a_damaged_store_is_not_backed_up(tmp_path: Path) -> None:
    with closing(new(tmp_path / "graph.db")) as store:
        changes.load(store, office("A", 200))
    damaged = (tmp_path / "graph.db").read_bytes().replace(b"A17", b"A71")
    (tmp_path / "graph.db").write_bytes(damaged)
    with closing(new(tmp_path / "graph.db")) as store, pytest.raises(Incompatible, match="is damaged"):
        backed_up(store, tmp_path / "file", False, None)
    assert not (tmp_path / "file").exists()
    assert not list(tmp_path.glob(".file*"))
