"""Every value can say who said it: which source states what of a node, where, since when, under which licence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.roles import Role
from graph.store import Store
from tests.client import Client
from tests.world import Said, World, node

VALUES = "values { property value shown }"


def said_by(client: Client, node_id: str) -> dict[str, dict[str, tuple[Any, bool]]]:
    """What each source says of a node, and whether it is shown."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Entity {{ provenance {{ sourceId {VALUES} }} }} }} }}"
    found = client.data(query, {"id": node_id})["node"]["provenance"]
    return {
        source["sourceId"]: {said["property"]: (said["value"], said["shown"]) for said in source["values"]}
        for source in found
    }


def test_the_source_that_counts_most_comes_first_and_shows_what_it_says(client: Client) -> None:
    said = said_by(client, "partner:acorn")
    assert list(said) == ["source:sheet", "source:old-sheet", "source:register"]
    assert said["source:old-sheet"] == {
        "name": ("Acorn Trust", False),
        "aliases": (["Oak", "Acorn Trust"], True),
        "status": ("PROSPECT", False),
    }
    assert said["source:sheet"]["status"] == ("ACTIVE", True)
    assert said["source:register"]["postcode"] == ("E8 2BB", False)
    assert said["source:register"]["orgIds"] == (["GB-CHC-9"], True)


def test_what_only_a_lower_source_says_is_shown_too(client: Client) -> None:
    said = said_by(client, "partner:acorn-2")
    assert said["source:register"] == {"name": ("ACORN 2", False), "sizeBand": ("MEDIUM", True)}
    assert said["source:old-sheet"]["type"] == ("SCHOOL", True)
    assert said_by(client, "placement:p3")["source:register"]["hoursDone"] == (12.5, True)


def test_of_one_source_the_node_shows_all(client: Client) -> None:
    assert said_by(client, "placement:p1") == {
        "source:sheet": {
            "name": ("One", True),
            "status": ("COMPLETED", True),
            "hoursDone": (70.0, True),
            "portfolioSubmitted": (True, True),
        }
    }
    assert said_by(client, "placement:p2")["source:sheet"]["portfolioSubmitted"] == (False, True)


def test_a_source_says_where_and_is_described_by_its_own_node(client: Client) -> None:
    query = """{ partner(id: "partner:nobody") { provenance {
        sourceId locator loadedAt source { name licence provenance { sourceId } }
    } } }"""
    (source,) = client.data(query)["partner"]["provenance"]
    assert datetime.fromisoformat(source.pop("loadedAt"))
    assert source == {
        "sourceId": "source:register",
        "locator": "row 3",
        "source": {"name": "The register", "licence": "OGL", "provenance": [{"sourceId": "source:register"}]},
    }


def test_a_source_that_nothing_describes_is_still_named(new_store: Any) -> None:
    store: Store = new_store(CIVIC)
    changes.load(store, World((Said("source:a", {"Partner": [node("partner:x", "X")]}),)))
    query = '{ partner(id: "partner:x") { provenance { sourceId source { name } } } }'
    assert Client(store).data(query)["partner"]["provenance"] == [{"sourceId": "source:a", "source": None}]


def test_what_is_withdrawn_is_said_no_more(new_store: Any) -> None:
    store: Store = new_store(CIVIC)
    names = {"source:a": "A", "source:b": "B"}
    changes.load(store, World(tuple(Said(s, {"Partner": [node("partner:x", name)]}) for s, name in names.items())))
    client = Client(store)
    assert said_by(client, "partner:x") == {"source:a": {"name": ("A", True)}, "source:b": {"name": ("B", False)}}
    changes.withdraw(store, "source:a")
    assert said_by(client, "partner:x") == {"source:b": {"name": ("B", True)}}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.ANALYST])
def test_who_may_not_see_a_property_is_not_told_who_says_it(client: Client, role: Role) -> None:
    said = said_by(Client(client.store, role), "partner:acorn")
    names = {name for values in said.values() for name in values}
    assert ("postcode" in names) is (role is Role.ANALYST)
    assert {"name", "aliases", "status"} <= names


def test_where_in_a_source_is_not_for_everybody(client: Client) -> None:
    query = "{ partners(first: 1) { nodes { provenance { locator } } } }"
    assert Client(client.store, Role.PUBLIC).code(query) == "VALIDATION_FAILED"
    assert Client(client.store, Role.ANALYST).data(query)["partners"]["nodes"][0]["provenance"]


def test_provenance_of_provenance_is_bounded(client: Client) -> None:
    query = "{ partners(first: 1) { nodes { provenance { source { %s } } } } }"
    inner = "id"
    for _ in range(2):
        inner = f"provenance {{ source {{ {inner} }} }}"
    assert client.data(query % inner)
    for _ in range(8):
        inner = f"provenance {{ source {{ {inner} }} }}"
    assert client.code(query % inner) in ("TOO_DEEP", "TOO_COSTLY")
