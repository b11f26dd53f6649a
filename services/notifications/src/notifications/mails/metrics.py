"""Prometheus metrics of mails."""

from prometheus_client import Counter

MAILS = Counter("mails_total", "What became of attempts to send a mail", ["state"])
