"""What search looks at: the words of a node, and the order in which nodes are found."""

from __future__ import annotations

from functools import lru_cache

from graph.model import ID, DataClass, Kind, Model, Type, public
from graph.plan import Key
from graph.statements import Values
from graph.text import FOLDING, words

FOUND = Kind(
    "Found", "found", "A node that was searched for: its id, its name, and its place.", data_class=DataClass.PUBLIC
)
PLACE = public("place", Type.INTEGER, "How it was found: 0 by its whole name, 1 to 3 by less.", required=True)
NAME = FOUND.values[0]
ORDER = (Key(PLACE), Key(NAME), Key(ID))


def is_searched(kind: Kind) -> bool:
    return any(prop.searchable for prop in kind.values)


def words_of(kind: Kind, values: Values) -> tuple[str, str]:
    """The words of a node's name, and those of what else is searched."""
    texts: list[str] = []
    for place, is_list in _besides_name(kind):
        if value := values[place]:
            texts.extend(map(words, value if is_list else (value,)))
    return words(values[0]) if kind.values[0].searchable else "", " ".join(texts)


@lru_cache
def _besides_name(kind: Kind) -> list[tuple[int, bool]]:
    """The places of what is searched among the values of a kind, and whether it is a list."""
    return [(place, prop.is_list) for place, prop in enumerate(kind.values) if prop.searchable and place]


def searched(model: Model) -> list[str]:
    """What an index is made of, the properties and how text is folded: where that is other, stores make it anew."""
    properties = [f"{kind.name}.{prop.name}" for kind in model.kinds for prop in kind.values if prop.searchable]
    return [f"folding {FOLDING}", *properties]
