"""A whole process: health, readiness, metrics, the order of its end, and settings."""

import asyncio
import signal
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, client, config, db, server
from chassis.config import ServiceSettings
from chassis.testing import as_staff, issuer

from .echo import NAME, Echo, Stub, add_echo, until


class EchoSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ECHO_")


def settings(url: str = "postgresql+asyncpg://u:p@h/d", **values: Any) -> EchoSettings:
    return EchoSettings(database_url=SecretStr(url), profile="local", drain_seconds=0.1, **values)


class Task:
    """A background task that notes when it is stopped."""

    def __init__(self, noted: list[str]) -> None:
        self.noted = noted
        self.end = asyncio.Event()
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("a task that fails is started again")
        self.noted.append("background runs")
        await self.end.wait()

    async def stop(self) -> None:
        self.noted.append("background stops")
        self.end.set()


async def http(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]


async def test_a_process_from_start_to_end(
    engine: AsyncEngine, nats_url: str, sessions: db.Sessions, unused_tcp_port: int
) -> None:
    noted: list[str] = []
    started, release = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        started.set()
        await release.wait()
        async with sessions.begin() as session:
            await session.execute(sa.text("INSERT INTO effects (key) VALUES ('slow')"))
        noted.append("rpc ends")
        return "done"

    healthy = True

    async def check() -> None:
        if not healthy:
            raise ConnectionError

    values = settings(admin_port=unused_tcp_port, nats_url=nats_url)
    own = db.engine_for(engine.url.render_as_string(hide_password=False))
    bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = Task(noted)
    serving = asyncio.create_task(
        server.serve(
            values,
            servicers=[(add_echo, Echo(slow=slow), NAME)],
            verifier=issuer.verifier,
            engine=own,
            nats=await broker.connect(values),
            background=[task],
            ready={"check": check},
            on_bound=bound.set_result,
        )
    )
    channel = client.channel(f"127.0.0.1:{await bound}")
    stub, health = Stub(channel), health_pb2_grpc.HealthStub(channel)
    assert (await stub.Say(StringValue(value="hi"), metadata=as_staff("ADMIN"))).value == "hi"
    for name in ("", NAME):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert (await http(unused_tcp_port, "/readyz"))[0] == 200
    healthy = False
    assert await http(unused_tcp_port, "/readyz") == (503, "check: ConnectionError\n")
    assert (await http(unused_tcp_port, "/livez"))[0] == 200
    assert (await http(unused_tcp_port, "/nothing"))[0] == 404
    code, text = await http(unused_tcp_port, "/metrics")
    assert code == 200
    assert 'grpc_server_handled_total{code="OK",method="commis.test.v1.EchoService/Say"}' in text
    await until(lambda: task.runs == 2)

    call = stub.Open(StringValue(value="slow"), timeout=20)
    await started.wait()
    signal.raise_signal(signal.SIGTERM)
    await until(lambda: _code(http(unused_tcp_port, "/readyz"), 503))
    await until(lambda: _refused(stub))
    assert not serving.done()
    release.set()
    assert (await call).value == "done"
    await asyncio.wait_for(serving, 20)
    assert noted == ["background runs", "rpc ends", "background stops"]
    assert own.pool.checkedout() == 0  # type: ignore[attr-defined]
    await channel.close(None)


async def _code(answer: Any, code: int) -> bool:
    return (await answer)[0] == code


async def _refused(stub: Stub) -> bool:
    try:
        await stub.Open(StringValue(), timeout=1)
    except grpc.aio.AioRpcError as error:
        return error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    return False


def test_wrong_settings_are_listed_without_their_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECHO_DATABASE_URL", "mysql://u:hunter2@h/d")
    monkeypatch.setenv("ECHO_GRPC_PORT", "hunter3")
    with pytest.raises(SystemExit) as left:
        config.load(EchoSettings)
    assert left.value.code == 78
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["ECHO_DATABASE_URL", "ECHO_GRPC_PORT"]
    assert "hunter" not in "".join(lines)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ECHO_CLIENT_ID": "echo", "ECHO_CLIENT_SECRET": "short-hunter2"},
        {"ECHO_CLIENT_ID": "echo"},
        {"ECHO_TLS_CERT": "/c"},
        {"ECHO_DATABASE_URL": ""},
    ],
)
def test_settings_fail_closed_in_production(
    wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECHO_DATABASE_URL", "postgresql+asyncpg://u:p@h/d")
    assert config.load(EchoSettings).service_name == "echo"
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        config.load(EchoSettings)
    error = capsys.readouterr().err
    assert error.startswith("ECHO")
    assert "hunter2" not in error


def test_the_domain_follows_the_prefix() -> None:
    assert settings().domain == "echo.commis"
