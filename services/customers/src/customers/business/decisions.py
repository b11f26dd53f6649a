"""What happens to a request: staff ask, approve or refuse; the account's administrator answers.

    PENDING -- ask --> INFORMATION_NEEDED (-- ask --> INFORMATION_NEEDED) -- answer --> PENDING
    PENDING | INFORMATION_NEEDED -- approve --> APPROVED, -- refuse --> REJECTED

Everybody locks the account first, then looks at the request: the order in which the profile is removed, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.context import Principal
from customers import callers
from customers.accounts import events as account_events
from customers.accounts import search
from customers.accounts import store as accounts
from customers.accounts.models import Account
from customers.business import events, store
from customers.business.errors import BusinessRequestNotFound, BusinessRequestState
from customers.business.models import OPEN, BusinessRequest

PENDING, NEEDED = OPEN


@dataclass(frozen=True, slots=True)
class Target:
    request_id: UUID
    etag: str


async def ask(session: AsyncSession, who: Principal, target: Target, text: str) -> None:
    """Raises BusinessRequestNotFound, EtagMismatch, BusinessRequestState."""
    _, request = await _locked(session, who, target, OPEN)
    await _write(session, who, request, text, state=NEEDED)


async def answer(
    session: AsyncSession, who: Principal, target: Target, text: str, texts: Mapping[str, Any] | None
) -> None:
    """`texts` correct the profile that was asked for.

    Raises BusinessRequestNotFound, EtagMismatch, BusinessRequestState."""
    account, request = await _locked(session, who, target, (NEEDED,))
    if texts is not None:
        await store.set_pending_profile(session, account.id, texts)
        await store.mirror(session, account.id)
        await _report(session, account.id, await accounts.touch(session, account.id))
    await _write(session, who, request, text, state=PENDING)


async def approve(session: AsyncSession, who: Principal, target: Target, *, pay_later_allowed: bool) -> None:
    """The profile is in force from this transaction on: the next quote and the next order know it.

    Raises BusinessRequestNotFound, EtagMismatch, BusinessRequestState."""
    account, request = await _locked(session, who, target, OPEN)
    await store.set_profile(
        session, account.id, state="APPROVED", b2b_active=True, pay_later_allowed=pay_later_allowed
    )
    buyer_class = "BUSINESS" if account.buyer_class == "CONSUMER" else account.buyer_class
    version = await accounts.touch(session, account.id, kind="BUSINESS", buyer_class=buyer_class)
    decided = {"state": "APPROVED", "decide_time": sa.func.now(), "pay_later_allowed": pay_later_allowed}
    request_version = await store.change_request(session, request, **decided)
    await _report(session, account.id, version)
    events.decided(session, account.id, request.id, request_version, approved=True)


async def reject(session: AsyncSession, who: Principal, target: Target, text: str) -> None:
    """The account stays a consumer's and may ask again. `text` may be empty.

    Raises BusinessRequestNotFound, EtagMismatch, BusinessRequestState."""
    account, request = await _locked(session, who, target, OPEN)
    await store.set_profile(session, account.id, state="REJECTED", b2b_active=False, pay_later_allowed=False)
    message_id = None
    if text:
        message_id = await store.add_message(session, request.id, who.effective_actor, text)
    decided = {"state": "REJECTED", "decide_time": sa.func.now(), "decision_message_id": message_id}
    request_version = await store.change_request(session, request, **decided)
    await _report(session, account.id, await accounts.touch(session, account.id))
    events.decided(session, account.id, request.id, request_version, approved=False)


async def _locked(
    session: AsyncSession, who: Principal, target: Target, allowed: Collection[str]
) -> tuple[Account, BusinessRequest]:
    known = sa.select(BusinessRequest.account_id).where(BusinessRequest.id == target.request_id)
    account_id = await session.scalar(known)
    query = sa.select(Account).where(Account.id == account_id, callers.visible(who))
    account = await session.scalar(query.with_for_update(key_share=True))
    request = await session.get(BusinessRequest, target.request_id)
    if account is None or request is None:
        raise BusinessRequestNotFound(target.request_id)
    if who.kind != "STAFF" and not await callers.is_administrator(session, who, account.id):
        raise BusinessRequestNotFound(target.request_id)
    etag.check(f"Business request {request.id}", target.etag, request.version)
    if request.state not in allowed:
        raise BusinessRequestState(request.id, request.state, allowed)
    return account, request


async def _write(
    session: AsyncSession, who: Principal, request: BusinessRequest, text: str, *, state: str
) -> None:
    message_id = await store.add_message(session, request.id, who.effective_actor, text)
    version = await store.change_request(session, request, state=state)
    from_customer = state == PENDING
    events.message_added(
        session, request.account_id, request.id, message_id, version, from_customer=from_customer
    )


async def _report(session: AsyncSession, account_id: UUID, version: int) -> None:
    await search.index(session, [account_id])
    account_events.account_updated(session, account_id, version, ["business_profile"])
