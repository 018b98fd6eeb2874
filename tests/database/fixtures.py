"""A Neo4j server for tests: started when the first test asks for it, or the one that CIVIC_GRAPH_TEST_NEO4J names.

A server that is already there must be empty, or have been emptied by tests before: a graph that someone keeps is not
touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock

import pytest
from neo4j import Driver, GraphDatabase

from graph.model import Model
from graph.stores.neo4j import Neo4jStore, access
from tests.database.server import SCRATCH, Missing, Server

MARK = "_CivicTests"
GIVEN = "CIVIC_GRAPH_TEST_NEO4J"


@dataclass
class Database:
    """A database for tests, its server where it is ours, and what a store needs to know to open it."""

    url: str
    environment: dict[str, str]
    server: Server | None = None
    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        auth = access(self.url, self.environment).auth
        self.driver = GraphDatabase.driver(self.url, auth=auth, connection_timeout=5, notifications_min_severity="OFF")

    def new_store(self, model: Model) -> Neo4jStore:
        """An empty store. Who had one before has none now."""
        self.empty()
        return Neo4jStore(self.url, model, self.environment)

    def empty(self) -> None:
        """Take everything out but indexes. Refuses a graph that tests did not make."""
        ((kept, marked),) = self.driver.execute_query(
            f"CALL () {{ MATCH (n) RETURN count(n) AS kept }} "
            f"CALL () {{ MATCH (m:`{MARK}`) RETURN count(m) AS marked }} RETURN kept, marked"
        ).records
        if kept and not marked:
            pytest.exit(f"the database that {GIVEN} names is not empty: tests would delete it", 2)
        with self.driver.session() as session:
            session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
            session.run(f"CREATE (:`{MARK}`)").consume()


@pytest.fixture(scope="session")
def neo4j() -> Iterator[Database]:
    """The database server of this test process."""
    if url := os.environ.get(GIVEN):
        with alone():
            database = Database(url, dict(os.environ))
            yield database
            database.driver.close()
        return
    server = Server(SCRATCH / f"tests-{os.getpid()}", heap=768, brief=True)
    try:
        server.start()
    except Missing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{missing}; or set {GIVEN} to the URL of an empty server")
    given = {"CIVIC_GRAPH_NEO4J_PASSWORD_FILE": str(server.password_file)}
    os.environ.update(given)  # for commands that tests run
    database = Database(server.url, given, server)
    yield database
    database.driver.close()
    for name in given:
        os.environ.pop(name)
    server.remove()


@contextmanager
def alone() -> Iterator[None]:
    """A block that one test process at a time is in: they share the server that is given."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "given.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


@pytest.fixture
def server(neo4j: Database) -> Iterator[Server]:
    """A server that may be killed; it runs again when the test is over."""
    if neo4j.server is None:
        pytest.skip("the server is not ours to kill")
    yield neo4j.server
    neo4j.server.start()
