"""Placing: everything missing named at once, exactly once whatever races, nothing held that is not sold."""

import asyncio
import datetime
from decimal import Decimal
from typing import Any

import grpc
import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2, events_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy.exc import IntegrityError

from chassis import status
from chassis.errors import FieldViolation, Unavailable
from chassis.ids import new_id
from chassis.testing import as_rep, as_service
from services.orders.tests.shop import Shop, a_method, amount, found, refused, terms_hash


async def outcome(work: Any) -> Any:
    """The answer, or the error as ours."""
    try:
        return await work
    except grpc.aio.AioRpcError as error:
        return status.from_rpc_error(error, "orders")


async def placement(shop: Shop, order_id: str) -> pb.Placement:
    request = pb.GetPlacementsRequest(order_ids=[order_id])
    answer = await shop.placements.GetPlacements(
        request, metadata=as_service("orders.placement", vouching=True)
    )
    return answer.placements[0]


async def checkout(shop: Shop, order_id: str, who: Any = None) -> pb.GetCheckoutResponse:
    request = pb.GetCheckoutRequest(order_id=order_id)
    answer: pb.GetCheckoutResponse = await shop.orders.GetCheckout(request, metadata=who or shop.customer)
    return answer


@pytest.mark.spec("O-10", "O-20", "O-21", "O-30", "O-31")
async def test_a_rep_places_an_order(shop: Shop) -> None:
    shop.customers.names[str(shop.rep)] = "Robin Reiziger"
    sheet = await shop.sheet(("A", 5), ("B", 1), who=shop.as_rep)
    placed = await shop.place(sheet.id, shop.as_rep, etag=sheet.etag)
    assert placed.state == pb.Order.STATE_PLACED
    assert placed.payment_state == pb.Order.PAYMENT_STATE_OPEN
    assert placed.fulfilment_state == pb.Order.FULFILMENT_STATE_OPEN
    assert placed.number == f"{shop.infra.today().year}-{int(placed.number[5:]):06}"
    assert list(placed.allowed_verbs) == ["process", "cancel"]
    parties = placed.parties
    assert (parties.actor.kind, parties.actor.id, parties.actor.display_name) == (
        common_pb2.PARTY_KIND_REP,
        str(shop.rep),
        "Robin Reiziger",
    )
    assert (parties.customer.id, parties.payer.id) == (str(shop.account), str(shop.account))
    assert (parties.rep_code, parties.channel) == ("REP01", common_pb2.CHANNEL_REP)
    accepted = placed.terms_acceptance
    assert (accepted.terms_version, accepted.terms_hash) == ("2026-01", terms_hash("nl"))
    assert accepted.accepted_by == parties.actor
    assert accepted.accepted_for_account_id == str(shop.account)
    assert placed.totals == sheet.totals
    assert await shop.get(sheet.id) == placed
    assert shop.catalog.held(shop.catalog.articles["A"]) == 5
    last = (await shop.history(sheet.id))[-1]
    assert (last.action, last.from_state, last.to_state) == (
        "placed",
        pb.Order.STATE_DRAFT,
        pb.Order.STATE_PLACED,
    )
    assert last.actor.id == str(shop.rep)

    (payload,) = await shop.events("order_placed")
    event = events_pb2.OrderPlaced.FromString(payload)
    assert (event.order_id, event.number, event.account_id) == (placed.id, placed.number, str(shop.account))
    assert event.total == placed.totals.total
    assert event.payment_method == "BANK_TRANSFER"
    assert [(line.line_id, line.quantity) for line in event.lines] == [
        (line.id, line.quantity) for line in placed.lines
    ]
    assert event.attempt_id == str(shop.catalog.holds[next(iter(shop.catalog.holds))][0])
    assert event.attribution.actor.id == str(shop.rep)
    assert event.attribution.account_id == str(shop.account)
    assert event.attribution.order_id == placed.id
    answer = await placement(shop, placed.id)
    assert (answer.state, answer.attempt_id) == (pb.Placement.STATE_PLACED, event.attempt_id)


