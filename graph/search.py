"""What search looks at: the words of a node by who may see them, and the order in which nodes are found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from graph.model import ID, DataClass, Kind, Model, Property, Type
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


def nameless(kinds: tuple[Kind, ...], level: DataClass) -> tuple[Kind, ...]:
    """Those of the kinds whose names cannot be seen on a level."""
    return tuple(kind for kind in kinds if kind.name_class not in up_to(level))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a node: those of its name, and all by the class of the property they stand in."""

    name: str
    by_class: dict[DataClass, str]


def words_of(kind: Kind, values: Values) -> Words:
    name = "" if kind.pseudonymous else words(values[0])
    found = {} if kind.pseudonymous else {kind.name_class: [name]}
    for place, data_class, is_list in _besides_name(kind):
        if value := values[place]:
            found.setdefault(data_class, []).extend(map(words, value if is_list else (value,)))
    return Words(name, {data_class: " ".join(parts) for data_class, parts in found.items()})


@lru_cache
def _besides_name(kind: Kind) -> list[tuple[int, DataClass, bool]]:
    """The places of what is searched among the values of a kind, but for its name."""
    return [(place, p.data_class, p.is_list) for place, p in enumerate(kind.values) if p.searchable and place]


def contents(model: Model) -> list[str]:
    """What is searched: another list, and stores must make their index anew."""
    return [f"{k.name}.{v.name} {v.data_class}" for k in model.kinds for v in k.values if v.searchable]
