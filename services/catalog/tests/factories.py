"""Rows for tests, with defaults; prices and stock of one variant are enough for most."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.pricing.quote import Customer, Line, Quoter
from catalog.pricing.reference import touch
from catalog.reservations.use_cases import ReserveStock, Reserving
from catalog.search.folding import code
from chassis.db import Sessions
from chassis.ids import new_id

BRUSSELS = ZoneInfo("Europe/Brussels")
FROM = datetime.date(2026, 1, 1)
KEPT = ("legal_caps",)  # made by the migrations, and true in every installation


@dataclass(frozen=True)
class AVariant:
    id: UUID
    no: int
    sku: str
    product_id: UUID


async def a_variant(
    sessions: Sessions,
    sku: str = "",
    *,
    stock: int | None = None,
    price: str | None = "10.00",
    policy: str = "STOCKED",
    vat_class: str = "STANDARD",
    brand: str = "",
    category_ids: Sequence[UUID] = (),
    product_id: UUID | None = None,
    published: str = "",
    form: str = "",
    language: str = "",
    isbn: str | None = None,
) -> AVariant:
    """A product with one variant, a price in the list NET (made when missing) and stock in MAIN."""
    sku = sku or f"SKU-{new_id().hex[-8:]}"
    variant_id = new_id()
    async with sessions.begin() as session:
        if product_id is None:
            product_id = new_id()
            await session.execute(
                sa.text(
                    "INSERT INTO products (id, names, brand, category_ids, vat_class, publication_date, product_form,"
                    " text_language_code) VALUES (:id, CAST(:names AS jsonb), :brand, :categories, :vat, :published,"
                    " :form, :language)"
                ).bindparams(sa.bindparam("categories", type_=sa.ARRAY(sa.Uuid))),
                {"id": product_id, "names": json.dumps({"en": f"Thing {sku}", "fr": f"Chose {sku}"}),
                 "brand": brand, "categories": list(category_ids), "vat": vat_class, "published": published,
                 "form": form, "language": language},
            )  # fmt: skip
        no = await session.scalar(
            sa.text(
                "INSERT INTO variants (id, product_id, position, sku, code, options, stock_policy, isbn)"
                " VALUES (:id, :product, 0, :sku, :code, '[]', :policy, :isbn) RETURNING no"
            ),
            {"id": variant_id, "product": product_id, "sku": sku, "code": code(sku), "policy": policy,
             "isbn": isbn},
        )  # fmt: skip
    made = AVariant(variant_id, int(no or 0), sku, product_id)
    if price is not None:
        await a_price(sessions, made, await a_list(sessions, "NET", default_use="BUSINESS"), [(1, price)])
    if stock is not None:
        await some_stock(sessions, made, stock)
    return made


async def a_list(
    sessions: Sessions,
    code: str = "NET",
    *,
    tax_inclusive: bool = False,
    currency: str = "EUR",
    default_use: str = "NONE",
    publisher: str = "",
) -> UUID:
    async with sessions.begin() as session:
        found = await session.scalar(sa.text("SELECT id FROM price_lists WHERE code = :code"), {"code": code})
        if found is not None:
            return UUID(str(found))
        list_id = new_id()
        await session.execute(
            sa.text(
                "INSERT INTO price_lists (id, code, display_name, currency_code, tax_inclusive, default_use,"
                " publisher_region_code) VALUES (:id, :code, :code, :currency, :inclusive, :use, :publisher)"
            ),
            {
                "id": list_id,
                "code": code,
                "currency": currency,
                "inclusive": tax_inclusive,
                "use": default_use,
                "publisher": publisher,
            },
        )
        await touch(session)
    return list_id


async def a_price(
    sessions: Sessions,
    variant: AVariant,
    list_id: UUID,
    ladder: Sequence[tuple[int, str]],
    valid_from: datetime.date = FROM,
    valid_to: datetime.date | None = None,
) -> UUID:
    price_id = new_id()
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO prices (id, list_no, variant_no, valid_from, valid_to, min_quantities, unit_prices)"
                " VALUES (:id, (SELECT no FROM price_lists WHERE id = :list), :no, :begin, :end,"
                " CAST(:quantities AS integer[]), CAST(:prices AS numeric[]))"
            ),
            {"id": price_id, "list": list_id, "no": variant.no, "begin": valid_from, "end": valid_to,
             "quantities": [step[0] for step in ladder], "prices": [Decimal(step[1]) for step in ladder]},
        )  # fmt: skip
    return price_id


async def a_warehouse(sessions: Sessions, code: str = "MAIN") -> UUID:
    async with sessions.begin() as session:
        await session.execute(
            sa.text("INSERT INTO warehouses (id, code) VALUES (:id, :code) ON CONFLICT DO NOTHING"),
            {"id": new_id(), "code": code},
        )
        found = await session.scalar(sa.text("SELECT id FROM warehouses WHERE code = :code"), {"code": code})
    return UUID(str(found))


async def some_stock(sessions: Sessions, variant: AVariant, quantity: int, warehouse: str = "MAIN") -> UUID:
    """Receives goods: the level and its movement."""
    warehouse_id = await a_warehouse(sessions, warehouse)
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO stock_levels (variant_id, warehouse_id, on_hand) VALUES (:variant, :place, :quantity)"
                " ON CONFLICT (variant_id, warehouse_id) DO UPDATE SET on_hand = stock_levels.on_hand + :quantity"
            ),
            {"variant": variant.id, "place": warehouse_id, "quantity": quantity},
        )
        if quantity:
            await session.execute(
                sa.text(
                    "INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity)"
                    " VALUES (:id, :variant, :place, 'RECEIPT', :quantity)"
                ),
                {"id": new_id(), "variant": variant.id, "place": warehouse_id, "quantity": quantity},
            )
    return warehouse_id


def a_customer(account_id: UUID | None = None, **facts: object) -> Customer:
    """A Belgian business."""
    return Customer(account_id or new_id(), **{"region_code": "BE", "business": True, **facts})  # type: ignore[arg-type]


def a_line(variant: AVariant, quantity: int = 1, line_id: str = "") -> Line:
    return Line(line_id or new_id().hex, variant.id, "", quantity)


def reserving(sessions: Sessions, minutes: float = 15) -> Reserving:
    return Reserving(
        sessions.kw["bind"], sessions, Quoter(BRUSSELS, "BE"), datetime.timedelta(minutes=minutes)
    )


def a_reservation(
    lines: Sequence[Line],
    *,
    order_id: UUID | None = None,
    attempt_id: UUID | None = None,
    content: str = "",
    customer: Customer | None = None,
) -> ReserveStock:
    return ReserveStock(
        order_id=order_id or new_id(),
        attempt_id=attempt_id or new_id(),
        customer=customer or a_customer(),
        lines=tuple(lines),
        language="en",
        content_hash=(content or repr(lines)).encode(),
    )


async def level(sessions: Sessions, variant: AVariant) -> tuple[int, int]:
    """(on hand, reserved) over all warehouses."""
    async with sessions() as session:
        row = (
            await session.execute(
                sa.text(
                    "SELECT coalesce(sum(on_hand), 0), coalesce(sum(reserved), 0) FROM stock_levels"
                    " WHERE variant_id = :id"
                ),
                {"id": variant.id},
            )
        ).one()
    return int(row[0]), int(row[1])


async def assert_ledger_holds(sessions: Sessions) -> None:
    """Every balance is the sum of its movements, and everything reserved belongs to a line of a living hold."""
    async with sessions() as session:
        wrong = (
            await session.execute(
                sa.text("""
            SELECT s.variant_id, s.warehouse_id, s.on_hand, s.reserved, m.total, r.total FROM stock_levels s
            LEFT JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS total FROM stock_movements m
                WHERE m.variant_id = s.variant_id AND m.warehouse_id = s.warehouse_id) m ON true
            LEFT JOIN LATERAL (SELECT coalesce(sum(t.q), 0) AS total FROM stock_reservations r
                JOIN stock_holds h ON h.order_id = r.order_id AND h.state IN ('HELD', 'FIRM')
                CROSS JOIN LATERAL unnest(r.warehouse_ids, r.taken) AS t(w, q)
                WHERE r.variant_id = s.variant_id AND t.w = s.warehouse_id) r ON true
            WHERE s.on_hand <> m.total OR s.reserved <> r.total
        """)
            )
        ).all()
    assert not wrong, wrong
