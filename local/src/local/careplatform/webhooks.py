"""Webhooks as a receiver takes them: verified by the library of the specification, each message once."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

CAPACITY = 20_000


class Received:
    """The newest messages by ``webhook-id``; a repeated delivery is the same message."""

    def __init__(self) -> None:
        self._secrets: list[str] = []
        self._messages: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self.refused = 0

    def __len__(self) -> int:
        return len(self._messages)

    def trust(self, secret: str) -> None:
        """Accept what is signed with this secret too; ValueError when it is none."""
        Webhook(secret)
        if secret not in self._secrets:
            self._secrets.append(secret)

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """Keep the message when one of the secrets signed it within the last minutes."""
        for secret in self._secrets:
            try:
                payload = Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                continue
            message = {"id": headers["webhook-id"], "type": payload["type"], "payload": payload}
            self._messages.setdefault(message["id"], message | {"deliveries": 0})["deliveries"] += 1
            while len(self._messages) > CAPACITY:
                self._messages.popitem(last=False)
            return True
        self.refused += 1
        return False

    def find(self, order_id: str = "") -> list[dict[str, Any]]:
        """The newest first; of one order, or the last hundred."""
        newest = reversed(self._messages.values())
        found = [one for one in newest if not order_id or one["payload"]["data"].get("order_id") == order_id]
        return found[:100]
