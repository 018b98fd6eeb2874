"""Neo4j: a server for each graph, since the Community edition keeps one database, each made anew."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from graph.civic import CIVIC
from graph.stores.neo4j import Neo4jStore
from tests.bench import statements as s
from tests.bench.client import CONNECTIONS, Ask, rate
from tests.bench.processes import SCRATCH, Graph, bare, city, lines, run, served
from tests.bench.questions import FEW, Row, asked, beside_ourselves
from tests.bench.sqlite import started
from tests.database.server import Server

PARTNERS = 60_000
WARM = 60.0  # seconds
HEAP, LITTLE = 3_072, 1_024  # MB of memory for a server with a large and with a small graph


def measured() -> Iterator[Row]:
    with running("large", HEAP) as large, running("small", LITTLE) as small:
        yield started(small)
        small.civic("load", str(city(FEW)))
        yield loaded(large)
        warm(large)
        warm(small)
        yield from asked(large, small, "Cypher")
        yield from beside_ourselves(large)


@contextmanager
def running(name: str, heap: int) -> Iterator[Graph]:
    """A new server with the example graph, until the end of the block."""
    server = Server(SCRATCH.absolute() / f"neo4j-{name}", heap)
    server.remove()
    server.start()
    try:
        graph = Graph(server.url, {"CIVIC_GRAPH_NEO4J_PASSWORD_FILE": str(server.password_file)}, server.pid)
        graph.civic("load", "example")
        yield graph
    finally:
        server.remove()


def warm(graph: Graph) -> None:
    """Ask until Java's compilers have done most of their work: statements go on getting faster for minutes, and what is
    measured first would have the least of it."""
    with served(graph) as port, bare(graph) as hand:
        for ask in (Ask(port, "/graphql", {"query": s.PAGE}), Ask(hand, "/page", {})):
            uvloop.run(rate(ask, CONNECTIONS, WARM))


def loaded(graph: Graph) -> Row:
    """How fast a city loads, beside a hand-written load into a server that is as new."""
    folder = city(PARTNERS)
    rows, ours = lines(folder), graph.civic("load", str(folder))
    with running("hand", HEAP) as hand:
        theirs = run(sys.executable, "-m", "tests.bench.unwind", hand.url, str(folder), environment=hand.environment)
        same(graph, hand)
    what = f"{rows / ours.seconds:,.0f}/s, {ours.memory:,.0f} MB at most"
    against = f"hand-written UNWIND: {rows / theirs.seconds:,.0f}/s"
    return f"load of {rows:,} rows", what, against, f"{theirs.seconds / ours.seconds:.2f}", "≥ 0.8, ≤ 1 GiB"


def same(graph: Graph, hand: Graph) -> None:
    """That both loads made the same graph: the content of one has the hash of the other."""
    ours, theirs = (Neo4jStore(one.url, CIVIC, one.environment) for one in (graph, hand))
    with theirs._session() as session:
        session.run("MATCH (g:_CivicGraph) SET g.contentHash = $hash", hash=ours.head().hash_text).consume()
    equal = theirs.verify()
    ours.close()
    theirs.close()
    if not equal:
        raise RuntimeError("the hand-written load made another graph")
