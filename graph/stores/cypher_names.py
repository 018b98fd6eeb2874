"""Names in Neo4j: how they are written in a statement, and those under which properties are kept."""

from __future__ import annotations

from graph.model import KEY, Property, Type


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def stored(prop: Property) -> str:
    """The name under which a property is kept: what is ours alone begins with an underscore."""
    return "_key" if prop is KEY else prop.name


def folded_name(prop: Property) -> str:
    """Where text is kept without case and accents, if `toLower` does not give the same."""
    return f"_folded_{prop.name}"


def sortable_name(prop: Property) -> str:
    """Where wide text is kept as it compares by code point."""
    return f"_sortable_{prop.name}"


def is_text(prop: Property) -> bool:
    return prop.type in (Type.TEXT, Type.URL)
