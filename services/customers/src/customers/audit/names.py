"""The name of a party as it is now, for entries that must keep it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import ids

_NAMES = sa.text(
    """
    SELECT 'PERSON' AS kind, p.id, p.first_name || ' ' || p.last_name AS name
      FROM persons p WHERE p.id = ANY(CAST(:persons AS uuid[]))
    UNION ALL
    SELECT 'REP', r.id, p.first_name || ' ' || p.last_name || ' (' || r.rep_code || ')'
      FROM representatives r JOIN persons p ON p.id = r.person_id WHERE r.id = ANY(CAST(:reps AS uuid[]))
    UNION ALL
    SELECT 'STAFF', s.id, p.first_name || ' ' || p.last_name
      FROM staff_members s JOIN persons p ON p.id = s.person_id WHERE s.id = ANY(CAST(:staff AS uuid[]))
    UNION ALL
    SELECT 'ACCOUNT', a.id, a.number FROM accounts a WHERE a.id = ANY(CAST(:accounts AS uuid[]))
    UNION ALL
    SELECT 'CARE_WORKER', w.id, w.display_name || ' (' || p.display_name || ')'
      FROM care_workers w JOIN care_platforms p ON p.id = w.platform_id
     WHERE w.id = ANY(CAST(:care_workers AS uuid[]))
    UNION ALL
    SELECT 'CARE_PLATFORM', p.id, p.display_name FROM care_platforms p
     WHERE p.id = ANY(CAST(:care_platforms AS uuid[]))
    """
)
_PARAMETERS = {
    "PERSON": "persons",
    "REP": "reps",
    "STAFF": "staff",
    "ACCOUNT": "accounts",
    "CARE_WORKER": "care_workers",
    "CARE_PLATFORM": "care_platforms",
}
Key = tuple[str, str]


async def resolve(session: AsyncSession, parties: Collection[Key]) -> dict[Key, str]:
    """Names by (kind, id), in one query. A service is called by its id; somebody unknown has the name ""."""
    wanted: dict[str, list[object]] = {name: [] for name in _PARAMETERS.values()}
    for kind, party_id in parties:
        parsed = ids.parse_id(party_id)
        if kind in _PARAMETERS and parsed is not None:
            wanted[_PARAMETERS[kind]].append(parsed)
    names = {(kind, party_id): party_id for kind, party_id in parties if kind == "SERVICE"}
    if any(wanted.values()):
        for row in await session.execute(_NAMES, wanted):
            names[row.kind, str(row.id)] = row.name.strip()
    return names
