"""What an SQLite file has that is a store: its tables, and what they say of the graph."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from graph.errors import Incompatible
from graph.model import Kind, Model, Relation, Table
from graph.search import searched
from graph.statements import Load
from graph.store import Head
from graph.stores import sql_search
from graph.stores.sql_tables import declarations, quoted
from graph.stores.sqlite_file import (
    Connection,
)

SYSTEM = (
    'CREATE TABLE _graph (version INTEGER NOT NULL, "contentHash" TEXT NOT NULL, "loadedAt" TEXT, model TEXT, '
    "layout TEXT) STRICT",
    "CREATE TABLE _counts (name TEXT PRIMARY KEY, count INTEGER, forward INTEGER, backward INTEGER) STRICT",
    'CREATE TABLE _sources (id TEXT PRIMARY KEY, "loadId" TEXT, origin TEXT, rows INTEGER, loader TEXT, '
    '"loadedAt" TEXT, rank INTEGER, date TEXT) STRICT',
)


def has_graph(connection: Connection, path: Path) -> bool:
    """Whether a file has a graph; an empty one has none. Raises Incompatible where it has something else."""
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if found and "_graph" not in found:
        raise Incompatible(f"{path} is an SQLite file of something else; give the graph a file of its own")
    return bool(found)


def head_of(connection: Connection) -> Head:
    row: Any = connection.execute('SELECT version, "contentHash", "loadedAt" FROM _graph').fetchone()
    version, content_hash, loaded_at = row
    return Head(version, int(content_hash, 16), loaded_at or "")


def layout_of(connection: Connection) -> str | None:
    """How the tables of a file are made, None of a file that is older than that it says so."""
    row: Any = connection.execute("SELECT * FROM _graph").fetchone()
    return row[4] if len(row) > 4 else None


def loads_of(connection: Connection) -> dict[str, Load]:
    rows: Any = connection.execute("SELECT * FROM _sources ORDER BY id")
    return {row[0]: Load(*row) for row in rows}


def names(table: Table) -> tuple[str, ...]:
    """The tables that hold its records: a relation's may wait in a second one."""
    return (quoted(table.table),) if isinstance(table, Kind) else (quoted(table.table), waits(table))


def waits(relation: Relation) -> str:
    return quoted(f"{relation.table}~waiting")


def ddl(model: Model) -> list[str]:
    return [text for table in model.tables for text in declarations(table)]


@lru_cache
def fingerprint(model: Model) -> str:
    """Names the tables of a model: another model, another fingerprint."""
    made = [*ddl(model), *sql_search.TABLES, *searched(model)]
    return blake2b("\n".join(made).encode(), digest_size=16).hexdigest()
