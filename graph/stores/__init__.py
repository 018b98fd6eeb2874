"""The stores by the scheme of their URL. Each keeps the contract of `graph.store`, and is imported where it is used:
who keeps the graph in a file does not pay for the driver of a database."""

from __future__ import annotations

from collections.abc import Callable

from graph.errors import LoadError
from graph.model import Model
from graph.store import Store

VARIABLES = {
    "CIVIC_GRAPH_NEO4J_USER": "User of the Neo4j database; neo4j if not set.",
    "CIVIC_GRAPH_NEO4J_PASSWORD": "Password of that user.",
    "CIVIC_GRAPH_NEO4J_PASSWORD_FILE": "File that holds the password, in its place.",
    "CIVIC_GRAPH_NEO4J_DATABASE": "Database of the server; the user's own if not set.",
}  # what stores take from the environment alone: a command line would show it to everyone


def _open_sqlite(url: str, model: Model) -> Store:
    from graph.stores.sqlite import SQLiteStore

    return SQLiteStore(_file(url), model)


def _sqlite_is_there(url: str) -> bool:
    from graph.stores import sqlite_file

    return sqlite_file.is_there(_file(url))


def _open_neo4j(url: str, model: Model) -> Store:
    from graph.stores.neo4j import Neo4jStore

    return Neo4jStore(url, model)


def _neo4j_is_there(url: str) -> bool:
    from graph.stores import neo4j

    return neo4j.is_there(url)


NEO4J = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
OPENERS: dict[str, Callable[[str, Model], Store]] = {"sqlite": _open_sqlite, **dict.fromkeys(NEO4J, _open_neo4j)}
PRESENT: dict[str, Callable[[str], bool]] = {"sqlite": _sqlite_is_there, **dict.fromkeys(NEO4J, _neo4j_is_there)}


def open_store(url: str, model: Model) -> Store:
    """The store at a URL, as in `sqlite:civic-graph.db` or `bolt://localhost:7687`; it is made where it is not
    there yet.

    Raises LoadError where the URL names no store, Incompatible where the store there cannot be used,
    Unavailable where it does not answer.
    """
    return OPENERS[_scheme(url)](url, model)


def exists(url: str) -> bool:
    """Whether there is a store at a URL, without making one. Raises LoadError where the URL names no store."""
    return PRESENT[_scheme(url)](url)


def _file(url: str) -> str:
    """The file of an SQLite store. Raises LoadError where SQLite would keep it in no file."""
    path = _place(url)
    if path == ":memory:":
        raise LoadError("a graph in memory would be gone with the command that made it; expected sqlite:FILE")
    return path


def _place(url: str) -> str:
    return url.partition(":")[2]


def _scheme(url: str) -> str:
    scheme = url.partition(":")[0]
    if scheme not in OPENERS or not _place(url):
        given = repr(url) if "@" not in url else "what is given"  # which may hold a password
        raise LoadError(f"{given} is not the URL of a store; expected sqlite:FILE or, of Neo4j, bolt://HOST:PORT")
    return scheme
