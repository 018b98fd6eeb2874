"""What Neo4j says of how it answers: the operators of its plans and what they touch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graph.binding import bind
from graph.stores.neo4j import Neo4jStore
from schema.api import API
from tests.client import Client
from tests.database.fixtures import Database

SCANS = ("NodeByLabelScan", "AllNodesScan", "UnionNodeByLabelsScan")
Profile = dict[str, Any]


def operators(plan: Profile) -> Iterator[tuple[str, str]]:
    """The name of each operator, and what it is about."""
    yield plan["operatorType"].partition("@")[0], plan["args"].get("Details", "")
    for child in plan.get("children", ()):
        yield from operators(child)


def explained(store: Neo4jStore, neo4j: Database, query: str, variables: dict[str, Any] | None = None) -> Profile:
    """How Neo4j answers a query: the operators of its plan, and how often each touched the database."""
    prepared: list[Any] = []

    class Listening(API):
        def _prepare(self, *given: Any) -> Any:
            prepared.append(super()._prepare(*given))
            return prepared[-1]

    client = Client(store)
    client.api = Listening(store, client.api.role)
    client.data(query, variables)
    parameters = bind(prepared[0].plan, variables or {})
    with neo4j.driver.session() as session:
        summary = session.run(f"PROFILE {prepared[0].compiled.text}", parameters).consume()
    profile: Profile = summary.profile
    return profile


def scans(plan: Profile) -> list[str]:
    """What is read from end to end, but for our own few records."""
    return [about for name, about in operators(plan) if name in SCANS and ":_Civic" not in about]


def hits(plan: Profile) -> int:
    return int(plan.get("dbHits", 0)) + sum(map(hits, plan.get("children", ())))
