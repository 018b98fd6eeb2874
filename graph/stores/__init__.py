"""The stores by the scheme of their URL. Each keeps the contract of `graph.store`."""

from __future__ import annotations

from collections.abc import Callable

from graph.errors import LoadError
from graph.model import Model
from graph.store import Store
from graph.stores.sqlite import SQLiteStore

OPENERS: dict[str, Callable[[str, Model], Store]] = {"sqlite": SQLiteStore}


def open_store(url: str, model: Model) -> Store:
    """The store at a URL, as in `sqlite:civic-graph.db`; it is made where it is not there yet.

    Raises LoadError where the URL names no store, Incompatible where the store there cannot be used.
    """
    scheme, _, place = url.partition(":")
    if scheme not in OPENERS or not place:
        known = ", ".join(f"{name}:PLACE" for name in OPENERS)
        raise LoadError(f"{url!r} is not the URL of a store; expected {known}")
    return OPENERS[scheme](place, model)
