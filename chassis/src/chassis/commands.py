"""`python -m orders serve|migrate|dead-letters|outbox|reconcile`: the command line every service has."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import uvloop

from chassis import config, db, dead_letters, logs, relay
from chassis.config import ServiceSettings
from chassis.consumer import Subscription

Command = Callable[[Any, list[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """The composition root of a service. `subscriptions(settings, sessions)` is called in the running loop;
    `extra_commands` get (settings, remaining arguments)."""

    name: str
    settings_class: type[ServiceSettings]
    serve: Callable[[Any], Awaitable[None]]
    migrations: Path
    metadata: sa.MetaData
    subscriptions: Callable[[Any, db.Sessions], Sequence[Subscription]] | None = None
    extra_commands: Mapping[str, Command] = field(default_factory=dict)


def main(service: Service, argv: Sequence[str] | None = None) -> None:
    """Exit code 0, 1 for a failed replay, 2 for wrong arguments, 78 for wrong settings."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.name}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    letters = commands.add_parser("dead-letters", help="events that could not be applied")
    letters.add_argument("action", choices=["list", "replay"])
    letters.add_argument("id", nargs="?", type=UUID, help="one letter; all waiting ones without it")
    outbox = commands.add_parser("outbox", help="events not yet published")
    outbox.add_argument("action", choices=["status"])
    again = commands.add_parser("reconcile", help="publish again with the same ids, after a lost stream")
    again.add_argument("--since", required=True, type=_time, help="ISO 8601, e.g. 2026-01-31T00:00:00Z")
    for name in service.extra_commands:
        commands.add_parser(name, add_help=False)
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command not in service.extra_commands:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    settings = config.load(service.settings_class)
    logs.configure(settings.log_level, settings.service_name)
    sys.exit(uvloop.run(_run(service, settings, arguments, rest)))


def _time(text: str) -> datetime.datetime:
    parsed = datetime.datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)


async def _run(
    service: Service, settings: ServiceSettings, arguments: argparse.Namespace, rest: list[str]
) -> int:
    match arguments.command:
        case "serve":
            await service.serve(settings)
        case "migrate":
            await db.migrate(settings, service.migrations)
        case name if name in service.extra_commands:
            await service.extra_commands[name](settings, rest)
        case _:
            return await _operate(service, settings, arguments)
    return 0


async def _operate(service: Service, settings: ServiceSettings, arguments: argparse.Namespace) -> int:
    engine = db.engine(settings)
    try:
        if arguments.command == "outbox":
            _print(await relay.backlog(engine))
        elif arguments.command == "reconcile":
            _print({"to_publish": await relay.reconcile(engine, arguments.since)})
        elif arguments.action == "list":
            for letter in await dead_letters.waiting(db.sessions(engine), 1000):
                _print(letter)
        else:
            return await _replay(service, settings, db.sessions(engine), arguments.id)
    finally:
        await engine.dispose()
    return 0


async def _replay(
    service: Service, settings: ServiceSettings, sessions: db.Sessions, one: UUID | None
) -> int:
    subscriptions = service.subscriptions(settings, sessions) if service.subscriptions is not None else ()
    chosen = [one] if one is not None else [row["id"] for row in await dead_letters.waiting(sessions, 10_000)]
    failed = 0
    for letter in chosen:
        try:
            outcome = (
                "replayed" if await dead_letters.replay(sessions, subscriptions, letter) else "not waiting"
            )
        except Exception as error:
            failed += 1
            outcome = f"failed: {error}"
        _print({"id": letter, "outcome": outcome})
    return 1 if failed else 0


def _print(row: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, default=str) + "\n")
