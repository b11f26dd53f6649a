"""The search over accounts: writing an account's words, and finding accounts by prefixes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.paging import Page
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from customers import folding
from customers.accounts.models import AccountSearch
from customers.database import AnyRow
from customers.people import emails
from customers.reps.models import Assignment, Representative

# An ordered walk over this many accounts costs about 2 ms; common words fill a page from it.
WALK = 2000

_SOURCE = sa.text(
    """
    SELECT a.id, a.number, a.kind, h.first_name, h.last_name, coalesce(b.company_name, '') AS company_name,
           array(SELECT p.first_name || ' ' || p.last_name
                   FROM memberships m JOIN persons p ON p.id = m.person_id
                  WHERE m.account_id = a.id) AS persons,
           array(SELECT p.email FROM memberships m JOIN persons p ON p.id = m.person_id
                  WHERE m.account_id = a.id) AS emails,
           array(SELECT DISTINCT d.city FROM addresses d WHERE d.account_id = a.id) AS cities
      FROM accounts a JOIN persons h ON h.id = a.holder_id
      LEFT JOIN business_profiles b ON b.account_id = a.id
     WHERE a.id = ANY(CAST(:ids AS uuid[])) ORDER BY a.id
    """
)
_WRITE = sa.text(
    "INSERT INTO account_search (account_id, kind, sort_name, words)"
    " VALUES (:account_id, :kind, :sort_name, array_to_tsvector(CAST(:words AS text[])))"
    " ON CONFLICT (account_id) DO UPDATE"
    " SET kind = excluded.kind, sort_name = excluded.sort_name, words = excluded.words"
)
_ACCOUNTS_OF = sa.text("SELECT account_id FROM memberships WHERE person_id = :person_id ORDER BY account_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows: `words` None means all, empty means that the query had nothing to look for.

    `rep_id`: the accounts of this rep; with `as_rep` the rep asks, and sees nothing once inactive.
    """

    words: Sequence[str] | None = None
    kind: str = ""
    rep_id: UUID | None = None
    as_rep: bool = False


async def index(session: AsyncSession, account_ids: Iterable[UUID]) -> None:
    """Write the words of these accounts anew, in the transaction that changed them."""
    rows = (await session.execute(_SOURCE, {"ids": list(account_ids)})).all()
    if rows:
        await session.execute(_WRITE, [_words(row) for row in rows])


async def index_person(session: AsyncSession, person_id: UUID) -> None:
    found = (await session.execute(_ACCOUNTS_OF, {"person_id": person_id})).scalars().all()
    await index(session, found)


def display_name(kind: str, company_name: str, person: str) -> str:
    """The company of a business, else the person."""
    return company_name if kind == "BUSINESS" and company_name else person


def _words(row: AnyRow) -> dict[str, Any]:
    person = f"{row.first_name} {row.last_name}"
    texts = [row.number, person, row.company_name, *row.persons, *row.emails, *row.cities]
    texts += [emails.readable(email) for email in row.emails if "@xn--" in email or ".xn--" in email]
    return {
        "account_id": row.id,
        "kind": row.kind,
        "sort_name": folding.fold(display_name(row.kind, row.company_name, person))[:200],
        "words": folding.index_words(texts),
    }


async def find(session: AsyncSession, wanted: Wanted, page: Page) -> list[UUID]:
    """Up to one more than a page of account ids, ordered by name.

    A word that is in most accounts is found by walking the names, one that is in few by the word index; which
    it is cannot be known before, so a short walk is tried first. For a rep the own accounts are the few.
    """
    if wanted.words is not None and not wanted.words:
        return []
    # With a generic plan PostgreSQL would choose between the two without having seen the words.
    await session.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if wanted.rep_id is not None or wanted.words is None:
        return await _ids(session, _filtered(wanted, page))
    walked = await _ids(session, _walk(wanted, page))
    return walked if len(walked) > page.size else await _ids(session, _by_words(wanted, page))


async def _ids(session: AsyncSession, statement: sa.Select[UUID]) -> list[UUID]:
    return list((await session.scalars(statement)).all())


def _bounds(wanted: Wanted, page: Page) -> list[sa.ColumnElement[bool]]:
    bounds: list[sa.ColumnElement[bool]] = []
    if wanted.kind:
        bounds.append(AccountSearch.kind == wanted.kind)
    if page.after is not None:
        # The token names the last account only: a name in it would end up in URLs and logs.
        last = sa.select(AccountSearch.sort_name).where(AccountSearch.account_id == page.after[0])
        position = sa.tuple_(last.scalar_subquery(), page.after[0])
        bounds.append(sa.tuple_(AccountSearch.sort_name, AccountSearch.account_id) > position)
    return bounds


def _matches(words: Sequence[str]) -> sa.ColumnElement[bool]:
    return AccountSearch.words.op("@@")(sa.cast(folding.prefix_query(words), TSQUERY))


def _filtered(wanted: Wanted, page: Page) -> sa.Select[UUID]:
    query = sa.select(AccountSearch.account_id).where(*_bounds(wanted, page))
    if wanted.words is not None:
        query = query.where(_matches(wanted.words))
    if wanted.rep_id is not None:
        own = Assignment.account_id == AccountSearch.account_id
        query = query.join(Assignment, own).where(Assignment.rep_id == wanted.rep_id)
    if wanted.as_rep:
        active = sa.select(1).where(Representative.id == wanted.rep_id, Representative.active)
        query = query.where(active.exists())
    return query.order_by(AccountSearch.sort_name, AccountSearch.account_id).limit(page.size + 1)


def _walk(wanted: Wanted, page: Page) -> sa.Select[UUID]:
    assert wanted.words is not None
    near = (
        sa.select(AccountSearch)
        .where(*_bounds(wanted, page))
        .order_by(AccountSearch.sort_name, AccountSearch.account_id)
        .limit(WALK)
        .subquery()
    )
    matches = near.c.words.op("@@")(sa.cast(folding.prefix_query(wanted.words), TSQUERY))
    query = sa.select(near.c.account_id).where(matches)
    return query.order_by(near.c.sort_name, near.c.account_id).limit(page.size + 1)


def _by_words(wanted: Wanted, page: Page) -> sa.Select[UUID]:
    assert wanted.words is not None
    found = (
        sa.select(AccountSearch.account_id, AccountSearch.sort_name)
        .where(_matches(wanted.words), *_bounds(wanted, page))
        .cte("found")
        .prefix_with("MATERIALIZED")  # else PostgreSQL may walk all names, expecting many matches
    )
    query = sa.select(found.c.account_id)
    return query.order_by(found.c.sort_name, found.c.account_id).limit(page.size + 1)
