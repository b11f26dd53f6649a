"""Order sheets through the service: the cart, whole drafts, main fields, lines, who may see them."""

import asyncio
import datetime

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff
from services.orders.tests.shop import Shop, a_method, amount, found, refused


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
    assert list(sheet.allowed_verbs) == ["place", "cancel"]
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


async def test_refused_lines_are_named_and_nothing_is_added(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    shop.catalog.add("OLD", discontinued=True)
    async with refused("INVALID_FIELDS") as errors:
        await add(
            shop,
            sheet,
            pb.LineInput(sku="B", quantity=1),
            pb.LineInput(sku="NONE", quantity=1),
            pb.LineInput(sku="OLD", quantity=1),
        )
    assert found(errors) == {("lines[1]", "VARIANT_NOT_FOUND"), ("lines[2]", "VARIANT_DISCONTINUED")}
    assert len((await shop.get(sheet.id)).lines) == 1


async def test_a_shortage_is_shown_and_does_not_lose_the_line(shop: Shop) -> None:
    shop.catalog.add("RARE", stock=1)
    sheet = await shop.sheet(("RARE", 5))
    assert sheet.lines[0].quantity == 5


async def test_one_currency_in_an_order(shop: Shop) -> None:
    shop.catalog.add("USD", currency="USD")
    sheet = await shop.sheet(("A", 1))
    async with refused("INVALID_FIELDS") as errors:
        await add(shop, sheet, pb.LineInput(sku="USD", quantity=1))
    assert found(errors) == {("lines[1]", "CURRENCY_MISMATCH")}


async def test_an_unknown_shipping_method_is_refused(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    async with refused("INVALID_FIELDS") as errors:
        await update(shop, sheet.id, "shipping_method", shipping_method="BALLOON")
    assert found(errors) == {("shipping_method", "SHIPPING_METHOD_NOT_FOUND")}


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


@pytest.mark.spec("O-10", "A-12")
async def test_somebody_elses_order_does_not_exist(shop: Shop) -> None:
    foreign = shop.customers.add()
    theirs = as_customer(new_id(), foreign)
    order = await shop.sheet(("A", 1), who=theirs)
    strangers = (shop.customer, shop.as_rep, as_rep(shop.rep), as_rep_for(shop.rep, foreign))
    for who in strangers:
        for order_id in (order.id, str(new_id())):
            for call, request in (
                (shop.orders.GetOrder, pb.GetOrderRequest(order_id=order_id)),
                (shop.orders.UpdateOrder, pb.UpdateOrderRequest(order=pb.Order(id=order_id, note="x"))),
                (
                    shop.orders.AddOrderLines,
                    pb.AddOrderLinesRequest(order_id=order_id, lines=[pb.LineInput(sku="A", quantity=1)]),
                ),
                (
                    shop.orders.UpdateOrderLine,
                    pb.UpdateOrderLineRequest(
                        order_id=order_id, line_id=order.lines[0].id, line=pb.LineInput(quantity=2)
                    ),
                ),
                (
                    shop.orders.RemoveOrderLine,
                    pb.RemoveOrderLineRequest(order_id=order_id, line_id=order.lines[0].id),
                ),
                (shop.orders.GetCheckout, pb.GetCheckoutRequest(order_id=order_id)),
                (shop.orders.ListOrderHistory, pb.ListOrderHistoryRequest(order_id=order_id)),
                (shop.orders.PlaceOrder, pb.PlaceOrderRequest(order_id=order_id, request_id=str(new_id()))),
                (shop.orders.CancelOrder, pb.CancelOrderRequest(order_id=order_id)),
            ):
                async with refused("ORDER_NOT_FOUND") as errors:
                    await call(request, metadata=who)
                assert errors[0].domain == "orders.commis"
        if who is not shop.customer:
            async with refused("ACCOUNT_NOT_FOUND"):
                await shop.sheet(("A", 1), who=who, account_id=str(foreign))
    assert await shop.get(order.id, theirs) == order


@pytest.mark.spec("A-11")
async def test_an_assignment_that_ended_ends_access_at_once(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1), who=shop.as_rep)
    shop.customers.reps[shop.account].clear()
    async with refused("ORDER_NOT_FOUND"):
        await shop.get(sheet.id, shop.as_rep)
    async with refused("ORDER_NOT_FOUND"):
        await shop.place(sheet.id, shop.as_rep)
    async with refused("ACCOUNT_NOT_FOUND"):
        await open_cart(shop, shop.as_rep)
    listed = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=shop.as_rep)
    assert not listed.orders
    shop.customers.reps[shop.account].add(str(shop.rep))
    assert (await shop.place(sheet.id, shop.as_rep)).state == pb.Order.STATE_PLACED


