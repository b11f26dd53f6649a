"""Mollie's Payments API v2 (https://docs.mollie.com/reference/payments-api), as far as it is used here.

- `POST /v2/payments`, `GET /v2/payments/{id}?embed=refunds`, `DELETE /v2/payments/{id}`,
  `POST /v2/payments/{id}/refunds`.
- Amounts are `{"currency", "value"}` with exactly the currency's decimals, as text.
- POST carries an `Idempotency-Key`. Mollie forgets keys after a while; so our id also travels as metadata, and before a
  refund is asked for again the refunds of its payment are looked through.
- Errors are HAL documents with `status`, `title`, `detail` and perhaps `field`. 409 (the same call is under way), 429
  and 5xx are worth repeating, everything else is final. `detail` may quote what was sent and is neither logged nor
  shown.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from chassis import ids
from chassis.money import Money, parse_decimal
from chassis.outward import AddressRefused, Answer, ForeignCallFailed, ForeignHttp
from orders.payments.domain import Payment, RefundState
from orders.payments.ports import (
    PaymentFact,
    ProviderAway,
    ProviderRefused,
    RefundFact,
    WantedPayment,
)

NAME = "mollie"
_STATES = {state.value.lower(): state for state in Payment}
_REFUND_STATES = {
    "queued": RefundState.PENDING,
    "pending": RefundState.PENDING,
    "processing": RefundState.PENDING,
    "refunded": RefundState.REFUNDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_ID = re.compile(r"(?:tr|re)_[A-Za-z0-9]{1,64}", re.ASCII)
_AGAIN = frozenset((408, 409, 425, 429))
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.3
_CALL_SECONDS = 5.0
_ADDRESS_LENGTH = 2048


class Mollie:
    """`base`: https://api.mollie.com but in tests. The key is sent to it alone and appears in no message."""

    name = NAME

    def __init__(self, http: ForeignHttp, base: str, api_key: str, webhook_address: str) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._key = api_key
        self._webhook = webhook_address

    async def create(self, wanted: WantedPayment) -> PaymentFact:
        body = {
            "amount": _amount(wanted.amount),
            "description": wanted.description,
            "redirectUrl": wanted.return_address,
            "webhookUrl": self._webhook,
            "locale": wanted.locale,
            "metadata": {"payment_id": str(wanted.id)},
        }
        return _payment(await self._call("POST", "/v2/payments", body, key=wanted.id))

    async def get(self, provider_id: str) -> PaymentFact:
        query = urlencode({"embed": "refunds"})
        return _payment(await self._call("GET", f"/v2/payments/{quote(provider_id, safe='')}?{query}"))

    async def cancel(self, provider_id: str) -> None:
        """Mollie answers 422 for a payment that cannot be cancelled; what became of it is asked afterwards."""
        try:
            await self._call("DELETE", f"/v2/payments/{quote(provider_id, safe='')}")
        except ProviderRefused as refused:
            if refused.status not in (404, 422):
                raise

    async def refund(self, provider_id: str, refund_id: UUID, amount: Money, description: str) -> RefundFact:
        path = f"/v2/payments/{quote(provider_id, safe='')}/refunds"
        body = {
            "amount": _amount(amount),
            "description": description,
            "metadata": {"refund_id": str(refund_id)},
        }
        return _refund(await self._call("POST", path, body, key=refund_id))

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: UUID | None = None
    ) -> dict[str, Any]:
        """Repeats with the same key what may be repeated. Raises ProviderAway, ProviderRefused."""
        headers = {"authorization": f"Bearer {self._key}", "accept": "application/hal+json"}
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body).encode()
        if key is not None:
            headers["idempotency-key"] = str(key)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = await self._http.call(
                    method,
                    self._base + path,
                    headers=headers,
                    content=content,
                    max_bytes=256 * 1024,
                    seconds=_CALL_SECONDS,
                )
            except ForeignCallFailed as failed:
                problem: str = str(failed)
            except AddressRefused as refused:
                raise ProviderAway(f"its address {refused}") from None
            else:
                if answer.status < 500 and answer.status not in _AGAIN:
                    return _document(answer)
                problem = f"answered {answer.status}"
            if attempt < _ATTEMPTS:
                await asyncio.sleep(_PAUSE_SECONDS * attempt)
        raise ProviderAway(problem)


def _document(answer: Answer) -> dict[str, Any]:
    """Raises ProviderRefused for an error, ProviderAway for what is no answer of this API."""
    if answer.status == 204:
        return {}
    try:
        read = json.loads(answer.body)
    except ValueError:
        read = None
    if answer.status >= 300:
        field = read.get("field") if isinstance(read, dict) else None
        raise ProviderRefused(answer.status, field[:60] if isinstance(field, str) else "")
    if not isinstance(read, dict):
        raise ProviderAway("the answer is no JSON object")
    return read


def _amount(money: Money) -> dict[str, str]:
    return {"currency": money.currency, "value": f"{money.decimal:f}"}


def _money(given: Any) -> Money:
    return Money.from_decimal(parse_decimal(str(given["value"])), str(given["currency"]))


def _name(given: Any) -> str:
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise ValueError("no id of Mollie")
    return given


def _payment(read: dict[str, Any]) -> PaymentFact:
    """Raises ProviderAway when it is none."""
    try:
        expires = read.get("expiresAt")
        embedded = (read.get("_embedded") or {}).get("refunds") or []
        return PaymentFact(
            provider_id=_name(read["id"]),
            state=_STATES[read["status"]],
            amount=_money(read["amount"]),
            checkout_address=_address((read.get("_links") or {}).get("checkout")),
            expire_time=_time(expires) if expires else None,
            cancellable=read.get("isCancelable") is True,
            refunds=tuple(_refund(each) for each in embedded),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProviderAway("the answer is no payment") from None


def _refund(read: dict[str, Any]) -> RefundFact:
    try:
        metadata = read.get("metadata")
        own = str(metadata.get("refund_id", "")) if isinstance(metadata, dict) else ""
        return RefundFact(
            provider_id=_name(read["id"]),
            state=_REFUND_STATES[read["status"]],
            amount=_money(read["amount"]),
            refund_id=ids.parse_id(own),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProviderAway("the answer is no refund") from None


def _address(link: Any) -> str:
    """Of the hosted page; none for a payment that has ended."""
    if link is None:
        return ""
    href = str(link["href"])
    if not href.startswith(("https://", "http://")) or len(href) > _ADDRESS_LENGTH:
        raise ValueError("no address of a page")
    return href


def _time(text: str) -> datetime.datetime:
    read = datetime.datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("no time zone")
    return read.astimezone(datetime.UTC)


def locale(language: str, region_code: str) -> str:
    """One of those that Mollie knows."""
    if region_code == "BE" and language in ("fr", "nl"):
        return f"{language}_BE"
    return {"fr": "fr_FR", "nl": "nl_NL", "it": "it_IT"}.get(language, "en_GB")
