import time
import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from chassis import access, client, context
from chassis.errors import NotFound, Violations
from chassis.testing import as_staff, grpc_server


class Thing(NotFound):
    reason = "THING_NOT_FOUND"


class Echo:
    RULES = {"Say": access.staff("ADMIN"), "List": access.PUBLIC}

    async def Say(self, request, ctx):
        if request.value == "missing":
            raise Thing("no", thing="x")
        if request.value == "fields":
            v = Violations()
            v.add("a", "b")
            v.raise_if_any()
        if request.value == "boom":
            raise RuntimeError("secret")
        return StringValue(value=request.value + str(context.principal().kind))

    async def List(self, request, ctx):
        for n in range(3):
            yield StringValue(value=str(n))


def add(servicer, server):
    h = {
        "Say": grpc.unary_unary_rpc_method_handler(
            servicer.Say, StringValue.FromString, StringValue.SerializeToString
        ),
        "List": grpc.unary_stream_rpc_method_handler(
            servicer.List, StringValue.FromString, StringValue.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.Echo", h),))
    server.add_registered_method_handlers("t.Echo", h)


async def test_say():
    async with grpc_server([(add, Echo(), "t.Echo")]) as s:
        say = s.channel.unary_unary("/t.Echo/Say", StringValue.SerializeToString, StringValue.FromString)
        lst = s.channel.unary_stream("/t.Echo/List", StringValue.SerializeToString, StringValue.FromString)
        md = as_staff("ADMIN")
        assert (await say(StringValue(value="a"), metadata=md)).value == "aSTAFF"
        with pytest.raises(grpc.aio.AioRpcError) as e:
            await say(StringValue(value="a"))
        assert e.value.code() == grpc.StatusCode.UNAUTHENTICATED
        for word in ("missing", "fields", "boom"):
            with pytest.raises(grpc.aio.AioRpcError) as e:
                await say(StringValue(value=word), metadata=md)
            print(e.value.code(), e.value.details())
            from chassis.status import from_rpc_error

            print(repr(from_rpc_error(e.value, "t")))
        assert [x.value async for x in lst(StringValue())] == ["0", "1", "2"]
        raw = s.channel.unary_unary("/t.Echo/Say", lambda b: b, StringValue.FromString)
        with pytest.raises(grpc.aio.AioRpcError) as e:
            await raw(b"\xff\xff", metadata=md)
        assert e.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.aio.AioRpcError) as e:
            await raw(b"\x0a\x01\xff", metadata=md)
        assert e.value.code() == grpc.StatusCode.INVALID_ARGUMENT
