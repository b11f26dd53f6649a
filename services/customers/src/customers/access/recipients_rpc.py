"""RecipientService: whom notifications writes to, and what only the recipient of a mail may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.customers.v1 import sessions_pb2 as pb
from commis.customers.v1 import sessions_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from customers.access import recipients
from customers.access.recipients import Recipient
from customers.business import queries as business
from customers.business import receipts
from customers.business.errors import ReceiptNotFound
from customers.people import credentials
from customers.privacy import erasures
from customers.privacy import wire as privacy_wire
from customers.privacy.errors import ErasureNotFound
from customers.vault import Vault

_MAIL = access.services("customers.recipients")


class RecipientServicer(sessions_pb2_grpc.RecipientServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "GetRecipient": _MAIL,
        "GetCredentialLink": _MAIL,
        "GetBusinessRequestMail": _MAIL,
        "GetReceiptMail": _MAIL,
        "ListAdministrators": _MAIL,
    }

    def __init__(self, sessions: Sessions, vault: Vault, link_base: str) -> None:
        self._sessions = sessions
        self._vault = vault
        self._link_base = link_base

    async def GetRecipient(self, request: pb.GetRecipientRequest, context: Any) -> pb.GetRecipientResponse:
        found = Violations()
        kind = fields.enum(found, "party.kind", request.party.kind, common_pb2.PartyKind)
        party_id = fields.identifier(found, "party.id", request.party.id)
        is_rep = request.party.kind == common_pb2.PARTY_KIND_REP
        account_id = fields.identifier(found, "account_id", request.account_id, required=is_rep)
        found.raise_if_any()
        assert party_id is not None
        async with self._sessions() as session:
            name = kind.removeprefix("PARTY_KIND_")
            known = await recipients.get_recipient(session, name, party_id, account_id)
        return _recipient(known)

    async def GetCredentialLink(
        self, request: pb.GetCredentialLinkRequest, context: Any
    ) -> pb.GetCredentialLinkResponse:
        found = Violations()
        request_id = fields.identifier(found, "credential_request_id", request.credential_request_id)
        found.raise_if_any()
        assert request_id is not None
        async with self._sessions() as session:
            link = await credentials.get_link(session, self._vault, self._link_base, request_id)
        answer = pb.GetCredentialLinkResponse(
            email=link.email, display_name=link.display_name, language_code=link.language_code, link=link.link
        )
        answer.expire_time.FromDatetime(link.expire_time)
        return answer

    async def GetBusinessRequestMail(
        self, request: pb.GetBusinessRequestMailRequest, context: Any
    ) -> pb.GetBusinessRequestMailResponse:
        found = Violations()
        request_id = fields.identifier(found, "business_request_id", request.business_request_id)
        message_id = fields.identifier(found, "message_id", request.message_id, required=False)
        found.raise_if_any()
        assert request_id is not None
        async with self._sessions() as session:
            mail = await business.get_mail(session, request_id, message_id)
        return pb.GetBusinessRequestMailResponse(
            email=mail.email,
            display_name=mail.display_name,
            language_code=mail.language_code,
            company_name=mail.company_name,
            account_number=mail.account_number,
            text=mail.text,
        )

    async def GetReceiptMail(
        self, request: pb.GetReceiptMailRequest, context: Any
    ) -> pb.GetReceiptMailResponse:
        found = Violations()
        receipt_id = fields.identifier(found, "receipt_id", request.receipt_id)
        found.raise_if_any()
        assert receipt_id is not None
        async with self._sessions() as session:
            mail = await receipts.find_mail(session, receipt_id)
            if mail is None:
                return await self._of_erasure(session, receipt_id)
        return pb.GetReceiptMailResponse(
            email=mail.email,
            display_name=mail.display_name,
            language_code=mail.language_code,
            receipt=receipts.answer(mail.receipt),
        )

    async def _of_erasure(self, session: AsyncSession, receipt_id: UUID) -> pb.GetReceiptMailResponse:
        """Raises ReceiptNotFound: also when there is no address, or none any more."""
        try:
            to, view = await erasures.receipt_mail(session, self._vault, receipt_id)
        except ErasureNotFound:
            to = None
        if to is None:
            raise ReceiptNotFound(receipt_id)
        return pb.GetReceiptMailResponse(
            email=to.email,
            display_name=to.display_name,
            language_code=to.language_code,
            receipt=privacy_wire.receipt(view),
        )

    async def ListAdministrators(
        self, request: pb.ListAdministratorsRequest, context: Any
    ) -> pb.ListAdministratorsResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        async with self._sessions() as session:
            listed = await recipients.list_administrators(session, account_id)
        return pb.ListAdministratorsResponse(administrators=map(_recipient, listed))


def _recipient(known: Recipient) -> pb.GetRecipientResponse:
    return pb.GetRecipientResponse(
        email=known.email,
        display_name=known.display_name,
        language_code=known.language_code,
        company_name=known.company_name,
    )
