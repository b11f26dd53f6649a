"""What stands against placing an order: one function for placing and for the checkout page. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.errors import FailedPrecondition, FieldViolation
from chassis.money import Money
from orders.domain import costing, postal
from orders.domain.model import VENDOR_SIDE, Line, Order, PaymentMethod, Quote
from orders.domain.parties import Party
from orders.domain.totals import Totals
from orders.ports import BudgetNeed, OrderingContext, QuotedLine
from orders.shipping.domain import ShippingMethod

# Clocks of clients may run a little ahead of ours.
_CLOCK_TOLERANCE = datetime.timedelta(minutes=1)
# Availability of these kinds does not stand against placing.
_SHORT = "STOCK_SHORTAGE"


class OrderNotPlaceable(FailedPrecondition):
    """Everything that stands against placing, one violation per finding."""

    reason = "ORDER_NOT_PLACEABLE"

    def __init__(self, order_id: object, findings: Sequence[FieldViolation], etag: str) -> None:
        reasons = ", ".join(sorted({finding.reason for finding in findings}))
        super().__init__(
            f"Order {order_id} cannot be placed: {reasons}.",
            violations=findings,
            order_id=order_id,
            reasons=reasons,
            current_etag=etag,
        )


@dataclass(frozen=True, slots=True)
class TermsInForce:
    """`hashes`: SHA-256 of the text per language."""

    version: str
    hashes: Mapping[str, str]

    def hash_for(self, language: str) -> str:
        return self.hashes.get(language) or self.hashes.get("en", "")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the client says was shown and accepted. `party`, `time`: who accepted it, and when, if not whoever places
    the order, now."""

    version: str = ""
    hash: str = ""
    party: Party | None = None
    time: datetime.datetime | None = None


def terms_findings(terms: TermsInForce | None, accepted: Accepted) -> list[FieldViolation]:
    """Any published language of the version in force will do: people read terms in a language of their choice."""
    if terms is None:
        return [FieldViolation("terms_version", "No terms have been published.", "TERMS_NOT_ACCEPTED")]
    if not accepted.version or not accepted.hash:
        text = f"The terms of version {terms.version} have to be accepted."
        return [FieldViolation("terms_version", text, "TERMS_NOT_ACCEPTED")]
    if accepted.version != terms.version:
        text = f"The terms in force are version {terms.version}."
        return [FieldViolation("terms_version", text, "TERMS_OUTDATED")]
    if accepted.hash not in terms.hashes.values():
        text = f"This is not the text of version {terms.version}."
        return [FieldViolation("terms_hash", text, "TERMS_OUTDATED")]
    return []


def _people_findings(order: Order) -> list[FieldViolation]:
    header = order.header
    found = []
    for name, address in (("delivery_address", header.delivery), ("billing_address", header.billing)):
        for part, reason in postal.problems(address):
            text = (
                "is required" if reason == "REQUIRED" else "does not follow the postal rules of the country"
            )
            found.append(FieldViolation(f"{name}.{part}", text, reason))
    for part, reason in postal.contact_problems(header.contact):
        text = "is required" if reason == "REQUIRED" else "is not an e-mail address"
        found.append(FieldViolation(f"contact.{part}", text, reason))
    return found


def shipping_findings(order: Order, method: ShippingMethod | None) -> list[FieldViolation]:
    code = order.header.shipping_method
    if not code:
        return [FieldViolation("shipping_method", "is required", "REQUIRED")]
    price = None
    if method is not None:
        price = costing.shipping_price(
            method,
            order.lines,
            order.header.delivery,
            currency=order.currency,
            tax_inclusive=order.tax_inclusive,
        )
    if price is None:
        text = f"{code} does not serve this address, weight or amount"
        return [FieldViolation("shipping_method", text, "SHIPPING_NOT_AVAILABLE")]
    return []


def payment_findings(method: PaymentMethod | None, actor_kind: str, *, online: bool) -> list[FieldViolation]:
    if method is None:
        return [FieldViolation("payment_method", "is required", "REQUIRED")]
    if method is PaymentMethod.ELECTRONIC and (actor_kind in VENDOR_SIDE or not online):
        text = "only the customer can use online payment" if online else "nothing can be paid online"
        return [FieldViolation("payment_method", text, "PAYMENT_NOT_ALLOWED")]
    return []


