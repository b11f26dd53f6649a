"""A shared order from the first draft to the placed order, over gRPC and the real database."""

import datetime

import pytest
from commis.catalog.v1 import pricing_pb2
from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2, orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from services.orders.tests.negotiating import (
    CUSTOMER,
    GREEN,
    GREY,
    RED,
    TERMS,
    VENDOR,
    YELLOW,
    a_sent_table,
    a_table,
    day,
)
from services.orders.tests.shop import Shop, amount, found, refused


@pytest.mark.spec("N-01", "N-02", "N-04", "N-05", "N-07", "O-31")
async def test_from_a_draft_of_the_vendor_to_a_placed_order(shop: Shop) -> None:
    table = a_table(shop)
    draft = await shop.sheet(("A", 5), ("B", 2), who=shop.as_rep, order_reference="PO-7", note="ring twice")
    mine = await table.rep.start(draft)
    assert (mine.state, mine.side, mine.started_by) == (orders_pb2.Order.STATE_NEGOTIATING, VENDOR, VENDOR)
    assert (mine.status.colour, mine.status.icon, mine.status.word) == (GREY, "pencil", "Concept")
    async with refused("SHARED_ORDER_NOT_FOUND"):
        await table.customer.look(draft.id)
    sent = await table.rep.send(message="as we said on the phone", expire_date=day("2999-12-31"))
    assert (sent.status.colour, sent.waiting_for) == (YELLOW, CUSTOMER)

    theirs = await table.customer.look(draft.id)
    assert (theirs.status.colour, theirs.status.icon, theirs.side) == (RED, "exclamation", CUSTOMER)
    assert (theirs.account_name, theirs.header.contact.name) == ("Boekhandel De Linde", "Lies Peeters")
    assert (theirs.header.order_reference, theirs.header.note) == ("PO-7", "ring twice")
    assert theirs.header.delivery_address.street_lines == ["Kerkstraat 12"]
    assert [
        (line.current.sku, line.current.quantity, amount(line.current.total)) for line in theirs.lines
    ] == [
        ("A", 5, "99.75"),
        ("B", 2, "41.90"),
    ]
    assert theirs.unseen[0].kind == "sent"
    assert theirs.unseen[0].text == "as we said on the phone"
    assert theirs.representative.id == str(shop.rep)

    countered = await table.customer.change(0, price="18.00")
    assert countered.lines[0].current.price_source == pb.LineTerms.PRICE_SOURCE_NEGOTIATED
    assert amount(countered.lines[0].current.total) == "90.00"
    assert [line.status.colour for line in countered.lines] == [RED, RED]
    await table.customer.accept(**TERMS)
    await table.rep.look()
    assert [line.status.colour for line in table.rep.seen.lines] == [RED, GREEN]
    placed = await table.rep.accept()
    assert (placed.state, placed.status.colour) == (orders_pb2.Order.STATE_PLACED, GREEN)
    assert placed.obstacles == []

    order = await shop.get(draft.id)
    assert order.number == placed.number != ""
    assert [amount(line.price.total) for line in order.lines] == ["90.00", "41.90"]
    assert order.lines[0].price.trace[0].kind == pricing_pb2.PriceTraceStep.KIND_NEGOTIATED
    assert order.totals == placed.totals
    assert order.terms_acceptance.accepted_by.id == str(shop.person)
    assert order.parties.actor.id == str(shop.rep)
    assert shop.catalog.held(shop.catalog.articles["A"]) == 5
    assert [entry.action for entry in await shop.history(draft.id)][-1] == "placed"
    (event,) = await shop.events("order_placed")
    assert events_pb2.OrderPlaced.FromString(event).total == order.totals.total
    with_log = [change.kind for change in await table.rep.log()]
    assert with_log[:3] == ["started", "line_added", "line_added"]
    assert with_log[-1] == "placed"
    async with refused("SHARED_ORDER_STATE"):
        await table.customer.end()


@pytest.mark.spec("N-10")
async def test_every_past_revision_can_be_shown_with_who_did_what(shop: Shop) -> None:
    table = await a_sent_table(shop)
    shop.customers.names[str(shop.person)] = "Lies Peeters"
    states = {table.customer.seen.revision: table.customer.seen}
    for step in (
        lambda: table.customer.change(0, quantity=6, delivery_date=day("2999-01-01")),
        lambda: table.customer.add("C", 3),
        lambda: table.customer.withdraw(table.customer.seen.lines[1].id),
    ):
        await step()
        states[table.customer.seen.revision] = table.customer.seen
    for revision, seen in states.items():
        past = await table.customer.look(revision=revision)
        assert past.revision == revision
        assert [line.current for line in past.lines] == [line.current for line in seen.lines]
        assert (past.hash, past.status, past.totals) == (seen.hash, seen.status, seen.totals)
    log = await table.customer.log()
    changed = [change for change in log if change.field == "quantity"]
    assert [(c.kind, c.from_value, c.to_value) for c in changed] == [("proposed", "5", "6")]
    assert changed[0].actor.display_name == "Lies Peeters"
    assert changed[0].actor.kind == common_pb2.PARTY_KIND_PERSON
    page = await table.customer.log(after_sequence=log[2].sequence, page_size=1)
    assert [change.sequence for change in page] == [log[3].sequence]
    for wrong in (10_000, 2**60):
        async with refused("REVISION_NOT_FOUND"):
            await table.customer.look(revision=wrong)
    # What the customer prepared alone is not the vendor's to read.
    async with refused("REVISION_NOT_FOUND"):
        await table.vendor.look(revision=1)
    assert (await table.vendor.log())[0].kind == "sent"


