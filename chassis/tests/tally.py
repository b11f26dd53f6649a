"""A service of one table, run as a process of its own by test_commands: counts its own events."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue
from pydantic_settings import SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import broker, consumer, db, pulling, server
from chassis.commands import Service, main
from chassis.config import ServiceSettings
from chassis.consumer import Consumer, Permanent, Subscription
from chassis.envelope import Meta
from chassis.relay import Relay
from chassis.testkit.issuer import issuer

consumer.MAX_DELIVERIES = 2
pulling.ACK_WAIT = 3


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TALLY_")

    until: int = 0
    letters: int = 0
    cured: bool = False


def subscriptions(settings: Settings, sessions: db.Sessions) -> list[Subscription]:
    async def count(session: AsyncSession, event: StringValue, meta: Meta) -> None:
        if event.value == "poison" and not settings.cured:
            raise Permanent("never")
        await session.execute(sa.text("INSERT INTO effects (key) VALUES (:key)"), {"key": event.value})

    return [Subscription("COMMIS_TALLY", "tally-count", ("commis.tally.v1.>",), count)]


async def serve(settings: Settings) -> None:
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    stop = asyncio.Event()

    async def counted(table: str) -> int:
        async with sessions() as session:
            return int((await session.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one())

    async def watch() -> None:
        while settings.until == 0 or await counted("effects") < settings.until:
            await asyncio.sleep(0.05)
        while await counted("dead_letters") < settings.letters:
            await asyncio.sleep(0.05)
        stop.set()

    watching = asyncio.create_task(watch())
    background: list[Any] = [Relay(engine, nats, "tally")]
    background += [Consumer(sessions, nats, one) for one in subscriptions(settings, sessions)]
    await server.serve(
        settings,
        servicers=[],
        verifier=issuer.verifier,
        engine=engine,
        nats=nats,
        background=background,
        stop=stop,
    )
    await watching


async def greet(_settings: Settings, rest: list[str]) -> None:
    sys.stdout.write(f"greetings {rest}\n")


if __name__ == "__main__":
    main(
        Service(
            "tally",
            Settings,
            serve=serve,
            migrations=Path(__file__).parent / "migrations",
            metadata=db.metadata(),
            subscriptions=subscriptions,
            extra_commands={"greet": greet},
        )
    )
