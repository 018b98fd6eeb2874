"""The embedded store: files in the scratch folder, each loaded anew."""

import time
from collections.abc import Iterator

import httpx

from tests.bench.processes import SCRATCH, Graph, city, lines, served
from tests.bench.questions import FEW, Row, asked, beside_ourselves

PARTNERS = 60_000


def measured() -> Iterator[Row]:
    large, small = new("large"), new("small")
    small.civic("load", str(city(FEW)))
    yield loaded(large)
    yield from asked(large, small, "SQL")
    yield from beside_ourselves(large)
    yield started(new("start"))


def new(name: str) -> Graph:
    """A store with the example graph."""
    for file in SCRATCH.glob(f"{name}.db*"):
        file.unlink()
    graph = Graph(f"sqlite:{SCRATCH / name}.db")
    graph.civic("load", "example")
    return graph


def loaded(graph: Graph) -> Row:
    """How fast a city loads into a store that has the example."""
    folder = city(PARTNERS)
    rows, spent = lines(folder), graph.civic("load", str(folder))
    against = f"{rows:,} rows, {spent.memory:,.0f} MB at most"
    return "load, rows/s", f"{rows / spent.seconds:,.0f}/s", against, "", "≥ 50,000/s, ≤ 1 GiB"


def started(graph: Graph) -> Row:
    start = time.perf_counter()
    with served(graph) as port:
        seconds = time.perf_counter() - start
        httpx.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
    return "start to ready, example graph", f"{seconds:.2f} s", "", "", "≤ 1.5 s"
