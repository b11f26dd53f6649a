"""Statements on ONIX records, and the variants that records may mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql

_KNOWN = sql.statement("""
    SELECT record_ref, variant_id, publishing_status, availability, withdrawn FROM onix_records
    WHERE record_ref = ANY(CAST(:refs AS text[])) OR variant_id = ANY(CAST(:variants AS uuid[]))
""")
_MEANT = sql.statement("""
    SELECT product_id FROM variants WHERE isbn = ANY(CAST(:isbns AS text[]))
    UNION SELECT product_id FROM variants WHERE gtin = ANY(CAST(:gtins AS text[]))
    UNION SELECT product_id FROM variants WHERE sku = ANY(CAST(:skus AS text[]))
    UNION SELECT id FROM products WHERE product_ref = ANY(CAST(:refs AS text[]))
    UNION SELECT v.product_id FROM onix_records o JOIN variants v ON v.id = o.variant_id
        WHERE o.record_ref = ANY(CAST(:refs AS text[]))
""")
_LOCK = sql.statement("SELECT id FROM products WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
_NUMBERS = sql.statement("SELECT id, no FROM variants WHERE id = ANY(CAST(:ids AS uuid[]))")
_SET = sql.statement("""
    INSERT INTO onix_records (record_ref, variant_id, publishing_status, availability, withdrawn)
    SELECT * FROM unnest(CAST(:refs AS text[]), CAST(:variants AS uuid[]), CAST(:statuses AS text[]),
        CAST(:availabilities AS text[]), CAST(:withdrawn AS boolean[])) ORDER BY 1
    ON CONFLICT (record_ref) DO UPDATE SET publishing_status = excluded.publishing_status,
        availability = excluded.availability, withdrawn = excluded.withdrawn, update_time = now()
""")


@dataclass(slots=True)
class Known:
    """What was last heard of a record reference."""

    ref: str
    variant_id: UUID
    status: str = ""
    availability: str = ""
    withdrawn: bool = False


async def known(session: AsyncSession, refs: Iterable[str], variants: Iterable[UUID]) -> dict[str, Known]:
    parameters = {"refs": sorted(set(refs)), "variants": sorted(set(variants))}
    rows = await sql.rows(session, _KNOWN, parameters)
    return {row.record_ref: Known(*row) for row in rows}


async def lock_meant(
    session: AsyncSession,
    refs: Iterable[str],
    isbns: Iterable[str],
    gtins: Iterable[str],
    skus: Iterable[str],
) -> list[UUID]:
    """The products that could be meant, locked in the order in which all imports lock them."""
    parameters = {
        "refs": sorted(set(refs)),
        "isbns": sorted(set(isbns)),
        "gtins": sorted(set(gtins)),
        "skus": sorted(set(skus)),
    }
    ids = [row.product_id for row in await sql.rows(session, _MEANT, parameters)]
    return [row.id for row in await sql.rows(session, _LOCK, {"ids": ids})]


async def numbers(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, int]:
    return {row.id: row.no for row in await sql.rows(session, _NUMBERS, {"ids": list(ids)})}


async def remember(session: AsyncSession, records: Sequence[Known]) -> None:
    if records:
        columns = {
            "refs": [record.ref for record in records],
            "variants": [record.variant_id for record in records],
            "statuses": [record.status for record in records],
            "availabilities": [record.availability for record in records],
            "withdrawn": [record.withdrawn for record in records],
        }
        await sql.run(session, _SET, columns)
