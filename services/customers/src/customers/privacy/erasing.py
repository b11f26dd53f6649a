"""What customers itself erases, in the transaction that starts the erasure."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import idempotency
from chassis.ids import new_id
from customers.accounts import search
from customers.privacy.scope import Scope
from customers.sessions import store as families
from customers.sessions.models import SessionFamily
from customers.sessions.throttle import Throttle

Counted = list[tuple[str, int]]
Explained = list[tuple[str, int, str]]
ERASED = "ERASED"
_LAW = "the fiscal documents that the law makes us keep refer to them (GDPR art. 17(3)(b))"
_PROOF = "who did what must stay provable (GDPR art. 5(2)); names and network addresses in it are gone"
_EVENTS = "network addresses in messages between services, deleted by themselves within 7 days"
_ELSEWHERE = "known to us by another account or role, which was not asked to be erased"

# Each with the name it has in the receipt; in an order that the references between tables allow.
_OF_ACCOUNT = (
    (
        "messages about a business profile",
        "DELETE FROM business_request_messages WHERE request_id IN"
        " (SELECT id FROM business_requests WHERE account_id = :account_id)",
    ),
    ("requests for a business profile", "DELETE FROM business_requests WHERE account_id = :account_id"),
    ("hand-offs from a care platform", "DELETE FROM handoffs WHERE account_id = :account_id"),
    ("links to a care platform", "DELETE FROM client_links WHERE account_id = :account_id"),
    ("addresses", "DELETE FROM addresses WHERE account_id = :account_id"),
    ("business profiles", "DELETE FROM business_profiles WHERE account_id = :account_id"),
    ("memberships", "DELETE FROM memberships WHERE account_id = :account_id"),
    ("representatives with access", "DELETE FROM assignments WHERE account_id = :account_id"),
    ("data exports", "DELETE FROM data_exports WHERE account_id = :account_id"),
)
_OF_MEMBER = (
    ("memberships", "DELETE FROM memberships WHERE account_id = :account_id AND person_id = :person_id"),
    ("data exports", "DELETE FROM data_exports WHERE account_id = :account_id"),
    (
        "author names of messages about a business profile",
        "UPDATE business_request_messages SET author_name = '' WHERE author_id = CAST(CAST(:person_id AS uuid) AS text)"
        " AND request_id IN (SELECT id FROM business_requests WHERE account_id = :account_id)",
    ),
)
_OF_PERSONS = (
    ("passwords", "DELETE FROM passwords WHERE person_id = ANY(CAST(:persons AS uuid[]))"),
    (
        "mailed links to set a password",
        "DELETE FROM credential_requests WHERE person_id = ANY(CAST(:persons AS uuid[]))",
    ),
    (
        "sessions",
        "DELETE FROM refresh_tokens WHERE family_id IN"
        " (SELECT id FROM session_families WHERE person_id = ANY(CAST(:persons AS uuid[])))",
    ),
    (
        "names, e-mail addresses and telephone numbers of persons",
        "UPDATE persons SET email = NULL, contact_email = '', first_name = '', last_name = '', phone = '',"
        " language_code = 'en', update_time = now(), erase_time = now()"
        " WHERE id = ANY(CAST(:persons AS uuid[])) AND erase_time IS NULL",
    ),
)
_AUTHORS = sa.text(
    "UPDATE audit_authors SET name = '', client_address = '', erase_time = now()"
    " WHERE kind = 'PERSON' AND party_id = ANY(CAST(:persons AS text[])) AND erase_time IS NULL"
)
_NETWORKS = sa.text(
    "SELECT DISTINCT client_address FROM audit_authors WHERE kind = 'PERSON'"
    " AND party_id = ANY(CAST(:persons AS text[])) AND client_address <> ''"
)
_ADDRESSES = sa.text("SELECT id::text FROM addresses WHERE account_id = :account_id")
_NOBODY = sa.text(
    "INSERT INTO persons (id, first_name, last_name, language_code, erase_time) VALUES (:id, '', '', 'en', now())"
)
_CLOSE = sa.text(
    "UPDATE accounts SET state = 'CLOSED', kind = 'CONSUMER', spending_control = false, groups = '{}',"
    " holder_id = :holder_id, erase_time = now(),"
    " update_time = now(), version = version + 1 WHERE id = :account_id RETURNING version"
)
_HAND_OVER = sa.text(
    "UPDATE accounts SET holder_id = CASE WHEN holder_id = :person_id THEN :heir ELSE holder_id END,"
    " update_time = now(), version = version + 1 WHERE id = :account_id RETURNING version"
)
_ENTRIES = sa.text("SELECT count(*) FROM audit_entries WHERE account_id = :account_id")


async def needles(session: AsyncSession, scope: Scope) -> list[str]:
    """What is unmistakable in stored answers: every answer about somebody has one of these ids or addresses."""
    found = [str(person) for person in scope.erased]
    if scope.person_id is not None:
        found.append(str(scope.person_id))
        return [*found, *(scope.emails if scope.erased else ())]
    given = {"account_id": scope.account_id}
    addresses = (await session.execute(_ADDRESSES, given)).scalars().all()
    return [*found, str(scope.account_id), *addresses, *scope.emails]


async def erase(
    session: AsyncSession, throttle: Throttle, scope: Scope, known: list[str]
) -> tuple[int, Counted, Explained]:
    """The new version of the account, what was erased, what is kept and why. `known` are its needles."""
    whole = scope.person_id is None
    given = {
        "account_id": scope.account_id,
        "person_id": scope.person_id,
        "persons": list(scope.erased),
    }
    await _end_sessions(session, scope)
    await _forget_throttle(session, throttle, scope)
    counted: Counted = []
    for subject, statement in (*(_OF_ACCOUNT if whole else _OF_MEMBER), *_OF_PERSONS):
        done = await (await session.connection()).execute(sa.text(statement), given)
        counted.append((subject, done.rowcount))
    counted.append(("authors of audit entries", await forget_authors(session, scope.erased)))
    version = await _close(session, scope) if whole else await _hand_over(session, scope)
    await search.index(session, [scope.account_id])
    counted.append(("answers kept for repeated requests", await idempotency.forget(session, known)))
    return version, [item for item in counted if item[1]], await _kept(session, scope)


async def forget_authors(session: AsyncSession, persons: tuple[UUID, ...] | list[UUID]) -> int:
    """Also once more when the erasure is done: the audit reads events a little later than they happen."""
    done = await (await session.connection()).execute(_AUTHORS, {"persons": [str(each) for each in persons]})
    return done.rowcount


async def _end_sessions(session: AsyncSession, scope: Scope) -> None:
    of_persons = SessionFamily.person_id.in_(scope.erased)
    of_account = SessionFamily.subject_id == scope.account_id
    if scope.person_id is not None:
        of_account = sa.and_(of_account, SessionFamily.person_id == scope.person_id)
    await families.end_families(session, sa.or_(of_persons, of_account), ERASED)


async def _forget_throttle(session: AsyncSession, throttle: Throttle, scope: Scope) -> None:
    if scope.erased:
        given = {"persons": [str(person) for person in scope.erased]}
        networks = (await session.execute(_NETWORKS, given)).scalars().all()
        await throttle.forget(session, scope.emails, networks)


async def _close(session: AsyncSession, scope: Scope) -> int:
    """An account needs a holder; when its own stays known to us, nobody takes the place."""
    holder_id = scope.holder_id
    if holder_id not in scope.erased:
        holder_id = new_id()
        await session.execute(_NOBODY, {"id": holder_id})
    given = {"account_id": scope.account_id, "holder_id": holder_id}
    return int((await session.execute(_CLOSE, given)).scalar_one())


async def _hand_over(session: AsyncSession, scope: Scope) -> int:
    given = {"account_id": scope.account_id, "person_id": scope.person_id, "heir": scope.heir}
    return int((await session.execute(_HAND_OVER, given)).scalar_one())


async def _kept(session: AsyncSession, scope: Scope) -> Explained:
    entries = await session.scalar(_ENTRIES, {"account_id": str(scope.account_id)})
    kept = [
        ("account numbers and ids without a name", 1 if scope.person_id is None else 0, _LAW),
        ("audit entries", int(entries or 0), _PROOF),
        ("persons", scope.kept, _ELSEWHERE),
        ("technical event log", 1, _EVENTS),
        (
            "e-mail address, encrypted, to mail this receipt to",
            1 if scope.recipient else 0,
            "for 7 days at most",
        ),
    ]
    return [item for item in kept if item[1]]
