"""What surrounds every RPC, over a real channel."""

import asyncio
import time
from typing import Any, ClassVar

import grpc
import pytest
import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue

from chassis import access, client, context, db, errors, status
from chassis.context import Principal, Request
from chassis.ids import new_id
from chassis.rpc import RefusedToStart
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff, grpc_server, issuer
from chassis.tokens import ServiceTokens

from .echo import NAME, Echo, EchoNotFound, Stub, add_echo, until

DESK = as_staff("ORDER_DESK")


async def refused(call: Any) -> errors.ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return status.from_rpc_error(caught.value, "echo")


async def test_rules_decide_before_the_handler_runs() -> None:
    echo = Echo()
    person, account, rep = new_id(), new_id(), new_id()
    async with grpc_server([(add_echo, echo, NAME)]) as running:
        stub = Stub(running.channel)
        hello = StringValue(value="hello")
        assert (await stub.Say(hello, metadata=DESK)).value == "hello"
        assert (await stub.Say(hello, metadata=as_staff("ADMIN"))).value == "hello"
        for other in (as_staff("FINANCE"), as_rep(rep), as_customer(person, account), as_service("x")):
            assert (await refused(stub.Say(hello, metadata=other))).kind == "PERMISSION_DENIED"
        assert (await refused(stub.Say(hello))).kind == "UNAUTHENTICATED"
        assert (await refused(stub.Say(hello, metadata=(("authorization", "Bearer x.y.z"),)))).kind == (
            "UNAUTHENTICATED"
        )
        for allowed in (
            as_rep_for(rep, account),
            as_service("echo.join", vouching=True),
            as_service("echo.join"),
        ):
            joined = await stub.Join(iter([hello, hello]), metadata=allowed)
            assert joined.value == "hellohello"
        denied = as_service("other", vouching=True)
        assert (await refused(stub.Join(iter([hello]), metadata=denied))).kind == "PERMISSION_DENIED"
    assert len(echo.seen) == 2


async def test_the_request_context_reaches_the_handler() -> None:
    echo = Echo()
    person, account = new_id(), new_id()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    extra = (("x-request-id", "r-1"), ("traceparent", trace), ("x-forwarded-for", "192.0.2.1"))
    async with grpc_server([(add_echo, echo, NAME)]) as running:
        stub = Stub(running.channel)
        await stub.Open(StringValue(), metadata=as_customer(person, account, "USER") + extra, timeout=3)
        await stub.Open(StringValue(), metadata=(("x-request-id", "bad id!"),))
        expired = issuer.token(Principal(account, "ACCOUNT"), lifetime=-60)
        await stub.Open(StringValue(), metadata=(("authorization", f"Bearer {expired}"),))
    first, second, third = echo.seen
    assert (first.request_id, first.traceparent, first.peer) == ("r-1", trace, "192.0.2.1")
    assert first.principal is not None
    assert first.principal.acts_for_account == account
    assert first.principal.effective_actor == ("PERSON", str(person))
    assert first.principal.membership_role == "USER"
    assert first.deadline is not None
    assert len(second.request_id) == 36
    assert second.deadline is not None
    assert first.deadline < second.deadline  # 3 s as sent, 10 s where nothing was sent
    assert third.principal is None  # an expired token does not close a public RPC, it is no identity either


async def test_where_a_token_means_something_only_none_makes_a_visitor() -> None:
    class Door(Echo):
        RULES: ClassVar[dict[str, access.Rule]] = Echo.RULES | {
            "Open": access.Rule("anyone", lambda request: True)
        }

    echo = Door()
    expired = issuer.token(Principal(new_id(), "ACCOUNT"), lifetime=-60)
    async with grpc_server([(add_echo, echo, NAME)]) as running:
        stub = Stub(running.channel)
        await stub.Open(StringValue())
        await stub.Open(StringValue(), metadata=as_customer(new_id(), new_id()))
        for bad in (expired, "x.y.z"):
            refusal = await refused(stub.Open(StringValue(), metadata=(("authorization", f"Bearer {bad}"),)))
            assert refusal.kind == "UNAUTHENTICATED"
    visitor, customer = echo.seen
    assert visitor.principal is None
    assert customer.principal is not None


