"""The two steps of a hand-off: a signed statement becomes a one-time code, the code an assisted session."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context
from chassis.context import Principal
from chassis.errors import InvalidFields, ServiceError
from chassis.ids import new_id
from customers.clients import accounts
from customers.clients.accounts import Handed
from customers.clients.errors import ClientIdentityChanged
from customers.database import AnyRow
from customers.handoffs import claims, events, partner_tokens, profile, refusals
from customers.handoffs.claims import CareWorkerClaim, HandoffClaims
from customers.handoffs.errors import (
    Denial,
    HandoffCodeRefused,
    HandoffNotAllowed,
    HandoffRefused,
)
from customers.handoffs.models import Handoff
from customers.handoffs.partner_tokens import Signer, Unverified
from customers.handoffs.profile import Profile
from customers.platforms.models import CareWorker
from customers.platforms.partner_keys import PartnerKeys
from customers.sessions import assisted, families
from customers.sessions import use_cases as sessions
from customers.sessions.families import Issued
from customers.sessions.identities import Acting
from customers.sessions.use_cases import Door, Opened

CODE_LIFE = datetime.timedelta(seconds=60)
_REFUSALS = (HandoffRefused, HandoffNotAllowed, ClientIdentityChanged, InvalidFields)
_COMMUNITY = sa.text(
    "SELECT c.id, c.language_code FROM communities c JOIN care_platforms p ON p.id = c.platform_id"
    " WHERE p.id = :platform_id AND c.external_id = :external_id AND c.active AND p.active FOR SHARE OF c, p"
)
# The locks make whatever takes one of these facts away wait, and then end the session that is being opened. First what
# a hand-off locks first: the care worker, then the account, from where everything comes that changes a client.
_LOCKS = tuple(
    sa.text(
        f"SELECT 1 FROM {table} WHERE id = (SELECT {column} FROM handoffs WHERE code_hash = :code_hash) FOR SHARE"  # noqa: S608  # constants
    )
    for table, column in (("care_workers", "care_worker_id"), ("accounts", "account_id"))
)
_EXCHANGE = sa.text(
    "SELECT h.id, h.platform_id, h.account_id, h.care_worker_id, h.community_id, h.return_address,"
    "  a.holder_id, p.session_minutes"
    " FROM handoffs h JOIN care_platforms p ON p.id = h.platform_id AND p.active"
    " JOIN communities c ON c.id = h.community_id AND c.active"
    " JOIN client_links l ON l.account_id = h.account_id AND l.community_id = c.id AND l.close_time IS NULL"
    " JOIN accounts a ON a.id = h.account_id AND a.state = 'ACTIVE'"
    " WHERE h.code_hash = :code_hash AND h.use_time IS NULL AND h.expire_time > now()"
    " FOR SHARE OF p, c, l"
)
_USE = (
    sa.update(Handoff)
    .where(Handoff.id == sa.bindparam("handoff_id"), Handoff.use_time.is_(None))
    .values(use_time=sa.func.now())
    .returning(Handoff.id)
)


@dataclass(frozen=True, slots=True)
class OneTimeAddress:
    address: str
    expire_time: datetime.datetime


async def create_handoff(door: Door, keys: PartnerKeys, storefront: str, assertion: str) -> OneTimeAddress:
    """Judge the statement, keep the client's account, and answer a one-time address at the platform's storefront
    (else at `storefront`).

    Raises HandoffRefused, HandoffNotAllowed, ClientIdentityChanged, InvalidFields; each is recorded, and once the
    signature is verified its metadata has the `return_address` that was named, if it is a registered one."""
    signer: Signer | None = None
    try:
        token = partner_tokens.take_apart(assertion, (claims.TYPE,))
        signer, source = await partner_tokens.signer_of(door.sessions, token)
        await partner_tokens.check_signature(keys, source, token)
        with _leading_back(claims.return_address(token.claims, signer)):
            partner_tokens.check_frame(token, signer)
            said = claims.read(token.claims, signer)
            code, expire_time = await _hand_over(door, signer, token, said)
    except _REFUSALS as error:
        await refusals.record(door.sessions, error, signer.id if signer is not None else None)
        raise
    refusals.ACCEPTED.inc()
    return OneTimeAddress(f"{signer.storefront_address or storefront}#handoff={code}", expire_time)


@contextmanager
def _leading_back(return_address: str) -> Iterator[None]:
    """Whoever came by a browser can be sent back with the reason."""
    try:
        yield
    except ServiceError as error:
        if return_address:
            error.metadata["return_address"] = return_address
        raise


async def _hand_over(
    door: Door, signer: Signer, token: Unverified, said: HandoffClaims
) -> tuple[str, datetime.datetime]:
    """Everything or nothing, in one transaction; a token that is refused here is not used up."""
    async with door.sessions.begin() as session:
        await partner_tokens.accept_once(session, signer, token)
        given = {"platform_id": signer.id, "external_id": said.community_id}
        community = (await session.execute(_COMMUNITY, given)).first()
        if community is None:
            raise HandoffNotAllowed(Denial.COMMUNITY)
        checked = profile.read(said.client)
        language = claims.language(said.care_worker.language, otherwise=community.language_code)
        care_worker_id = await _keep_care_worker(session, signer.id, said.care_worker, language)
        _act_as(care_worker_id)
        account_id = await _keep_client(session, signer, said, community, checked)
        code, expire_time = secrets.token_urlsafe(32), families.now() + CODE_LIFE
        row = {
            "id": new_id(),
            "code_hash": _digest(code),
            "platform_id": signer.id,
            "community_id": community.id,
            "account_id": account_id,
            "care_worker_id": care_worker_id,
            "return_address": said.return_address,
            "expire_time": expire_time,
        }
        await session.execute(sa.insert(Handoff).values(row))
    return code, expire_time


async def _keep_client(
    session: AsyncSession, signer: Signer, said: HandoffClaims, community: AnyRow, checked: Profile
) -> UUID:
    handed = Handed(signer.id, community.id, community.language_code, said.client_id, checked)
    return await accounts.keep(session, handed)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _act_as(care_worker_id: UUID) -> None:
    """The platform's signature is who the care worker is: what follows in this request is attributed to it."""
    who = Principal(care_worker_id, "CARE_WORKER", channel="ASSISTED")
    context.enter(replace(context.current(), principal=who))


