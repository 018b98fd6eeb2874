"""Executing through Strawberry's own hooks gives the same answer as the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLError
from strawberry.extensions import SchemaExtension

from schema.api import API
from schema.types import strawberry_schema
from tests.client import Client

OPERATIONS: list[tuple[str, dict[str, Any], str | None]] = [
    ("{ graph { version counts { name count } } }", {}, None),
    ("{ partners(first: 3) { totalCount nodes { name borough { name } aliases } pageInfo { endCursor } } }", {}, None),
    (
        "query A($w: PartnerWhere, $n: Int = 2) { partners(where: $w, last: $n) { edges { cursor node { ...P } } } } "
        "fragment P on Partner { projects { edges { role hours node { name funding } } } } query B { __typename }",
        {"w": {"type": {"in": ["CHARITY", "SMALL_BUSINESS"]}}},
        "A",
    ),
    ('{ node(id: "student:s1") { __typename ... on Student { level placements { nodes { name } } } } }', {}, None),
    ("{ projects { groups(by: CHALLENGES) { count keys { value node { name } } } } }", {}, None),
    ('{ __type(name: "Partner") { name kind } boroughs { totalCount } __typename }', {}, None),
    ("{ partners(first: 101) { totalCount } }", {}, None),
    ('{ partners(after: "ff") { totalCount } }', {}, None),
]


@pytest.fixture
def schema(client: Client) -> strawberry.Schema:
    return strawberry_schema(client.store.model, (answering(client.api),))


def answering(api: API) -> type[SchemaExtension]:
    """An extension that answers in place of resolvers."""

    class Answering(SchemaExtension):
        async def on_execute(self) -> AsyncIterator[None]:  # type: ignore[override]
            asked = self.execution_context
            answer = await api.execute(asked.query or "", asked.variables, asked.operation_name)
            asked.result = result_of(json.loads(answer.body))
            yield

    return Answering


def result_of(body: dict[str, Any]) -> ExecutionResult:
    errors = [GraphQLError(error["message"], extensions=error["extensions"]) for error in body.get("errors", ())]
    return ExecutionResult(body.get("data"), errors or None)


@pytest.mark.parametrize(("query", "variables", "operation"), OPERATIONS, ids=range(len(OPERATIONS)))
def test_both_give_one_answer(
    client: Client, schema: strawberry.Schema, query: str, variables: dict[str, Any], operation: str | None
) -> None:
    found = asyncio.run(schema.execute(query, variable_values=variables, operation_name=operation))
    expected = client.ask(query, variables, operation)
    assert found.data == expected.get("data")
    assert [(e.message, e.extensions) for e in found.errors or ()] == [
        (e["message"], e["extensions"]) for e in expected.get("errors", ())
    ]


def test_documents_are_refused_alike(client: Client, schema: strawberry.Schema) -> None:
    query = "{ partners { nodes { nmae } } }"
    found = asyncio.run(schema.execute(query))
    assert found.errors
    assert found.errors[0].message == client.error(query)["message"]
