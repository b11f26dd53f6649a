"""Every route that is one RPC, in the order in which they are matched: the busiest first."""

from gateway.operation import Operation
from gateway.routes import (
    accounts,
    audit,
    budgets,
    business,
    checkout,
    imports,
    mails,
    members,
    orders,
    platforms,
    pricing,
    privacy,
    products,
    representatives,
    sessions,
    statistics,
    stock,
    webhooks,
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
    *members.OPERATIONS,
    *business.OPERATIONS,
    *platforms.OPERATIONS,
    *statistics.OPERATIONS,
    *webhooks.OPERATIONS,
    *privacy.OPERATIONS,
    *mails.OPERATIONS,
    *audit.OPERATIONS,
)
