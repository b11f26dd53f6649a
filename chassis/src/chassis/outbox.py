"""Events leave with the transaction that caused them: collected per session, one INSERT at its commit."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy import event as hooks
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from chassis import context, db
from chassis.ids import new_id

_INSERT = sa.text(
    "INSERT INTO outbox (id, subject, payload, headers)"
    " VALUES (:id, :subject, :payload, CAST(:headers AS jsonb))"
)
_ROWS = "chassis.outbox"
_MARKS = "chassis.outbox.marks"
# Relays of this process, told after each commit so that they need not wait for their next poll.
nudges: set[Callable[[], None]] = set()


def add(
    session: AsyncSession, event: Message, *, subject: str, aggregate_id: str, aggregate_version: int = 0
) -> None:
    """Publish `event` on `subject` (commis.<owner>.v1.<fact>) if and only if the transaction commits.

    The row is written just before the commit; read it after that. Headers are CloudEvents 1.0 in binary
    mode of the NATS binding. `aggregate_version` lets consumers see gaps and repeats.
    """
    if not session.in_transaction():
        session.sync_session.begin()  # else a rollback before the first statement would not be noticed
    made = row(event, subject=subject, aggregate_id=aggregate_id, aggregate_version=aggregate_version)
    session.info.setdefault(_ROWS, []).append(made)


def row(event: Message, *, subject: str, aggregate_id: str, aggregate_version: int = 0) -> dict[str, Any]:
    """The columns that have no default, for who inserts it beside its own rows in a statement of its own. After the
    commit call `nudge`."""
    identity = str(new_id())
    request = context.current()
    headers = {
        "Nats-Msg-Id": identity,
        "ce-specversion": "1.0",
        "ce-id": identity,
        "ce-source": f"/{subject.split('.', 2)[1]}",
        "ce-type": event.DESCRIPTOR.full_name,
        "ce-subject": aggregate_id,
        "ce-time": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        "ce-datacontenttype": "application/protobuf",
        "ce-aggregateversion": str(aggregate_version),
    }
    if request.traceparent:
        headers["traceparent"] = request.traceparent
    return {
        "id": identity,
        "subject": subject,
        "payload": event.SerializeToString(deterministic=True),
        "headers": json.dumps(headers),
    }


@hooks.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    rows: list[dict[str, Any]] | None = session.info.pop(_ROWS, None)
    if rows:
        session.connection().execute(_INSERT, rows)
        db.after_commit(session, nudge)


@hooks.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_MARKS, {})[transaction] = len(session.info.get(_ROWS, ()))


@hooks.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """A rolled back savepoint takes its own events with it and leaves the earlier ones."""
    mark = session.info.get(_MARKS, {}).pop(transaction, 0) if transaction.nested else 0
    rows = session.info.get(_ROWS)
    if rows is not None:
        del rows[mark:]


def nudge() -> None:
    """Tell the relays of this process that there is something new."""
    for wake in nudges:
        wake()
