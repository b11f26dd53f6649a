"""Assisted sessions: a care worker acts for one client of one community, while the platform vouches for it."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from customers.sessions import families
from customers.sessions.identities import Acting, Assisted, Party
from customers.sessions.models import SessionFamily

# All that must hold for as long as the session is used (H-14): it has neither ended nor run out, platform and
# community are active, the client is still a client of that community and its account neither suspended nor closed.
VOUCHED_FOR = """
  JOIN accounts client ON client.id = f.subject_id AND client.state = 'ACTIVE'
  JOIN client_links l ON l.account_id = f.subject_id AND l.community_id = f.community_id
   AND l.close_time IS NULL
  JOIN communities c ON c.id = f.community_id AND c.active
  JOIN care_platforms p ON p.id = c.platform_id AND p.active
"""
LIVING = "f.end_time IS NULL AND f.expire_time > now()"
_ACTING = sa.text(
    f"""
    SELECT f.subject_id, h.first_name, h.last_name, f.care_worker_id, w.display_name AS care_worker_name,
           f.id AS session_id, p.id AS platform_id, p.display_name AS platform_name, c.id AS community_id,
           c.display_name AS community_name, c.external_id AS community_external_id,
           l.external_id AS client_external_id, w.subject AS care_worker_subject,
           w.language_code, f.return_address, f.expire_time
      FROM session_families f {VOUCHED_FOR}
      JOIN care_workers w ON w.id = f.care_worker_id
      JOIN persons h ON h.id = client.holder_id
     WHERE f.id = :family_id AND {LIVING}
    """  # noqa: S608  # constants
)


async def acting_in(session: AsyncSession, family_id: UUID) -> Acting | None:
    """None once the platform no longer vouches for it."""
    row = (await session.execute(_ACTING, {"family_id": family_id})).first()
    if row is None:
        return None
    return Acting(
        subject=Party("ACCOUNT", row.subject_id, f"{row.first_name} {row.last_name}".strip()),
        actor=Party("CARE_WORKER", row.care_worker_id, row.care_worker_name),
        channel="ASSISTED",
        assisted=Assisted(**{name: getattr(row, name) for name in Assisted.__slots__}),
    )


def context_claim(assisted: Assisted) -> dict[str, str]:
    """The claim `ctx` of the access token: enough to name the four parties of an order without asking."""
    return {
        "platform": str(assisted.platform_id),
        "community": str(assisted.community_id),
        "assisted": str(assisted.session_id),
        "client_external_id": assisted.client_external_id,
        "community_external_id": assisted.community_external_id,
        "care_worker_subject": assisted.care_worker_subject,
    }


async def open_family(
    session: AsyncSession,
    *,
    client_person_id: UUID,
    account_id: UUID,
    care_worker_id: UUID,
    community_id: UUID,
    return_address: str,
    minutes: int,
) -> SessionFamily:
    """A family of its own for every hand-off: nothing of an earlier client is ever in it."""
    family = SessionFamily(
        id=new_id(),
        person_id=client_person_id,
        subject_kind="ACCOUNT",
        subject_id=account_id,
        care_worker_id=care_worker_id,
        community_id=community_id,
        return_address=return_address,
        expire_time=families.now() + datetime.timedelta(minutes=minutes),
    )
    session.add(family)
    await session.flush()
    return family
