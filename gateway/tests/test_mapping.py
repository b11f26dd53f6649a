"""HTTP <-> protobuf, route by route."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from commis.customers.v1 import accounts_pb2
from commis.orders.v1 import orders_pb2

from chassis.errors import Kind
from gateway.operation import Operation
from gateway.routes import OPERATIONS
from gateway.wire import schema
from gateway.wire.render import renderer

from .fakes import ANY_ID, OTHER_ID, Services, a_message, address, refusal

KEY = "0199f3c2-7a10-7b3e-9c55-51d2a7f0aa10"


def _at(message: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        message = getattr(message, name)
    return message


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda item: item.operation_id)
async def test_every_route_fills_its_request(
    operation: Operation, http: httpx.AsyncClient, services: Services
) -> None:
    body = _everything(operation) if operation.body else None
    headers = {"Idempotency-Key": KEY, "If-Match": '"7"'}
    answered = await http.request(operation.method, address(operation), json=body, headers=headers)

    assert answered.status_code == operation.status, answered.text
    assert len(services.calls) == 1
    call = services.last
    assert call.rpc == operation.rpc.partition("/")[2]
    for name in operation.parameters:
        expected = ANY_ID if name.endswith("_id") else "LIBRARY"
        assert _at(call.request, operation.parameter_place(name)) == expected
    if operation.key_accepted:
        assert call.request.request_id == KEY
    if operation.etag_place:
        assert _at(call.request, operation.etag_place) == '"7"'
    if operation.body is not None and body is not None:
        sent = call.request
        if operation.body.inside:
            sent = getattr(sent, operation.body.inside)
        shown = renderer(operation.body_message)(sent)
        for name, item in operation.body_fields.items():
            assert _same(shown[item.name], body[name]), name
        if operation.body.patch:
            paths = call.request.update_mask.paths
            assert {path.partition(".")[0] for path in paths} == {
                operation.body_fields[name].name for name in body
            }


def _everything(operation: Operation) -> dict[str, Any]:
    """All members at once, also those that exclude each other: to refuse them is the service's."""
    return {
        name: schema.example_field(item, accepted=True, depth=4)
        for name, item in operation.body_fields.items()
    }


def _same(shown: Any, sent: Any) -> bool:
    """Everything that was sent is there; members that cannot be sent may be there beside."""
    if isinstance(sent, dict) and isinstance(shown, dict):
        return all(_same(shown.get(name), value) for name, value in sent.items())
    if isinstance(sent, list):
        return len(shown) == len(sent) and all(map(_same, shown, sent))
    return bool(shown == sent)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda item: item.operation_id)
async def test_every_route_shows_its_answer(
    operation: Operation, http: httpx.AsyncClient, services: Services
) -> None:
    response = a_message(operation.response, random.Random(operation.operation_id))
    services.answer(operation.rpc.partition("/")[2], response)
    body = {} if operation.body and not operation.body_required else None
    if operation.body_required:
        body = schema.example(operation.body_fields, accepted=True)
    answered = await http.request(
        operation.method, address(operation), json=body, headers={"Idempotency-Key": KEY}
    )

    assert answered.status_code == operation.status, answered.text
    show = operation.answers.shower(operation.response)
    if show is None:
        assert answered.content == b""
    else:
        assert answered.json() == show(response)
    etag = operation.answers.etag(operation.response)
    assert answered.headers.get("etag", "") == (etag(response) if etag else "")
    if operation.location:
        members = {name: quote(value) for name, value in answered.json().items() if isinstance(value, str)}
        assert answered.headers["location"] == operation.location.format(**members)


