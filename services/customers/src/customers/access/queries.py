"""May this caller order for this account, and with which facts: one statement, asked once per order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db, ids
from chassis.context import Principal
from chassis.db import Sessions
from chassis.paging import Page
from customers import callers
from customers.access import assisted
from customers.accounts.errors import AccountNotFound
from customers.reps.models import Assignment, Representative
from customers.sessions.errors import SessionEnded

Facts: TypeAlias = SimpleNamespace  # an attribute for every column
_ADDRESS = (
    "recipient",
    "company",
    "street_lines",
    "postal_code",
    "city",
    "administrative_area",
    "region_code",
    "phone",
)


def _columns(alias: str) -> str:
    return ", ".join(f"{alias}.{name} AS {alias}_{name}" for name in _ADDRESS)


# A business profile that waits, was refused or is switched off gives nothing of what a business has.
_IN_FORCE = "coalesce(b.state = 'APPROVED' AND b.b2b_active, false)"
_DORMANT = f"(a.kind = 'BUSINESS' OR coalesce(b.state = 'PENDING', false)) AND NOT {_IN_FORCE}"
# $1: the account, $2: the session family, $3: who acts.
# {actor}: columns about who acts; {join}: what must hold for the caller; both by kind of caller, below.
_FACTS = f"""
SELECT a.id, a.number, a.kind, a.state,
       CASE WHEN {_DORMANT} THEN '{{{{}}}}' ELSE a.groups END AS groups,
       CASE WHEN {_DORMANT} THEN 'CONSUMER' ELSE a.buyer_class END AS buyer_class,
       h.first_name, h.last_name, coalesce(h.email, h.contact_email) AS email, h.language_code, h.phone,
       coalesce(b.company_name, '') AS company_name,
       CASE WHEN {_IN_FORCE} THEN b.vat_number ELSE '' END AS vat_number,
       {_IN_FORCE} AS business, {_IN_FORCE} AND b.pay_later_allowed AS pay_later_allowed,
       bill.id IS NOT NULL AS has_bill, {_columns("bill")},
       ship.id IS NOT NULL AS has_ship, {_columns("ship")},
       EXISTS (SELECT 1 FROM session_families f WHERE f.id = $2 AND f.end_time IS NOT NULL) AS ended,
       {{actor}}
  FROM accounts a
  JOIN persons h ON h.id = a.holder_id
  {{join}}
  LEFT JOIN business_profiles b ON b.account_id = a.id
  LEFT JOIN addresses bill ON bill.account_id = a.id AND bill.default_billing
  LEFT JOIN addresses ship ON ship.account_id = a.id AND ship.default_delivery
 WHERE a.id = $1
"""  # noqa: S608  # constants
_NAMED = "act.first_name AS actor_first_name, act.last_name AS actor_last_name, {code} AS rep_code"
_NO_MEMBER = (
    ", '' AS membership_role, false AS spending_control, CAST(NULL AS bigint) AS spending_limit_minor,"
    " '' AS spending_limit_currency"
)
_MEMBER = (
    ", m.role AS membership_role, a.spending_control AND m.role = 'USER' AS spending_control,"
    " m.spending_limit_minor, m.spending_limit_currency"
)
_OF_PERSON = _FACTS.format(
    actor=_NAMED.format(code="''") + _MEMBER,
    join="JOIN memberships m ON m.account_id = a.id AND m.person_id = $3"
    " JOIN persons act ON act.id = m.person_id",
)
_OF_REP = _FACTS.format(
    actor=_NAMED.format(code="r.rep_code") + _NO_MEMBER,
    join="JOIN assignments s ON s.account_id = a.id AND s.rep_id = $3"
    " JOIN representatives r ON r.id = s.rep_id AND r.active JOIN persons act ON act.id = r.person_id",
)
_OF_STAFF = _FACTS.format(
    actor=_NAMED.format(code="''") + _NO_MEMBER,
    join="LEFT JOIN staff_members t ON t.id = $3 LEFT JOIN persons act ON act.id = t.person_id",
)
_OF_SERVICE = _FACTS.format(
    actor="'' AS actor_first_name, '' AS actor_last_name, '' AS rep_code" + _NO_MEMBER, join=""
)
_OF_CARE_WORKER = _FACTS.format(
    actor="w.display_name AS actor_first_name, '' AS actor_last_name, '' AS rep_code"
    + _NO_MEMBER
    + assisted.COLUMNS,
    join=assisted.JOIN,
)


async def get_facts(sessions: Sessions, who: Principal | None, account_id: UUID) -> Facts:
    """`who` is the end user, or the internal team; None when a service asks for itself.

    Raises AccountNotFound (absent, or not the caller's), SessionEnded."""
    kind, identity = who.effective_actor if who is not None else ("SERVICE", "")
    given: list[Any] = [account_id, callers.family_of(who)]
    if who is not None and who.kind == "ACCOUNT" and who.subject != account_id:
        raise AccountNotFound(account_id)
    match kind:
        case "PERSON" if who is not None and who.kind == "ACCOUNT":
            statement = _OF_PERSON
        case "REP":
            statement = _OF_REP
        case "STAFF":
            statement = _OF_STAFF
        case assisted.CARE_WORKER if who is not None and who.kind == "ACCOUNT":
            statement = _OF_CARE_WORKER
        case "SERVICE":
            statement = _OF_SERVICE
        case _:
            raise AccountNotFound(account_id)
    if kind != "SERVICE":
        given.append(ids.parse_id(identity))
    # Asked twice per order: straight over the driver, since a session would cost four times as much.
    async with db.driver(sessions.kw["bind"]) as connection:
        found = await connection.fetchrow(statement, *given)
    if found is None:
        if kind == assisted.CARE_WORKER:  # what takes access away has ended the session, too: say so
            async with sessions() as session:
                await callers.check_session(session)
        raise AccountNotFound(account_id)
    row = SimpleNamespace(**found)
    if row.ended:
        raise SessionEnded
    return row


async def list_visible(session: AsyncSession, who: Principal, page: Page) -> list[UUID]:
    """Up to one more than a page of the ids of a rep's accounts, or the one account of a customer."""
    rep_id = callers.rep_of(who)
    if rep_id is None or who.kind == "ACCOUNT":
        own = who.acts_for_account
        visible = own is not None and await session.scalar(sa.select(callers.visible(who, sa.literal(own))))
        return [own] if own is not None and visible and page.after is None else []
    query = (
        sa.select(Assignment.account_id)
        .join(Representative, Representative.id == Assignment.rep_id)
        .where(Assignment.rep_id == rep_id, Representative.active)
    )
    if page.after is not None:
        query = query.where(Assignment.account_id > page.after[0])
    return list((await session.scalars(query.order_by(Assignment.account_id).limit(page.size + 1))).all())
