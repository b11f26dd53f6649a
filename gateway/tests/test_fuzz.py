"""Schemathesis over every operation, in front of services that answer random valid messages or random errors.

COMMIS_FUZZ_EXAMPLES raises the number of examples per operation and kind (6).
"""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import grpc
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from chassis.errors import Kind
from gateway.config import Settings
from gateway.openapi import document

from .fakes import Services, an_answer, refusal
from .test_server import serving

EXAMPLES = int(os.environ.get("COMMIS_FUZZ_EXAMPLES", "6"))
CONFORMANCE = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
# Nothing is there to follow without a broker: 503. With one they would not end.
FEEDS = {"followSharedOrder", "followFeed"}
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
WITH_INPUT = [item for item in OPERATIONS if {"parameters", "requestBody"} & set(item.definition.raw)]


@pytest.fixture(scope="module")
async def url(settings: Settings) -> Any:
    async with serving(settings, log_level="ERROR") as (host, port, _):
        yield f"http://{host}:{port}"


def run(operation: Any, url: str, mode: GenerationMode, chosen: tuple[Any, ...]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        case.call_and_validate(base_url=url, checks=chosen)

    check()


def _ids(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=_ids)
async def test_valid_requests_are_accepted_and_answered_as_documented(
    operation: Any, url: str, services: Services
) -> None:
    chance = random.Random(17)

    async def answer(method: Any) -> Any:
        return an_answer(method, chance)

    services.default = answer
    chosen: tuple[Any, ...] = (*CONFORMANCE, not_a_server_error, checks.positive_data_acceptance)
    if _ids(operation) in FEEDS:
        chosen = (*CONFORMANCE, checks.positive_data_acceptance)
    await asyncio.to_thread(run, operation, url, GenerationMode.POSITIVE, chosen)


@pytest.mark.parametrize("operation", WITH_INPUT, ids=_ids)
async def test_invalid_requests_and_failing_services_are_answered_as_documented(
    operation: Any, url: str, services: Services
) -> None:
    chance = random.Random(17)

    async def refuse(method: Any) -> Any:
        match chance.randrange(3):
            case 0:
                return an_answer(method, chance)
            case 1:
                return chance.choice([code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
        found = [(chance.choice(["", "a.b", "lines[0].x", "\u00e9", "order.note"]), "is wrong", "INVALID")]
        return refusal(chance.choice(list(Kind)), "SOME_REASON", violations=found, name="\u00e9")

    services.default = refuse
    await asyncio.to_thread(run, operation, url, GenerationMode.NEGATIVE, CONFORMANCE)