async def test_create_order_in_detail(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("CreateOrder", orders_pb2.CreateOrderResponse(order=_placed_order()))
    answered = await http.post(
        "/v1/orders",
        json={
            "account_id": ANY_ID,
            "lines": [
                {"variant_id": OTHER_ID, "quantity": 3, "requested_delivery_date": "2026-12-24"},
                {"sku": "A-1", "quantity": 1.0, "note": None},
            ],
            "payment_method": "PAY_LATER",
            "taken_time": "2026-11-21T11:30:00.25+01:00",
            "delivery_address": {"street_lines": ["Rue Neuve 1"], "city": "Bruxelles", "region_code": "BE"},
        },
    )

    request = services.last.request
    assert request.account_id == ANY_ID
    assert [(line.variant_id, line.sku, line.quantity) for line in request.lines] == [
        (OTHER_ID, "", 3),
        ("", "A-1", 1),
    ]
    assert request.lines[0].requested_delivery_date.month == 12
    assert request.payment_method == orders_pb2.PAYMENT_METHOD_PAY_LATER
    assert request.taken_time.ToJsonString() == "2026-11-21T10:30:00.250Z"
    assert list(request.delivery_address.street_lines) == ["Rue Neuve 1"]
    assert not request.HasField("billing_address")
    assert not request.request_id

    assert answered.status_code == 201
    assert answered.headers["location"] == f"/v1/orders/{ANY_ID}"
    assert answered.headers["etag"] == '"3"'
    shown = answered.json()
    assert shown["state"] == "PLACED"
    assert shown["payment_method"] is None
    assert shown["contact"] is None
    assert shown["number"] == ""
    assert shown["lines"] == []
    assert shown["allowed_verbs"] == ["cancel"]
    assert shown["create_time"] == "2026-09-21T14:13:20Z"
    assert shown["update_time"] == "2026-09-21T14:13:20.123456Z"
    assert shown["requested_delivery_date"] == "2026-12-24"
    assert shown["totals"]["total"] == {"amount": "-0.05", "currency": "EUR"}
    assert shown["totals"]["goods"] == {"amount": "12.3456", "currency": "EUR"}
    assert shown["totals"]["net"] == {"amount": "1200", "currency": "JPY"}
    assert shown["totals"]["taxes"][0]["rate_percent"] == "21"


def _placed_order() -> orders_pb2.Order:
    order = orders_pb2.Order(id=ANY_ID, state=orders_pb2.Order.STATE_PLACED, etag='"3"')
    order.allowed_verbs.append("cancel")
    order.create_time.FromSeconds(1790000000)
    order.update_time.FromMicroseconds(1790000000123456)
    order.requested_delivery_date.year = 2026
    order.requested_delivery_date.month, order.requested_delivery_date.day = 12, 24
    totals = order.totals
    totals.total.currency_code, totals.total.nanos = "EUR", -50_000_000
    totals.goods.currency_code, totals.goods.units, totals.goods.nanos = "EUR", 12, 345_600_000
    totals.net.currency_code, totals.net.units = "JPY", 1200
    totals.taxes.add().rate_percent.value = "21"
    return order


async def test_a_patch_merges(http: httpx.AsyncClient, services: Services) -> None:
    body = {
        "note": None,
        "cost_centre": "",
        "contact": {"name": "Anna", "phone": None},
        "billing_address": None,
        "delivery_address": {},
    }
    answered = await http.patch(f"/v1/orders/{ANY_ID}", json=body, headers={"If-Match": '"4"'})
    assert answered.status_code == 200
    request = services.last.request
    masked = ["note", "cost_centre", "contact.name", "contact.phone", "billing_address"]
    assert list(request.update_mask.paths) == masked
    assert request.order.id == ANY_ID
    assert request.order.etag == '"4"'
    assert request.order.note == ""
    assert request.order.contact.name == "Anna"
    assert not request.order.HasField("billing_address")
    assert not request.order.HasField("delivery_address")


@pytest.mark.spec("A-22")
@pytest.mark.parametrize("state", ["ACTIVE", "SUSPENDED", "CLOSED"])
async def test_an_account_is_suspended_closed_and_reopened(
    http: httpx.AsyncClient, services: Services, state: str
) -> None:
    """Who may is the service's decision, and its refusal arrives."""
    url = f"/v1/accounts/{ANY_ID}"
    answered = await http.patch(url, json={"state": state}, headers={"If-Match": '"4"'})
    assert answered.status_code == 200
    request = services.last.request
    assert list(request.update_mask.paths) == ["state"]
    assert accounts_pb2.Account.State.Name(request.account.state) == f"STATE_{state}"
    assert (request.account.id, request.account.etag) == (ANY_ID, '"4"')
    services.answer("UpdateAccount", refusal(Kind.PERMISSION_DENIED, "CHANGE_NOT_ALLOWED", fields="state"))
    refused = await http.patch(url, json={"state": state})
    assert (refused.status_code, refused.json()["reason"]) == (403, "CHANGE_NOT_ALLOWED")


async def test_an_empty_patch_changes_nothing(http: httpx.AsyncClient, services: Services) -> None:
    await http.patch(f"/v1/orders/{ANY_ID}", json={"contact": {}})
    assert [field.name for field, _ in services.last.request.order.ListFields()] == ["id"]
    assert not services.last.request.update_mask.paths


async def test_search_parameters(http: httpx.AsyncClient, services: Services) -> None:
    query = (
        "query=chaz%20hoodie&language=fr&category_id=a&category_id=b&brand=Folio&characteristic=Size:XS"
        "&characteristic=Ratio:1:2&available_only=true&sort=price&facets=true&page_size=20&page_token=abc"
    )
    answered = await http.get(f"/v1/products?{query}")
    assert answered.json() == {"items": [], "next_page_token": None, "facets": []}
    request = services.last.request
    assert (request.query, request.language_code) == ("chaz hoodie", "fr")
    assert list(request.category_ids) == ["a", "b"]
    assert list(request.brands) == ["Folio"]
    assert [(item.name, item.value) for item in request.characteristics] == [("Size", "XS"), ("Ratio", "1:2")]
    assert request.available_only
    assert request.with_facets
    assert request.sort == request.SORT_PRICE
    assert (request.page_size, request.page_token) == (20, "abc")


async def test_order_filters(http: httpx.AsyncClient, services: Services) -> None:
    await http.get("/v1/orders?state=PLACED&state=SHIPPED&placed_from=2026-01-02&placed_to=2026-02-03")
    request = services.last.request
    assert list(request.states) == [4, 6]
    assert (request.place_from_date.day, request.place_to_date.day) == (2, 3)


async def test_sign_in_flattens_tokens(http: httpx.AsyncClient, services: Services) -> None:
    from commis.customers.v1 import sessions_pb2

    response = sessions_pb2.SignInResponse()
    response.tokens.access_token = "a"
    response.tokens.access_expire_time.FromSeconds(1790000000)
    response.session.roles.append("ADMIN")
    services.answer("SignIn", response)
    answered = await http.post("/v1/sign-in", json={"email": "a@example.org", "password": "secret"})
    shown = answered.json()
    assert shown["access_token"] == "a"
    assert shown["token_type"] == "Bearer"
    assert shown["expire_time"] == "2026-09-21T14:13:20Z"
    assert shown["refresh_expire_time"] is None
    assert shown["session"]["roles"] == ["ADMIN"]
    assert shown["session"]["actor"] is None
    assert shown["identities"] == []
    assert answered.headers["cache-control"] == "no-store"


async def test_next_page_token(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("ListOrders", orders_pb2.ListOrdersResponse(orders=[{"id": ANY_ID}], next_page_token="n"))
    shown = (await http.get("/v1/orders")).json()
    assert shown["next_page_token"] == "n"
    assert shown["items"][0]["id"] == ANY_ID
