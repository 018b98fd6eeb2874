"""Traces: a span an operation, sent by OpenTelemetry where its own variables say; nothing without them."""

from __future__ import annotations

from collections.abc import Mapping
from logging import getLogger
from threading import Timer
from time import time, time_ns
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.types import Scope

from graph.errors import Unavailable
from server.logs import Forward, timestamp

if TYPE_CHECKING:
    from server.journal import Record

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "civic-graph"
PATIENCE = 2.0  # seconds in which a collector must take what is left at the end
MISSING = "{} is set, and OpenTelemetry is not installed: pip install 'civic-graph[telemetry]'"


class Traces:
    """Sends spans from a thread of its own, in batches; what cannot be sent is dropped."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        said = getLogger("opentelemetry")
        said.addHandler(Forward())
        said.propagate = False
        resource = Resource({SERVICE_NAME: SERVICE}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter()
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer(SERVICE)
        self._extract = TraceContextTextMapPropagator().extract

    def operation(self, scope: Scope, record: Record) -> None:
        """Tell of an operation that was answered, as a part of the trace that its caller names in `traceparent`."""
        from opentelemetry.trace import SpanKind, StatusCode

        carried = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        ended = time_ns()
        operation = record.answer and record.answer.operation
        span = self._tracer.start_span(
            f"query {operation}" if operation else "query",
            self._extract(carried),
            SpanKind.SERVER,
            attributes=attributes(scope, record),
            start_time=ended - round(record.seconds * 1e9),
        )
        if record.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    def close(self) -> None:
        """Send what is left, as far as that is taken soon: this process ends."""
        no_longer = Timer(PATIENCE, self._exporter.shutdown)
        no_longer.start()
        self._provider.shutdown()
        no_longer.cancel()


def attributes(scope: Scope, record: Record) -> dict[str, Any]:
    """What is told: as much as is logged, so no variables and no text of a document."""
    fields = msgspec.to_builtins(record.entry(scope, timestamp(time())))
    told = {
        "http.request.method": fields["method"],
        "url.path": fields["path"],
        "http.response.status_code": fields["status"],
        "graphql.operation.type": "query",
        "graphql.operation.name": fields.get("operation"),
        "civic_graph.request": fields["request"],
        "civic_graph.role": fields["role"],
        "civic_graph.document": fields.get("document"),
        "civic_graph.cost": fields.get("cost"),
        "civic_graph.code": fields.get("code"),
    }
    return {name: value for name, value in told.items() if value is not None}


def from_environment(environment: Mapping[str, str]) -> Traces | None:
    """Where an endpoint is given, what sends to it. Raises Unavailable where OpenTelemetry is not installed."""
    if given := [name for name in ENDPOINTS if environment.get(name)]:
        try:
            return Traces()
        except ImportError as error:
            raise Unavailable(MISSING.format(given[0])) from error
    return None