@pytest.mark.spec("O-20")
async def test_everything_missing_is_named_in_one_answer(shop: Shop) -> None:
    shop.catalog.add("RARE", stock=1)
    shop.catalog.add("GONE")
    shop.library.budgets["FICTION"] = 100
    tomorrow = Timestamp()
    tomorrow.FromDatetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
    sheet = await shop.sheet(
        lines=[
            pb.LineInput(sku="RARE", quantity=3),
            pb.LineInput(sku="GONE", quantity=1),
            pb.LineInput(sku="A", quantity=1, budget_code="FICTION"),
            pb.LineInput(sku="B", quantity=1),
        ],
        shipping_method="", taken_time=tomorrow,
        delivery_address=common_pb2.Address(region_code="BE", postal_code="99999", recipient="x"),
        contact=pb.Contact(phone="1"), payment_method=pb.PAYMENT_METHOD_CHEQUE,
    )  # fmt: skip
    shop.catalog.articles["GONE"].discontinued = True
    shop.catalog.articles["B"].price = Decimal("21.95")
    shop.customers.findings = (FieldViolation("payment_method", "no cheques", "PAYMENT_NOT_ALLOWED"),)
    expected = {
        ("delivery_address.street_lines", "REQUIRED"),
        ("delivery_address.city", "REQUIRED"),
        ("delivery_address.postal_code", "INVALID"),
        ("contact.name", "REQUIRED"),
        ("contact.email", "REQUIRED"),
        ("shipping_method", "REQUIRED"),
        ("payment_method", "PAYMENT_NOT_ALLOWED"),
        ("taken_time", "TIME_IN_FUTURE"),
        ("terms_hash", "TERMS_OUTDATED"),
        ("lines[0].quantity", "STOCK_SHORTAGE"),
        ("lines[1]", "VARIANT_DISCONTINUED"),
        ("lines[2].budget_code", "BUDGET_EXCEEDED"),
        ("lines[3].price", "PRICE_CHANGED"),
    }
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id, terms_hash="0" * 64)
    assert found(errors) == expected
    assert shop.catalog.calls["reserve"] == 0
    assert shop.library.calls["hold"] == 0
    shown = {(each.field, each.reason) for each in (await checkout(shop, sheet.id)).obstacles}
    assert shown == expected - {("terms_hash", "TERMS_OUTDATED")} | {("terms_version", "TERMS_NOT_ACCEPTED")}
    assert (await shop.get(sheet.id)).state == pb.Order.STATE_DRAFT
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_NOT_PLACED


@pytest.mark.spec("O-20")
async def test_an_empty_cart_and_an_order_without_payment_cannot_be_placed(shop: Shop) -> None:
    shop.customers.contexts.clear()
    shop.customers.add(shop.account, pay_later_allowed=False)
    cart = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=shop.customer)).order
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(cart.id, terms_version="", terms_hash="")
    assert found(errors) == {
        ("lines", "REQUIRED"),
        ("payment_method", "REQUIRED"),
        ("terms_version", "TERMS_NOT_ACCEPTED"),
    }


@pytest.mark.spec("O-20")
async def test_terms_have_to_be_those_in_force(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    await shop.terms.PublishTerms(
        checkout_pb2.PublishTermsRequest(
            version="2026-02", text=common_pb2.LocalizedText(texts={"en": "New."})
        ),
        metadata=shop.staff,
    )
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("terms_version", "TERMS_OUTDATED")}
    shown = await checkout(shop, sheet.id)
    assert (shown.terms_version, shown.terms_text) == ("2026-02", "New.")
    placed = await shop.place(sheet.id, terms_version=shown.terms_version, terms_hash=shown.terms_hash)
    assert placed.terms_acceptance.terms_version == "2026-02"


