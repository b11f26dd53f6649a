"""Erasures: started once, reported by every service, done when all have."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from chassis.ids import new_id
from customers import callers
from customers.accounts import events as account_events
from customers.accounts.errors import AccountNotFound, MemberNotFound
from customers.members import events as member_events
from customers.privacy import erasing, events
from customers.privacy import scope as scopes
from customers.privacy.erasing import Counted, Explained
from customers.privacy.errors import ErasureNotFound
from customers.privacy.models import SERVICES, Erasure, ErasureReport
from customers.privacy.scope import Recipient, Scope
from customers.sessions.throttle import Throttle
from customers.vault import Vault

_SUBJECTS = "subjects of an erasure"
_RECIPIENT = "recipient of a receipt"


@dataclass(frozen=True, slots=True)
class ErasureView:
    """`erased` and `kept` as far as services have reported; `missing` are those that have not."""

    id: UUID
    account_id: UUID
    person_id: UUID | None
    create_time: datetime.datetime
    done_time: datetime.datetime | None
    missing: list[str]
    erased: Counted
    kept: Explained


@dataclass(frozen=True, slots=True)
class Subjects:
    """By what a service finds the persons in what it wrote down itself; empty once all have reported."""

    emails: list[str]
    needles: list[str]


async def start(
    session: AsyncSession,
    vault: Vault,
    throttle: Throttle,
    who: Principal,
    account_id: UUID,
    person_id: UUID | None,
) -> ErasureView:
    """Erase the part of customers at once and ask the others; what was erased before answers as it did.

    Raises AccountNotFound, MemberNotFound, ChangeNotAllowed, LastAdministrator."""
    await scopes.require_allowed(session, who, account_id, person_id)
    scope = await scopes.of_erasure(session, who, account_id, person_id)
    if scope is None:
        return await _earlier(session, account_id, person_id)
    known = await erasing.needles(session, scope)
    version, erased, kept = await erasing.erase(session, throttle, scope, known)
    erasure_id = new_id()
    await session.execute(sa.insert(Erasure).values(_row(vault, erasure_id, scope, known)))
    await _store(session, erasure_id, "customers", erased, kept)
    changed = ["persons"] if scope.person_id is not None else ["state", "persons"]
    account_events.account_updated(session, account_id, version, changed)
    if scope.person_id is not None:
        member_events.member_removed(session, account_id, scope.person_id)
    events.erasure_requested(session, erasure_id, scope)
    return await get(session, erasure_id)


def _row(vault: Vault, erasure_id: UUID, scope: Scope, known: list[str]) -> dict[str, Any]:
    subjects = json.dumps({"emails": scope.emails, "needles": known}).encode()
    recipient = None
    if scope.recipient is not None:
        plain = json.dumps(dataclasses.asdict(scope.recipient)).encode()
        recipient = vault.seal(plain, f"{_RECIPIENT} {erasure_id}")
    return {
        "id": erasure_id,
        "account_id": scope.account_id,
        "person_id": scope.person_id,
        "erased_person_ids": list(scope.erased),
        "subjects_sealed": vault.seal(subjects, f"{_SUBJECTS} {erasure_id}"),
        "recipient_sealed": recipient,
    }


async def _earlier(session: AsyncSession, account_id: UUID, person_id: UUID | None) -> ErasureView:
    """Of the account, or of this person in it."""
    concerned: sa.ColumnElement[bool] = Erasure.person_id.is_(None)
    if person_id is not None:
        named = sa.or_(
            Erasure.person_id == person_id, sa.literal(person_id) == sa.any_(Erasure.erased_person_ids)
        )
        concerned = sa.or_(named, concerned)
    found = sa.select(Erasure.id).where(Erasure.account_id == account_id, concerned)
    erasure_id = await session.scalar(found.order_by(Erasure.person_id.is_(None), Erasure.id.desc()).limit(1))
    if erasure_id is not None:
        return await get(session, erasure_id)
    if person_id is not None:
        raise MemberNotFound(person_id)
    raise AccountNotFound(account_id)


async def get_visible(session: AsyncSession, who: Principal, erasure_id: UUID) -> ErasureView:
    """Staff, and the administrators of an account that still is. Raises ErasureNotFound."""
    view = await get(session, erasure_id)
    if not callers.sees_all(who) and not await callers.is_administrator(session, who, view.account_id):
        raise ErasureNotFound(erasure_id)
    return view


async def get(session: AsyncSession, erasure_id: UUID) -> ErasureView:
    """Raises ErasureNotFound."""
    row = await session.get(Erasure, erasure_id, populate_existing=True)
    if row is None:
        raise ErasureNotFound(erasure_id)
    query = sa.select(ErasureReport).where(ErasureReport.erasure_id == erasure_id)
    reports = (await session.scalars(query.order_by(ErasureReport.service))).all()
    reported = {report.service for report in reports}
    return ErasureView(
        id=row.id,
        account_id=row.account_id,
        person_id=row.person_id,
        create_time=row.create_time,
        done_time=row.done_time,
        missing=[service for service in SERVICES if service not in reported],
        erased=[(subject, count) for report in reports for subject, count in report.erased],
        kept=[(subject, count, why) for report in reports for subject, count, why in report.kept],
    )


async def report(
    session: AsyncSession, erasure_id: UUID, service: str, erased: Counted, kept: Explained
) -> None:
    """The first report of a service counts; the last service completes the receipt. Raises ErasureNotFound."""
    row = await session.scalar(sa.select(Erasure).where(Erasure.id == erasure_id).with_for_update())
    if row is None:
        raise ErasureNotFound(erasure_id)
    await _store(session, erasure_id, service, erased, kept)
    view = await get(session, erasure_id)
    if view.missing or view.done_time is not None:
        return
    # The audit may have learnt of acts from before only after the erasure began.
    await erasing.forget_authors(session, row.erased_person_ids)
    row.done_time = datetime.datetime.now(datetime.UTC)
    row.subjects_sealed = None
    await session.flush()
    events.erasure_done(session, erasure_id, row.account_id)


async def _store(
    session: AsyncSession, erasure_id: UUID, service: str, erased: Counted, kept: Explained
) -> None:
    values = {"erasure_id": erasure_id, "service": service, "erased": erased, "kept": kept}
    await session.execute(insert(ErasureReport).values(values).on_conflict_do_nothing())


async def subjects(session: AsyncSession, vault: Vault, erasure_id: UUID) -> Subjects:
    """Raises ErasureNotFound."""
    row = await session.get(Erasure, erasure_id)
    if row is None:
        raise ErasureNotFound(erasure_id)
    if row.subjects_sealed is None:
        return Subjects([], [])
    opened = json.loads(vault.open(row.subjects_sealed, f"{_SUBJECTS} {erasure_id}"))
    return Subjects(opened["emails"], opened["needles"])


async def receipt_mail(
    session: AsyncSession, vault: Vault, erasure_id: UUID
) -> tuple[Recipient | None, ErasureView]:
    """Whom to mail the receipt; None when there is no address, or a week has passed. Raises ErasureNotFound."""
    view = await get(session, erasure_id)
    sealed = await session.scalar(sa.select(Erasure.recipient_sealed).where(Erasure.id == erasure_id))
    if sealed is None:
        return None, view
    return Recipient(**json.loads(vault.open(sealed, f"{_RECIPIENT} {erasure_id}"))), view


def merged(items: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """One item per subject and reason, with the sum of the counts."""
    sums: dict[tuple[str, str], int] = {}
    for subject, count, *why in items:
        key = (subject, why[0] if why else "")
        sums[key] = sums.get(key, 0) + count
    return [(subject, count, why) for (subject, why), count in sums.items()]