async def _keep_care_worker(
    session: AsyncSession, platform_id: UUID, said: CareWorkerClaim, language: str
) -> UUID:
    """Our id of the care worker, with the name as it is said now."""
    mine = sa.and_(CareWorker.platform_id == platform_id, CareWorker.subject == said.subject)
    known = (
        await session.execute(
            sa.select(CareWorker.id, CareWorker.display_name, CareWorker.language_code).where(mine)
        )
    ).first()
    if known is not None and (known.display_name, known.language_code) == (said.display_name, language):
        return UUID(str(known.id))
    row = {
        "id": new_id(),
        "platform_id": platform_id,
        "subject": said.subject,
        "display_name": said.display_name,
        "language_code": language,
    }
    statement = insert(CareWorker).values(row)
    named = {"display_name": said.display_name, "language_code": language, "update_time": sa.func.now()}
    kept = statement.on_conflict_do_update(index_elements=["platform_id", "subject"], set_=named)
    return (await session.execute(kept.returning(CareWorker.id))).scalar_one()


async def exchange_handoff(door: Door, code: str) -> Opened:
    """An assisted session, once per code: of several at once exactly one gets it. Raises HandoffCodeRefused,
    which is recorded for a code that this service issued."""
    digest = _digest(code)
    try:
        async with door.sessions.begin() as session:
            family_id, acting, refresh = await _exchange(door, session, digest)
    except HandoffCodeRefused as error:
        await _record_refused_code(door, error, digest)
        raise
    refusals.EXCHANGED.inc()
    return await sessions.opened(door, family_id, acting, refresh)


async def _exchange(door: Door, session: AsyncSession, digest: bytes) -> tuple[UUID, Acting, Issued]:
    for lock in _LOCKS:
        await session.execute(lock, {"code_hash": digest})
    row = (await session.execute(_EXCHANGE, {"code_hash": digest})).first()
    if row is None or await session.scalar(_USE, {"handoff_id": row.id}) is None:
        raise HandoffCodeRefused
    family = await assisted.open_family(
        session,
        client_person_id=row.holder_id,
        account_id=row.account_id,
        care_worker_id=row.care_worker_id,
        community_id=row.community_id,
        return_address=row.return_address,
        minutes=row.session_minutes,
    )
    _, refresh = await families.issue(session, door.vault, family)
    acting = await assisted.acting_in(session, family.id)
    if acting is None or acting.assisted is None:
        raise HandoffCodeRefused
    _act_as(row.care_worker_id)
    events.assisted_session_opened(session, acting, acting.assisted)
    return family.id, acting, refresh


async def _record_refused_code(door: Door, error: HandoffCodeRefused, digest: bytes) -> None:
    """A code that was never issued is noise: counted, not stored."""
    query = sa.select(Handoff.platform_id, Handoff.use_time).where(Handoff.code_hash == digest)
    async with door.sessions() as session:
        row = (await session.execute(query)).first()
    if row is None:
        refusals.REFUSED.labels(error.reason, "UNKNOWN").inc()
        return
    cause = "EXPIRED" if row.use_time is None else "USED"
    await refusals.record(door.sessions, error, row.platform_id, cause=cause)
