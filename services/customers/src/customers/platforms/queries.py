"""Reading care platforms and communities."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from chassis.paging import Page
from customers.database import AnyRow
from customers.platforms.errors import CarePlatformNotFound, CommunityNotFound, PlatformNotActive
from customers.platforms.models import CarePlatform, Community

PLATFORM = "CARE_PLATFORM"


@dataclass(frozen=True, slots=True)
class PlatformView:
    id: UUID
    display_name: str
    issuer: str
    audience: str
    jwks_uri: str
    jwks_json: str
    return_addresses: list[str]
    storefront_address: str
    session_minutes: int
    statistics_detail: str
    active: bool
    version: int
    create_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class CommunityView:
    id: UUID
    platform_id: UUID
    external_id: str
    display_name: str
    residence_account_id: UUID | None
    email: str
    language_code: str
    payment_methods: list[str]
    active: bool
    version: int
    create_time: datetime.datetime


_PLATFORM = sa.select(*(getattr(CarePlatform, name) for name in PlatformView.__slots__))
_COMMUNITY = sa.select(*(getattr(Community, name) for name in CommunityView.__slots__))


def _platform(row: AnyRow) -> PlatformView:
    return PlatformView(**row._mapping)


def _community(row: AnyRow) -> CommunityView:
    return CommunityView(**row._mapping)


async def get_platform(session: AsyncSession, platform_id: UUID) -> PlatformView:
    """Raises CarePlatformNotFound."""
    row = (await session.execute(_PLATFORM.where(CarePlatform.id == platform_id))).first()
    if row is None:
        raise CarePlatformNotFound(platform_id)
    return _platform(row)


async def list_platforms(session: AsyncSession, page: Page) -> list[PlatformView]:
    """Up to one more than a page, oldest first."""
    query = _PLATFORM
    if page.after is not None:
        query = query.where(CarePlatform.id > page.after[0])
    rows = await session.execute(query.order_by(CarePlatform.id).limit(page.size + 1))
    return [_platform(row) for row in rows]


async def get_community(session: AsyncSession, community_id: UUID) -> CommunityView:
    """Raises CommunityNotFound."""
    row = (await session.execute(_COMMUNITY.where(Community.id == community_id))).first()
    if row is None:
        raise CommunityNotFound(community_id)
    return _community(row)


async def list_communities(
    session: AsyncSession, platform_id: UUID | None, page: Page
) -> list[CommunityView]:
    """Up to one more than a page, oldest first; of one platform, or of all."""
    query = _COMMUNITY
    if platform_id is not None:
        query = query.where(Community.platform_id == platform_id)
    if page.after is not None:
        query = query.where(Community.id > page.after[0])
    rows = await session.execute(query.order_by(Community.id).limit(page.size + 1))
    return [_community(row) for row in rows]


async def platform_for(session: AsyncSession, who: Principal, named: UUID | None) -> UUID | None:
    """The platform a request is about: a platform's own, else the one that staff named, if any.

    Raises CarePlatformNotFound (unknown, or another than the calling platform), PlatformNotActive."""
    own = who.subject if who.kind == PLATFORM and isinstance(who.subject, UUID) else None
    wanted = own or named
    if wanted is None:
        return None
    active = await session.scalar(sa.select(CarePlatform.active).where(CarePlatform.id == wanted))
    if active is None or (own is not None and named not in (None, own)):
        raise CarePlatformNotFound(named or wanted)
    if own is not None and not active:
        raise PlatformNotActive
    return wanted
