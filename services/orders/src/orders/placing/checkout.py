"""What could be chosen for a sheet, and everything that still stands against placing it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FieldViolation
from orders import access
from orders.approval import domain as approvals
from orders.domain import costing, states
from orders.domain.errors import OrderNotFound
from orders.domain.model import VENDOR_SIDE, Order, PaymentMethod
from orders.domain.states import Verb
from orders.infrastructure import Infrastructure
from orders.placing import domain, holds
from orders.placing import store as claims
from orders.placing.domain import Accepted, TermsInForce
from orders.ports import OrderingContext
from orders.shared.standing import standing
from orders.shipping.domain import ShippingMethod
from orders.terms import store as terms_store


@dataclass(frozen=True, slots=True)
class ShippingOption:
    """`price` in minor units, in the basis (net or gross) of the method."""

    code: str
    name: str
    price: int
    currency: str
    pick_up: bool


@dataclass(frozen=True, slots=True)
class Checkout:
    shipping_options: list[ShippingOption]
    payment_methods: list[PaymentMethod]
    terms: TermsInForce | None
    terms_hash: str
    terms_text: str
    obstacles: list[FieldViolation]
    approval_needed: bool
    confirmation_emails: list[str]


def payment_choices(
    context: OrderingContext, answered: tuple[str, ...], *, electronic: bool
) -> list[PaymentMethod]:
    """What customers allows; while it refuses the order as it stands, what any customer may choose. In an assisted
    session only what community and client agreed. `electronic`: the caller could use it."""
    usual = ("BANK_TRANSFER", "CHEQUE", "CASH_ON_DELIVERY", "ELECTRONIC")
    if context.assistance is not None:
        names = answered or context.payment_methods
    else:
        names = answered or (("PAY_LATER", *usual) if context.pay_later_allowed else usual)
    choices = [PaymentMethod(name) for name in names]
    return [choice for choice in choices if choice is not PaymentMethod.ELECTRONIC or electronic]


def confirmation_emails(context: OrderingContext) -> list[str]:
    """Where the confirmation may go: the customer's own address, the residence's."""
    known = (context.contact.email, context.residence_email)
    return list(dict.fromkeys(email for email in known if email))


def shipping_options(order: Order, methods: list[ShippingMethod]) -> list[ShippingOption]:
    """The methods that serve address, weight and amount."""
    found = []
    for method in methods:
        price = costing.shipping_price(
            method,
            order.lines,
            order.header.delivery,
            currency=order.currency,
            tax_inclusive=order.tax_inclusive,
        )
        if price is not None:
            name = method.display_name(order.header.language)
            found.append(ShippingOption(method.code, name, price, method.currency, method.pick_up))
    return found


async def get_checkout(infra: Infrastructure, order_id: UUID) -> Checkout:
    """Nothing is held. Raises OrderNotFound, IllegalMove for an order that is no sheet any more."""
    caller = access.caller()
    picture = await claims.picture(infra.engine, order_id)
    if picture is None or not caller.sees(picture.order):
        raise OrderNotFound(order_id)
    texts: dict[str, str] = {}
    if picture.terms is not None:
        async with infra.engine.connect() as connection:
            texts = await terms_store.texts(connection, picture.terms.version)
    order = picture.order
    context = await access.context_of(infra.ports.customers, caller, order)
    states.move(order.state, Verb.PLACE)
    authorization, _, others = await holds.look(infra.ports, order, infra.today())
    own = domain.findings(
        order,
        method=picture.method,
        terms=picture.terms,
        accepted=Accepted(),
        actor_kind=caller.actor_kind,
        online=infra.online is not None,
        now=infra.clock(),
    )
    spender = (await standing(infra.engine, order, Accepted())).spender if order.shared else None
    electronic = infra.online is not None and caller.actor_kind not in VENDOR_SIDE
    choices = payment_choices(context, authorization.payment_methods, electronic=electronic)
    language = order.header.language if texts.get(order.header.language) else "en"
    return Checkout(
        shipping_options=shipping_options(order, await infra.methods.everything()),
        payment_methods=choices,
        terms=picture.terms,
        terms_hash=picture.terms.hash_for(order.header.language) if picture.terms else "",
        terms_text=texts.get(language, ""),
        obstacles=domain.unique([*own, *others]),
        approval_needed=approvals.asking(order, caller, context, spender) is not None,
        confirmation_emails=confirmation_emails(context),
    )
