"""Search in the embedded store: its tables, what is in them of a node, and the SQL that finds nodes.

The text of nodes is in an index of FTS5 that keeps no copy of it. Words are parted and folded before they come here, so
that its tokenizer has nothing to do but to part at spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graph import plan as p
from graph.model import Kind
from graph.search import FOUND, words_of
from graph.statements import Key, Record, merged
from graph.store import Change
from graph.stores.sql_json import Json, json
from graph.stores.sql_tables import literal, quoted

TABLES = (
    "CREATE TABLE _named (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, "
    "name TEXT NOT NULL, words TEXT NOT NULL) STRICT",
    "CREATE VIRTUAL TABLE _search USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii')",
)
DROP = ("DROP TABLE IF EXISTS _named", "DROP TABLE IF EXISTS _search")
LAST = "SELECT ifnull(max(number), 0) FROM _named"
NAME = "INSERT INTO _named VALUES (?, ?, ?, ?, ?)"
INDEX = "INSERT INTO _search (rowid, text) VALUES (?, ?)"
PURGE = "INSERT INTO _search (_search) VALUES ('optimize')"  # words of nodes that are gone stay until then
FORGET = (
    "DELETE FROM _search WHERE rowid = (SELECT number FROM _named WHERE id = ?)",
    "DELETE FROM _named WHERE id = ?",
)


class Entry(NamedTuple):
    """What is kept of a node: the words of its name, and all that are searched."""

    id: str
    kind: str
    name: str
    words: str
    text: str


def reindexed(kind: Kind, changes: Sequence[Change]) -> tuple[list[Key], list[Entry]]:
    """The keys of nodes whose entries go, and the entries that come, of those whose text changed."""
    pairs = [(entry(kind, key, before), entry(kind, key, after)) for key, before, after in changes]
    changed = [(old, new) for old, new in pairs if old != new]
    return [(old.id,) for old, _ in changed if old], [new for _, new in changed if new]


def entry(kind: Kind, key: Key, record: Record) -> Entry | None:
    if not record:
        return None
    values = merged(kind, record)
    name, others = words_of(kind, values)
    return Entry(key[0], kind.name, values[0], name, f"{name} {others}")


def within(found: str, value: str) -> Json:
    """A value whose rows are those that a search finds."""
    return Json(f"(WITH {quoted(FOUND.table)} AS MATERIALIZED ({found}) SELECT {json(value)})")


def searched(search: p.Search) -> str:
    """The nodes that a search finds: id, name and place of each."""
    asked = f":{search.words.name}"
    place = f"CASE instr(' ' || s.words, ' ' || {asked}) WHEN 0 THEN 3 WHEN 1 THEN s.words <> {asked} ELSE 2 END"
    matched = f"'\"' || replace({asked}, ' ', '\" \"') || '\"*'"
    kinds = ", ".join(literal(kind.name) for kind in search.kinds)
    return (
        f"SELECT s.id, s.name, {place} AS place FROM _search f CROSS JOIN _named s ON s.number = f.rowid "
        f"WHERE f._search MATCH {matched} AND s.kind IN ({kinds})"
    )
