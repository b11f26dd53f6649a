"""The search over accounts: writing an account's words, and finding accounts by prefixes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.paging import Page
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
                  WHERE m.account_id = a.id AND p.email IS NOT NULL)
             || array_remove(ARRAY[h.contact_email], '') AS emails,
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
# A rep's list is read in the order of the names as they stand in the assignments.
_RENAME = sa.text(
    "UPDATE assignments a SET sort_name = s.sort_name FROM account_search s"
    " WHERE a.account_id = ANY(CAST(:ids AS uuid[])) AND s.account_id = a.account_id"
    " AND a.sort_name <> s.sort_name"
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
        await session.execute(_RENAME, {"ids": [row.id for row in rows]})


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
    it is cannot be known before, so a short walk is tried first. A rep's walk is over the own accounts.
    """
    if wanted.words is not None and not wanted.words:
        return []
    # With a generic plan PostgreSQL would choose between the two without having seen the words.
    await session.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
    names = _names(wanted, page)
    if wanted.words is None and (wanted.rep_id is None or not wanted.kind):
        return await _ids(session, _walk(names, wanted, page))
    walked = await _ids(session, _walk(names, wanted, page))
    if len(walked) > page.size or await _walked_all(session, names):
        return walked
    return await _ids(session, _by_words(wanted, page))


async def _ids(session: AsyncSession, statement: sa.Select[UUID]) -> list[UUID]:
    return list((await session.scalars(statement)).all())


def _names(wanted: Wanted, page: Page) -> sa.Subquery:
    """The first names of the list after the page before, from an index in their order, with what the filters
    look at. For a rep each own account is looked up by its id, whatever PostgreSQL expects of the word index
    (OFFSET 0 keeps it from merging that look-up with the filter)."""
    if wanted.rep_id is None:
        query = sa.select(
            AccountSearch.account_id, AccountSearch.sort_name, AccountSearch.words, AccountSearch.kind
        ).where(*_after(AccountSearch, page))
        if wanted.kind:
            query = query.where(AccountSearch.kind == wanted.kind)
        return query.order_by(AccountSearch.sort_name, AccountSearch.account_id).limit(WALK).subquery()
    own = (
        sa.select(Assignment.account_id, Assignment.sort_name)
        .where(Assignment.rep_id == wanted.rep_id, *_rep_active(wanted), *_after(Assignment, page))
        .order_by(Assignment.sort_name, Assignment.account_id)
        .limit(WALK)
        .subquery()
    )
    looked_up = (
        sa.select(AccountSearch.words, AccountSearch.kind)
        .where(AccountSearch.account_id == own.c.account_id)
        .offset(sa.literal_column("0", sa.Integer))
        .lateral()
    )
    named = sa.select(own.c.account_id, own.c.sort_name, looked_up.c.words, looked_up.c.kind)
    return named.join(looked_up, sa.true()).order_by(own.c.sort_name, own.c.account_id).subquery()


def _after(source: type[AccountSearch] | type[Assignment], page: Page) -> list[sa.ColumnElement[bool]]:
    if page.after is None:
        return []
    # The token names the last account only: a name in it would end up in URLs and logs.
    last = sa.select(AccountSearch.sort_name).where(AccountSearch.account_id == page.after[0])
    position = sa.tuple_(last.scalar_subquery(), page.after[0])
    return [sa.tuple_(source.sort_name, source.account_id) > position]


def _rep_active(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    active = sa.select(1).where(Representative.id == wanted.rep_id, Representative.active)
    return [active.exists()] if wanted.as_rep else []


def _matches(wanted: Wanted, words: Any, kind: Any) -> list[sa.ColumnElement[bool]]:
    matches: list[sa.ColumnElement[bool]] = []
    if wanted.words is not None:
        matches.append(words.op("@@")(sa.cast(folding.prefix_query(wanted.words), TSQUERY)))
    if wanted.kind:
        matches.append(kind == wanted.kind)
    return matches


def _walk(names: sa.Subquery, wanted: Wanted, page: Page) -> sa.Select[UUID]:
    query = sa.select(names.c.account_id).where(*_matches(wanted, names.c.words, names.c.kind))
    return query.order_by(names.c.sort_name, names.c.account_id).limit(page.size + 1)


async def _walked_all(session: AsyncSession, names: sa.Subquery) -> bool:
    """Whether the walk saw all there is; then what it found is the answer."""
    return (await session.scalar(sa.select(sa.func.count()).select_from(names)) or 0) < WALK


def _by_words(wanted: Wanted, page: Page) -> sa.Select[UUID]:
    matching = sa.select(AccountSearch.account_id, AccountSearch.sort_name).where(
        *_matches(wanted, AccountSearch.words, AccountSearch.kind), *_after(AccountSearch, page)
    )
    if wanted.rep_id is not None:
        own = sa.and_(Assignment.account_id == AccountSearch.account_id, Assignment.rep_id == wanted.rep_id)
        matching = matching.join(Assignment, own).where(*_rep_active(wanted))
    # Materialized, else PostgreSQL may walk all names, expecting many matches.
    found = matching.cte("found").prefix_with("MATERIALIZED")
    query = sa.select(found.c.account_id)
    return query.order_by(found.c.sort_name, found.c.account_id).limit(page.size + 1)
