"""The RPCs of AccountService about addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.customers.v1 import accounts_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import callers, transactions
from customers.accounts import queries as account_queries
from customers.addresses import queries, use_cases, wire

_WRITERS = access.any_of(access.staff(*callers.ACCOUNT_KEEPERS), access.reps(), access.accounts())
_READERS = access.any_of(access.staff(), access.reps(), access.accounts(), access.services("customers.read"))


class AddressRpcs:
    """Mixed into AccountServicer."""

    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateAddress": _WRITERS,
        "ListAddresses": _READERS,
        "UpdateAddress": _WRITERS,
        "DeleteAddress": _WRITERS,
    }
    _sessions: Sessions

    async def CreateAddress(
        self, request: accounts_pb2.CreateAddressRequest, context: Any
    ) -> accounts_pb2.CreateAddressResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        new = wire.parse(found, "address", request.address)
        found.raise_if_any()
        assert account_id is not None

        async def work(session: AsyncSession, who: Principal) -> accounts_pb2.CreateAddressResponse:
            created = await use_cases.create_address(session, who, account_id, new)
            return accounts_pb2.CreateAddressResponse(address=wire.answer(created))

        return await transactions.once(
            self._sessions, request, request.request_id, accounts_pb2.CreateAddressResponse, work
        )

    async def ListAddresses(
        self, request: accounts_pb2.ListAddressesRequest, context: Any
    ) -> accounts_pb2.ListAddressesResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        filters = {"account": request.account_id, "list": "addresses"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with transactions.reading(self._sessions) as (session, who):
            await account_queries.require_visible(session, who, account_id)
            views = await queries.list_addresses(session, account_id, page)
        answer = accounts_pb2.ListAddressesResponse(
            addresses=[wire.answer(view) for view in views[: page.size]]
        )
        if len(views) > page.size:
            answer.next_page_token = paging.next_token((views[page.size - 1].id,), filters)
        return answer

    async def UpdateAddress(
        self, request: accounts_pb2.UpdateAddressRequest, context: Any
    ) -> accounts_pb2.UpdateAddressResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        address_id = fields.identifier(found, "address.id", request.address.id)
        new = wire.parse(found, "address", request.address)
        found.raise_if_any()
        assert account_id is not None
        assert address_id is not None
        sent_etag = request.address.etag

        async def work(session: AsyncSession, who: Principal) -> accounts_pb2.UpdateAddressResponse:
            replaced = await use_cases.replace_address(session, who, account_id, address_id, sent_etag, new)
            return accounts_pb2.UpdateAddressResponse(address=wire.answer(replaced))

        return await transactions.once(
            self._sessions, request, request.request_id, accounts_pb2.UpdateAddressResponse, work
        )

    async def DeleteAddress(
        self, request: accounts_pb2.DeleteAddressRequest, context: Any
    ) -> accounts_pb2.DeleteAddressResponse:
        found = Violations()
        account_id: UUID | None = fields.identifier(found, "account_id", request.account_id)
        address_id = fields.identifier(found, "address_id", request.address_id)
        found.raise_if_any()
        assert account_id is not None
        assert address_id is not None

        async def work(session: AsyncSession, who: Principal) -> accounts_pb2.DeleteAddressResponse:
            await use_cases.delete_address(session, who, account_id, address_id, request.etag)
            return accounts_pb2.DeleteAddressResponse()

        return await transactions.once(
            self._sessions, request, request.request_id, accounts_pb2.DeleteAddressResponse, work
        )
