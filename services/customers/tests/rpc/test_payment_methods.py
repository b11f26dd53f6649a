"""Who may pay electronically: the account's own people, and nobody who acts for them."""

from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import sessions_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff

VOUCH = as_service("customers.access", vouching=True)


async def methods(world: Any, account_id: str, who: Any, method: str) -> list[str]:
    request = pb.AuthorizeOrderRequest(order_id=str(new_id()), account_id=account_id, payment_method=method)
    answer = await world.call("AccessService", "AuthorizeOrder", request, (*who, *VOUCH))
    return list(answer.payment_methods)


@pytest.mark.spec("O-12", "O-22")
async def test_only_the_accounts_own_people_pay_electronically(world: Any, refused: Any) -> None:
    account = await world.account()
    rep = await world.rep("EL1", account.id)
    own = as_customer(UUID(account.persons[0].id), UUID(account.id))
    assert "ELECTRONIC" in await methods(world, account.id, own, "ELECTRONIC")
    for who in (as_rep(UUID(rep.id)), as_rep_for(UUID(rep.id), UUID(account.id)), as_staff("ADMIN")):
        assert "ELECTRONIC" not in await methods(world, account.id, who, "BANK_TRANSFER")
        with pytest.raises(refused) as error:
            await methods(world, account.id, who, "ELECTRONIC")
        assert error.value.violations == {"payment_method": "PAYMENT_METHOD_NOT_ALLOWED"}
