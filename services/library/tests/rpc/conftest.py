from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from commis.library.v1 import budgets_pb2_grpc

from chassis.db import Sessions
from chassis.ids import new_id
from chassis.testing import grpc_server
from library.budgets.rpc import BudgetServicer
from library.holds.rpc import BudgetHoldServicer
from services.library.tests.factories import FakeCustomers


@dataclass
class Running:
    budgets: budgets_pb2_grpc.BudgetServiceStub
    holds: budgets_pb2_grpc.BudgetHoldServiceStub
    customers: FakeCustomers
    account_id: UUID


@pytest.fixture
async def running(sessions: Sessions) -> AsyncIterator[Running]:
    account_id = new_id()
    customers = FakeCustomers(account_id)
    servicers = [
        (
            budgets_pb2_grpc.add_BudgetServiceServicer_to_server,
            BudgetServicer(sessions, customers),
            "commis.library.v1.BudgetService",
        ),
        (
            budgets_pb2_grpc.add_BudgetHoldServiceServicer_to_server,
            BudgetHoldServicer(sessions),
            "commis.library.v1.BudgetHoldService",
        ),
    ]
    async with grpc_server(servicers, domain="library.commis") as server:
        yield Running(
            budgets_pb2_grpc.BudgetServiceStub(server.channel),
            budgets_pb2_grpc.BudgetHoldServiceStub(server.channel),
            customers,
            account_id,
        )
