"""Staff keep canned messages and fill them in for an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag as etags
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.paging import Page
from orders.canned import domain, store, wording
from orders.canned.domain import CannedMessage, CannedMessageNotFound
from orders.infrastructure import Infrastructure
from orders.sheets import listing


@dataclass(frozen=True, slots=True)
class ChangeCannedMessage:
    """None: as it is."""

    message_id: UUID
    name: str | None
    texts: Mapping[str, str] | None
    etag: str = ""


async def create_message(
    infra: Infrastructure, session: AsyncSession, name: str, texts: Mapping[str, str]
) -> CannedMessage:
    """In the caller's transaction. Raises CannedMessageNameTaken."""
    now = infra.clock()
    made = CannedMessage(new_id(), 1, name, texts, now, now)
    await store.insert(await session.connection(), made)
    return made


async def change_message(
    infra: Infrastructure, session: AsyncSession, cmd: ChangeCannedMessage
) -> CannedMessage:
    """In the caller's transaction. Raises CannedMessageNotFound, EtagMismatch, CannedMessageNameTaken."""
    found = await _locked(session, cmd.message_id, cmd.etag)
    changed = replace(
        found,
        version=found.version + 1,
        name=found.name if cmd.name is None else cmd.name,
        texts=found.texts if cmd.texts is None else cmd.texts,
        update_time=infra.clock(),
    )
    await store.save(await session.connection(), changed)
    return changed


async def delete_message(session: AsyncSession, message_id: UUID, etag: str) -> None:
    """In the caller's transaction. Raises CannedMessageNotFound, EtagMismatch."""
    await _locked(session, message_id, etag)
    await store.delete(await session.connection(), message_id)


async def _locked(session: AsyncSession, message_id: UUID, etag: str) -> CannedMessage:
    found = await store.find(await session.connection(), message_id, lock=True)
    if found is None:
        raise CannedMessageNotFound(message_id)
    etags.check("canned message", etag, found.version)
    return found


async def list_messages(sessions: Sessions, page: Page) -> list[CannedMessage]:
    """By name, one more than the page holds when there are more."""
    async with sessions() as session:
        return await store.page_of(await session.connection(), page)


async def fill_message(infra: Infrastructure, message_id: UUID, order_id: UUID) -> tuple[str, str]:
    """The language and the text, to be changed and sent. Raises CannedMessageNotFound, OrderNotFound."""
    async with infra.sessions() as session:
        found = await store.find(await session.connection(), message_id)
    if found is None:
        raise CannedMessageNotFound(message_id)
    order = await listing.get_order(infra, order_id)
    language, text = found.text_in(order.header.language)
    return language, domain.fill(text, wording.values_of(infra, order, language))