async def test_a_user_sees_own_orders_an_administrator_all(shop: Shop) -> None:
    user, other = new_id(), new_id()
    mine = await shop.sheet(("A", 1), who=as_customer(user, shop.account, "USER"))
    async with refused("ORDER_NOT_FOUND"):
        await shop.get(mine.id, as_customer(other, shop.account, "USER"))
    assert (await shop.get(mine.id, as_customer(other, shop.account))).id == mine.id
    listed = await shop.orders.ListOrders(
        pb.ListOrdersRequest(), metadata=as_customer(other, shop.account, "USER")
    )
    assert not listed.orders
    listed = await shop.orders.ListOrders(
        pb.ListOrdersRequest(), metadata=as_customer(user, shop.account, "USER")
    )
    assert [order.id for order in listed.orders] == [mine.id]


async def test_services_with_the_scope_and_staff_read_any_order(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    readers = (
        as_service("orders.read"),
        as_service("orders.read", vouching=True),
        as_staff("FINANCE"),
        as_staff("ORDER_DESK"),
    )
    for who in readers:
        assert (await shop.get(sheet.id, who)).id == sheet.id
    for who in (as_staff("CATALOGUE"), as_service("orders.placement")):
        async with refused("PERMISSION_DENIED"):
            await shop.get(sheet.id, who)
    async with refused("PERMISSION_DENIED"):
        await update(shop, sheet.id, "note", note="x", who=as_staff("FINANCE"))


async def test_orders_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    made = [(await shop.sheet(("A", 1))).id for _ in range(5)]
    foreign = shop.customers.add()
    await shop.sheet(("A", 1), who=as_customer(new_id(), foreign))
    for who in (shop.customer, shop.as_rep, as_rep(shop.rep)):
        seen: list[str] = []
        token = ""
        while True:
            page = await shop.orders.ListOrders(
                pb.ListOrdersRequest(page_size=2, page_token=token), metadata=who
            )
            assert len(page.orders) <= 2
            seen += [order.id for order in page.orders]
            token = page.next_page_token
            if not token:
                break
        assert seen == made[::-1]
    everything = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=shop.staff)
    assert len(everything.orders) == 6


async def test_orders_are_filtered(shop: Shop) -> None:
    placed = await shop.placed(("A", 1))
    await shop.sheet(("A", 1))
    by_rep = await shop.sheet(("B", 2), who=shop.as_rep)

    async def ids(**fields: object) -> list[str]:
        answer = await shop.orders.ListOrders(pb.ListOrdersRequest(**fields), metadata=shop.staff)
        return [order.id for order in answer.orders]

    assert await ids(states=[pb.Order.STATE_PLACED]) == [placed.id]
    assert await ids(representative_id=str(shop.rep)) == [by_rep.id]
    assert await ids(account_id=str(new_id())) == []
    today = shop.infra.today()
    day = date_pb2.Date(year=today.year, month=today.month, day=today.day)
    assert await ids(place_from_date=day, place_to_date=day) == [placed.id]
    later = today + datetime.timedelta(days=1)
    assert await ids(place_from_date=date_pb2.Date(year=later.year, month=later.month, day=later.day)) == []
    row = (
        await shop.orders.ListOrders(
            pb.ListOrdersRequest(states=[pb.Order.STATE_PLACED]), metadata=shop.staff
        )
    ).orders[0]
    assert row.number == placed.number
    assert row.total == placed.totals.total
    assert row.line_count == 1
    async with refused("INVALID_FIELDS"):
        first = await shop.orders.ListOrders(pb.ListOrdersRequest(page_size=1), metadata=shop.staff)
        await ids(page_token=first.next_page_token, account_id=str(shop.account))


async def test_a_client_made_id_makes_one_order(shop: Shop) -> None:
    order_id = str(new_id())
    first = await shop.sheet(("A", 1), order_id=order_id, note="offline")
    again = await shop.sheet(("A", 1), order_id=order_id, note="offline")
    assert first == again
    async with refused("ORDER_ID_TAKEN"):
        await shop.sheet(("A", 2), order_id=order_id, note="offline")
    foreign = shop.customers.add()
    async with refused("ORDER_ID_TAKEN"):
        await shop.sheet(("A", 1), who=as_customer(new_id(), foreign), order_id=order_id, note="offline")
    async with refused("INVALID_FIELDS") as errors:
        await shop.sheet(("A", 1), order_id="0199d0c2-5b7e-4c3a-9f00-000000000000")
    assert found(errors) == {("order_id", "INVALID")}


