"""The clock of a graph in Neo4j, by which readers know that what they have read is of one state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from graph.errors import Unavailable
from graph.stores import bolt
from graph.stores.bolt import Session, as_literal
from graph.stores.cypher_tables import GRAPH

WAIT = 10.0  # seconds for a commit that is under way
RETURN = 60.0  # seconds for a database that was lost
# By a leap, since a database may be made anew, or be taken back to what it was: no state is to come twice
ODD = f"MATCH {GRAPH} SET g.clock = g.clock + 1 + g.clock % 2 + 2 * toInteger(1000000000 * rand())"
EVEN = f"MATCH {GRAPH} SET g.clock = g.clock + g.clock % 2"
KEPT = f"MATCH {GRAPH} SET g.commit = g.commit RETURN g.commit"  # waits for a commit that is under way


class Clock:
    """Odd while a commit is being applied, even when it has been: each set in a transaction of its own."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    @contextmanager
    def changing(self) -> Iterator[None]:
        """A block in which readers wait. A clock that cannot be set right is, by the next reader or writer."""
        with self._session() as session:
            session.run(as_literal(ODD)).consume()
        try:
            yield
        finally:
            with suppress(*bolt.FAILED), self._session() as session:
                session.run(bolt.timed(EVEN)).consume()

    def is_kept(self, commit: str) -> bool:
        """Whether a commit whose reply was lost took place: told by its mark, once its lock is free.

        Raises Unavailable where the database does not come back to say so.
        """
        end = time.monotonic() + RETURN
        while True:
            try:
                with self._session() as session, session.begin_transaction(timeout=WAIT) as transaction:
                    return bool(transaction.run(as_literal(KEPT)).single(strict=True)[0] == commit)
            except bolt.FAILED as error:
                if time.monotonic() > end:
                    raise Unavailable(
                        "the database was lost as it was told to keep a load, and may have done so; load again"
                    ) from error
                time.sleep(0.5)
