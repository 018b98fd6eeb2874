"""Pages: how long they may be, where cursors lead, and which cursors are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.client import Client

PARTNERS = "query ($v: %s) { partners(%s: $v) { totalCount } }"


def cursor(client: Client, connection: str, order_by: str = "{name: ASC}") -> str:
    query = f"{{ {connection}(first: 1, orderBy: {order_by}) {{ pageInfo {{ endCursor }} }} }}"
    return str(client.data(query)[connection]["pageInfo"]["endCursor"])


def hexed(content: Any) -> str:
    return json.dumps(content).encode().hex()


@pytest.mark.parametrize(("argument", "size"), [("first", 101), ("first", -1), ("last", -1), ("last", 2**31 - 1)])
def test_a_page_has_up_to_100(client: Client, argument: str, size: int) -> None:
    literal = client.error(f"{{ partners({argument}: {size}) {{ totalCount }} }}")
    variable = client.error(PARTNERS % ("Int", argument), {"v": size})
    assert literal.pop("locations") != variable.pop("locations")
    assert literal == variable
    assert literal["extensions"]["code"] == "PAGE_SIZE"
    assert literal["message"] == f"{argument} is {size}; expected 0 to 100"


def test_groups_are_up_to_100_too(client: Client) -> None:
    assert client.code("{ partners { groups(by: TYPE, first: 101) { count } } }") == "PAGE_SIZE"
    assert client.code("{ partners { groups(by: []) { count } } }") == "BAD_INPUT"
    assert client.code("{ partners { groups(by: [TYPE, STATUS]) { count } } }") == "BAD_INPUT"


def test_first_and_last_together_are_refused(client: Client) -> None:
    assert client.code("{ partners(first: 1, last: 1) { totalCount } }") == "BAD_INPUT"


DEEP = "5b" * 5_000
JUNK = [
    "",
    DEEP,
    "x",
    "zz",
    "ff",
    hexed({"a": 1}),
    hexed([]),
    hexed([1]),
    hexed([[]]),
    hexed(["000000", "a", "b"]),
    "\ud800",
]


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_cursor_is_refused(client: Client, junk: str) -> None:
    assert client.code(PARTNERS % ("String", "after"), {"v": junk}) == "BAD_CURSOR"


@pytest.mark.parametrize(
    ("connection", "order_by"),
    [("boroughs", "{name: ASC}"), ("partners", "{name: DESC}"), ("partners", "{id: ASC}"), ("partners", "{type: ASC}")],
)
def test_a_cursor_of_another_order_is_refused(client: Client, connection: str, order_by: str) -> None:
    own, other = cursor(client, "partners"), cursor(client, connection, order_by)
    query = PARTNERS % ("String", "before")
    for sent, code in ((own, None), (other, "BAD_CURSOR"), (own, None), (other, "BAD_CURSOR")):
        body = client.ask(query, {"v": sent})
        assert body.get("errors", [{}])[0].get("extensions", {}).get("code") == code
    assert client.code(f'{{ partners(after: "{other}") {{ totalCount }} }}') == "BAD_CURSOR"


@pytest.mark.parametrize(
    "places", [[10**30, "x"], [-(2**63) - 1, "x"], [{}, "x"], ["x"], ["x", "y", "z"], [1e400, "x"], ["\ud800", "x"]]
)
def test_a_forged_cursor_is_refused_or_answered(client: Client, places: list[Any]) -> None:
    signature = json.loads(bytes.fromhex(cursor(client, "partners")))[0]
    body = client.ask(PARTNERS % ("String", "after"), {"v": hexed([signature, *places])})
    assert "data" in body or body["errors"][0]["extensions"]["code"] in ("BAD_CURSOR", "BAD_INPUT")


def test_a_walk_through_the_pages_meets_every_row_once(client: Client) -> None:
    for order_by in ("{name: DESC}", "{type: ASC}", "[{status: DESC}, {name: ASC}]", "{website: ASC}"):
        expected = ids(client.data(f"{{ partners(first: 100, orderBy: {order_by}) {{ nodes {{ id }} }} }}")["partners"])
        assert walk(client, order_by, "first", "after") == expected
        assert walk(client, order_by, "last", "before") == expected


def walk(client: Client, order_by: str, size: str, seek: str) -> list[str]:
    query = f"query ($c: String) {{ partners({size}: 3, {seek}: $c, orderBy: {order_by}) "
    query += "{ nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    forward, found, at = size == "first", [], None
    while True:
        page = client.data(query, {"c": at})["partners"]
        found = [*found, *ids(page)] if forward else [*ids(page), *found]
        at = page["pageInfo"]["endCursor" if forward else "startCursor"]
        if not page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]:
            return found


def ids(page: dict[str, Any]) -> list[str]:
    return [node["id"] for node in page["nodes"]]


@pytest.mark.parametrize(
    ("order_by", "place"),
    [("{name: ASC}", 5), ("{name: ASC}", True), ("{funding: ASC}", "5"), ("{funding: ASC}", True)],
)
def test_a_place_of_another_type_is_refused(client: Client, order_by: str, place: Any) -> None:
    query = f"query ($v: String) {{ projects(orderBy: {order_by}, after: $v) {{ nodes {{ id }} }} }}"
    made_for, value, node_id = json.loads(bytes.fromhex(cursor(client, "projects", order_by)))
    for junk in ([made_for, place, node_id], [made_for, value, 7]):
        assert client.code(query, {"v": hexed(junk)}) == "BAD_CURSOR"
    assert client.data(query, {"v": hexed([made_for, None, node_id])})
