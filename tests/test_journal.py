"""The journal: each request has an id, one line in the log and its part in the metrics, and no line tells a value."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from select import PIPE_BUF
from typing import Any

import pytest

from graph.civic import CIVIC
from graph.stores import open_store
from server.app import create_app
from server.journal import Record
from server.logs import LEVELS, Forward, line_of, log
from server.metrics import Metrics
from tests.visitor import Visitor, visiting

QUERY = "query Named($id: ID!) { borough(id: $id) { name } }"


@pytest.fixture
def visitor(example_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    monkeypatch.setattr(log, "level", LEVELS["debug"])
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        yield visitor


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged of requests."""
    logged = map(json.loads, capsys.readouterr().err.splitlines())
    return [line for line in logged if line["event"] == "request"]


@pytest.mark.parametrize("given", ["a", "A-1_2.3:4", "x" * 64])
def test_an_id_is_kept(visitor: Visitor, given: str) -> None:
    response = visitor.post("/graphql", json={"query": "{ x }"}, headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given
    assert response.json()["errors"][0]["extensions"]["requestId"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "é", '"', "a\tb"])
def test_what_is_no_id_is_replaced(visitor: Visitor, given: str) -> None:
    response = visitor.get("/healthz", headers={"x-request-id": given.encode()})
    assert re.fullmatch("[0-9a-f]{16}", response.headers["x-request-id"])


def test_each_request_has_an_id_of_its_own(visitor: Visitor) -> None:
    assert len({visitor.get("/healthz").headers["x-request-id"] for _ in range(20)}) == 20


def test_a_line_says_what_was_asked_and_what_it_cost(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    request = {"query": QUERY, "variables": {"id": "borough:E09000012"}}
    response = visitor.post("/graphql", json=request, headers={"x-request-id": "mine"})
    (line,) = lines(capsys)
    assert line.pop("ms") > 0
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "request",
        "request": "mine",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "role": "public",
        "bytes": len(response.content),
        "document": sha256(QUERY.encode()).hexdigest(),
        "operation": "Named",
        "cost": 1,
        "code": "OK",
        "kept": False,
    }


