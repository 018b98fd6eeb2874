"""Both stores give one answer: to each question written by hand, and to every page of a walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.cursors import read_cursor
from graph.errors import BadCursor
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SQLiteStore
from tests.client import Client
from tests.database.fixtures import Database
from tests.database.questions import ORDERS, QUESTIONS
from tests.world import WORLD

Both = tuple[Client, Client]


@pytest.fixture(scope="module")
def both(neo4j: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    neo4j.empty()
    sqlite = SQLiteStore(str(tmp_path_factory.mktemp("answers") / "graph.db"), CIVIC)
    store = Neo4jStore(neo4j.url, CIVIC, neo4j.environment)
    for each in (sqlite, store):
        changes.load(each, WORLD)
    yield Client(sqlite), Client(store)
    sqlite.close()
    store.close()


def comparable(value: Any) -> Any:
    """An answer with cursors as what they hold: two stores write one number differently."""
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


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_one_answer(both: Both, question: str) -> None:
    sqlite, neo4j = (client.data(QUESTIONS[question]) for client in both)
    assert comparable(neo4j) == comparable(sqlite)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("way", ["first: 3, after", "last: 3, before"])
def test_a_walk_comes_by_the_same_pages(both: Both, order: str, way: str) -> None:
    query = (
        f"query ($at: String) {{ partners(orderBy: {order}, {way}: $at) {{ nodes {{ id }} "
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )
    walks = []
    for client in both:
        at, pages = None, []
        while not pages or at:
            page = client.data(query, {"at": at})["partners"]
            info = page["pageInfo"]
            forward = way.startswith("first")
            at = info["endCursor" if forward else "startCursor"]
            at = at if info["hasNextPage" if forward else "hasPreviousPage"] else None
            pages.append(([node["id"] for node in page["nodes"]], info["hasNextPage"], info["hasPreviousPage"]))
        walks.append(pages)
    assert walks[0] == walks[1]
    assert sum(len(ids) for ids, *_ in walks[1]) == 10
