"""A servicer over well-known types with one RPC of each shape, registered as generated code would."""

import asyncio
from typing import Any, ClassVar

import grpc
from google.protobuf.wrappers_pb2 import StringValue

from chassis import access, context, errors

NAME = "commis.test.v1.EchoService"
DECODE, ENCODE = StringValue.FromString, StringValue.SerializeToString


class EchoNotFound(errors.NotFound):
    reason = "ECHO_NOT_FOUND"


class Echo:
    RULES: ClassVar[dict[str, access.Rule]] = {
        "Say": access.staff("ORDER_DESK"),
        "Open": access.PUBLIC,
        "Count": access.accounts(),
        "Join": access.any_of(access.accounts(), access.services("echo.join")),
    }

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.seen: list[context.Request] = []

    async def Say(self, request: StringValue, ctx: Any) -> StringValue:
        return await self._answer(request)

    async def Open(self, request: StringValue, ctx: Any) -> StringValue:
        return await self._answer(request)

    async def Count(self, request: StringValue, ctx: Any) -> Any:
        for number in range(int(request.value)):
            yield StringValue(value=str(number))
        raise EchoNotFound("That was the last one.")

    async def Join(self, requests: Any, ctx: Any) -> StringValue:
        return StringValue(value="".join([request.value async for request in requests]))

    async def _answer(self, request: StringValue) -> StringValue:
        self.seen.append(context.current())
        answer = self.answers.get(request.value, request.value)
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = await answer()
        return StringValue(value=str(answer))


def add_echo(servicer: Echo, server: Any) -> None:
    handlers = {
        "Say": grpc.unary_unary_rpc_method_handler(servicer.Say, DECODE, ENCODE),
        "Open": grpc.unary_unary_rpc_method_handler(servicer.Open, DECODE, ENCODE),
        "Count": grpc.unary_stream_rpc_method_handler(servicer.Count, DECODE, ENCODE),
        "Join": grpc.stream_unary_rpc_method_handler(servicer.Join, DECODE, ENCODE),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))
    server.add_registered_method_handlers(NAME, handlers)


class Stub:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.Say = channel.unary_unary(f"/{NAME}/Say", ENCODE, DECODE)
        self.Raw = channel.unary_unary(f"/{NAME}/Open", lambda raw: raw, DECODE)
        self.Open = channel.unary_unary(f"/{NAME}/Open", ENCODE, DECODE)
        self.Count = channel.unary_stream(f"/{NAME}/Count", ENCODE, DECODE)
        self.Join = channel.stream_unary(f"/{NAME}/Join", ENCODE, DECODE)


async def until(condition: Any, seconds: float = 15) -> None:
    """Wait for `condition()` (or its awaited value) to hold; fails the test after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if asyncio.iscoroutine(held):
                held = await held
            if held:
                return
            await asyncio.sleep(0.02)
