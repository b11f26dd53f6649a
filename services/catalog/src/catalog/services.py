"""The servicers of this process with everything they need, and its background tasks."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from commis.catalog.v1 import imports_pb2_grpc, pricing_pb2_grpc, products_pb2_grpc, stock_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.accounts import Accounts
from catalog.config import Settings
from catalog.imports.rpc import ImportServicer
from catalog.imports.runner import ImportRunner
from catalog.ports import Customers, Orders
from catalog.pricing.grid_rpc import DiscountGridServicer
from catalog.pricing.list_rpc import PriceListServicer
from catalog.pricing.quote import Quoter
from catalog.pricing.quote_rpc import PricingServicer
from catalog.products.rpc import ProductServicer
from catalog.reservations.rpc import ReservationServicer
from catalog.reservations.sweeper import Sweeper
from catalog.reservations.use_cases import Reserving
from catalog.search.rpc import SearchServicer
from catalog.search.upkeep import SearchUpkeep
from catalog.stock.rpc import StockServicer
from chassis.db import Sessions
from chassis.server import Background, Servicer

_PACKAGE = "commis.catalog.v1"


@dataclass(frozen=True, slots=True)
class Needs:
    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    customers: Customers
    orders: Orders | None


def quoter_of(settings: Settings) -> Quoter:
    return Quoter(settings.zone, settings.vendor_region)


def servicers(needs: Needs, quoter: Quoter, runner: ImportRunner) -> list[Servicer]:
    sessions, settings = needs.sessions, needs.settings
    accounts = Accounts(needs.customers)
    hold_time = datetime.timedelta(minutes=settings.hold_minutes)
    return [
        (
            products_pb2_grpc.add_ProductServiceServicer_to_server,
            ProductServicer(sessions, quoter, accounts, settings.vendor_language),
            f"{_PACKAGE}.ProductService",
        ),
        (
            products_pb2_grpc.add_SearchServiceServicer_to_server,
            SearchServicer(sessions, quoter, accounts),
            f"{_PACKAGE}.SearchService",
        ),
        (
            pricing_pb2_grpc.add_PricingServiceServicer_to_server,
            PricingServicer(needs.engine, quoter, accounts),
            f"{_PACKAGE}.PricingService",
        ),
        (
            pricing_pb2_grpc.add_PriceListServiceServicer_to_server,
            PriceListServicer(sessions, quoter),
            f"{_PACKAGE}.PriceListService",
        ),
        (
            pricing_pb2_grpc.add_DiscountGridServiceServicer_to_server,
            DiscountGridServicer(sessions, quoter),
            f"{_PACKAGE}.DiscountGridService",
        ),
        (
            stock_pb2_grpc.add_StockServiceServicer_to_server,
            StockServicer(sessions),
            f"{_PACKAGE}.StockService",
        ),
        (
            stock_pb2_grpc.add_ReservationServiceServicer_to_server,
            ReservationServicer(Reserving(needs.engine, sessions, quoter, hold_time)),
            f"{_PACKAGE}.ReservationService",
        ),
        (
            imports_pb2_grpc.add_ImportServiceServicer_to_server,
            ImportServicer(sessions, runner.nudge),
            f"{_PACKAGE}.ImportService",
        ),
    ]


def background(needs: Needs, quoter: Quoter, runner: ImportRunner) -> list[Background]:
    """Without a target for orders no hold is ever given up."""
    settings = needs.settings
    tasks: list[Background] = [runner, SearchUpkeep(needs.sessions, lambda: quoter.clock().today)]
    if needs.orders is not None:
        hold_time = datetime.timedelta(minutes=settings.hold_minutes)
        tasks.append(
            Sweeper(needs.sessions, needs.orders, hold_time=hold_time, every_seconds=settings.sweep_seconds)
        )
    return tasks
