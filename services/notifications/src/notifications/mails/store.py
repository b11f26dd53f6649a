"""The rows of mails, always many at a time: new ones, the next to send, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from chassis.ids import new_id

# How long a sender may have a mail in hand before another one takes it; the state decides who may send it.
LEASE_SECONDS = 15
# SENDING for longer than any SMTP transaction may take: its sender is gone.
LOST_SECONDS = 60


class State(StrEnum):
    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be, unique by cause, template and recipient. With credential_request_id, of a credential or of a
    payment link, the content is rendered again when it is sent: its link is not kept. Set account_id, person_id
    (whom it is to) and named (whose names are in it) wherever they are known: by them data protection finds the mail
    again. With forget_when_sent only the fact stays that something was sent."""

    cause_id: UUID
    template: str
    recipient: str
    language: str
    subject: str
    text: str
    html: str = ""
    order_id: UUID | None = None
    account_id: UUID | None = None
    credential_request_id: UUID | None = None
    person_id: UUID | None = None
    named: tuple[UUID, ...] = ()
    forget_when_sent: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """What a sender needs of a mail."""

    id: UUID
    template: str
    recipient: str
    language: str
    subject: str
    text: str
    html: str
    credential_request_id: UUID | None
    attempt_count: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A change of state. `tried` counts as an attempt; `delay` seconds until the next one."""

    mail_id: UUID
    state: State
    tried: bool = False
    error: str = ""
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Marked:
    mail_id: UUID
    state: State
    template: str
    order_id: UUID | None
    account_id: UUID | None


_ADD = sa.text(
    """
    INSERT INTO mails (id, cause_id, template, recipient, language, state, subject, text, html, order_id,
        account_id, credential_request_id, person_id, named_ids, forget_when_sent, next_attempt_time)
    SELECT id, cause_id, template, recipient, language, 'PENDING', subject, body, html, order_id,
        account_id, credential_request_id, person_id, CAST(named AS uuid[]), forget,
        now() + :lease * interval '1 second'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:cause_ids AS uuid[]), CAST(:templates AS text[]),
        CAST(:recipients AS text[]), CAST(:languages AS text[]), CAST(:subjects AS text[]),
        CAST(:texts AS text[]), CAST(:htmls AS text[]), CAST(:order_ids AS uuid[]),
        CAST(:account_ids AS uuid[]), CAST(:credential_request_ids AS uuid[]), CAST(:person_ids AS uuid[]),
        CAST(:named AS text[]), CAST(:forget AS bool[]))
        AS d(id, cause_id, template, recipient, language, subject, body, html, order_id, account_id,
            credential_request_id, person_id, named, forget)
    ON CONFLICT (cause_id, template, recipient) DO NOTHING
    RETURNING id
    """
)
_CLAIM = sa.text(
    """
    UPDATE mails SET next_attempt_time = now() + :lease * interval '1 second'
    WHERE id = ANY(ARRAY(
        SELECT id FROM mails WHERE state = 'PENDING' AND next_attempt_time <= now()
        ORDER BY next_attempt_time LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id, template, recipient, language, subject, text, html, credential_request_id, attempt_count
    """
)
# A mail becomes SENDING from PENDING only; what became of it is told by the sender that has it, however late.
# Of one that was erased meanwhile no answer of a server is kept, for it may name the recipient; it is not tried again.
_MARK = sa.text(
    """
    UPDATE mails m SET
        state = CASE WHEN m.erase_time IS NOT NULL AND s.state = 'PENDING' THEN 'FAILED' ELSE s.state END,
        last_error = CASE WHEN m.erase_time IS NULL THEN s.error ELSE '' END, sender_id = :sender_id,
        attempt_count = m.attempt_count + s.tried,
        start_time = CASE WHEN s.state = 'SENDING' THEN now() ELSE m.start_time END,
        send_time = CASE WHEN s.state = 'SENT' THEN now() END,
        next_attempt_time = CASE WHEN s.state = 'PENDING' THEN now() + s.delay * interval '1 second' END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:tried AS int[]),
        CAST(:errors AS text[]), CAST(:delays AS float8[])) AS s(id, state, tried, error, delay)
    WHERE m.id = s.id AND ((m.state = 'PENDING' AND s.state IN ('SENDING', 'PENDING', 'FAILED'))
        OR (m.state IN ('SENDING', 'UNKNOWN') AND m.sender_id = :sender_id))
    RETURNING m.id, m.state, m.template, m.order_id, m.account_id
    """
)
_LOST = sa.text(
    "UPDATE mails SET state = 'UNKNOWN', last_error = 'the sender ended while the server may have taken it'"
    " WHERE state = 'SENDING' AND start_time < now() - :lost * interval '1 second'"
    " AND sender_id IS DISTINCT FROM :sender_id RETURNING id"
)


async def add(session: AsyncSession, drafts: Sequence[Draft], *, lease: float) -> list[Mail]:
    """Write those that are not there yet and answer them; nobody else takes them while `lease` lasts."""
    mails = {new_id(): draft for draft in drafts}
    parameters: dict[str, Any] = {
        "lease": lease,
        "ids": list(mails),
        "cause_ids": [d.cause_id for d in drafts],
        "templates": [d.template for d in drafts],
        "recipients": [d.recipient for d in drafts],
        "languages": [d.language for d in drafts],
        "subjects": [d.subject for d in drafts],
        "texts": [d.text for d in drafts],
        "htmls": [d.html for d in drafts],
        "order_ids": [d.order_id for d in drafts],
        "account_ids": [d.account_id for d in drafts],
        "credential_request_ids": [d.credential_request_id for d in drafts],
        "person_ids": [d.person_id for d in drafts],
        "named": [f"{{{','.join(map(str, d.named))}}}" for d in drafts],
        "forget": [d.forget_when_sent for d in drafts],
    }
    connection = await session.connection()
    written = (await connection.execute(_ADD, parameters)).scalars().all()
    return [_new(mail_id, mails[mail_id]) for mail_id in written]


def _new(mail_id: UUID, d: Draft) -> Mail:
    return Mail(
        mail_id, d.template, d.recipient, d.language, d.subject, d.text, d.html, d.credential_request_id, 0
    )


async def claim(connection: AsyncConnection, limit: int) -> list[Mail]:
    """Mails that are due, leased to this sender."""
    rows = await connection.execute(_CLAIM, {"lease": LEASE_SECONDS, "limit": limit})
    return [Mail(*row) for row in rows]


async def mark(connection: AsyncConnection, sender_id: UUID, marks: Sequence[Mark]) -> list[Marked]:
    """Apply the changes that still apply and answer those. Repeating them after a lost answer is safe."""
    parameters = {
        "sender_id": sender_id,
        "ids": [mark.mail_id for mark in marks],
        "states": [mark.state.value for mark in marks],
        "tried": [int(mark.tried) for mark in marks],
        "errors": [mark.error for mark in marks],
        "delays": [mark.delay for mark in marks],
    }
    rows = await connection.execute(_MARK, parameters)
    return [Marked(row.id, State(row.state), row.template, row.order_id, row.account_id) for row in rows]


async def mark_lost(connection: AsyncConnection, sender_id: UUID) -> list[UUID]:
    """UNKNOWN for what other senders, which are gone, were sending. Never sent again by itself."""
    rows = await connection.execute(_LOST, {"sender_id": sender_id, "lost": LOST_SECONDS})
    return list(rows.scalars())
