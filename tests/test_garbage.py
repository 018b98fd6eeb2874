"""Whatever is sent, the answer is data or errors, and nothing is raised."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.errors import Answer
from tests.client import Client

UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
PARTNERS = "query ($v: %s) { partners(%s: $v) { totalCount } }"
NAMES = ["and", "or", "not", "name", "status", "eq", "in", "gt", "isNull", "projects", "some", "edge", "id", "x"]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["\ud800", "\0", "ASC", "ACTIVE", "partner:acorn", "2020", 2**63, 10**400, -0.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
SENT = [
    PARTNERS % ("Int", "first"),
    PARTNERS % ("Int!", "last"),
    PARTNERS % ("String", "after"),
    PARTNERS % ("PartnerWhere", "where"),
    PARTNERS % ("[PartnerOrder!]", "orderBy"),
    "query ($v: ID!) { node(id: $v) { ... on Entity { name } } }",
    "query ($v: ID!) { nodes(ids: [$v]) { ... on Entity { name } } }",
    "query ($v: [ID!]!) { nodes(ids: $v) { ... on Entity { name } } }",
    "query ($v: String) { partners(where: {name: {eq: $v, containsIgnoreCase: $v, startsWith: $v}}) { totalCount } }",
    "query ($v: [String!]) { partners(where: {name: {in: $v}}) { totalCount } }",
    "query ($v: String!) { partners(where: {name: {in: [$v]}, aliases: {has: $v}}) { totalCount } }",
    "query ($v: Float) { projects(where: {funding: {eq: $v}}) { totalCount } }",
    "query ($v: [Float!]) { projects(where: {funding: {in: $v}}) { totalCount } }",
    "query ($v: Date) { projects(where: {startDate: {lt: $v}}) { totalCount } }",
    "query ($v: Boolean!) { partners @include(if: $v) { totalCount } }",
    "query ($v: PartnerProjectsFilter) { partners(where: {projects: $v}) { totalCount } }",
    "query ($v: [PartnerGroupBy!]!) { partners { groups(by: $v) { count } } }",
    "query ($v: SortDirection) { partners(orderBy: [{name: $v}]) { totalCount } }",
    "query ($v: String!) { __type(name: $v) { name } }",
]


def sent(client: Client, query: str, variables: dict[str, Any] | None = None) -> Answer:
    """The answer. What is raised is told in ASCII: workers cannot pass on text that is none."""
    try:
        return client.answer(query, variables)
    except Exception as error:
        raise AssertionError(f"{error!a} was raised by {query!a} with {variables!a}") from None


@pytest.mark.parametrize("query", SENT, ids=[re.sub(r".*?\{", "", query, count=1)[:40] for query in SENT])
def test_no_variables_break_it(client: Client, query: str) -> None:
    @settings(max_examples=150, **UNHURRIED)
    @given(st.dictionaries(st.sampled_from(["v", "v", "w"]), ODD, max_size=2))
    def test(variables: dict[str, Any]) -> None:
        answer = sent(client, query, variables)
        body = json.loads(answer.body)
        assert body.keys() in ({"data"}, {"errors"})
        assert answer.status == (200 if "data" in body else 400)

    test()


FLAT = ["\ud800", "a\ud800b", "\0", "", "x" * 100_000, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0, True, None]


@pytest.mark.parametrize("query", SENT, ids=[re.sub(r".*?\{", "", query, count=1)[:40] for query in SENT])
def test_no_odd_value_breaks_it(client: Client, query: str) -> None:
    for value in [*FLAT, *([item] for item in FLAT), FLAT[:3]]:
        assert json.loads(sent(client, query, {"v": value}).body).keys() in ({"data"}, {"errors"})


NUMBERS = ["1e999", "-1e999", "1e-999", "9" * 400, "-" + "9" * 400, "0.1e1", "-0", "1E+5", "0.00000000000000000001"]


@pytest.mark.parametrize("number", NUMBERS, ids=[number[:8] for number in NUMBERS])
def test_no_number_of_a_document_breaks_it(client: Client, number: str) -> None:
    for place in ("eq: %s", "in: [%s]", "in: [1, %s]", "gt: 0, lt: %s"):
        query = f"{{ projects(where: {{funding: {{{place % number}}}}}) {{ totalCount }} }}"
        assert json.loads(sent(client, query).body).keys() in ({"data"}, {"errors"})


WORDS = ["...", "on", "query", "fragment", "partners", "first", "id", "1", "null", *'{}()[]!$:@|.#"\\ \n']


@settings(max_examples=500, **UNHURRIED)
@given(document=st.text(max_size=20) | st.lists(st.sampled_from(WORDS), max_size=15).map("".join))
def test_no_document_breaks_it(client: Client, document: str) -> None:
    assert json.loads(sent(client, document).body).keys() in ({"data"}, {"errors"})
