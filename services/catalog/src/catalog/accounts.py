"""For which account a request asks prices, and the facts about it.

A representative is checked against customers at each use, also inside an ordering session. For an account's own
people the facts may be a few seconds old.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from uuid import UUID

from catalog.ports import Customers
from catalog.pricing.quote import Customer
from chassis import context
from chassis.context import Principal
from chassis.errors import FieldViolation, InvalidFields, NotFound

KEEP_SECONDS = 5.0
_MOST = 10_000


class AccountNotFound(NotFound):
    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"There is no account {account_id}.", account_id=account_id)


class Accounts:
    """One per process."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers
        self._known: OrderedDict[tuple[UUID, str], tuple[float, Customer]] = OrderedDict()

    async def find(self, account_id: UUID | None) -> Customer | None:
        """The account that was asked for or that the caller acts for; None when there is neither.

        Raises AccountNotFound for an account the caller may not see, or a service error of customers.
        """
        who = context.current().principal
        own = who.acts_for_account if who is not None else None
        wanted = account_id or own
        if who is None or wanted is None:
            return None
        if own is not None and wanted != own:
            raise AccountNotFound(wanted)
        if own is None and who.kind not in ("REP", "STAFF"):
            raise AccountNotFound(wanted)
        if who.kind == "REP" or who.actor_kind == "REP":
            return await self._customers.ordering_context(wanted)
        return await self._recent(wanted, who)

    async def get(self, account_id: UUID | None) -> Customer:
        """As `find`; raises InvalidFields when there is no account at all."""
        found = await self.find(account_id)
        if found is None:
            raise InvalidFields(
                [FieldViolation("account_id", "is required: the caller acts for no account", "REQUIRED")]
            )
        return found

    async def check(self, account_id: UUID | None) -> None:
        """For what is kept about an account. Raises as `find`."""
        if account_id is not None:
            await self.find(account_id)

    async def _recent(self, account_id: UUID, who: Principal) -> Customer:
        key = (account_id, f"{who.session_id}:{who.effective_actor[1]}")
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < KEEP_SECONDS:
            return known[1]
        facts = await self._customers.ordering_context(account_id)
        self._known[key] = (now, facts)
        self._known.move_to_end(key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return facts
