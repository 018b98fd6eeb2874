"""A small model with every type of property and every sort of relation, and random graphs of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from graph.model import DataClass, End, Kind, Model, Property, Relation, Type, public
from tests.world import Row, Said, World

COLOUR = ("red", "dark_red", "darker")  # `_` sorts after capitals and before small letters

SAMPLE = Model(
    (
        Kind(
            "Thing",
            "things",
            "Something.",
            (
                public("label", Type.TEXT, "Required and unique.", required=True, unique=True),
                public("order", Type.TEXT, "A word of SQL.", searchable=True),
                public("group", Type.INTEGER, "Another."),
                public("size", Type.DECIMAL, "A decimal."),
                public("weight", Type.DECIMAL, "A required one.", required=True),
                public("flag", Type.BOOLEAN, "A boolean."),
                public("sure", Type.BOOLEAN, "A required one.", required=True),
                public("day", Type.DATE, "A date."),
                public("colour", Type.ENUM, "An enum.", values=COLOUR),
                public("page", Type.URL, "A URL."),
                public("tags", Type.TEXTS, "A list."),
            ),
            data_class=DataClass.PUBLIC,
        ),
        Kind(
            "BigPlace",
            "bigPlaces",
            "Somewhere.",
            (public("rank", Type.INTEGER, "An integer.", required=True),),
            data_class=DataClass.PUBLIC,
        ),
    ),
    (
        Relation("IN", "Thing", "BigPlace", End("place", many=False), End("things"), "It is there."),
        Relation("OWNS", "BigPlace", "Thing", End("owned"), End("owner", many=False), "It has it.", dated=False),
        Relation(
            "LIKES",
            "Thing",
            "Thing",
            End("likes"),
            End("likedBy"),
            "It likes it.",
            (
                public("how", Type.ENUM, "In which way.", values=COLOUR),
                public("much", Type.DECIMAL, "How much."),
                public("times", Type.INTEGER, "How often.", required=True),
                public("secret", Type.BOOLEAN, "Whether nobody knows."),
                public("reasons", Type.TEXTS, "Why."),
            ),
            keys=("how", "since"),
        ),
        Relation("USES", "Thing", "BigPlace", End("used"), End("users"), "It uses it.", dated=False),
        Relation(
            "NEAR",
            "BigPlace",
            "BigPlace",
            End("near"),
            End("near"),
            "They are near.",
            (public("way", Type.TEXT, "By which way.", required=True),),
            keys=("way",),
            dated=False,
            symmetric=True,
        ),
        Relation(
            "TWIN", "BigPlace", "BigPlace", End("twin", many=False), End("twin", many=False), "Twins.", symmetric=True
        ),
    ),
)

NAMES = ("a", "A", "á", "a\u0301", "b", "B", "ab", "", " ", "'", '"', "%", "_", "\\", "🌳", "\uffee", "ß", "é’s")
NUMBERS = (-2.5, -0.1, 0.0, 0.1, 0.2, 0.1 + 0.2, 0.3, 1 / 3, 1.0, 1e-300, 5e-324, 1e21, 1.7976931348623157e308)
DAYS = ("2020", "2020-01", "2020-01-01", "2020-02", "2021", "1999-12-31")
SOME = {
    Type.TEXT: st.sampled_from(NAMES),
    Type.URL: st.sampled_from(("https://a.example/", "http://b.example/%20")),
    Type.INTEGER: st.sampled_from((-(2**31), -1, 0, 1, 2, 9, 10, 2**31 - 1)),
    Type.DECIMAL: st.sampled_from(NUMBERS)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0),
    Type.BOOLEAN: st.booleans(),
    Type.DATE: st.sampled_from(DAYS),
    Type.TEXTS: st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple),
}


def worlds(model: Model) -> st.SearchStrategy[World]:
    """What one to three sources say of a few nodes, some relations of which lead nowhere."""
    sources = st.sampled_from([("source:a",), ("source:a", "source:b"), ("source:a", "source:b", "source:c")])
    return sources.flatmap(lambda names: st.tuples(*(said(model, name) for name in names))).map(World)


@st.composite
def said(draw: Callable[[Any], Any], model: Model, source: str) -> Said:
    ids = {kind.name: [kind.id_of(key) for key in "abcd"] for kind in model.kinds}
    rows: dict[str, list[Row]] = {}
    for kind in model.kinds:
        told = draw(st.lists(st.sampled_from(ids[kind.name]), unique=True, min_size=1, max_size=4))
        rows[kind.table] = [{"id": node_id, **values(draw, kind.values)} for node_id in told]
    for relation in model.relations:
        pairs = st.tuples(st.sampled_from(ids[relation.source]), st.sampled_from(ids[relation.target]))
        made = [_link(draw, relation, pair) for pair in draw(st.lists(pairs, max_size=7))]
        rows[relation.table] = _distinct(relation, [row for row in made if row])
    return Said(source, rows, rank=draw(st.sampled_from((1, 50))), date=draw(st.sampled_from(("", "2020", "2021"))))


def _link(draw: Any, relation: Relation, pair: tuple[str, str]) -> Row:
    start, end = sorted(pair) if relation.symmetric else pair
    if relation.symmetric and start == end:
        return {}
    return {"from": start, "to": end, **values(draw, relation.values)}


def _distinct(relation: Relation, rows: list[Row]) -> list[Row]:
    """A source says a thing once."""
    keys = ("from", "to", *relation.keys)
    return list({tuple(row.get(key) for key in keys): row for row in rows}.values())


def values(draw: Any, properties: tuple[Property, ...]) -> dict[str, Any]:
    known = {prop: prop.required or draw(st.booleans()) for prop in properties}
    return {prop.name: draw(_some(prop)) for prop, there in known.items() if there}


def _some(prop: Property) -> st.SearchStrategy[Any]:
    return st.sampled_from(prop.values) if prop.type is Type.ENUM else SOME[prop.type]
