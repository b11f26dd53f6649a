"""Which accounts the caller may see: the one place where that is decided, for every query of this service.

A rep's access is looked up in the same statement each time, so that an assignment that ends, ends at once,
also in an open ordering session. What is not visible answers exactly as what does not exist.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chassis import context, ids
from chassis.context import Principal
from customers.accounts.models import Account, Membership
from customers.reps.models import Assignment, Representative
from customers.sessions import assisted
from customers.sessions.errors import SessionEnded
from customers.sessions.models import SessionFamily

ADMINISTRATOR = "ADMINISTRATOR"
# Staff roles that keep accounts; the others read them.
ACCOUNT_KEEPERS = ("ADMIN", "ORDER_DESK", "FINANCE")


def rep_of(who: Principal) -> UUID | None:
    """The rep who acts, alone or inside an account's ordering session."""
    kind, identity = who.effective_actor
    return ids.parse_id(identity) if kind == "REP" else None


def person_of(who: Principal) -> UUID | None:
    kind, identity = who.effective_actor
    return ids.parse_id(identity) if kind == "PERSON" else None


def sees_all(who: Principal) -> bool:
    """Staff, and internal teams, whose scope the access rule has checked."""
    return who.kind in ("STAFF", "SERVICE")


def assigned(
    rep_id: UUID, account_id: sa.ColumnElement[UUID] | InstrumentedAttribute[UUID]
) -> sa.ColumnElement[bool]:
    """Whether the account is assigned to this rep and the rep is active, now."""
    return (
        sa.select(1)
        .select_from(Assignment)
        .join(Representative, Representative.id == Assignment.rep_id)
        .where(Assignment.rep_id == rep_id, Assignment.account_id == account_id, Representative.active)
        .exists()
    )


def visible(who: Principal, account_id: sa.ColumnElement[UUID] | None = None) -> sa.ColumnElement[bool]:
    """A condition on `accounts.id` (or another column that holds account ids)."""
    column = Account.id.expression if account_id is None else account_id
    if sees_all(who):
        return sa.true()
    rep_id = rep_of(who)
    if rep_id is not None:
        mine = assigned(rep_id, column)
        return mine if who.kind == "REP" else sa.and_(column == who.subject, mine)
    if who.acts_for_account is not None and who.actor_kind == "CARE_WORKER":
        return sa.and_(column == who.acts_for_account, _vouched_for(who))
    person_id = person_of(who)
    if who.acts_for_account is None or person_id is None:
        return sa.false()
    member = sa.select(1).where(Membership.account_id == column, Membership.person_id == person_id).exists()
    return sa.and_(column == who.acts_for_account, member)


def care_worker_of(who: Principal) -> UUID | None:
    kind, identity = who.effective_actor
    return ids.parse_id(identity) if kind == "CARE_WORKER" else None


_SESSION = sa.text(f"session_families f {assisted.VOUCHED_FOR}")
_OWN_SESSION = sa.text(
    f"f.id = :session_id AND f.care_worker_id = :care_worker_id AND f.subject_id = :client_id AND {assisted.LIVING}"
)


def _vouched_for(who: Principal) -> sa.ColumnElement[bool]:
    """Whether what this assisted session rests on still holds."""
    own = _OWN_SESSION.bindparams(
        session_id=family_of(who), care_worker_id=care_worker_of(who), client_id=who.acts_for_account
    )
    return sa.select(sa.literal(1)).select_from(_SESSION).where(own).exists()


def family_of(who: Principal | None) -> UUID | None:
    """The session family of the token; a service has none."""
    return ids.parse_id(who.session_id) if who is not None and who.kind != "SERVICE" else None


_ENDED = sa.select(1).where(SessionFamily.id == sa.bindparam("id"), SessionFamily.end_time.is_not(None))


async def check_session(session: AsyncSession) -> Principal:
    """The caller, after making sure that its session was not ended (sign-out, new password, deactivation)
    before its token expires. Raises Unauthenticated, SessionEnded."""
    who = context.principal()
    family_id = family_of(who)
    if family_id is not None and await session.scalar(_ENDED, {"id": family_id}) is not None:
        raise SessionEnded
    return who


async def is_administrator(session: AsyncSession, who: Principal, account_id: UUID) -> bool:
    """Whether the caller is a person of the account with that role now, whatever the token still says."""
    person_id = person_of(who)
    if person_id is None or who.acts_for_account != account_id:
        return False
    query = sa.select(Membership.role).where(
        Membership.account_id == account_id, Membership.person_id == person_id
    )
    return await session.scalar(query) == ADMINISTRATOR


async def may_change_addresses(session: AsyncSession, who: Principal, account_id: UUID) -> bool:
    """Staff who keep accounts, the account's administrators, and a rep inside an ordering session."""
    if who.kind == "STAFF":
        return not who.roles.isdisjoint(ACCOUNT_KEEPERS)
    if who.kind == "ACCOUNT" and rep_of(who) is not None:
        return True
    return await is_administrator(session, who, account_id)
