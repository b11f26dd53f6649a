"""Sheets of shared orders and their logs: handed in for an export, and emptied.

An account's sheets lose addresses, contacts, references and every word of their log; what was negotiated stays, as the
order's amounts do. Past revisions cannot be shown any more then. Of a person who leaves an account that goes on, the
names and words of that person go, and the contact where it is theirs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from orders.privacy.statements import BATCH

_PAGE = 200
_OWN = "(o.owner_kind = 'PERSON' AND o.owner_id = :person)"
_MINE = f"o.account_id = :account_id AND (:person = '' OR {_OWN})"


def _typed(sql: str) -> sa.TextClause:
    types: dict[str, Any] = {
        "person": sa.Text,
        "account_id": sa.Uuid,
        "order": sa.Uuid,
        "sequence": sa.BigInteger,
        "emails": sa.ARRAY(sa.Text),
    }
    used = (name for name in types if f":{name}" in sql)
    return sa.text(sql).bindparams(*(sa.bindparam(name, type_=types[name]) for name in used))


# Of a person's own sheets others are named by their id only, and what they may spend is theirs.
_PARTIES = ", ".join(
    f"'{name}', CASE WHEN :person <> '' AND s.{name} #>> '{{party,1}}' <> :person"
    f" THEN (s.{name} #- '{{party,2}}') - 'limit' ELSE s.{name} END"
    for name in ("acceptance", "spender")
)
_SHEETS = _typed(
    f"SELECT s.order_id, 0 AS sequence, (to_jsonb(s) || jsonb_build_object({_PARTIES}, 'lines', (SELECT"  # noqa: S608
    " jsonb_agg(l.item ORDER BY l.position) FROM shared_order_lines l WHERE l.order_id = s.order_id)))::text AS row"
    f" FROM shared_orders s JOIN orders o ON o.id = s.order_id WHERE {_MINE}"
    f" AND (s.order_id, 0) > (:order, :sequence) ORDER BY s.order_id LIMIT {_PAGE}"
)
_CHANGES = _typed(
    "SELECT c.order_id, c.sequence, (to_jsonb(c) - '{picture}'::text[])::text AS row"  # noqa: S608
    " FROM shared_order_changes c JOIN orders o ON o.id = c.order_id"
    " WHERE o.account_id = :account_id AND (:person = '' OR c.actor_id = :person)"
    f" AND (c.order_id, c.sequence) > (:order, :sequence) ORDER BY c.order_id, c.sequence LIMIT {_PAGE}"
)

# Values of the log that are somebody's words or address, and not terms of a line.
_WORDS = "(c.item = 'header' OR c.kind IN ('reference_changed', 'file_added', 'file_removed'))"
_PERSONAL = "c.actor_kind IN ('PERSON', 'ACCOUNT')"
_NOWHERE = '\'{"delivery_address": {"street_lines": []}, "billing_address": {"street_lines": []}}\'::jsonb'
_NO_WORDS = '\'{"contact": {}, "order_reference": "", "cost_centre": "", "note": ""}\'::jsonb'
_THEIRS = f"({_MINE} OR lower(s.header #>> '{{references,contact,email}}') = ANY(:emails))"
_LINE_WORDS = '\'{"line_reference": "", "cost_centre": "", "note": ""}\'::jsonb'

_CLOSE = _typed(
    """
    UPDATE shared_orders s SET open = false, waiting_for = NULL FROM orders o
    WHERE o.id = s.order_id AND o.account_id = :account_id AND s.open AND o.state = 'CANCELLED'"""
)
_HEADERS = _typed(
    f"""
    UPDATE shared_orders s SET header = s.header || jsonb_build_object('base', (s.header -> 'base') || {_NOWHERE},
        'current', NULL, 'proposals', '{{}}'::jsonb, 'consents', '{{}}'::jsonb, 'references', {_NO_WORDS})
    WHERE s.order_id IN (
        SELECT s.order_id FROM shared_orders s JOIN orders o ON o.id = s.order_id
        WHERE o.account_id = :account_id AND NOT s.open AND {_THEIRS}
            AND s.header -> 'references' IS DISTINCT FROM {_NO_WORDS} LIMIT {BATCH})"""  # noqa: S608
)
# A sheet that goes on without the person: the account names another contact.
_CONTACTS = _typed(
    """
    UPDATE shared_orders s SET header = jsonb_set(s.header, '{references,contact}', '{}')
    FROM orders o WHERE o.id = s.order_id AND o.account_id = :account_id AND s.open
        AND lower(s.header #>> '{references,contact,email}') = ANY(:emails)"""
)
_LINES = _typed(
    f"""
    UPDATE shared_order_lines l
    SET item = jsonb_set(l.item, '{{references}}', (l.item -> 'references') || {_LINE_WORDS})
    WHERE (l.order_id, l.id) IN (
        SELECT l.order_id, l.id FROM shared_order_lines l JOIN orders o ON o.id = l.order_id
            JOIN shared_orders s ON s.order_id = o.id
        WHERE {_MINE} AND NOT s.open AND NOT (l.item -> 'references') @> {_LINE_WORDS} LIMIT {BATCH})"""  # noqa: S608
)
_ACCEPTANCES, _SPENDERS = (
    _typed(
        f"""
    UPDATE shared_orders s SET {name} = jsonb_set(s.{name}, '{{party,2}}', '""') FROM orders o
    WHERE o.id = s.order_id AND o.account_id = :account_id AND s.{name} #>> '{{party,2}}' <> ''
        AND s.{name} #>> '{{party,0}}' IN ('PERSON', 'ACCOUNT')
        AND (:person = '' OR s.{name} #>> '{{party,1}}' = :person)"""  # noqa: S608
    )
    for name in ("acceptance", "spender")
)
_ACCEPTED = _typed(
    """
    UPDATE orders o SET terms_accepted_by = jsonb_set(o.terms_accepted_by, '{2}', '""')
    WHERE o.account_id = :account_id AND o.terms_accepted_by ->> 2 <> ''
        AND o.terms_accepted_by ->> 0 IN ('PERSON', 'ACCOUNT')
        AND (:person = '' OR o.terms_accepted_by ->> 1 = :person)"""
)
_LOG = _typed(
    f"""
    UPDATE shared_order_changes c SET picture = NULL, text = '',
        actor_name = CASE WHEN {_PERSONAL} THEN '' ELSE c.actor_name END,
        from_value = CASE WHEN {_WORDS} THEN '' ELSE c.from_value END,
        to_value = CASE WHEN {_WORDS} THEN '' ELSE c.to_value END
    WHERE (c.order_id, c.sequence) IN (
        SELECT c.order_id, c.sequence FROM shared_order_changes c JOIN orders o ON o.id = c.order_id
            JOIN shared_orders s ON s.order_id = o.id
        WHERE o.account_id = :account_id
            AND ((NOT s.open AND {_THEIRS}) OR (:person <> '' AND c.actor_id = :person))
            AND (c.picture IS NOT NULL OR c.text <> '' OR {_PERSONAL} AND c.actor_name <> ''
                OR {_WORDS} AND (c.from_value <> '' OR c.to_value <> ''))
        LIMIT {BATCH * 5})"""  # noqa: S608
)
_COUNT = _typed(
    f"SELECT count(*) FROM shared_orders s JOIN orders o ON o.id = s.order_id WHERE {_MINE} AND NOT s.open"  # noqa: S608
    f" AND s.header -> 'references' = {_NO_WORDS}"
)


