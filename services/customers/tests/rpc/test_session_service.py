"""SessionService over the wire: activation, signing in, refreshing, resetting, choosing, ordering."""

import asyncio
import os
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2, representatives_pb2
from commis.customers.v1 import sessions_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_service, as_staff
from customers.people import hashing
from customers.people.hashing import HashPool
from customers.sessions import use_cases
from customers.sessions.throttle import EMAIL, PAIR

OTHER_PASSWORD = "a different battery 17"


def bearer(token: str) -> Any:
    return (("authorization", f"Bearer {token}"),)


@pytest.mark.spec("A-02")
async def test_the_activation_link_sets_the_password_once(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    (fact,) = await world.facts("commis.customers.v1.activation_requested")
    assert fact.person_id == account.persons[0].id
    token = await world.link_token("lies@shops.example")
    assert token not in str(fact)
    await world.set_password(token)
    signed_in = await world.sign_in("Lies@Shops.example")
    assert signed_in.session.subject.id == account.id
    assert signed_in.session.actor.id == account.persons[0].id
    assert signed_in.session.membership_role == accounts_pb2.Person.ROLE_ADMINISTRATOR
    with pytest.raises(refused) as error:
        await world.set_password(token, OTHER_PASSWORD)
    assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "LINK_NOT_VALID")


@pytest.mark.spec("A-02")
async def test_the_link_is_the_same_each_time_and_its_token_is_in_the_fragment(world: Any) -> None:
    await world.account("lies@shops.example")
    (fact,) = await world.facts("commis.customers.v1.activation_requested")
    request = pb.GetCredentialLinkRequest(credential_request_id=fact.credential_request_id)
    as_mail = as_service("customers.recipients")
    first = await world.call("RecipientService", "GetCredentialLink", request, as_mail)
    again = await world.call("RecipientService", "GetCredentialLink", request, as_mail)
    assert first == again
    assert first.link.startswith("http://127.0.0.1:8080/set-password#token=")
    assert (first.email, first.display_name, first.language_code) == (
        "lies@shops.example",
        "Lies Peeters",
        "nl",
    )


