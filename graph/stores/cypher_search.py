"""Search in Neo4j: the index, what it holds of a node, and the Cypher that finds nodes.

A node carries its words by level, `_search_internal` those that may be seen with public and internal data: the words
of its name in a first line, where the name may be seen, then the words of all. The full-text index only parts them at
spaces. In words are no signs and no capitals, so that none of them is syntax of its queries.
"""

from __future__ import annotations

from collections.abc import Iterator

from graph import plan as p
from graph.model import ID, DataClass, Kind, Model
from graph.search import CLASSES, NAME, PLACE, is_searched, nameless, up_to, words_of
from graph.statements import Values
from graph.stores.cypher_terms import quoted, sortable_name

INDEX = "_CivicSearch"

Lines = list[str]


def field(level: DataClass) -> str:
    return f"_search_{level}"


def declarations(model: Model) -> list[str]:
    """The index over every kind that is searched, in the place of one that an empty database may have."""
    labels = _labels(tuple(kind for kind in model.kinds if is_searched(kind)))
    fields = ", ".join(f"n.{field(level)}" for level in CLASSES)
    options = "OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}"
    made = f"CREATE FULLTEXT INDEX `{INDEX}` IF NOT EXISTS FOR (n:{labels}) ON EACH [{fields}] {options}"
    return [f"DROP INDEX `{INDEX}` IF EXISTS", made]


def kept(kind: Kind, values: Values) -> Iterator[tuple[str, str]]:
    """The words of a node by the property that keeps them, on each level that adds some."""
    found = words_of(kind, values)
    seen = ""
    for level in CLASSES:
        if level in found.by_class:
            seen = f"{seen} {found.by_class[level]}"
            yield field(level), f"{'' if nameless((kind,), level) else found.name}\n{seen}"


def matched(search: p.Search, row: str, found: str) -> Lines:
    """Lines that give each node found as a map: its id, the name it is sorted by, and its place."""
    param = f"${search.words.name}"
    asked = " + ".join(f"'{field(level)}:(' + {found} + ') '" for level in up_to(search.level))
    return [
        f"UNWIND CASE {param} WHEN '' THEN [] ELSE ['+' + replace({param}, ' ', ' +') + '*'] END AS {found}",
        f"CALL db.index.fulltext.queryNodes('{INDEX}', {asked}) YIELD node",
        f"WHERE {_among(search.kinds)}",
        f"WITH {_row(search, param)} AS {row}",
    ]


def _row(search: p.Search, param: str) -> str:
    hidden = nameless(search.kinds, search.level)
    cells = [(ID.name, f"node.{ID.name}"), (sortable_name(ID), f"node.{sortable_name(ID)}")]
    for name, node_id in ((NAME.name, ID.name), (sortable_name(NAME), sortable_name(ID))):
        instead = f"CASE WHEN {_among(hidden)} THEN node.{node_id} ELSE node.{name} END"
        cells.append((name, instead if hidden else f"node.{name}"))
    cells.append((PLACE.name, _place(search.level, param)))
    return "{" + ", ".join(f"{name}: {value}" for name, value in cells) + "}"


def _place(level: DataClass, param: str) -> str:
    texts = ", ".join(f"node.{field(seen)}" for seen in reversed(up_to(level)))
    name = f"split(coalesce({texts}), '\\n')[0]"
    whens = (f"{name} = {param}", f"{name} STARTS WITH {param}", f"{name} CONTAINS {param}")
    return f"CASE {' '.join(f'WHEN {when} THEN {place}' for place, when in enumerate(whens))} ELSE 3 END"


def _labels(kinds: tuple[Kind, ...]) -> str:
    return "|".join(quoted(kind.table) for kind in kinds)


def _among(kinds: tuple[Kind, ...]) -> str:
    return f"node:{_labels(kinds)}" if kinds else "node.id IS NULL"
