"""Applies a batch of counted stock: the movement is the difference to what was on hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.imports import seen
from catalog.imports.columns import STOCK
from catalog.imports.domain import ACCEPTED, CHANGED, REFUSED, UNCHANGED, Finding, Record, Refused, Verdict
from catalog.imports.job import Job
from catalog.reservations import backorders
from catalog.reservations.levels import mark_stale
from catalog.stock import warehouses
from catalog.stock.domain import MAX_QUANTITY
from chassis.ids import new_id

_VARIANTS = sql.statement("SELECT id, sku FROM variants WHERE sku = ANY(CAST(:skus AS text[]))")
_LOCK = sql.statement("""
    SELECT s.variant_id, s.warehouse_id, s.on_hand, s.reserved, s.waiting, EXISTS (
        SELECT 1 FROM stock_movements m WHERE m.variant_id = s.variant_id AND m.warehouse_id = s.warehouse_id
    ) AS counted
    FROM stock_levels s JOIN unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]))
        AS w(variant_id, warehouse_id) USING (variant_id, warehouse_id)
    ORDER BY s.variant_id, s.warehouse_id FOR UPDATE OF s
""")
_COUNT = sql.statement("""
    UPDATE stock_levels s SET on_hand = n.quantity
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]))
        AS n(variant_id, warehouse_id, quantity)
    WHERE s.variant_id = n.variant_id AND s.warehouse_id = n.warehouse_id
""")
_MOVE = sql.statement("""
    INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity, reason, actor_id)
    SELECT id, variant_id, warehouse_id, 'CORRECTION', quantity, :reason, :actor_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]),
        CAST(:differences AS integer[])) AS n(id, variant_id, warehouse_id, quantity)
""")


@dataclass(slots=True)
class StockRow:
    warehouse: str
    sku: str
    quantity: int
    verdict: Verdict

    @property
    def key(self) -> str:
        return f"{self.warehouse}|{self.sku}"


def read_row(record: Record, verdict: Verdict) -> StockRow:
    """Raises Refused with every finding."""
    if record.broken is not None:
        raise Refused(record.broken)
    values = record.values
    wrong = [Finding(name, "", "REQUIRED") for name in STOCK.required if name not in values]
    if len(values.get("warehouse", "")) > 50:
        wrong.append(Finding("warehouse", values["warehouse"], "TOO_LONG: 50 characters at most"))
    text = values.get("quantity", "0")
    counted = text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= MAX_QUANTITY
    if not counted:
        wrong.append(Finding("quantity", text, f"WHOLE_NUMBER: 0 to {MAX_QUANTITY}"))
    if wrong:
        raise Refused(*wrong)
    return StockRow(values["warehouse"], values["sku"], int(text), verdict)


class StockImport:
    def key(self, record: Record) -> str:
        return str(record.number)

    async def prepare(self, job: Job, records: Sequence[Record]) -> None:
        """Warehouses and levels of the rows exist before the batch locks levels in order."""
        rows = list(_readable(records))
        async with job.sessions.begin() as session:
            places = await warehouses.by_code(session, [row.warehouse for row in rows])
            variants = await _variants(session, rows)
        pairs = {(variants[row.sku], places[row.warehouse]) for row in rows if row.sku in variants}
        await warehouses.ensure_levels(job.sessions, sorted(pairs))

    async def apply(self, session: AsyncSession, job: Job, records: Sequence[Record]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        rows: list[StockRow] = []
        for record in records:
            ref = f"{record.values.get('warehouse', '')[:50]} {record.values.get('sku', '')[:100]}".strip()
            verdict = Verdict(record.number, ref, REFUSED)
            verdicts.append(verdict)
            try:
                rows.append(read_row(record, verdict))
            except Refused as refused:
                verdict.findings.extend(refused.findings)
        await _apply_rows(session, job, rows)
        return verdicts


def _readable(records: Sequence[Record]) -> Iterator[StockRow]:
    for record in records:
        try:
            yield read_row(record, Verdict(record.number, "", REFUSED))
        except Refused:
            continue


async def _variants(session: AsyncSession, rows: Sequence[StockRow]) -> dict[str, UUID]:
    found = await sql.rows(session, _VARIANTS, {"skus": sorted({row.sku for row in rows})})
    return {row.sku: row.id for row in found}


async def _apply_rows(session: AsyncSession, job: Job, rows: Sequence[StockRow]) -> None:
    variants = await _variants(session, rows)
    places = await warehouses.by_code(session, [row.warehouse for row in rows])
    known = await seen.find(session, job.id, [row.key for row in rows])
    pairs = [(variants[row.sku], places[row.warehouse]) for row in rows if row.sku in variants]
    columns = {"variants": [pair[0] for pair in pairs], "warehouses": [pair[1] for pair in pairs]}
    levels = {(row.variant_id, row.warehouse_id): row for row in await sql.rows(session, _LOCK, columns)}
    changes: dict[tuple[UUID, UUID], tuple[int, int]] = {}
    taken: dict[str, int] = {}
    for row in rows:
        finding = _judge(row, variants, places, levels, known, taken)
        if finding is not None:
            row.verdict.findings.append(finding)
            continue
        place = (variants[row.sku], places[row.warehouse])
        level = levels[place]
        taken[row.key] = row.quantity
        row.verdict.outcome = UNCHANGED  # a first count of nothing too: it moves nothing
        if row.quantity != level.on_hand:
            changes[place] = (row.quantity, row.quantity - level.on_hand)
            row.verdict.outcome = CHANGED if level.counted else ACCEPTED
    await _write(session, job, changes)
    stale = {place[0] for place, (quantity, _) in changes.items()
             if (quantity > levels[place].reserved) != (levels[place].on_hand > levels[place].reserved)}  # fmt: skip
    await mark_stale(session, sorted(stale))
    await backorders.fill(session, [place for place in changes if levels[place].waiting])
    await seen.add(session, job.id, taken)


def _judge(
    row: StockRow,
    variants: dict[str, UUID],
    places: dict[str, UUID],
    levels: dict[tuple[UUID, UUID], Any],
    known: set[str],
    taken: dict[str, int],
) -> Finding | None:
    if row.sku not in variants:
        return Finding("sku", row.sku, "UNKNOWN_SKU")
    level = levels[variants[row.sku], places[row.warehouse]]
    current = taken.get(row.key, level.on_hand)
    if row.quantity != current and (row.key in taken or row.key in known):
        return Finding(
            "quantity", str(row.quantity), "REPEATED: another row of this file says something else"
        )
    if row.quantity < level.reserved and row.quantity < level.on_hand:
        return Finding("quantity", str(row.quantity), f"BELOW_RESERVED: {level.reserved} are reserved")
    return None


async def _write(session: AsyncSession, job: Job, changes: dict[tuple[UUID, UUID], tuple[int, int]]) -> None:
    if not changes:
        return
    columns: dict[str, Any] = {
        "variants": [place[0] for place in changes],
        "warehouses": [place[1] for place in changes],
        "quantities": [quantity for quantity, _ in changes.values()],
    }
    await sql.run(session, _COUNT, columns)
    moved = {
        "ids": [new_id() for _ in changes],
        "variants": columns["variants"],
        "warehouses": columns["warehouses"],
        "differences": [difference for _, difference in changes.values()],
        "reason": f"Counted: {job.file_name}" if job.file_name else "Counted",
        "actor_id": job.actor_id,
    }
    await sql.run(session, _MOVE, moved)
