"""What a graph stands on in a Neo4j database: constraints, indexes, and the note of the model that made them, which is
brought up to date where it is of an older one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from graph.errors import Incompatible
from graph.model import Kind, Model, Table
from graph.revisions import MEANWHILE, Description, kept, widened
from graph.search import is_searched
from graph.statements import BATCH, chunks
from graph.store import Head
from graph.stores import cypher_search
from graph.stores import cypher_tables as tables
from graph.stores.bolt import Session, Transaction, as_literal
from graph.stores.cypher_tables import GRAPH, WRITER
from graph.stores.cypher_terms import quoted
from graph.stores.neo4j_clock import Clock
from graph.stores.neo4j_parts import WRITE

NAMES = ("SHOW CONSTRAINTS YIELD name", "SHOW INDEXES YIELD name")
MODEL = f"MATCH {GRAPH} RETURN g.model, g.layout"
PLACE = "the graph in the database"


class Ground:
    """The ground of one graph, of which a model says what it should be."""

    def __init__(self, model: Model, clock: Clock) -> None:
        self.model = model
        self._clock = clock

    def prepare(self, session: Session, locked: Callable[[], AbstractContextManager[None]]) -> None:
        """Make constraints and indexes where the database has none of ours; bring a graph of an older model up to
        date, which nobody else writes meanwhile.

        Raises Incompatible where the graph is of a later model, or there is one that is not ours.
        """
        found = session.run(as_literal(MODEL)).single()
        if found is None:
            self._refuse_foreign(session, self.model.kinds)
            self._create(session)
        elif found[1] != tables.fingerprint(self.model):
            kept(found[0], self.model, PLACE)
            with locked():
                self._grow(session)

    def check(self, session: Session) -> None:
        """Refuse a graph that a newer version has brought up to date while this process had it open."""
        if session.run(as_literal(MODEL)).single(strict=True)[1] != tables.fingerprint(self.model):
            raise Incompatible(f"{PLACE} {MEANWHILE}")

    def _grow(self, session: Session) -> None:
        """Bring what an older model has made up to date: what is derived first, in any number of transactions, then
        the rest in one."""
        text, layout = session.run(as_literal(MODEL)).single(strict=True)
        before = kept(text, self.model, PLACE)
        if layout == tables.fingerprint(self.model):
            return  # another process was faster
        self._refuse_foreign(session, [kind for kind in self.model.kinds if kind.table not in before.tables])
        self._declare(session)
        for kind in filter(is_searched, self.model.kinds):
            self._derive(session, kind)
        with session.begin_transaction(timeout=WRITE) as transaction:
            for table in self.model.tables:
                if shape := before.tables.get(table.table):
                    _widen(transaction, table, shape.places(table))
            with self._clock.changing():
                self._describe(transaction)  # which locks the clock
                transaction.commit()

    def _derive(self, session: Session, kind: Kind) -> None:
        """Make anew what is kept beside the values of nodes."""
        for text in tables.all_records(kind):
            rows = [tables.accompanied(kind, row.values()) for row in session.run(as_literal(text))]
            for batch in chunks(iter(rows), BATCH):
                with self._clock.changing():
                    session.run(as_literal(tables.accompany(kind)), rows=batch).consume()

    def _refuse_foreign(self, session: Session, kinds: Sequence[Kind]) -> None:
        for kind in kinds:
            if session.run(as_literal(tables.counted(kind))).single(strict=True)[0]:
                raise Incompatible(
                    f"the database has {kind.name} nodes that are not ours; give the graph one of its own"
                )

    def _declare(self, session: Session) -> None:
        """Make the constraints and indexes that are missing: others would wait for the writer's lock."""
        known = [row[0] for text in NAMES for row in session.run(as_literal(text)) if row[0] != cypher_search.INDEX]
        for declaration in tables.declarations(self.model):
            if not any(f"{quoted(name)} IF NOT EXISTS" in declaration for name in known):
                session.run(as_literal(declaration)).consume()
        session.run("CALL db.awaitIndexes(60)").consume()

    def _create(self, session: Session) -> None:
        self._declare(session)
        graph = f"MERGE {GRAPH} ON CREATE SET g.clock = 0, g.version = 0, g.contentHash = '{Head().hash_text}'"
        with session.begin_transaction() as transaction:
            transaction.run(as_literal(f"MERGE {WRITER}")).consume()
            transaction.run(as_literal(graph)).consume()
            self._describe(transaction)
            transaction.commit()

    def _describe(self, transaction: Transaction) -> None:
        """Note the model, and that there is nothing yet of tables that are new."""
        counts = (
            "UNWIND $names AS name MERGE (c:`_CivicCount` {name: name}) "
            "ON CREATE SET c.count = 0, c.forward = true, c.backward = true"
        )
        transaction.run(as_literal(counts), names=[table.table for table in self.model.tables]).consume()
        new = {"model": str(Description.of(self.model)), "layout": tables.fingerprint(self.model)}
        transaction.run(as_literal(f"MATCH {GRAPH} SET g.model = $model, g.layout = $layout"), new).consume()


def _widen(transaction: Transaction, table: Table, places: list[int | None]) -> None:
    """Put the values of claims in the places that they have now."""
    if places == list(range(len(places))):
        return
    for found, changed in tables.claims(table):
        rows = [[row[0], widened(row[1], places, table)] for row in transaction.run(as_literal(found))]
        transaction.run(as_literal(changed), rows=rows).consume()
