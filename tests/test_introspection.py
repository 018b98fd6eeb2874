"""Questions about the schema: what tools ask is answered, what takes too long is refused before it is begun."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query

from graph.roles import Role
from schema import api, documents, limits
from schema.introspection import Introspection
from schema.planner import Planner
from tests.client import Client
from tests.test_limits import nested

WHOLE = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    type_depth=9,
)


def fields(value: Any) -> int:
    """How many fields an answer has."""
    match value:
        case dict():
            return len(value) + sum(map(fields, value.values()))
        case list():
            return sum(map(fields, value))
    return 0


def counted(client: Client, query: str, variables: dict[str, Any]) -> int:
    operation = documents.read(query, client.api.schema).operation(None)
    planner = Planner(client.api.model, client.api.schema, operation, variables)
    return Introspection(planner).fields(planner.roots().values())


QUESTIONS = {
    "all": WHOLE,
    "nothing much": "{ __schema { queryType { name } mutationType { name } } }",
    "types of types": "{ __schema { types { fields { type { name fields { name __typename } ofType { name } } } } } }",
    "the same again": "{ __schema { types { name } } __schema { types { kind } } }",
    "in other words": "{ a: __schema { ...S } b: __schema { ...S } } fragment S on __Schema { types { ... { name } } }",
    "of one": '{ __type(name: "Partner") { fields { name args { name defaultValue } } interfaces { name } } }',
    "of one by a variable": "query ($n: String!) { __type(name: $n) { name possibleTypes { name } } }",
    "of none": '{ __type(name: "Nothing") { name fields { name } } }',
    "left out": "query ($yes: Boolean = true) { __schema { types @skip(if: $yes) { name } directives { name } } }",
    "enums and inputs": "{ __schema { types { enumValues { name } inputFields { name type { name } } } } }",
}


@pytest.mark.parametrize("query", QUESTIONS.values(), ids=QUESTIONS)
def test_as_many_fields_are_counted_as_the_answer_has(client: Client, query: str) -> None:
    variables = {"n": "Entity"} if "$n" in query else {}
    assert counted(client, query, variables or {"yes": True}) == fields(client.data(query, variables))


@pytest.mark.parametrize("role", Role)
def test_tools_are_told_all_with_room_for_a_larger_model(client: Client, role: Role) -> None:
    caller = Client(client.store, role)
    assert 10_000 < fields(caller.data(WHOLE)) < 0.75 * limits.MAX_ABOUT_SCHEMA


STEPS = ["fields { type %s }", "fields { args { type %s } }", "inputFields { type %s }", "possibleTypes %s"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("depth", [3, 10, 50])
def test_types_of_types_of_types_are_refused(client: Client, step: str, depth: int) -> None:
    query = f"{{ __schema {{ types {nested('{ name }', f'{{ {step} }}', depth)} }} }}"
    error = client.error(query)
    assert (error["extensions"]["code"], "introspection" in error["message"]) == ("VALIDATION_FAILED", True)


ARGUMENTS = "fields { args { type { inputFields { name type { ...T ofType { ...T } } } } } }"
ASKED, FRAGMENTS = WHOLE[WHOLE.index("__schema") :].split("}\n\nfragment", 1)
MUCH = {
    "all twice": f"{{ a: {ASKED} b: {ASKED} }} fragment{FRAGMENTS}",
    "arguments of arguments": f"{{ __schema {{ types {{ {' '.join(f'{a}: {ARGUMENTS}' for a in 'abcdef')} }} }} }} "
    "fragment T on __Type { kind name description enumValues { name description } }",
}


@pytest.mark.parametrize("query", MUCH.values(), ids=MUCH)
def test_what_would_be_too_much_is_refused_before_it_is_begun(
    client: Client, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "execute_sync", None)
    error = client.error(query)
    assert error["extensions"]["code"] == "TOO_COSTLY"
    assert "100,000" in error["message"]


def test_inputs_alone_are_one_of_something(client: Client) -> None:
    step = "{ name isOneOf ofType { name isOneOf ofType { name isOneOf } } }"
    query = "query ($of: String!) { __type(name: $of) { isOneOf fields { type %s } inputFields { type %s } } }"
    told = client.data(query % (step, step), {"of": "Partner"})["__type"]
    assert told["isOneOf"] is None
    assert {field["type"]["isOneOf"] for field in told["fields"]} == {None}
    told = client.data(query % (step, step), {"of": "PartnerWhere"})["__type"]
    assert told["isOneOf"] is False
    assert client.data(query % (step, step), {"of": "PartnerOrder"})["__type"]["isOneOf"] is True
