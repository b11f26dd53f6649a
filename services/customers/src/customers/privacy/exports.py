"""Data exports: started once at a time, collected from every service, readable for a week."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from chassis.db import Sessions
from chassis.ids import new_id
from customers import callers
from customers.accounts.models import Account
from customers.people.models import Person
from customers.privacy import events
from customers.privacy import scope as scopes
from customers.privacy.errors import DataExportNotFound, DataExportState
from customers.privacy.models import SERVICES, DataExport, DataExportPart

LIFE = datetime.timedelta(days=7)
_COMPLETE = sa.text(
    "SELECT service FROM data_export_parts WHERE export_id = :id GROUP BY service"
    " HAVING bool_or(last) AND count(*) = max(part) FILTER (WHERE last) ORDER BY service"
)


@dataclass(frozen=True, slots=True)
class ExportView:
    """`state` as in the contract, without its prefix. `language_code` is that of the README."""

    id: UUID
    account_id: UUID
    person_id: UUID | None
    language_code: str
    state: str
    collected: list[str]
    create_time: datetime.datetime
    expire_time: datetime.datetime

    @property
    def missing(self) -> list[str]:
        return [service for service in SERVICES if service not in self.collected]


async def start(
    session: AsyncSession, who: Principal, account_id: UUID, person_id: UUID | None
) -> ExportView:
    """Ask every service; one that is still being collected for the same is answered again. One that is ready or has
    expired is replaced: whoever asks again wants what is held now.

    Raises AccountNotFound, MemberNotFound, ChangeNotAllowed."""
    await scopes.require_allowed(session, who, account_id, person_id)
    if person_id is not None:
        await scopes.require_member(session, account_id, person_id)
    locked = sa.select(Account.holder_id).where(Account.id == account_id).with_for_update()
    holder_id = await session.scalar(locked)
    mine = sa.and_(DataExport.account_id == account_id, DataExport.person_id.is_not_distinct_from(person_id))
    collecting = sa.and_(DataExport.ready_time.is_(None), DataExport.expire_time > sa.func.now())
    running = await session.scalar(sa.select(DataExport.id).where(mine, collecting))
    if running is not None:
        return await get(session, running)
    await session.execute(sa.delete(DataExport).where(mine))
    language = sa.select(Person.language_code).where(Person.id == (person_id or holder_id))
    export_id = new_id()
    row = {
        "id": export_id,
        "account_id": account_id,
        "person_id": person_id,
        "language_code": await session.scalar(language),
        "expire_time": datetime.datetime.now(datetime.UTC) + LIFE,
    }
    await session.execute(sa.insert(DataExport).values(row))
    persons = await scopes.own_persons(session, account_id, person_id)
    events.data_export_requested(session, export_id, account_id, person_id, persons)
    return await get(session, export_id)


async def get(session: AsyncSession, export_id: UUID) -> ExportView:
    """Raises DataExportNotFound."""
    row = await session.get(DataExport, export_id, populate_existing=True)
    if row is None:
        raise DataExportNotFound(export_id)
    state = "COLLECTING" if row.ready_time is None else "READY"
    if row.expire_time <= datetime.datetime.now(datetime.UTC):
        state = "EXPIRED"
    collected = list(SERVICES)
    if row.ready_time is None:
        collected = list((await session.execute(_COMPLETE, {"id": export_id})).scalars().all())
    return ExportView(
        id=row.id,
        account_id=row.account_id,
        person_id=row.person_id,
        language_code=row.language_code,
        state=state,
        collected=collected,
        create_time=row.create_time,
        expire_time=row.expire_time,
    )


async def get_visible(session: AsyncSession, who: Principal, export_id: UUID) -> ExportView:
    """Staff, the person, the administrators of the account for one of the account. Raises DataExportNotFound."""
    view = await get(session, export_id)
    if callers.sees_all(who):
        return view
    me = callers.person_of(who)
    mine = view.person_id is not None and view.person_id == me and who.acts_for_account == view.account_id
    of_account = view.person_id is None and await callers.is_administrator(session, who, view.account_id)
    if not (mine or of_account):
        raise DataExportNotFound(export_id)
    return view


async def add_part(
    session: AsyncSession, export_id: UUID, service: str, part: int, *, last: bool, content: bytes
) -> None:
    """Replaces an earlier try of the same part; with the last part of the last service the export is READY.

    Raises DataExportNotFound: also for one that was erased meanwhile, so that nothing comes back."""
    row = await session.scalar(sa.select(DataExport).where(DataExport.id == export_id).with_for_update())
    if row is None:
        raise DataExportNotFound(export_id)
    if row.ready_time is not None or row.expire_time <= datetime.datetime.now(datetime.UTC):
        return
    values = {"export_id": export_id, "service": service, "part": part, "last": last, "content": content}
    added = insert(DataExportPart).values(values)
    replaced = {"last": added.excluded.last, "content": added.excluded.content}
    await session.execute(
        added.on_conflict_do_update(index_elements=["export_id", "service", "part"], set_=replaced)
    )
    mine = sa.and_(DataExportPart.export_id == export_id, DataExportPart.service == service)
    if last:
        await session.execute(sa.delete(DataExportPart).where(mine, DataExportPart.part > part))
    collected = (await session.execute(_COMPLETE, {"id": export_id})).scalars().all()
    if set(collected) >= set(SERVICES):
        row.ready_time = datetime.datetime.now(datetime.UTC)
        row.expire_time = row.ready_time + LIFE


async def read_parts(sessions: Sessions, view: ExportView) -> AsyncIterator[tuple[str, int, bytes]]:
    """Service, number and content, one in memory at a time, each read by itself: no transaction lasts as long as a
    download. Raises DataExportState, also at the end when it expired meanwhile, because its parts may be deleted from
    then on; DataExportNotFound when it is erased meanwhile."""
    if view.state != "READY":
        raise DataExportState(view.id, view.state)
    order = sa.tuple_(DataExportPart.service, DataExportPart.part)
    of_export = DataExportPart.export_id == view.id
    after: tuple[str, int] = ("", 0)
    while True:
        async with sessions() as session:
            query = sa.select(DataExportPart.service, DataExportPart.part, DataExportPart.content)
            row = (
                await session.execute(query.where(of_export, order > after).order_by(order).limit(1))
            ).first()
            if row is None:
                now = await get(session, view.id)
                if now.state != "READY":
                    raise DataExportState(now.id, now.state)
                return
        yield row.service, row.part, row.content
        after = (row.service, row.part)
