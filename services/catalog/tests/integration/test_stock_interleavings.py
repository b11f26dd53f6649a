"""A thousand random interleavings of everything that moves stock, on many connections at once.

The rules are checked from outside the code under test: by sums over the tables whenever a round has come to rest, by
a trigger that looks at every single filling while it happens, and by what lies in the outbox.
"""

from __future__ import annotations

import asyncio
import datetime
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2
from commis.catalog.v1 import stock_pb2 as pb

from catalog.ports import Placement
from catalog.reservations import firming
from catalog.reservations.domain import ExpectedAnotherLevel, ReservationFirm, ReservationReleased
from catalog.reservations.firming import HoldMissing, OrderFact
from catalog.reservations.sweeper import Sweeper
from catalog.reservations.use_cases import Reserving, release_stock, reserve_stock
from catalog.stock.domain import StockWouldBeNegative
from catalog.stock.rpc import StockServicer
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a

WORLDS, ROUNDS, AT_ONCE, SIDE_BY_SIDE = 20, 50, 5, 3
DOCUMENTED = (ExpectedAnotherLevel, ReservationFirm, ReservationReleased, HoldMissing, StockWouldBeNegative)

# Every filling, as the row sees it: how much, and whether somebody placed earlier still waits when it is done.
_AUDIT = (
    """CREATE TABLE audit_fillings (order_id uuid, line_id text, warehouse_id uuid, got integer, overtook boolean,
        unplaced boolean)""",
    """CREATE FUNCTION audit_filling() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_fillings SELECT NEW.order_id, NEW.line_id, NEW.warehouse_id, OLD.missing - NEW.missing,
            EXISTS (SELECT 1 FROM stock_backorders o WHERE o.variant_id = NEW.variant_id
                AND o.warehouse_id = NEW.warehouse_id AND o.missing > 0 AND o.place_time IS NOT NULL
                AND (o.place_time, o.order_id, o.line_id) < (NEW.place_time, NEW.order_id, NEW.line_id)),
            NEW.place_time IS NULL;
        RETURN NULL; END $$""",
    """CREATE TRIGGER audit_filling AFTER UPDATE ON stock_backorders FOR EACH ROW
        WHEN (OLD.missing <> NEW.missing) EXECUTE FUNCTION audit_filling()""",
)
_END_AUDIT = ("DROP TRIGGER audit_filling ON stock_backorders", "DROP FUNCTION audit_filling",
              "DROP TABLE audit_fillings")  # fmt: skip
# What must hold of every level whenever nothing is under way. Empty when all is well.
_BROKEN = sa.text("""
    SELECT s.*, v.stock_policy, m.total AS ledger, r.reserved AS lines, b.missing AS missing, b.queued AS queued
    FROM stock_levels s JOIN variants v ON v.id = s.variant_id
    CROSS JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS total FROM stock_movements m
        WHERE m.variant_id = s.variant_id AND m.warehouse_id = s.warehouse_id) m
    CROSS JOIN LATERAL (SELECT coalesce(sum(t.taken), 0) AS reserved FROM stock_reservations r
        JOIN stock_holds h ON h.order_id = r.order_id AND h.state IN ('HELD', 'FIRM')
        CROSS JOIN LATERAL unnest(r.warehouse_ids, r.taken) AS t(warehouse_id, taken)
        WHERE r.variant_id = s.variant_id AND t.warehouse_id = s.warehouse_id) r
    CROSS JOIN LATERAL (SELECT coalesce(sum(missing), 0) AS missing,
            coalesce(sum(missing) FILTER (WHERE place_time IS NOT NULL), 0) AS queued FROM stock_backorders b
        WHERE b.variant_id = s.variant_id AND b.warehouse_id = s.warehouse_id) b
    WHERE s.variant_id = ANY(:variants) AND (
        s.on_hand <> m.total OR s.on_hand < 0 OR s.reserved <> r.reserved OR s.waiting <> b.missing
        OR (v.stock_policy = 'STOCKED' AND s.reserved > s.on_hand)
        OR (b.queued > 0 AND s.on_hand - (s.reserved - s.waiting) <> 0))
""")
_HALVES = sa.text("""
    SELECT transfer_id, array_agg(quantity) FROM stock_movements WHERE kind = 'TRANSFER' OR transfer_id IS NOT NULL
    GROUP BY transfer_id HAVING count(*) <> 2 OR sum(quantity) <> 0 OR transfer_id IS NULL
        OR count(DISTINCT warehouse_id) <> 2
""")
_TOLD = sa.text(
    "SELECT payload FROM outbox WHERE subject = 'commis.catalog.v1.backorder_filled' ORDER BY position"
)
_QUEUED = sa.text("SELECT order_id, place_time FROM stock_backorders WHERE place_time IS NOT NULL")


@pytest.fixture
async def audited(sessions: Sessions) -> AsyncIterator[Sessions]:
    for statements in (_AUDIT, _END_AUDIT):
        async with sessions.begin() as session:
            for statement in statements:
                await session.execute(sa.text(statement))
        if statements is _AUDIT:
            yield sessions


