"""The audit: what is written, what is refused, and what tampering by a superuser leaves behind."""

import asyncio
import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.common.v1 import common_pb2
from commis.customers.v1 import audit_pb2, events_pb2
from sqlalchemy.exc import DBAPIError

from chassis.envelope import Meta
from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff
from customers.audit import check, checkpoints, consumers, store
from customers.audit.consumers import AuditHandler, Checkpoints
from customers.keys.signing import Keyring
from customers.vault import Vault


def event(account_id: str = "", *, actor: Any = None, order_id: str = "", address: str = "192.0.2.7") -> Any:
    fact = events_pb2.AccountUpdated(account_id=account_id)
    said = fact.attribution
    said.account_id, said.order_id, said.client_address = account_id, order_id, address
    said.channel = common_pb2.CHANNEL_REP
    said.request_id = "request"
    said.occur_time.GetCurrentTime()
    if actor is not None:
        said.actor.kind, said.actor.id = actor
    meta = Meta(
        id=new_id(),
        type="commis.customers.v1.AccountUpdated",
        subject="commis.customers.v1.account_updated",
        source="/customers",
        aggregate_id=account_id,
        aggregate_version=1,
        time=datetime.datetime.now(datetime.UTC),
    )
    return fact, meta, None


@pytest.fixture
def handler(vault: Vault, keyring: Keyring) -> AuditHandler:
    return AuditHandler(vault, keyring)


@pytest.fixture
def record(sessions: Any, handler: AuditHandler) -> Any:
    async def run(*events: Any) -> None:
        async with sessions.begin() as session:
            await handler.record(session, list(events))

    return run


@pytest.fixture
def tamper(engine: Any) -> Any:
    """What somebody does who may do everything in the database."""

    async def run(*statements: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                await connection.execute(sa.text(statement))

    return run


async def _finding(sessions: Any, vault: Vault, logged: Any = ()) -> tuple[int, str] | None:
    outcome = await check.check(sessions, vault, logged)
    return None if outcome.finding is None else (outcome.finding.sequence, outcome.finding.problem)


@pytest.mark.spec("A-23")
async def test_an_entry_says_who_for_whom_what_when_and_from_where(world: Any, record: Any) -> None:
    account = await world.account()
    rep = await world.rep("R1", account.id)
    order_id = str(new_id())
    actor = (common_pb2.PARTY_KIND_REP, rep.id)
    await record(event(account.id, actor=actor, order_id=order_id))
    (entry,) = (await _entries(world, as_staff("ADMIN"), order_id=order_id)).entries
    assert (entry.actor.kind, entry.actor.id) == actor
    assert entry.actor.display_name == "Robin Reiziger (R1)"
    assert (entry.account_id, entry.order_id) == (account.id, order_id)
    assert entry.action == "commis.customers.v1.account_updated"
    assert entry.channel == common_pb2.CHANNEL_REP
    assert (entry.client_address, entry.request_id, len(entry.hash)) == ("192.0.2.7", "request", 64)


@pytest.mark.spec("A-23")
async def test_the_name_of_the_author_stays_as_it_was(world: Any, record: Any) -> None:
    account = await world.account()
    actor = (common_pb2.PARTY_KIND_PERSON, account.persons[0].id)
    await record(event(account.id, actor=actor))
    await world.execute("UPDATE persons SET last_name = 'Maes'")
    await record(event(account.id, actor=actor))
    entries = (await _entries(world, as_staff("ADMIN"), account_id=account.id)).entries
    assert [entry.actor.display_name for entry in entries] == ["Lies Maes", "Lies Peeters"]


@pytest.mark.spec("A-23")
@pytest.mark.parametrize("table", ["audit_entries", "audit_checkpoints", "audit_authors", "audit_head"])
async def test_the_database_refuses_to_change_or_remove_entries(
    sessions: Any, vault: Any, keyring: Any, record: Any, table: str
) -> None:
    await record(event("a"), event("b"))
    await checkpoints.write_if_grown(sessions, vault, keyring)
    column = {"audit_entries": "action", "audit_checkpoints": "statement", "audit_authors": "name"}
    attempts = [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]
    if table in column:
        attempts.append(f"UPDATE {table} SET {column[table]} = 'x'")
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="append-only"):
            await _run(sessions, attempt)


