"""What an assisted session adds to the facts about an account: who vouches, who pays, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from commis.common.v1 import common_pb2
from commis.customers.v1 import sessions_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from customers.access import rules
from customers.platforms import queries
from customers.platforms.errors import CarePlatformNotFound
from customers.platforms.models import CarePlatform, Community
from customers.sessions.assisted import VOUCHED_FOR

CARE_WORKER = "CARE_WORKER"
# A part of the statement in `queries`, whose parameters it names. Whether the session was ended is a column of the
# facts, so that it is answered as such.
JOIN = f"""
  JOIN session_families f ON f.id = $2 AND f.care_worker_id = $3 AND f.subject_id = a.id
   AND f.expire_time > now()
  {VOUCHED_FOR}
  JOIN care_workers w ON w.id = f.care_worker_id
  LEFT JOIN accounts res ON res.id = c.residence_account_id
  LEFT JOIN persons resh ON resh.id = res.holder_id
  LEFT JOIN business_profiles resb ON resb.account_id = res.id
"""
COLUMNS = """, f.id AS session_id, p.id AS platform_id, c.id AS community_id, w.id AS care_worker_id,
       c.external_id AS community_external_id, w.subject AS care_worker_subject,
       l.external_id AS client_external_id, c.display_name AS community_name,
       CASE WHEN cardinality(l.payment_methods) > 0 THEN l.payment_methods ELSE c.payment_methods END
         AS agreed_methods,
       res.id AS residence_id,
       coalesce(res.state = 'ACTIVE' AND resb.state = 'APPROVED' AND resb.b2b_active, false) AS residence_active,
       coalesce(resb.company_name, c.display_name) AS residence_name,
       coalesce(nullif(c.email, ''), resh.email, '') AS residence_email
"""


def is_assisted(who: Principal | None) -> bool:
    return who is not None and who.effective_actor[0] == CARE_WORKER


def payment_methods(row: Any) -> list[str]:
    return rules.assisted_methods(row.agreed_methods, residence_active=row.residence_active)


def fill(built: pb.OrderingContext, row: Any) -> None:
    """Ids for the order and its events, names for the checkout."""
    built.assistance.CopyFrom(
        common_pb2.Assistance(
            platform_id=str(row.platform_id),
            community_id=str(row.community_id),
            community_external_id=row.community_external_id,
            care_worker_id=str(row.care_worker_id),
            care_worker_subject=row.care_worker_subject,
            client_external_id=row.client_external_id,
            session_id=str(row.session_id),
        )
    )
    built.community_name = row.community_name
    built.residence_email = row.residence_email
    built.payment_methods.extend(payment_methods(row))
    if row.residence_id is not None:
        built.residence.kind = common_pb2.PARTY_KIND_ACCOUNT
        built.residence.id = str(row.residence_id)
        built.residence.display_name = row.residence_name


async def platform_access(session: AsyncSession, who: Principal | None) -> tuple[UUID, Sequence[UUID], bool]:
    """The calling platform, all its communities, also those that are not active any more (their past stays
    readable), and whether statistics may name products. Raises CarePlatformNotFound, PlatformNotActive."""
    platform_id = await queries.platform_for(session, who, None) if who is not None else None
    if who is None or platform_id is None:
        raise CarePlatformNotFound(who.subject if who is not None else "")
    detail = await session.scalar(
        sa.select(CarePlatform.statistics_detail).where(CarePlatform.id == platform_id)
    )
    own = sa.select(Community.id).where(Community.platform_id == platform_id).order_by(Community.id)
    return platform_id, (await session.scalars(own)).all(), detail == "PRODUCTS"
