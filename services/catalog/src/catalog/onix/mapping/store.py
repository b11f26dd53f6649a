"""Statements on the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.onix.mapping.domain import PriceRule, Rules, SubjectRule

_VERSION = sql.statement("SELECT version FROM onix_mapping")
_LOCKED = sql.statement(
    "INSERT INTO onix_mapping (version) VALUES (1) ON CONFLICT (singleton)"
    " DO UPDATE SET version = onix_mapping.version + 1 RETURNING version"
)
_PRICES = sql.statement("""
    SELECT price_type, qualifier, currency_code, region_code, price_list_id FROM onix_price_rules
    ORDER BY price_type, qualifier, currency_code, region_code
""")
_SUBJECTS = sql.statement("SELECT scheme, code, category_id FROM onix_subject_rules ORDER BY scheme, code")
_DROP_PRICES = sql.statement("DELETE FROM onix_price_rules")
_DROP_SUBJECTS = sql.statement("DELETE FROM onix_subject_rules")
_ADD_PRICE = sql.statement("""
    INSERT INTO onix_price_rules (price_type, qualifier, currency_code, region_code, price_list_id)
    VALUES (:price_type, :qualifier, :currency, :region, :list_id)
""")
_ADD_SUBJECT = sql.statement(
    "INSERT INTO onix_subject_rules (scheme, code, category_id) VALUES (:scheme, :code, :category_id)"
)


async def version(session: AsyncSession) -> int:
    """0 before anybody set a mapping."""
    row = await sql.first(session, _VERSION)
    return 0 if row is None else int(row.version)


async def read(session: AsyncSession, known: Rules | None = None) -> Rules:
    """The rules, read again only when they are not `known` in their present version."""
    current = await version(session)
    if known is not None and known.version == current:
        return known
    prices = tuple(PriceRule(*row) for row in await sql.rows(session, _PRICES))
    subjects = {(row.scheme, row.code): row.category_id for row in await sql.rows(session, _SUBJECTS)}
    return Rules(current, prices, subjects)


async def lock(session: AsyncSession) -> int:
    """The version that this change makes; others who change the mapping wait."""
    row = await sql.first(session, _LOCKED)
    assert row is not None, "the statement inserts or updates"
    return int(row.version)


async def replace(
    session: AsyncSession, prices: Sequence[PriceRule], subjects: Sequence[SubjectRule]
) -> None:
    """The version must be locked."""
    await sql.run(session, _DROP_PRICES)
    await sql.run(session, _DROP_SUBJECTS)
    rows = [asdict(rule) for rule in prices]
    if rows:
        await sql.run(session, _ADD_PRICE, rows)
    if subjects:
        await sql.run(session, _ADD_SUBJECT, [asdict(rule) for rule in subjects])
