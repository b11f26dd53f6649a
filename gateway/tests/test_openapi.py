"""The OpenAPI document: valid, complete, and true."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from starlette.routing import Route

from gateway.openapi import document
from gateway.operation import Operation
from gateway.routes import OPERATIONS

from .fakes import Services, a_message, address

DOCUMENT = document()
ALL = [(path, method, item) for path, found in DOCUMENT["paths"].items() for method, item in found.items()]
IDS = [item["operationId"] for _, _, item in ALL]


def validator(schema: Any) -> Any:
    whole = schema | {"components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_the_document_is_valid() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_all_references_lead_somewhere() -> None:
    found = set(_references(DOCUMENT))
    for reference in found:
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in DOCUMENT["components"][kind], reference
    schemas = {reference.rpartition("/")[2] for reference in found if "/schemas/" in reference}
    assert schemas == set(DOCUMENT["components"]["schemas"]), "unused components"


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


async def test_every_route_is_documented(http: httpx.AsyncClient) -> None:
    app: Any = http._transport.app.app if hasattr(http._transport.app, "app") else http._transport.app  # type: ignore[attr-defined]
    unlisted = {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs"}
    served = {
        (route.path.replace(":id}", "}"), method.lower())
        for route in app.router.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD" and not any(route.path.startswith(path) for path in unlisted)
    }
    assert served == {(path, method) for path, method, _ in ALL}
    assert (await http.get("/openapi.json")).json() == DOCUMENT


def test_operation_ids_are_clean_and_unique() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(re.fullmatch(r"[a-z][a-zA-Z]+", name) for name in IDS)


@pytest.mark.parametrize(("path", "method", "item"), ALL, ids=IDS)
def test_every_operation_is_described(path: str, method: str, item: Any) -> None:
    assert item["summary"]
    assert item["description"]
    assert item["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    statuses = set(item["responses"])
    assert statuses & {"200", "201", "202", "204", "303"}
    assert {"429", "500", "503", "504", "default"} <= statuses
    if item.get("security") != []:
        assert {"401", "403"} <= statuses
    if "requestBody" in item:
        assert {"413", "415"} <= statuses
    if "{" in path:
        assert "404" in statuses
    names = set(re.findall(r"\{(\w+)\}", path))
    assert names == {given["name"] for given in item.get("parameters", ()) if given["in"] == "path"}


@pytest.mark.parametrize(("path", "method", "item"), ALL, ids=IDS)
def test_examples_are_valid(path: str, method: str, item: Any) -> None:
    contents = [item.get("requestBody", {}).get("content", {})]
    contents += [answer.get("content", {}) for answer in item["responses"].values()]
    for content in contents:
        for media in content.values():
            if "example" in media:
                validator(media["schema"]).validate(media["example"])


async def test_deliveries_are_those_of_one_subscription(http: httpx.AsyncClient) -> None:
    parameters = DOCUMENT["paths"]["/v1/webhook-deliveries"]["get"]["parameters"]
    assert [given["name"] for given in parameters if given["required"]] == ["subscription_id"]
    answered = await http.get("/v1/webhook-deliveries")
    assert answered.status_code == 400
    assert answered.json()["violations"][0]["field"] == "subscription_id"


def test_a_refusal_needs_no_words_and_a_question_does() -> None:
    for verb, valid in (("reject", True), ("ask", False), ("answer", False)):
        path = f"/v1/business-requests/{{business_request_id}}:{verb}"
        media = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert validator(media["schema"]).is_valid({}) == valid, verb


@pytest.mark.parametrize("status", sorted(DOCUMENT["components"]["responses"]))
def test_examples_of_problems_are_valid(status: str) -> None:
    media = DOCUMENT["components"]["responses"][status]["content"]["application/problem+json"]
    validator(media["schema"]).validate(media["example"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda item: item.operation_id)
async def test_answers_are_as_documented(
    operation: Operation, http: httpx.AsyncClient, services: Services
) -> None:
    """Random valid answers of the service, validated as they come out, with not a member more."""
    path = re.sub(r":id\}", "}", operation.path)
    documented = DOCUMENT["paths"][path][operation.method.lower()]["responses"][str(operation.status)]
    body = None
    if operation.body:
        body = documented_example(path, operation.method)
    for seed in range(5):
        response = a_message(operation.response, random.Random(seed))
        services.answer(operation.rpc.partition("/")[2], response)
        answered = await http.request(
            operation.method, address(operation), json=body, headers={"Idempotency-Key": "k"}
        )
        assert answered.status_code == operation.status, answered.text
        if "content" not in documented:
            assert not answered.content
            continue
        schema = documented["content"]["application/json"]["schema"]
        validator(schema).validate(answered.json())
        assert list(_undocumented(answered.json(), schema)) == []


def documented_example(path: str, method: str) -> Any:
    body = DOCUMENT["paths"][path][method.lower()]["requestBody"]
    return body["content"]["application/json"]["example"]


def _undocumented(value: Any, schema: Any) -> Iterator[str]:
    while "$ref" in schema or "anyOf" in schema:
        schema = schema["anyOf"][0] if "anyOf" in schema else schema
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for item in value:
            yield from _undocumented(item, schema["items"])
    if isinstance(value, dict) and "additionalProperties" not in schema:
        for name, item in value.items():
            if name not in schema["properties"]:
                yield name
            else:
                yield from _undocumented(item, schema["properties"][name])


async def test_docs_need_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/docs/")
        found = await http.get(link)
        assert found.status_code == 200
        assert found.headers["x-content-type-options"] == "nosniff"
    assert "SwaggerUIBundle" in (await http.get("/docs/swagger-ui-bundle.js")).text


def test_every_public_rpc_has_a_route() -> None:
    """What is missing here is for services only, or is said here by name."""
    for_services = {"PlacementService", "ReservationService", "BudgetHoldService", "AccessService"}
    for_services |= {"RecipientService", "TokenService"}
    without_route = {"BatchGetOrders", "BatchGetVariants", "ListProducts", "ResolveCodes", "UploadImport"}
    without_route |= {
        "RedeemFeedTicket",
        "DownloadDataExport",
        "AddExportPart",
        "ReportErasure",
        "GetErasureSubjects",
    }
    without_route |= {
        "AddAttachment",
        "ReadAttachment",
        "CheckEntry",
        "AddEntry",
        "ExportOrders",
        "UploadOrders",
    }
    without_route |= {"GetOrderMessage", "NotifyPayment", "GetPaymentLinkMail"}
    routed = {item.rpc_descriptor.full_name for item in OPERATIONS}
    files = {item.rpc_descriptor.containing_service.file for item in OPERATIONS}
    missing = {
        method.name
        for file in files
        for service in file.services_by_name.values()
        if service.name not in for_services
        for method in service.methods
        if method.full_name not in routed
    }
    assert missing == without_route
