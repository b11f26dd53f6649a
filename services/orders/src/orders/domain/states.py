"""The states of an order and the one table of moves between them."""

from enum import StrEnum

from chassis.errors import Aborted, FailedPrecondition


class State(StrEnum):
    DRAFT = "DRAFT"
    NEGOTIATING = "NEGOTIATING"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    PLACED = "PLACED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class PaymentState(StrEnum):
    NONE = "NONE"
    OPEN = "OPEN"
    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    # Everything that came in was given back.
    REFUNDED = "REFUNDED"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"


class FulfilmentState(StrEnum):
    NONE = "NONE"
    OPEN = "OPEN"
    PARTLY_SHIPPED = "PARTLY_SHIPPED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"


class Verb(StrEnum):
    SHARE = "share"
    PLACE = "place"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    PROCESS = "process"
    SHIP = "ship"
    DELIVER = "deliver"
    CLOSE = "close"


# Payment is an axis of its own; so is fulfilment, but that what is open can ship, and only what shipped can arrive.
MOVES: dict[State, dict[Verb, State]] = {
    State.DRAFT: {
        Verb.SHARE: State.NEGOTIATING,
        Verb.PLACE: State.PLACED,
        Verb.CANCEL: State.CANCELLED,
    },
    # Placed once both sides agreed to everything.
    State.NEGOTIATING: {Verb.PLACE: State.PLACED, Verb.CANCEL: State.CANCELLED},
    # Placing asks for approval first where spending control wants it; whatever changes the order ends the request, and
    # it is a draft again, or negotiated again.
    State.PENDING_APPROVAL: {
        Verb.APPROVE: State.PLACED,
        Verb.REJECT: State.DRAFT,
        Verb.CANCEL: State.CANCELLED,
    },
    State.PLACED: {Verb.PROCESS: State.PROCESSING, Verb.CANCEL: State.CANCELLED},
    State.PROCESSING: {Verb.SHIP: State.SHIPPED, Verb.CANCEL: State.CANCELLED},
    State.SHIPPED: {Verb.SHIP: State.SHIPPED, Verb.DELIVER: State.DELIVERED},
    State.DELIVERED: {Verb.CLOSE: State.CLOSED},
    State.CLOSED: {},
    State.CANCELLED: {},
}
_EDITABLE = frozenset((State.DRAFT, State.PENDING_APPROVAL))


class IllegalMove(FailedPrecondition):
    reason = "ORDER_STATE"

    def __init__(self, state: State, verb: Verb, fulfilment: FulfilmentState = FulfilmentState.NONE) -> None:
        allowed = ", ".join(allowed_verbs(state, fulfilment)) or "nothing"
        message = f"The order is {state} and cannot be moved by '{verb}'; allowed: {allowed}."
        super().__init__(message, state=state, verb=verb, allowed_verbs=allowed)


class OrderNotEditable(FailedPrecondition):
    reason = "ORDER_NOT_EDITABLE"

    def __init__(self, state: State) -> None:
        allowed = ", ".join(allowed_verbs(state)) or "nothing"
        message = f"The order is {state} and can no longer be edited; allowed: {allowed}."
        super().__init__(message, state=state, allowed_verbs=allowed)


class PlacementInProgress(Aborted):
    """Somebody is placing this order right now; the answer of that attempt comes within seconds."""

    reason = "PLACEMENT_IN_PROGRESS"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"Order {order_id} is being placed.", retry_after=1.0, order_id=order_id)


def allowed_verbs(state: State, fulfilment: FulfilmentState = FulfilmentState.NONE) -> tuple[Verb, ...]:
    """`fulfilment` matters for a SHIPPED order: wholly, or partly."""
    if state is State.SHIPPED:
        return (Verb.SHIP,) if fulfilment is FulfilmentState.PARTLY_SHIPPED else (Verb.DELIVER,)
    return tuple(MOVES[state])


def move(state: State, verb: Verb, fulfilment: FulfilmentState = FulfilmentState.NONE) -> State:
    """The state that `verb` leads to. Raises IllegalMove, which names the verbs that are allowed."""
    if verb not in allowed_verbs(state, fulfilment):
        raise IllegalMove(state, verb, fulfilment)
    return MOVES[state][verb]


def check_editable(state: State, *, shared: bool = False) -> None:
    """Raises OrderNotEditable unless the order is still a sheet of one side alone."""
    if state not in _EDITABLE or shared:
        raise OrderNotEditable(state)
