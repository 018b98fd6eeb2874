"""What a database is at work on, and waiting for that."""

from __future__ import annotations

import time
from collections.abc import Callable

from graph.stores.bolt import STATEMENT
from tests.database.fixtures import Database

RUNNING = "SHOW TRANSACTIONS YIELD currentQuery WHERE NOT currentQuery CONTAINS 'SHOW' RETURN currentQuery"


def running(neo4j: Database) -> list[str]:
    """The statements that the database is at work on."""
    return [row[0] for row in neo4j.driver.execute_query(RUNNING).records]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come to be sooner than a statement ends by itself."""
    end = time.monotonic() + STATEMENT / 2
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
