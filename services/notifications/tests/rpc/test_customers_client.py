"""What customers answers, as notifications understands it: over a real channel, against a stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import grpc
import pytest
from commis.common.v1 import common_pb2
from commis.customers.v1 import platforms_pb2, platforms_pb2_grpc, sessions_pb2_grpc
from commis.customers.v1 import sessions_pb2 as pb

from chassis import context
from chassis.access import PUBLIC
from chassis.context import Principal, Request
from chassis.errors import NotFound, ServiceError, Unavailable
from chassis.ids import new_id
from chassis.testing import grpc_server, issuer
from chassis.testkit.issuer import service_token
from chassis.tokens import ServiceTokens
from notifications.clients import GrpcCustomers, GrpcPlatforms
from notifications.ports import Recipient

THERE, AWAY = new_id(), new_id()


class Gone(NotFound):
    reason = "CARE_PLATFORM_NOT_FOUND"


def _look(text: str) -> None:
    if UUID(text) == AWAY:
        raise Unavailable("away")
    if UUID(text) != THERE:
        raise Gone("not there")


class Recipients(sessions_pb2_grpc.RecipientServiceServicer):
    RULES: ClassVar[Any] = {
        method.name: PUBLIC for method in pb.DESCRIPTOR.services_by_name["RecipientService"].methods
    }

    async def GetRecipient(self, request: pb.GetRecipientRequest, _: Any) -> pb.GetRecipientResponse:
        _look(request.party.id)
        if request.party.kind == common_pb2.PARTY_KIND_REP:
            _look(request.account_id)
        company = "Parc" if request.party.kind == common_pb2.PARTY_KIND_ACCOUNT else ""
        return pb.GetRecipientResponse(
            email="a@b.example", display_name="Marie", language_code="fr", company_name=company
        )

    async def GetBusinessRequestMail(
        self, request: pb.GetBusinessRequestMailRequest, _: Any
    ) -> pb.GetBusinessRequestMailResponse:
        _look(request.business_request_id)
        return pb.GetBusinessRequestMailResponse(
            email="a@b.example",
            company_name="Parc",
            account_number="K-1",
            text=request.message_id or "decision",
        )

    async def GetReceiptMail(self, request: pb.GetReceiptMailRequest, _: Any) -> pb.GetReceiptMailResponse:
        _look(request.receipt_id)
        answer = pb.GetReceiptMailResponse(email="a@b.example")
        answer.receipt.id = request.receipt_id
        return answer

    async def ListAdministrators(
        self, request: pb.ListAdministratorsRequest, _: Any
    ) -> pb.ListAdministratorsResponse:
        _look(request.account_id)
        one = pb.GetRecipientResponse(email="a@b.example", display_name="Marie", language_code="fr")
        return pb.ListAdministratorsResponse(administrators=[one, one])


class Platforms(platforms_pb2_grpc.CarePlatformServiceServicer):
    RULES: ClassVar[Any] = {
        method.name: PUBLIC
        for method in platforms_pb2.DESCRIPTOR.services_by_name["CarePlatformService"].methods
    }

    async def GetCarePlatform(
        self, request: platforms_pb2.GetCarePlatformRequest, _: Any
    ) -> platforms_pb2.GetCarePlatformResponse:
        _look(request.care_platform_id)
        return platforms_pb2.GetCarePlatformResponse()


class Access(sessions_pb2_grpc.AccessServiceServicer):
    """Asked with the token of the platform itself."""

    RULES: ClassVar[Any] = {
        method.name: PUBLIC for method in pb.DESCRIPTOR.services_by_name["AccessService"].methods
    }

    async def GetPlatformAccess(
        self, request: pb.GetPlatformAccessRequest, _: Any
    ) -> pb.GetPlatformAccessResponse:
        assert context.current().service is not None
        _look(str(context.principal().subject))
        return pb.GetPlatformAccessResponse(platform_id=str(context.principal().subject))


@pytest.fixture
async def channel() -> AsyncIterator[grpc.aio.Channel]:
    servicers = [
        (
            sessions_pb2_grpc.add_RecipientServiceServicer_to_server,
            Recipients(),
            "commis.customers.v1.RecipientService",
        ),
        (
            sessions_pb2_grpc.add_AccessServiceServicer_to_server,
            Access(),
            "commis.customers.v1.AccessService",
        ),
        (
            platforms_pb2_grpc.add_CarePlatformServiceServicer_to_server,
            Platforms(),
            "commis.customers.v1.CarePlatformService",
        ),
    ]
    async with grpc_server(servicers, domain="customers.commis") as running:
        yield running.channel


def tokens() -> ServiceTokens:
    return ServiceTokens(service_token("customers.recipients", "customers.access", client_id="notifications"))


async def test_what_is_there(channel: grpc.aio.Channel) -> None:
    customers = GrpcCustomers(channel, tokens())
    marie = Recipient("a@b.example", "Marie", "fr")
    assert await customers.find_person(THERE) == marie
    assert await customers.find_representative(THERE, THERE) == marie
    assert await customers.find_representative(THERE, new_id()) is None
    assert await customers.find_account_name(THERE) == "Parc"
    assert await customers.list_administrators(THERE) == [marie, marie]
    decision = await customers.find_business_request(THERE)
    assert decision is not None
    assert (decision.company_name, decision.account_number, decision.text) == ("Parc", "K-1", "decision")
    message = new_id()
    written = await customers.find_business_request(THERE, message)
    assert written is not None
    assert written.text == str(message)
    receipt = await customers.find_receipt(THERE)
    assert receipt is not None
    assert receipt.receipt.id == str(THERE)


async def test_what_is_not_there_and_who_is_away(channel: grpc.aio.Channel) -> None:
    customers = GrpcCustomers(channel, tokens())
    absent = new_id()
    finds = (
        customers.find_person,
        customers.find_account_name,
        customers.find_business_request,
        customers.find_receipt,
    )
    for find in finds:
        assert await find(absent) is None
    assert await customers.list_administrators(absent) == []
    for find in (*finds, customers.list_administrators):
        with pytest.raises(ServiceError) as caught:
            await find(AWAY)
        assert caught.value.kind == "UNAVAILABLE"


async def test_platforms_are_asked_with_the_callers_own_token(channel: grpc.aio.Channel) -> None:
    platforms = GrpcPlatforms(channel, tokens())
    assert await platforms.exists(THERE)
    assert not await platforms.exists(new_id())
    for asking, expected in ((THERE, None), (new_id(), "CARE_PLATFORM_NOT_FOUND")):
        who = Principal(asking, "CARE_PLATFORM", channel="API")
        signed = Principal(asking, "CARE_PLATFORM", channel="API", token=issuer.token(who))
        with context.bind(Request(request_id="r", principal=signed)):
            if expected is None:
                assert await platforms.trusted_platform() == asking
                continue
            with pytest.raises(ServiceError) as caught:
                await platforms.trusted_platform()
            assert caught.value.reason == expected
