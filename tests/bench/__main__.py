"""Run every measurement and print a table: `python -m tests.bench`."""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from tests.bench import statements as s
from tests.bench.client import Ask, ask_once, side_by_side

SCRATCH = Path("scratch/bench")
CIVIC = [sys.executable, "-m", "server"]


def main() -> None:
    SCRATCH.mkdir(parents=True, exist_ok=True)
    table = Table("what", "measured", "against", "ratio", "budget", title="Civic Graph, SQLite store")
    large, small = prepare(60_000), prepare(600)
    table.add_row(*load_row(60_000))
    with served(large) as port, bare(large) as hand, served(small) as few:
        await_verified(port)
        await_verified(few)
        for row in rows(port, hand, few):
            table.add_row(*row)
    table.add_row(*start_row())
    Console(width=120).print(table)


def rows(port: int, hand: int, few: int) -> Iterator[tuple[str, ...]]:
    page, bare_page = Ask(port, "/graphql", {"query": s.PAGE}), Ask(hand, "/page", {"query": s.PAGE})
    same(page, bare_page)
    yield compared("nested page, requests/s", "hand-written SQL", "≥ 0.85", [page, bare_page])
    chosen, bare_chosen = Ask(port, "/graphql", {"query": s.FILTER}), Ask(hand, "/filter", {"query": s.FILTER})
    same(chosen, bare_chosen)
    yield compared("relation filter with totalCount", "hand-written SQL", "≥ 0.67", [chosen, bare_chosen])
    first = Ask(port, "/graphql", {"query": s.DEEP, "variables": {"after": None}})
    deep = Ask(port, "/graphql", {"query": s.DEEP, "variables": {"after": cursor_of_page(first, 1_000)}})
    yield compared("page 1,000", "page 1", "≥ 0.67", [deep, first])
    fewer = Ask(few, "/graphql", {"query": s.PAGE})
    yield compared("nested page of 60,000 partners", "of 600", "≥ 0.77", [page, fewer])


def compared(what: str, against: str, budget: str, asks: list[Ask]) -> tuple[str, ...]:
    ours, theirs = side_by_side(asks)
    return what, f"{ours:,.0f}/s", f"{against}: {theirs:,.0f}/s", f"{ours / theirs:.2f}", budget


def same(ours: Ask, theirs: Ask) -> None:
    if ask_once(ours)["data"] != ask_once(theirs):
        raise RuntimeError(f"{ours.path} and {theirs.path} answer differently")


def cursor_of_page(first: Ask, number: int) -> str:
    """The cursor that page `number` starts after, found by walking there."""
    cursor = None
    for _ in range(number - 1):
        page = ask_once(Ask(first.port, first.path, {"query": s.DEEP, "variables": {"after": cursor}}))
        cursor = page["data"]["partners"]["pageInfo"]["endCursor"]
    return cursor


# Graphs


def prepare(partners: int) -> Path:
    """A store with a made-up city of so many partners, loaded anew."""
    folder, store = SCRATCH / f"city-{partners}", SCRATCH / f"city-{partners}.db"
    if not folder.exists():
        run(*CIVIC, "generate", "--partners", str(partners), "--seed", "1", str(folder))
    for file in SCRATCH.glob(f"{store.name}*"):
        file.unlink()
    run(*CIVIC, "--store", f"sqlite:{store}", "load", "example")
    run(*CIVIC, "--store", f"sqlite:{store}", "load", str(folder))
    return store


def load_row(partners: int) -> tuple[str, ...]:
    """How fast a city loads into a store that has the example."""
    folder, store = SCRATCH / f"city-{partners}", SCRATCH / "load.db"
    for file in SCRATCH.glob(f"{store.name}*"):
        file.unlink()
    run(*CIVIC, "--store", f"sqlite:{store}", "load", "example")
    lines = sum(text.count(b"\n") - 1 for text in (path.read_bytes() for path in folder.glob("*.csv")))
    start = time.perf_counter()
    run(*CIVIC, "--store", f"sqlite:{store}", "load", str(folder))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return (
        "load, rows/s",
        f"{lines / seconds:,.0f}/s",
        f"{lines:,} rows, {peak:,.0f} MB at most",
        "",
        "≥ 50,000/s, ≤ 1 GiB",
    )


def start_row() -> tuple[str, ...]:
    store = SCRATCH / "start.db"
    run(*CIVIC, "--store", f"sqlite:{store}", "load", "example")
    start = time.perf_counter()
    with served(store):
        seconds = time.perf_counter() - start
    return "start to ready, example graph", f"{seconds:.2f} s", "", "", "≤ 1.5 s"


# Processes


@contextmanager
def served(store: Path) -> Iterator[int]:
    port = free_port()
    with process([*CIVIC, "--store", f"sqlite:{store}", "serve", "--port", str(port), "--anonymous", "steward"], port):
        yield port


def await_verified(port: int) -> None:
    """Wait until the server has computed the content hash anew, which it does beside its first answers."""
    while httpx.get(f"http://127.0.0.1:{port}/readyz").json()["verified"] != "yes":
        time.sleep(0.1)


@contextmanager
def bare(store: Path) -> Iterator[int]:
    port = free_port()
    with process([sys.executable, "-m", "tests.bench.bare", str(store), str(port)], port):
        yield port


@contextmanager
def process(command: list[str], port: int) -> Iterator[None]:
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_port(running, port)
        yield
    finally:
        running.terminate()
        running.wait(15)


def await_port(running: subprocess.Popen, port: int) -> None:
    while running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{running.args} ended before it answered")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
