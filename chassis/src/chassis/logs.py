"""JSON lines on stdout, UTC, correlated by request and trace id. Never log a payload: it may hold PII."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from chassis import context


def _correlate(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    request = context.current()
    if request.request_id:
        event.setdefault("request_id", request.request_id)
    if len(request.traceparent) == 55:
        event.setdefault("trace_id", request.traceparent[3:35])
    return event


def configure(level: str, service: str) -> None:
    """Our own logger and the libraries' (from WARNING) write the same JSON."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _correlate,
        lambda _logger, _method, event: {"service": service, **event},
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processor=structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


log: Any = structlog.get_logger()
