"""From settings to what takes payments; for the composition root alone."""

from __future__ import annotations

from chassis.outward import ForeignHttp
from orders.infrastructure import Infrastructure
from orders.payments.config import PaymentSettings
from orders.payments.following import Follower
from orders.payments.mollie import Mollie
from orders.payments.online import Online


def online(settings: PaymentSettings) -> Online | None:
    """None when no provider is configured."""
    if not settings.payment_provider:
        return None
    http = ForeignHttp(internal_allowed=settings.profile == "local")
    key = settings.mollie_api_key.get_secret_value()
    return Online(
        provider=Mollie(http, settings.mollie_url, key, settings.webhook_url),
        link_address=settings.link_url,
        return_addresses=settings.return_urls,
        link_days=settings.payment_link_days,
        unpaid_hours=settings.payment_unpaid_hours,
    )


def followers(infra: Infrastructure) -> list[Follower]:
    """The background tasks of payments."""
    return [] if infra.online is None else [Follower(infra, infra.online)]
