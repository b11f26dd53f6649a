"""Empties what orders hold about somebody, in batches that each commit: however often it begins, it comes to an end."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from orders.attachments.blobs import BlobStore
from orders.privacy import files, messages, payments, sheets, statements
from orders.privacy.client import Item
from orders.privacy.statements import BATCH

_LAW = (
    "they are what the fiscal documents are made from: Belgium, VAT Code art. 60 par. 4, ten years; GDPR art. 17(3)(b);"
    " used for nothing else, erased on {until}"
)
_AMOUNTS = "bookkeeping and the fiscal documents need them (GDPR art. 17(3)(b)); no name is left in them"
_ACCOUNTS = (
    "they are the account's, which goes on; but for recipients, the person is named there by an id only"
)
_RECIPIENTS = (
    "they are part of what the fiscal documents are made from: Belgium, VAT Code art. 60 par. 4, ten years;"
    " GDPR art. 17(3)(b); erased on {until}"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Without `person_id` everything of the account. `emails` are lower case."""

    erasure_id: UUID
    account_id: UUID
    person_id: UUID | None
    emails: tuple[str, ...]


async def erase(sessions: Sessions, blobs: BlobStore, scope: Scope) -> None:
    """Also again, for what was still being written when it was done first."""
    now = datetime.datetime.now(datetime.UTC)
    given = {
        "erasure_id": scope.erasure_id,
        "account_id": scope.account_id,
        "person": str(scope.person_id or ""),
        "emails": list(scope.emails),
        "now": now,
        "today": now.date(),
    }
    statement = _typed(statements.ACCOUNT if scope.person_id is None else statements.PERSON)
    done = BATCH
    while done >= BATCH:
        async with sessions.begin() as session:
            done = (await (await session.connection()).execute(statement, given)).scalar_one()
    done = BATCH
    while done >= BATCH:
        async with sessions.begin() as session:
            done = (await (await session.connection()).execute(_typed(statements.HISTORY), given)).rowcount
    await files.erase(sessions, blobs, given)
    await messages.erase(sessions, given)
    await payments.erase(sessions, given)
    await sheets.erase(sessions, given)
    if scope.person_id is None:
        async with sessions.begin() as session:
            await (await session.connection()).execute(statements.PAYER, {"account_id": scope.account_id})


def _typed(statement: sa.TextClause) -> sa.TextClause:
    """A parameter that stands alone in an expression has no type that PostgreSQL could see."""
    types: dict[str, Any] = {
        "person": sa.Text,
        "now": sa.DateTime(timezone=True),
        "today": sa.Date,
        "erasure_id": sa.Uuid,
    }
    used = {name: type_ for name, type_ in types.items() if f":{name}" in statement.text}
    return statement.bindparams(*(sa.bindparam(name, type_=type_) for name, type_ in used.items()))


async def counted(sessions: Sessions, scope: Scope) -> tuple[list[Item], list[Item]]:
    """What was erased and what is kept, as the rows themselves say it."""
    async with sessions() as session:
        given = {"erasure_id": scope.erasure_id, "person": str(scope.person_id or "")}
        found = (await session.execute(_typed(statements.COUNTS), given)).one()
    erased = [
        Item(subject="open carts and drafts, cancelled and emptied", count=found.sheets),
        Item(subject="contacts, notes and references on placed orders", count=found.placed),
        Item(subject="files at orders", count=await files.counted(sessions, scope.erasure_id)),
        Item(
            subject="messages about orders",
            count=await messages.counted(sessions, scope.account_id, str(scope.person_id or "")),
        ),
        Item(
            subject="logs of shared orders",
            count=await sheets.counted(sessions, scope.account_id, str(scope.person_id or "")),
        ),
    ]
    kept = [Item(subject="orders with their lines and amounts", count=found.orders, kept_because=_AMOUNTS)]
    if scope.person_id is not None:
        kept = [Item(subject="orders of the account", count=found.placed, kept_because=_ACCOUNTS)]
        if found.kept:
            because = _RECIPIENTS.format(until=found.until)
            kept.append(Item(subject="recipients on placed orders", count=found.kept, kept_because=because))
    elif found.kept:
        subject = "billing and delivery name and address, VAT number, on placed orders"
        kept.append(Item(subject=subject, count=found.kept, kept_because=_LAW.format(until=found.until)))
    return [item for item in erased if item.count], [item for item in kept if item.count]
