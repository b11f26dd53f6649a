"""The hand-off of a care worker: back channel, front channel, exchange; and nothing personal in any log."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from commis.customers.v1 import handoffs_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, Services, refusal

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ADDRESS = "https://shop.example/products#handoff=b25lLXRpbWU"
BACK = "https://care.example/back?tab=shop"
ASSERTION = "e30.e30.c2ln"


async def post_form(http: httpx.AsyncClient, form: Any, **headers: str) -> httpx.Response:
    content = form if isinstance(form, bytes) else urlencode(form).encode()
    return await http.post("/v1/handoffs:browser", content=content, headers=FORM | headers)


@pytest.mark.spec("H-02")
async def test_the_back_channel_answers_the_one_time_address(
    http: httpx.AsyncClient, services: Services
) -> None:
    answer = handoffs_pb2.CreateHandoffResponse(address=ADDRESS)
    answer.expire_time.FromSeconds(1790000000)
    services.answer("CreateHandoff", answer)
    answered = await http.post("/v1/handoffs", json={"assertion": ASSERTION})
    assert answered.status_code == 201
    assert answered.json() == {"address": ADDRESS, "expire_time": "2026-09-21T14:13:20Z"}
    assert answered.headers["cache-control"] == "no-store"
    assert services.last.request.assertion == ASSERTION


@pytest.mark.spec("H-02")
async def test_the_front_channel_leads_to_the_shop(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("CreateHandoff", handoffs_pb2.CreateHandoffResponse(address=ADDRESS))
    answered = await post_form(http, {"assertion": ASSERTION}, Origin="https://care.example")
    assert (answered.status_code, answered.headers["location"]) == (303, ADDRESS)
    assert answered.content == b""
    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["referrer-policy"] == "no-referrer"
    assert services.last.request.assertion == ASSERTION


@pytest.mark.spec("H-02", "H-04")
async def test_a_refusal_leads_back_to_the_platform_with_reasons_only(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer(
        "CreateHandoff",
        refusal(Kind.UNAUTHENTICATED, "HANDOFF_REFUSED", cause="REPLAYED", return_address=BACK),
        refusal(
            Kind.INVALID_ARGUMENT,
            "INVALID_FIELDS",
            violations=[("client.phone", "is required", "REQUIRED"), ("client.last_name", "Janssens?", "X")],
            return_address=BACK,
        ),
    )
    replayed = await post_form(http, {"assertion": ASSERTION})
    assert (replayed.status_code, replayed.headers["location"]) == (
        303,
        BACK + "#error=HANDOFF_REFUSED&cause=REPLAYED",
    )
    incomplete = await post_form(http, {"assertion": ASSERTION})
    address, _, fragment = incomplete.headers["location"].partition("#")
    assert address == BACK
    assert parse_qs(fragment) == {"error": ["INVALID_FIELDS"], "fields": ["client.phone,client.last_name"]}


@pytest.mark.parametrize(
    "back", ["", "javascript:alert(1)", "https://care.example/#x", "https://a\r\nSet-Cookie: a=b", "//x", "é"]
)
async def test_without_a_usable_way_back_the_answer_is_a_problem(
    http: httpx.AsyncClient, services: Services, back: str
) -> None:
    refused = refusal(Kind.PERMISSION_DENIED, "HANDOFF_NOT_ALLOWED", cause="COMMUNITY", return_address=back)
    services.answer("CreateHandoff", refused)
    answered = await post_form(http, {"assertion": ASSERTION})
    assert (answered.status_code, answered.json()["reason"]) == (403, "HANDOFF_NOT_ALLOWED")
    assert "location" not in answered.headers


async def test_an_address_that_is_none_is_never_sent(http: httpx.AsyncClient, services: Services) -> None:
    for address in ("", "https://a\r\nSet-Cookie: a=b", "javascript:alert(1)", "https://a/#x\n"):
        services.answer("CreateHandoff", handoffs_pb2.CreateHandoffResponse(address=address))
        answered = await post_form(http, {"assertion": ASSERTION})
        assert (answered.status_code, "location" in answered.headers) == (500, False), address


@pytest.mark.parametrize(
    ("form", "status", "reason"),
    [
        ({}, 400, "INVALID_FIELDS"),
        ({"assertion": ""}, 400, "INVALID_FIELDS"),
        ({"assertion": ASSERTION, "name": "Maria"}, 400, "INVALID_FIELDS"),
        ([("assertion", "a"), ("assertion", "b")], 400, "INVALID_FORM"),
        ({"assertion": "a\x00"}, 400, "INVALID_FORM"),
        (b"assertion=%ff", 400, "INVALID_FORM"),
        ({"assertion": "a" * 21_000}, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_bad_forms(
    http: httpx.AsyncClient, services: Services, form: Any, status: int, reason: str
) -> None:
    answered = await post_form(http, form)
    assert (answered.status_code, answered.json()["reason"]) == (status, reason)
    assert not services.calls


async def test_the_back_channel_has_the_same_limit(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.post("/v1/handoffs", json={"assertion": "a" * 21_000})
    assert (answered.status_code, answered.json()["reason"]) == (413, "BODY_TOO_LARGE")
    assert (await http.post("/v1/handoffs:browser", json={"assertion": "a"})).status_code == 415


@pytest.mark.spec("H-03")
async def test_the_exchange_answers_tokens_and_whom_they_are_for(
    http: httpx.AsyncClient, services: Services
) -> None:
    answer = handoffs_pb2.ExchangeHandoffResponse()
    answer.tokens.access_token = "a"
    answer.session.assisted.client_name = "Maria Janssens"
    answer.session.assisted.community_name = "Residentie De Linde"
    services.answer("ExchangeHandoff", answer)
    shown = (await http.post("/v1/handoffs:exchange", json={"code": "b25lLXRpbWU"})).json()
    assert (shown["access_token"], shown["token_type"]) == ("a", "Bearer")
    assert shown["session"]["assisted"]["client_name"] == "Maria Janssens"
    assert shown["session"]["assisted"]["community_name"] == "Residentie De Linde"
    assert services.last.request.code == "b25lLXRpbWU"


@pytest.mark.spec("H-02")
async def test_logs_hold_neither_queries_nor_ids_nor_bodies(
    http: httpx.AsyncClient, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    services.answer("CreateHandoff", refusal(Kind.UNAVAILABLE, "BUSY", client="Janssens"))
    await http.get("/v1/orders?query=Janssens-4711&client_external_id=client-4711")
    await http.get(f"/v1/accounts/{ANY_ID}")
    await http.post("/v1/handoffs", json={"assertion": "Janssens-in-a-token"})
    await post_form(http, {"assertion": "Janssens-in-a-form"})
    await http.post("/v1/clients:close", json={"external_id": "client-4711"})
    logged = "".join(capsys.readouterr())
    assert "listOrders" in logged
    for hidden in ("Janssens", "4711", ANY_ID):
        assert hidden not in logged


async def test_the_feed_of_events(http: httpx.AsyncClient, services: Services) -> None:
    from commis.notifications.v1 import webhooks_pb2

    event = webhooks_pb2.WebhookEvent(sequence=2**40 + 1, event_type="order.placed")
    services.answer(
        "ListWebhookEvents", webhooks_pb2.ListWebhookEventsResponse(events=[event], last_sequence=2**40 + 1)
    )
    shown = (await http.get(f"/v1/webhook-events?since_sequence={2**40}&page_size=10")).json()
    assert services.last.request.since_sequence == 2**40
    assert [item["sequence"] for item in shown["items"]] == [2**40 + 1]
    assert shown["last_sequence"] == 2**40 + 1
    assert "next_page_token" not in shown


async def test_members_who_do_not_exist_are_named_so(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.delete(f"/v1/accounts/{ANY_ID}/members/nonsense")
    assert (answered.status_code, answered.json()["reason"]) == (404, "MEMBER_NOT_FOUND")
    assert not services.calls
