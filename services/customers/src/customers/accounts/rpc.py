"""AccountService: accounts and their search. The RPCs about addresses come from addresses.rpc."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from commis.customers.v1 import accounts_pb2, accounts_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import callers, folding, masks, transactions
from customers.accounts import queries, search, use_cases, wire
from customers.accounts.search import Wanted
from customers.accounts.use_cases import AccountChange, NewAccount
from customers.addresses import wire as address_wire
from customers.addresses.rpc import AddressRpcs
from customers.people import wire as people_wire
from customers.people.store import NewPerson

READERS = access.services("customers.read")
KEEPERS = access.staff(*callers.ACCOUNT_KEEPERS)
MAX_NEW_ADDRESSES = 20
_PROFILE = tuple(
    f"business_profile.{name}" for name in (*wire.PROFILE_TEXTS, "vat_number", *wire.PROFILE_FLAGS)
)
_WRITABLE = (
    *("first_name", "last_name", "email", "language_code", "phone"),
    *("groups", "buyer_class", "spending_control"),
    *_PROFILE,
)
_READ_ONLY = (
    *(
        "id",
        "number",
        "kind",
        "state",
        "display_name",
        "addresses",
        "persons",
        "create_time",
        "update_time",
        "erase_time",
        "etag",
    ),
    "business_profile.state",
)


class AccountServicer(AddressRpcs, accounts_pb2_grpc.AccountServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateAccount": KEEPERS,
        "GetAccount": access.any_of(access.staff(), access.reps(), access.accounts(), READERS),
        "UpdateAccount": access.any_of(KEEPERS, access.accounts()),
        "ListAccounts": access.any_of(access.staff(), access.reps(), READERS),
        "SendActivation": access.any_of(KEEPERS, access.accounts()),
        **AddressRpcs.RULES,
    }

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateAccount(
        self, request: accounts_pb2.CreateAccountRequest, context: Any
    ) -> accounts_pb2.CreateAccountResponse:
        new = _new_account(request)

        async def work(session: AsyncSession, who: Principal) -> accounts_pb2.CreateAccountResponse:
            created = await use_cases.create_account(session, new)
            view = await queries.get_account(session, who, created)
            return accounts_pb2.CreateAccountResponse(account=wire.answer(view, for_staff=True))

        return await transactions.once(
            self._sessions, request, request.request_id, accounts_pb2.CreateAccountResponse, work
        )

    async def GetAccount(
        self, request: accounts_pb2.GetAccountRequest, context: Any
    ) -> accounts_pb2.GetAccountResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        async with transactions.reading(self._sessions) as (session, who):
            view = await queries.get_account(session, who, account_id)
        return accounts_pb2.GetAccountResponse(account=wire.answer(view, for_staff=callers.sees_all(who)))

    async def UpdateAccount(
        self, request: accounts_pb2.UpdateAccountRequest, context: Any
    ) -> accounts_pb2.UpdateAccountResponse:
        change = _change(request)

        async def work(session: AsyncSession, who: Principal) -> accounts_pb2.UpdateAccountResponse:
            await use_cases.update_account(session, who, change)
            view = await queries.get_account(session, who, change.account_id)
            answer = wire.answer(view, for_staff=callers.sees_all(who))
            return accounts_pb2.UpdateAccountResponse(account=answer)

        return await transactions.once(
            self._sessions, request, request.request_id, accounts_pb2.UpdateAccountResponse, work
        )

    async def ListAccounts(
        self, request: accounts_pb2.ListAccountsRequest, context: Any
    ) -> accounts_pb2.ListAccountsResponse:
        found = Violations()
        query = fields.text(found, "query", request.query)
        kind = fields.enum(found, "kind", request.kind, accounts_pb2.Account.Kind, required=False)
        rep_id = fields.identifier(found, "representative_id", request.representative_id, required=False)
        found.raise_if_any()
        async with transactions.reading(self._sessions) as (session, who):
            own = callers.rep_of(who)
            wanted = Wanted(
                words=folding.query_words(query) if query else None,
                kind=kind.removeprefix("KIND_"),
                rep_id=own or rep_id,
                as_rep=own is not None,
            )
            filters = {"query": query, "kind": kind, "rep": str(wanted.rep_id), "list": "accounts"}
            page = paging.decode(request.page_size, request.page_token, filters)
            ids = await search.find(session, wanted, page)
            views = await queries.load_accounts(session, ids[: page.size])
        answer = accounts_pb2.ListAccountsResponse(
            accounts=[wire.answer(view, for_staff=own is None) for view in views]
        )
        if len(ids) > page.size:
            answer.next_page_token = paging.next_token((ids[page.size - 1],), filters)
        return answer

    async def SendActivation(
        self, request: accounts_pb2.SendActivationRequest, context: Any
    ) -> accounts_pb2.SendActivationResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        person_id = fields.identifier(found, "person_id", request.person_id)
        found.raise_if_any()
        assert account_id is not None
        assert person_id is not None

        async def work(session: AsyncSession, who: Principal) -> accounts_pb2.SendActivationResponse:
            await use_cases.send_activation(session, who, account_id, person_id)
            return accounts_pb2.SendActivationResponse()

        return await transactions.once(
            self._sessions, request, request.request_id, accounts_pb2.SendActivationResponse, work
        )


def _new_account(request: accounts_pb2.CreateAccountRequest) -> NewAccount:
    """Raises InvalidFields with everything that is wrong."""
    found = Violations()
    if len(request.addresses) > MAX_NEW_ADDRESSES:
        found.add("addresses", f"must have at most {MAX_NEW_ADDRESSES} addresses", "TOO_LONG")
    addresses = [
        address_wire.parse(found, f"addresses[{index}]", address)
        for index, address in enumerate(request.addresses[:MAX_NEW_ADDRESSES])
    ]
    region = addresses[0].postal.region_code if addresses else ""
    profile = None
    if request.HasField("business_profile"):
        profile = wire.profile(found, "business_profile", request.business_profile, region)
    new = NewAccount(
        person=NewPerson(
            first_name=people_wire.name(found, "first_name", request.first_name),
            last_name=people_wire.name(found, "last_name", request.last_name),
            email=people_wire.email(found, "email", request.email),
            language_code=fields.language(found, "language_code", request.language_code),
            phone=people_wire.phone(found, "phone", request.phone),
        ),
        profile=profile,
        groups=wire.groups(found, "groups", list(request.groups)),
        buyer_class=wire.buyer_class(found, "buyer_class", request.buyer_class),
        addresses=addresses,
    )
    found.raise_if_any()
    return new


def _change(request: accounts_pb2.UpdateAccountRequest) -> AccountChange:
    """Raises InvalidFields with everything that is wrong."""
    found = Violations()
    account = request.account
    account_id = fields.identifier(found, "account.id", account.id)
    paths = masks.paths(found, request.update_mask, account, _WRITABLE, _READ_ONLY)
    values = {path: _value(found, path, account) for path in paths}
    if "state" in request.update_mask.paths:  # never because it was sent along with other fields, or by "*"
        values["state"] = wire.state(found, "account.state", account.state)
    found.raise_if_any()
    assert account_id is not None
    return AccountChange(account_id, account.etag, values)


_CHECKS: dict[str, Callable[[Violations, str, Any], Any]] = {
    "first_name": people_wire.name,
    "last_name": people_wire.name,
    "email": people_wire.email,
    "language_code": fields.language,
    "phone": people_wire.phone,
    "groups": wire.groups,
    "buyer_class": wire.required_buyer_class,
}


def _value(found: Violations, path: str, account: accounts_pb2.Account) -> Any:
    field, profile = f"account.{path}", account.business_profile
    check = _CHECKS.get(path)
    if check is not None:
        return check(found, field, getattr(account, path))
    if path == "business_profile.vat_number":
        return wire.required_vat_number(found, field, profile.vat_number)
    if path == "spending_control":
        return account.spending_control
    name = path.removeprefix("business_profile.")
    if name in wire.PROFILE_FLAGS:
        return getattr(profile, name)
    required = name == "company_name"
    return people_wire.line(
        found, field, getattr(profile, name), required=required, max_length=wire.PROFILE_TEXTS[name]
    )
