"""The list page of a selection: each title with what is needed to order it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from commis.catalog.v1 import selections_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct
from catalog.pricing.facts import read_variants
from catalog.pricing.quote import Customer, Line, QuotedLine, Quoter, Refusal
from catalog.pricing.wire import LANGUAGE_FALLBACK, fill_availability, fill_price, refusal_to_proto
from catalog.products.queries import ProductView, find_products
from catalog.products.wire import product_to_proto
from catalog.selections.queries import EntryView, SelectionView
from catalog.selections.wire import category_to_proto
from catalog.stock.availability import availability_of


async def rows_of(
    session: AsyncSession,
    quoter: Quoter,
    customer: Customer | None,
    selection: SelectionView,
    entries: Sequence[EntryView],
    language: str,
) -> list[pb.SelectionRow]:
    """Without a customer there are no prices. Texts of products in `language`; empty: in all."""
    quoted = await _quoted(session, quoter, customer, [entry.variant_id for entry in entries])
    products = await find_products(await direct.of(session), list({entry.product_id for entry in entries}))
    if language:
        products = {product_id: _in(language, view) for product_id, view in products.items()}
    return [
        _row(selection, entry, products[entry.product_id], line)
        for entry, line in zip(entries, quoted, strict=True)
    ]


async def _quoted(
    session: AsyncSession, quoter: Quoter, customer: Customer | None, ids: Sequence[UUID]
) -> list[QuotedLine]:
    """At quantity 1: two statements, whatever their number."""
    if not ids:
        return []
    clock = quoter.clock()
    connection = await direct.of(session)
    lines = [Line("", variant_id, "", 1) for variant_id in ids]
    if customer is not None:
        return await quoter.quote(connection, customer, lines, clock)
    known = {facts.id: facts for facts in await read_variants(connection, ids, (), None, clock.today)}
    found: list[QuotedLine] = []
    for line, variant_id in zip(lines, ids, strict=True):
        facts = known[variant_id]
        if facts.discontinued:
            refusal = Refusal("VARIANT_DISCONTINUED", f"{facts.sku} is no longer sold.")
            found.append(QuotedLine(line, facts, None, None, refusal))
        else:
            found.append(QuotedLine(line, facts, None, availability_of(facts, 1), None))
    return found


def _row(
    selection: SelectionView, entry: EntryView, product: ProductView, quoted: QuotedLine
) -> pb.SelectionRow:
    built = pb.SelectionRow(
        position=entry.position,
        product=product_to_proto(product),
        variant_id=str(entry.variant_id),
        wise_category=category_to_proto(entry.wise_category or selection.content.wise_category),
    )
    if quoted.price is not None and quoted.variant is not None:
        fill_price(built.price, quoted.price, quoted.variant.weight_grams)
    if quoted.availability is not None:
        fill_availability(built.availability, quoted.availability)
    if quoted.refusal is not None:
        built.refusal.CopyFrom(refusal_to_proto(quoted.refusal))
    return built


def _in(language: str, view: ProductView) -> ProductView:
    data = view.data
    names, descriptions = _one(data.names, language), _one(data.descriptions, language)
    return replace(view, data=replace(data, names=names, descriptions=descriptions))


def _one(texts: dict[str, str], language: str) -> dict[str, str]:
    """The text in this language, else in the first of the others that has one."""
    code = next((code for code in (language, *LANGUAGE_FALLBACK) if texts.get(code)), None)
    return {code: texts[code]} if code is not None else {}
