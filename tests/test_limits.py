"""What one operation may ask for: as much as is said is answered, one more is refused."""

from __future__ import annotations

from typing import Any

import pytest

from graph.plan import Obj, Plan, Value
from graph.roles import Role
from schema import documents, limits
from schema.planner import Planner
from tests.client import Client

Variables = dict[str, Any]
WHERE = "query ($v: PartnerWhere) { partners(where: $v) { totalCount } }"


def nested(inner: str, outer: str, times: int) -> str:
    """A text put into another, so many times."""
    for _ in range(times):
        inner = outer % inner
    return inner


def pages(depth: int) -> str:
    """Relations followed so many times, a row each."""
    return nested("{ nodes { id } }", "{ nodes { neighbours(first: 1) %s } }", depth)


def test_ten_relations_in_a_row_are_followed_and_no_more(client: Client) -> None:
    assert client.data(f"{{ boroughs(first: 1) {pages(10)} }}")
    assert client.code(f"{{ boroughs(first: 1) {pages(11)} }}") == "TOO_DEEP"
    assert client.data(f"{{ units(first: 1) {{ nodes {nested('{ id }', '{ parent %s }', 10)} }} }}")
    assert client.code(f"{{ units(first: 1) {{ nodes {nested('{ id }', '{ parent %s }', 11)} }} }}") == "TOO_DEEP"
    fragment = f"fragment F on Borough {nested('{ id }', '{ neighbours(first: 1) { nodes %s } }', 11)}"
    assert client.code(f'{{ node(id: "borough:hackney") {{ ...F }} }} {fragment}') == "TOO_DEEP"


STEPS = {
    "some": ("boroughs", ["{neighbours: {some: %s}}"]),
    "none": ("boroughs", ["{neighbours: {none: %s}}"]),
    "every": ("boroughs", ["{neighbours: {every: %s}}"]),
    "to one": ("units", ["{parent: %s}"]),
    "not to one": ("units", ["{not: {parent: %s}}"]),
    "every other or": ("boroughs", ['{or: [{name: {eq: "Camden"}}, {neighbours: {every: %s}}]}']),
    "mixed": ("boroughs", ["{neighbours: {every: %s}}", "{neighbours: {some: %s}}", "{neighbours: {none: %s}}"]),
    "to one and back": ("boroughs", ["{basedPartners: {every: %s}}", "{borough: %s}"]),
    "three at a time": (
        "boroughs",
        ["{and: [{neighbours: {some: %s}}, {neighbours: {some: {}}}, {projects: {none: {}}}]}"],
    ),
}


@pytest.mark.parametrize("steps", STEPS)
def test_conditions_follow_relations_so_far_too(steps: str, client: Client) -> None:
    field, outer = STEPS[steps]

    def query(depth: int) -> str:
        where = '{name: {ne: "Hackney"}}'
        for step in reversed(range(depth)):
            where = outer[step % len(outer)] % where
        return f"{{ {field}(where: {where}) {{ totalCount nodes {{ id }} }} }}"

    assert client.data(query(10))
    assert client.code(query(11)) == "TOO_DEEP"


def test_conditions_nest_thirty_levels_and_no_more(client: Client) -> None:
    def where(depth: int) -> Variables:
        found: Variables = {"name": {"eq": "Acorn"}}
        for _ in range(depth):
            found = {"not": found}
        return {"v": found}

    assert client.data(WHERE, where(30))["partners"]["totalCount"] == 2
    assert client.code(WHERE, where(31)) == "TOO_DEEP"
    for depth in (100, 1_000, 10_000):
        assert client.code(WHERE, where(depth)) in ("TOO_DEEP", "BAD_INPUT", "TOO_LARGE")


def test_the_most_that_is_allowed_is_answered(client: Client) -> None:
    """SQLite has limits of its own; ours come first."""
    body = nested("{ nodes { id } }", "{ edges { cursor node { neighbours(first: 1, where: $v) %s } } }", 10)
    deep = f"query ($v: BoroughWhere) {{ boroughs(first: 1, where: $v) {body} }}"
    where: Variables = {"name": {"ne": "x"}}
    for _ in range(15):
        where = {"not": {"and": [where, {}]}}
    assert client.data(deep, {"v": where})
    wide = {"or": [{"name": {"ne": str(number)}} for number in range(500)]}
    assert client.data(f"query ($v: BoroughWhere) {{ boroughs(first: 1, where: $v) {pages(10)} }}", {"v": wide})


def test_five_hundred_conditions_are_read_and_no_more(client: Client) -> None:
    query = "query ($v: [PartnerWhere!]) { partners(where: {or: $v}) { totalCount } }"

    def among(number: int) -> Variables:
        return {"v": [{"name": {"eq": f"{i}"}} for i in range(number - 1)] + [{"name": {"eq": "Acorn"}}]}

    assert client.data(query, among(500))["partners"]["totalCount"] == 2
    for number in (501, 1_000, 20_000):
        assert client.code(query, among(number)) in ("TOO_COSTLY", "TOO_LARGE")
    assert client.code(query, {"v": [{}] * 20_000}) in ("TOO_COSTLY", "TOO_LARGE")


def test_in_takes_thousands_of_values(client: Client) -> None:
    query = "query ($v: [String!]) { partners(where: {name: {in: $v}}) { totalCount } }"
    assert client.data(query, {"v": [*map(str, range(5_000)), "Acorn"]})["partners"]["totalCount"] == 2


