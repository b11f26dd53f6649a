"""Lists of orders by everything they are searched by, page by page."""

import datetime
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep
from services.orders.tests.care import Care
from services.orders.tests.conftest import Clock
from services.orders.tests.shop import Shop, found, refused


@pytest.fixture
def care(shop: Shop) -> Care:
    return Care(shop)


async def ids(shop: Shop, who: Any = None, **fields: Any) -> list[str]:
    """Over pages of two, so that paging is tried with every filter."""
    seen: list[str] = []
    token = ""
    while True:
        request = pb.ListOrdersRequest(page_size=2, page_token=token, **fields)
        page = await shop.orders.ListOrders(request, metadata=who or shop.staff)
        seen += [order.id for order in page.orders]
        token = page.next_page_token
        if not token:
            return seen


def day(text: str) -> date_pb2.Date:
    parsed = datetime.date.fromisoformat(text)
    return date_pb2.Date(year=parsed.year, month=parsed.month, day=parsed.day)


@pytest.mark.spec("H-11", "O-34")
async def test_assisted_orders_are_found_by_community_care_worker_client_and_period(
    shop: Shop, care: Care, clock: Clock
) -> None:
    an, bert = new_id(), new_id()
    maria, jef = care.client(), care.client()
    elsewhere = Care(shop, platform=care.platform)
    other = elsewhere.client()
    made = []
    for number, (where, client, worker) in enumerate(
        ((care, maria, an), (care, jef, an), (care, maria, bert), (elsewhere, other, an), (care, maria, an))
    ):
        clock.fixed = datetime.datetime(2026, 3, 1 + number, 12, tzinfo=datetime.UTC)
        made.append((await where.placed(where.carer(client, worker))).id)
    await shop.placed(("A", 1))
    community = str(care.community)
    assert await ids(shop, community_id=community) == [made[4], made[2], made[1], made[0]]
    assert await ids(shop, community_id=str(new_id())) == []
    assert await ids(shop, actor_id=str(an)) == [made[4], made[3], made[1], made[0]]
    assert await ids(shop, community_id=community, actor_id=str(an)) == [made[4], made[1], made[0]]
    external = f"client-{maria.hex[-6:]}"
    assert await ids(shop, client_external_id=external) == [made[4], made[2], made[0]]
    assert await ids(shop, client_external_id=external, actor_id=str(bert)) == [made[2]]
    period = {"place_from_date": day("2026-03-02"), "place_to_date": day("2026-03-03")}
    assert await ids(shop, community_id=community, **period) == [made[2], made[1]]
    assert await ids(shop, payer_account_id=str(care.residence)) == [made[4], made[2], made[1], made[0]]
    assert await ids(shop, payer_account_id=str(maria)) == []
    assert await ids(shop, payer_account_id=str(shop.account), place_to_date=day("9999-12-31")) != []
    # A care worker searches within what the community ordered for this client.
    who = care.carer(maria, an)
    assert await ids(shop, who) == [made[4], made[2], made[0]]
    assert await ids(shop, who, actor_id=str(bert)) == [made[2]]
    assert await ids(shop, who, community_id=str(elsewhere.community)) == []
    assert await ids(shop, who, account_id=str(jef)) == []


@pytest.mark.spec("O-34")
async def test_text_finds_the_beginning_of_number_reference_and_name_without_accents(shop: Shop) -> None:
    names = {}
    for name in ("Librairie Élysée", "Librairie Ågård", "Øresund Bøger", "Straße 9"):
        names[name] = account = shop.customers.add(display_name=name)
        await shop.sheet(("A", 1), who=as_customer(new_id(), account))
    placed = await shop.placed(("A", 1))
    referenced = await shop.sheet(("A", 1), order_reference="Été 2026 / 17")

    async def found_names(query: str) -> set[str]:
        answer = await shop.orders.ListOrders(pb.ListOrdersRequest(query=query), metadata=shop.staff)
        return {order.parties.customer.display_name for order in answer.orders}

    assert await found_names("librairie é") == {"Librairie Élysée"}
    assert await found_names("LIBRAIRIE ELYS") == {"Librairie Élysée"}
    assert await found_names("librairie") == {"Librairie Élysée", "Librairie Ågård"}
    assert await found_names("oresund bo") == {"Øresund Bøger"}
    assert await found_names("strasse") == {"Straße 9"}
    assert await found_names("ibrairie") == set()
    assert await found_names("%") == await found_names("_") == set()
    assert await ids(shop, query=placed.number) == [placed.id]
    assert placed.id in await ids(shop, query=placed.number[:6])
    assert await ids(shop, query="ete 2026") == await ids(shop, query="ÉTÉ  2026 /") == [referenced.id]
    assert await ids(shop, query="x" * 100) == []
    request = pb.UpdateOrderRequest(
        order=pb.Order(id=referenced.id, order_reference="Herfst"),
        update_mask=FieldMask(paths=["order_reference"]),
    )
    await shop.orders.UpdateOrder(request, metadata=shop.customer)
    assert await ids(shop, query="ete") == []
    assert await ids(shop, query="herfst") == [referenced.id]
    # Somebody else's orders are not found by their text.
    assert await ids(shop, as_customer(new_id(), names["Straße 9"]), query="librairie") == []
    assert await ids(shop, as_rep(shop.rep), query="strasse") == []


@pytest.mark.spec("O-34")
async def test_states_and_persons(shop: Shop) -> None:
    user = new_id()
    mine = await shop.sheet(("A", 1), who=as_customer(user, shop.account, "USER"))
    by_rep = await shop.sheet(("A", 1), who=shop.as_rep)
    placed = await shop.placed(("A", 1))
    assert await ids(shop, actor_id=str(user)) == [mine.id]
    assert await ids(shop, actor_id=str(shop.rep)) == [by_rep.id]
    assert await ids(shop, representative_id=str(user)) == []
    assert await ids(shop, shop.customer, actor_id=str(user)) == [mine.id]
    states = [pb.Order.STATE_PLACED, pb.Order.STATE_CANCELLED]
    assert await ids(shop, states=states) == [placed.id]
    assert await ids(shop, states=[pb.Order.STATE_DRAFT], actor_id=str(shop.person)) == []


async def test_wrong_filters_are_named(shop: Shop) -> None:
    async with refused("INVALID_FIELDS") as errors:
        await ids(
            shop,
            community_id="x",
            actor_id="\x00",
            payer_account_id="1",
            client_external_id="\x00",
            query="y" * 101,
        )
    assert found(errors) == {
        ("community_id", "INVALID"),
        ("actor_id", "INVALID"),
        ("payer_account_id", "INVALID"),
        ("client_external_id", "UNSTORABLE_CHARACTER"),
        ("query", "TOO_LONG"),
    }
    for query in ("\u0301", "\U0010ffff", "'; --"):
        await ids(shop, query=query)
