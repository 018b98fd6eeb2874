"""The plans that Neo4j makes of our statements use an index wherever one can serve."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.model import Relation
from graph.stores import cypher_tables as tables
from graph.stores.neo4j import Neo4jStore
from tests.client import Client
from tests.database.fixtures import Database
from tests.database.profiled import explained, hits, operators, scans
from tests.world import Said, World, link, node

NAMES = [f"Partner {n:04}" for n in range(2_000)]

SERVED = {
    "a node by id": '{ partner(id: "partner:7") { name borough { name } } }',
    "any node by id": '{ node(id: "partner:7") { ... on Entity { name } } }',
    "nodes by id": '{ nodes(ids: ["partner:7", "borough:1"]) { ... on Entity { name } } }',
    "a page by name": "{ partners(first: 5) { nodes { name } pageInfo { hasNextPage } } }",
    "a page by name from the end": "{ partners(last: 5) { nodes { name } pageInfo { hasPreviousPage } } }",
    "a page by id": "{ partners(orderBy: [{id: DESC}], first: 5) { nodes { name } } }",
    "equal names": '{ partners(where: {name: {eq: "Partner 0007"}}) { totalCount } }',
    "names that begin": '{ partners(where: {name: {startsWith: "Partner 00"}}) { totalCount } }',
    "unique properties": '{ boroughs(where: {gssCode: {eq: "E1"}}) { totalCount } }',
    "a rare relation": '{ partners(where: {borough: {name: {eq: "Borough 1"}}}) { totalCount nodes { name } } }',
    "a nested page": "{ partners(first: 3) { nodes { borough { name } projects(first: 2) { nodes { name } } } } }",
    "the graph": "{ graph { version counts { name count } sources { sourceId } } }",
    "a search": '{ search(text: "partner 0007", first: 5) { totalCount nodes { name } } }',
    "how many": "{ partners { totalCount } }",
}


@pytest.fixture(scope="module")
def store(neo4j: Database) -> Iterator[Neo4jStore]:
    neo4j.empty()
    rows = {
        "Borough": [node(f"borough:{n}", f"Borough {n}", gssCode=f"E{n}") for n in range(33)],
        "Partner": [node(f"partner:{n}", name) for n, name in enumerate(NAMES)],
        "Project": [node(f"project:{n}", f"Project {n}") for n in range(500)],
        "Partner_BASED_IN_Borough": [link(f"partner:{n}", f"borough:{n % 33}") for n in range(2_000)],
        "Partner_TAKES_PART_IN_Project": [link(f"partner:{n}", f"project:{n % 500}") for n in range(2_000)],
    }
    store = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    changes.load(store, World((Said("source:a", rows),)))
    neo4j.driver.execute_query("CALL db.resampleOutdatedIndexes()")
    neo4j.driver.execute_query("CALL db.clearQueryCaches()")
    yield store
    store.close()


@pytest.mark.parametrize("question", SERVED)
def test_an_index_serves(store: Neo4jStore, neo4j: Database, question: str) -> None:
    assert scans(explained(store, neo4j, SERVED[question])) == []


def test_a_late_page_costs_what_the_first_costs(store: Neo4jStore, neo4j: Database) -> None:
    query = "query ($at: String) { partners(first: 20, after: $at) { nodes { name } pageInfo { endCursor } } }"
    early = Client(store).data("{ partners(first: 5) { pageInfo { endCursor } } }")["partners"]["pageInfo"]["endCursor"]
    late = Client(store).data('{ partners(where: {name: {gt: "Partner 1899"}}, first: 50) { pageInfo { endCursor } } }')
    costs = [
        hits(explained(store, neo4j, query, {"at": at})) for at in (early, late["partners"]["pageInfo"]["endCursor"])
    ]
    assert costs[1] <= 1.5 * costs[0]


def test_names_in_order_need_no_sort(store: Neo4jStore, neo4j: Database) -> None:
    profile = explained(store, neo4j, SERVED["a page by name"])
    assert not {name for name, _ in operators(profile)} & {"Sort", "Top"}
    assert hits(profile) < 100


@pytest.mark.parametrize("relation", CIVIC.relations, ids=lambda relation: relation.table)
def test_a_record_is_found_from_both_its_ends(store: Neo4jStore, neo4j: Database, relation: Relation) -> None:
    """From one end each row of a load would visit all that a borough or a challenge is related to."""
    for text in (tables.records_of(relation)[0], tables.altered(relation)[0], tables.removed(relation)[0]):
        with neo4j.driver.session() as session:
            plan = session.run(f"EXPLAIN {text}", keys=[], rows=[]).consume().plan
        assert [name for name, _ in operators(plan) if "Expand" in name] == ["Expand(Into)"]