@pytest.mark.spec("O-20", "O-23")
async def test_checkout_shows_what_serves_this_order(shop: Shop) -> None:
    await shop.methods.CreateShippingMethod(
        checkout_pb2.CreateShippingMethodRequest(shipping_method=a_method("PICK-UP", pick_up=True, zones=[])),
        metadata=shop.staff,
    )
    far = checkout_pb2.ShippingZone(region_codes=["IT"], bands=a_method().zones[0].bands)
    await shop.methods.CreateShippingMethod(
        checkout_pb2.CreateShippingMethodRequest(shipping_method=a_method("ITALY", zones=[far])),
        metadata=shop.staff,
    )
    sheet = await shop.sheet(("A", 1))
    shown = await checkout(shop, sheet.id)
    options = {option.code: (option.display_name, amount(option.price)) for option in shown.shipping_options}
    assert options == {"STANDARD": ("Standaard levering", "6.50"), "PICK-UP": ("Standaard levering", "0.00")}
    assert [(each.field, each.reason) for each in shown.obstacles] == [
        ("terms_version", "TERMS_NOT_ACCEPTED")
    ]
    assert (shown.terms_version, shown.terms_hash) == ("2026-01", terms_hash("nl"))
    assert pb.PAYMENT_METHOD_ELECTRONIC in shown.payment_methods
    assert pb.PAYMENT_METHOD_ELECTRONIC not in (await checkout(shop, sheet.id, shop.as_rep)).payment_methods
    heavy = await shop.sheet(("A", 101))
    assert [option.code for option in (await checkout(shop, heavy.id)).shipping_options] == ["PICK-UP"]
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(heavy.id)
    assert found(errors) == {("shipping_method", "SHIPPING_NOT_AVAILABLE")}


