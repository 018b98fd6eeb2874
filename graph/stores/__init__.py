"""The stores by the scheme of their URL. Each keeps the contract of `graph.store`."""

from __future__ import annotations

from collections.abc import Callable

from graph.errors import LoadError
from graph.model import Model
from graph.store import Store


def _sqlite(url: str, model: Model) -> Store:
    from graph.stores.sqlite import SQLiteStore

    return SQLiteStore(url.partition(":")[2], model)


def _neo4j(url: str, model: Model) -> Store:
    from graph.stores.neo4j import Neo4jStore  # who keeps the graph in a file does not pay for the driver

    return Neo4jStore(url, model)


VARIABLES = {
    "CIVIC_GRAPH_NEO4J_USER": "User of the Neo4j database; neo4j if not set.",
    "CIVIC_GRAPH_NEO4J_PASSWORD": "Password of that user.",
    "CIVIC_GRAPH_NEO4J_PASSWORD_FILE": "File that holds the password, in its place.",
    "CIVIC_GRAPH_NEO4J_DATABASE": "Database of the server; the user's own if not set.",
}  # what stores take from the environment alone: a command line would show it to everyone

NEO4J = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
OPENERS: dict[str, Callable[[str, Model], Store]] = {"sqlite": _sqlite, **dict.fromkeys(NEO4J, _neo4j)}


def open_store(url: str, model: Model) -> Store:
    """The store at a URL, as in `sqlite:civic-graph.db`; it is made where it is not there yet.

    Raises LoadError where the URL names no store, Incompatible where the store there cannot be used,
    Unavailable where it does not answer.
    """
    scheme, _, place = url.partition(":")
    if scheme not in OPENERS or not place:
        given = repr(url) if "@" not in url else "what is given"  # which may hold a password
        raise LoadError(
            f"{given} is not the URL of a store; expected sqlite:FILE, or bolt://HOST:PORT of a Neo4j server"
        )
    return OPENERS[scheme](url, model)