async def test_errors_arrive_with_reason_and_nothing_leaks() -> None:
    answers = {
        "missing": EchoNotFound("No such echo.", echo="e1"),
        "boom": RuntimeError("password=hunter2"),
        "database": sa.exc.OperationalError("SELECT secret", {}, ConnectionRefusedError()),
        "pool": sa.exc.TimeoutError(),
    }
    async with grpc_server([(add_echo, Echo(**answers), NAME)], domain="echo.commis") as running:
        stub = Stub(running.channel)
        missing = await refused(stub.Open(StringValue(value="missing")))
        assert (missing.kind, missing.reason, missing.domain) == (
            "NOT_FOUND",
            "ECHO_NOT_FOUND",
            "echo.commis",
        )
        assert missing.metadata == {"echo": "e1"}
        with pytest.raises(grpc.aio.AioRpcError) as boom:
            await stub.Open(StringValue(value="boom"), metadata=(("x-request-id", "find-me"),))
        assert boom.value.code() == grpc.StatusCode.INTERNAL
        details = status.read_details(boom.value)
        assert details is not None
        assert "hunter2" not in str(details)
        assert "find-me" in str(details)
        for value in ("database", "pool"):
            error = await refused(stub.Open(StringValue(value=value)))
            assert (error.kind, error.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
            assert "secret" not in str(error)
        for raw in (b"\xff\xff\xff", b"\x0a\x01\xff"):  # broken, and a string that is not UTF-8
            assert (await refused(stub.Raw(raw))).kind == "INVALID_ARGUMENT"


async def test_a_stream_ends_with_its_error() -> None:
    async with grpc_server([(add_echo, Echo(), NAME)]) as running:
        stub = Stub(running.channel)
        got = []
        call = stub.Count(StringValue(value="3"), metadata=as_rep_for(new_id(), new_id()))
        for _ in range(3):
            got.append((await call.read()).value)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert got == ["0", "1", "2"]
        assert status.from_rpc_error(caught.value, "echo").reason == "ECHO_NOT_FOUND"
        assert (await refused(stub.Count(StringValue(value="3")).read())).kind == "UNAUTHENTICATED"


async def test_two_thousand_violations_still_arrive() -> None:
    many = errors.InvalidFields(
        [errors.FieldViolation(f"lines[{n}].quantity", "é" * 90) for n in range(2000)]
    )
    async with grpc_server([(add_echo, Echo(many=many), NAME)]) as running:
        error = await refused(Stub(running.channel).Open(StringValue(value="many")))
    assert error.reason == "INVALID_FIELDS"
    assert len(error.violations) > 50


@pytest.mark.parametrize("rules", [{}, {**Echo.RULES, "Shout": access.PUBLIC}])
async def test_a_missing_or_superfluous_rule_refuses_to_start(rules: dict[str, access.Rule]) -> None:
    class Careless(Echo):
        RULES = rules

    with pytest.raises(RefusedToStart):
        async with grpc_server([(add_echo, Careless(), NAME)]):
            pass


async def slow_insert(sessions: db.Sessions, started: asyncio.Event, key: str) -> str:
    async with sessions.begin() as session:
        await session.execute(sa.text("INSERT INTO effects (key) VALUES (:key)"), {"key": key})
        started.set()
        await session.execute(sa.text("SELECT pg_sleep(0.4)"))
    return key


@pytest.mark.parametrize("how", ["cancel", "deadline"])
async def test_a_client_that_leaves_does_not_cut_the_transaction(sessions: db.Sessions, how: str) -> None:
    started = asyncio.Event()
    echo = Echo(slow=lambda: slow_insert(sessions, started, how))

    async def stored() -> bool:
        async with sessions() as session:
            return (await session.execute(sa.text("SELECT key FROM effects"))).scalar() == how

    async with grpc_server([(add_echo, echo, NAME)]) as running:
        call = Stub(running.channel).Open(
            StringValue(value="slow"), timeout=0.2 if how == "deadline" else None
        )
        await started.wait()
        if how == "cancel":
            call.cancel()
        with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
            await call
        assert not await stored()
        assert len(running.surroundings.running) == 1
        await until(stored)
        await until(lambda: not running.surroundings.running)


async def test_without_deadline_the_server_sets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.rpc.DEFAULT_DEADLINE", 0.1)
    release = asyncio.Event()
    async with grpc_server([(add_echo, Echo(slow=release.wait), NAME)]) as running:
        error = await refused(Stub(running.channel).Open(StringValue(value="slow")))
        release.set()
    assert error.kind == "DEADLINE_EXCEEDED"


async def test_calls_pass_on_identity_and_budget() -> None:
    echo = Echo(missing=EchoNotFound("No.", echo="e"))

    async def issue() -> tuple[str, float]:
        return issuer.token(Principal("orders", "SERVICE", scopes=frozenset({"echo.join"}))), 600

    person, account = new_id(), new_id()
    token = as_customer(person, account)[0][1].removeprefix("Bearer ")
    who = Principal(account, "ACCOUNT", token=token)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with grpc_server([(add_echo, echo, NAME)]) as running:
        stub = Stub(running.channel)
        with context.bind(Request("r-2", who, traceparent=trace, deadline=time.monotonic() + 2)):
            await client.call(stub.Open, StringValue(), service=ServiceTokens(issue))
            await client.call(stub.Open, StringValue(), forward=False)
            with pytest.raises(errors.RemoteError) as caught:
                await client.call(stub.Open, StringValue(value="missing"))
        assert caught.value.reason == "ECHO_NOT_FOUND"
        with (
            context.bind(Request("r-3", deadline=time.monotonic() - 1)),
            pytest.raises(errors.DeadlineExceeded),
        ):
            await client.call(stub.Open, StringValue())
    seen, anonymous, _ = echo.seen
    assert (seen.request_id, seen.traceparent) == ("r-2", trace)
    assert seen.principal is not None
    assert seen.principal.subject == account
    assert seen.service is not None
    assert seen.service.scopes == {"echo.join"}
    assert seen.deadline is not None
    assert seen.deadline - time.monotonic() < 2
    assert anonymous.principal is None


async def test_nobody_there_is_a_retryable_answer() -> None:
    channel = client.channel("127.0.0.1:1")
    with pytest.raises(errors.DependencyFailed):
        await client.call(Stub(channel).Open, StringValue(), timeout=1)
    await channel.close(None)