@pytest.mark.spec("O-21")
async def test_fifty_identical_requests_are_one_order(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    request_id = str(new_id())
    request = pb.PlaceOrderRequest(
        request_id=request_id, order_id=sheet.id, terms_version="2026-01", terms_hash=terms_hash("nl")
    )
    answers = await asyncio.gather(
        *(shop.orders.PlaceOrder(request, metadata=shop.customer, timeout=20) for _ in range(50))
    )
    assert len({answer.SerializeToString() for answer in answers}) == 1
    assert shop.catalog.calls["reserve"] == 1
    assert len(await shop.events("order_placed")) == 1
    numbers = await shop.rows("SELECT number FROM orders WHERE number IS NOT NULL")
    assert len(numbers) == 1
    async with refused("REQUEST_ID_REUSED"):
        await shop.place(sheet.id, request_id=request_id, terms_hash=terms_hash("en"))
    async with refused("ORDER_STATE") as errors:
        await shop.place(sheet.id)
    assert errors[0].metadata["allowed_verbs"] == "process, cancel"
    other = await shop.sheet(("A", 1))
    assert (await shop.place(other.id, shop.as_rep, request_id=request_id)).state == pb.Order.STATE_PLACED
    async with refused("INVALID_FIELDS") as errors:
        await shop.place(other.id, request_id="")
    assert found(errors) == {("request_id", "REQUIRED")}


@pytest.mark.spec("O-21")
async def test_two_different_keys_at_once_place_once(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    answers = await asyncio.gather(*(outcome(shop.place(sheet.id)) for _ in range(10)))
    placed = [answer for answer in answers if isinstance(answer, pb.Order)]
    assert len(placed) == 1
    assert {a.reason for a in answers if not isinstance(a, pb.Order)} <= {
        "PLACEMENT_IN_PROGRESS",
        "ORDER_STATE",
    }
    assert len(await shop.events("order_placed")) == 1
    assert shop.catalog.held(shop.catalog.articles["A"]) == 1


@pytest.mark.spec("O-21")
async def test_an_order_that_is_being_placed_cannot_be_edited_or_cancelled(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    shop.catalog.gate = asyncio.Event()
    placing = asyncio.create_task(shop.place(sheet.id))
    await shop.catalog.entered.wait()
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_IN_PROGRESS
    line = pb.UpdateOrderLineRequest(
        order_id=sheet.id, line_id=sheet.lines[0].id, line=pb.LineInput(quantity=99)
    )
    async with refused("PLACEMENT_IN_PROGRESS"):
        await shop.orders.UpdateOrderLine(line, metadata=shop.customer)
    async with refused("PLACEMENT_IN_PROGRESS"):
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=sheet.id), metadata=shop.customer)
    shop.catalog.gate.set()
    placed = await placing
    assert [each.quantity for each in placed.lines] == [1]
    async with refused("ORDER_NOT_EDITABLE"):
        await shop.orders.UpdateOrderLine(line, metadata=shop.customer)


@pytest.mark.spec("O-21")
@pytest.mark.parametrize("edits", range(6))
async def test_placing_while_a_line_is_edited_freezes_one_of_the_two(shop: Shop, edits: int) -> None:
    sheet = await shop.sheet(("A", 1))
    line = pb.UpdateOrderLineRequest(
        order_id=sheet.id, line_id=sheet.lines[0].id, line=pb.LineInput(quantity=7)
    )
    work: list[Any] = [
        outcome(shop.place(sheet.id)),
        outcome(shop.orders.UpdateOrderLine(line, metadata=shop.customer)),
    ]
    first = edits % 2
    placed, edited = await asyncio.gather(*(work if first else work[::-1]))
    if not first:
        placed, edited = edited, placed
    assert isinstance(placed, pb.Order)
    quantity = placed.lines[0].quantity
    now = await shop.get(sheet.id)
    assert now == placed
    assert shop.catalog.held(shop.catalog.articles["A"]) == quantity
    if quantity == 1:
        assert edited.reason in {"PLACEMENT_IN_PROGRESS", "ORDER_NOT_EDITABLE"}
    else:
        assert edited.order.lines[0].quantity == 7
    assert amount(placed.totals.goods) == f"{Decimal('19.95') * quantity}"


@pytest.mark.spec("O-20", "C-23")
async def test_a_shortage_holds_nothing_and_the_sheet_stays(shop: Shop) -> None:
    rare = shop.catalog.add("RARE", stock=2)
    sheet = await shop.sheet(("RARE", 2), ("RARE", 1))
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("lines[1].quantity", "STOCK_SHORTAGE")}
    assert shop.catalog.held(rare) == 0
    remove = pb.RemoveOrderLineRequest(order_id=sheet.id, line_id=sheet.lines[1].id)
    await shop.orders.RemoveOrderLine(remove, metadata=shop.customer)
    assert (await shop.place(sheet.id)).state == pb.Order.STATE_PLACED
    assert shop.catalog.held(rare) == 2


@pytest.mark.spec("O-20", "O-21")
async def test_a_changed_price_is_never_silent(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1), ("B", 2))
    shop.catalog.articles["B"].price = Decimal("22.00")
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("lines[1].price", "PRICE_CHANGED")}
    description = errors[0].violations[0].description
    assert "20.95" in description
    assert "22 EUR" in description
    assert not shop.catalog.holds
    shown = await shop.get(sheet.id)
    assert shown.state == pb.Order.STATE_DRAFT
    assert amount(shown.lines[1].price.total) == "44.00"
    assert amount(shown.totals.goods) == "63.95"
    assert errors[0].metadata["current_etag"] == shown.etag
    assert (await shop.history(sheet.id))[-1].action == "repriced"
    placed = await shop.place(sheet.id)
    assert placed.totals == shown.totals


@pytest.mark.spec("O-20")
async def test_changed_shipping_is_never_silent(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    (method,) = (
        await shop.methods.ListShippingMethods(checkout_pb2.ListShippingMethodsRequest(), metadata=shop.staff)
    ).shipping_methods
    dearer = a_method(price="9.50")
    dearer.id = method.id
    change = checkout_pb2.UpdateShippingMethodRequest(
        shipping_method=dearer, update_mask=FieldMask(paths=["zones"])
    )
    await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("shipping_method", "PRICE_CHANGED")}
    assert amount((await shop.get(sheet.id)).totals.shipping) == "9.50"
    assert not shop.catalog.holds
    assert amount((await shop.place(sheet.id)).totals.shipping) == "9.50"


