"""What one operation may ask for: as much as is said is answered, one more is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from graph import plan as p
from graph.civic import CIVIC
from graph.errors import PageSize
from graph.model import ID
from graph.plan import Obj, Plan, Value
from graph.roles import Role
from schema import documents, limits
from schema.api import API
from schema.expansion import Expansion
from schema.planner import Planner
from tests.bombs import REPEATED, branched, circled, doubled, given, unknown
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


@pytest.mark.parametrize("times", [5, 50, 99])
def test_fragments_spread_again_in_an_object_count_once(client: Client, times: int) -> None:
    assert client.data(doubled(times)) == {"__typename": "Query"}
    assert size(planned(client, doubled(times)).value) == 1


@pytest.mark.parametrize("again", [doubled, given, unknown])
def test_a_hundred_fragments_are_defined_and_no_more(client: Client, again: Callable[[int], str]) -> None:
    assert client.ask(again(99)).get("errors", [{}])[0].get("extensions", {}).get("code") != "TOO_COSTLY"
    for times in (100, 150):
        error = client.error(again(times))
        assert error["extensions"]["code"] == "TOO_COSTLY"
        assert f"{times + 1} fragments" in error["message"]
    twice = doubled(99) + " fragment F0 on Query { __typename }"
    assert "101 fragments" in client.error(twice)["message"]


@pytest.mark.parametrize("times", [10, 20, 50])
def test_fragments_that_multiply_are_refused_by_looking_at_each_once(
    client: Client, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    look = Expansion._open
    monkeypatch.setattr(Expansion, "_open", lambda self, object: opened.append(object) or look(self, object))
    monkeypatch.delattr(documents, "validate")
    assert client.code(branched(times)) == "TOO_COSTLY"
    assert len(opened) <= 4 * times + 3


def test_fragments_that_multiply_a_little_are_answered(client: Client) -> None:
    query = branched(3)
    assert size(planned(client, query).value) <= limits.MAX_VALUES
    assert client.data(query)["boroughs"]["nodes"]


def aliased(number: int) -> str:
    return " ".join(f"a{i}: __typename" for i in range(number))


def test_fifteen_aliases_are_used_and_no_more(client: Client) -> None:
    assert len(client.data(f"{{ {aliased(15)} }}")) == 15
    assert client.code(f"{{ {aliased(16)} }}") == "TOO_COSTLY"
    fragment = f"fragment F on Borough {{ {aliased(8)} }}"
    assert client.data(f"{{ boroughs {{ nodes {{ ...F }} }} }} {fragment}")
    assert client.code(f"{{ boroughs {{ nodes {{ ...F }} edges {{ node {{ ...F }} }} }} }} {fragment}") == "TOO_COSTLY"


def test_ten_directives_are_used_and_no_more(client: Client) -> None:
    def skipping(number: int) -> str:
        return "... @include(if: true) { __typename } " * number

    assert client.data(f"{{ {skipping(10)} }}") == {"__typename": "Query"}
    assert client.code(f"{{ {skipping(11)} }}") == "TOO_COSTLY"
    fragment = f"fragment F on Query {{ {skipping(5)} }}"
    assert client.data(f"{{ ...F ...F }} {fragment}")
    assert client.code(f"{{ ...F ...F @include(if: true) }} {fragment}") == "TOO_COSTLY"


def test_operations_of_a_document_are_counted_by_themselves(client: Client) -> None:
    several = f"query A {{ {aliased(10)} }} query B {{ {aliased(10)} }}"
    assert len(client.data(several, None, "A")) == 10


@pytest.mark.parametrize("times", [5, 20, 50, 150])
def test_an_alias_in_a_fragment_that_doubles_counts_each_time(client: Client, times: int) -> None:
    query = doubled(times).replace("{ __typename }", "{ a: __typename }")
    error = client.error(query)
    assert (error["extensions"]["code"], "15 aliases" in error["message"]) == ("TOO_COSTLY", True)


@pytest.mark.parametrize("query", REPEATED.values(), ids=REPEATED)
def test_what_is_repeated_too_often_is_not_validated(
    client: Client, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take validation up to seconds, which compares each with each."""
    validated: list[object] = []
    monkeypatch.setattr(documents, "validate", lambda *arguments, **options: validated.append(arguments) or [])
    assert client.code(query) == "TOO_COSTLY"
    assert not validated


