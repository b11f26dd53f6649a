"""Log lines and traces."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from google.protobuf.wrappers_pb2 import StringValue
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import client, context, logs, telemetry
from chassis.context import Request
from chassis.testing import grpc_server

from .echo import NAME, Echo, Stub, add_echo

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def configured() -> Iterator[None]:
    before = logging.getLogger().handlers[:]
    logs.configure("INFO", "echo")
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before


@pytest.mark.usefixtures("configured")
def test_log_lines_are_json_with_correlation(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "echo")  # again, now that stdout is captured
    logger = structlog.get_logger()
    with context.bind(Request("r-1", traceparent=PARENT)):
        logger.debug("hidden")
        logger.info("seen", order="o\n1")
        try:
            raise KeyError("lost")
        except KeyError as error:
            logger.error("failed", exc_info=error)
    logging.getLogger("grpc").warning("from a library")
    seen, failed, foreign = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {key: seen[key] for key in ("event", "level", "service", "request_id", "trace_id", "order")} == {
        "event": "seen",
        "level": "info",
        "service": "echo",
        "request_id": "r-1",
        "trace_id": TRACE,
        "order": "o\n1",
    }
    assert seen["timestamp"].endswith("Z")
    assert "KeyError" in failed["exception"]
    assert (foreign["event"], foreign["service"]) == ("from a library", "echo")


async def test_spans_join_the_trace_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    echo = Echo()
    async with grpc_server([(add_echo, echo, NAME)]) as running:
        with context.bind(Request("r-1", traceparent=PARENT)):
            await client.call(Stub(running.channel).Open, StringValue())
    server_span, client_span = sorted(
        exporter.get_finished_spans(), key=lambda span: str(span.kind), reverse=True
    )
    assert server_span.parent is not None
    assert client_span.parent is not None
    assert f"{client_span.context.trace_id:032x}" == TRACE
    assert server_span.parent.span_id == client_span.context.span_id
    assert echo.seen[0].traceparent.split("-")[2] == f"{server_span.context.span_id:016x}"


def test_without_exporter_the_trace_passes_through() -> None:
    with telemetry.span("x", "client", PARENT) as passed:
        assert passed == PARENT
