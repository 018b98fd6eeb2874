"""Records as rows of the embedded store, and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from graph import statements as st
from graph.errors import damaged
from graph.model import Table
from graph.statements import Claim, Key, Record

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_texts = msgspec.json.Decoder(list[str]).decode
_claims = msgspec.json.Decoder(list[list[Any]]).decode


def encoded(table: Table, key: Key, record: Record) -> tuple[Any, ...]:
    """A record as a row: what it shows, who says so and where, and the claims where there are several."""
    sources, locators, shown = st.told(table, record)
    values = list(shown)
    for place in table.lists:
        values[place] = as_json(values[place])
    claims = _to_json([claim.values for claim in record]).decode() if len(record) > 1 else None
    return (*key, *values, as_json(sources), as_json(locators), claims)


@lru_cache(maxsize=10_000)
def as_json(texts: tuple[str, ...]) -> str:
    """A text list as JSON; most are empty, or one of a few."""
    return _to_json(texts).decode()


def decoded(table: Table, row: tuple[Any, ...]) -> tuple[Key, Record]:
    """A row as its key and record. Raises Incompatible where it is damaged."""
    size = len(table.key)
    key, shown, (sources, locators, claims) = row[:size], row[size:-3], row[-3:]
    try:
        said = _claims(claims) if claims else [shown]
        typed = (typed_values(table, values, stored=not claims) for values in said)
        return key, tuple(Claim(*claim) for claim in zip(_texts(sources), _texts(locators), typed, strict=True))
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise damaged(f"{table.table} {' '.join(key)}") from error


def typed_values(table: Table, values: Sequence[Any], *, stored: bool) -> tuple[Any, ...]:
    """The values of a claim as the model has them, from a row's columns or from JSON."""
    return tuple(
        _typed(p.type.value, value, stored) if value is not None else None
        for p, value in zip(table.values, values, strict=True)
    )


def _typed(kind: str, value: Any, stored: bool) -> Any:
    match kind:
        case "boolean":
            return bool(value)
        case "decimal":
            return float(value)
        case "texts":
            return tuple(_from_json(value) if stored else value)
        case _:
            return value


def bindable(value: Any) -> Any:
    """A parameter as SQLite takes it: lists as JSON."""
    return _to_json(value).decode() if isinstance(value, list | tuple) else value
