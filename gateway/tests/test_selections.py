"""Selections: what of a request arrives where, and how refusals are shown."""

import httpx
import pytest
from commis.catalog.v1 import selections_pb2 as pb

from chassis.errors import Kind

from .fakes import ANY_ID, OTHER_ID, Services, refusal

ONE = f"/v1/selections/{ANY_ID}"


@pytest.mark.spec("C-30")
async def test_create_with_entries(http: httpx.AsyncClient, services: Services) -> None:
    made = pb.CreateSelectionResponse(selection=pb.Selection(id=ANY_ID, entry_count=2, etag='"1"'))
    services.answer("CreateSelection", made)
    answered = await http.post(
        "/v1/selections",
        json={
            "selection": {
                "title": {"nl": "Nieuw"},
                "wise_category": "YOUTH_FICTION",
                "valid_from": "2026-11-21",
                "valid_to": None,
                "groups": ["LIBRARY"],
                "account_ids": [OTHER_ID],
            },
            "entries": [{"sku": "A-1"}, {"variant_id": OTHER_ID, "wise_category": "ADULT_FICTION"}],
        },
    )
    assert answered.status_code == 201, answered.text
    assert answered.headers["location"] == ONE
    assert answered.headers["etag"] == '"1"'
    assert (answered.json()["entry_count"], answered.json()["wise_category"]) == (2, None)
    sent = services.last.request
    assert (sent.selection.title.texts["nl"], list(sent.selection.account_ids)) == ("Nieuw", [OTHER_ID])
    assert sent.selection.wise_category == pb.Selection.WISE_CATEGORY_YOUTH_FICTION
    assert (sent.selection.valid_from.day, sent.selection.HasField("valid_to")) == (21, False)
    assert [(entry.sku, entry.variant_id) for entry in sent.entries] == [("A-1", ""), ("", OTHER_ID)]
    refused = await http.post("/v1/selections", json={"selection": {"entry_count": 3, "etag": '"1"'}})
    assert refused.status_code == 400
    assert {one["field"] for one in refused.json()["violations"]} == {
        "selection.entry_count", "selection.etag",
    }  # fmt: skip
    assert len(services.calls) == 1


@pytest.mark.spec("C-30")
async def test_changes_and_entries_heed_if_match(http: httpx.AsyncClient, services: Services) -> None:
    headers = {"If-Match": '"3"'}
    changed = await http.patch(ONE, json={"valid_to": None, "visible_to_all": True}, headers=headers)
    assert changed.status_code == 200, changed.text
    sent = services.last.request
    assert (sent.selection.id, sent.selection.etag) == (ANY_ID, '"3"')
    assert sorted(sent.update_mask.paths) == ["valid_to", "visible_to_all"]
    put = await http.put(f"{ONE}/entries", json={"entries": [{"sku": "A-1"}]}, headers=headers)
    assert put.status_code == 200, put.text
    sent = services.last.request
    assert (sent.selection_id, sent.etag, sent.entries[0].sku) == (ANY_ID, '"3"', "A-1")
    for rpc, method, path in (
        ("UpdateSelection", "PATCH", ONE),
        ("SetSelectionEntries", "PUT", f"{ONE}/entries"),
    ):
        services.answer(rpc, refusal(Kind.ABORTED, "ETAG_MISMATCH", current_etag='"4"'))
        stale = await http.request(method, path, json={}, headers=headers)
        assert (stale.status_code, stale.json()["reason"]) == (412, "ETAG_MISMATCH")


@pytest.mark.spec("C-30")
async def test_every_unknown_variant_is_shown(http: httpx.AsyncClient, services: Services) -> None:
    unknown = [(f"entries[{number}]", "There is no such variant.", "VARIANT_NOT_FOUND") for number in (1, 4)]
    services.answer("SetSelectionEntries", refusal(Kind.NOT_FOUND, "VARIANT_NOT_FOUND", violations=unknown))
    answered = await http.put(f"{ONE}/entries", json={"entries": [{"sku": "A-1"}] * 5})
    assert (answered.status_code, answered.json()["reason"]) == (404, "VARIANT_NOT_FOUND")
    assert [one["field"] for one in answered.json()["violations"]] == ["entries[1]", "entries[4]"]


@pytest.mark.spec("C-31")
async def test_rows_are_a_list(http: httpx.AsyncClient, services: Services) -> None:
    row = pb.SelectionRow(
        position=1, variant_id=OTHER_ID, wise_category=pb.Selection.WISE_CATEGORY_ADULT_FICTION
    )
    row.refusal.reason = "VARIANT_DISCONTINUED"
    services.answer("ListSelectionRows", pb.ListSelectionRowsResponse(rows=[row], next_page_token="t"))
    query = {"account_id": OTHER_ID, "language": "nl", "page_size": "1", "page_token": "s"}
    answered = await http.get(f"{ONE}/rows", params=query)
    assert answered.status_code == 200, answered.text
    (item,) = answered.json()["items"]
    assert (item["position"], item["wise_category"], item["price"]) == (1, "ADULT_FICTION", None)
    assert (item["refusal"]["reason"], answered.json()["next_page_token"]) == ("VARIANT_DISCONTINUED", "t")
    sent = services.last.request
    assert (sent.selection_id, sent.account_id, sent.language_code) == (ANY_ID, OTHER_ID, "nl")
    assert (sent.page_size, sent.page_token) == (1, "s")
