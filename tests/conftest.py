"""What several test files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.model import Model
from graph.store import Store
from graph.stores import open_store
from loaders.folder import EXAMPLE, read
from tests.client import Client
from tests.database.fixtures import Database, neo4j, server
from tests.office import check, office
from tests.world import WORLD


@pytest.fixture(scope="session")
def example_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store that holds the example graph. Who writes to it copies it first."""
    url = f"sqlite:{tmp_path_factory.mktemp('example') / 'example.db'}"
    store = open_store(url, CIVIC)
    with read(EXAMPLE, CIVIC, store, origin="example") as checked:
        changes.load(store, checked.statements)
    store.close()
    return url


__all__ = ["check", "neo4j", "office", "server"]  # fixtures of other modules

Open = Callable[[Model], Store]


class Stores:
    """Opens new, empty stores of one sort. Of some sorts there is one at a time: a new one is in its place."""

    def __init__(self, new: Open, *, one: bool) -> None:
        self._new = new
        self._one = one
        self._opened: list[Store] = []
        self._world: Client | None = None

    def __call__(self, model: Model) -> Store:
        if self._one:
            self.close()
        self._opened.append(self._new(model))
        return self._opened[-1]

    def world(self) -> Client:
        """Asks a store of the world of `tests.world`, which nobody writes to."""
        if self._world is None:
            store = self(CIVIC)
            changes.load(store, WORLD)
            self._world = Client(store)
        return self._world

    def close(self) -> None:
        self._world = None
        while self._opened:
            self._opened.pop().close()


def sqlite(request: pytest.FixtureRequest) -> Stores:
    folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return Stores(lambda model: open_store(f"sqlite:{folders.mktemp('sqlite') / 'graph.db'}", model), one=False)


def of_neo4j(request: pytest.FixtureRequest) -> Stores:
    database: Database = request.getfixturevalue("neo4j")
    return Stores(database.new_store, one=True)


SORTS = {"sqlite": sqlite, "neo4j": of_neo4j}


@pytest.fixture(scope="session", params=SORTS)
def new_store(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Opens new, empty stores; every test that needs one runs on each sort of store."""
    stores = SORTS[request.param](request)
    yield stores
    stores.close()


@pytest.fixture
def client(new_store: Stores) -> Client:
    """Asks a store of the world of `tests.world`, which nobody writes to."""
    return new_store.world()