async def _run(sessions: Any, statement: str) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.text(statement))


@pytest.mark.spec("A-23")
@pytest.mark.parametrize(
    ("done", "sequence", "problem"),
    [
        ("UPDATE audit_entries SET action = 'x' WHERE sequence = 3", 3, "it was altered"),
        ("UPDATE audit_entries SET order_id = 'x' WHERE sequence = 1", 1, "it was altered"),
        (
            "UPDATE audit_entries SET occur_time = occur_time + interval '1 microsecond' WHERE sequence = 5",
            5,
            "it was altered",
        ),
        ("UPDATE audit_entries SET hash = sha256('x') WHERE sequence = 2", 2, "it was altered"),
        ("DELETE FROM audit_entries WHERE sequence = 4", 4, "it is missing"),
        ("DELETE FROM audit_entries WHERE sequence = 1", 1, "it is missing"),
        (
            "UPDATE audit_entries SET sequence = CASE sequence WHEN 3 THEN 104 ELSE 103 END"
            " WHERE sequence IN (3, 4);"
            "UPDATE audit_entries SET sequence = sequence - 100 WHERE sequence > 100",
            3,
            "it does not follow the entry before it",
        ),
        ("DELETE FROM audit_entries WHERE sequence > 4", 5, "entries up to 6 are missing"),
        ("DELETE FROM audit_entries", 1, "entries up to 6 are missing"),
        ("UPDATE audit_authors SET name = 'Somebody Else'", 1, "its author was altered"),
        ("UPDATE audit_authors SET client_address = '10.0.0.1'", 1, "its author was altered"),
        ("DELETE FROM audit_authors", 1, "its author was altered"),
        (
            "UPDATE audit_head SET sequence = 4, hash = (SELECT hash FROM audit_entries WHERE sequence = 4);"
            " DELETE FROM audit_entries WHERE sequence > 4",
            5,
            "the head of the chain was altered",
        ),
        ("DELETE FROM audit_head", 1, "the head of the chain is missing"),
        (
            "UPDATE audit_checkpoints SET hash = sha256('x') WHERE sequence = 6",
            6,
            "its checkpoint was altered",
        ),
    ],
)
async def test_the_check_names_the_first_bad_sequence(
    sessions: Any, vault: Any, keyring: Any, record: Any, tamper: Any, done: str, sequence: int, problem: str
) -> None:
    actor = (common_pb2.PARTY_KIND_SERVICE, "erp")
    await record(*(event(f"account {number}", actor=actor) for number in range(6)))
    await checkpoints.write_if_grown(sessions, vault, keyring)
    assert await _finding(sessions, vault) is None
    await tamper(*done.split(";"))
    assert await _finding(sessions, vault) == (sequence, problem)


@pytest.mark.spec("A-23")
async def test_rewriting_the_whole_chain_contradicts_a_signed_checkpoint(
    sessions: Any, vault: Any, keyring: Any, handler: Any, record: Any, tamper: Any
) -> None:
    """Somebody who even has the secret for the head, but not the checkpoints, writes history anew."""
    await record(event("a"), event("b"), event("c"))
    await checkpoints.write_if_grown(sessions, vault, keyring)
    await tamper("DELETE FROM audit_entries", "DELETE FROM audit_head")
    await record(event("a"), event("forged"), event("c"), event("d"))
    assert await _finding(sessions, vault) == (3, "it contradicts a signed checkpoint")


