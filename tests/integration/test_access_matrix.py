"""Every RPC and every route with every caller: who gets through is as tests/access_rules.py says, for all others
the objects do not exist.

The RPCs are read from the contracts and the routes from the OpenAPI document, so that one without a row fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from gateway.operation import Operation
from gateway.routes import OPERATIONS
from tests import wire
from tests.access_rules import ALIASES, CALLERS, CARERS_OWN, ROWS
from tests.api import Api, Json
from tests.cast import Cast, assemble, service_token
from tests.partner import Platform
from tests.stack import SERVICES, Stack
from tests.wire import Answer
from tests.world import World

METHODS = wire.methods()
BY_ID = {operation.operation_id: operation for operation in OPERATIONS}
# Refusals of what was sent, not of who sent it.
OF_CONTENT = {
    "SIGN_IN_FAILED",
    "REFRESH_REFUSED",
    "CLIENT_REFUSED",
    "HANDOFF_REFUSED",
    "HANDOFF_CODE_REFUSED",
    "TICKET_NOT_VALID",
}
REFUSED = {"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND"}
OF_PLATFORMS = {"ListCommunities", "ListWebhookSubscriptions", "ListWebhookDeliveries", "ListWebhookEvents"}
# They would end the sessions that the test works with.
LAST = ("SignOut", "EndAssistedSessions", "CloseClient", "UpdateCarePlatform", "UpdateCommunity")


@pytest.fixture(scope="module")
async def cast(world: World, stack: Stack) -> Cast:
    platform = await Platform(world.api, "matrix").register(world.admin)
    rival = await Platform(world.api, "rival").register(world.admin)
    await platform.community(world.admin, "gent", "PAY_LATER")
    await rival.community(world.admin, "elsewhere", "PAY_LATER")
    token = await service_token(stack.gateway_url, "orders", stack.client_secret("orders"))
    return await assemble(world, platform, rival, token)


@pytest.fixture(scope="module")
async def channels(stack: Stack) -> AsyncIterator[dict[str, grpc.aio.Channel]]:
    made = {name: grpc.aio.insecure_channel(stack.grpc_target(name)) for name in SERVICES}
    yield made
    for channel in made.values():
        await channel.close()


def judged(name: str, answer: Answer, absent: Answer, cast: Cast) -> str:
    """ok, empty, sees, refused (as if absent), or what is wrong."""
    if answer.code in {"INTERNAL", "UNKNOWN", "UNIMPLEMENTED"} or answer.code.startswith("HTTP_"):
        return f"failed with {answer.code} {answer.text[:200]}"
    if answer.code not in REFUSED or answer.reason in OF_CONTENT:
        return _through(name, answer, cast)
    if (answer.code, answer.reason) == (absent.code, absent.reason):
        return "refused"
    return "sees"  # 403, or the 404 of a part of what was found


def _through(name: str, answer: Answer, cast: Cast) -> str:
    if not name.startswith(wire.READS) or answer.code != "OK":
        return "ok"
    kinds = (
        ("community", "subscription") if name in OF_PLATFORMS else ("account", "order", "budget", "request")
    )
    own = [cast.objects[one] for one in kinds]
    listed = name.startswith("List") or name == "ListWebhookEvents"
    return "empty" if listed and not any(one in answer.text for one in own) else "ok"


def expected(name: str, caller: str) -> str:
    row = ROWS[name]
    for outcome in ("ok", "empty", "sees"):
        if caller in getattr(row, outcome).split():
            return outcome
    return "refused"


def compare(name: str, found: dict[str, str], where: str) -> list[str]:
    wrong = []
    for caller, outcome in found.items():
        wanted = expected(name, caller)
        # A list that has nothing of account X is right for those who may have it, too.
        if outcome != wanted and not (outcome == "empty" and wanted == "ok"):
            wrong.append(f"{where} {name}: {caller} ({CALLERS[caller]}) {outcome}, not {wanted}")
    return wrong


def test_every_rpc_and_every_route_has_a_row() -> None:
    assert set(METHODS) == set(ROWS)
    for row in ROWS.values():
        named = [caller for text in (row.ok, row.empty, row.sees) for caller in text.split()]
        assert set(named) <= set(CALLERS)
        assert len(named) == len(set(named)), row


async def test_every_route_of_the_document_has_a_row(world: World) -> None:
    document: Json = await world.api.get("/openapi.json")
    ids = [item["operationId"] for path in document["paths"].values() for item in path.values()]
    missing = [name for name in ids if _row_of(name) not in ROWS]
    assert not missing


def _row_of(operation_id: str) -> str:
    return ALIASES.get(operation_id, operation_id[0].upper() + operation_id[1:])


def _ordered(names: Any) -> list[str]:
    return sorted(names, key=lambda name: (LAST.index(name) if name in LAST else -1, name))


@pytest.mark.timeout(900)
@pytest.mark.spec("A-06", "A-11", "A-12", "A-22", "H-06", "H-12", "H-14")
async def test_every_rpc_with_every_caller(cast: Cast, channels: dict[str, grpc.aio.Channel]) -> None:
    async def call(method: MethodDescriptor, api: Api, objects: dict[str, str]) -> Answer:
        return await wire.by_rpc(channels, method, wire.message(method, objects), api.token)

    wrong: list[str] = []
    for name in _ordered(METHODS):
        found = {}
        for caller, api in cast.callers.items():
            if name == "SignOut" and caller != "anonymous":
                continue  # ends the session for the calls after it; tests of customers do this
            none = await call(METHODS[name], api, wire.absent(cast.objects))
            found[caller] = judged(name, await call(METHODS[name], api, cast.objects), none, cast)
        wrong += compare(name, found, "RPC")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.timeout(300)
@pytest.mark.spec("H-06", "H-14")
async def test_what_a_care_worker_may_do_for_the_own_client(
    cast: Cast, channels: dict[str, grpc.aio.Channel]
) -> None:
    carer, through = cast.callers["carer"], set()
    about = [name for name, row in ROWS.items() if "{account}" in str(row) or "{order}" in str(row)]
    for name in (*about, "ListOrders", "ListBusinessRequests"):
        absent = wire.message(METHODS[name], wire.absent(cast.objects))
        none = await wire.by_rpc(channels, METHODS[name], absent, carer.token)
        request = wire.message(METHODS[name], cast.of_carer)
        outcome = judged(name, await wire.by_rpc(channels, METHODS[name], request, carer.token), none, cast)
        assert outcome in {"ok", "empty", "sees", "refused"}, (name, outcome)
        if outcome in {"ok", "empty"}:
            through.add(name)
    assert through == CARERS_OWN


@pytest.mark.timeout(900)
@pytest.mark.spec("A-06", "A-11", "A-12", "A-22", "H-06", "H-12", "H-14")
async def test_every_route_with_every_caller(cast: Cast) -> None:
    async def call(operation: Operation, api: Api, objects: dict[str, str]) -> Answer:
        return await wire.by_route(api, operation, wire.message(operation.rpc_descriptor, objects))

    wrong: list[str] = []
    operations = {name: BY_ID[name] for name in BY_ID if _row_of(name) != "SignOut"}
    for operation_id, operation in operations.items():
        found = {}
        for caller, api in cast.callers.items():
            none = await call(operation, api, wire.absent(cast.objects))
            found[caller] = judged(
                _row_of(operation_id), await call(operation, api, cast.objects), none, cast
            )
        wrong += compare(_row_of(operation_id), found, operation.path)
    assert not wrong, "\n" + "\n".join(wrong)
