"""How records are kept in Neo4j: labels, types and properties as the model names them, and what is ours alone
under names that begin with an underscore. Pure functions from the model to statements and from records to rows.

A node has its kind as label, a relation its name as type, both their properties by name; what is not known is not
there. A relation whose end is missing waits as a node `_CivicWaiting`. `_CivicGraph` holds the state of the graph,
`_CivicSource` a load record each, `_CivicCount` a table each, and `_CivicWriter` is locked by who writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from graph import statements as st
from graph.errors import damaged
from graph.model import ID, KEY, Hop, Kind, Model, Property, Relation, Table, Type
from graph.search import is_searched, searched
from graph.statements import Claim, Key, Load, Record, Values
from graph.stores import cypher_search
from graph.stores.cypher_terms import Row, folded_name, pattern, quoted, sortable_name, stored
from graph.text import fold, is_wide, sortable

GRAPH, WRITER = "(g:`_CivicGraph` {key: 'graph'})", "(w:`_CivicWriter` {key: 'writer'})"
LOAD = ("id", "loadId", "origin", "rows", "loader", "loadedAt", "rank", "date")
SYSTEM = (
    ("_CivicGraph", ("key",)),
    ("_CivicWriter", ("key",)),
    ("_CivicSource", ("id",)),
    ("_CivicCount", ("name",)),
    ("_CivicWaiting", ("_table", "_from", "_to", "_key")),
)

_to_json = msgspec.json.Encoder().encode
_said_by = msgspec.json.Decoder(list[list[Any]]).decode


# Declarations


def declarations(model: Model) -> list[str]:
    """The constraints and indexes of a model. Neo4j Community has uniqueness constraints only."""
    made = [_unique(label, properties) for label, properties in SYSTEM]
    made.append(_index("_CivicWaiting", "_table"))
    for kind in model.kinds:
        made.append(_unique(kind.table, (ID.name,)))
        made += [_index(kind.table, p.name) for p in kind.values if p.name == "name" or p.unique]
    return [*made, *cypher_search.declarations(model)]


def fingerprint(model: Model) -> str:
    """Names how a model is kept: another model, another fingerprint."""
    tables = [(t.table, [(p.name, p.type) for p in (*t.key, *t.values)]) for t in model.tables]
    return blake2b(_to_json((declarations(model), tables, searched(model))), digest_size=16).hexdigest()


def _unique(label: str, properties: tuple[str, ...]) -> str:
    together = ", ".join(f"n.{quoted(name)}" for name in properties)
    name = quoted(f"{label}~key")
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{quoted(label)}) REQUIRE ({together}) IS UNIQUE"


def _index(label: str, name: str) -> str:
    return f"CREATE RANGE INDEX {quoted(f'{label}~{name}')} IF NOT EXISTS FOR (n:{quoted(label)}) ON (n.{quoted(name)})"


# Rows: the key, the values of the table, who says so and where, and what is beside that: claims and companions of text.
# Rows that are written have a number for who and where, since most of a load have the same.

Said = dict[tuple[tuple[str, ...], tuple[str, ...]], int]  # sources and locators, each with its number


def encoded(table: Table, key: Key, record: Record, said: Said) -> list[Any]:
    """A record as a row to be written."""
    sources, locators, shown = st.told(table, record)
    beside = dict(companions(table, key, shown))
    if len(record) > 1:
        beside["_claims"] = _to_json([claim.values for claim in record]).decode()
    values: list[Any] = list(shown)
    for place in table.lists:
        values[place] = values[place] or None
    return [*key, *values, said.setdefault((sources, locators), len(said)), beside]


def companions(table: Table, key: Key, values: Values) -> Iterator[tuple[str, str]]:
    """What is kept beside text, where needed: the text without case and accents, as it compares, and as words."""
    if isinstance(table, Kind) and is_searched(table):
        yield cypher_search.kept(table, values)
    row = (*key, *values)
    for place, prop in table.texts:
        if value := row[place]:
            if not value.isascii() or "`" in value:
                yield folded_name(prop), fold(value)
            if is_wide(value):
                yield sortable_name(prop), sortable(value)


def decoded(table: Table, row: Sequence[Any]) -> tuple[Key, Record]:
    """A row that was read, without its companions, as its key and record. Raises Incompatible where it is damaged."""
    size = len(table.key)
    key, shown, (sources, locators, claims) = tuple(row[:size]), row[size:-3], row[-3:]
    try:
        said = _said_by(claims) if claims else [shown]
        typed = (_typed_values(table, values) for values in said)
        return key, tuple(Claim(*claim) for claim in zip(sources, locators, typed, strict=True))
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise damaged(f"{table.table} {' '.join(key)}") from error


def _typed_values(table: Table, values: Sequence[Any]) -> Values:
    return tuple(_typed(prop, value) for prop, value in zip(table.values, values, strict=True))


def _typed(prop: Property, value: Any) -> Any:
    if prop.type is Type.TEXTS:
        return tuple(value or ())
    return float(value) if prop.type is Type.DECIMAL and value is not None else value


def load_row(load: Load) -> dict[str, Any]:
    values = (load.source, load.load_id, load.origin, load.rows, load.loader, load.loaded_at, load.rank, load.date)
    return dict(zip(LOAD, values, strict=True))


# Statements about records. `$rows` are rows as above, `$said` their sources and locators by number, `$keys` keys.

_SAID = ("sources", "locators", "_claims")


def _ends(relation: Relation, start: str, end: str) -> str:
    """A MATCH of both ends of a relation by their ids."""
    return f"MATCH (a:{quoted(relation.source)} {{id: {start}}}) MATCH (b:{quoted(relation.target)} {{id: {end}}})"


def _link(relation: Relation) -> str:
    return f"(a)-[e:{quoted(relation.name)}]->(b)"


def _whole(relation: Relation) -> str:
    """Every relation of a table."""
    return f"(a:{quoted(relation.source)})-[e:{quoted(relation.name)}]->(b:{quoted(relation.target)})"


def _content(table: Table) -> str:
    """The values of a row, as the properties of a map that they are kept in."""
    values = [f"{quoted(stored(prop))}: row[{place}]" for place, prop in enumerate(table.values, len(table.key))]
    who = f"$said[row[{len(table.key) + len(table.values)}]]"
    return ", ".join([*values, f"sources: {who}[0]", f"locators: {who}[1]"])


def _beside(table: Table) -> str:
    """What a row has beside its values, a map of properties too."""
    return f"row[{len(table.key) + len(table.values) + 1}]"


def _returned(table: Table, variable: str, key: str) -> str:
    names = [*(stored(p) for p in table.values), *_SAID]
    return f"RETURN {key}, " + ", ".join(f"{variable}.{quoted(name)}" for name in names)


def _same_key(relation: Relation, key: str) -> str:
    return f" WHERE e.{quoted(stored(KEY))} = {key}" if relation.keys else ""


def _between(relation: Relation, row: str) -> str:
    """A MATCH of a relation by the key that a row begins with. A subquery sees to it that both ends are found first:
    from one end alone each row would visit all relations of a challenge, say, of which there are more with each row."""
    ends = _ends(relation, f"{row}[0]", f"{row}[1]")
    found = f"MATCH {_link(relation)}{_same_key(relation, f'{row}[2]')} RETURN e"
    return f"{ends} CALL ({row}, a, b) {{ {found} }}"


def records_of(table: Table) -> list[str]:
    """Statements that give rows by their keys, those that wait last."""
    if isinstance(table, Kind):
        found = f"UNWIND $keys AS key MATCH (n:{quoted(table.table)} {{id: key[0]}})"
        return [f"{found} {_returned(table, 'n', 'n.id')}"]
    shown = f"UNWIND $keys AS key {_between(table, 'key')}"
    waiting = f"UNWIND $keys AS key MATCH {_waiting(table, 'key')}"
    return [
        f"{shown} {_returned(table, 'e', _key_of(table))}",
        f"{waiting} {_returned(table, 'w', _key_waiting(table))}",
    ]


def all_records(table: Table) -> list[str]:
    """Statements that give every row, those that wait last."""
    return [f"{found} {_returned(table, v, key)}" for found, v, key in _rows(table)]


def keys(table: Table) -> list[str]:
    """Statements that give the keys of rows, at most `$most`, those that wait last."""
    return [f"{found} RETURN {key} LIMIT $most" for found, _, key in _rows(table)]


def keys_said(table: Table) -> list[str]:
    """Statements that give the keys a `$source` says something of."""
    return [f"{found} WHERE $source IN {v}.sources RETURN {key}" for found, v, key in _rows(table)]


def _rows(table: Table) -> list[tuple[str, str, str]]:
    """MATCHes of every row, those that wait last: each with its variable, and the key of the row."""
    if isinstance(table, Kind):
        return [(f"MATCH (n:{quoted(table.table)})", "n", "n.id")]
    waiting = f"MATCH (w:`_CivicWaiting` {{_table: {_text(table.table)}}})"
    return [(f"MATCH {_whole(table)}", "e", _key_of(table)), (waiting, "w", _key_waiting(table))]


def _key_of(relation: Relation) -> str:
    return "a.id, b.id, e._key" if relation.keys else "a.id, b.id"


def _key_waiting(relation: Relation) -> str:
    return "w._from, w._to, w._key" if relation.keys else "w._from, w._to"


def _waiting(relation: Relation, row: str) -> str:
    key = f"{row}[2]" if relation.keys else "''"
    return f"(w:`_CivicWaiting` {{_table: {_text(relation.table)}, _from: {row}[0], _to: {row}[1], _key: {key}}})"


def added(table: Table) -> str:
    """The statement that adds rows; of relations only those with both ends. It returns how many."""
    if isinstance(table, Kind):
        made = f"CREATE (n:{quoted(table.table)} {{id: row[0], {_content(table)}}}) SET n += {_beside(table)}"
        return f"UNWIND $rows AS row {made} RETURN count(*)"
    key = "_key: row[2], " if table.keys else ""
    made = f"CREATE (a)-[e:{quoted(table.name)} {{{key}{_content(table)}}}]->(b) SET e += {_beside(table)}"
    return f"UNWIND $rows AS row {_ends(table, 'row[0]', 'row[1]')} {made} RETURN count(*)"


def set_aside(relation: Relation) -> str:
    """The statement that adds rows as waiting, of which an end is missing."""
    key = "row[2]" if relation.keys else "''"
    kinds = (relation.source, relation.target)
    ends = [f"EXISTS {{ (:{quoted(kind)} {{id: row[{place}]}}) }}" for place, kind in enumerate(kinds)]
    return (
        f"UNWIND $rows AS row WITH row WHERE NOT ({' AND '.join(ends)}) "
        f"CREATE (w:`_CivicWaiting` {{_table: {_text(relation.table)}, _from: row[0], _to: row[1], _key: {key}, "
        f"{_content(relation)}}}) SET w += {_beside(relation)}"
    )


def altered(table: Table) -> list[str]:
    """Statements that write rows over those with the same key."""
    beside = _beside(table)
    if isinstance(table, Kind):
        found = f"MATCH (n:{quoted(table.table)} {{id: row[0]}})"
        return [f"UNWIND $rows AS row {found} SET n = {{id: row[0], {_content(table)}}}, n += {beside}"]
    shown = _between(table, "row")
    key = "_key: row[2], " if table.keys else ""
    names = f"_table: w._table, _from: w._from, _to: w._to, _key: w._key, {_content(table)}"
    return [
        f"UNWIND $rows AS row {shown} SET e = {{{key}{_content(table)}}}, e += {beside}",
        f"UNWIND $rows AS row MATCH {_waiting(table, 'row')} SET w = {{{names}}}, w += {beside}",
    ]


def removed(table: Table) -> tuple[str, str]:
    """The statements that remove rows by key, shown or waiting. A node must have no relations left.
    The first returns how many."""
    if isinstance(table, Kind):
        return f"UNWIND $keys AS key MATCH (n:{quoted(table.table)} {{id: key[0]}}) DELETE n RETURN count(*)", ""
    return (
        f"UNWIND $keys AS key {_between(table, 'key')} DELETE e RETURN count(*)",
        f"UNWIND $keys AS key MATCH {_waiting(table, 'key')} DELETE w",
    )


def left(relation: Relation, kind: Kind) -> list[str]:
    """Statements that set relations aside that begin, or end, at nodes which will go. They return how many."""
    ends = [("a", relation.source), ("b", relation.target)]
    return [_aside(relation, end) for end, name in ends if name == kind.name]


def _aside(relation: Relation, end: str) -> str:
    key = "e._key" if relation.keys else "''"
    return (
        f"UNWIND $keys AS key MATCH {_whole(relation)} WHERE {end}.id = key[0] "
        f"CREATE (w:`_CivicWaiting`) SET w = properties(e), w._table = {_text(relation.table)}, "
        f"w._from = a.id, w._to = b.id, w._key = {key} DELETE e RETURN count(*)"
    )


def settled(relation: Relation) -> str:
    """The statement that brings back at most `$limit` waiting relations whose ends are both there. It returns how
    many."""
    ends = _ends(relation, "w._from", "w._to")
    surplus = ["_table", "_from", "_to", *([] if relation.keys else ["_key"])]
    return (
        f"MATCH (w:`_CivicWaiting` {{_table: {_text(relation.table)}}}) {ends} WITH w, a, b LIMIT $limit "
        f"CREATE {_link(relation)} SET e = properties(w) REMOVE {', '.join(f'e.{name}' for name in surplus)} "
        "DELETE w RETURN count(*)"
    )


def accompanied(kind: Kind, row: Sequence[Any]) -> list[Any]:
    """The id of a node and what is kept beside its values, from its row."""
    size = len(kind.key)
    return [row[0], dict(companions(kind, tuple(row[:size]), tuple(row[size : -len(_SAID)])))]


def accompany(kind: Kind) -> str:
    """The statement that sets what is kept beside the values of nodes; `$rows` are as above."""
    return f"UNWIND $rows AS row MATCH (n:{quoted(kind.table)} {{id: row[0]}}) SET n += row[1]"


def claims(table: Table) -> list[tuple[str, str]]:
    """Statements that give the claims of records of which several sources speak, and that set them."""
    if isinstance(table, Kind):
        return [_claims(f"(n:{quoted(table.table)})", "n")]
    return [_claims(_whole(table), "e"), _claims(f"(w:`_CivicWaiting` {{_table: {_text(table.table)}}})", "w")]


def _claims(pattern: str, v: str) -> tuple[str, str]:
    return (
        f"MATCH {pattern} WHERE {v}._claims IS NOT NULL RETURN elementId({v}), {v}._claims",
        f"UNWIND $rows AS row MATCH {pattern} WHERE elementId({v}) = row[0] SET {v}._claims = row[1]",
    )


def counted(kind: Kind) -> str:
    return f"MATCH (n:{quoted(kind.table)}) RETURN count(n)"


def chosen_twice(hop: Hop, kind: Kind) -> str:
    """The statement that tells whether some node has a choice at a step to one node."""
    step = pattern(hop, f"(n:{quoted(hop.origin)})", Row("m", kind, "e"))
    return f"MATCH {step} WITH n, count(e) AS number WHERE number > 1 RETURN n.id LIMIT 1"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
