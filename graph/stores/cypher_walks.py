"""Cypher for walks: the relations that steps find, and rows that were computed from them."""

from __future__ import annotations

from collections.abc import Mapping

from graph import plan as p
from graph.model import KEY, SINCE, UNTIL, Hop, Kind, Property
from graph.stores.cypher_terms import Lines, Row, call, pattern, quoted, stored


def found(asked: p.Links, kinds: Mapping[str, Kind], name: str) -> Lines:
    """Lines that give the list of what the steps find a name."""
    params, branches = dict(asked.near), Lines()
    for place, hop in enumerate(asked.steps):
        far = Row("b", kinds[hop.target], "e")
        branches += ["UNION ALL"] if branches else []
        branches += [
            f"UNWIND ${params[hop.origin].name} AS id",
            f"MATCH {pattern(hop, f'(a:{quoted(hop.origin)} {{id: id}})', far)}",
            *([f"WHERE b.id IN ${asked.far.name}"] if asked.far else []),
            f"RETURN [{place}, a.id, b.id, {_columns(hop)}] AS link",
        ]
    return call([], [*call([], branches), f"WITH link LIMIT {asked.limit}", f"RETURN collect(link) AS {name}"])


def _columns(hop: Hop) -> str:
    known = {KEY: bool(hop.relation.keys), SINCE: hop.relation.dated, UNTIL: hop.relation.dated}
    return ", ".join(f"e.{stored(prop)}" if there else "null" for prop, there in known.items())


def computed(rows: p.Param, columns: tuple[Property, ...], row: str, name: str) -> Lines:
    """Lines that give each row that was computed as a map."""
    values = ", ".join(f"{quoted(prop.name)}: {name}[{place}]" for place, prop in enumerate(columns))
    return [f"UNWIND coalesce(${rows.name}, [])[..{p.MAX_COMPUTED}] AS {name}", f"WITH {{{values}}} AS {row}"]
