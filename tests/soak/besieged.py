"""The server that is besieged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from graph import changes
from graph.civic import CIVIC
from graph.roles import Role
from graph.stores import open_store
from loaders.folder import EXAMPLE, read
from server.tokens import Tokens
from tests.served import Server, address, start, stop, wait, welcome

KEPT = "1"  # MB of answers: what is kept because a setting says so is not to be taken for what leaks


@contextmanager
def besieged(folder: Path) -> Iterator[tuple[Server, tuple[str, ...], str]]:
    """A server of the example graph, what a steward's requests have in their heads, and the URL of its store."""
    url = f"sqlite:{folder / 'example.db'}"
    store = open_store(url, CIVIC)
    with read(EXAMPLE, CIVIC, store, origin="example") as checked:
        changes.load(store, checked.statements)
    store.close()
    _, secret = Tokens(folder / "tokens").create(Role.STEWARD, timedelta(days=1), "soak")
    with (folder / "log").open("w") as log:
        given = {"CIVIC_GRAPH_TOKENS": str(folder / "tokens"), "CIVIC_GRAPH_KEPT_ANSWERS": KEPT}
        process = start(url, environment=given, errors=log)
        try:
            served = address(welcome(process))
            wait(served)
            yield Server(process, served), (f"Authorization: Bearer {secret}",), url
        finally:
            code, _ = stop(process)
        assert code == 0
