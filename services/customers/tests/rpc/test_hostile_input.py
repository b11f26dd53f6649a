"""Whatever a client sends to whatever RPC, it gets an answer it can act on: never INTERNAL or UNKNOWN."""

from typing import Any
from uuid import UUID

import grpc
import pytest
from commis.customers.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    handoffs_pb2,
    handoffs_pb2_grpc,
    platforms_pb2,
    platforms_pb2_grpc,
    representatives_pb2,
    representatives_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
)
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff

FILES = {
    accounts_pb2: accounts_pb2_grpc,
    audit_pb2: audit_pb2_grpc,
    handoffs_pb2: handoffs_pb2_grpc,
    platforms_pb2: platforms_pb2_grpc,
    representatives_pb2: representatives_pb2_grpc,
    sessions_pb2: sessions_pb2_grpc,
}
RPCS = [
    (module, service.name, method.name)
    for module in FILES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
TEXTS = (
    "", "\x00", "x" * 20_000, "é\u202e\u0000", "' OR 1=1 --", "00000000-0000-0000-0000-000000000000", "BE", "*",
    '"1"', '"99999999999999999999"', "\ufdd0\U0010ffff", "a@b.example", "İ@ı.example", "C-", ":* & !",
)  # fmt: skip
NUMBERS = (0, -1, 1, 99, 2**31 - 1, -(2**31))


def _fill(message: Any, turn: int, depth: int = 0) -> None:
    """Every field gets the value of this turn; lists get two."""
    for index, field in enumerate(message.DESCRIPTOR.fields):
        pick = turn + index * (turn % 3)
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if depth > 3:
                continue
            if field.is_repeated:
                for _ in range(2):
                    _fill(getattr(message, field.name).add(), turn, depth + 1)
            else:
                getattr(message, field.name).SetInParent()
                _fill(getattr(message, field.name), turn, depth + 1)
            continue
        value: Any = NUMBERS[pick % len(NUMBERS)]
        if field.type == FieldDescriptor.TYPE_STRING:
            value = TEXTS[pick % len(TEXTS)]
        elif field.type == FieldDescriptor.TYPE_BOOL:
            value = bool(pick % 2)
        if field.is_repeated:
            getattr(message, field.name).extend([value, value])
        else:
            setattr(message, field.name, value)


@pytest.mark.parametrize(("module", "service", "method"), RPCS, ids=[f"{s}.{m}" for _, s, m in RPCS])
async def test_nothing_sent_is_an_internal_error(
    world: Any, partner: Any, module: Any, service: str, method: str
) -> None:
    opened = await partner.open_session()
    account = await world.business()
    rep = await world.rep("R1", account.id)
    callers = [
        as_staff("ADMIN"),
        as_rep(UUID(rep.id)),
        as_rep_for(UUID(rep.id), UUID(account.id)),
        as_customer(UUID(account.persons[0].id), UUID(account.id)),
        as_service("customers.access", "customers.recipients", "customers.read", "customers.audit"),
        await partner.token(),
        (("authorization", f"Bearer {opened.tokens.access_token}"),),
        (),
    ]
    stub = getattr(FILES[module], f"{service}Stub")(world.channel)
    described = module.DESCRIPTOR.services_by_name[service].methods_by_name[method]
    request_class = message_factory.GetMessageClass(described.input_type)
    answers = []
    for turn in range(len(TEXTS)):
        request = request_class()
        _fill(request, turn)
        for known in (False, True):
            if known:  # the ids are right, everything else is not
                for name, value in (("account_id", account.id), ("representative_id", rep.id)):
                    if name in request.DESCRIPTOR.fields_by_name:
                        setattr(request, name, value)
                community = partner.communities["residence-1"]
                for name, value in (
                    ("account", account.id),
                    ("representative", rep.id),
                    ("care_platform", partner.id),
                    ("community", community.id),
                ):
                    if name in request.DESCRIPTOR.fields_by_name:
                        getattr(request, name).id = value
                if "request_id" in request.DESCRIPTOR.fields_by_name:
                    request.request_id = str(new_id())
            metadata = (*callers[turn % len(callers)], ("x-forwarded-for", TEXTS[5]))
            answers.append(await _ask(stub, method, request, metadata))
    assert not {"INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"} & set(answers)


async def _ask(stub: Any, method: str, request: Any, metadata: Any) -> str:
    try:
        await getattr(stub, method)(request, metadata=metadata, timeout=20)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"
