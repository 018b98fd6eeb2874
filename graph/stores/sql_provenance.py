"""Provenance in SQL: what each source says, and the function that reads claims."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from graph import plan as p
from graph import provenance
from graph.errors import damaged
from graph.model import CLAIMS, Kind, Type
from graph.provenance import Saying
from graph.stores.sql_json import Json, json_array, json_list, json_object, there
from graph.stores.sql_tables import literal
from graph.stores.sql_terms import Row, constant, shown

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_claims = msgspec.json.Decoder(list[list[Any]]).decode


def said(asked: p.Said, kind: Kind, row: Row, source: str, alias: str) -> Json:
    """What a source says, a list."""
    of = literal(_to_json(provenance.sayings(kind, asked.properties)).decode())
    visible = json_array([shown(prop, row.column(prop, False)) for prop in asked.properties])
    claims = f"said({of}, {visible}, {row.column(CLAIMS, False)}, {source}.key)"
    rows = f"SELECT value FROM json_each({claims}) ORDER BY key"
    return json_list(_said_value(asked.value, alias), f"({rows}) {alias}")


def _said_value(value: p.Value, alias: str) -> str:
    match value:
        case p.Obj(fields):
            return json_object((name, _said_value(v, alias)) for name, v in fields)
        case p.Const(text):
            return constant(text)
        case p.Entry(name):
            return there(f"{alias}.value -> {provenance.Said._fields.index(name)}")
        case _:
            raise TypeError(f"{value} is no value of what is said")


def as_said(of: str, visible: str, claims: str | None, place: int) -> str:
    """`said` as a function of SQL, over JSON."""
    try:
        claim = _claims(claims)[place] if claims else None
    except (msgspec.DecodeError, IndexError) as error:
        raise damaged("what is said of a node") from error
    return _to_json(provenance.said(_sayings(of), _from_json(visible), claim)).decode()


@lru_cache
def _sayings(of: str) -> tuple[Saying, ...]:
    return tuple(Saying(name, Type(type_), place) for name, type_, place in _from_json(of))