@pytest.mark.spec("A-02")
async def test_of_many_uses_of_one_link_at_once_exactly_one_counts(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    token = await world.link_token("lies@shops.example")
    candidates = [f"parallel password {number:04d}" for number in range(12)]
    outcomes = await asyncio.gather(
        *(world.set_password(token, one) for one in candidates), return_exceptions=True
    )
    won = [one for one, outcome in zip(candidates, outcomes, strict=True) if outcome is None]
    assert len(won) == 1
    lost = [outcome for outcome in outcomes if outcome is not None]
    assert {outcome.reason for outcome in lost} == {"LINK_NOT_VALID"}
    await world.sign_in("lies@shops.example", won[0])
    assert len(await world.facts("commis.customers.v1.password_set")) == 1


@pytest.mark.spec("A-02")
async def test_a_new_activation_mail_ends_the_earlier_link(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    old = await world.link_token("lies@shops.example")
    request = accounts_pb2.SendActivationRequest(account_id=account.id, person_id=account.persons[0].id)
    await asyncio.gather(*(world.call("AccountService", "SendActivation", request) for _ in range(5)))
    open_links = "SELECT count(*) FROM credential_requests WHERE replace_time IS NULL AND use_time IS NULL"
    assert await world.scalar(open_links) == 1
    with pytest.raises(refused) as error:
        await world.set_password(old)
    assert error.value.reason == "LINK_NOT_VALID"
    await world.activate("lies@shops.example")
    with pytest.raises(refused) as error:
        await world.call("AccountService", "SendActivation", request)
    assert error.value.reason == "PERSON_ALREADY_ACTIVE"


@pytest.mark.spec("A-02")
async def test_a_link_ends_after_72_hours(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    life = "SELECT extract(epoch FROM expire_time - create_time) FROM credential_requests"
    assert round(float(await world.scalar(life)) / 60) == 72 * 60
    token = await world.link_token("lies@shops.example")
    (fact,) = await world.facts("commis.customers.v1.activation_requested")
    await world.execute("UPDATE credential_requests SET expire_time = now() - interval '1 second'")
    with pytest.raises(refused) as error:
        await world.set_password(token)
    assert error.value.reason == "LINK_NOT_VALID"
    request = pb.GetCredentialLinkRequest(credential_request_id=fact.credential_request_id)
    with pytest.raises(refused) as error:
        await world.call("RecipientService", "GetCredentialLink", request, as_service("customers.recipients"))
    assert error.value.reason == "LINK_NOT_VALID"


@pytest.mark.parametrize(
    "token", ["x", "A" * 64, "é" * 64, "\x00", "A" * 64 + "=", "#" * 64, "A" * 190, "YWJj"]
)
async def test_an_invented_link_is_refused(world: Any, refused: Any, token: str) -> None:
    with pytest.raises(refused) as error:
        await world.set_password(token)
    assert error.value.reason in ("LINK_NOT_VALID", "INVALID_FIELDS")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "TOO_SHORT"),
        ("elevenchars", "TOO_SHORT"),
        ("Password2024!", "TOO_COMMON"),
        ("wachtwoord123", "TOO_COMMON"),
        ("aaaaaaaaaaaaaaa", "TOO_COMMON"),
        ("x" * 257, "TOO_LONG"),
        ("x" * 5000, "TOO_LONG"),
    ],
)
@pytest.mark.spec("A-20")
async def test_a_weak_password_is_refused_and_the_link_stays_valid(
    world: Any, refused: Any, password: str, reason: str
) -> None:
    await world.account("lies@shops.example")
    token = await world.link_token("lies@shops.example")
    with pytest.raises(refused) as error:
        await world.set_password(token, password)
    assert error.value.violations == {"password": reason}
    await world.set_password(token)


