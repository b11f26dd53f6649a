"""Prometheus metrics of the gateway; routes are templates, so that label values stay a small fixed set."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "http_server_request_duration_seconds",
    "Time to answer a request",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REQUESTS = Counter("http_server_requests_total", "Answered requests", ["route", "status"])
IN_FLIGHT = Gauge("http_server_active_requests", "Requests being answered")
RATE_LIMITED = Counter("http_rate_limited_total", "Requests refused by the rate limit")
