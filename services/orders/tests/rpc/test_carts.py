"""Order sheets through the service: the cart, whole drafts, main fields, lines, totals."""

import asyncio
import datetime

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep
from services.orders.tests.shop import Shop, amount


async def open_cart(shop: Shop, who: object = None) -> pb.Order:
    return (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=who or shop.customer)).order


async def add(shop: Shop, order: pb.Order, *lines: pb.LineInput, **fields: str) -> pb.Order:
    request = pb.AddOrderLinesRequest(order_id=order.id, lines=lines, **fields)
    return (await shop.orders.AddOrderLines(request, metadata=shop.customer)).order


async def update(shop: Shop, order_id: str, *paths: str, who: object = None, **fields: object) -> pb.Order:
    request = pb.UpdateOrderRequest(order=pb.Order(id=order_id, **fields), update_mask=FieldMask(paths=paths))
    return (await shop.orders.UpdateOrder(request, metadata=who or shop.customer)).order


@pytest.mark.spec("O-01")
async def test_one_open_cart_per_account_and_actor(shop: Shop) -> None:
    opened = await asyncio.gather(*(open_cart(shop) for _ in range(10)))
    assert len({cart.id for cart in opened}) == 1
    assert opened[0].cart
    assert (await open_cart(shop, shop.as_rep)).id != opened[0].id
    other_person = as_customer(new_id(), shop.account)
    assert (await open_cart(shop, other_person)).id != opened[0].id
    sheet = await shop.sheet(("A", 1))
    assert not sheet.cart


@pytest.mark.spec("O-01")
async def test_lines_are_added_changed_and_removed(shop: Shop) -> None:
    cart = await open_cart(shop)
    day = date_pb2.Date(year=2026, month=12, day=24)
    cart = await add(
        shop,
        cart,
        pb.LineInput(sku="A", quantity=2, line_reference="shelf A", cost_centre="CC1"),
        pb.LineInput(variant_id=str(shop.catalog.articles["B"].id), quantity=1, note="gift"),
        pb.LineInput(sku="A", quantity=3, requested_delivery_date=day),
    )
    assert [(line.position, line.sku, line.quantity) for line in cart.lines] == [
        (1, "A", 2),
        (2, "B", 1),
        (3, "A", 3),
    ]
    assert cart.lines[0].line_reference == "shelf A"
    assert cart.lines[0].cost_centre == "CC1"
    assert cart.lines[1].note == "gift"
    assert cart.lines[2].requested_delivery_date == day

    change = pb.UpdateOrderLineRequest(
        order_id=cart.id,
        line_id=cart.lines[0].id,
        line=pb.LineInput(quantity=5, line_reference="shelf Z"),
        update_mask=FieldMask(paths=["quantity", "line_reference"]),
    )
    cart = (await shop.orders.UpdateOrderLine(change, metadata=shop.customer)).order
    assert (cart.lines[0].quantity, cart.lines[0].line_reference) == (5, "shelf Z")
    assert cart.lines[0].cost_centre == "CC1"
    assert amount(cart.lines[0].price.total) == "99.75"

    remove = pb.RemoveOrderLineRequest(order_id=cart.id, line_id=cart.lines[1].id)
    cart = (await shop.orders.RemoveOrderLine(remove, metadata=shop.customer)).order
    assert [line.position for line in cart.lines] == [1, 3]
    cart = await add(shop, cart, pb.LineInput(sku="C", quantity=1))
    assert [line.position for line in cart.lines] == [1, 3, 4]
    assert await shop.get(cart.id) == cart


@pytest.mark.spec("O-02")
async def test_main_fields_fill_themselves_and_can_be_chosen(shop: Shop) -> None:
    cart = await open_cart(shop)
    assert cart.delivery_address.city == "Brussel"
    assert cart.billing_address.city == "Brussel"
    assert (cart.contact.name, cart.contact.email) == ("Lies Peeters", "lies@linde.example")
    assert cart.payment_method == pb.PAYMENT_METHOD_PAY_LATER
    assert cart.language_code == "nl"
    elsewhere = common_pb2.Address(
        recipient="Filiaal", street_lines=["Rue Neuve 1"], postal_code="75001", city="Paris", region_code="FR"
    )
    cart = await update(
        shop,
        cart.id,
        "delivery_address",
        "order_reference",
        "contact.email",
        delivery_address=elsewhere,
        order_reference="PO 1",
        note="not named, not written",
        contact=pb.Contact(email="orders@linde.example"),
    )
    assert cart.delivery_address == elsewhere
    assert cart.billing_address.city == "Brussel"
    assert (cart.order_reference, cart.note) == ("PO 1", "")
    assert (cart.contact.name, cart.contact.email) == ("Lies Peeters", "orders@linde.example")


