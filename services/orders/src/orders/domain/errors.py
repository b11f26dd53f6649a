"""Refusals that several capabilities share."""

from chassis.errors import AlreadyExists, NotFound


class OrderNotFound(NotFound):
    """Also for an order that exists and that the caller may not see; the two cannot be told apart."""

    reason = "ORDER_NOT_FOUND"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"There is no order {order_id}.", order_id=order_id)


class OrderLineNotFound(NotFound):
    reason = "ORDER_LINE_NOT_FOUND"

    def __init__(self, line_id: object) -> None:
        super().__init__(f"The order has no line {line_id}.", line_id=line_id)


class AccountNotFound(NotFound):
    """Also for an account that the caller may not order for."""

    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"There is no account {account_id}.", account_id=account_id)


class OrderIdTaken(AlreadyExists):
    reason = "ORDER_ID_TAKEN"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"Order id {order_id} is already used for another order.", order_id=order_id)
