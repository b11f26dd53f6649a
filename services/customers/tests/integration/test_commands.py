"""The commands of customers: first administrator, clients, keys, the check of the audit; and housekeeping."""

import io
from typing import Any

import pytest
import sqlalchemy as sa

from customers import commands, housekeeping
from customers.audit import store
from customers.audit.authors import Authors
from customers.config import Settings
from customers.people import hashing
from customers.staff.models import StaffMember

from .test_audit import event


@pytest.fixture
def settings(engine: Any, sessions: Any) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(database_url=url, secret="a secret of customers for tests only, forty", profile="local")


async def test_the_first_administrator_is_made_once(
    world: Any, settings: Settings, monkeypatch: Any, capsys: Any
) -> None:
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO("staple horse battery 42\n"))
        await commands.bootstrap_admin(settings, ["--email", "Boss@commis.example", "--password-stdin"])
    assert capsys.readouterr().out.splitlines() == [
        "administrator created",
        "this person exists already; nothing changed",
    ]
    assert await world.scalar("SELECT count(*) FROM staff_members") == 1
    async with world.sessions() as session:
        assert (await session.scalars(sa.select(StaffMember.roles))).all() == [["ADMIN"]]
    object.__setattr__(world.door, "hashes", hashing.HashPool())
    assert list((await world.sign_in("boss@commis.example")).session.roles) == ["ADMIN"]


async def test_without_a_password_the_administrator_gets_a_mail(world: Any, settings: Settings) -> None:
    await commands.bootstrap_admin(settings, ["--email", "boss@commis.example", "--language", "it"])
    assert len(await world.facts("commis.customers.v1.activation_requested")) == 1
    await world.activate("boss@commis.example")


async def test_a_weak_first_password_is_refused(settings: Settings, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password\n"))
    with pytest.raises(SystemExit) as exit_:
        await commands.bootstrap_admin(settings, ["--email", "boss", "--password-stdin"])
    assert exit_.value.code == 2
    said = capsys.readouterr().err
    assert "email is not an e-mail address" in said
    assert "password must have at least 12 characters" in said


async def test_a_client_is_created_and_its_secret_shown_once(
    world: Any, settings: Settings, capsys: Any
) -> None:
    await commands.create_client(settings, ["--id", "erp", "--scope", "customers.read orders.read"])
    secret = capsys.readouterr().out.strip()
    assert len(secret) == 48
    with pytest.raises(SystemExit):
        await commands.create_client(settings, ["--id", "erp", "--scope", "customers.read"])
    with pytest.raises(SystemExit):
        await commands.create_client(settings, ["--id", "ERP 2", "--scope", "x"])


async def test_rotating_says_from_when_the_key_signs(world: Any, settings: Settings, capsys: Any) -> None:
    await commands.rotate_keys(settings, [])
    assert "is published now and signs from" in capsys.readouterr().out
    assert await world.scalar("SELECT count(*) FROM signing_keys") == 2


@pytest.mark.spec("A-23")
async def test_the_check_command_tells_and_exits(
    world: Any, settings: Settings, vault: Any, engine: Any, capsys: Any, tmp_path: Any
) -> None:
    from customers.audit.consumers import fact

    async with world.sessions.begin() as session:
        await store.append(session, vault, Authors(), [fact(*event(str(n))[:2]) for n in range(3)])
    await commands.check_audit(settings, [])
    said = capsys.readouterr().out
    assert "audit intact: 3 entries" in said
    statement = await world.scalar("SELECT statement FROM audit_checkpoints")
    log = tmp_path / "log"
    log.write_text(f'noise\n{{"statement": "{statement}", "event": "audit checkpoint"}}\n')
    await commands.check_audit(settings, ["--log", str(log)])
    assert commands._statements(log.read_text().splitlines()) == [statement]
    async with engine.begin() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await connection.execute(sa.text("UPDATE audit_entries SET subject_id = 'x' WHERE sequence = 2"))
    with pytest.raises(SystemExit) as exit_:
        await commands.check_audit(settings, [])
    assert exit_.value.code == 1
    assert capsys.readouterr().err == "audit broken at sequence 2: it was altered\n"


async def test_housekeeping_deletes_what_is_over_and_nothing_else(world: Any) -> None:
    account = await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    _, as_rep = await world.rep_session(account.id)
    await world.open_session(account.id, as_rep)
    await world.sign_in("lies@shops.example")
    tables = ("session_families", "refresh_tokens", "credential_requests", "throttle_buckets")

    async def counts() -> list[int]:
        return [await world.scalar(f"SELECT count(*) FROM {table}") for table in tables]

    before = await counts()
    await housekeeping.purge(world.sessions)
    assert await counts() == before
    await world.execute("UPDATE session_families SET expire_time = now() - interval '2 days'")
    await world.execute("UPDATE credential_requests SET expire_time = now() - interval '31 days'")
    await world.execute(
        "UPDATE throttle_buckets SET update_time = now() - interval '91 days',"
        " success_time = success_time - interval '91 days'"
    )
    await housekeeping.purge(world.sessions)
    await housekeeping.purge(world.sessions)
    assert await counts() == [0, 0, 0, 0]
