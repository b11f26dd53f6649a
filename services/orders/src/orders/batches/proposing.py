"""An offline order that cannot be placed as it was taken becomes a shared order: the vendor proposes what it can."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from uuid import UUID, uuid5

from chassis import context as requests
from orders import access, answers
from orders.answers import Key
from orders.batches.domain import OfflineOrder, Short
from orders.domain.model import Order
from orders.domain.states import IllegalMove, State
from orders.infrastructure import Infrastructure
from orders.shared import starting
from orders.shared.domain import answering, proposing
from orders.shared.domain.prices import Prices
from orders.shared.domain.proposing import HeaderWish, LineWish
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.domain.terms import MARK, QUANTITY, REMOVED, Mark
from orders.shared.negotiating import Deal, negotiate
from orders.shared.starting import StartSharedOrder

_METHOD = "ProposeUpload"


class SharedOrders:
    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def propose(
        self, given: OfflineOrder, order: Order, short: Mapping[UUID, Short], message: str
    ) -> None:
        """First a shared order with the lines as they were typed; then, in one command, what is there of them, the
        terms of sale as the customer accepted them, and the hand-over. One that somebody else started is left alone."""
        start = _key(given, "start")
        if order.state is State.DRAFT:
            with contextlib.suppress(IllegalMove):  # the same order, uploaded at the same time, was faster
                await starting.start(self._infra, StartSharedOrder(order.id, key=start))
        async with self._infra.engine.connect() as connection:
            if await answers.find(connection, start) is None:
                return
        accepts = bool(given.accepted.version and given.accepted.hash) and access.caller().is_rep

        def hand_over(sheet: Sheet, command: Command, prices: Prices) -> None:
            if sheet.sent:
                return
            wishes = [_wish(line, each) for line, each in short.items() if line in sheet.lines]
            proposing.propose(sheet, command, wishes, HeaderWish(), prices)
            if accepts:
                answering.accept_terms(sheet, command, given.accepted.version, given.accepted.hash)
            answering.send(sheet, command, message, None)

        await negotiate(self._infra, Deal(order.id, key=_key(given, "send")), hand_over)


def _wish(line: UUID, short: Short) -> LineWish:
    """What was typed stays in the log: it is the value before."""
    if short.gone:
        return LineWish("lines", line, values={REMOVED: True})
    if short.available:
        return LineWish("lines", line, values={QUANTITY: short.available, MARK: Mark.SHORT})
    return LineWish("lines", line, values={MARK: Mark.BACKORDERED})


def _key(given: OfflineOrder, step: str) -> Key:
    """Of the order, whoever uploads it again."""
    kind, actor = requests.principal().effective_actor
    return Key(f"{kind}:{actor}", _METHOD, uuid5(given.order_id, step), given.fingerprint)
