"""The RPCs of BusinessProfileService about one request: ask, answer, approve, reject."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeAlias, TypeVar

from commis.customers.v1 import accounts_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import callers, transactions
from customers.accounts import wire as account_wire
from customers.business import decisions, queries, wire
from customers.business.decisions import Target

DECIDERS = access.staff(*callers.ACCOUNT_KEEPERS)

_Request: TypeAlias = (
    pb.ApproveBusinessRequestRequest
    | pb.RejectBusinessRequestRequest
    | pb.AskBusinessRequestRequest
    | pb.AnswerBusinessRequestRequest
)
_Response = TypeVar(
    "_Response",
    pb.ApproveBusinessRequestResponse,
    pb.RejectBusinessRequestResponse,
    pb.AskBusinessRequestResponse,
    pb.AnswerBusinessRequestResponse,
)


class DecisionRpcs:
    """Mixed into BusinessProfileServicer."""

    RULES: ClassVar[Mapping[str, Rule]] = {
        "ApproveBusinessRequest": DECIDERS,
        "RejectBusinessRequest": DECIDERS,
        "AskBusinessRequest": DECIDERS,
        "AnswerBusinessRequest": access.accounts(),
    }
    _sessions: Sessions

    async def ApproveBusinessRequest(
        self, request: pb.ApproveBusinessRequestRequest, context: Any
    ) -> pb.ApproveBusinessRequestResponse:
        target = _target(Violations(), request)

        async def move(session: AsyncSession, who: Principal) -> None:
            allowed = request.pay_later_allowed
            await decisions.approve(session, who, target, pay_later_allowed=allowed)

        return await self._move(request, target, pb.ApproveBusinessRequestResponse, move)

    async def RejectBusinessRequest(
        self, request: pb.RejectBusinessRequestRequest, context: Any
    ) -> pb.RejectBusinessRequestResponse:
        found = Violations()
        text = wire.message(found, "message", request.message, required=False)
        target = _target(found, request)

        async def move(session: AsyncSession, who: Principal) -> None:
            await decisions.reject(session, who, target, text)

        return await self._move(request, target, pb.RejectBusinessRequestResponse, move)

    async def AskBusinessRequest(
        self, request: pb.AskBusinessRequestRequest, context: Any
    ) -> pb.AskBusinessRequestResponse:
        found = Violations()
        text = wire.message(found, "message", request.message, required=True)
        target = _target(found, request)

        async def move(session: AsyncSession, who: Principal) -> None:
            await decisions.ask(session, who, target, text)

        return await self._move(request, target, pb.AskBusinessRequestResponse, move)

    async def AnswerBusinessRequest(
        self, request: pb.AnswerBusinessRequestRequest, context: Any
    ) -> pb.AnswerBusinessRequestResponse:
        found = Violations()
        text = wire.message(found, "message", request.message, required=True)
        texts = None
        if request.HasField("profile"):
            texts = account_wire.profile(found, "profile", request.profile)
        target = _target(found, request)

        async def move(session: AsyncSession, who: Principal) -> None:
            await decisions.answer(session, who, target, text, texts)

        return await self._move(request, target, pb.AnswerBusinessRequestResponse, move)

    async def _move(
        self,
        request: _Request,
        target: Target,
        response_type: type[_Response],
        move: Callable[[AsyncSession, Principal], Awaitable[None]],
    ) -> _Response:
        async def work(session: AsyncSession, who: Principal) -> _Response:
            await move(session, who)
            view = await queries.get_request(session, who, target.request_id)
            return response_type(business_request=wire.answer(view))

        return await transactions.once(self._sessions, request, request.request_id, response_type, work)


def _target(found: Violations, request: _Request) -> Target:
    """Raises InvalidFields with everything that was found before, too."""
    request_id = fields.identifier(found, "business_request_id", request.business_request_id)
    found.raise_if_any()
    assert request_id is not None
    return Target(request_id, request.etag)
