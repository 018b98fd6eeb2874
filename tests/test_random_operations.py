"""Random operations over known and random graphs: the product and the naive reference give the same answer.

A failure prints the operation as it was drawn; `SHRINK=1` makes it small first. `EXAMPLES_TIMES=10` draws ten times
as many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from graph import changes
from graph.civic import CIVIC
from graph.cursors import read_cursor
from graph.errors import BadCursor
from graph.model import Model
from graph.roles import Role, seen_by
from graph.store import Store
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SQLiteStore
from schema.limits import ALLOWANCES
from tests.client import Client
from tests.operations import WALKS, Operation, operations, shrinking
from tests.reference import Reference
from tests.sample import SAMPLE, worlds
from tests.traced import traced
from tests.world import WORLD, Without

SHARDS = range(8)  # each draws with a seed of its own, so that several processors share the work
TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))  # for a long run: so many times as many examples
SHRINK = "SHRINK" in os.environ  # which takes minutes
DRAWN = shrinking if SHRINK else operations
LEARN = "{ __typename }"  # after a load, the first operation lets a store learn how many rows there are

Open = Callable[[Model], Store]


def drawing(shard: int, examples: int, store: Store) -> Callable[[Any], Any]:
    """The same examples in every run, without a limit of time; fewer where each new statement is planned at length."""
    examples = examples if not isinstance(store, Neo4jStore) else max(1, examples // 20)
    unhurried = settings(
        max_examples=examples * TIMES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if SHRINK else [Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(shard)(unhurried(test))


def comparable(value: Any) -> Any:
    """An answer with its fields in order, cursors as what they hold: two stores write one number differently."""
    match value:
        case dict():
            return [(name, comparable(item)) for name, item in value.items()]
        case list():
            return ["list", *map(comparable, value)]
        case str():
            try:
                return ("cursor", *read_cursor(value))
            except BadCursor:
                return value
        case _:
            return (type(value), value)


def agree(client: Client, reference: Reference, operation: Operation) -> None:
    """The answers are the same, with other variables too, and after them: a plan may serve several values."""
    note(str(operation))
    query, name = operation.query, operation.name
    for variables in (operation.variables, operation.others, operation.variables):
        expected = reference.answer(query, variables, name)
        assert not expected.errors
        assert comparable(ask(client, query, variables, name)) == comparable(expected.data)


def ask(client: Client, query: str, variables: dict[str, Any], name: str | None) -> Any:
    """The data of the answer, read in one statement; questions about the schema need none, walks one a step more."""
    if not isinstance(client.store, SQLiteStore):
        return client.data(query, variables, name)
    with traced(client.store) as statements:
        data = client.data(query, variables, name)
    walks = any(f"{name}(" in query for name in WALKS)
    assert len(statements) == 1 or walks or (not statements and ("__" in query or data == {}))
    return data


@pytest.mark.parametrize("shard", SHARDS)
def test_of_the_known_world(shard: int, client: Client) -> None:
    reference = Reference(client.store, WORLD)
    client.data(LEARN)

    @drawing(shard, 400, client.store)
    @given(DRAWN(reference))
    def test(operation: Operation) -> None:
        agree(client, reference, operation)

    test()


@pytest.mark.parametrize("shard", SHARDS[:2])
def test_where_every_step_of_a_condition_is_found_beforehand(
    shard: int, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(client.store, SQLiteStore):
        pytest.skip("only SQLite looks beforehand for what a step leads to")
    monkeypatch.setattr("graph.stores.estimate.AGAIN", 0)
    reference = Reference(client.store, WORLD)
    client.data(LEARN)

    @drawing(100 + shard, 200, client.store)
    @given(DRAWN(reference))
    def test(operation: Operation) -> None:
        agree(client, reference, operation)

    test()


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.ANALYST])
def test_a_role_is_answered_as_if_the_rest_were_not_there(role: Role, client: Client) -> None:
    seen = seen_by(role, CIVIC)
    reference = Reference(client.store, Without(WORLD, CIVIC), seen)
    caller = Client(client.store, role)
    caller.api.allowance = ALLOWANCES[Role.STEWARD]  # operations are drawn for as many rows
    caller.data("{ __typename }")  # the store learns how many rows there are

    @drawing(len(role), 400, client.store)
    @given(DRAWN(reference))
    def test(operation: Operation) -> None:
        agree(caller, reference, operation)

    test()


@pytest.mark.parametrize("shard", SHARDS)
@pytest.mark.parametrize("model", [SAMPLE, CIVIC], ids=["sample", "civic"])
def test_of_random_worlds(model: Model, shard: int, new_store: Open) -> None:
    store = new_store(model)

    @drawing(shard, 40 if model is SAMPLE else 10, store)
    @given(st.data(), worlds(model))
    def test(data: st.DataObject, world: Any) -> None:
        changes.load(store, world)
        assert store.verify()
        client, reference = Client(store), Reference(store, world)
        client.data(LEARN)
        for _ in range(5):
            agree(client, reference, data.draw(DRAWN(reference)))

    test()
