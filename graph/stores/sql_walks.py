"""SQL for walks: the relations that steps find, and rows that were computed from them."""

from __future__ import annotations

from graph import plan as p
from graph.model import KEY, SINCE, UNTIL, Hop, Property
from graph.stores.sql_json import Json, json_array, json_list
from graph.stores.sql_tables import ends, links, quoted
from graph.stores.sql_terms import Column


def found(asked: p.Links) -> Json:
    """The list of what the steps find."""
    params = dict(asked.near)
    far = f" AND e.%s IN (SELECT value FROM json_each(:{asked.far.name}))" if asked.far else ""
    rows = " UNION ALL ".join(
        f"SELECT {place} AS place, {_columns(hop)} FROM {links(hop.relation)} e "
        f"WHERE e.{quoted(ends(hop)[0])} IN (SELECT value FROM json_each(:{params[hop.origin].name}))"
        + far.replace("%s", quoted(ends(hop)[1]))
        for place, hop in enumerate(asked.steps)
    )
    listed = json_array(["place", "near", "far", "key", "since", "until"])
    return json_list(listed, f"({rows} LIMIT {asked.limit})")


def _columns(hop: Hop) -> str:
    near, far = map(quoted, ends(hop))
    known = {KEY: bool(hop.relation.keys), SINCE: hop.relation.dated, UNTIL: hop.relation.dated}
    others = [f"{f'e.{prop.name}' if there else 'NULL'} AS {prop.name}" for prop, there in known.items()]
    return ", ".join([f"e.{near} AS near", f"e.{far} AS far", *others])


def computed_column(alias: str, columns: tuple[Property, ...]) -> Column:
    places = {prop.name: place for place, prop in enumerate(columns)}
    return lambda prop, on_edge: f"({alias}.value ->> {places[prop.name]})"


def computed(rows: p.Param, alias: str, content: str) -> Json:
    """A list with an item for each row that was computed."""
    source = f"SELECT value FROM json_each(:{rows.name}) ORDER BY key LIMIT {p.MAX_COMPUTED}"
    return json_list(content, f"({source}) {alias}")
