"""Whatever is sent, the answer is data or errors, and nothing is raised."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.answers import Answer
from tests.client import Client
from tests.garbage import FLAT, HEXED, NUMBERS, ODD, SENT, WORDS, written

UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


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


@pytest.mark.parametrize("query", SENT, ids=[re.sub(r".*?\{", "", query, count=1)[:40] for query in SENT])
def test_no_odd_value_breaks_it(client: Client, query: str) -> None:
    for value in [*FLAT, *([item] for item in FLAT), FLAT[:3]]:
        assert json.loads(sent(client, query, {"v": value}).body).keys() in ({"data"}, {"errors"})


@pytest.mark.parametrize("query", SENT, ids=[re.sub(r".*?\{", "", query, count=1)[:40] for query in SENT])
def test_no_value_of_a_document_breaks_it(client: Client, query: str) -> None:
    @settings(max_examples=100, **UNHURRIED)
    @given(ODD)
    def test(value: Any) -> None:
        assert json.loads(sent(client, written(query, value)).body).keys() in ({"data"}, {"errors"})

    test()


@pytest.mark.parametrize("order", ["[{name: ASC}]", "[{funding: DESC}]", "[{startDate: ASC}, {id: DESC}]"])
def test_no_cursor_breaks_it(client: Client, order: str) -> None:
    query = f"query ($v: String) {{ projects(orderBy: {order}, %s: $v) {{ pageInfo {{ endCursor }} nodes {{ id }} }} }}"
    made = client.data(query % "after", {"v": None})["projects"]["pageInfo"]["endCursor"]
    made_for, *places = json.loads(bytes.fromhex(made))

    @settings(max_examples=100, **UNHURRIED)
    @given(HEXED, st.lists(ODD, min_size=len(places), max_size=len(places)))
    def test(hexed: str, other: list[Any]) -> None:
        for cursor in (hexed, json.dumps([made_for, *other]).encode().hex()):
            for argument in ("after", "before"):
                answer = json.loads(sent(client, query % argument, {"v": cursor}).body)
                assert "data" in answer or answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"

    test()


@pytest.mark.parametrize("number", NUMBERS, ids=[number[:8] for number in NUMBERS])
def test_no_number_of_a_document_breaks_it(client: Client, number: str) -> None:
    for place in ("eq: %s", "in: [%s]", "in: [1, %s]", "gt: 0, lt: %s"):
        query = f"{{ projects(where: {{funding: {{{place % number}}}}}) {{ totalCount }} }}"
        assert json.loads(sent(client, query).body).keys() in ({"data"}, {"errors"})


@settings(max_examples=500, **UNHURRIED)
@given(document=st.text(max_size=20) | st.lists(st.sampled_from(WORDS), max_size=15).map("".join))
def test_no_document_breaks_it(client: Client, document: str) -> None:
    assert json.loads(sent(client, document).body).keys() in ({"data"}, {"errors"})
