"""Answers to ReserveStock, as bytes that are stored with the hold, and two small reads that prepare one."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from uuid import UUID

from commis.catalog.v1 import stock_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.quote import Line, QuotedLine
from catalog.pricing.wire import quoted_to_proto

_IDS = sql.statement("SELECT id FROM variants WHERE sku = ANY(CAST(:skus AS text[]))")
_BARE = sql.statement("""
    SELECT v.id FROM variants v
    WHERE (v.id = ANY(CAST(:ids AS uuid[])) OR v.sku = ANY(CAST(:skus AS text[])))
        AND v.stock_policy = 'BACKORDER'
        AND NOT EXISTS (SELECT 1 FROM stock_levels s WHERE s.variant_id = v.id)
""")


def reserved(quoted: Sequence[QuotedLine], language: str, expire_time: datetime.datetime) -> bytes:
    built = stock_pb2.ReserveStockResponse(
        lines=[quoted_to_proto(line, language) for line in quoted], reserved=True
    )
    built.expire_time.FromDatetime(expire_time)
    return built.SerializeToString()


def refused(quoted: Sequence[QuotedLine], language: str) -> bytes:
    built = stock_pb2.ReserveStockResponse(lines=[quoted_to_proto(line, language) for line in quoted])
    return built.SerializeToString()


def renewed(answer: bytes, expire_time: datetime.datetime) -> bytes:
    """The same answer with the time the hold now lasts until."""
    built = stock_pb2.ReserveStockResponse.FromString(answer)
    built.expire_time.FromDatetime(expire_time)
    return built.SerializeToString()


async def variant_ids(session: AsyncSession, lines: Sequence[Line]) -> list[UUID]:
    """The variants of the lines, wherever they are known by SKU only."""
    ids = [line.variant_id for line in lines if line.variant_id is not None]
    skus = [line.sku for line in lines if line.variant_id is None]
    return [*ids, *(row.id for row in await sql.rows(session, _IDS, {"skus": skus}))] if skus else ids


async def backorders_without_level(session: AsyncSession, lines: Sequence[Line]) -> list[UUID]:
    parameters = {
        "ids": [line.variant_id for line in lines if line.variant_id is not None],
        "skus": [line.sku for line in lines if line.variant_id is None],
    }
    return [row.id for row in await sql.rows(session, _BARE, parameters)]
