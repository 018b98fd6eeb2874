"""The stores that commands work on, open as long as they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from tempfile import TemporaryDirectory

from graph.civic import CIVIC
from graph.errors import LoadError
from graph.store import Store
from graph.stores import exists, open_store


@contextmanager
def graph(url: str) -> Iterator[Store]:
    """The graph at a URL, made where there is none."""
    with closing(open_store(url, CIVIC)) as store:
        yield store


@contextmanager
def existing_graph(url: str) -> Iterator[Store]:
    """The graph at a URL. Raises LoadError where there is none."""
    if not exists(url):
        raise LoadError(f"there is no graph at {url}; make one: civic-graph load example")
    with graph(url) as store:
        yield store


@contextmanager
def scratch_graph(url: str) -> Iterator[Store]:
    """The graph at a URL, or an empty one that does not stay."""
    if exists(url):
        with graph(url) as store:
            yield store
        return
    with TemporaryDirectory(prefix="civic-graph-") as folder, graph(f"sqlite:{folder}/empty") as store:
        yield store
