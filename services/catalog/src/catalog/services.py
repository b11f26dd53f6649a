"""The servicers of this process with everything they need, and its background tasks."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from types import ModuleType

from commis.catalog.v1 import (
    exports_pb2_grpc,
    imports_pb2_grpc,
    legal_caps_pb2_grpc,
    onix_pb2_grpc,
    pricing_pb2_grpc,
    products_pb2_grpc,
    selections_pb2_grpc,
    stock_pb2_grpc,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.accounts import Accounts
from catalog.config import Settings
from catalog.exports.rpc import ExportServicer
from catalog.imports.rpc import ImportServicer
from catalog.imports.runner import ImportRunner
from catalog.legal_caps.rpc import LegalCapServicer
from catalog.onix.mapping.rpc import OnixMappingServicer
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
from catalog.selections.rpc import SelectionServicer
from catalog.stock.rpc import StockServicer
from chassis.db import Sessions
from chassis.server import Background, Servicer

_PACKAGE = "commis.catalog.v1"


@dataclass(frozen=True, slots=True)
class Needs:
    """`hot` is for reading that happens with every search and quote (see direct.planning_once)."""

    settings: Settings
    engine: AsyncEngine
    hot: AsyncEngine
    sessions: Sessions
    customers: Customers
    orders: Orders | None


def quoter_of(settings: Settings) -> Quoter:
    return Quoter(settings.zone, settings.vendor_region)


def servicers(needs: Needs, quoter: Quoter, runner: ImportRunner) -> list[Servicer]:
    sessions, settings = needs.sessions, needs.settings
    accounts = Accounts(needs.customers)
    hold_time = datetime.timedelta(seconds=settings.hold_seconds)
    reserving = Reserving(needs.engine, sessions, quoter, hold_time)
    products = ProductServicer(sessions, quoter, accounts, settings.vendor_language)
    return [
        _served(products_pb2_grpc, "ProductService", products),
        _served(
            products_pb2_grpc, "SearchService", SearchServicer(needs.engine, needs.hot, quoter, accounts)
        ),
        _served(pricing_pb2_grpc, "PricingService", PricingServicer(needs.hot, quoter, accounts)),
        _served(pricing_pb2_grpc, "PriceListService", PriceListServicer(sessions, quoter, accounts)),
        _served(pricing_pb2_grpc, "DiscountGridService", DiscountGridServicer(sessions, quoter, accounts)),
        _served(legal_caps_pb2_grpc, "LegalCapService", LegalCapServicer(sessions, quoter)),
        _served(selections_pb2_grpc, "SelectionService", SelectionServicer(sessions, quoter, accounts)),
        _served(stock_pb2_grpc, "StockService", StockServicer(sessions)),
        _served(stock_pb2_grpc, "ReservationService", ReservationServicer(reserving)),
        _served(imports_pb2_grpc, "ImportService", _imports(needs, runner)),
        _served(exports_pb2_grpc, "ExportService", ExportServicer(needs.engine, quoter.clock)),
        _served(onix_pb2_grpc, "OnixMappingService", OnixMappingServicer(sessions, settings.vendor_region)),
    ]


def _imports(needs: Needs, runner: ImportRunner) -> ImportServicer:
    return ImportServicer(needs.sessions, runner.nudge, internal_allowed=needs.settings.profile == "local")


def _served(module: ModuleType, name: str, servicer: object) -> Servicer:
    """With the generated adder and the full name."""
    return getattr(module, f"add_{name}Servicer_to_server"), servicer, f"{_PACKAGE}.{name}"


def background(needs: Needs, quoter: Quoter, runner: ImportRunner) -> list[Background]:
    """Without a target for orders no hold is ever given up."""
    settings = needs.settings
    tasks: list[Background] = [runner, SearchUpkeep(needs.sessions, lambda: quoter.clock().today)]
    if needs.orders is not None:
        hold_time = datetime.timedelta(seconds=settings.hold_seconds)
        tasks.append(
            Sweeper(needs.sessions, needs.orders, hold_time=hold_time, every_seconds=settings.sweep_seconds)
        )
    return tasks
