"""Files of the catalogue through the public API: an ONIX message in, books found, everything out and in again."""

import asyncio
from pathlib import Path

import pytest

from tests.api import Api
from tests.world import World

SAMPLE = Path(__file__).parents[2] / "services/catalog/tests/data/onix/Onix3.1-single-short.xml"
ISBN = "9780007232833"


async def imported(staff: Api, kind: str, media_type: str, content: bytes) -> dict[str, object]:
    answer = await staff.send(
        "POST", f"/v1/imports?kind={kind}", content=content, headers={"Content-Type": media_type}
    )
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(120):
        while True:
            job = await staff.get(answer.headers["location"])
            if job["state"] not in ("PENDING", "RUNNING"):
                assert job["state"] == "SUCCEEDED", job
                return job
            await asyncio.sleep(0.2)


@pytest.mark.spec("C-04", "C-05")
async def test_files_go_in_and_come_out(world: World) -> None:
    staff = world.admin
    lists = {item["code"]: item["id"] for item in (await staff.get("/v1/price-lists"))["items"]}
    rules = [{"price_type": "01", "currency_code": "EUR", "price_list_id": lists["NET"]}]
    before = (await staff.send("GET", "/v1/onix-mapping")).headers["etag"]
    mapping = {"price_rules": rules, "subject_rules": []}
    set_ = await staff.send("PUT", "/v1/onix-mapping", json=mapping, headers={"If-Match": before})
    assert set_.status_code == 200, set_.text
    stale = await staff.send("PUT", "/v1/onix-mapping", json=mapping, headers={"If-Match": before})
    assert stale.status_code == 412
    job = await imported(staff, "PRODUCTS", "application/xml", SAMPLE.read_bytes())
    assert (job["format"], job["accepted_count"]) == ("ONIX", 1)
    (verdict,) = (await staff.get(f"/v1/imports/{job['id']}/verdicts"))["items"]
    assert verdict["record_ref"] == "com.globalbookinfo.onix.01734529"
    session = await world.ordering(world.accounts[1])
    (hit,) = (await session.get("/v1/products", query=ISBN, language="en"))["items"]
    assert hit["product"]["name"]["en"] == "Roseanna"
    assert hit["offers"][0]["price"]["unit_price"]["amount"].startswith("8.99")
    for form, media_type in (("CSV", "text/csv"), ("XLSX", ""), ("ONIX", "application/xml")):
        answer = await staff.send("GET", f"/v1/exports?kind=PRODUCTS&format={form}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(media_type)
        again = await imported(staff, "PRODUCTS", answer.headers["content-type"], answer.content)
        assert (again["refused_count"], again["accepted_count"], again["changed_count"]) == (0, 0, 0)
        assert again["unchanged_count"] > 0
    refused = await session.send("GET", "/v1/exports?kind=PRODUCTS&format=CSV")
    assert refused.status_code == 403


@pytest.mark.spec("C-04")
async def test_an_address_that_cannot_be_fetched_ends_the_job(world: World) -> None:
    asked = {"kind": "PRICES", "format": "CSV", "source_address": "https://no.such.host.invalid/x.csv"}
    job = await world.admin.post("/v1/imports:fetch", asked)
    async with asyncio.timeout(60):
        while job["state"] in ("PENDING", "RUNNING"):
            await asyncio.sleep(0.2)
            job = await world.admin.get(f"/v1/imports/{job['id']}")
    assert job["state"] == "FAILED"
    assert "could not be fetched" in job["error"]
