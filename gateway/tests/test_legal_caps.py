"""Legal caps: what of a request arrives where, and the proof on a priced line."""

import httpx
import pytest
from commis.catalog.v1 import legal_caps_pb2 as pb
from commis.catalog.v1 import pricing_pb2
from google.type import decimal_pb2, money_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, Services, refusal

RULE = {
    "jurisdiction": "BE-VLG",
    "text_language_codes": ["nl"],
    "buyer_class": "PUBLIC_LIBRARY",
    "months": 6,
    "max_discount_percent": "20",
    "valid_from": "2017-07-01",
    "source": "Decree of 23 December 2016",
    "certainty": "OFFICIAL",
}


@pytest.mark.spec("C-16")
async def test_a_rule_is_created_listed_and_ended(http: httpx.AsyncClient, services: Services) -> None:
    made = pb.CreateLegalCapResponse(legal_cap=pb.LegalCap(id=ANY_ID, certainty=pb.LegalCap.CERTAINTY_LAW))
    services.answer("CreateLegalCap", made)
    answered = await http.post("/v1/legal-caps", json=RULE)
    assert answered.status_code == 201, answered.text
    assert (answered.json()["id"], answered.json()["certainty"]) == (ANY_ID, "LAW")
    sent = services.last.request.legal_cap
    assert (sent.jurisdiction, list(sent.text_language_codes), sent.months) == ("BE-VLG", ["nl"], 6)
    assert (sent.max_discount_percent.value, sent.certainty) == ("20", pb.LegalCap.CERTAINTY_OFFICIAL)
    assert (sent.valid_from.year, sent.HasField("valid_to")) == (2017, False)
    listed = await http.get("/v1/legal-caps", params={"jurisdiction": "FR", "page_size": "5"})
    assert listed.status_code == 200, listed.text
    assert (services.last.request.jurisdiction, services.last.request.page_size) == ("FR", 5)
    services.answer("EndLegalCap", refusal(Kind.FAILED_PRECONDITION, "LEGAL_CAP_ENDED"))
    ended = await http.post(f"/v1/legal-caps/{ANY_ID}:end", json={"valid_to": "2027-01-01"})
    assert (ended.status_code, ended.json()["reason"]) == (400, "LEGAL_CAP_ENDED")
    assert (services.last.request.legal_cap_id, services.last.request.valid_to.year) == (ANY_ID, 2027)


@pytest.mark.spec("C-16")
async def test_the_proof_is_shown_with_the_price(http: httpx.AsyncClient, services: Services) -> None:
    proof = pricing_pb2.LegalCapProof(
        legal_cap_id=ANY_ID,
        jurisdiction="BE-VLG",
        buyer_class="PUBLIC_LIBRARY",
        publication_date="2026-11",
        publisher_price=money_pb2.Money(currency_code="EUR", units=20),
        max_discount_percent=decimal_pb2.Decimal(value="20"),
        floor=money_pb2.Money(currency_code="EUR", units=15, nanos=94_300_000),
        price_list_id=ANY_ID,
    )
    line = pricing_pb2.QuotedLine(price=pricing_pb2.LinePrice(currency_code="EUR", legal_cap=proof))
    services.answer("QuoteLines", pricing_pb2.QuoteLinesResponse(lines=[line]))
    answered = await http.post("/v1/quotes", json={"lines": [{"sku": "A-1", "quantity": 1}]})
    assert answered.json()["lines"][0]["price"]["legal_cap"] == {
        "legal_cap_id": ANY_ID,
        "jurisdiction": "BE-VLG",
        "buyer_class": "PUBLIC_LIBRARY",
        "publication_date": "2026-11",
        "publisher_price": {"amount": "20.00", "currency": "EUR"},
        "max_discount_percent": "20",
        "floor": {"amount": "15.0943", "currency": "EUR"},
        "price_list_id": ANY_ID,
    }
