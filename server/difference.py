"""What a load changes, record by record, as lines for people and as objects for programs."""

from __future__ import annotations

from typing import Any

import msgspec

from graph.model import LOCATORS, SOURCES, Kind, Table
from graph.statements import Key, Record, merged
from graph.store import Change

Values = dict[str, Any]

UNSEEN = "what a source says that counts less"
SIGNS = {"added": "+", "altered": "~", "withdrawn": "-"}


def as_json(table: Table, change: Change) -> dict[str, Any]:
    """A change: what it does, to which record, and the values; of an altered record the old and new ones."""
    before, after = shown(table, change.before), shown(table, change.after)
    keys = {prop.name: part for prop, part in zip(table.key, change.key, strict=True)}
    described = {"change": kind_of(change), "table": table.table, **keys}
    if kind_of(change) == "altered":
        return {**described, "properties": altered(before, after)}
    return {**described, "values": {name: value for name, value in (after or before).items() if is_said(value)}}


def as_line(table: Table, change: Change) -> str:
    """A change as one line: `~ Partner partner:a: name "Old" → "New"`."""
    content = as_json(table, change)
    values, properties = content.get("values", {}), content.get("properties", {})
    said = [f"{name} {text(value)}" for name, value in values.items()]
    said += [f"{name} {text(value['old'])} → {text(value['new'])}" for name, value in properties.items()]
    return f"{SIGNS[content['change']]} {titled(table)} {keyed(table, change.key)}: {', '.join(said) or UNSEEN}"


def kind_of(change: Change) -> str:
    if not change.before:
        return "added"
    return "altered" if change.after else "withdrawn"


def shown(table: Table, record: Record) -> Values:
    """All that a record shows, with who says so and where."""
    if not record:
        return {}
    values = zip((prop.name for prop in table.values), merged(table, record), strict=True)
    sources, locators = [claim.source for claim in record], [claim.locator for claim in record]
    return {**dict(values), SOURCES.name: sources, LOCATORS.name: locators}


def altered(before: Values, after: Values) -> dict[str, Values]:
    """The old and the new value of every property that changes."""
    return {name: {"old": before[name], "new": after[name]} for name in after if before[name] != after[name]}


def is_said(value: Any) -> bool:
    return value is not None and value not in ((), [], [""])


def titled(table: Table) -> str:
    return table.name if isinstance(table, Kind) else f"{table.source} {table.name} {table.target}"


def keyed(table: Table, key: Key) -> str:
    return key[0] if isinstance(table, Kind) else " → ".join(key[:2]) + "".join(key[2:])


def text(value: Any) -> str:
    """A value in one line, as JSON; `nothing` where there is none."""
    return msgspec.json.encode(value).decode() if is_said(value) else "nothing"