def test_no_line_tells_values_or_addresses(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    visitor.post("/graphql", json={"query": QUERY, "variables": {"id": "hidden"}})
    visitor.post("/graphql", json={"query": '{ borough(id: "hidden") { hidden } }', "variables": {"hidden": "hidden"}})
    visitor.get("/graphql?query={hidden}&access_token=hidden")
    visitor.get("/?hidden=hidden", headers={"authorization": "Bearer hidden", "cookie": "hidden"})
    logged = capsys.readouterr().err
    assert len(logged.splitlines()) >= 4
    assert "hidden" not in logged


def test_no_line_keeps_a_token(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    secret = f"cg_{'0' * 72}"
    assert visitor.get(f"/healthz/{secret}").status_code == 401
    line = lines(capsys)[-1]
    assert (line["path"], line["status"]) == ("/healthz/cg_…", 401)


def test_what_cannot_be_counted_is_logged(
    visitor: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise FileNotFoundError("the folder of the numbers is gone")

    monkeypatch.setattr(Metrics, "request", fail)
    assert visitor.get("/schema.graphql").status_code == 200
    assert lines(capsys)[0]["path"] == "/schema.graphql"


def test_what_a_library_says_of_an_exception_is_logged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = logging.getLogger("a.library")
    monkeypatch.setattr(said, "handlers", [Forward()])
    monkeypatch.setattr(said, "propagate", False)
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        said.exception("a callback failed")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"], line["event"]) == ("error", "a.library", "a callback failed")
    assert line["exception"].endswith("ZeroDivisionError: by nothing\n")


def test_a_line_says_what_was_wrong(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    visitor.post("/graphql", json={"query": "{ boroughs(first: 101) { totalCount } }"})
    visitor.post("/graphql", content=b"{", headers={"content-type": "application/json"})
    visitor.get("/", headers={"authorization": "Bearer x"})
    said = [(line["status"], line["code"]) for line in lines(capsys)]
    assert said == [(200, "PAGE_SIZE"), (400, "BAD_REQUEST"), (401, "UNAUTHENTICATED")]


def test_what_machines_ask_every_few_seconds_is_for_debugging(
    visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/"):
        visitor.get(path)
    assert [line["level"] for line in lines(capsys)] == ["debug", "debug", "debug", "info"]


def test_the_cost_is_told_to_who_asks_for_it(visitor: Visitor) -> None:
    request = {"query": "{ boroughs(first: 7) { totalCount } }"}
    assert "extensions" not in visitor.post("/graphql", json=request).json()
    told = visitor.post("/graphql", json={**request, "extensions": {"cost": True}}).json()
    assert told == {"data": {"boroughs": {"totalCount": 33}}, "extensions": {"cost": 7}}


def test_lines_that_are_written_together_stay_whole(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes may write into the same pipe between two writes, and into one that is longer than PIPE_BUF."""
    written: list[str] = []
    monkeypatch.setattr(sys.stderr, "write", written.append)
    ids = [f"request-{number}" for number in range(60)]

    async def crowd() -> None:
        await asyncio.gather(*(visitor.client.get("/", headers={"x-request-id": name}) for name in ids))

    visitor.call(crowd)
    assert len(written) < len(ids)
    assert max(map(len, written)) <= PIPE_BUF
    lines = [json.loads(line) for piece in written for line in piece.splitlines()]
    assert sorted(line["request"] for line in lines if line["event"] == "request") == sorted(ids)
    assert all(piece.endswith("\n") for piece in written)


def test_half_a_character_is_logged(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    log.info("event", text="half \ud800")
    assert json.loads(capsys.readouterr().err)["text"] == r"'half \ud800'"


def test_of_half_a_character_nothing_more_is_logged_than_is_known() -> None:
    entry = Record({b"x-request-id": b"mine"}).entry({"method": "GET", "path": "/\ud800"}, "now")
    entry.event = "half"
    line = json.loads(line_of(entry))
    assert (line["path"], line["request"]) == (r"'/\ud800'", "'mine'")
    assert not {"document", "operation", "cost", "code", "kept"} & set(line)


# Metrics


def numbers(visitor: Visitor) -> dict[str, float]:
    """The metrics by name and labels."""
    response = visitor.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    rows = [line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_requests_and_operations_are_counted(visitor: Visitor) -> None:
    visitor.post("/graphql", json={"query": "{ boroughs(first: 7) { totalCount } }"})
    visitor.post("/graphql", json={"query": "{"})
    found = numbers(visitor)
    assert found['civic_graph_requests_total{method="POST",route="/graphql",status="200"}'] == 2
    assert found['civic_graph_operations_total{code="OK"}'] == 1
    assert found['civic_graph_operations_total{code="PARSE_FAILED"}'] == 1
    assert found["civic_graph_operation_cost_sum"] == 7
    assert found['civic_graph_request_seconds_count{route="/graphql"}'] == 2
    assert found["civic_graph_running"] == 0


def test_what_is_refused_elsewhere_is_no_operation(visitor: Visitor) -> None:
    for path in ("/graphql", "/favicon.ico", "/static/query.js"):
        assert visitor.get(path, headers={"authorization": "Bearer x"}).status_code == 401
    assert numbers(visitor)['civic_graph_operations_total{code="UNAUTHENTICATED"}'] == 1


def test_no_request_makes_a_label(visitor: Visitor) -> None:
    for i in range(50):
        visitor.request(f"M{i}", f"/path{i}", headers={"x-request-id": f"r{i}", "host": f"localhost:{i}"})
        visitor.get(f"/static/{i}")
        visitor.post("/graphql", json={"query": f"query Q{i} {{ f{i} }}"})
    names = numbers(visitor)
    assert len([name for name in names if name.startswith("civic_graph_requests_total")]) <= 4
    assert not re.search("Q1|path1|r1|f1|M1", " ".join(names))