@dataclass
class Placing:
    """What orders knows: which attempt placed an order, and when."""

    attempts: dict[UUID, UUID] = field(default_factory=dict)
    times: dict[UUID, datetime.datetime] = field(default_factory=dict)

    async def placements(self, order_ids: Sequence[UUID]) -> Sequence[Placement]:
        found = []
        for order_id in order_ids:
            attempt = self.attempts.get(order_id)
            found.append(Placement(order_id, "PLACED" if attempt else "NOT_PLACED", attempt))
        return found


@dataclass
class AWorld:
    """Three variants, two warehouses, and some orders on their way. Everything is chosen before it begins."""

    sessions: Sessions
    chance: random.Random
    orders: Placing
    needs: Reserving
    variants: list[a.AVariant]
    places: list[UUID]
    held: dict[UUID, tuple[UUID, dict[UUID, int]]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.stock = StockServicer(self.sessions)

    def next(self) -> Coroutine[Any, Any, None]:
        name = self.chance.choices(
            (
                "reserve",
                "replace",
                "release",
                "place",
                "cancel",
                "ship",
                "expire",
                "move",
                "transfer",
                "count",
            ),
            (26, 4, 4, 20, 4, 6, 3, 20, 7, 6),
        )[0]
        return self._try(name, getattr(self, f"_{name}")())

    async def _try(self, name: str, work: Awaitable[object]) -> None:
        try:
            await work
            self.outcomes[name] += 1
        except DOCUMENTED as refused:
            self.outcomes[type(refused).__name__] += 1

    def _an_order(self) -> UUID:
        return self.chance.choice(list(self.held)) if self.held else new_id()

    def _reserve(self) -> Awaitable[None]:
        return self._hold(new_id())

    def _replace(self) -> Awaitable[None]:
        return self._hold(self._an_order())

    def _hold(self, order: UUID) -> Awaitable[None]:
        """Some holds are over as soon as they begin: the sweeper may find them at any time."""
        chosen = [
            (variant, self.chance.randint(1, 4))
            for variant in self.chance.choices(self.variants, k=self.chance.randint(1, 3))
        ]
        minutes, attempt = self.chance.choice((15, 15, -1)), new_id()

        async def hold() -> None:
            command = a.a_reservation(
                [a.a_line(variant, quantity) for variant, quantity in chosen],
                order_id=order,
                attempt_id=attempt,
            )
            needs = replace(self.needs, hold_time=datetime.timedelta(minutes=minutes))
            answer = await reserve_stock(needs, command)
            if pb.ReserveStockResponse.FromString(answer).reserved:
                total: Counter[UUID] = Counter()
                for variant, quantity in chosen:
                    total[variant.id] += quantity
                self.held[order] = attempt, dict(total)

        return hold()

    def _release(self) -> Awaitable[None]:
        order = self._an_order()
        attempt = self.held[order][0] if order in self.held and self.chance.random() < 0.7 else None
        return release_stock(self.sessions, order, attempt)

    def _place(self) -> Awaitable[None]:
        """One or two orders, each told of once or twice, as the stream may."""
        chosen = [order for order in {self._an_order(), self._an_order()} if order in self.held]
        repeats = self.chance.choice((1, 1, 2))

        async def place() -> None:
            facts = []
            for order in chosen:
                attempt, quantities = self.held[order]
                time = self.orders.times.setdefault(order, datetime.datetime.now(datetime.UTC))
                self.orders.attempts.setdefault(order, attempt)
                facts.append(OrderFact("PLACED", order, attempt, quantities, time))
            await self._facts(*facts * repeats)

        return place()

    def _cancel(self) -> Awaitable[None]:
        return self._facts(OrderFact("CANCELLED", self._an_order()), OrderFact("CANCELLED", self._an_order()))

    def _ship(self) -> Awaitable[None]:
        return self._facts(OrderFact("SHIPPED", self._an_order()))

    async def _facts(self, *facts: OrderFact) -> None:
        async with self.sessions.begin() as session:
            await firming.apply(session, facts)

    def _expire(self) -> Awaitable[object]:
        minutes = datetime.timedelta(minutes=15)
        return Sweeper(self.sessions, self.orders, hold_time=minutes, every_seconds=60).sweep()

    def _move(self) -> Awaitable[object]:
        kind = self.chance.choice((pb.StockMovement.KIND_RECEIPT, pb.StockMovement.KIND_RETURN,
                                   pb.StockMovement.KIND_CORRECTION, pb.StockMovement.KIND_CORRECTION))  # fmt: skip
        corrected = kind == pb.StockMovement.KIND_CORRECTION
        quantity = self.chance.choice((-6, -3, -1, 1, 4) if corrected else (1, 3, 6))
        request = pb.MoveStockRequest(
            request_id=str(new_id()), variant_id=str(self.chance.choice(self.variants).id), kind=kind,
            warehouse_id=str(self.chance.choice(self.places)), quantity=quantity, reason="because",
        )  # fmt: skip
        return self._sent(self.stock.MoveStock, request)

    def _transfer(self) -> Awaitable[object]:
        source, target = self.chance.sample(self.places, 2)
        request = pb.TransferStockRequest(
            request_id=str(new_id()), sku=self.chance.choice(self.variants).sku, from_warehouse_id=str(source),
            to_warehouse_id=str(target), quantity=self.chance.randint(1, 4),
        )  # fmt: skip
        return self._sent(self.stock.TransferStock, request)

    def _count(self) -> Awaitable[object]:
        counted = self.chance.sample(self.variants, self.chance.randint(1, 3))
        request = pb.CountStockRequest(
            request_id=str(new_id()), warehouse_id=str(self.chance.choice(self.places)), reason="counted",
            counts=[
                pb.StockCount(variant_id=str(variant.id), counted_quantity=self.chance.randint(0, 20))
                for variant in counted
            ],
        )  # fmt: skip
        return self._sent(self.stock.CountStock, request)

    def _sent(self, call: Callable[..., Awaitable[object]], request: object) -> Awaitable[None]:
        """Now and then a client repeats its request at the same time; it is done once."""
        times = self.chance.choice((1, 1, 2))

        async def send() -> None:
            answers = await asyncio.gather(
                *(call(request, None) for _ in range(times)), return_exceptions=True
            )
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
            assert all(answer == answers[0] for answer in answers)

        return send()

    async def check(self) -> None:
        async with self.sessions() as session:
            asked = {"variants": [variant.id for variant in self.variants]}
            broken = (await session.execute(_BROKEN, asked)).mappings().all()
        assert not broken, broken


async def a_world(sessions: Sessions, orders: Placing, needs: Reserving, seed: int) -> AWorld:
    chance = random.Random(seed)
    variants = [
        await a.a_variant(sessions, stock=chance.randint(0, 6), policy=policy)
        for policy in ("BACKORDER", "BACKORDER", "STOCKED")
    ]
    places = [await a.a_warehouse(sessions, code) for code in ("MAIN", "SECOND")]
    return AWorld(sessions, chance, orders, needs, variants, places)


@pytest.mark.spec("C-20", "C-21", "C-22")
async def test_a_thousand_interleavings(audited: Sessions) -> None:
    orders, outcomes, needs = Placing(), Counter[str](), a.reserving(audited)
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def live(world: AWorld) -> None:
        async with gate:
            for _ in range(ROUNDS):
                async with asyncio.TaskGroup() as at_once:
                    for _ in range(AT_ONCE):
                        at_once.create_task(world.next())
                await world.check()
            outcomes.update(world.outcomes)

    worlds = [await a_world(audited, orders, needs, seed) for seed in range(WORLDS)]
    async with asyncio.TaskGroup() as side_by_side:
        for world in worlds:
            side_by_side.create_task(live(world))
    await a.assert_ledger_holds(audited)
    await check_fillings(audited)
    await check_times(audited, orders)
    async with audited() as session:
        assert not (await session.execute(_HALVES)).all()
    happened = {
        "reserve",
        "replace",
        "release",
        "place",
        "cancel",
        "ship",
        "expire",
        "move",
        "transfer",
        "count",
    }
    assert happened | {"StockWouldBeNegative"} <= outcomes.keys(), outcomes


async def check_fillings(sessions: Sessions) -> None:
    """Nobody was overtaken, or filled without having been placed; and each filling was told once."""
    async with sessions() as session:
        seen = (await session.execute(sa.text("SELECT * FROM audit_fillings"))).all()
        told = (await session.execute(_TOLD)).scalars().all()
        rows = (await session.execute(sa.text("SELECT * FROM stock_backorders"))).all()
    assert len(seen) > 100
    assert not [row for row in seen if row.overtook or row.unplaced or row.got <= 0]
    events = [events_pb2.BackorderFilled.FromString(payload) for payload in told]
    assert Counter(
        (str(row.order_id), row.line_id, str(row.warehouse_id), row.got) for row in seen
    ) == Counter((event.order_id, event.line_id, event.warehouse_id, event.quantity) for event in events)
    last = {(event.order_id, event.line_id, event.warehouse_id): event.missing_quantity for event in events}
    assert not [
        row
        for row in rows
        if last.get((str(row.order_id), row.line_id, str(row.warehouse_id)), row.missing) != row.missing
    ]


async def check_times(sessions: Sessions, orders: Placing) -> None:
    """Who queues does so from the time its order was placed, not from when it was held; when the sweeper was told
    first, from then on."""
    async with sessions() as session:
        rows = (await session.execute(_QUEUED)).all()
    late = [row for row in rows if row.place_time != orders.times[row.order_id]]
    assert len(late) < len(rows) / 2, "those that the sweeper came upon first are few"
    assert not [row for row in late if row.place_time < orders.times[row.order_id]]
