"""The stores by the scheme of their URL. Each keeps the contract of `graph.store`."""

from __future__ import annotations

from collections.abc import Callable

from graph.errors import LoadError
from graph.model import Model
from graph.store import Store
from graph.stores import sqlite
from graph.stores.sqlite import SQLiteStore

OPENERS: dict[str, Callable[[str, Model], Store]] = {"sqlite": SQLiteStore}
PRESENT: dict[str, Callable[[str], bool]] = {"sqlite": sqlite.is_there}


def open_store(url: str, model: Model) -> Store:
    """The store at a URL, as in `sqlite:civic-graph.db`; it is made where it is not there yet.

    Raises LoadError where the URL names no store, Incompatible where the store there cannot be used.
    """
    scheme, place = split(url)
    return OPENERS[scheme](place, model)


def exists(url: str) -> bool:
    """Whether there is a store at a URL, without making one. Raises LoadError where the URL names no store."""
    scheme, place = split(url)
    return PRESENT[scheme](place)


def split(url: str) -> tuple[str, str]:
    """The scheme of a store's URL, and its place. Raises LoadError where it names no store."""
    scheme, _, place = url.partition(":")
    if scheme not in OPENERS or not place:
        known = ", ".join(f"{name}:PLACE" for name in OPENERS)
        raise LoadError(f"{url!r} is not the URL of a store; expected {known}")
    return scheme, place
