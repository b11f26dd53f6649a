"""Applies a batch of ONIX records: product, variant, prices and what is known of the reference, or nothing."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.imports import edited, seen
from catalog.imports.domain import ACCEPTED, CHANGED, REFUSED, UNCHANGED, Finding, Record, Refused, Verdict
from catalog.imports.job import Job
from catalog.onix.mapping import store as mapping
from catalog.onix.mapping.domain import Rules, lists_of
from catalog.onix.reading import codes
from catalog.onix.reading.message import OnixPrice, OnixRecord
from catalog.onix.taking import batch as batches
from catalog.onix.taking import edit, store
from catalog.onix.taking.batch import Batch
from catalog.onix.taking.follow import Ambiguous, follow, ladders
from catalog.onix.taking.store import Known
from catalog.pricing.history import Stored, Timeline
from catalog.pricing.prices import PriceBook

_ALL_BLOCKS = tuple(batches.BLOCKS.values())


class OnixImport:
    """The mapping is read anew when somebody changes it between two batches."""

    def __init__(self) -> None:
        self._rules: Rules | None = None

    def key(self, record: Record) -> str:
        return str(record.number)

    async def prepare(self, job: Job, records: Sequence[Record]) -> None:
        """Nothing has to exist beforehand."""

    async def apply(self, session: AsyncSession, job: Job, records: Sequence[Record]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        taken: list[tuple[OnixRecord, Verdict]] = []
        for record in records:
            content = record.content
            assert isinstance(content, OnixRecord), "the reader of ONIX gives nothing else"
            verdict = Verdict(record.number, content.ref, REFUSED)
            verdicts.append(verdict)
            if record.broken is not None:
                verdict.findings = [*content.findings, record.broken]
            else:
                taken.append((replace(content, findings=list(content.findings)), verdict))
        self._rules = await mapping.read(session, self._rules)
        live = [said for said, _ in taken if said.notification not in codes.TEST]
        batch = await batches.read(session, job, self._rules, live)
        keys: list[str] = []
        for said, verdict in taken:
            try:
                verdict.outcome = _apply(batch, job, said, keys)
            except Refused as refused:
                verdict.findings.extend(refused.findings)
            verdict.findings[:0] = said.findings
        await _write(session, job, batch)
        await seen.add(session, job.id, keys)
        return verdicts


def _apply(batch: Batch, job: Job, record: OnixRecord, keys: list[str]) -> str:
    """The outcome. Raises Refused; then nothing of the record was taken."""
    if record.notification in codes.TEST:
        rule = "TEST_RECORD; nothing is done"
        record.findings.append(Finding("NotificationType", record.notification, rule))
        return UNCHANGED
    place = batch.find(record)
    if place is None and record.notification in codes.DELETE:
        record.findings.append(Finding("RecordReference", record.ref, "UNKNOWN_RECORD; nothing to delete"))
        return UNCHANGED
    if place is None and record.notification in codes.UPDATE:
        raise Refused(
            Finding("RecordReference", record.ref, "UNKNOWN_RECORD: an update of what is not there")
        )
    product, variant = place or batch.make(record)
    before = batch.known.get(record.ref) or Known(record.ref, variant.id)
    after = edit.heard(record, before)
    others = any(
        not batch.known[ref].withdrawn for ref in batch.refs_of.get(variant.id, set()) - {record.ref}
    )
    ends = edit.ends(record, before, after, variant.data, others=others)
    new_product = edit.product_data(record, product.data, batch.rules, new=product.is_new)
    new_variant = edit.variant_data(record, variant.data, ends=ends)
    prices = _prices(batch, job, record, variant.id)
    changes = (new_product, new_variant) != (product.data, variant.data) or bool(prices)
    own = _own_keys(record, variant.data.sku)
    if place is not None and changes and not batch.seen.isdisjoint(own):
        rule = "REPEATED: another record of this file says something else"
        raise Refused(Finding("RecordReference", record.ref, rule))
    batch.take(product, variant, new_product, new_variant)
    batch.timelines.update(prices)
    batch.repriced.update(prices)
    _remember(batch, record, before, after)
    batch.seen.update(own)
    keys += own
    if place is None:
        return ACCEPTED
    return CHANGED if changes else UNCHANGED


def _own_keys(record: OnixRecord, sku: str) -> list[str]:
    """A deletion speaks of every block."""
    if record.notification in codes.DELETE:
        return [f"o:{sku}|{block}" for block in _ALL_BLOCKS]
    return batches.seen_keys(record, sku)


def _remember(batch: Batch, record: OnixRecord, before: Known, after: Known) -> None:
    if record.ref not in batch.known or after != before:
        batch.heard[record.ref] = after
    batch.link(after)


def _prices(batch: Batch, job: Job, record: OnixRecord, variant_id: UUID) -> dict[tuple[int, UUID], Timeline]:
    """The timelines that change. A price without a list, or one that is not certain, is left out with a finding."""
    if record.supply is None:
        return {}
    by_list, without = lists_of(batch.rules.prices, record.supply.prices)
    for price in without:
        record.findings.append(Finding("Price", _told(price), "NO_PRICE_LIST; left out"))
    changed: dict[tuple[int, UUID], Timeline] = {}
    for list_id, prices in by_list.items():
        found = batch.lists[list_id]
        key = (found.no, variant_id)
        timeline = _copy(batch.timelines.get(key))
        steps = ((price.begin, price.end, price.quantity, price.amount) for price in prices)
        try:
            if follow(timeline, ladders(steps), job.today, found.no, 0):
                changed[key] = timeline
        except Ambiguous as ambiguous:
            told = ", ".join(map(_told, prices))
            record.findings.append(
                Finding("Price", told, f"AMBIGUOUS_PRICE: list {found.code}, {ambiguous}; left out")
            )
    return changed


def _told(price: OnixPrice) -> str:
    countries = " ".join(sorted(price.territory.countries | price.territory.regions))
    quantity = f" from {price.quantity}" if price.quantity > 1 else ""
    qualifier = f"/{price.qualifier}" if price.qualifier else ""
    return f"{price.type}{qualifier} {price.amount} {price.currency}{quantity} {countries}".strip()


def _copy(timeline: Timeline | None) -> Timeline:
    if timeline is None:
        return Timeline([])
    return Timeline(
        list(timeline.current), dict(timeline.shortened), set(timeline.superseded), copy.copy(timeline.copies)
    )


async def _write(session: AsyncSession, job: Job, batch: Batch) -> None:
    changed = [
        product
        for product in batch.products.values()
        if product.is_new or product.changed or any(found.changed for found in product.variants.values())
    ]
    await edited.write(session, changed)
    await store.remember(session, list(batch.heard.values()))
    if not batch.repriced:
        return
    new = [variant_id for _, variant_id in batch.repriced if not batch.by_variant[variant_id][1].no]
    numbers = await store.numbers(session, new) if new else {}
    timelines: dict[tuple[int, int], Timeline] = {}
    for list_no, variant_id in batch.repriced:
        no = batch.by_variant[variant_id][1].no or numbers[variant_id]
        timelines[list_no, no] = _numbered(batch.timelines[list_no, variant_id], no)
    await PriceBook(timelines, job.today).write(session)


def _numbered(timeline: Timeline, no: int) -> Timeline:
    def numbered(price: Stored) -> Stored:
        return price if price.variant_no == no else replace(price, variant_no=no)

    timeline.current = [numbered(price) for price in timeline.current]
    return timeline