@pytest.mark.spec("A-20")
async def test_unknown_email_and_wrong_password_get_the_same_answer(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    await world.account("pending@shops.example")
    await world.activate("lies@shops.example")
    answers = set()
    for email in ("lies@shops.example", "nobody@shops.example", "pending@shops.example", "no address"):
        with pytest.raises(refused) as error:
            await world.sign_in(email, "the wrong password 1")
        answers.add((str(error.value), error.value.code, error.value.reason, str(error.value.metadata)))
    assert answers == {
        ("UNAUTHENTICATED SIGN_IN_FAILED {} E-mail address and password do not match.", "UNAUTHENTICATED",
         "SIGN_IN_FAILED", "{}")
    }  # fmt: skip


class _Counting(PasswordHasher):
    """Notes every hash that is checked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checked: list[str] = []

    def verify(self, hash: Any, password: Any) -> Any:
        self.checked.append(str(hash))
        return super().verify(hash, password)


@pytest.mark.spec("A-20")
async def test_an_unknown_email_costs_the_same_hash(world: Any, refused: Any) -> None:
    hasher = _Counting()
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    pool = HashPool(hasher)
    object.__setattr__(world.door, "hashes", pool)
    for email in ("lies@shops.example", "nobody@shops.example"):
        with pytest.raises(refused):
            await world.sign_in(email, "the wrong password 1")
    assert len(hasher.checked) == 2
    parameters = [checked.split("$")[1:4] for checked in hasher.checked]
    assert parameters[0] == parameters[1]


@pytest.mark.spec("A-20")
def test_the_parameters_are_those_of_owasp() -> None:
    hasher = hashing.owasp_hasher()
    assert hasher.hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (max(1, (os.cpu_count() or 2) // 2), 50) == (hashing.THREADS, hashing.QUEUE_LIMIT)


@pytest.mark.spec("A-20")
async def test_a_hash_with_old_parameters_is_renewed_at_sign_in(world: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    old = await world.scalar("SELECT hash FROM passwords")
    object.__setattr__(
        world.door, "hashes", HashPool(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    )
    await world.sign_in("lies@shops.example")
    renewed = await world.scalar("SELECT hash FROM passwords")
    assert "m=8,t=1" in old
    assert "m=16,t=2" in renewed
    await world.sign_in("lies@shops.example")
    assert await world.scalar("SELECT hash FROM passwords") == renewed


@pytest.mark.spec("A-20")
async def test_guessing_is_throttled_per_email_and_address(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    reasons = []
    for _ in range(int(PAIR.capacity) + 1):
        with pytest.raises(refused) as error:
            await world.sign_in("lies@shops.example", "the wrong password 1", address="203.0.113.9")
        reasons.append(error.value.reason)
    assert reasons == ["SIGN_IN_FAILED"] * int(PAIR.capacity) + ["SIGN_IN_THROTTLED"]
    assert error.value.code == "RESOURCE_EXHAUSTED"
    assert error.value.retry >= 1
    with pytest.raises(refused) as error:  # the right password does not help from there
        await world.sign_in("lies@shops.example", address="203.0.113.9")
    assert error.value.reason == "SIGN_IN_THROTTLED"
    await world.sign_in("lies@shops.example", address="198.51.100.1")


@pytest.mark.spec("A-20")
async def test_guesses_at_the_same_moment_do_not_slip_through(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    guesses = [
        world.sign_in("lies@shops.example", f"wrong password {number}", address="203.0.113.9")
        for number in range(20)
    ]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    reasons = [outcome.reason for outcome in outcomes]
    assert reasons.count("SIGN_IN_FAILED") == int(PAIR.capacity)
    assert reasons.count("SIGN_IN_THROTTLED") == 20 - int(PAIR.capacity)


@pytest.mark.spec("A-20")
async def test_nobody_is_locked_out_by_others(world: Any, refused: Any) -> None:
    """A botnet fills the bucket of the e-mail; its owner signs in from home, and elsewhere by a reset."""
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    await world.sign_in("lies@shops.example", address="198.51.100.1")
    reasons = set()
    for number in range(int(EMAIL.capacity) + 5):
        with pytest.raises(refused) as error:
            await world.sign_in("lies@shops.example", "the wrong password 1", address=f"203.0.113.{number}")
        reasons.add(error.value.reason)
    assert reasons == {"SIGN_IN_FAILED", "SIGN_IN_THROTTLED"}
    await world.sign_in("lies@shops.example", address="198.51.100.1")
    with pytest.raises(refused) as error:
        await world.sign_in("lies@shops.example", address="192.0.2.200")
    assert error.value.reason == "SIGN_IN_THROTTLED"
    request = pb.RequestPasswordResetRequest(email="lies@shops.example")
    await world.call("SessionService", "RequestPasswordReset", request, ())
    token = await world.link_token("lies@shops.example")
    set_password = pb.SetPasswordRequest(token=token, password=OTHER_PASSWORD)
    await world.call("SessionService", "SetPassword", set_password, (("x-forwarded-for", "192.0.2.200"),))
    await world.sign_in("lies@shops.example", OTHER_PASSWORD, address="192.0.2.200")


@pytest.mark.spec("A-20")
async def test_unknown_emails_are_throttled_like_known_ones(world: Any, refused: Any) -> None:
    for _ in range(int(PAIR.capacity)):
        with pytest.raises(refused):
            await world.sign_in("nobody@shops.example", "the wrong password 1")
    with pytest.raises(refused) as error:
        await world.sign_in("nobody@shops.example", "the wrong password 1")
    assert error.value.reason == "SIGN_IN_THROTTLED"


async def test_too_many_passwords_at_once_are_refused_early_and_not_counted(world: Any, refused: Any) -> None:
    pool = HashPool(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), threads=1, queue_limit=0)
    object.__setattr__(world.door, "hashes", pool)
    async with pool.turn(), pool.turn():
        for _ in range(int(PAIR.capacity) + 1):
            with pytest.raises(refused) as error:
                await world.sign_in("nobody@shops.example", "the wrong password 1")
            assert (error.value.code, error.value.reason) == ("RESOURCE_EXHAUSTED", "PASSWORDS_BUSY")
            assert error.value.retry == 1
    with pytest.raises(refused) as error:
        await world.sign_in("nobody@shops.example", "the wrong password 1")
    assert error.value.reason == "SIGN_IN_FAILED"


async def test_whoever_waits_gets_a_turn(world: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    pool = HashPool(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), threads=1, queue_limit=20)
    object.__setattr__(world.door, "hashes", pool)
    answers = await asyncio.gather(*(world.sign_in("lies@shops.example") for _ in range(10)))
    assert len({answer.tokens.refresh_token for answer in answers}) == 10


@pytest.mark.spec("A-20")
async def test_a_reset_answers_alike_and_mails_only_to_who_may_sign_in(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    rep = await world.rep(email="gone@reps.example")
    await _deactivate(world, rep.id)
    answers = []
    for email in ("lies@shops.example", "nobody@shops.example", "gone@reps.example", "no address"):
        request = pb.RequestPasswordResetRequest(email=email)
        answers.append(await world.call("SessionService", "RequestPasswordReset", request, ()))
    assert answers == [pb.RequestPasswordResetResponse()] * 4
    assert len(await world.facts("commis.customers.v1.password_reset_requested")) == 1


@pytest.mark.spec("A-20")
async def test_reset_mails_to_one_address_are_limited_silently(world: Any) -> None:
    await world.account("lies@shops.example")
    request = pb.RequestPasswordResetRequest(email="lies@shops.example")
    for _ in range(6):
        await world.call("SessionService", "RequestPasswordReset", request, ())
    assert len(await world.facts("commis.customers.v1.password_reset_requested")) == 3


@pytest.mark.spec("A-20", "A-21")
async def test_a_new_password_ends_every_session(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    signed_in = [await world.sign_in("lies@shops.example") for _ in range(2)]
    request = pb.RequestPasswordResetRequest(email="lies@shops.example")
    await world.call("SessionService", "RequestPasswordReset", request, ())
    await world.set_password(await world.link_token("lies@shops.example"), OTHER_PASSWORD)
    for session in signed_in:
        with pytest.raises(refused) as error:
            await world.refresh(session.tokens.refresh_token)
        assert error.value.reason == "REFRESH_REFUSED"
        with pytest.raises(refused) as error:
            await _get_account(world, account.id, bearer(session.tokens.access_token))
        assert error.value.reason == "SESSION_ENDED"
    await world.sign_in("lies@shops.example", OTHER_PASSWORD)


@pytest.mark.spec("A-21")
async def test_a_sign_in_that_is_overtaken_by_a_new_password_fails(world: Any, refused: Any) -> None:
    """The old password was checked, then a new one is set: no session is stored after that."""
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    checked = await use_cases._stored(world.sessions, "lies@shops.example")
    await world.execute("UPDATE passwords SET hash = 'another'")
    attempt = await world.door.throttle.pay("lies@shops.example")
    with pytest.raises(use_cases.SignInFailed):
        await use_cases._enter(world.door, attempt, checked, None)
    assert await world.scalar("SELECT count(*) FROM session_families") == 0


@pytest.mark.spec("A-21")
async def test_a_refresh_rotates_and_a_late_copy_ends_the_family(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    first = (await world.sign_in("lies@shops.example")).tokens.refresh_token
    second = (await world.refresh(first)).tokens.refresh_token
    third = (await world.refresh(second)).tokens.refresh_token
    assert len({first, second, third}) == 3
    with pytest.raises(refused) as error:  # its successor was used: somebody has a copy
        await world.refresh(first)
    assert error.value.reason == "REFRESH_REFUSED"
    with pytest.raises(refused):
        await world.refresh(third)
    assert await world.scalar("SELECT end_reason FROM session_families") == "REUSED"


@pytest.mark.spec("A-21")
async def test_a_lost_answer_can_be_asked_for_again_within_the_grace_only(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    first = (await world.sign_in("lies@shops.example")).tokens.refresh_token
    lost = await world.refresh(first)
    again = await world.refresh(first)
    assert again.tokens.refresh_token == lost.tokens.refresh_token
    await world.execute("UPDATE refresh_tokens SET use_time = use_time - interval '11 seconds'")
    with pytest.raises(refused):
        await world.refresh(first)
    with pytest.raises(refused):
        await world.refresh(again.tokens.refresh_token)


@pytest.mark.spec("A-21")
async def test_twenty_refreshes_at_once_give_one_successor(world: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    token = (await world.sign_in("lies@shops.example")).tokens.refresh_token
    answers = await asyncio.gather(*(world.refresh(token) for _ in range(20)))
    successors = {answer.tokens.refresh_token for answer in answers}
    assert len(successors) == 1
    assert await world.scalar("SELECT count(*) FROM refresh_tokens") == 2
    assert await world.scalar("SELECT count(*) FROM session_families WHERE end_time IS NOT NULL") == 0
    await world.refresh(successors.pop())


@pytest.mark.spec("A-21")
async def test_no_refresh_token_is_stored(world: Any) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    token = (await world.sign_in("lies@shops.example")).tokens.refresh_token
    rows = await world.scalar("SELECT string_agg(t::text, ' ') FROM refresh_tokens t")
    assert token not in rows
    digest = sa.text(
        "SELECT count(*) FROM refresh_tokens WHERE token_hash = sha256(CAST(:token AS text)::bytea)"
    )
    async with world.sessions() as session:
        assert await session.scalar(digest, {"token": token}) == 1


@pytest.mark.spec("A-21")
async def test_a_family_ends_after_7_idle_days_and_after_30_days_in_any_case(
    world: Any, refused: Any
) -> None:
    await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    idle = (await world.sign_in("lies@shops.example")).tokens
    idle_days = "SELECT extract(epoch FROM expire_time - create_time) / 86400 FROM refresh_tokens"
    assert round(float(await world.scalar(idle_days)), 3) == 7
    absolute = "SELECT extract(epoch FROM expire_time - create_time) / 86400 FROM session_families"
    assert round(float(await world.scalar(absolute)), 3) == 30
    await world.execute("UPDATE refresh_tokens SET expire_time = now()")
    with pytest.raises(refused):
        await world.refresh(idle.refresh_token)
    token = (await world.sign_in("lies@shops.example")).tokens.refresh_token
    await world.execute("UPDATE session_families SET expire_time = now() + interval '1 hour'")
    later = await world.refresh(token)
    hours = "SELECT extract(epoch FROM expire_time - now()) / 3600 FROM refresh_tokens ORDER BY id DESC"
    assert float(await world.scalar(hours)) <= 1
    await world.execute("UPDATE session_families SET expire_time = now()")
    with pytest.raises(refused):
        await world.refresh(later.tokens.refresh_token)


@pytest.mark.parametrize("token", ["x", "A" * 43, "\x00", "é" * 40, "A" * 500])
async def test_an_invented_refresh_token_is_refused(world: Any, refused: Any, token: str) -> None:
    with pytest.raises(refused) as error:
        await world.refresh(token)
    assert error.value.reason in ("REFRESH_REFUSED", "INVALID_FIELDS")


@pytest.mark.spec("A-21")
async def test_signing_out_ends_the_family_and_its_ordering_sessions(world: Any, refused: Any) -> None:
    account = await world.account()
    _, as_rep = await world.rep_session(account.id)
    opened = await world.open_session(account.id, as_rep)
    for _ in range(2):
        await world.call("SessionService", "SignOut", pb.SignOutRequest(), as_rep)
    with pytest.raises(refused):
        await world.refresh(opened.tokens.refresh_token)
    with pytest.raises(refused) as error:
        await _get_account(world, account.id, bearer(opened.tokens.access_token))
    assert error.value.reason == "SESSION_ENDED"
    with pytest.raises(refused) as error:
        await world.open_session(account.id, as_rep)
    assert error.value.reason == "SESSION_ENDED"


@pytest.mark.spec("A-13")
async def test_a_rep_opens_an_ordering_session_for_an_own_account(world: Any, refused: Any) -> None:
    own, foreign = await world.account(), await world.account()
    rep, as_rep = await world.rep_session(own.id)
    opened = await world.open_session(own.id, as_rep)
    assert (opened.session.subject.kind, opened.session.subject.id) == (common_pb2.PARTY_KIND_ACCOUNT, own.id)
    assert (opened.session.actor.kind, opened.session.actor.id) == (common_pb2.PARTY_KIND_REP, rep.id)
    assert opened.session.channel == common_pb2.CHANNEL_REP
    assert opened.account.id == own.id
    (fact,) = await world.facts("commis.customers.v1.ordering_session_opened")
    assert (fact.attribution.actor.id, fact.attribution.account_id) == (rep.id, own.id)
    refreshed = await world.refresh(opened.tokens.refresh_token)
    assert refreshed.session.actor.id == rep.id
    session = await world.call(
        "SessionService", "GetSession", pb.GetSessionRequest(), bearer(refreshed.tokens.access_token)
    )
    assert session.session == refreshed.session
    for unknown in (foreign.id, str(new_id())):
        with pytest.raises(refused) as error:
            await world.open_session(unknown, as_rep)
        assert (error.value.code, error.value.reason) == ("NOT_FOUND", "ACCOUNT_NOT_FOUND")
    await world.execute("UPDATE accounts SET state = 'SUSPENDED'")
    with pytest.raises(refused) as error:
        await world.open_session(own.id, as_rep)
    assert error.value.reason == "ACCOUNT_NOT_ACTIVE"


@pytest.mark.spec("A-13")
async def test_only_reps_open_ordering_sessions(world: Any, refused: Any) -> None:
    account = await world.account()
    for who in (as_staff("ADMIN"), as_service("customers.access")):
        with pytest.raises(refused) as error:
            await world.open_session(account.id, who)
        assert error.value.code == "PERMISSION_DENIED"


@pytest.mark.spec("A-11")
async def test_unassigning_ends_open_sessions_at_once(world: Any, refused: Any) -> None:
    account = await world.account()
    rep, as_rep = await world.rep_session(account.id)
    opened = await world.open_session(account.id, as_rep)
    as_session = bearer(opened.tokens.access_token)
    await _get_account(world, account.id, as_session)
    await world.unassign(rep.id, account.id)
    with pytest.raises(refused):
        await _get_account(world, account.id, as_session)
    with pytest.raises(refused):
        await world.refresh(opened.tokens.refresh_token)
    await world.assign(rep.id, account.id)
    with pytest.raises(refused) as error:  # the old session stays ended, a new one is opened
        await world.refresh(opened.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"
    await world.open_session(account.id, as_rep)


@pytest.mark.spec("A-11")
async def test_a_session_opened_while_the_account_is_taken_away_is_useless(world: Any, refused: Any) -> None:
    for _ in range(10):
        account = await world.account()
        rep, as_rep = await world.rep_session(account.id)
        outcome, _ = await asyncio.gather(
            world.open_session(account.id, as_rep), world.unassign(rep.id, account.id), return_exceptions=True
        )
        if isinstance(outcome, refused):
            assert outcome.reason == "ACCOUNT_NOT_FOUND"
            continue
        with pytest.raises(refused):
            await world.refresh(outcome.tokens.refresh_token)
        with pytest.raises(refused):
            await _get_account(world, account.id, bearer(outcome.tokens.access_token))
        living = (
            "SELECT count(*) FROM session_families WHERE rep_id = CAST(:rep AS uuid) AND end_time IS NULL"
        )
        assert await world.scalar(living, rep=rep.id) == 0


@pytest.mark.spec("A-10", "A-21")
async def test_deactivating_a_rep_ends_everything_at_once(world: Any, refused: Any) -> None:
    account = await world.account()
    email = "robin@reps.example"
    rep = await world.rep("R1", account.id, email=email)
    await world.activate(email)
    signed_in = await world.sign_in(email)
    as_rep = bearer(signed_in.tokens.access_token)
    opened = await world.open_session(account.id, as_rep)
    await _deactivate(world, rep.id)
    for token in (signed_in.tokens.refresh_token, opened.tokens.refresh_token):
        with pytest.raises(refused):
            await world.refresh(token)
    for who in (as_rep, bearer(opened.tokens.access_token)):
        with pytest.raises(refused) as error:
            await _get_account(world, account.id, who)
        assert error.value.reason == "SESSION_ENDED"
    with pytest.raises(refused) as error:
        await world.sign_in(email)
    assert error.value.reason == "SIGN_IN_FAILED"


@pytest.mark.spec("A-21")
async def test_with_several_identities_one_is_chosen_and_never_guessed(world: Any, refused: Any) -> None:
    first, second = await world.account("lies@shops.example"), await world.business()
    await world.activate("lies@shops.example")
    person_id = first.persons[0].id
    await world.execute(
        "INSERT INTO memberships (account_id, person_id, role)"
        " VALUES (CAST(:account AS uuid), CAST(:person AS uuid), 'USER')",
        account=second.id, person=person_id,
    )  # fmt: skip
    signed_in = await world.sign_in("lies@shops.example")
    assert (signed_in.session.subject.kind, signed_in.session.subject.id) == (
        common_pb2.PARTY_KIND_PERSON,
        person_id,
    )
    assert {identity.id for identity in signed_in.identities} == {first.id, second.id}
    as_person = bearer(signed_in.tokens.access_token)
    with pytest.raises(refused) as error:
        await _get_account(world, first.id, as_person)
    assert error.value.code == "PERMISSION_DENIED"
    chosen = await world.call(
        "SessionService", "ChooseIdentity", pb.ChooseIdentityRequest(identity_id=second.id), as_person
    )
    assert chosen.session.subject.display_name == "Boekhandel De Linde"
    assert chosen.session.membership_role == accounts_pb2.Person.ROLE_USER
    assert (await _get_account(world, second.id, bearer(chosen.tokens.access_token))).id == second.id
    refreshed = await world.refresh(chosen.tokens.refresh_token)
    assert refreshed.session.subject.id == second.id
    foreign = pb.ChooseIdentityRequest(identity_id=str(new_id()))
    with pytest.raises(refused) as error:
        await world.call("SessionService", "ChooseIdentity", foreign, as_person)
    assert error.value.reason == "IDENTITY_NOT_FOUND"


async def test_a_service_may_ask_what_its_token_says(world: Any) -> None:
    session = await world.call(
        "SessionService", "GetSession", pb.GetSessionRequest(), as_service("orders.read")
    )
    assert session.session.subject.kind == common_pb2.PARTY_KIND_SERVICE
    assert session.session.subject.id == "orders"


async def _get_account(world: Any, account_id: str, who: Any) -> Any:
    request = accounts_pb2.GetAccountRequest(account_id=account_id)
    return (await world.call("AccountService", "GetAccount", request, who)).account


async def _deactivate(world: Any, rep_id: str) -> None:
    request = representatives_pb2.UpdateRepresentativeRequest(
        representative=representatives_pb2.Representative(id=rep_id, active=False)
    )
    request.update_mask.paths.append("active")
    await world.call("RepresentativeService", "UpdateRepresentative", request)