@pytest.mark.spec("A-23")
async def test_a_tail_cut_off_together_with_all_its_traces_is_found_by_the_log(
    sessions: Any, vault: Any, keyring: Any, record: Any, tamper: Any, monkeypatch: Any
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(checkpoints.log, "info", lambda _text, **said: logged.append(said["statement"]))
    await record(event("a"), event("b"))
    async with sessions() as session:
        head = (await session.execute(sa.text("SELECT hash, mac FROM audit_head"))).one()
    await record(event("c"))
    await checkpoints.write_if_grown(sessions, vault, keyring)
    await tamper(
        "DELETE FROM audit_entries WHERE sequence = 3",
        "DELETE FROM audit_checkpoints",
        f"UPDATE audit_head SET sequence = 2, hash = '\\x{head.hash.hex()}', mac = '\\x{head.mac.hex()}'",
    )
    assert await _finding(sessions, vault) is None
    assert await _finding(sessions, vault, logged) == (3, "entries up to 3 are missing")


@pytest.mark.spec("A-23")
async def test_a_checkpoint_signed_with_a_key_slipped_into_the_database_counts_nothing(
    sessions: Any, vault: Any, keyring: Any, record: Any, tamper: Any
) -> None:
    await record(event("a"), event("b"))
    await checkpoints.write_if_grown(sessions, vault, keyring)
    forger = Vault("the secret of somebody else, forty letters")
    await tamper("DELETE FROM audit_checkpoints", "DELETE FROM signing_keys")
    ring = Keyring(sessions, forger, "https://commis.local")
    await ring.start()
    async with sessions.begin() as session:
        await checkpoints.write(session, ring, await store.lock_head(session, vault))
    assert await _finding(sessions, vault) == (2, "its checkpoint was altered")


async def test_nothing_is_appended_to_a_forged_head(sessions: Any, record: Any, tamper: Any) -> None:
    await record(event("a"))
    await tamper("UPDATE audit_head SET hash = sha256('x')")
    with pytest.raises(store.BrokenHead):
        await record(event("b"))


@pytest.mark.spec("A-23")
async def test_writers_at_the_same_time_make_one_chain(sessions: Any, vault: Any, record: Any) -> None:
    await asyncio.gather(*(record(event(f"{number}"), event(f"{number}")) for number in range(15)))
    outcome = await check.check(sessions, vault)
    assert (outcome.sequence, outcome.finding) == (30, None)


async def test_the_same_event_again_is_one_entry(sessions: Any, vault: Any, record: Any) -> None:
    known, fresh = event("a"), event("b")
    await record(known)
    await record(known, fresh)
    assert (await check.check(sessions, vault)).sequence == 2


async def test_a_checkpoint_is_signed_every_thousand_entries(
    sessions: Any, record: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 4)
    for _ in range(3):
        await record(event("a"), event("b"), event("c"))
    async with sessions() as session:
        found = (await session.scalars(sa.text("SELECT sequence FROM audit_checkpoints ORDER BY 1"))).all()
    assert found == [6, 9]


async def test_the_background_task_signs_what_grew(
    sessions: Any, vault: Any, keyring: Any, record: Any
) -> None:
    await record(event("a"))
    task = Checkpoints(sessions, vault, keyring)
    await task.stop()
    task._stop.set()
    await checkpoints.write_if_grown(sessions, vault, keyring)
    await checkpoints.write_if_grown(sessions, vault, keyring)
    async with sessions() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM audit_checkpoints")) == 1


async def test_an_unknown_actor_and_strange_numbers_are_kept_as_they_are(world: Any, record: Any) -> None:
    strange = event("x" * 5000, actor=(77, "not-an-id"), address="y" * 5000)
    strange[0].attribution.occur_time.seconds = 2**60
    strange[0].attribution.channel = 55
    await record(strange, event("", actor=(common_pb2.PARTY_KIND_STAFF, str(new_id()))))
    entries = (await _entries(world, as_staff("ADMIN"))).entries
    assert [entry.actor.display_name for entry in entries] == ["", ""]
    assert (entries[1].actor.id, entries[1].actor.kind) == ("not-an-id", 0)


def test_every_event_of_every_service_has_an_attribution(vault: Any, keyring: Any) -> None:
    import importlib

    subscriptions = consumers.subscriptions(vault, keyring)
    assert {s.stream for s in subscriptions} == {
        "COMMIS_CUSTOMERS", "COMMIS_CATALOG", "COMMIS_ORDERS", "COMMIS_LIBRARY", "COMMIS_NOTIFICATIONS"
    }  # fmt: skip
    for service in consumers.SERVICES:
        module = importlib.import_module(f"commis.{service}.v1.events_pb2")
        for message in module.DESCRIPTOR.message_types_by_name.values():
            field = message.fields_by_number.get(1)
            if message.name.endswith(("Line", "Item")) or field is None:
                continue
            if field.name == "attribution":
                assert field.message_type.full_name == "commis.common.v1.Attribution"


def test_actions_are_named_like_subjects() -> None:
    assert consumers.action_of("commis.orders.v1.OrderPlaced") == "commis.orders.v1.order_placed"
    assert consumers.action_of("commis.customers.v1.PasswordSet") == "commis.customers.v1.password_set"


@pytest.mark.spec("A-14", "A-23", "A-12")
async def test_who_reads_what(world: Any, record: Any, refused: Any) -> None:
    own, foreign = await world.account(), await world.account()
    rep = await world.rep("R1", own.id)
    by_rep = (common_pb2.PARTY_KIND_REP, rep.id)
    by_staff = (common_pb2.PARTY_KIND_STAFF, str(new_id()))
    order_id = str(new_id())
    await record(event(own.id, actor=by_rep), event(foreign.id, actor=by_staff, order_id=order_id), event(""))
    person = UUID(own.persons[0].id)
    customer = as_customer(person, UUID(own.id))
    for who in (customer, as_rep(UUID(rep.id)), as_rep_for(UUID(rep.id), UUID(own.id))):
        for filters in ({}, {"account_id": own.id}):
            (entry,) = (await _entries(world, who, **filters)).entries
            assert (entry.account_id, entry.actor.display_name) == (own.id, "Robin Reiziger (R1)")
            assert entry.client_address == ""
        assert list((await _entries(world, who, order_id=order_id)).entries) == []
        with pytest.raises(refused) as error:
            await _entries(world, who, account_id=foreign.id)
        assert error.value.reason == "ACCOUNT_NOT_FOUND"
    assert len((await _entries(world, as_staff("FINANCE"))).entries) == 3
    with pytest.raises(refused) as error:
        await _entries(world, as_service("customers.read"))
    assert error.value.code == "PERMISSION_DENIED"
    await world.execute("UPDATE memberships SET role = 'USER'")
    assert list((await _entries(world, customer)).entries) == []
    await record(event(own.id, actor=(common_pb2.PARTY_KIND_PERSON, str(person))))
    assert len((await _entries(world, customer)).entries) == 1
    await world.unassign(rep.id, own.id)
    assert list((await _entries(world, as_rep(UUID(rep.id)))).entries) == []


@pytest.mark.spec("A-23")
async def test_entries_come_newest_first_in_pages(world: Any, record: Any) -> None:
    accounts = [(await world.account()).id for _ in range(3)]
    rep = await world.rep("R1", *accounts[:2])
    await record(*(event(accounts[number % 3]) for number in range(12)))
    for who, expected in (
        (as_staff("ADMIN"), list(range(12, 0, -1))),
        (as_rep(UUID(rep.id)), [11, 10, 8, 7, 5, 4, 2, 1]),
    ):
        found, token = [], ""
        while True:
            answer = await _entries(world, who, page_size=3, page_token=token)
            found += [entry.sequence for entry in answer.entries]
            token = answer.next_page_token
            if not token:
                break
        assert found == expected


async def _entries(world: Any, who: Any, **fields: Any) -> Any:
    return await world.call(
        "AuditService", "ListAuditEntries", audit_pb2.ListAuditEntriesRequest(**fields), who
    )
