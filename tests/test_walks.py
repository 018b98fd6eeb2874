"""Paths and neighbourhoods: which are found, in which order, within which bounds, and of one state of the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from graph import changes, walks
from graph.civic import CIVIC
from graph.roles import Role
from graph.store import Compiled, Found, Store
from schema.api import API
from tests.client import Client
from tests.conftest import Open
from tests.world import Row, Said, World, link, node

PATH = """query ($from: ID!, $to: ID!, $maxHops: Int, $via: [RelationName!]) {
    path(from: $from, to: $to, maxHops: $maxHops, via: $via) { node { id } relation direction since until }
}"""
AROUND = """query ($of: ID!, $hops: Int, $kinds: [NodeKind!], $limit: Int) {
    neighbourhood(of: $of, hops: $hops, kinds: $kinds, limit: $limit) {
        nodes { id } links { from relation to } hasMore
    }
}"""


def path(client: Client, start: str, end: str, **given: Any) -> list[str] | None:
    """A path in a line each step, as in `BASED_IN OUT borough:hackney`."""
    steps = client.data(PATH, {"from": start, "to": end, **given})["path"]
    return steps and [" ".join(filter(None, (s["relation"], s["direction"], s["node"]["id"]))) for s in steps]


def around(client: Client, of: str, **given: Any) -> dict[str, Any]:
    found = client.data(AROUND, {"of": of, **given})["neighbourhood"]
    links = [f"{link['from']} {link['relation']} {link['to']}" for link in found["links"]]
    return {"nodes": [node["id"] for node in found["nodes"]], "links": links, "hasMore": found["hasMore"]}


# Paths


def test_a_path_goes_whichever_way_relations_point(client: Client) -> None:
    assert path(client, "borough:kensington", "challenge:poverty", maxHops=5) == [
        "borough:kensington",
        "BASED_IN IN partner:percent",
        "BASED_IN OUT borough:islington",
        "ADJACENT_TO OUT borough:hackney",
        "MEASURED IN indicator:asylum",
        "EVIDENCES OUT challenge:poverty",
    ]


def test_a_step_says_since_when_and_until_when(client: Client) -> None:
    steps = client.data(PATH, {"from": "borough:hackney", "to": "partner:acorn"})["path"]
    assert [(s["since"], s["until"]) for s in steps] == [(None, None), ("2019", "2021")]


def test_a_node_is_shown_as_anywhere(client: Client) -> None:
    query = """{ path(from: "partner:acorn", to: "borough:newham") {
        node { __typename name ... on Partner { projects { totalCount } } ... on Borough { part } } __typename
    } }"""
    assert client.data(query)["path"] == [
        {"node": {"__typename": "Partner", "name": "Acorn", "projects": {"totalCount": 3}}, "__typename": "PathStep"},
        {"node": {"__typename": "Borough", "name": "Newham", "part": "OUTER"}, "__typename": "PathStep"},
    ]


def test_of_several_the_first_by_ids_then_by_relations_is_taken(client: Client) -> None:
    assert path(client, "partner:acorn", "challenge:health") == [
        "partner:acorn",
        "CONTACT_FOR IN champion:ben",  # project:garden would do too, but comes later
        "CHAMPIONS OUT challenge:health",
    ]
    assert path(client, "partner:acorn", "borough:hackney") == ["partner:acorn", "BASED_IN OUT borough:hackney"]


def test_only_some_relations_are_followed_if_asked(client: Client) -> None:
    assert path(client, "partner:acorn", "borough:hackney", via=["SERVES"]) == [
        "partner:acorn",
        "SERVES OUT borough:hackney",
    ]
    assert path(client, "partner:acorn", "challenge:health", via=["BASED_IN", "SERVES"]) is None
    assert path(client, "partner:acorn", "borough:hackney", via=[]) is None


def test_it_has_only_so_many_steps(client: Client) -> None:
    ends = ("borough:kensington", "challenge:poverty")
    assert path(client, *ends) is None
    assert path(client, *ends, maxHops=4) is None
    assert len(path(client, *ends, maxHops=10) or []) == 6
    for hops in (0, -1, 11):
        assert client.code(PATH, {"from": ends[0], "to": ends[1], "maxHops": hops}) == "BAD_INPUT"


def test_what_is_not_there_has_no_path(client: Client) -> None:
    assert path(client, "partner:acorn", "partner:acorn") == ["partner:acorn"]
    for ends in (("x", "x"), ("partner:acorn", "partner:eve"), ("partner:eve", "partner:eve"), ("", "moon:1")):
        assert path(client, *ends) is None
    assert path(client, "partner:acorn", "challenge:crime", maxHops=10) is None


def test_a_path_of_a_day_takes_what_held_then(client: Client) -> None:
    query = """query ($asOf: Date) {
        path(from: "partner:acorn", to: "borough:hackney", via: BASED_IN, maxHops: 1, asOf: $asOf) { node { id } }
        neighbourhood(of: "partner:acorn", kinds: BOROUGH, asOf: $asOf) { nodes { id } links { from relation to } }
    }"""
    then, later = (client.data(query, {"asOf": day}) for day in ("2020-12-31", "2021-01-01"))
    assert (len(then["path"] or []), later["path"]) == (2, None)
    based = [
        [link["to"] for link in found["neighbourhood"]["links"] if link["relation"] == "BASED_IN"]
        for found in (then, later)
    ]
    assert based == [["borough:hackney"], ["borough:newham"]]


# Neighbourhoods


def test_a_neighbourhood_has_the_nodes_and_all_relations_between_them(client: Client) -> None:
    assert around(client, "borough:islington", kinds=["PARTNER", "BOROUGH"]) == {
        "nodes": [
            "borough:islington",
            "borough:hackney",
            "borough:newham",
            "partner:cafe",
            "partner:percent",
            "partner:trees",
        ],
        "links": [
            "borough:hackney ADJACENT_TO borough:islington",
            "borough:hackney ADJACENT_TO borough:newham",
            "borough:islington ADJACENT_TO borough:newham",
            "partner:cafe BASED_IN borough:hackney",
            "partner:cafe BASED_IN borough:islington",
            "partner:percent BASED_IN borough:islington",
            "partner:trees BASED_IN borough:hackney",
            "partner:trees BASED_IN borough:islington",
            "partner:trees PART_OF partner:trees",
            "partner:trees SERVES borough:hackney",
        ],
        "hasMore": False,
    }


def test_the_nearest_are_shown_first(client: Client) -> None:
    found = around(client, "partner:zebra", hops=3, limit=4)
    assert found["nodes"] == ["partner:zebra", "partner:cafe", "borough:hackney", "borough:islington"]
    assert found["hasMore"]
    assert around(client, "partner:zebra")["nodes"] == ["partner:zebra", "partner:cafe"]
    assert around(client, "partner:zebra", limit=2)["hasMore"] is False
    assert around(client, "partner:zebra", limit=1) == {"nodes": ["partner:zebra"], "links": [], "hasMore": True}


def test_kinds_bound_it_whatever_the_kind_in_the_middle(client: Client) -> None:
    found = around(client, "borough:kensington", kinds=["PARTNER"], hops=3)
    assert found["nodes"] == ["borough:kensington", "partner:percent"]
    assert found["links"] == ["partner:percent BASED_IN borough:kensington"]
    assert around(client, "borough:kensington", kinds=[])["nodes"] == ["borough:kensington"]


def test_around_nothing_is_nothing(client: Client) -> None:
    for of in ("", "x", "partner:eve", "partner:"):
        assert client.data(AROUND, {"of": of}) == {"neighbourhood": None}
    for given in ({"hops": 0}, {"hops": 4}, {"limit": 0}, {"limit": 101}):
        assert client.code(AROUND, {"of": "partner:acorn", **given}) in ("BAD_INPUT", "PAGE_SIZE")


# Bounds


@pytest.fixture(scope="module")
def hubs(new_store: Open) -> Client:
    """Two boroughs with twenty partners each, of which one has an office in both, and a hermit beside each."""
    rows: list[Row] = []
    for number in range(41):
        rows += [link(f"partner:{number}", f"borough:{b}") for b in "ab" if (number >= 20, number <= 20)[b == "a"]]
    said: Mapping[str, list[Row]] = {
        "Borough": [node(f"borough:{b}", b, gssCode=b) for b in "ab"],
        "Partner": [node(f"partner:{number}", "p") for number in range(41)] + [node("partner:a", "a")],
        "Partner_BASED_IN_Borough": rows,
        "Partner_PART_OF_Partner": [link("partner:a", "partner:0")],
    }
    store = new_store(CIVIC)
    changes.load(store, World((Said("source:a", said),)))
    return Client(store)


def test_what_is_too_wide_is_refused(hubs: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {"from": "partner:a", "to": "partner:40", "maxHops": 6}
    assert len(path(hubs, "partner:a", "partner:40", maxHops=6) or []) == 6
    monkeypatch.setattr(walks, "MAX_LINKS", 20)
    assert hubs.code(PATH, ends) == "TOO_COSTLY"
    assert hubs.code(AROUND, {"of": "partner:0", "hops": 2}) == "TOO_COSTLY"
    assert path(hubs, "partner:a", "partner:40", maxHops=6, via=["PART_OF"]) is None
    assert len(around(hubs, "partner:0")["nodes"]) == 3


def test_a_hub_is_left_alone_where_the_other_side_is_narrow(hubs: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "MAX_LINKS", 5)
    for ends in (("borough:a", "partner:a"), ("partner:a", "borough:a")):
        assert len(path(hubs, *ends) or []) == 3


def test_walks_count_among_what_an_operation_costs(client: Client) -> None:
    def several(number: int) -> str:
        walk = 'path(from: "partner:acorn", to: "borough:newham") { since }'
        return "{ " + " ".join(f"a{n}: {walk}" for n in range(number)) + " }"

    public = Client(client.store, Role.PUBLIC)
    assert len(public.data(several(4))) == 4
    assert public.code(several(5)) == "TOO_COSTLY"
    assert len(client.data(several(5))) == 5


def test_no_path_leads_through_what_a_role_may_not_see(client: Client) -> None:
    assert path(Client(client.store, Role.PUBLIC), "partner:acorn", "challenge:health") == [
        "partner:acorn",
        "TAKES_PART_IN OUT project:garden",
        "ADDRESSES OUT challenge:health",
    ]
    public = Client(client.store, Role.PUBLIC)
    assert not [i for i in around(public, "partner:acorn")["nodes"] if i.startswith(("champion", "placement"))]
    assert path(public, "partner:acorn", "champion:ada") is None
    assert public.data(AROUND, {"of": "champion:ada"}) == {"neighbourhood": None}


# One state of the graph


class Loading:
    """A store that is loaded into after its first answers."""

    def __init__(self, store: Store, loads: list[World]) -> None:
        self.store = store
        self.loads = loads
        self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        found = await self.store.run(compiled, parameters, role)
        self.runs += 1
        if self.loads:
            changes.load(self.store, self.loads.pop())
        return found


def test_what_a_load_changes_in_between_is_read_again(new_store: Open) -> None:
    store = new_store(CIVIC)
    boroughs = [node(f"borough:{b}", b, gssCode=b) for b in "abc"]

    def world(*pairs: str) -> World:
        near = [link(f"borough:{a}", f"borough:{b}") for a, b in pairs]
        return World((Said("source:a", {"Borough": boroughs, "Borough_ADJACENT_TO_Borough": near}),))

    changes.load(store, world("ab", "bc"))
    loading: Any = Loading(store, [world("ac"), world("ab")])
    query = '{ path(from: "borough:a", to: "borough:c") { node { id } } graph { version } }'
    answer = asyncio.run(API(loading, Role.STEWARD).execute(query))
    assert b'"path":[{"node":{"id":"borough:a"}},{"node":{"id":"borough:c"}}],"graph":{"version":3}' in answer.body
    assert loading.runs > 4
