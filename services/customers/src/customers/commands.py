"""The commands of customers beyond those of every service: first administrator, keys, clients, audit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from chassis import db, fields
from chassis.db import Sessions
from chassis.errors import InvalidFields, ServiceError, Violations
from customers.audit import check, checkpoints
from customers.config import Settings
from customers.keys import clients, signing
from customers.keys.signing import Keyring
from customers.people import passwords
from customers.people import wire as people_wire
from customers.people.errors import EmailTaken
from customers.people.hashing import HashPool
from customers.people.store import NewPerson
from customers.staff import use_cases as staff
from customers.vault import Vault


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[Sessions, Vault]]:
    engine = db.engine(settings)
    try:
        yield db.sessions(engine), Vault(settings.secret.get_secret_value())
    finally:
        await engine.dispose()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _fail(text: str, status: int = 1) -> None:
    sys.stderr.write(text + "\n")
    raise SystemExit(status)


async def bootstrap_admin(settings: Settings, arguments: list[str]) -> None:
    """Make the first administrator; nothing happens when the e-mail address is known already."""
    parser = argparse.ArgumentParser(prog="python -m customers bootstrap-admin")
    parser.add_argument("--email", required=True)
    parser.add_argument("--first-name", default="First")
    parser.add_argument("--last-name", default="Administrator")
    parser.add_argument("--language", default="en", choices=sorted(fields.LANGUAGES))
    parser.add_argument("--password-stdin", action="store_true", help="else an activation mail is sent")
    given = parser.parse_args(arguments)
    found = Violations()
    person = NewPerson(
        first_name=people_wire.name(found, "first-name", given.first_name),
        last_name=people_wire.name(found, "last-name", given.last_name),
        email=people_wire.email(found, "email", given.email),
        language_code=given.language,
    )
    password = None
    if given.password_stdin:
        password = passwords.check(found, "password", sys.stdin.readline().rstrip("\r\n"))
    try:
        found.raise_if_any()
    except InvalidFields as error:
        _fail("\n".join(f"{one.field} {one.description}" for one in error.violations), 2)
    hashes = HashPool(threads=1)
    try:
        async with _database(settings) as (sessions, _vault):
            made = await staff.bootstrap_admin(sessions, hashes, person, password)
    except EmailTaken:
        made = False
    finally:
        hashes.close()
    _say("administrator created" if made else "this person exists already; nothing changed")


async def create_client(settings: Settings, arguments: list[str]) -> None:
    """Print the secret of a new service client once; it is stored nowhere."""
    parser = argparse.ArgumentParser(prog="python -m customers create-client")
    parser.add_argument("--id", required=True)
    parser.add_argument("--scope", required=True, help='space separated, e.g. "customers.read orders.read"')
    given = parser.parse_args(arguments)
    if not clients.CLIENT_ID.fullmatch(given.id) or not clients.SCOPE.fullmatch(given.scope):
        parser.error("the id takes a-z, 0-9 and '-', the scope words of a-z, 0-9, '.', '_' and '-'")
    async with _database(settings) as (sessions, _vault):
        try:
            _say(await clients.create(sessions, given.id, given.scope))
        except ServiceError as error:
            _fail(error.message)


async def rotate_keys(settings: Settings, arguments: list[str]) -> None:
    """Publish a new signing key; say from when it signs and until when the old ones are published."""
    argparse.ArgumentParser(prog="python -m customers rotate-keys").parse_args(arguments)
    async with _database(settings) as (sessions, vault), sessions.begin() as session:
        fresh = await signing.rotate(session, vault)
    _say(
        f"key {fresh.kid} is published now and signs from {fresh.activate_time.isoformat(timespec='seconds')}"
    )


async def check_audit(settings: Settings, arguments: list[str]) -> None:
    """Verify the audit; exit code 1 and the first bad sequence when it is not as it was written."""
    parser = argparse.ArgumentParser(prog="python -m customers check-audit")
    parser.add_argument("--log", type=Path, help="a log of the service: its checkpoints must hold, too")
    given = parser.parse_args(arguments)
    logged = _statements(given.log.read_text().splitlines()) if given.log is not None else []
    async with _database(settings) as (sessions, vault):
        outcome = await check.check(sessions, vault, logged)
        if outcome.finding is not None:
            _fail(f"audit broken at sequence {outcome.finding.sequence}: {outcome.finding.problem}")
        if outcome.sequence:
            keyring = Keyring(sessions, vault, settings.issuer)
            await keyring.start()
            await checkpoints.write_if_grown(sessions, vault, keyring)
    _say(f"audit intact: {outcome.sequence} entries")


def _statements(lines: Iterable[str]) -> list[str]:
    """Compact JWS texts in log lines, whatever else the lines hold."""
    words = (word.strip('",}') for line in lines if "audit checkpoint" in line for word in line.split())
    return [word.rpartition('"')[2] for word in words if word.count(".") == 2 and len(word) > 100]


COMMANDS = {
    "bootstrap-admin": bootstrap_admin,
    "create-client": create_client,
    "rotate-keys": rotate_keys,
    "check-audit": check_audit,
}
