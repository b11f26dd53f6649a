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
FEED_LINES = Gauge("feed_lines", "Open live feeds of this process")
FEED_CLOSED = Counter("feed_lines_closed_total", "Live feeds that ended, by code", ["code"])
FEED_SENT = Counter("feed_messages_sent_total", "Messages handed to clients of live feeds")
FEED_DROPPED = Counter("feed_messages_dropped_total", "Messages of clients who read too slowly; they resume")
FEED_LAG = Histogram(
    "feed_lag_seconds",
    "From the event to the queues of those who follow it",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)
