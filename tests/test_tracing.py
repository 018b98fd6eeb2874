"""Traces: spans reach whoever collects them by OTLP, and tell no more than the log."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import decompress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from graph.errors import Unavailable
from server.tracing import from_environment
from tests.served import address, start, stop, wait, welcome

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(HTTPServer):
    """Receives spans as collectors do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[Span]:
        return [span for _, r in self.received for of in r.resource_spans for s in of.scope_spans for span in s.spans]


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        body = decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        self.server.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


@contextmanager
def traced(store: str, collector: Collector) -> Iterator[str]:
    """The address of a server that sends what is left when it ends."""
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test"}
    process = start(store, environment=given)
    url = address(welcome(process))
    wait(url)
    yield url
    assert stop(process)[0] == 0


def told(span: Span) -> dict[str, Any]:
    return {
        a.key: a.value.int_value if a.value.HasField("int_value") else a.value.string_value for a in span.attributes
    }


def test_an_operation_is_a_span_in_its_callers_trace(example_url: str, collector: Collector) -> None:
    query = "query Named($n: Int) { boroughs(first: $n) { nodes { name } } }"
    with traced(example_url, collector) as url, httpx.Client(base_url=url) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-request-id": "mine"}
        client.post("/graphql", json={"query": query, "variables": {"n": 3}}, headers=headers)
        client.post("/graphql", json={"query": "{ nothing }"})
        client.get("/healthz")
    assert {path for path, _ in collector.received} == {"/v1/traces"}
    named, other = collector.spans()
    assert (named.name, named.trace_id.hex(), named.parent_span_id.hex()) == ("query Named", TRACE, PARENT)
    assert named.kind == Span.SPAN_KIND_SERVER
    assert 0 < named.end_time_unix_nano - named.start_time_unix_nano < 30e9
    document = told(named).pop("civic_graph.document")
    assert len(document) == 64
    assert told(named) == {
        "http.request.method": "POST",
        "url.path": "/graphql",
        "http.response.status_code": 200,
        "graphql.operation.type": "query",
        "graphql.operation.name": "Named",
        "civic_graph.request": "mine",
        "civic_graph.role": "public",
        "civic_graph.document": document,
        "civic_graph.cost": 3,
        "civic_graph.code": "OK",
    }
    assert (other.name, told(other)["civic_graph.code"]) == ("query", "VALIDATION_FAILED")
    assert other.status.code == Status.STATUS_CODE_UNSET  # the caller's mistake, not the server's
    (resource,) = {str(of.resource) for _, r in collector.received for of in r.resource_spans}
    assert "civic-graph" in resource
    assert "deployment.environment" in resource


def test_a_collector_that_is_away_harms_nobody(example_url: str) -> None:
    process = start(example_url, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    url = address(welcome(process))
    wait(url)
    assert httpx.post(f"{url}/graphql", json={"query": "{ __typename }"}).status_code == 200
    code, logged = stop(process)
    assert code == 0
    assert "opentelemetry" in str({json.loads(line).get("logger") for line in logged.splitlines()})  # in the log's form


def test_nothing_is_sent_where_nobody_says_where_to() -> None:
    assert from_environment({"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}) is None


def test_who_has_it_not_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(Unavailable, match=r"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT .*civic-graph\[telemetry\]"):
        from_environment({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"})