def payer_findings(method: PaymentMethod | None, facts: OrderingContext | None) -> list[FieldViolation]:
    """Monthly residence billing needs a residence that is billed; only an assisted session has one."""
    if method is not PaymentMethod.MONTHLY_RESIDENCE or facts is None or facts.residence is not None:
        return []
    text = "there is no residence that is billed monthly"
    return [FieldViolation("payment_method", text, "PAYMENT_NOT_ALLOWED")]


def findings(
    order: Order,
    *,
    method: ShippingMethod | None,
    terms: TermsInForce | None,
    accepted: Accepted,
    actor_kind: str,
    online: bool,
    now: datetime.datetime,
) -> list[FieldViolation]:
    """What we can tell by ourselves. `online`: a payment provider is configured."""
    found = _people_findings(order)
    if not order.lines:
        found.append(FieldViolation("lines", "An order has at least one line.", "REQUIRED"))
    else:
        found += shipping_findings(order, method)
    found += payment_findings(order.header.payment_method, actor_kind, online=online)
    taken = order.header.taken_time
    if taken is not None and taken > now + _CLOCK_TOLERANCE:
        found.append(FieldViolation("taken_time", "lies in the future", "TIME_IN_FUTURE"))
    return found + terms_findings(terms, accepted)


def line_findings(order: Order, quoted: Sequence[QuotedLine]) -> list[FieldViolation]:
    """Refused lines, and lines whose price is no longer the one on the sheet."""
    found = []
    for index, (line, answer) in enumerate(zip(order.lines, quoted, strict=True)):
        refusal = answer.refusal
        if refusal is not None:
            part = ".quantity" if refusal.reason in (_SHORT, "QUANTITY_NOT_ALLOWED") else ""
            found.append(FieldViolation(f"lines[{index}]{part}", refusal.description, refusal.reason))
        elif answer.quote is None:
            found.append(FieldViolation(f"lines[{index}]", "has no price", "NO_PRICE"))
        if answer.quote is not None and not line.quote.same_price(answer.quote):
            text = _price_text(line, answer.quote)
            found.append(FieldViolation(f"lines[{index}].price", text, "PRICE_CHANGED"))
    return found


def _price_text(line: Line, new: Quote) -> str:
    old = line.quote
    before, after = Money(old.total, old.currency), Money(new.total, new.currency)
    return (
        f"{old.sku}: the price changed from {old.unit_price.normalize():f} {old.currency} (line {before.decimal},"
        f" tax {old.tax_rate.normalize():f} %) to {new.unit_price.normalize():f} {new.currency}"
        f" (line {after.decimal}, tax {new.tax_rate.normalize():f} %)."
    )


def totals_findings(order: Order, now: Totals) -> list[FieldViolation]:
    """The lines cost what they did; is that still so for shipping?"""
    old = order.totals
    if (old.total, old.shipping, old.tax) == (now.total, now.shipping, now.tax):
        return []
    text = (
        f"Shipping changed from {Money(old.shipping, order.currency).decimal}"
        f" to {Money(now.shipping, order.currency).decimal} {order.currency}"
        f" (total {Money(old.total, order.currency).decimal} to {Money(now.total, order.currency).decimal})."
    )
    return [FieldViolation("shipping_method", text, "PRICE_CHANGED")]


def budget_needs(order: Order) -> list[BudgetNeed]:
    """A line takes its total, as the sheet shows it, from the budget it names; shipping and the tax of net-priced
    lines belong to the order and are on no budget."""
    return [
        BudgetNeed(index, line.id, line.budget_code, Money(line.total, order.currency))
        for index, line in enumerate(order.lines)
        if line.budget_code
    ]


def unique(found: Sequence[FieldViolation]) -> list[FieldViolation]:
    """One violation per field and reason, the first wins: several services may see the same thing."""
    seen: dict[tuple[str, str], FieldViolation] = {}
    for finding in found:
        seen.setdefault((finding.field, finding.reason), finding)
    return list(seen.values())
