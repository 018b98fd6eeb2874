"""A kind and a relation more in the model, and no other edit: they can be loaded, asked for, filtered and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.model import DataClass, End, Kind, Model, Relation, Type, public
from graph.store import Store
from graph.stores import open_store
from loaders.folder import read
from tests.client import Client

EVENT = Kind(
    "Event",
    "events",
    "A gathering.",
    (
        public("sort", Type.ENUM, "What sort of gathering it is.", values=("open_day", "workshop")),
        public("heldOn", Type.DATE, "Day it is held."),
        public("seats", Type.INTEGER, "How many fit in.", unit="persons"),
        public("isOnline", Type.BOOLEAN, "Whether it is held online."),
    ),
    data_class=DataClass.PUBLIC,
)
HELD_IN = Relation(
    "HELD_IN",
    "Event",
    "Borough",
    End("borough", many=False),
    End("events"),
    "The event is held in the borough.",
    dated=False,
)
SPOKE_AT = Relation(
    "SPOKE_AT",
    "Partner",
    "Event",
    End("events"),
    End("speakers"),
    "The partner spoke at the event.",
    (public("part", Type.TEXT, "In which part of it."), public("minutes", Type.DECIMAL, "For how long.")),
    keys=("part",),
    dated=False,
)
EXTENDED = Model((*CIVIC.kinds, EVENT), (*CIVIC.relations, HELD_IN, SPOKE_AT))
TABLES = {
    "boroughs": "id,name,gssCode\nE1,Hackney,E1\nE2,Newham,E2\n",
    "partners": "id,name,borough\nacorn,Acorn,E1\noak,Oak,E2\n",
    "events": (
        "id,name,sort,heldOn,seats,isOnline,borough\n"
        "fair,Fair,open_day,2024-05,100,no,E1\n"
        "talk,Talk,workshop,2024-06-01,,yes,\n"
        "walk,Walk,open_day,,20,,E1\n"
    ),
    "partner-spoke-at-event": (
        "from,to,part,minutes\nacorn,fair,morning,10\nacorn,fair,evening,2.5\noak,fair,morning,\noak,talk,,30\n"
    ),
}


@pytest.fixture(scope="module")
def client(new_store: Callable[[Model], Store], tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder: Path = tmp_path_factory.mktemp("tables")
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    store = new_store(EXTENDED)
    with read(folder, EXTENDED, store, name="events") as checked:
        assert checked.report.ok, checked.report
        changes.load(store, checked.statements)
    return Client(store)


def test_the_kind_can_be_asked_for(client: Client) -> None:
    query = '{ event(id: "event:fair") { name sort heldOn seats isOnline sources } node(id: "event:walk") { ...E } } '
    query += "fragment E on Entity { name }"
    fair = {"name": "Fair", "sort": "OPEN_DAY", "heldOn": "2024-05", "seats": 100, "isOnline": False}
    assert client.data(query) == {"event": {**fair, "sources": ["source:events"]}, "node": {"name": "Walk"}}


def test_the_relation_is_followed_from_both_ends(client: Client) -> None:
    query = """{
        events { nodes { name borough { name events { totalCount } } } }
        borough(id: "borough:E1") { events(orderBy: {seats: ASC}) { nodes { name seats } } }
    }"""
    hackney = {"name": "Hackney", "events": {"totalCount": 2}}
    assert client.data(query) == {
        "events": {
            "nodes": [
                {"name": "Fair", "borough": hackney},
                {"name": "Talk", "borough": None},
                {"name": "Walk", "borough": hackney},
            ]
        },
        "borough": {"events": {"nodes": [{"name": "Walk", "seats": 20}, {"name": "Fair", "seats": 100}]}},
    }


def test_the_relations_own_properties_are_shown_sorted_and_filtered_by(client: Client) -> None:
    query = """{
        event(id: "event:fair") {
            all: speakers(orderBy: {edge: {minutes: DESC}}) { edges { part minutes node { name } } }
            early: speakers(edge: {part: {eq: "morning"}}) { nodes { name } }
        }
    }"""
    assert client.data(query)["event"] == {
        "all": {
            "edges": [
                {"part": "morning", "minutes": 10.0, "node": {"name": "Acorn"}},
                {"part": "evening", "minutes": 2.5, "node": {"name": "Acorn"}},
                {"part": "morning", "minutes": None, "node": {"name": "Oak"}},
            ]
        },
        "early": {"nodes": [{"name": "Acorn"}, {"name": "Oak"}]},
    }


def test_other_kinds_are_filtered_by_it(client: Client) -> None:
    query = """{
        partners(where: {events: {some: {sort: {eq: WORKSHOP}}}}) { nodes { name } }
        boroughs(where: {events: {every: {isOnline: {eq: false}}}}) { nodes { name } }
        events(where: {borough: {basedPartners: {some: {name: {eq: "Acorn"}}}}}) { nodes { name } }
    }"""
    assert client.data(query) == {
        "partners": {"nodes": [{"name": "Oak"}]},
        "boroughs": {"nodes": [{"name": "Newham"}]},  # of one in Hackney it is not known, in Newham there is none
        "events": {"nodes": [{"name": "Fair"}, {"name": "Walk"}]},
    }


def test_it_is_counted_and_grouped_by(client: Client) -> None:
    query = """{
        events {
            sort: groups(by: SORT) { keys { value } count }
            borough: groups(by: BOROUGH) { keys { node { name } } count }
        }
        partners { groups(by: EVENTS) { keys { value } count } }
        graph { counts { name count } }
    }"""
    data = client.data(query)
    assert data["events"] == {
        "sort": [{"keys": [{"value": "OPEN_DAY"}], "count": 2}, {"keys": [{"value": "WORKSHOP"}], "count": 1}],
        "borough": [{"keys": [{"node": {"name": "Hackney"}}], "count": 2}, {"keys": [{"node": None}], "count": 1}],
    }
    assert data["partners"]["groups"] == [
        {"keys": [{"value": "event:fair"}], "count": 2},
        {"keys": [{"value": "event:talk"}], "count": 1},
    ]
    counts = {entry["name"]: entry["count"] for entry in data["graph"]["counts"]}
    assert (counts["Event"], counts["Event_HELD_IN_Borough"], counts["Partner_SPOKE_AT_Event"]) == (3, 2, 4)


def test_a_store_of_the_model_before_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'before.db'}"
    open_store(url, CIVIC).close()
    store = open_store(url, EXTENDED)
    assert Client(store).data("{ events { totalCount } }") == {"events": {"totalCount": 0}}
    store.close()
