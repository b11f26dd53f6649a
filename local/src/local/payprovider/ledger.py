"""Payments and refunds in memory, and what may go wrong with them."""

from __future__ import annotations

import datetime
import secrets
from collections import Counter, OrderedDict
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]
CAPACITY = 20_000
ENDED = ("paid", "failed", "canceled", "expired")
STATES = ("open", "pending", "authorized", *ENDED)
REFUND_STATES = ("queued", "pending", "processing", "refunded", "failed", "canceled")
LOCALES = frozenset(
    ("en_US", "en_GB", "nl_NL", "nl_BE", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_BE", "es_ES", "it_IT")
)
# Decimals of the currencies that the shop may use; Mollie refuses any other number of them.
_PLACES = {"EUR": 2, "GBP": 2, "USD": 2, "CHF": 2, "SEK": 2, "DKK": 2, "NOK": 2, "PLN": 2, "JPY": 0}
_LIFE = datetime.timedelta(minutes=15)
_MOST = Decimal(50_000)


class Refused(Exception):
    """Answered as a HAL document: status, title, detail and perhaps field."""

    def __init__(self, status: int, detail: str, field_name: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field_name


@dataclass
class Switches:
    """`fail_status` answers the next `fail_times` calls of the API; `lose_answers` does what the next POSTs want and
    then answers 503. `webhooks`: sent, held, doubled, or before the answer of the call that caused them (early)."""

    fail_status: int = 0
    fail_times: int = 0
    lose_answers: int = 0
    webhooks: str = "sent"
    refuse_refunds: bool = False
    slow_seconds: float = 0.0

    @classmethod
    def read(cls, given: Json) -> Switches:
        """Raises ValueError for what is no switch."""
        unknown = given.keys() - {one.name for one in fields(cls)}
        if unknown or given.get("webhooks", "sent") not in ("sent", "held", "doubled", "early"):
            raise ValueError("unknown switch")
        return cls(**given)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Payment:
    """As it was asked for, and what became of it."""

    id: str
    asked: Json
    status: str = "open"
    create_time: datetime.datetime = field(default_factory=_now)
    refunds: list[Json] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        return Decimal(self.asked["amount"]["value"])

    @property
    def refunded(self) -> Decimal:
        taken = (one for one in self.refunds if one["status"] not in ("failed", "canceled"))
        return sum((Decimal(one["amount"]["value"]) for one in taken), Decimal(0))

    def money(self, value: Decimal) -> Json:
        currency = self.asked["amount"]["currency"]
        return {"currency": currency, "value": f"{value:.{_PLACES[currency]}f}"}

    def document(self, base: str, *, refunds: bool = False) -> Json:
        """The resource as Mollie shows it."""
        shown: Json = {
            "resource": "payment",
            "id": self.id,
            "mode": "test",
            "createdAt": _text(self.create_time),
            "status": self.status,
            "amount": self.asked["amount"],
            "description": self.asked["description"],
            "method": None,
            "metadata": self.asked.get("metadata"),
            "locale": self.asked.get("locale"),
            "redirectUrl": self.asked["redirectUrl"],
            "webhookUrl": self.asked.get("webhookUrl"),
            "profileId": "pfl_local",
            "sequenceType": "oneoff",
            "_links": {"self": _link(f"{base}/v2/payments/{self.id}", "application/hal+json")},
        }
        if self.status == "open":
            shown |= {"isCancelable": True, "expiresAt": _text(self.create_time + _LIFE)}
            shown["_links"]["checkout"] = _link(f"{base}/checkout/{self.id}", "text/html")
        if self.status == "paid":
            shown["amountRefunded"] = self.money(self.refunded)
            shown["amountRemaining"] = self.money(self.amount - self.refunded)
        if refunds:
            shown["_embedded"] = {"refunds": self.refunds}
        return shown


def _text(time: datetime.datetime) -> str:
    return time.isoformat(timespec="seconds")


def _link(href: str, kind: str) -> Json:
    return {"href": href, "type": kind}


class Ledger:
    """Everything this provider knows. `keys` holds the answers by idempotency key."""

    def __init__(self) -> None:
        self.payments: OrderedDict[str, Payment] = OrderedDict()
        self.keys: OrderedDict[str, Json] = OrderedDict()
        self.switches = Switches()
        self.calls: Counter[str] = Counter()

    def find(self, payment_id: str) -> Payment:
        """Raises Refused."""
        found = self.payments.get(payment_id)
        if found is None:
            raise Refused(404, f"No payment exists with token {payment_id}.")
        return found

    def create(self, asked: Json) -> Payment:
        """Raises Refused with the field that is wrong."""
        _amount(asked.get("amount"), "amount")
        for name in ("description", "redirectUrl"):
            if not isinstance(asked.get(name), str) or not asked[name]:
                raise Refused(422, f"The {name} is missing.", name)
        for name in ("redirectUrl", "webhookUrl"):
            if not str(asked.get(name, "https://")).startswith(("https://", "http://")):
                raise Refused(422, f"The {name} is invalid.", name)
        if asked.get("locale") not in (None, *LOCALES):
            raise Refused(422, "The locale is invalid.", "locale")
        made = Payment(f"tr_{secrets.token_hex(8)}", asked)
        self.payments[made.id] = made
        while len(self.payments) > CAPACITY:
            self.payments.popitem(last=False)
        return made

    def cancel(self, payment_id: str) -> Payment:
        found = self.find(payment_id)
        if found.status != "open":
            raise Refused(422, "The payment cannot be canceled.")
        found.status = "canceled"
        return found

    def refund(self, payment_id: str, asked: Json) -> Json:
        """Raises Refused."""
        found = self.find(payment_id)
        if found.status != "paid" or self.switches.refuse_refunds:
            raise Refused(422, "The payment cannot be refunded.")
        amount = _amount(asked.get("amount"), "amount")
        if amount > found.amount - found.refunded:
            raise Refused(422, "The amount is higher than the remaining amount.", "amount")
        made = {
            "resource": "refund",
            "id": f"re_{secrets.token_hex(8)}",
            "amount": found.money(amount),
            "status": "pending",
            "description": asked.get("description", ""),
            "metadata": asked.get("metadata"),
            "paymentId": found.id,
            "createdAt": _text(_now()),
        }
        found.refunds.append(made)
        return made

    def move(self, payment_id: str, state: str) -> Payment:
        """Raises Refused for a state there is not, or an end that is final."""
        found = self.find(payment_id)
        if state not in STATES or (found.status in ENDED and found.status != "expired"):
            raise Refused(422, f"The payment is {found.status}.")
        found.status = state
        return found

    def move_refund(self, refund_id: str, state: str) -> Payment:
        for payment in self.payments.values():
            for one in payment.refunds:
                if one["id"] == refund_id and state in REFUND_STATES:
                    one["status"] = state
                    return payment
        raise Refused(404, "No such refund or state.")


def _amount(given: Any, name: str) -> Decimal:
    """Text with exactly the currency's decimals. Raises Refused."""
    if not isinstance(given, dict) or not isinstance(given.get("value"), str):
        raise Refused(422, "The amount is missing or is no text.", name)
    places = _PLACES.get(given.get("currency", ""))
    if places is None:
        raise Refused(422, "The currency is not supported.", f"{name}.currency")
    try:
        value = Decimal(given["value"])
    except InvalidOperation:
        raise Refused(422, "The amount is no number.", name) from None
    if not value.is_finite() or value.as_tuple().exponent != -places:
        raise Refused(422, f"The amount must have {places} decimals.", name)
    if not 0 < value <= _MOST:
        raise Refused(422, "The amount is lower than the minimum or higher than the maximum.", name)
    return value
