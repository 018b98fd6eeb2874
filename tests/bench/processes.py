"""The processes that are measured: commands that end, and servers that answer until they are told to end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

SCRATCH = Path("scratch/bench")
CIVIC = [sys.executable, "-m", "server"]
CORES = sorted(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Graph:
    """A store by its URL, what whoever opens it must find in the environment, and the process of its database."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)
    process: int | None = None

    def civic(self, *command: str) -> "Spent":
        """Run a command of civic-graph on it."""
        return run(*CIVIC, "--store", self.url, *command, environment=self.environment)


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds, and MB of memory at most."""

    seconds: float
    memory: float


def run(*command: str, environment: dict[str, str] | None = None) -> Spent:
    start = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {running.returncode}")
    return Spent(time.perf_counter() - start, usage.ru_maxrss / 1024)


def city(partners: int) -> Path:
    """The tables of a made-up city of so many partners."""
    folder = SCRATCH / f"city-{partners}"
    if not folder.exists():
        run(*CIVIC, "generate", "--partners", str(partners), "--seed", "1", str(folder))
    return folder


def lines(folder: Path) -> int:
    """The rows of its tables."""
    return sum(path.read_bytes().count(b"\n") - 1 for path in folder.glob("*.csv"))


@contextmanager
def served(graph: Graph, kept: int = 0) -> Iterator[int]:
    """A server of ours, which keeps so many megabytes of answers."""
    port = free_port()
    command = ["serve", "--port", str(port), "--anonymous", "steward", "--kept-answers", str(kept)]
    with process([*CIVIC, "--store", graph.url, *command], port, graph):
        yield port


def await_verified(*ports: int) -> None:
    """Wait until servers have computed the content hash anew, which they do beside their first answers."""
    for port in ports:
        while httpx.get(f"http://127.0.0.1:{port}/readyz").json()["verified"] != "yes":
            time.sleep(0.1)


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """A block in which this process, and what it starts, keep to one core: who is moved between several, or meets
    others there, is slower for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[number % len(CORES)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def bare(graph: Graph) -> Iterator[int]:
    port = free_port()
    with process([sys.executable, "-m", "tests.bench.bare", graph.url, str(port)], port, graph):
        yield port


@contextmanager
def stripped(graph: Graph, how: str) -> Iterator[int]:
    """A server of ours without limits, roles and logging, that is `plain`, or without anything around an answer, that
    is `bare`."""
    port = free_port()
    with process([sys.executable, "-m", "tests.bench.layers", graph.url, str(port), how], port, graph):
        yield port


@contextmanager
def process(command: list[str], port: int, graph: Graph) -> Iterator[None]:
    environment = {**os.environ, **graph.environment}
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        await_answer(running, port)
        yield
    finally:
        running.terminate()
        running.wait(15)


def await_answer(running: subprocess.Popen, port: int) -> None:
    """Wait until a server answers, whatever it says. That something listens is less: callers wait there for workers."""
    while running.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60)
            return
        except httpx.TransportError:
            time.sleep(0.01)
    raise RuntimeError(f"{running.args} ended before it answered")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