async def test_the_same_request_id_answers_the_same_order(shop: Shop) -> None:
    request_id = str(new_id())
    answers = await asyncio.gather(*(shop.sheet(("A", 1), request_id=request_id) for _ in range(8)))
    assert len({answer.SerializeToString() for answer in answers}) == 1
    async with refused("REQUEST_ID_REUSED"):
        await shop.sheet(("A", 2), request_id=request_id)
    assert (await shop.rows("SELECT count(*) AS n FROM orders"))[0].n == 1

    sheet = answers[0]
    add_id = str(new_id())
    lines = [pb.LineInput(sku="B", quantity=1)]
    added = await asyncio.gather(*(add(shop, sheet, *lines, request_id=add_id) for _ in range(8)))
    assert len({answer.SerializeToString() for answer in added}) == 1
    assert len((await shop.get(sheet.id)).lines) == 2


@pytest.mark.spec("O-35")
async def test_a_stale_version_is_refused_with_the_current_one(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    request = pb.UpdateOrderRequest(order=pb.Order(id=sheet.id, note="first", etag=sheet.etag))
    changed = (await shop.orders.UpdateOrder(request, metadata=shop.customer)).order
    stale = {"order_id": sheet.id, "etag": sheet.etag}
    line = {"line_id": sheet.lines[0].id}
    for call, stale_request in (
        (
            shop.orders.UpdateOrder,
            pb.UpdateOrderRequest(order=pb.Order(id=sheet.id, note="2", etag=sheet.etag)),
        ),
        (
            shop.orders.AddOrderLines,
            pb.AddOrderLinesRequest(lines=[pb.LineInput(sku="A", quantity=1)], **stale),
        ),
        (
            shop.orders.UpdateOrderLine,
            pb.UpdateOrderLineRequest(line=pb.LineInput(quantity=2), **stale, **line),
        ),
        (shop.orders.RemoveOrderLine, pb.RemoveOrderLineRequest(**stale, **line)),
        (shop.orders.PlaceOrder, pb.PlaceOrderRequest(request_id=str(new_id()), **stale)),
        (shop.orders.CancelOrder, pb.CancelOrderRequest(**stale)),
    ):
        async with refused("ETAG_MISMATCH") as errors:
            await call(stale_request, metadata=shop.customer)
        assert errors[0].metadata["current_etag"] == changed.etag
    assert await shop.get(sheet.id) == changed


@pytest.mark.spec("O-35")
async def test_many_edits_at_once_lose_nothing(shop: Shop) -> None:
    sheet = await shop.sheet()
    await asyncio.gather(*(add(shop, sheet, pb.LineInput(sku="C", quantity=1)) for _ in range(20)))
    sheet = await shop.get(sheet.id)
    assert [line.position for line in sheet.lines] == list(range(1, 21))
    assert amount(sheet.totals.goods) == "100.00"
    assert [entry.sequence for entry in await shop.history(sheet.id)] == list(range(1, 22))


@pytest.mark.spec("O-12")
async def test_a_rep_never_chooses_online_payment(shop: Shop) -> None:
    electronic = pb.PAYMENT_METHOD_ELECTRONIC
    async with refused("INVALID_FIELDS") as errors:
        await shop.sheet(("A", 1), who=shop.as_rep, payment_method=electronic)
    assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    sheet = await shop.sheet(("A", 1), who=shop.as_rep)
    async with refused("INVALID_FIELDS") as errors:
        await update(shop, sheet.id, "payment_method", payment_method=electronic, who=shop.as_rep)
    assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    for method in (
        pb.PAYMENT_METHOD_CASH_ON_DELIVERY,
        pb.PAYMENT_METHOD_CHEQUE,
        pb.PAYMENT_METHOD_BANK_TRANSFER,
        pb.PAYMENT_METHOD_PAY_LATER,
    ):
        sheet = await update(shop, sheet.id, "payment_method", payment_method=method, who=shop.as_rep)
        assert sheet.payment_method == method
    own = await shop.sheet(("A", 1), payment_method=electronic)
    assert own.payment_method == electronic
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(own.id, shop.as_rep)
    assert ("payment_method", "PAYMENT_NOT_ALLOWED") in found(errors)
    assert (await shop.place(own.id)).state == pb.Order.STATE_PLACED


async def test_every_wrong_field_is_named_at_once(shop: Shop) -> None:
    async with refused("INVALID_FIELDS") as errors:
        await shop.sheet(
            order_id="x",
            account_id="y",
            note="a\x00b",
            order_reference="r" * 500,
            delivery_address=common_pb2.Address(region_code="XX", street_lines=["1", "2", "3", "4"]),
            contact=pb.Contact(name="n\x00"),
            payment_method=99,
            requested_delivery_date=date_pb2.Date(year=2026, month=13, day=1),
            taken_time=Timestamp(seconds=2**60),
            lines=[pb.LineInput(quantity=0), pb.LineInput(sku="A", variant_id="z", quantity=2**31 - 1)],
        )
    assert {name for name, _ in found(errors)} == {
        "order_id",
        "account_id",
        "note",
        "order_reference",
        "delivery_address.region_code",
        "delivery_address.street_lines",
        "contact.name",
        "payment_method",
        "requested_delivery_date",
        "taken_time",
        "lines[0]",
        "lines[0].quantity",
        "lines[1]",
        "lines[1].variant_id",
        "lines[1].quantity",
    }


async def test_a_thousand_line_sheet_is_one_request(shop: Shop) -> None:
    lines = [pb.LineInput(sku="C", quantity=1, line_reference=str(n)) for n in range(2000)]
    sheet = await shop.sheet(lines=lines)
    assert len(sheet.lines) == 2000
    async with refused("INVALID_FIELDS") as errors:
        await add(shop, sheet, pb.LineInput(sku="C", quantity=1))
    assert found(errors) == {("lines", "TOO_MANY")}


async def test_shipping_methods_are_kept_by_staff(shop: Shop) -> None:
    async with refused("SHIPPING_METHOD_CODE_TAKEN"):
        request = checkout_pb2.CreateShippingMethodRequest(shipping_method=a_method())
        await shop.methods.CreateShippingMethod(request, metadata=shop.staff)
    listed = await shop.methods.ListShippingMethods(
        checkout_pb2.ListShippingMethodsRequest(), metadata=shop.customer
    )
    (method,) = listed.shipping_methods
    assert (
        method.zones == a_method().zones
        or method.zones[0].bands[0].price == a_method().zones[0].bands[0].price
    )
    change = checkout_pb2.UpdateShippingMethodRequest(
        shipping_method=checkout_pb2.ShippingMethod(id=method.id, active=False, etag=method.etag),
        update_mask=FieldMask(paths=["active"]),
    )
    changed = (await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)).shipping_method
    assert not changed.active
    assert changed.zones == method.zones
    async with refused("ETAG_MISMATCH"):
        await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)
    async with refused("PERMISSION_DENIED"):
        await shop.methods.UpdateShippingMethod(change, metadata=shop.customer)
    bad = a_method("BAD", currency_code="XYZ")
    bad.zones[0].bands[0].max_weight_grams = -1
    bad.zones[0].region_codes.append("??")
    async with refused("INVALID_FIELDS") as errors:
        await shop.methods.CreateShippingMethod(
            checkout_pb2.CreateShippingMethodRequest(shipping_method=bad), metadata=shop.staff
        )
    assert {name for name, _ in found(errors)} >= {
        "shipping_method.currency_code",
        "shipping_method.zones[0].region_codes[2]",
        "shipping_method.zones[0].bands[0].max_weight_grams",
    }


