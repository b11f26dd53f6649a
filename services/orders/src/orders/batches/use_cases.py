"""One order of an upload: entered, compared with what the customer was told, placed; or what stands against it.

Every step may be repeated: the order is known by its id, placing by the order's id as its request. So an upload whose
answer was lost goes on where the first one stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

from commis.orders.v1 import entry_pb2 as pb

from chassis import context as requests
from chassis.errors import FieldViolation, Kind, ServiceError
from orders import answers, store
from orders.answers import AlreadyAnswered, Key, Reply
from orders.batches import entering, looking, wire
from orders.batches.domain import MOVED, Answer, OfflineOrder, Outcome, pair
from orders.batches.ports import Proposals
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.domain.states import PlacementInProgress, State
from orders.infrastructure import Infrastructure
from orders.placing import use_cases as placing
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import OrderNotPlaceable, unique

METHOD = "UploadOrders"
# So often prices may move between the draft and the attempt to place it.
_TRIES = 3
_PLACED = Reply(wire.placed, pb.UploadOrdersResponse.FromString)


def key(given: OfflineOrder) -> Key:
    principal = requests.principal()
    kind, actor = principal.effective_actor
    return Key(f"{principal.subject}:{kind}:{actor}", METHOD, given.order_id, given.fingerprint)


async def upload(infra: Infrastructure, proposals: Proposals, given: OfflineOrder) -> pb.UploadOrdersResponse:
    """Raises ServiceError: AccountNotFound, OrderIdTaken and InvalidFields are final, others worth another try."""
    found, facts = await entering.find(infra, given)
    order = found or await entering.enter(infra, given, facts)
    for last in (False, True):
        if order.state is not State.DRAFT:
            return await _known(infra, proposals, given, order)
        try:
            return await _place(infra, proposals, given, order)
        except ServiceError as error:
            if last or error.kind is not Kind.FAILED_PRECONDITION:
                raise
        order = await _again(infra, order)  # the same order, uploaded at the same time, was faster
    raise AssertionError("unreachable")


async def _again(infra: Infrastructure, order: Order) -> Order:
    found = await store.find_alone(infra.engine, order.id)
    if found is None:
        raise OrderNotFound(order.id)
    return found


async def _place(
    infra: Infrastructure, proposals: Proposals, given: OfflineOrder, order: Order
) -> pb.UploadOrdersResponse:
    """Only as the customer was told. A price that nobody was shown is the price of now."""
    command = PlaceOrder(order.id, key(given), given.accepted)
    for _ in range(_TRIES):
        pairing = pair(given.lines, order)
        if pairing.changed:
            return _attention(order, [looking.changed_since()])
        found = [*looking.moved(given, pairing), *await looking.missing(infra, given, order, pairing)]
        if not found:
            try:
                answer: pb.UploadOrdersResponse = await placing.place_order(infra, command, _PLACED)
            except OrderNotPlaceable as error:
                found = looking.translated(error.violations, pairing)
                order = await _again(infra, order)  # placing may have put the prices of now on it
                if order.state is not State.DRAFT:
                    return await _known(infra, proposals, given, order)
            else:
                return answer
        if not order.lines or (found and MOVED.isdisjoint(each.reason for each in found)):
            return _attention(order, found)
        if found:
            return await _propose(infra, proposals, given, order, found)
    raise PlacementInProgress(order.id)


async def _propose(
    infra: Infrastructure,
    proposals: Proposals,
    given: OfflineOrder,
    order: Order,
    found: Sequence[FieldViolation],
) -> pb.UploadOrdersResponse:
    order = await _again(infra, order)
    pairing = pair(given.lines, order)
    if pairing.changed:  # both sides are at work on it already
        return _attention(order, [looking.state_of(order)])
    short, more = await looking.offers(infra, order, pairing)
    reasons = unique([*looking.moved(given, pairing), *more, *found])
    await proposals.propose(given, order, short, looking.message(reasons))
    answer = wire.answer(
        Answer(str(order.id), Outcome.NEEDS_ATTENTION, state=State.NEGOTIATING, reasons=reasons, shared=True)
    )
    try:
        async with infra.sessions.begin() as session:
            await answers.store(await session.connection(), key(given), answer)
    except AlreadyAnswered:
        pass  # by the same order, uploaded at the same time
    return answer


async def _known(
    infra: Infrastructure, proposals: Proposals, given: OfflineOrder, order: Order
) -> pb.UploadOrdersResponse:
    """What became of it since an earlier upload."""
    if order.place_time is not None:
        return wire.answer(Answer(str(order.id), Outcome.ALREADY_PLACED, order.number, order.state))
    if order.state is not State.NEGOTIATING:
        return _attention(order, [looking.state_of(order)])
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, key(given))
    if stored is not None:
        return pb.UploadOrdersResponse.FromString(stored)
    found = await looking.missing(infra, given, order, pair(given.lines, order))
    return await _propose(infra, proposals, given, order, found)


def _attention(order: Order, reasons: Sequence[FieldViolation]) -> pb.UploadOrdersResponse:
    shared = order.state is State.NEGOTIATING
    return wire.answer(
        Answer(str(order.id), Outcome.NEEDS_ATTENTION, state=order.state, reasons=reasons, shared=shared)
    )
