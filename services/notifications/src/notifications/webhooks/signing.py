"""Secrets of subscriptions and the headers of a delivery (Standard Webhooks, "Signature scheme", v1: HMAC-SHA-256)."""

from __future__ import annotations

import base64
import datetime
import os
from collections.abc import Sequence
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from notifications.vault import Vault

# The specification wants 24 to 64 bytes.
SECRET_BYTES = 32
PREFIX = "whsec_"
# How long the former secret signs too after a rotation.
OVERLAP = datetime.timedelta(hours=24)


def new_secret() -> str:
    """`whsec_` and base64, as the libraries of the specification take it."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def seal(vault: Vault, subscription_id: UUID, secret: str) -> bytes:
    return vault.seal(secret.encode(), _label(subscription_id))


def unseal(vault: Vault, subscription_id: UUID, sealed: bytes) -> str:
    """Raises SealBroken."""
    return vault.open(sealed, _label(subscription_id)).decode()


def _label(subscription_id: UUID) -> str:
    return f"webhook secret {subscription_id}"


def headers(message_id: str, payload: str, secrets: Sequence[str], now: datetime.datetime) -> dict[str, str]:
    """`now` (UTC) is the time of the attempt: receivers refuse what is older than minutes."""
    signatures = [Webhook(secret).sign(message_id, now, payload) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Commis-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
