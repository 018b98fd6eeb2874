"""What search looks at: the words of a node by who may see them, and the order in which nodes are found."""

from __future__ import annotations

from collections.abc import Iterator

from graph.model import ID, DataClass, Kind, Property, Type
from graph.plan import Key
from graph.statements import Values
from graph.text import words

CLASSES = tuple(DataClass)

FOUND = Kind("Found", "found", "A node that was searched for: its id, the name it is sorted by, and its place.")
PLACE = Property("place", Type.INTEGER, "How it was found: 0 by its whole name, 1 to 3 by less.", required=True)
NAME = FOUND.values[0]
ORDER = (Key(PLACE), Key(NAME), Key(ID))


def up_to(level: DataClass) -> tuple[DataClass, ...]:
    """The classes that somebody may see who sees a level, the least protected first."""
    return CLASSES[: CLASSES.index(level) + 1]


def is_searched(kind: Kind) -> bool:
    return any(prop.searchable for prop in kind.values)


def names_shown(kinds: tuple[Kind, ...], level: DataClass) -> tuple[Kind, ...]:
    """Those of the kinds whose names can be seen on a level."""
    return tuple(kind for kind in kinds if kind.name_class in up_to(level))


def texts(kind: Kind, values: Values) -> dict[DataClass, str]:
    """The words of a node by the class of the property they stand in; classes without any left out."""
    found: dict[DataClass, list[str]] = {}
    for data_class, text in _searchable(kind, values):
        found.setdefault(data_class, []).append(words(text))
    return {data_class: " ".join(filter(None, parts)) for data_class, parts in found.items()}


def _searchable(kind: Kind, values: Values) -> Iterator[tuple[DataClass, str]]:
    for prop, value in zip(kind.values, values, strict=True):
        if prop.searchable and value:
            for text in value if prop.is_list else (value,):
                yield prop.data_class, text
