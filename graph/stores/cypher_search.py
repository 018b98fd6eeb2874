"""Search in Neo4j: the index, what it holds of a node, and the Cypher that finds nodes.

A node carries what is searched as `_search`: the words of its name in a first line, its other words in a second. The
full-text index only parts them at spaces. In words are no signs and no capitals, so that none of them is syntax of its
queries.
"""

from __future__ import annotations

from graph import plan as p
from graph.model import ID, Kind, Model
from graph.search import NAME, PLACE, is_searched, words_of
from graph.statements import Values
from graph.stores.cypher_terms import Lines, quoted, sortable_name

INDEX, FIELD = "_CivicSearch", "_search"
COLUMNS = (ID.name, sortable_name(ID), NAME.name, sortable_name(NAME))


def declarations(model: Model) -> list[str]:
    """The index over every kind that is searched, in the place of one that an empty database may have."""
    labels = _labels(tuple(kind for kind in model.kinds if is_searched(kind)))
    options = "OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}"
    made = f"CREATE FULLTEXT INDEX `{INDEX}` IF NOT EXISTS FOR (n:{labels}) ON EACH [n.{FIELD}] {options}"
    return [f"DROP INDEX `{INDEX}` IF EXISTS", made]


def kept(kind: Kind, values: Values) -> tuple[str, str]:
    """What is searched of a node, and the name of the property that keeps it."""
    return FIELD, "\n".join(words_of(kind, values))


def matched(search: p.Search, row: str, found: str) -> Lines:
    """Lines that give each node found as a map: its id, its name, and its place."""
    asked = f"${search.words.name}"
    columns = ", ".join(f"{name}: node.{name}" for name in COLUMNS)
    return [
        f"UNWIND CASE {asked} WHEN '' THEN [] ELSE ['+' + replace({asked}, ' ', ' +') + '*'] END AS {found}",
        f"CALL db.index.fulltext.queryNodes('{INDEX}', {found}) YIELD node",
        f"WHERE {f'node:{_labels(search.kinds)}' if search.kinds else 'node.id IS NULL'}",
        f"WITH {{{columns}, {PLACE.name}: {_place(asked)}}} AS {row}",
    ]


def _place(asked: str) -> str:
    name = f"split(node.{FIELD}, '\\n')[0]"
    whens = (f"{name} = {asked}", f"{name} STARTS WITH {asked}", f"' ' + {name} CONTAINS ' ' + {asked}")
    return f"CASE {' '.join(f'WHEN {when} THEN {place}' for place, when in enumerate(whens))} ELSE 3 END"


def _labels(kinds: tuple[Kind, ...]) -> str:
    return "|".join(quoted(kind.table) for kind in kinds)
