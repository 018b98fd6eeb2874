"""Bringing an embedded store up to a later model: its tables are made as the model wants them, records are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from graph.errors import Incompatible
from graph.model import Model, Table
from graph.revisions import EXPORT, Description, Shape, widened
from graph.stores.sql_tables import declarations, quoted
from graph.stores.sqlite_file import Connection

NAMED = re.compile(r'CREATE (?P<sort>TABLE|INDEX|VIEW) "?(?P<name>[^" ]+)')


def grow(connection: Connection, system: Iterable[str], kept: Description, model: Model) -> None:
    """Make the tables of a model out of those of one that it can hold; indexes and views are made anew.

    Raises Incompatible where the store's own tables are kept otherwise.
    """
    _drop(connection, "view")
    _drop(connection, "index")
    made = _tables(connection)
    for declaration in system:
        if made.get(_name(declaration), declaration) != declaration:
            raise Incompatible(f"the store keeps its state in another way; {EXPORT}")
        if _name(declaration) not in made:
            connection.execute(declaration)
    for table in model.tables:
        for declaration in declarations(table):
            _make(connection, made, table, kept.tables.get(table.table), declaration)


def _make(connection: Connection, made: dict[str, str], table: Table, before: Shape | None, declaration: str) -> None:
    name = _name(declaration)
    if made.get(name) == declaration:
        return
    if before is None or name not in made:
        connection.execute(declaration)
        return
    old = quoted(f"{name}~old")
    connection.execute(f"ALTER TABLE {quoted(name)} RENAME TO {old}")
    connection.execute(declaration)
    connection.execute(f"INSERT INTO {quoted(name)} SELECT {', '.join(_columns(table, before))} FROM {old}")
    connection.execute(f"DROP TABLE {old}")
    _widen(connection, quoted(name), table, before)


def _columns(table: Table, before: Shape) -> Iterator[str]:
    """The columns of a row of before, as a row of now has them."""
    yield from (quoted(prop.name) for prop in table.key)
    for prop, place in zip(table.values, before.places(table), strict=True):
        missing = "'[]'" if prop.is_list else "NULL"
        yield missing if place is None else quoted(prop.name)
    yield from ("sources", "locators", "claims")


def _widen(connection: Connection, name: str, table: Table, before: Shape) -> None:
    places, key = before.places(table), [quoted(prop.name) for prop in table.key]
    rows: Any = connection.execute(f"SELECT claims, {', '.join(key)} FROM {name} WHERE claims IS NOT NULL").fetchall()
    same = " AND ".join(f"{column} = ?" for column in key)
    changed = ((widened(claims, places, table), *of) for claims, *of in rows)
    connection.executemany(f"UPDATE {name} SET claims = ? WHERE {same}", changed)


def _drop(connection: Connection, sort: str) -> None:
    found = "SELECT name FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL"
    rows: Any = connection.execute(found, (sort,)).fetchall()
    for (name,) in rows:
        connection.execute(f"DROP {sort} {quoted(name)}")


def _tables(connection: Connection) -> dict[str, str]:
    """The statements that made the tables, by their names."""
    rows: Any = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
    return dict(rows)


def _name(declaration: str) -> str:
    found = NAMED.match(declaration)
    assert found, f"no name in {declaration}"
    return found["name"]