@pytest.mark.spec("O-02", "O-03")
async def test_another_country_prices_the_whole_sheet_anew(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1), ("B", 1))
    shop.catalog.articles["A"].rate = shop.catalog.articles["B"].rate = 20  # type: ignore[assignment]
    asked = shop.catalog.calls["quote"]
    sheet = await update(shop, sheet.id, "note", note="no price in this")
    assert shop.catalog.calls["quote"] == asked
    sheet = await update(
        shop,
        sheet.id,
        "delivery_address",
        delivery_address=common_pb2.Address(region_code="FR", city="Paris", postal_code="75001"),
    )
    assert shop.catalog.customers[-1].region_code == "FR"
    assert [tax.rate_percent.value for tax in sheet.totals.taxes] == ["20"]


@pytest.mark.spec("O-03")
async def test_totals_follow_every_change(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 5), ("B", 1), shipping_method="")
    assert amount(sheet.totals.goods) == "120.70"
    assert amount(sheet.totals.shipping) == "0.00"
    sheet = await update(shop, sheet.id, "shipping_method", shipping_method="STANDARD")
    totals = sheet.totals
    # 120.70 + 6.50 = 127.20; 21 % of it is 26.712.
    assert (amount(totals.shipping), amount(totals.tax), amount(totals.total)) == ("6.50", "26.71", "153.91")
    assert amount(totals.net) == "127.20"
    assert totals.weight_grams == 3000
    assert not totals.tax_inclusive
    assert amount(totals.taxes[0].taxable) == "127.20"
    price = sheet.lines[0].price
    assert price.trace[0].description == "list price of A"


@pytest.mark.spec("O-30")
async def test_the_order_page_answers_what_was_asked_and_when(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    assert sheet.map_link.startswith("https://www.openstreetmap.org/search?query=Kerkstraat%2012")
    assert list(sheet.allowed_verbs) == ["share", "place", "cancel"]
    await update(shop, sheet.id, "note", note="n")
    await add(shop, sheet, pb.LineInput(sku="B", quantity=2))
    history = await shop.history(sheet.id)
    assert [(entry.sequence, entry.action) for entry in history] == [
        (1, "created"),
        (2, "changed"),
        (3, "lines_added"),
    ]
    assert history[0].actor.id == str(shop.person)
    assert history[0].actor.display_name == "Name of PERSON"
    assert history[2].detail == "2 x B"
    page = pb.ListOrderHistoryRequest(order_id=sheet.id, page_size=2)
    first = await shop.orders.ListOrderHistory(page, metadata=shop.customer)
    page.page_token = first.next_page_token
    second = await shop.orders.ListOrderHistory(page, metadata=shop.customer)
    assert [*first.entries, *second.entries] == history
    assert not second.next_page_token


@pytest.mark.spec("O-10")
async def test_a_rep_creates_orders_for_own_accounts_as_taken_before(shop: Shop) -> None:
    taken = Timestamp()
    taken.FromDatetime(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2))
    sheet = await shop.sheet(("A", 1), who=shop.as_rep, taken_time=taken)
    assert sheet.taken_time == taken
    assert sheet.parties.actor.id == str(shop.rep)
    assert sheet.parties.rep_code == "REP01"
    assert sheet.parties.channel == common_pb2.CHANNEL_REP
    assert sheet.parties.customer.id == str(shop.account)
    assert shop.catalog.customers[-1].groups == ("TRADE",)
    named = await shop.sheet(("A", 1), who=as_rep(shop.rep), account_id=str(shop.account))
    assert named.parties.actor.id == str(shop.rep)
