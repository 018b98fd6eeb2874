"""Every example of the documents, and every operation that comes with the package, has one answer on both stores, and
Neo4j finds it by its indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SQLiteStore
from loaders.folder import EXAMPLE, read
from loaders.generate import generate
from server.operations import known
from tests.client import Client
from tests.database.fixtures import Database
from tests.database.profiled import explained, scans
from tests.database.test_answers import comparable
from tests.docs import DOCUMENTS, QUESTION

Both = tuple[Client, Client]
EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    re.findall(r"query (\w+)", match["query"])[0]: (match["query"], {})
    for document in DOCUMENTS
    for match in QUESTION.finditer(document.read_text())
}
QUERIES = EXAMPLES | {operation.name: (operation.text, operation.example) for operation in known()}
FAILING = {"TooMany"}
EVERY = {  # which are about every node of a kind, by what has no index
    "WithoutProject": {"Challenge"},
    "StatusUnknown": {"Project"},
    "Largest": {"Borough"},
    "Boroughs": {"Borough"},
    "ByChallenge": {"Project"},
    "Trees": {"Outcome"},
    "Age": {"Source"},
    "ChampionHours": {"Challenge"},
    "Contacts": {"Partner"},
    "DueForReview": {"Agreement"},
    "IncompleteRecords": {"Partner", "Project", "Outcome"},
    "OutcomeEvidence": {"Outcome"},
    "PlacementHosts": {"Placement"},
    "SaidBySource": {"Partner", "Project", "Outcome"},
    "UnitsWithoutChampion": {"Unit"},
    "UnknownNeed": {"Borough"},
    "WaitingEnquiries": {"Enquiry"},
}
ALSO = {  # in one of the graphs, of whose champions few are left out
    ("the example", "ChampionsFor"): {"Champion"},
    ("a city", "Contacts"): {"Champion"},
}


@pytest.fixture(scope="module", params=["the example", "a city"])
def both(request: pytest.FixtureRequest, neo4j: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("documented")
    stores = SQLiteStore(str(folder / "graph.db"), CIVIC), neo4j.new_store(CIVIC)
    if request.param == "a city":
        generate(folder / "city", 600, 1)
    for store in stores:
        with read(EXAMPLE, CIVIC, store, origin="example") as checked:
            changes.load(store, checked.statements)
        if request.param == "a city":
            with read(folder / "city", CIVIC, store) as checked:
                changes.load(store, checked.statements)
    yield Client(stores[0]), Client(stores[1])
    for store in stores:
        store.close()


@pytest.mark.parametrize("query", QUERIES)
def test_an_example_has_one_answer(both: Both, query: str) -> None:
    sqlite, neo4j = (client.ask(*QUERIES[query]) for client in both)
    assert comparable(neo4j) == comparable(sqlite)


@pytest.mark.parametrize("query", sorted(QUERIES.keys() - FAILING))
def test_an_example_is_found_by_indexes(
    request: pytest.FixtureRequest, both: Both, neo4j: Database, query: str
) -> None:
    store = both[1].store
    assert isinstance(store, Neo4jStore)
    read = {about.partition(":")[2] for about in scans(explained(store, neo4j, *QUERIES[query]))}
    graph = request.node.callspec.params["both"]
    assert read == EVERY.get(query, set()) | ALSO.get((graph, query), set())


def test_the_cypher_of_the_documents_finds_something(both: Both, neo4j: Database) -> None:
    asked = re.findall(r"```cypher\n(.+?)```", Path("docs/neo4j.md").read_text(), re.DOTALL)
    assert asked
    assert all(neo4j.driver.execute_query(text).records for text in asked)
