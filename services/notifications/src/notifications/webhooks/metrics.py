"""Prometheus metrics of webhooks."""

from prometheus_client import Counter

WEBHOOKS = Counter("webhooks_total", "Attempts to deliver a webhook, by what became of them", ["outcome"])
