"""Registering and changing care platforms and communities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db, etag
from chassis.errors import Violations
from chassis.ids import new_id
from customers.accounts.models import Account
from customers.platforms import events
from customers.platforms.errors import (
    CarePlatformNotFound,
    CommunityNotFound,
    ExternalIdTaken,
    IssuerTaken,
)
from customers.platforms.models import MONTHLY_RESIDENCE, CarePlatform, Community, FetchedKeys
from customers.sessions import store as sessions
from customers.sessions.models import SessionFamily


@dataclass(frozen=True, slots=True)
class Change:
    """Checked values by column."""

    id: UUID
    etag: str
    values: Mapping[str, Any]


async def create_platform(session: AsyncSession, values: Mapping[str, Any]) -> UUID:
    """Active from the start. Raises IssuerTaken, InvalidFields (not exactly one source of keys)."""
    _check_source(values["jwks_uri"], values["jwks_json"])
    row = {"id": new_id(), **values}
    statement = insert(CarePlatform).values(row).on_conflict_do_nothing(index_elements=["issuer"])
    created: UUID | None = await session.scalar(statement.returning(CarePlatform.id))
    if created is None:
        raise IssuerTaken
    events.care_platform_changed(session, created, 1, values, active=True)
    return created


def _check_source(uri: str, inline: str) -> None:
    found = Violations()
    if bool(uri) == bool(inline):
        reason = "REQUIRED" if not uri else "INVALID"
        found.add("care_platform.jwks_uri", "give either jwks_uri or jwks_json", reason)
    found.raise_if_any()


async def update_platform(session: AsyncSession, change: Change) -> None:
    """Deactivating ends all its assisted sessions at once; another address of keys forgets the old ones.

    Raises CarePlatformNotFound, EtagMismatch, IssuerTaken, InvalidFields."""
    query = sa.select(CarePlatform).where(CarePlatform.id == change.id)
    platform = await session.scalar(query.with_for_update(key_share=True))
    if platform is None:
        raise CarePlatformNotFound(change.id)
    etag.check(f"Care platform {platform.id}", change.etag, platform.version)
    wanted = dict(change.values)
    for given, other in (("jwks_uri", "jwks_json"), ("jwks_json", "jwks_uri")):
        if wanted.get(given) and not wanted.get(other):
            wanted[other] = ""
    _check_source(wanted.get("jwks_uri", platform.jwks_uri), wanted.get("jwks_json", platform.jwks_json))
    changed = {name: value for name, value in wanted.items() if getattr(platform, name) != value}
    if not changed:
        return
    version = platform.version + 1
    statement = sa.update(CarePlatform).where(CarePlatform.id == platform.id)
    try:
        await session.execute(
            statement.values(**changed, version=version, update_time=sa.func.now()).execution_options(
                synchronize_session=False
            )
        )
    except IntegrityError as error:
        if db.constraint_name(error) == "uq_care_platforms_issuer":
            raise IssuerTaken from None
        raise
    if "jwks_uri" in changed:
        await session.execute(sa.delete(FetchedKeys).where(FetchedKeys.platform_id == change.id))
    if changed.get("active") is False:
        await sessions.end_families(session, _in_platform(change.id), "PLATFORM_DEACTIVATED")
    active = bool(changed.get("active", platform.active))
    events.care_platform_changed(session, change.id, version, changed, active=active)


def _in_platform(platform_id: UUID) -> sa.ColumnElement[bool]:
    own = sa.select(Community.id).where(Community.platform_id == platform_id)
    return SessionFamily.community_id.in_(own)


async def create_community(session: AsyncSession, platform_id: UUID, values: Mapping[str, Any]) -> UUID:
    """Active from the start. Raises CarePlatformNotFound, ExternalIdTaken, InvalidFields (the residence)."""
    known = sa.select(CarePlatform.id).where(CarePlatform.id == platform_id)
    if await session.scalar(known.with_for_update(read=True)) is None:
        raise CarePlatformNotFound(platform_id)
    await _check_residence(session, values["residence_account_id"], values["payment_methods"])
    row = {"id": new_id(), "platform_id": platform_id, **values}
    statement = insert(Community).values(row)
    statement = statement.on_conflict_do_nothing(index_elements=["platform_id", "external_id"])
    created: UUID | None = await session.scalar(statement.returning(Community.id))
    if created is None:
        raise ExternalIdTaken
    events.community_changed(session, platform_id, created, 1, values, active=True)
    return created


async def _check_residence(session: AsyncSession, account_id: UUID | None, methods: list[str]) -> None:
    found = Violations()
    if account_id is not None:
        kind = await session.scalar(sa.select(Account.kind).where(Account.id == account_id))
        if kind != "BUSINESS":
            found.add("community.residence_account_id", "is no business account", "ACCOUNT_NOT_FOUND")
    elif MONTHLY_RESIDENCE in methods:
        found.add("community.residence_account_id", f"is required for {MONTHLY_RESIDENCE}", "REQUIRED")
    found.raise_if_any()


async def update_community(session: AsyncSession, change: Change) -> None:
    """Deactivating ends its assisted sessions at once.

    Raises CommunityNotFound, EtagMismatch, InvalidFields (the residence)."""
    query = sa.select(Community).where(Community.id == change.id)
    community = await session.scalar(query.with_for_update(key_share=True))
    if community is None:
        raise CommunityNotFound(change.id)
    etag.check(f"Community {community.id}", change.etag, community.version)
    wanted = change.values
    changed = {name: value for name, value in wanted.items() if getattr(community, name) != value}
    if not changed:
        return
    residence = changed.get("residence_account_id", community.residence_account_id)
    await _check_residence(session, residence, changed.get("payment_methods", community.payment_methods))
    version = community.version + 1
    statement = sa.update(Community).where(Community.id == community.id)
    await session.execute(
        statement.values(**changed, version=version, update_time=sa.func.now()).execution_options(
            synchronize_session=False
        )
    )
    if changed.get("active") is False:
        mine = SessionFamily.community_id == change.id
        await sessions.end_families(session, mine, "COMMUNITY_DEACTIVATED")
    active = bool(changed.get("active", community.active))
    events.community_changed(session, community.platform_id, change.id, version, changed, active=active)