@pytest.mark.parametrize("length", [1, 2, 150])
def test_fragments_in_a_circle_are_refused(client: Client, length: int) -> None:
    error = client.error(circled(length))
    assert error["extensions"]["code"] == "VALIDATION_FAILED"
    assert "within itself" in error["message"]


def test_a_hundred_of_one_is_read(client: Client) -> None:
    assert client.data("{ %s }" % ("__typename " * 100)) == {"__typename": "Query"}
    assert client.code("{ %s }" % ("__typename " * 101)) == "TOO_COSTLY"


@pytest.mark.parametrize("number", ["2147483647", "100001", "-1", "9" * 5_000])
def test_no_number_passes_over_more_groups(client: Client, number: str) -> None:
    query = "{ partners { groups(by: [BOROUGH], offset: %s) { count } } }"
    assert client.code(query % number) in ("BAD_INPUT", "VALIDATION_FAILED")
    assert client.data(query % 100_000) == {"partners": {"groups": []}}


@pytest.mark.parametrize("number", ["2147483647", "101", "-1", "9" * 5_000])
def test_no_number_makes_a_page_larger(client: Client, number: str) -> None:
    assert client.code(f"{{ partners(first: {number}) {{ totalCount }} }}") in ("PAGE_SIZE", "VALIDATION_FAILED")


# Plans that no document became


def page(limit: Any) -> p.Value:
    return p.Page(CIVIC.kind("Partner"), None, p.AllOf(), (), limit, False, None, None, p.Rows(p.Get(ID)))


def groups(limit: Any) -> p.Value:
    return p.Groups(p.By(CIVIC.kind("Partner").columns[1]), limit, p.GroupCount())


def around(limit: Any) -> p.Walk:
    kinds, made = CIVIC.kinds, p.Param("made")
    return p.Around(p.Param("of"), 1, kinds, (), None, limit, made, made, made)


@pytest.mark.parametrize("limit", [101, 2**31 - 1, -1, 10**400, "1", "1 UNION SELECT 1", 1.0, True, None])
@pytest.mark.parametrize("made", [page, groups, around])
def test_no_plan_can_be_made_for_a_larger_page(made: Callable[[Any], object], limit: object) -> None:
    with pytest.raises(PageSize, match="limit is"):
        made(limit)
    assert made(100)
    with pytest.raises(PageSize):
        replace(made(100), limit=limit)  # type: ignore[type-var]


def test_every_store_cuts_lists_that_it_is_given_by_hand(client: Client) -> None:
    given = p.Param("given")

    def listed(value: p.Value, items: list[Any]) -> list[Any]:
        plan = Plan(Obj((("found", value),)), (given,))
        found = asyncio.run(client.store.run(client.store.compile(plan), {"given": items}, Role.STEWARD))
        rows: list[Any] = json.loads(found.data)["found"]
        return rows

    ids = [f"borough:{number}" for number in range(150)]
    assert listed(p.Lookup(given, True, ((CIVIC.kind("Borough"), p.Get(ID)),)), ids) == [None] * 100
    assert listed(p.Computed(given, (ID,), p.Get(ID)), [[i] for i in ids]) == ids
    many = [[str(number)] for number in range(10_500)]
    assert listed(p.Computed(given, (ID,), p.Get(ID)), many) == [str(number) for number in range(10_000)]


# What else there is


WRONG = {
    "field": ("{ partnerz { totalCount } }", {}),
    "argument": ("{ partners(frist: 1) { totalCount } }", {}),
    "value": ("{ partners(where: {status: {eq: ACTIV}}) { totalCount } }", {}),
    "type": ("{ ... on Partners { id } }", {}),
    "variable": (WHERE, {"v": {"nam": {"eq": "x"}}}),
    "value of a variable": (WHERE, {"v": {"status": {"eq": "ACTIV"}}}),
}


@pytest.mark.parametrize(("query", "variables"), WRONG.values(), ids=WRONG)
def test_what_else_there_is_is_said_to_those_who_may_know(client: Client, query: str, variables: Variables) -> None:
    errors = json.dumps(client.ask(query, variables))
    assert "Did you mean" in errors or "type" in query
    silent = API(client.store, Role.PUBLIC)
    told = asyncio.run(silent.execute(query, variables)).body.decode()
    assert '"errors"' in told
    assert "Did you mean" not in told
