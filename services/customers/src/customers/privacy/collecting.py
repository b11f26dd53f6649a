"""What customers itself holds, as rows of named sections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.pieces import JsonPieces
from customers.privacy import exports
from customers.privacy.errors import DataExportNotFound

_PAGE = 2000
# :person is null for the whole account; every statement is read in pages, each after the `key` of the last row before.
_PERSONS = (
    "(SELECT person_id FROM memberships WHERE account_id = :account UNION SELECT holder_id FROM accounts"
    " WHERE id = :account)"
)
_MINE = "(CAST(:person AS uuid) IS NULL AND x.person_id IN {persons} OR x.person_id = :person)"
# What is nobody else's business stays out of the export of an account of several, as in `scope.own_persons`.
_OWN = "(CAST(:person AS uuid) IS NOT NULL OR (SELECT count(*) FROM {persons} AS several) = 1)"
_SECTIONS = {
    "account": "SELECT x.id::text AS key, x.number, x.kind, x.state, x.groups, x.buyer_class, x.create_time,"
    " x.update_time FROM accounts x WHERE x.id = :account AND CAST(:person AS uuid) IS NULL",
    "business_profile": "SELECT x.account_id::text AS key, x.state, x.company_name, x.vat_number,"
    " x.chamber_of_commerce_number, x.department, x.b2b_active, x.pay_later_allowed, x.create_time"
    " FROM business_profiles x WHERE x.account_id = :account AND CAST(:person AS uuid) IS NULL",
    "addresses": "SELECT x.id::text AS key, x.label, x.recipient, x.company, x.street_lines, x.postal_code, x.city,"
    " x.administrative_area, x.region_code, x.phone, x.default_billing, x.default_delivery, x.create_time,"
    " x.update_time FROM addresses x WHERE x.account_id = :account AND CAST(:person AS uuid) IS NULL",
    "persons": "SELECT x.person_id::text AS key, p.first_name, p.last_name, p.email,"
    " CASE WHEN {own} THEN p.contact_email END AS contact_email, CASE WHEN {own} THEN p.phone END AS phone,"
    " p.language_code, m.role, p.create_time, p.update_time,"
    " CASE WHEN {own} THEN w.set_time END AS password_set_time"
    " FROM (SELECT person_id FROM {persons} AS one) x JOIN persons p ON p.id = x.person_id"
    " LEFT JOIN memberships m ON m.person_id = x.person_id AND m.account_id = :account"
    " LEFT JOIN passwords w ON w.person_id = x.person_id WHERE {mine}",
    "mailed_links": "SELECT x.id::text AS key, x.person_id, x.purpose, x.create_time, x.expire_time, x.use_time"
    " FROM credential_requests x WHERE {mine} AND {own}",
    "sessions": "SELECT x.id::text AS key, x.person_id, x.subject_kind, x.create_time, x.expire_time, x.end_time,"
    " x.end_reason FROM session_families x WHERE x.rep_id IS NULL AND {mine}"
    " AND (CAST(:person AS uuid) IS NOT NULL OR x.subject_kind = 'ACCOUNT' AND x.subject_id = :account)",
    "representatives": "SELECT r.id::text AS key, r.rep_code, p.first_name, p.last_name, x.create_time AS assign_time"
    " FROM assignments x JOIN representatives r ON r.id = x.rep_id JOIN persons p ON p.id = r.person_id"
    " WHERE x.account_id = :account AND CAST(:person AS uuid) IS NULL",
    "care_platform": "SELECT x.account_id::text AS key, c.display_name AS community, x.external_id, x.create_time,"
    " x.close_time FROM client_links x JOIN communities c ON c.id = x.community_id"
    " WHERE x.account_id = :account AND CAST(:person AS uuid) IS NULL",
    "business_requests": "SELECT x.id::text AS key, x.state, x.company_name, x.vat_number,"
    " x.chamber_of_commerce_number, x.department, x.create_time, x.decide_time FROM business_requests x"
    " WHERE x.account_id = :account AND CAST(:person AS uuid) IS NULL",
    "business_request_messages": "SELECT x.id::text AS key, x.request_id, x.author_kind, x.author_name, x.text,"
    " x.create_time FROM business_request_messages x JOIN business_requests b ON b.id = x.request_id"
    " WHERE b.account_id = :account"
    " AND (CAST(:person AS uuid) IS NULL OR x.author_id = CAST(CAST(:person AS uuid) AS text))",
    "what_was_done": "SELECT lpad(x.sequence::text, 20, '0') AS key, x.occur_time, x.action, x.subject_id, x.order_id,"
    " x.channel, a.kind AS actor_kind, a.name AS actor_name, CASE WHEN a.kind = 'PERSON' THEN a.client_address END"
    " AS client_address FROM audit_entries x JOIN audit_authors a ON a.id = x.author_id"
    " WHERE x.account_id = CAST(:account AS text)"
    " AND (CAST(:person AS uuid) IS NULL OR a.party_id = CAST(CAST(:person AS uuid) AS text))"
    # The one section that grows without end: its page is cut by the index, not out of the whole.
    " AND x.sequence > coalesce(CAST(nullif(CAST(:after AS text), '') AS bigint), 0)"
    " ORDER BY x.sequence LIMIT {page}",
}


async def hand_in(sessions: Sessions, export_id: UUID, account_id: UUID, person_id: UUID | None) -> None:
    """Store the part of customers; nothing when the export was erased meanwhile."""

    async def store(content: bytes, part: int, last: bool) -> None:
        async with sessions.begin() as session:
            await exports.add_part(session, export_id, "customers", part, last=last, content=content)

    pieces = JsonPieces(store, *_SECTIONS)
    try:
        for section, statement in _SECTIONS.items():
            async for row in _rows(sessions, statement, account_id, person_id):
                await pieces.add(section, row)
        await pieces.close()
    except DataExportNotFound:
        return


async def _rows(
    sessions: Sessions, statement: str, account_id: UUID, person_id: UUID | None
) -> AsyncIterator[dict[str, object]]:
    """A page at a time, each in a transaction of its own."""
    paged = _paged(statement)
    after = ""
    while True:
        given = {"account": account_id, "person": person_id, "after": after}
        async with sessions() as session:
            rows = (await session.execute(paged, given)).mappings().all()
        for row in rows:
            yield {name: value for name, value in row.items() if name != "key"}
        if len(rows) < _PAGE:
            return
        after = str(rows[-1]["key"])


def _paged(statement: str) -> sa.TextClause:
    whole = f"SELECT * FROM ({statement}) AS rows WHERE key > :after ORDER BY key LIMIT {{page}}"  # noqa: S608  # constants
    for name, part in {"mine": _MINE, "own": _OWN, "persons": _PERSONS, "page": str(_PAGE)}.items():
        whole = whole.replace(f"{{{name}}}", part)
    return sa.text(whole).bindparams(
        sa.bindparam("account", type_=sa.Uuid), sa.bindparam("person", type_=sa.Uuid)
    )
