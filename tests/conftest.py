"""What several test files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.model import Model
from graph.store import Store
from graph.stores import open_store
from loaders.folder import EXAMPLE, read
from tests.client import Client
from tests.world import WORLD

STORES: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:{folder / 'graph.db'}"}


@pytest.fixture(scope="session")
def example_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store that holds the example graph. Who writes to it copies it first."""
    url = f"sqlite:{tmp_path_factory.mktemp('example') / 'example.db'}"
    store = open_store(url, CIVIC)
    with read(EXAMPLE, CIVIC, store, origin="example") as checked:
        changes.load(store, checked.statements)
    store.close()
    return url


@pytest.fixture(scope="session", params=STORES)
def new_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Model], Store]]:
    """Opens new, empty stores; every test that needs one runs on each sort of store."""
    opened: list[Store] = []

    def new(model: Model) -> Store:
        opened.append(open_store(STORES[request.param](tmp_path_factory.mktemp(request.param)), model))
        return opened[-1]

    yield new
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def client(new_store: Callable[[Model], Store]) -> Client:
    """Asks a store of the world of `tests.world`, which nobody writes to."""
    store = new_store(CIVIC)
    changes.load(store, WORLD)
    return Client(store)
