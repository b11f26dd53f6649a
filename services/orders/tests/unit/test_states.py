"""The table of moves."""

import pytest

from orders.domain.states import (
    MOVES,
    IllegalMove,
    OrderNotEditable,
    State,
    Verb,
    allowed_verbs,
    check_editable,
    move,
)

PATH = [
    (State.DRAFT, Verb.SHARE, State.NEGOTIATING),
    (State.DRAFT, Verb.PLACE, State.PLACED),
    (State.NEGOTIATING, Verb.PLACE, State.PLACED),
    (State.PLACED, Verb.PROCESS, State.PROCESSING),
    (State.PROCESSING, Verb.SHIP, State.SHIPPED),
    (State.SHIPPED, Verb.DELIVER, State.DELIVERED),
    (State.DELIVERED, Verb.CLOSE, State.CLOSED),
    (State.PENDING_APPROVAL, Verb.APPROVE, State.PLACED),
    (State.PENDING_APPROVAL, Verb.REJECT, State.DRAFT),
]
CANCELLABLE = {State.DRAFT, State.NEGOTIATING, State.PENDING_APPROVAL, State.PLACED, State.PROCESSING}


@pytest.mark.spec("O-31")
def test_only_the_moves_of_the_table_are_allowed() -> None:
    legal = {(state, verb): to for state, verb, to in PATH}
    legal |= {(state, Verb.CANCEL): State.CANCELLED for state in CANCELLABLE}
    for state in State:
        for verb in Verb:
            if (state, verb) in legal:
                assert move(state, verb) is legal[state, verb]
                continue
            with pytest.raises(IllegalMove) as refused:
                move(state, verb)
            expected = ", ".join(v for s, v in legal if s is state)
            named = set(refused.value.metadata["allowed_verbs"].split(", ")) - {"nothing"}
            assert named == {v for s, v in legal if s is state}, expected
            assert refused.value.metadata["state"] == state


def test_every_state_is_in_the_table() -> None:
    assert set(MOVES) == set(State)
    assert allowed_verbs(State.CLOSED) == allowed_verbs(State.CANCELLED) == ()


@pytest.mark.parametrize("state", set(State) - {State.DRAFT, State.PENDING_APPROVAL})
def test_only_sheets_are_edited(state: State) -> None:
    check_editable(State.DRAFT)
    check_editable(State.PENDING_APPROVAL)
    with pytest.raises(OrderNotEditable):
        check_editable(state)
    with pytest.raises(OrderNotEditable):
        check_editable(State.PENDING_APPROVAL, shared=True)
