"""How answers come about: told to stewards, of every statement, without what anybody looked up."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from graph.binding import bind
from graph.civic import CIVIC
from graph.errors import Forbidden
from graph.model import Model
from graph.roles import Role
from graph.stores import open_store
from graph.stores.cypher_printed import steps
from graph.stores.sqlite import SQLiteStore
from schema import documents
from schema.api import API
from schema.planner import Planner
from schema.trusted import Documents, trusted
from schema.types import executable
from server.app import create_app
from server.callers import Callers
from server.tokens import Tokens
from tests.client import Client
from tests.traced import traced
from tests.visitor import Visitor, visiting

QUERY = """query ($b: String) {
    partners(first: 3, where: {borough: {name: {eq: $b}}}) { nodes { name borough { id } } }
}"""
PATH = '{ path(from: "borough:kensington", to: "challenge:poverty", maxHops: 5) { node { id } relation } }'
EXPLAIN = {"extensions": {"explain": True}}
HEADER = {"x-civic-graph-explain": "true"}
SECRET = "Ada.Lovelace@example.org"


@pytest.fixture
def fresh(client: Client) -> Client:
    """Asks the same store, by an API to which nothing is known yet."""
    return Client(client.store)


def asked(client: Client, query: str, variables: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """The data of an answer and its explanation."""
    body = json.loads(asyncio.run(client.api.answer(query, variables, explains=True)).body)
    assert list(body) == ["data", "extensions"]
    assert list(body["extensions"]) == ["explain"]
    return body["data"], body["extensions"]["explain"]


@pytest.mark.parametrize("query", [QUERY, PATH, "{ graph { version } __schema { queryType { name } } }"])
def test_what_is_explained_is_the_answer(fresh: Client, query: str) -> None:
    variables = {"b": "Hackney"} if query == QUERY else {}
    assert asked(fresh, query, variables)[0] == fresh.data(query, variables)


ALIKE = """{ search(text: "garden acorn trees") { totalCount }
    nodes(ids: ["borough:hackney", "partner:acorn", "project:garden"]) {
        ... on Borough { projects { totalCount } }
        ... on Partner { projects { nodes { id } } }
        ... on Project { projects: partners { edges { node { id } } } }
} }"""


def test_kinds_may_show_different_things_by_one_name(client: Client) -> None:
    data, told = asked(client, ALIKE)
    of_borough, of_partner, of_project = (node["projects"] for node in data["nodes"])
    assert of_borough.keys() == {"totalCount"}
    assert told["rows"] == 3 + len(of_partner["nodes"]) + len(of_project["edges"])
    assert of_partner["nodes"]
    assert of_project["edges"]


def test_an_explanation_has_the_plan_and_its_statement(fresh: Client) -> None:
    _, told = asked(fresh, QUERY, {"b": "Hackney"})
    assert told["plan"].splitlines() == [
        "partners: Partner where has(borough: name eq p0) by name, id first 3",
        "  nodes: Rows",
        "    name: name",
        "    borough: one borough",
        "      id: id",
        "p0 = $b",
    ]
    (statement,) = told["statements"]
    assert statement["parameters"] == {"p0": "text"}
    assert re.search("p0", statement["statement"])
    assert statement["store"]


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)  # whose connections tell what they run
def test_the_statement_is_the_one_that_ran(fresh: Client) -> None:
    assert isinstance(fresh.store, SQLiteStore)
    asked(fresh, "{ boroughs { totalCount } }")  # before the first plan a store looks how much it has
    with traced(fresh.store) as ran:
        _, told = asked(fresh, PATH)
    answered = [text for text in ran if not text.startswith("EXPLAIN")]
    assert len(answered) > 2
    assert [squeezed(text) for text in answered] == [squeezed(s["statement"]) for s in told["statements"]]
    assert ran[len(answered) :] == [f"EXPLAIN QUERY PLAN {text}" for text in answered]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_every_step_of_a_walk_is_explained(fresh: Client) -> None:
    _, told = asked(fresh, PATH)
    assert len(told["statements"]) > 2
    assert told["plan"].splitlines()[-1].startswith("p2 = path from p0 to p1 by 5 of ")
    assert told["statements"][0]["parameters"] == {"ids": "list of 2"}
    assert all(statement["store"] for statement in told["statements"])


def test_what_is_known_is_said_to_be(fresh: Client) -> None:
    assert asked(fresh, QUERY)[1]["known"] == {"document": False, "plan": False}
    assert asked(fresh, QUERY)[1]["known"] == {"document": True, "plan": True}
    assert asked(fresh, QUERY, {"b": "Hackney"})[1]["known"] == {"document": True, "plan": False}


def test_every_phase_has_its_milliseconds(fresh: Client) -> None:
    for known in (False, True):
        ms = asked(fresh, QUERY)[1]["ms"]
        assert list(ms) == ["document", "plan", "compile", "store", "total"]
        assert (ms["compile"] == 0) is known
        assert 0 < ms["store"] < ms["total"]
        assert sum(ms.values()) <= 2 * ms["total"] + 0.01


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (QUERY, {"b": SECRET}),
        (f'{{ partners(where: {{name: {{in: ["{SECRET}"]}}}}) {{ totalCount }} }}', {}),
        (f'{{ partners(where: {{name: {{containsIgnoreCase: "{SECRET}"}}}}) {{ totalCount }} }}', {}),
        (f'{{ search(text: "{SECRET}") {{ totalCount }} }}', {}),
        (f'{{ champion(id: "{SECRET}") {{ email }} }}', {}),
        (f'{{ neighbourhood(of: "{SECRET}") {{ hasMore }} }}', {}),
    ],
)
def test_nothing_that_was_looked_up_is_in_it(fresh: Client, query: str, variables: dict[str, Any]) -> None:
    _, told = asked(fresh, query, variables)
    assert not re.search("ada.?lovelace", json.dumps(told), re.IGNORECASE)


ROWS = {
    "{ partner(id: \"partner:acorn\") { name } }": 1,
    '{ partner(id: "partner:none") { name } }': 0,
    '{ nodes(ids: ["partner:acorn", "nothing", "borough:hackney"]) { id } }': 2,
    '{ partner(id: "partner:acorn") { borough { name } boroughEdge { since } } }': 3,
    "{ boroughs(first: 2) { totalCount pageInfo { hasNextPage } nodes { name basedPartners { totalCount } } } }": 2,
    '{ project(id: "project:garden") { challenges { edges { node { name } } } } }': 4,
    "{ partners { groups(by: [BOROUGH], first: 2) { count keys { node { id } } } } }": 3,
    '{ search(text: "acorn", kinds: [PARTNER]) { nodes { id ... on Partner { borough { id } } } } }': 3,
    '{ partner(id: "partner:acorn") { provenance { sourceId source { name } values { property } } } }': 4,
    '{ path(from: "borough:hackney", to: "borough:newham") { node { id } } }': 2,
    '{ path(from: "borough:hackney", to: "borough:none") { node { id } } }': 0,
    "{ graph { version counts { name count } } __typename }": 0,
}  # fmt: skip


@pytest.mark.parametrize("query", ROWS)
def test_the_rows_that_are_shown_are_counted_as_those_asked_for(client: Client, query: str) -> None:
    _, told = asked(client, query)
    assert told["rows"] == ROWS[query]
    cost = json.loads(asyncio.run(client.api.answer(query, tells_cost=True)).body)["extensions"]["cost"]
    assert told["rows"] <= told["cost"] == cost


# The store


def test_a_store_explains_without_answering(client: Client) -> None:
    plan, given = planned(client.store.model, QUERY, {"b": "Hackney"})
    compiled = client.store.compile(plan)
    explained = asyncio.run(client.store.explain(compiled, bind(plan, given), Role.STEWARD))
    assert squeezed(explained.statement) == squeezed(compiled.text)
    assert any("Borough" in step for step in explained.steps)
    assert all(step and "\n" not in step for step in explained.steps)
    assert "Hackney" not in str(explained)


def test_a_store_does_not_explain_what_a_role_may_not_ask(client: Client) -> None:
    plan, given = planned(client.store.model, "{ students { totalCount } }", {})
    with pytest.raises(Forbidden):
        asyncio.run(client.store.explain(client.store.compile(plan), bind(plan, given), Role.ANALYST))


def planned(model: Model, query: str, variables: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    schema = executable(model)
    operation = documents.read(query, schema).operation(None)
    given = documents.coerced(operation, schema, variables)
    return Planner(model, schema, operation, given).plan(), given


def test_operators_stand_above_what_they_read() -> None:
    def operator(name: str, *children: Any, about: str = "") -> dict[str, Any]:
        args = {"EstimatedRows": 2.6, "Details": about} if about else {"EstimatedRows": 2.6}
        return {"operatorType": f"{name}@neo4j", "args": args, "children": list(children)}

    plan = operator("ProduceResults", operator("Apply", operator("Seek", about="n"), operator("Limit")), about="x")
    assert list(steps(plan)) == [
        "ProduceResults x (3 rows)",
        "Apply (3 rows)",
        "  Limit (3 rows)",
        "Seek n (3 rows)",
    ]


# Who may have it


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(tmp_path_factory.mktemp("tokens") / "tokens")


TRUSTED = trusted("query Names { boroughs(first: 1) { nodes { name } } }", {})


@pytest.fixture(scope="module", params=[False, True], ids=["open", "trusted only"])
def visitor(request: pytest.FixtureRequest, example_url: str, kept: Tokens) -> Iterator[Visitor]:
    documents = Documents([TRUSTED], only=request.param)
    app = create_app(open_store(example_url, CIVIC), callers=Callers(kept), documents=documents)
    with visiting(app) as visitor:
        yield visitor


def bearer(kept: Tokens, role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {kept.create(role, timedelta(days=1), '')[1]}"}


ASKED = {"documentId": TRUSTED.id}


@pytest.mark.parametrize("role", [Role.STEWARD, Role.ADMIN])
def test_it_is_for_stewards_however_they_ask(visitor: Visitor, kept: Tokens, role: Role) -> None:
    caller = bearer(kept, role)
    extensions = {"extensions": json.dumps(EXPLAIN["extensions"])}
    answers = [
        visitor.post("/graphql", json=ASKED | EXPLAIN, headers=caller),
        visitor.post("/graphql", json=ASKED, headers=caller | HEADER),
        visitor.get("/graphql", params=ASKED | extensions, headers=caller),
        visitor.get("/graphql", params=ASKED, headers=caller | HEADER),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.json()["data"] == {"boroughs": {"nodes": [{"name": "Barking and Dagenham"}]}}
        assert answer.json()["extensions"]["explain"]["statements"][0]["statement"].startswith("SELECT")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.ANALYST])
def test_others_are_told_for_whom_it_is(visitor: Visitor, kept: Tokens, role: Role) -> None:
    caller = {} if role is Role.PUBLIC else bearer(kept, role)
    for request, headers in ((ASKED | EXPLAIN, caller), (ASKED, caller | HEADER)):
        answer = visitor.post("/graphql", json=request, headers=headers)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (403, "FORBIDDEN")
        assert error["message"] == f"{role} may not have answers explained; expected the token of a steward or admin"


def test_who_does_not_ask_gets_none(visitor: Visitor, kept: Tokens) -> None:
    caller = bearer(kept, Role.STEWARD)
    for asked in ({}, {"extensions": {"explain": False}}, {"extensions": {"explain": "true"}}, {"extensions": {}}):
        assert list(visitor.post("/graphql", json=ASKED | asked, headers=caller).json()) == ["data"]
    told = visitor.post("/graphql", json=ASKED, headers=caller | {"x-civic-graph-explain": "false"})
    assert list(told.json()) == ["data"]


def test_the_cost_stands_beside_it_where_both_are_asked_for(visitor: Visitor, kept: Tokens) -> None:
    both = {"extensions": {"explain": True, "cost": True}}
    extensions = visitor.post("/graphql", json=ASKED | both, headers=bearer(kept, Role.STEWARD)).json()["extensions"]
    assert extensions["cost"] == extensions["explain"]["cost"] == 1


def test_an_explained_answer_is_of_its_own_time(example_url: str) -> None:
    api = API(open_store(example_url, CIVIC), Role.STEWARD)
    assert asyncio.run(api.answer(TRUSTED.text)).state == asyncio.run(api.store.state())
    assert asyncio.run(api.answer(TRUSTED.text, explains=True)).state is None


def test_trusted_only_holds_for_what_is_explained(example_url: str, kept: Tokens) -> None:
    documents = Documents([TRUSTED], only=True)
    with visiting(create_app(open_store(example_url, CIVIC), callers=Callers(kept), documents=documents)) as visitor:
        request = {"query": "{ boroughs { totalCount } }"} | EXPLAIN
        answer = visitor.post("/graphql", json=request, headers=bearer(kept, Role.STEWARD))
    assert "trusted documents only" in answer.json()["errors"][0]["message"]
