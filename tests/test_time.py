"""Relations as they were on a day: since included, until excluded, each to the year, the month or the day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import changes
from graph.binding import bind
from graph.civic import CIVIC
from graph.plan import Convert, Param, Plan
from graph.store import Store
from tests.client import Client
from tests.world import Said, World, link, node

DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
FIRST = date(2020, 1, 1)


def first_day(text: str) -> date:
    return date(*[*map(int, text.split("-")), 1, 1][:3])


@given(DAYS, DAYS, st.sampled_from((4, 7, 10)))
def test_a_date_compares_with_a_day_as_its_first_day_does(known: date, day: date, precision: int) -> None:
    text = known.isoformat()[:precision]
    assert (text <= day.isoformat()) == (first_day(text) <= day)


def test_dates_that_lie_close_compare_so_too() -> None:
    for days in range(-800, 800):
        day = FIRST + timedelta(days)
        for text in ("2019", "2020", "2021", "2019-12", "2020-01", "2020-02", "2019-12-31", "2020-01-01", "2020-02-29"):
            assert (text <= day.isoformat()) == (first_day(text) <= day)


SPANS: dict[str, tuple[str | None, str | None]] = {
    "always": (None, None),
    "since": ("2020", None),
    "until": (None, "2020-03"),
    "between": ("2019-12-31", "2020-02-29"),
    "never": ("2020", "2020-01"),
}
HELD = {
    "2019-12-30": {"always", "until"},
    "2019-12-31": {"always", "until", "between"},
    "2020-01-01": {"always", "until", "between", "since"},
    "2020-02-28": {"always", "until", "between", "since"},
    "2020-02-29": {"always", "until", "since"},
    "2020-03-01": {"always", "since"},
}


@pytest.fixture(scope="module")
def spans(new_store: Any) -> Client:
    store: Store = new_store(CIVIC)
    rows = {
        "Borough": [node("borough:b", "B", gssCode="b")],
        "Partner": [node(f"partner:{name}", name) for name in SPANS],
        "Partner_BASED_IN_Borough": [
            link(f"partner:{name}", "borough:b", since=since, until=until) for name, (since, until) in SPANS.items()
        ],
    }
    changes.load(store, World((Said("source:a", rows),)))
    return Client(store)


@pytest.mark.parametrize("day", HELD)
def test_a_relation_holds_from_its_first_day_until_its_last_is_over(spans: Client, day: str) -> None:
    query = """query ($day: Date!) {
        borough(id: "borough:b", asOf: $day) { basedPartners { totalCount nodes { name } } }
        partners(asOf: $day, where: {borough: {}}) { totalCount nodes { name borough { name } } }
        all: partners(asOf: $day) { nodes { name borough { id } } groups(by: [BOROUGH]) { count keys { value } } }
    }"""
    answer = spans.data(query, {"day": day})
    held = HELD[day]
    assert {partner["name"] for partner in answer["borough"]["basedPartners"]["nodes"]} == held
    assert {partner["name"] for partner in answer["partners"]["nodes"]} == held
    assert answer["borough"]["basedPartners"]["totalCount"] == answer["partners"]["totalCount"] == len(held)
    assert {partner["name"] for partner in answer["all"]["nodes"] if partner["borough"]} == held
    assert {group["keys"][0]["value"]: group["count"] for group in answer["all"]["groups"]}["borough:b"] == len(held)


def test_without_a_day_nothing_is_left_out(spans: Client) -> None:
    for query in ('{ borough(id: "borough:b") %s }', '{ borough(id: "borough:b", asOf: null) %s }'):
        answer = spans.data(query % "{ basedPartners { totalCount } }")
        assert answer["borough"]["basedPartners"]["totalCount"] == len(SPANS)


def test_the_one_that_is_followed_is_the_latest_of_those_that_hold(client: Client) -> None:
    query = '{ partner(id: "partner:acorn", asOf: "%s") { borough { name } } }'
    found = {day: client.data(query % day)["partner"]["borough"] for day in ("2018-12-31", "2020-06-01", "2021-01-01")}
    assert found == {"2018-12-31": None, "2020-06-01": {"name": "Hackney"}, "2021-01-01": {"name": "Newham"}}


@pytest.mark.parametrize("given_date", ["2021", "2021-03"])
def test_a_day_is_asked_for(client: Client, given_date: str) -> None:
    query = "query ($day: Date) { partners(asOf: $day) { totalCount } }"
    literal = client.error(f'{{ partners(asOf: "{given_date}") {{ totalCount }} }}')
    for error in (client.error(query, {"day": given_date}), literal):
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert ("locations" in error) == (error is literal)
        assert error["message"] == f"{given_date} is no single day; expected its year, month and day, as in 2021-03-04"


@pytest.mark.parametrize(
    "given_date", ["2021-02-29", "2021-02-31", "2021-13", "0000", "２０２１", "20210304", "2021-W01"]
)
def test_a_date_is_one_of_the_calendar(client: Client, given_date: str) -> None:
    for query in (
        "{ partners(asOf: $day) { totalCount } }",
        "{ projects(where: {startDate: {lt: $day}}) { totalCount } }",
    ):
        literal = client.error(query.replace("$day", f'"{given_date}"'))
        given = client.error(f"query ($day: Date) {query}", {"day": given_date})
        assert [e["extensions"]["code"] for e in (literal, given)] == ["VALIDATION_FAILED", "BAD_INPUT"]
        for error in (literal, given):
            assert f"Date cannot represent {given_date!r}; expected a date of the calendar" in error["message"]


@given(DAYS)
def test_every_day_is_taken(day: date) -> None:
    param = Param("p0", literal=day.isoformat(), convert=Convert.DAY)
    assert bind(Plan(None, (param,)), {}) == {"p0": day.isoformat()}  # type: ignore[arg-type]
