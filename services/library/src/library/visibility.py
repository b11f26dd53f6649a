"""Which accounts' budgets a caller may see."""

from __future__ import annotations

from uuid import UUID

from chassis import context
from library.ports import Customers


async def may_see(customers: Customers, account_id: UUID) -> bool:
    """Staff see all, people their account; orders, which asked customers itself, sees what it needs for teams
    that call it. A rep is checked against customers at each use: an assignment may have ended since the token
    was issued."""
    who = context.current().principal
    if who is None or who.kind in ("STAFF", "SERVICE"):
        return True
    if who.kind == "ACCOUNT" and who.acts_for_account != account_id:
        return False
    if "REP" in (who.kind, who.actor_kind):
        return await customers.may_order_for(account_id)
    return who.kind == "ACCOUNT"