async def test_terms_are_published_once_per_version_and_read_by_anyone(shop: Shop) -> None:
    read = (await shop.terms.GetTerms(checkout_pb2.GetTermsRequest())).terms
    assert read.version == "2026-01"
    newer = checkout_pb2.PublishTermsRequest(
        version="2026-02", text=common_pb2.LocalizedText(texts={"en": " As shown. "})
    )
    published = (await shop.terms.PublishTerms(newer, metadata=shop.staff)).terms
    assert published.text.texts["en"] == " As shown. "
    assert (await shop.terms.GetTerms(checkout_pb2.GetTermsRequest())).terms == published
    assert (await shop.terms.PublishTerms(newer, metadata=shop.staff)).terms == published
    newer.text.texts["en"] = "Something else."
    async with refused("TERMS_VERSION_TAKEN"):
        await shop.terms.PublishTerms(newer, metadata=shop.staff)
    old = (await shop.terms.GetTerms(checkout_pb2.GetTermsRequest(version="2026-01"))).terms
    assert old == read
    async with refused("TERMS_NOT_FOUND"):
        await shop.terms.GetTerms(checkout_pb2.GetTermsRequest(version="1999"))
    async with refused("INVALID_FIELDS"):
        await shop.terms.PublishTerms(checkout_pb2.PublishTermsRequest(version="x"), metadata=shop.staff)
