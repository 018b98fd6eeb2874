"""Plans become the SQL that people would write, and SQLite finds its way by the indexes."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from graph.binding import bind
from graph.roles import Role
from graph.stores.sql_printed import sql_text
from graph.stores.sqlite import SQLiteStore
from schema import documents
from schema.planner import Planner
from tests.client import Client
from tests.pairs import PAIRS
from tests.traced import traced


@pytest.mark.parametrize("name", PAIRS)
def test_the_sql_is_the_golden_one(name: str) -> None:
    pair = PAIRS[name]
    pair.check("sql", sql_text(pair.sql))


@pytest.mark.parametrize("name", PAIRS)
def test_only_spaces_are_printed_otherwise(name: str) -> None:
    assert squeezed(sql_text(PAIRS[name].sql)) == squeezed(PAIRS[name].sql)


def squeezed(text: str) -> str:
    """A text without its spaces, to compare what only differs in them."""
    return re.sub(r"\s+", "", text)


# What SQLite makes of it


@pytest.fixture
def sqlite(client: Client) -> Client:
    if not isinstance(client.store, SQLiteStore):
        pytest.skip("only SQLite explains its SQL")
    client.data("{ __typename }")  # from here on it knows what was loaded
    return client


def explained(client: Client, query: str, variables: dict[str, Any] | None = None) -> list[str]:
    """What SQLite does to answer, a step a line."""
    store, schema = client.store, client.api.schema
    operation = documents.read(query, schema).operation(None)
    given = documents.coerced(operation, schema, variables or {})
    plan = Planner(store.model, schema, operation, given).plan()
    explained = asyncio.run(store.explain(store.compile(plan), bind(plan, given), Role.STEWARD))
    return [step.strip() for step in explained.steps]


def sorts(steps: list[str]) -> bool:
    return any("TEMP B-TREE" in step for step in steps)


def cursors(client: Client, order_by: str) -> tuple[str, str]:
    """Of the first and the last partner in an order."""
    edges = client.data(f"{{ partners(orderBy: {order_by}) {{ edges {{ cursor }} }} }}")["partners"]["edges"]
    return edges[0]["cursor"], edges[-1]["cursor"]


ORDERS = {
    "{name: ASC}": "SEARCH n0 USING INDEX Partner~name ((name,id)>(?,?))",
    "{name: DESC}": "SEARCH n0 USING INDEX Partner~name ((name,id)<(?,?))",
    "{id: ASC}": "SEARCH n0 USING PRIMARY KEY (id>?)",
    "{id: DESC}": "SEARCH n0 USING PRIMARY KEY (id<?)",
}
TURNED = {">": "<", "<": ">"}


@pytest.mark.parametrize("order_by", ORDERS)
def test_a_first_page_reads_the_index_in_order(sqlite: Client, order_by: str) -> None:
    for size in ("first: 5", "last: 5"):
        steps = explained(sqlite, f"{{ partners({size}, orderBy: {order_by}) {{ pageInfo {{ hasNextPage }} }} }}")
        assert not sorts(steps)
        steps = explained(sqlite, f"{{ partners(first: 5, orderBy: {order_by}) {{ nodes {{ website }} }} }}")
        assert not sorts(steps)


@pytest.mark.parametrize("order_by", ORDERS)
def test_a_later_page_searches_the_index_and_does_not_sort(sqlite: Client, order_by: str) -> None:
    start, _ = cursors(sqlite, order_by)
    steps = explained(
        sqlite,
        f"query ($c: String) {{ partners(first: 5, after: $c, orderBy: {order_by}) {{ nodes {{ website }} }} }}",
        {"c": start},
    )
    assert ORDERS[order_by] in steps
    assert not sorts(steps)


@pytest.mark.parametrize("order_by", ORDERS)
def test_a_page_before_a_cursor_searches_the_other_way(sqlite: Client, order_by: str) -> None:
    _, end = cursors(sqlite, order_by)
    steps = explained(
        sqlite,
        f"query ($c: String) {{ partners(last: 5, before: $c, orderBy: {order_by}) {{ nodes {{ website }} }} }}",
        {"c": end},
    )
    assert turned(ORDERS[order_by]) in steps
    assert sum("TEMP B-TREE" in step for step in steps) <= 1  # the page itself is turned round


def turned(step: str) -> str:
    return "".join(TURNED.get(letter, letter) for letter in step)


def test_what_lies_beyond_a_page_is_searched_too(sqlite: Client) -> None:
    start, _ = cursors(sqlite, "{name: ASC}")
    query = "query ($c: String) { partners(first: 5, after: $c) { pageInfo { hasNextPage hasPreviousPage } } }"
    steps = explained(sqlite, query, {"c": start})
    searched = [step for step in steps if "Partner~name" in step]
    assert len(searched) == 2
    assert all(step.startswith("SEARCH") for step in searched)


def test_a_total_without_conditions_counts_nothing(sqlite: Client) -> None:
    assert not any("Partner" in step for step in explained(sqlite, "{ partners { totalCount } }"))


@pytest.mark.parametrize(
    "query",
    [
        '{ partner(id: "partner:acorn") { name } }',
        '{ partner(id: "partner:acorn") { projects { nodes { name } } borough { name } } }',
        '{ borough(id: "borough:hackney") { basedPartners { nodes { name } } neighbours { nodes { name } } } }',
        '{ node(id: "partner:acorn") { id } nodes(ids: ["project:garden"]) { ... on Entity { name } } }',
        '{ boroughs(where: {gssCode: {eq: "E1"}}) { nodes { name } } }',
    ],
)
def test_nothing_is_read_from_end_to_end(sqlite: Client, query: str) -> None:
    scans = [step for step in explained(sqlite, query) if step.startswith(("SCAN n", "SCAN e"))]
    assert scans == []


def test_a_rare_relation_is_found_from_its_end(sqlite: Client) -> None:
    query = '{ partners(where: {borough: {name: {eq: "Hackney"}}}) { totalCount } }'
    assert any("BASED_IN_Borough~back" in step for step in explained(sqlite, query))


def test_a_search_reads_its_index(sqlite: Client) -> None:
    steps = explained(sqlite, '{ search(text: "acorn", first: 3) { totalCount nodes { name } } }')
    assert "SCAN f VIRTUAL TABLE INDEX 0:M1" in steps
    assert "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)" in steps


# One operation, one statement

NESTED = """{
    partners(first: 3, where: {status: {ne: ENDED}}) {
        totalCount
        groups(by: STATUS) { keys { value } count }
        nodes { name borough { name neighbours { nodes { name } } } projects { edges { role node { name } } } }
        pageInfo { hasNextPage endCursor }
    }
    graph { version counts { name count } }
    nodes(ids: ["partner:acorn", "project:garden"]) { ... on Entity { name } }
    __type(name: "Partner") { name }
}"""


def test_an_operation_is_one_statement(sqlite: Client) -> None:
    for client in (Client(sqlite.store), sqlite):
        with traced(client.store) as statements:
            client.data(NESTED)
        assert len(statements) == 1


def test_a_question_about_the_schema_is_none(sqlite: Client) -> None:
    with traced(sqlite.store) as statements:
        sqlite.data("{ __schema { types { name } } }")
    assert statements == []