def test_rows_are_counted_before_they_are_asked_for(client: Client) -> None:
    def query(size: int) -> str:
        body = "{ nodes { projects(first: %d) { nodes { partners(first: 50) { totalCount } } } } }"
        return f"{{ partners(first: 100) {body % size} }}"

    assert client.data(query(9))
    error = client.error(query(100))
    assert error["extensions"]["code"] == "TOO_COSTLY"
    assert "50,000" in error["message"]


@pytest.mark.parametrize(
    ("role", "most"), [(Role.PUBLIC, 5_000), (Role.ANALYST, 20_000), (Role.STEWARD, 50_000), (Role.ADMIN, 50_000)]
)
def test_rows_are_counted_by_role(client: Client, role: Role, most: int) -> None:
    caller = Client(client.store, role)
    pages = most // 100 // 50  # of a hundred partners with one project each and forty-eight more

    def query(more: int) -> str:
        some = " ".join(
            f"p{n}: partners(first: 100) {{ nodes {{ projects(first: {49 if n else 49 + more}) {{ totalCount }} }} }}"
            for n in range(pages)
        )
        return f"{{ {some} }}"

    assert "data" in caller.ask(query(0))
    error = caller.error(query(1))
    assert (error["extensions"]["code"], f"at most {most:,}" in error["message"]) == ("TOO_COSTLY", True)


def test_what_else_there_is_is_not_suggested_to_who_has_no_token(client: Client) -> None:
    asked: list[tuple[str, Variables]] = [
        ("{ partnerz { totalCount } }", {}),
        ("{ partners(where: {nam: {}}) { totalCount } }", {}),
        (WHERE, {"v": {"nam": {}}}),
        (WHERE, {"v": {"status": {"eq": "ACTIV"}}}),
    ]
    for query, variables in asked:
        assert "Did you mean" in client.error(query, variables)["message"]
        assert "Did you mean" not in str(Client(client.store, Role.PUBLIC).ask(query, variables))


def test_a_hundred_ids_are_looked_up_and_no_more(client: Client) -> None:
    query = "query ($v: [ID!]!) { nodes(ids: $v) { id } }"
    assert client.data(query, {"v": ["x"] * 100}) == {"nodes": [None] * 100}
    assert client.data(query, {"v": []}) == {"nodes": []}
    assert client.code(query, {"v": ["x"] * 101}) == "BAD_INPUT"
    for number in (100, 101, 100):  # the number is told from the plan
        assert ("errors" in client.ask(query, {"v": ["y"] * number})) is (number > 100)


def test_five_hundred_fields_of_an_object_are_shown_and_no_more(client: Client) -> None:
    def fields(number: int) -> str:
        return "{ " + " ".join(f"a{i}: name" for i in range(number)) + " }"

    assert len(client.data(f'{{ partner(id: "partner:acorn") {fields(500)} }}')["partner"]) == 500
    assert client.code(f'{{ partner(id: "partner:acorn") {fields(501)} }}') == "TOO_COSTLY"


# Fragments that open into many


def planned(client: Client, query: str) -> Plan:
    schema = client.api.schema
    operation = documents.read(query, schema).operation(None)
    return Planner(client.store.model, schema, operation, {}).plan()


def size(value: Value) -> int:
    """How many values a plan holds."""
    if isinstance(value, Obj):
        return sum(1 + size(inner) for _, inner in value.fields)
    inner = getattr(value, "value", None)
    return size(inner) if isinstance(inner, Value) else 0


def doubled(times: int) -> str:
    """A fragment that spreads the next twice, and so on, in the same object."""
    chain = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(times))
    return f"{{ ...F0 }} {chain} fragment F{times} on Query {{ __typename }}"


def spread(by: int, fragment: int) -> str:
    return " ".join(f"{letter}: nodes {{ ...F{fragment} }}" for letter in "abcdefgh"[:by])


def multiplied(times: int, by: int) -> str:
    """A fragment that asks for the next under several names, one relation further."""
    chain = [f"fragment F{i} on Borough {{ neighbours(first: 1) {{ {spread(by, i + 1)} }} }}" for i in range(times)]
    return f"{{ boroughs(first: 1) {{ nodes {{ ...F0 }} }} }} {' '.join(chain)} fragment F{times} on Borough {{ id }}"


@pytest.mark.parametrize("times", [5, 50, 150])
def test_fragments_spread_again_in_an_object_count_once(client: Client, times: int) -> None:
    assert client.data(doubled(times)) == {"__typename": "Query"}
    assert size(planned(client, doubled(times)).value) == 1


@pytest.mark.parametrize(("times", "by"), [(9, 3), (9, 4), (9, 8), (6, 8)])
def test_fragments_that_multiply_are_refused(client: Client, times: int, by: int) -> None:
    assert client.code(multiplied(times, by)) == "TOO_COSTLY"


def test_fragments_that_multiply_a_little_are_answered(client: Client) -> None:
    query = multiplied(3, 2)
    assert size(planned(client, query).value) <= limits.MAX_VALUES
    assert client.data(query)["boroughs"]["nodes"]


def test_wide_fragments_are_counted_as_opened(client: Client) -> None:
    wide = "fragment F on Partner { " + " ".join(f"a{i}: name" for i in range(100)) + " }"
    spread = " ".join(f"p{i}: nodes {{ ...F }}" for i in range(60))
    assert client.code(f"{{ partners {{ {spread} }} }} {wide}") == "TOO_COSTLY"
