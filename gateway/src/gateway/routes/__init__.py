"""Every route that is one RPC, in the order in which they are matched: the busiest first."""

from gateway.operation import Operation
from gateway.routes import (
    accounts,
    audit,
    budgets,
    checkout,
    imports,
    mails,
    orders,
    pricing,
    products,
    representatives,
    sessions,
    stock,
)

OPERATIONS: tuple[Operation, ...] = (
    *orders.OPERATIONS,
    *products.OPERATIONS,
    *sessions.OPERATIONS,
    *accounts.OPERATIONS,
    *pricing.OPERATIONS,
    *stock.OPERATIONS,
    *checkout.OPERATIONS,
    *budgets.OPERATIONS,
    *imports.OPERATIONS,
    *representatives.OPERATIONS,
    *mails.OPERATIONS,
    *audit.OPERATIONS,
)