@pytest.mark.spec("N-03", "N-12")
async def test_two_people_change_different_fields_and_the_later_of_one_field_is_told(shop: Shop) -> None:
    table = await a_sent_table(shop)
    await table.vendor.change(0, mark=pb.LineTerms.MARK_BACKORDERED, delivery_date=day("2999-02-01"))
    await table.customer.change(0, quantity=7)  # with the view from before
    await table.vendor.change(1, quantity=9)  # so has the vendor of this line
    async with refused("FIELD_CHANGED") as error:
        await table.rep.look(table.vendor.seen.order_id)
        await table.vendor.change(1, price="1.00")
        table.customer.seen.lines[1].current.quantity = 0
        await table.customer.propose(
            pb.LineProposal(line_id=table.customer.seen.lines[0].id, quantity=8),
            pb.LineProposal(line_id=table.customer.seen.lines[1].id, quantity=8, note="eight"),
        )
    assert found(error) == {("lines[1].quantity", "FIELD_CHANGED")}
    assert error[0].violations[0].description == "is now 9"
    now = await table.customer.look()
    assert now.lines[0].current.quantity == 7, "nothing of a refused command is done"
    assert now.lines[1].note == ""


@pytest.mark.spec("N-07")
async def test_accepting_names_what_was_seen(shop: Shop) -> None:
    table = await a_sent_table(shop)
    await table.customer.change(0, quantity=6)
    async with refused("TERMS_MOVED") as error:
        await table.vendor.accept()
    line = table.customer.seen.lines[0]
    assert found(error) == {(f"{line.id}.quantity", "TERMS_MOVED")}
    assert error[0].metadata["current_revision"] == str(table.customer.seen.revision)
    await table.vendor.accept(table.vendor.seen.lines[1].id)
    await table.vendor.look()
    assert [each.status.colour for each in table.vendor.seen.lines] == [RED, GREEN]


@pytest.mark.spec("N-13")
async def test_ending_cancels_with_a_reason(shop: Shop) -> None:
    table = await a_sent_table(shop)
    ended = await table.vendor.end(reason="we do not deliver there")
    assert ended.state == orders_pb2.Order.STATE_CANCELLED
    last = (await table.customer.log())[-1]
    assert (last.kind, last.text, last.side) == ("ended", "we do not deliver there", VENDOR)
    assert (await shop.history(ended.order_id))[-1].detail == "we do not deliver there"
    async with refused("SHARED_ORDER_STATE"):
        await table.customer.send()
    answer = await table.customer.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=shop.customer)
    assert list(answer.shared_orders) == []


@pytest.mark.spec("N-13")
async def test_an_offer_that_ended_cannot_be_accepted(shop: Shop, clock: object) -> None:
    table = a_table(shop)
    today = shop.infra.today()
    await table.rep.start(await shop.sheet(("A", 1), who=shop.as_rep))
    async with refused("INVALID_FIELDS"):
        await table.rep.send(expire_date=day("2020-01-01"))
    await table.rep.send(expire_date=day(today.isoformat()))
    await table.customer.look(table.rep.seen.order_id)
    clock.fixed = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)  # type: ignore[attr-defined]
    async with refused("OFFER_EXPIRED"):
        await table.customer.accept(**TERMS)
    async with refused("INVALID_FIELDS"):
        await table.customer.send(expire_date=day("2999-12-31"))
    await table.rep.send(expire_date=day("2999-12-31"))
    await table.customer.look()
    assert (await table.customer.accept(**TERMS)).state == orders_pb2.Order.STATE_PLACED


@pytest.mark.spec("N-05")
async def test_a_sheet_without_lines_is_never_green(shop: Shop) -> None:
    table = a_table(shop)
    await table.customer.start(await shop.sheet(), send=True)
    await table.vendor.look(table.customer.seen.order_id)
    empty = await table.vendor.accept("header")
    assert (empty.header.status.colour, empty.status.colour) == (GREEN, RED)
    assert (await table.customer.look()).status.colour == RED