async def rows(sessions: Sessions, account_id: UUID, person: str) -> AsyncIterator[tuple[str, str]]:
    """Section and row, a page at a time."""
    for section, statement in (("shared_orders", _SHEETS), ("shared_order_changes", _CHANGES)):
        after: dict[str, Any] = {"order": UUID(int=0), "sequence": 0}
        while True:
            given = {"account_id": account_id, "person": person} | after
            async with sessions() as session:
                found = (await session.execute(statement, given)).all()
            for row in found:
                yield section, row.row
            if len(found) < _PAGE:
                break
            after = {"order": found[-1].order_id, "sequence": found[-1].sequence}


async def erase(sessions: Sessions, given: Mapping[str, Any]) -> None:
    """`given`: account_id, person or '', and emails. After the orders themselves; in batches that each commit."""
    for statement, batch in (
        *((each, 0) for each in (_CLOSE, _CONTACTS, _ACCEPTANCES, _SPENDERS, _ACCEPTED)),
        *((_LOG, BATCH * 5), (_HEADERS, BATCH), (_LINES, BATCH)),
    ):
        while True:
            async with sessions.begin() as session:
                done = (await (await session.connection()).execute(statement, given)).rowcount
            if not batch or done < batch:
                break


async def counted(sessions: Sessions, account_id: UUID, person: str) -> int:
    """Sheets that are empty."""
    async with sessions() as session:
        return int(await session.scalar(_COUNT, {"account_id": account_id, "person": person}) or 0)