@pytest.mark.spec("O-20")
async def test_a_customer_whose_group_changed_gets_the_prices_of_now(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    context = shop.customers.contexts[shop.account]
    shop.customers.add(shop.account, groups=("LIBRARY",))
    shop.customers.reps[shop.account].add(str(shop.rep))
    assert context.groups == ("TRADE",)
    placed = await shop.place(sheet.id)
    assert placed.state == pb.Order.STATE_PLACED
    assert [customer.groups for customer in shop.catalog.customers[-2:]] == [("TRADE",), ("LIBRARY",)]
    event = events_pb2.OrderPlaced.FromString((await shop.events("order_placed"))[0])
    assert event.attempt_id == str(next(iter(shop.catalog.holds.values()))[0])


@pytest.mark.spec("O-20", "L-06")
async def test_lines_take_their_totals_from_the_budgets_they_name(shop: Shop) -> None:
    shop.library.budgets |= {"FICTION": 4000, "YOUTH": 2095}
    sheet = await shop.sheet(
        lines=[
            pb.LineInput(sku="A", quantity=2, budget_code="FICTION"),
            pb.LineInput(sku="B", quantity=1, budget_code="YOUTH"),
            pb.LineInput(sku="C", quantity=1),
        ]
    )
    await shop.place(sheet.id)
    ((_, held),) = shop.library.holds.values()
    assert dict(held) == {"FICTION": 3990, "YOUTH": 2095}
    assert shop.library.days == [shop.infra.today()]
    again = await shop.sheet(lines=[pb.LineInput(sku="C", quantity=1, budget_code="YOUTH")])
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(again.id)
    assert found(errors) == {("lines[0].budget_code", "BUDGET_EXCEEDED")}
    assert shop.catalog.held(shop.catalog.articles["C"]) == 1
    event = events_pb2.OrderPlaced.FromString((await shop.events("order_placed"))[0])
    assert [line.budget_code for line in event.lines] == ["FICTION", "YOUTH", ""]


@pytest.mark.spec("O-21")
async def test_a_neighbour_that_is_away_leaves_nothing_behind(shop: Shop) -> None:
    shop.library.budgets["FICTION"] = 10_000
    sheet = await shop.sheet(lines=[pb.LineInput(sku="A", quantity=1, budget_code="FICTION")])
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    async with refused("UNAVAILABLE"):
        await shop.place(sheet.id)
    assert not shop.library.holds
    assert not shop.catalog.holds
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_NOT_PLACED
    shop.catalog.fail_reserve = None
    assert (await shop.place(sheet.id)).state == pb.Order.STATE_PLACED


@pytest.mark.spec("O-21")
async def test_a_claim_that_a_crash_left_behind_runs_out(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    request_id = new_id()
    async with shop.infra.sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE orders SET placing_attempt = $1, placing_request = $2,"
            " placing_until = clock_timestamp() + interval '0.7 s'",
            (new_id(), request_id),
        )
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_IN_PROGRESS
    async with refused("PLACEMENT_IN_PROGRESS"):
        await shop.place(sheet.id)
    placed = await shop.place(sheet.id, request_id=str(request_id))
    assert placed.state == pb.Order.STATE_PLACED


@pytest.mark.spec("O-21")
async def test_an_attempt_that_took_too_long_places_nothing(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    shop.catalog.gate = asyncio.Event()
    late = asyncio.create_task(outcome(shop.place(sheet.id)))
    await shop.catalog.entered.wait()
    async with shop.infra.sessions.begin() as session:
        await (await session.connection()).exec_driver_sql(
            "UPDATE orders SET placing_until = clock_timestamp()"
        )
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_NOT_PLACED
    shop.catalog.gate.set()
    assert (await late).reason == "PLACEMENT_IN_PROGRESS"
    assert (await shop.get(sheet.id)).state == pb.Order.STATE_DRAFT
    assert not await shop.events("order_placed")
    assert not shop.catalog.holds


async def test_numbers_follow_the_business_year(shop: Shop, clock: Any) -> None:
    # 23:30 UTC on New Year's Eve is the new year in Brussels.
    clock.fixed = datetime.datetime(2098, 12, 31, 22, 30, tzinfo=datetime.UTC)
    first = await shop.placed(("A", 1))
    clock.fixed = datetime.datetime(2098, 12, 31, 23, 30, tzinfo=datetime.UTC)
    second, third = await asyncio.gather(shop.placed(("A", 1)), shop.placed(("A", 1)))
    assert first.number == "2098-000001"
    assert {second.number, third.number} == {"2099-000001", "2099-000002"}


@pytest.mark.spec("O-31")
async def test_the_back_office_moves_an_order_to_its_end(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    steps = (
        (shop.orders.ProcessOrder, pb.ProcessOrderRequest, pb.Order.STATE_PROCESSING, "order_processed"),
        (shop.orders.ShipOrder, pb.ShipOrderRequest, pb.Order.STATE_SHIPPED, "order_shipped"),
        (shop.orders.DeliverOrder, pb.DeliverOrderRequest, pb.Order.STATE_DELIVERED, "order_delivered"),
        (shop.orders.CloseOrder, pb.CloseOrderRequest, pb.Order.STATE_CLOSED, "order_closed"),
    )
    async with refused("ORDER_STATE") as errors:
        await shop.orders.ShipOrder(pb.ShipOrderRequest(order_id=order.id), metadata=shop.staff)
    assert errors[0].metadata["allowed_verbs"] == "process, cancel"
    for call, request, state, fact in steps:
        async with refused("PERMISSION_DENIED"):
            await call(request(order_id=order.id), metadata=shop.customer)
        request_id = str(new_id())
        moved = (await call(request(order_id=order.id, request_id=request_id), metadata=shop.staff)).order
        assert moved.state == state
        again = (await call(request(order_id=order.id, request_id=request_id), metadata=shop.staff)).order
        assert again == moved
        assert len(await shop.events(fact)) == 1
    assert moved.fulfilment_state == pb.Order.FULFILMENT_STATE_DELIVERED
    assert not moved.allowed_verbs
    async with refused("ORDER_STATE") as errors:
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.id), metadata=shop.staff)
    assert errors[0].metadata["allowed_verbs"] == "nothing"
    actions = [entry.action for entry in await shop.history(order.id)]
    assert actions == ["created", "placed", "processed", "shipped", "delivered", "closed"]


@pytest.mark.spec("O-33")
async def test_cancelling_tells_the_holders_once(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    request = pb.CancelOrderRequest(order_id=order.id, reason="changed my mind")
    answers = await asyncio.gather(
        *(outcome(shop.orders.CancelOrder(request, metadata=shop.customer)) for _ in range(5))
    )
    cancelled = [answer.order for answer in answers if isinstance(answer, pb.CancelOrderResponse)]
    assert len(cancelled) == 1
    assert {a.reason for a in answers if not isinstance(a, pb.CancelOrderResponse)} == {"ORDER_STATE"}
    assert cancelled[0].state == pb.Order.STATE_CANCELLED
    (payload,) = await shop.events("order_cancelled")
    event = events_pb2.OrderCancelled.FromString(payload)
    assert (event.order_id, event.number, event.was_placed) == (order.id, order.number, True)
    assert (await shop.history(order.id))[-1].detail == "changed my mind"
    assert (await placement(shop, order.id)).state == pb.Placement.STATE_CANCELLED


@pytest.mark.spec("O-33")
@pytest.mark.parametrize("turn", range(6))
async def test_cancelling_while_placing_ends_in_one_of_the_two(shop: Shop, turn: int) -> None:
    sheet = await shop.sheet(("A", 1))
    request = pb.CancelOrderRequest(order_id=sheet.id)
    placed, cancelled = await asyncio.gather(
        outcome(shop.place(sheet.id)), outcome(shop.orders.CancelOrder(request, metadata=shop.customer))
    )
    now = await shop.get(sheet.id)
    facts = (len(await shop.events("order_placed")), len(await shop.events("order_cancelled")))
    if isinstance(cancelled, pb.CancelOrderResponse):
        assert now.state == pb.Order.STATE_CANCELLED
        assert facts == (1 if isinstance(placed, pb.Order) else 0, 1)
    else:
        assert cancelled.reason == "PLACEMENT_IN_PROGRESS"
        assert (now.state, facts) == (pb.Order.STATE_PLACED, (1, 0))


async def test_a_cancelled_cart_makes_room_for_a_new_one(shop: Shop) -> None:
    cart = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=shop.customer)).order
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=cart.id), metadata=shop.customer)
    following = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=shop.customer)).order
    assert following.id != cart.id
    event = events_pb2.OrderCancelled.FromString((await shop.events("order_cancelled"))[0])
    assert not event.was_placed


