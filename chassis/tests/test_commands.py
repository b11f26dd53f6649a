"""The command line, and processes that die at named points."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue
from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import outbox
from chassis.db import Sessions
from chassis.testing import create_database

from .echo import until

TESTS = Path(__file__).parent


def run(url: str, nats_url: str, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "TALLY_PROFILE": "local",
        "TALLY_DATABASE_URL": url,
        "TALLY_NATS_URL": nats_url,
        **extra,
    }
    command = [sys.executable, str(TESTS / "tally.py"), *args]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


async def tally(url: str, nats_url: str, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(run, url, nats_url, *args, **extra)


def address(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)


async def emit(sessions: Sessions, *values: str) -> None:
    async with sessions.begin() as session:
        for value in values:
            event = StringValue(value=value)
            outbox.add(session, event, subject="commis.tally.v1.counted", aggregate_id="a")


async def keys(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list((await session.execute(sa.text("SELECT key FROM effects ORDER BY key"))).scalars())


async def test_migrate_and_extra_commands(postgres_url: str) -> None:
    url = await create_database(postgres_url, "tally", None)
    for _ in range(2):
        done = await tally(url, "nats://unused", "migrate")
        assert done.returncode == 0, done.stderr
    assert json.loads((await tally(url, "nats://unused", "outbox", "status")).stdout)["pending"] == 0
    assert (await tally(url, "nats://unused", "greet", "--loud")).stdout == "greetings ['--loud']\n"
    assert (await tally(url, "nats://unused", "nonsense")).returncode == 2
    assert (await tally(url, "nats://unused", "migrate", "--x")).returncode == 2
    assert (await tally("mysql://x", "nats://unused", "migrate")).returncode == 78


CRASHES = [
    "relay.before_publish",
    "relay.after_publish_before_mark",
    "consumer.before_commit",
    "consumer.after_commit_before_ack",
]


@pytest.mark.parametrize("point", CRASHES)
async def test_a_crash_loses_nothing_and_repeats_nothing(
    point: str, sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient, nats_url: str
) -> None:
    await emit(sessions, *"abc")
    crashed = await tally(address(engine), nats_url, "serve", COMMIS_CRASH_AT=point)
    assert crashed.returncode == -9, crashed.stdout + crashed.stderr
    serving = asyncio.create_task(tally(address(engine), nats_url, "serve", TALLY_UNTIL="3"))
    await until(lambda: _all(sessions, 3), 50)
    done = await serving
    assert done.returncode == 0, done.stdout + done.stderr
    assert await keys(sessions) == ["a", "b", "c"]


async def _all(sessions: Sessions, number: int) -> bool:
    return len(await keys(sessions)) >= number


async def test_dead_letters_and_reconcile(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient, nats_url: str
) -> None:
    url = address(engine)

    async def command(*args: str, **extra: str) -> Any:
        done = await tally(url, nats_url, *args, **extra)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    await emit(sessions, "a", "poison")
    await tally(url, nats_url, "serve", TALLY_UNTIL="1", TALLY_LETTERS="1")
    _, (letter,) = await command("dead-letters", "list")
    assert letter["consumer"] == "tally-count"
    code, (outcome,) = await command("dead-letters", "replay", letter["id"])
    assert (code, outcome["outcome"]) == (1, "failed: never")
    code, (outcome,) = await command("dead-letters", "replay", TALLY_CURED="1")
    assert (code, outcome["outcome"]) == (0, "replayed")
    assert await command("dead-letters", "list") == (0, [])
    assert await keys(sessions) == ["a", "poison"]
    assert await command("reconcile", "--since", "2020-01-01T00:00:00Z") == (0, [{"to_publish": 2}])
    assert (await command("outbox", "status"))[1][0]["pending"] == 2
