"""Metrics, as Prometheus reads them. Every label has few values, whatever is asked.

Workers share their numbers by files in the folder that PROMETHEUS_MULTIPROC_DIR names, so that any of them tells of
all; the listener makes one. A single worker keeps its numbers to itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response

from schema.answers import Answer, Answers
from server.turns import Turns

WE = "civic_graph"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
ROUTES = frozenset({"/graphql", "/", "/schema.graphql", "/healthz", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COSTS = (1, 10, 100, 1_000, 5_000, 20_000, 50_000)
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What is counted of requests and operations."""

    def __init__(self, turns: Turns, answers: Answers) -> None:
        self.turns, self.answers = turns, answers
        self.registry = to = CollectorRegistry()
        self._shares = SHARED in os.environ
        if not self._shares:
            ProcessCollector(registry=to)
        self.requests = Counter(f"{WE}_requests", "Requests.", ("route", "method", "status"), registry=to)
        self.seconds = Histogram(
            f"{WE}_request_seconds", "Seconds a request.", ("route",), buckets=SECONDS, registry=to
        )
        self.operations = Counter(f"{WE}_operations", "Operations, by OK or code of error.", ("code",), registry=to)
        self.cost = Histogram(f"{WE}_operation_cost", "Rows asked for by operations.", buckets=COSTS, registry=to)
        self.given = Counter(f"{WE}_answers", "Answers with data, made or kept.", ("by",), registry=to)
        self.kept = Gauge(f"{WE}_kept_bytes", "Answers kept.", registry=to, multiprocess_mode="livesum")
        self.running = Gauge(f"{WE}_running", "Operations under way.", registry=to, multiprocess_mode="livesum")
        self.waiting = Gauge(f"{WE}_waiting", "Operations in the queue.", registry=to, multiprocess_mode="livesum")
        # There are few numbers, and to find one by its labels takes longer than to count
        self._of_request = cache(lambda *labels: (self.requests.labels(*labels), self.seconds.labels(labels[0])))
        self._of_code, self._of_way = cache(self.operations.labels), cache(self.given.labels)

    def request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        counted, timed = self._of_request(route(path), method if method in METHODS else "other", status)
        counted.inc()
        timed.observe(seconds)
        if self._shares:  # whoever is asked for the numbers cannot look into this process
            self.look()

    def operation(self, answer: Answer) -> None:
        self._of_code(answer.code or "OK").inc()
        if answer.cost is not None:
            self.cost.observe(answer.cost)
            self._of_way("kept" if answer.is_kept else "made").inc()

    def look(self) -> None:
        """Note how many there are at the moment."""
        self.running.set(self.turns.running)
        self.waiting.set(self.turns.waiting)
        self.kept.set(self.answers.weight)

    def text(self) -> bytes:
        """The numbers of all workers."""
        self.look()
        registry = self.registry
        if self._shares:
            bury(Path(os.environ[SHARED]))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has none
        return generate_latest(registry)

    async def show(self, request: Request) -> Response:
        return Response(self.text(), headers={"content-type": TEXT})


def bury(folder: Path) -> None:
    """Forget what workers that have ended had at the moment; what they counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not is_there(process):
            with suppress(FileNotFoundError):  # another worker was faster
                mark_process_dead(process)  # type: ignore[no-untyped-call]


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def route(path: str) -> str:
    """What a path is counted as."""
    if path in ROUTES:
        return path
    return "/static" if path.startswith("/static/") else "other"
