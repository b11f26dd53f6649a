"""Prometheus metrics of the chassis; label values are a small fixed set."""

from prometheus_client import Counter, Gauge, Histogram

RPC_SECONDS = Histogram(
    "grpc_server_handling_seconds",
    "Time to answer an RPC",
    ["method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RPC_HANDLED = Counter("grpc_server_handled_total", "Answered RPCs", ["method", "code"])
DEADLINE_EXCEEDED = Counter("grpc_deadline_exceeded_total", "RPCs whose client no longer waited", ["method"])
AUTH_FAILURES = Counter("auth_failures_total", "Refused tokens", ["reason"])
OUTBOX_PENDING = Gauge("outbox_pending", "Events not yet published")
OUTBOX_OLDEST = Gauge("outbox_oldest_unpublished_seconds", "Age of the oldest unpublished event")
OUTBOX_PARKED = Gauge("outbox_parked", "Events given up after too many attempts")
EVENTS_PUBLISHED = Counter("events_published_total", "Events acknowledged by the broker")
EVENTS_APPLIED = Counter("events_applied_total", "Events applied", ["consumer"])
EVENT_LAG = Histogram(
    "event_lag_seconds",
    "From the event's creation to its effect",
    ["consumer"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
INBOX_DUPLICATES = Counter("inbox_duplicates_total", "Repeated deliveries without effect", ["consumer"])
EVENTS_RETRIED = Counter("events_retried_total", "Deliveries put back", ["consumer"])
DEAD_LETTERS = Counter("dead_letters_total", "Events set aside", ["consumer"])
POOL_CHECKED_OUT = Gauge("db_pool_checked_out", "Connections in use")
LOOP_LAG = Gauge("event_loop_lag_seconds", "How late the event loop runs timers")
