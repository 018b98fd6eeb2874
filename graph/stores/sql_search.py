"""Search in the embedded store: its tables, what is in them of a node, and the SQL that finds nodes.

The text of nodes is in an index of FTS5 that keeps no copy of it, a column a data class. Words are parted and folded
before they come here, so that its tokenizer has nothing to do but to part at spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graph import plan as p
from graph.model import DataClass, Kind
from graph.search import CLASSES, FOUND, nameless, up_to, words_of
from graph.statements import Key, Record, merged
from graph.store import Change
from graph.stores.sql_tables import quoted
from graph.stores.sql_terms import literal

TABLES = (
    "CREATE TABLE _named (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, "
    "name TEXT NOT NULL, words TEXT NOT NULL) STRICT",
    f"CREATE VIRTUAL TABLE _search USING fts5({', '.join(CLASSES)}, content='', contentless_delete=1, "
    "detail=column, tokenize='ascii')",
)
LAST = "SELECT ifnull(max(number), 0) FROM _named"
NAME = "INSERT INTO _named VALUES (?, ?, ?, ?, ?)"
INDEX = f"INSERT INTO _search (rowid, {', '.join(CLASSES)}) VALUES ({', '.join('?' * (1 + len(CLASSES)))})"
FORGET = (
    "DELETE FROM _search WHERE rowid = (SELECT number FROM _named WHERE id = ?)",
    "DELETE FROM _named WHERE id = ?",
)


class Entry(NamedTuple):
    """What the index holds of a node: `texts` are its words by class."""

    id: str
    kind: str
    name: str
    words: str
    texts: tuple[str | None, ...]


def reindexed(kind: Kind, changes: Sequence[Change]) -> tuple[list[Key], list[Entry]]:
    """The keys of nodes whose entries go, and the entries that come, of those whose text changed."""
    pairs = [(entry(kind, key, before), entry(kind, key, after)) for key, before, after in changes]
    changed = [(old, new) for old, new in pairs if old != new]
    return [(old.id,) for old, _ in changed if old], [new for _, new in changed if new]


def entry(kind: Kind, key: Key, record: Record) -> Entry | None:
    if not record:
        return None
    values = merged(kind, record)
    found = words_of(kind, values)
    return Entry(key[0], kind.name, values[0], found.name, tuple(map(found.by_class.get, CLASSES)))


def within(found: str, value: str) -> str:
    """A value whose rows are those that a search finds."""
    return f"json((WITH {quoted(FOUND.table)} AS MATERIALIZED ({found}) SELECT {value}))"


def searched(search: p.Search) -> str:
    """The nodes that a search finds: id, name and place of each."""
    param = f":{search.words.name}"
    name, place = "s.name", f"CASE instr(s.words, {param}) WHEN 0 THEN 3 WHEN 1 THEN s.words <> {param} ELSE 2 END"
    if hidden := nameless(search.kinds, search.level):
        among = f"s.kind IN {_listed(hidden)}"
        name, place = f"iif({among}, s.id, s.name)", f"iif({among}, 3, {place})"
    return (
        f"SELECT s.id, {name} AS name, {place} AS place "
        f"FROM _search f CROSS JOIN _named s ON s.number = f.rowid "
        f"WHERE f._search MATCH {_matched(search.level, param)} AND s.kind IN {_listed(search.kinds)}"
    )


def _matched(level: DataClass, param: str) -> str:
    """Every word in one of the columns that may be seen, the last as a beginning."""
    quoted_words = f"replace({param}, ' ', '\" \"')"
    return f"'{{{' '.join(up_to(level))}}} : (\"' || {quoted_words} || '\"*)'"


def _listed(kinds: tuple[Kind, ...]) -> str:
    return f"({', '.join(literal(kind.name) for kind in kinds)})"
