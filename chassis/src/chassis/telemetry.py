"""W3C trace context through RPCs and events; spans only when an exporter is set, else nothing is paid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chassis.config import ServiceSettings

_tracer: Any = None


def configure(settings: ServiceSettings) -> None:
    """Exporter `none` (default) or `otlp` over gRPC to otel_endpoint."""
    global _tracer  # noqa: PLW0603  # one process is one service
    if settings.otel_exporter == "none":
        _tracer = None
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": settings.service_name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otel_endpoint or None)))
    _tracer = provider.get_tracer("chassis")


def enabled() -> bool:
    return _tracer is not None


@contextmanager
def span(name: str, kind: str, traceparent: str, *, link: bool = False) -> Iterator[str]:
    """A span of kind server, client or consumer; yields the traceparent to pass on.

    `link` makes the sender a link instead of the parent (a consumer may run days after its producer).
    """
    if _tracer is None:
        yield traceparent
        return
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    sender = propagator.extract({"traceparent": traceparent}) if traceparent else None
    links = [trace.Link(trace.get_current_span(sender).get_span_context())] if sender and link else []
    with _tracer.start_as_current_span(
        name, context=None if link else sender, kind=trace.SpanKind[kind.upper()], links=links
    ):
        carrier: dict[str, str] = {}
        propagator.inject(carrier)
        yield carrier.get("traceparent", traceparent)