async def test_staff_move_orders_while_customers_is_away(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    shop.customers.down = True
    moved = await shop.orders.ProcessOrder(pb.ProcessOrderRequest(order_id=order.id), metadata=shop.staff)
    assert moved.order.state == pb.Order.STATE_PROCESSING
    async with refused("UNAVAILABLE"):
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.id), metadata=shop.as_rep)


async def test_holders_learn_the_state_of_many_orders_in_one_call(shop: Shop) -> None:
    placed, sheet = await shop.placed(("A", 1)), await shop.sheet(("A", 1))
    unknown = str(new_id())
    request = pb.GetPlacementsRequest(order_ids=[unknown, placed.id, sheet.id, placed.id])
    answer = await shop.placements.GetPlacements(request, metadata=as_service("orders.placement"))
    state = pb.Placement
    assert [each.state for each in answer.placements] == [
        state.STATE_UNKNOWN, state.STATE_PLACED, state.STATE_NOT_PLACED, state.STATE_PLACED,
    ]  # fmt: skip
    for who in (shop.customer, shop.staff, as_service("orders.read")):
        async with refused("PERMISSION_DENIED"):
            await shop.placements.GetPlacements(request, metadata=who)


@pytest.mark.spec("O-10")
async def test_a_rep_places_without_an_ordering_session_too(shop: Shop) -> None:
    who = as_rep(shop.rep)
    sheet = await shop.sheet(("A", 1), who=who, account_id=str(shop.account))
    assert (await shop.place(sheet.id, who)).parties.rep_code == "REP01"


@pytest.mark.spec("O-12")
async def test_the_database_refuses_online_payment_by_a_rep(shop: Shop) -> None:
    chosen = await shop.sheet(("A", 1), who=shop.as_rep)
    placed = await shop.place((await shop.sheet(("A", 1), who=shop.as_rep)).id, shop.as_rep)
    for order_id, change in (
        (chosen.id, "payment_method = 'ELECTRONIC'"),
        (placed.id, "payment_method = 'ELECTRONIC', payment_actor = 'PERSON'"),
        (chosen.id, "payment_actor = NULL"),
    ):
        with pytest.raises(IntegrityError):
            await change_row(shop, f"UPDATE orders SET {change} WHERE id = '{order_id}'")


@pytest.mark.spec("O-31")
async def test_the_database_keeps_orders_and_history(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    for statement in (
        f"DELETE FROM orders WHERE id = '{order.id}'",
        "DELETE FROM order_history",
        "UPDATE order_history SET action = 'created'",
        "UPDATE terms SET texts = '{}'",
    ):
        with pytest.raises(IntegrityError):
            await change_row(shop, statement)


async def change_row(shop: Shop, statement: str) -> None:
    async with shop.infra.sessions.begin() as session:
        await (await session.connection()).exec_driver_sql(statement)
