"""Data protection over the wire: who may ask, what an archive holds, what an erasure leaves."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from typing import Any
from uuid import UUID

import grpc
import pytest
import sqlalchemy as sa
from commis.customers.v1 import accounts_pb2, audit_pb2, privacy_pb2_grpc, sessions_pb2
from commis.customers.v1 import privacy_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep_for, as_service, as_staff
from customers import housekeeping
from customers.audit import check
from customers.audit.authors import Authors
from customers.audit.store import Fact, append
from customers.privacy import collecting, exports
from customers.privacy.errors import DataExportState

from ..conftest import bearer

OTHERS = ("catalog", "library", "notifications", "orders")
SERVICE = as_service("customers.data-protection")
CANARY = "Zzcanary"
EMAIL = "zzcanary@mail.example"
ADDRESS = accounts_pb2.AccountAddress(
    label=f"{CANARY} label",
    address={
        "street_lines": ["Kerkstraat 12"],
        "postal_code": "1000",
        "city": "Brussel",
        "region_code": "BE",
        "recipient": f"{CANARY} recipient",
        "company": f"{CANARY} bv",
        "phone": "+3225557777",
    },
    default_billing=True,
    default_delivery=True,
)


class Protection:
    """Short ways to the service; calls are an ADMIN's unless said otherwise."""

    def __init__(self, world: Any, refused: Any) -> None:
        self.world = world
        self.refused = refused

    async def call(self, method: str, request: Any, as_: Any = None) -> Any:
        return await self.world.call("DataProtectionService", method, request, as_)

    async def export(
        self, account_id: str, person_id: str = "", as_: Any = None, **more: str
    ) -> pb.DataExport:
        request = pb.StartDataExportRequest(account_id=account_id, person_id=person_id, **more)
        return (await self.call("StartDataExport", request, as_)).data_export

    async def erase(self, account_id: str, person_id: str = "", as_: Any = None, **more: str) -> pb.Erasure:
        request = pb.StartErasureRequest(account_id=account_id, person_id=person_id, **more)
        return (await self.call("StartErasure", request, as_)).erasure

    async def hand_in(
        self, export: pb.DataExport, service: str, *contents: bytes, as_: Any = SERVICE
    ) -> None:
        for part, content in enumerate(contents, 1):
            request = pb.AddExportPartRequest(
                data_export_id=export.id,
                service=service,
                content=content,
                part=part,
                last=part == len(contents),
            )
            await self.call("AddExportPart", request, as_)

    async def collect(self, export: pb.DataExport) -> None:
        """What all services do when they learn of it."""
        person = UUID(export.person_id) if export.person_id else None
        await collecting.hand_in(self.world.sessions, UUID(export.id), UUID(export.account_id), person)
        for service in OTHERS:
            await self.hand_in(export, service, json.dumps({"of": service}).encode())

    async def get(self, export: pb.DataExport, as_: Any = None) -> pb.DataExport:
        return (
            await self.call("GetDataExport", pb.GetDataExportRequest(data_export_id=export.id), as_)
        ).data_export

    async def archive(self, export: pb.DataExport, as_: Any = None) -> zipfile.ZipFile:
        stub = privacy_pb2_grpc.DataProtectionServiceStub(self.world.channel)
        request = pb.DownloadDataExportRequest(data_export_id=export.id)
        content = bytearray()
        try:
            async for piece in stub.DownloadDataExport(request, metadata=as_ or self.world.admin, timeout=20):
                assert len(piece.content) <= 256 * 1024
                content += piece.content
        except grpc.aio.AioRpcError as error:
            raise self.refused(error) from None
        archive = zipfile.ZipFile(io.BytesIO(bytes(content)))
        assert archive.testzip() is None
        return archive

    async def report(self, erasure: pb.Erasure, service: str, as_: Any = SERVICE) -> None:
        erased = accounts_pb2.ErasureReceipt.Item(subject="mails", count=2)
        kept = accounts_pb2.ErasureReceipt.Item(subject="orders", count=1, kept_because="the law")
        request = pb.ReportErasureRequest(
            erasure_id=erasure.id, service=service, erased=[erased], kept=[kept]
        )
        await self.call("ReportErasure", request, as_)

    async def erasure(self, erasure: pb.Erasure, as_: Any = None) -> pb.Erasure:
        return (await self.call("GetErasure", pb.GetErasureRequest(erasure_id=erasure.id), as_)).erasure

    async def found(self, needle: str = CANARY) -> set[str]:
        """Tables with a row that holds the needle, as text in any case or as bytes."""
        hits = set()
        async with self.world.sessions() as session:
            tables = (
                await session.execute(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            ).scalars()
            for table in list(tables):
                query = f"SELECT 1 FROM {table} t WHERE lower(t::text) LIKE :text OR lower(t::text) LIKE :hex LIMIT 1"
                given = {"text": f"%{needle.lower()}%", "hex": f"%{needle.encode().hex()}%"}
                if await session.scalar(sa.text(query), given) is not None:
                    hits.add(table)
        return hits


@pytest.fixture
def protection(world: Any, refused: Any) -> Protection:
    return Protection(world, refused)


async def planted(world: Any, **fields: Any) -> accounts_pb2.Account:
    given = {"first_name": CANARY, "last_name": CANARY, "phone": "+3225557777", "request_id": str(new_id())}
    profile = {"company_name": f"{CANARY} bv", "department": f"{CANARY} department"}
    return await world.business(EMAIL, profile=profile, addresses=[ADDRESS], **(given | fields))


@pytest.mark.spec("A-24")
async def test_an_archive_has_a_readme_and_json_of_every_service(world: Any, protection: Protection) -> None:
    account = await planted(world)
    person = account.persons[0].id
    await world.enter(EMAIL)
    export = await protection.export(account.id)
    assert (export.state, list(export.collected)) == (pb.DataExport.STATE_COLLECTING, [])
    assert set(export.missing) == {"customers", *OTHERS}
    await protection.collect(export)
    ready = await protection.get(export)
    assert (ready.state, list(ready.missing)) == (pb.DataExport.STATE_READY, [])
    archive = await protection.archive(export)
    assert set(archive.namelist()) == {"LEESMIJ.txt", "customers.json", *(f"{name}.json" for name in OTHERS)}
    readme = archive.read("LEESMIJ.txt").decode()
    assert readme.startswith("Uw gegevens")
    assert all(f"{name}.json" in readme for name in ("customers", *OTHERS))
    held = json.loads(archive.read("customers.json"))
    assert held["account"][0]["number"] == account.number
    assert (held["persons"][0]["email"], held["persons"][0]["last_name"]) == (EMAIL, CANARY)
    assert held["addresses"][0]["recipient"] == f"{CANARY} recipient"
    assert held["business_profile"][0]["department"] == f"{CANARY} department"
    assert held["sessions"][0]["person_id"] == person
    assert held["persons"][0]["password_set_time"]
    assert "hash" not in held["persons"][0]


@pytest.mark.spec("A-24")
async def test_parts_may_come_in_any_order_and_again(world: Any, protection: Protection) -> None:
    account = await world.account()
    export = await protection.export(account.id)
    again = await protection.export(account.id)
    assert again.id == export.id
    await protection.collect(export)
    request = pb.AddExportPartRequest(
        data_export_id=export.id, service="orders", content=b"[]", part=7, last=True
    )
    await protection.call("AddExportPart", request, SERVICE)  # too late: what is READY stays as it is
    archive = await protection.archive(export)
    assert json.loads(archive.read("orders.json")) == {"of": "orders"}
    fresh = await protection.export(account.id)
    assert fresh.id != export.id
    second = pb.AddExportPartRequest(
        data_export_id=fresh.id, service="orders", content=b"2", part=2, last=True
    )
    await protection.call("AddExportPart", second, SERVICE)
    assert "orders" in (await protection.get(fresh)).missing
    await protection.hand_in(fresh, "orders", b"1", b"[2]")
    assert list((await protection.get(fresh)).collected) == ["orders"]
    await protection.hand_in(fresh, "orders", b"1")  # a new try that has less
    await protection.collect(fresh)
    names = (await protection.archive(fresh)).namelist()
    assert "orders-2.json" not in names
    with pytest.raises(protection.refused) as replaced:
        await protection.get(export)
    assert replaced.value.reason == "DATA_EXPORT_NOT_FOUND"


@pytest.mark.spec("A-24")
async def test_large_parts_stream_in_small_pieces(world: Any, protection: Protection) -> None:
    account = await world.account()
    export = await protection.export(account.id)
    await protection.collect(export)
    noise = [json.dumps([new_id().hex for _ in range(60_000)]).encode() for _ in range(2)]
    async with world.sessions.begin() as session:
        for part, content in enumerate(noise, 2):
            await session.execute(
                sa.text("INSERT INTO data_export_parts VALUES (:id, 'orders', :part, false, :content)"),
                {"id": UUID(export.id), "part": part, "content": content},
            )
    archive = await protection.archive(export)
    assert [archive.read(f"orders-{part}.json") for part in (2, 3)] == noise


@pytest.mark.spec("A-24")
async def test_an_export_expires(world: Any, protection: Protection) -> None:
    account = await world.account()
    export = await protection.export(account.id)
    with pytest.raises(protection.refused) as early:
        await protection.archive(export)
    assert (early.value.code, early.value.reason) == ("FAILED_PRECONDITION", "DATA_EXPORT_STATE")
    await protection.collect(export)
    ready = await protection.get(export)
    assert (ready.expire_time.ToDatetime() - ready.create_time.ToDatetime()).days == 7
    await world.execute("UPDATE data_exports SET expire_time = now()")
    assert (await protection.get(export)).state == pb.DataExport.STATE_EXPIRED
    with pytest.raises(protection.refused) as late:
        await protection.archive(export)
    assert late.value.reason == "DATA_EXPORT_STATE"
    await housekeeping.purge(world.sessions)
    assert await world.scalar("SELECT count(*) FROM data_export_parts") == 0
    assert (await protection.get(export)).state == pb.DataExport.STATE_EXPIRED


@pytest.mark.spec("A-24")
async def test_a_download_that_an_export_expires_under_is_cut_off(world: Any, protection: Protection) -> None:
    """Without its end no ZIP program takes it for a whole archive."""
    export = await protection.export((await world.account()).id)
    await protection.collect(export)
    async with world.sessions() as session:
        view = await exports.get(session, UUID(export.id))
    parts = exports.read_parts(world.sessions, view)
    assert (await anext(parts))[0] == "catalog"
    await world.execute("UPDATE data_exports SET expire_time = now()")
    await housekeeping.purge(world.sessions)
    with pytest.raises(DataExportState):
        await anext(parts)


@pytest.mark.spec("A-24")
async def test_who_may_ask(world: Any, protection: Protection) -> None:
    account, other = await world.business(), await world.business()
    member = await world.invite(account.id)
    me, colleague, stranger = UUID(account.persons[0].id), UUID(member.id), UUID(other.persons[0].id)
    account_id = UUID(account.id)
    administrator, user = as_customer(me, account_id), as_customer(colleague, account_id, "USER")
    rep = await world.rep("", account.id)
    refused = {
        ("another account", "ACCOUNT_NOT_FOUND"): (other.id, "", administrator),
        ("a colleague", "MEMBER_NOT_FOUND"): (account.id, str(colleague), administrator),
        ("an administrator, by a user", "MEMBER_NOT_FOUND"): (account.id, str(me), user),
        ("the account, by a user", "CHANGE_NOT_ALLOWED"): (account.id, "", user),
        ("a rep", "CHANGE_NOT_ALLOWED"): (account.id, "", as_rep_for(UUID(rep.id), account_id)),
        ("no member, by staff", "MEMBER_NOT_FOUND"): (account.id, str(stranger), None),
        ("nothing, by staff", "ACCOUNT_NOT_FOUND"): (str(new_id()), "", None),
        ("no administrator", "PERMISSION_DENIED"): (account.id, "", as_staff("ORDER_DESK")),
        ("a service", "PERMISSION_DENIED"): (account.id, "", SERVICE),
    }
    for (case, reason), (of_account, of_person, who) in refused.items():
        for ask in (protection.export, protection.erase):
            with pytest.raises(protection.refused) as found:
                await ask(of_account, of_person, who)
            assert found.value.reason == reason, (case, ask.__name__)
    own = await protection.export(account.id, str(colleague), user)
    whole = await protection.export(account.id, "", administrator)
    assert (await protection.get(own, user)).id == own.id
    for hidden, who in ((whole, user), (own, administrator), (whole, as_customer(stranger, UUID(other.id)))):
        with pytest.raises(protection.refused) as found:
            await protection.get(hidden, who)
        assert found.value.reason == "DATA_EXPORT_NOT_FOUND"
        with pytest.raises(protection.refused) as found:
            await protection.archive(hidden, who)
        assert found.value.reason == "DATA_EXPORT_NOT_FOUND"


@pytest.mark.spec("A-24")
async def test_of_a_person_only_that_person(world: Any, protection: Protection) -> None:
    account = await world.business()
    member = await world.invite(account.id, EMAIL)
    export = await protection.export(account.id, member.id)
    await protection.collect(export)
    archive = await protection.archive(export)
    held = json.loads(archive.read("customers.json"))
    assert [person["email"] for person in held["persons"]] == [EMAIL]
    assert held["account"] == held["addresses"] == held["business_profile"] == []
    assert account.email not in archive.read("customers.json").decode()


@pytest.mark.spec("A-24")
async def test_of_an_account_of_several_nothing_that_is_a_colleagues_own(
    world: Any, protection: Protection
) -> None:
    account, elsewhere = await world.business(), await world.business()
    member = await world.invite(account.id, EMAIL)
    await world.invite(elsewhere.id, EMAIL)
    await world.execute("UPDATE persons SET phone = '+3225557777' WHERE email = :email", email=EMAIL)
    signed_in = await world.enter(EMAIL)  # as nobody yet: there are two accounts to choose from
    for chosen in (elsewhere, account):
        await world.call(
            "SessionService",
            "ChooseIdentity",
            sessions_pb2.ChooseIdentityRequest(identity_id=chosen.id),
            bearer((await world.sign_in(EMAIL)).tokens.access_token),
        )
    staff = (
        "INSERT INTO session_families (id, person_id, subject_kind, subject_id, expire_time)"
        " VALUES (CAST(:id AS uuid), CAST(:person AS uuid), 'STAFF', CAST(:subject AS uuid), now())"
    )
    await world.execute(staff, id=str(new_id()), person=member.id, subject=str(new_id()))
    assert signed_in.session.subject.id == member.id

    async def held(person_id: str) -> dict[str, Any]:
        export = await protection.export(account.id, person_id)
        await protection.collect(export)
        return dict(json.loads((await protection.archive(export)).read("customers.json")))

    whole, own = await held(""), await held(member.id)
    assert [one["person_id"] for one in whole["sessions"]] == [member.id]
    assert whole["mailed_links"] == []
    (seen,) = [one for one in whole["persons"] if one["email"] == EMAIL]
    assert (seen["phone"], seen["password_set_time"], seen["role"]) == (None, None, "USER")
    assert {one["subject_kind"] for one in own["sessions"]} == {"PERSON", "ACCOUNT", "STAFF"}
    assert len(own["mailed_links"]) > 0
    assert own["persons"][0]["phone"] == "+3225557777"
    assert own["persons"][0]["password_set_time"]


@pytest.mark.spec("A-24")
async def test_what_was_done_is_read_by_the_index_page_after_page(
    world: Any, protection: Protection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_PAGE", 2)
    account, other = await world.account(), await world.account()
    moment = datetime.datetime.now(datetime.UTC)
    for number in range(12):
        whose = other if number % 3 == 2 else account
        fact = Fact(new_id(), "STAFF", "s", "", whose.id, "API", f"did {number}", "", "", moment, "")
        async with world.sessions.begin() as session:
            await append(session, world.door.vault, Authors(), [fact])
    export = await protection.export(account.id)
    await protection.collect(export)
    held = json.loads((await protection.archive(export)).read("customers.json"))
    assert [one["action"] for one in held["what_was_done"]] == [f"did {n}" for n in (0, 1, 3, 4, 6, 7, 9, 10)]
    statement = collecting._paged(collecting._SECTIONS["what_was_done"])
    given = {"account": UUID(account.id), "person": None, "after": "00000000000000000004"}
    async with world.sessions() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explained = sa.text(f"EXPLAIN {statement.text}").bindparams(*statement._bindparams.values())
        plan = "\n".join((await session.execute(explained, given)).scalars().all())
    assert "sequence > " in plan[plan.index("Index Cond") :].partition("\n")[0], plan


@pytest.mark.spec("A-24")
async def test_erasure_leaves_nothing_and_says_what_stays(world: Any, protection: Protection) -> None:
    account = await planted(world)
    signed_in = await world.enter(EMAIL)
    rep = await world.rep("", account.id)
    await protection.collect(await protection.export(account.id))
    assert {
        "persons",
        "addresses",
        "business_profiles",
        "account_search",
        "idempotency",
    } <= await protection.found()
    erasure = await protection.erase(account.id)
    assert (erasure.state, set(erasure.missing)) == (pb.Erasure.STATE_RUNNING, set(OTHERS))
    assert await protection.found() == set()
    assert await protection.found(EMAIL) == set()
    assert await protection.found("5557777") == set()
    erased = {item.subject for item in erasure.receipt.erased}
    assert {"addresses", "business profiles", "passwords", "data exports"} <= erased
    assert all(item.kept_because for item in erasure.receipt.kept)
    request = accounts_pb2.GetAccountRequest(account_id=account.id)
    seen = (await world.call("AccountService", "GetAccount", request)).account
    assert (seen.state, seen.display_name, seen.email, len(seen.persons)) == (
        accounts_pb2.Account.STATE_CLOSED,
        "",
        "",
        0,
    )
    assert seen.HasField("erase_time")
    for refused in (
        world.sign_in(EMAIL),
        world.refresh(signed_in.tokens.refresh_token),
        world.call(
            "AccountService",
            "GetAccount",
            request,
            (("authorization", f"Bearer {signed_in.tokens.access_token}"),),
        ),
    ):
        with pytest.raises(protection.refused) as found:
            await refused
        assert found.value.code == "UNAUTHENTICATED"
    listed = await world.call(
        "AccountService", "ListAccounts", accounts_pb2.ListAccountsRequest(representative_id=rep.id)
    )
    assert list(listed.accounts) == []
    assert (await world.account(EMAIL)).email == EMAIL  # the address is free again


@pytest.mark.spec("A-24")
async def test_it_is_done_when_all_have_reported_and_the_receipt_can_be_mailed(
    world: Any, protection: Protection
) -> None:
    account = await planted(world)
    erasure = await protection.erase(account.id)
    subjects = pb.GetErasureSubjectsRequest(erasure_id=erasure.id)
    known = await protection.call("GetErasureSubjects", subjects, SERVICE)
    assert list(known.emails) == [EMAIL]
    assert {account.id, account.persons[0].id, EMAIL} <= set(known.needles)
    for service in OTHERS:
        assert (await protection.erasure(erasure)).state == pb.Erasure.STATE_RUNNING
        await protection.report(erasure, service)
        await protection.report(erasure, service)
    done = await protection.erasure(erasure)
    assert (done.state, list(done.missing)) == (pb.Erasure.STATE_DONE, [])
    counts = {item.subject: item.count for item in done.receipt.erased}
    assert counts["mails"] == 2 * len(OTHERS)
    assert len(await world.facts("commis.customers.v1.erasure_done")) == 1
    assert list((await protection.call("GetErasureSubjects", subjects, SERVICE)).needles) == []
    mail = sessions_pb2.GetReceiptMailRequest(receipt_id=erasure.id)
    to = await world.call("RecipientService", "GetReceiptMail", mail, as_service("customers.recipients"))
    assert (to.email, to.receipt.id) == (EMAIL, erasure.id)
    await world.execute("UPDATE erasures SET done_time = now() - interval '8 days'")
    await housekeeping.purge(world.sessions)
    with pytest.raises(protection.refused):
        await world.call("RecipientService", "GetReceiptMail", mail, as_service("customers.recipients"))
    assert await protection.found() == set()


@pytest.mark.spec("A-24")
async def test_erasing_again_answers_the_first_erasure(world: Any, protection: Protection) -> None:
    account = await planted(world)
    first = await protection.erase(account.id)
    again = await protection.erase(account.id)
    of_person = await protection.erase(account.id, account.persons[0].id)
    assert again.id == of_person.id == first.id
    assert len(await world.facts("commis.customers.v1.erasure_requested")) == 1


@pytest.mark.spec("A-24")
async def test_nothing_is_written_about_an_erased_account(world: Any, protection: Protection) -> None:
    account = await planted(world)
    await protection.erase(account.id)
    change = accounts_pb2.UpdateAccountRequest(account={"id": account.id, "first_name": CANARY})
    change.update_mask.paths.append("first_name")
    reopen = accounts_pb2.UpdateAccountRequest(
        account={"id": account.id, "state": accounts_pb2.Account.STATE_ACTIVE}
    )
    reopen.update_mask.paths.append("state")
    address = accounts_pb2.CreateAddressRequest(account_id=account.id, address=ADDRESS)
    invite = accounts_pb2.InvitePersonRequest(
        account_id=account.id, first_name=CANARY, last_name=CANARY, email=EMAIL, language_code="en", role=2
    )
    for stub, method, request in (
        ("AccountService", "UpdateAccount", change),
        ("AccountService", "UpdateAccount", reopen),
        ("AccountService", "CreateAddress", address),
        ("MembershipService", "InvitePerson", invite),
    ):
        with pytest.raises(protection.refused) as found:
            await world.call(stub, method, request)
        assert found.value.reason == "ACCOUNT_ERASED", method
    assert await protection.found() == set()


@pytest.mark.spec("A-24")
async def test_who_belongs_elsewhere_stays_there(world: Any, protection: Protection) -> None:
    first, second = await planted(world), await world.business()
    await world.invite(second.id, EMAIL)
    await world.activate(EMAIL)
    erasure = await protection.erase(first.id)
    (event,) = await world.facts("commis.customers.v1.erasure_requested")
    assert list(event.erased_person_ids) == []
    assert "persons" in {item.subject for item in erasure.receipt.kept}
    request = accounts_pb2.GetAccountRequest(account_id=first.id)
    seen = (await world.call("AccountService", "GetAccount", request)).account
    assert (seen.display_name, seen.email) == ("", "")
    signed_in = await world.sign_in(EMAIL)
    assert signed_in.session.subject.id == second.id
    assert await protection.found() >= {"persons"}
    await protection.erase(second.id, first.persons[0].id)
    assert await protection.found() == set()
    assert (
        await world.call("AccountService", "GetAccount", accounts_pb2.GetAccountRequest(account_id=second.id))
    ).account.email


@pytest.mark.spec("A-24", "A-06")
async def test_the_last_administrator_hands_over_first(world: Any, protection: Protection) -> None:
    account = await planted(world)
    member = await world.invite(account.id)
    me = account.persons[0].id
    mine = as_customer(UUID(me), UUID(account.id))
    for person in (me, ""):
        with pytest.raises(protection.refused) as found:
            await protection.erase(account.id, person, mine)
        assert found.value.reason == "LAST_ADMINISTRATOR"
    promote = accounts_pb2.UpdateMemberRequest(account_id=account.id, person={"id": member.id, "role": 1})
    promote.update_mask.paths.append("role")
    await world.call("MembershipService", "UpdateMember", promote)
    erasure = await protection.erase(account.id, me, mine)
    assert erasure.person_id == me
    request = accounts_pb2.GetAccountRequest(account_id=account.id)
    seen = (await world.call("AccountService", "GetAccount", request)).account
    assert seen.state == accounts_pb2.Account.STATE_ACTIVE
    assert [person.id for person in seen.persons] == [member.id]
    assert seen.email == seen.persons[0].email
    assert await protection.found(EMAIL) == set()
    (event,) = await world.facts("commis.customers.v1.erasure_requested")
    assert (event.person_id, list(event.erased_person_ids)) == (me, [me])
    again = await protection.erase(account.id, me)
    assert again.id == erasure.id


@pytest.mark.spec("A-24")
async def test_a_person_alone_in_an_account_is_the_account(world: Any, protection: Protection) -> None:
    account = await planted(world)
    me = account.persons[0].id
    request_id = str(new_id())
    erasure = await protection.erase(
        account.id, me, as_customer(UUID(me), UUID(account.id)), request_id=request_id
    )
    assert erasure.person_id == ""
    assert await protection.found() == set()


@pytest.mark.spec("A-24", "A-23")
async def test_the_audit_keeps_its_chain_without_the_name(world: Any, protection: Protection) -> None:
    account = await planted(world)
    person = account.persons[0].id
    vault = world.door.vault

    async def act() -> None:
        moment = datetime.datetime.now(datetime.UTC)
        fact = Fact(
            new_id(), "PERSON", person, "192.0.2.99", account.id, "STOREFRONT", "did", "", "", moment, ""
        )
        async with world.sessions.begin() as session:
            await append(session, vault, Authors(), [fact])

    await act()
    assert "audit_authors" in await protection.found()
    erasure = await protection.erase(account.id)
    await act()  # the audit reads an event of before only now
    assert await protection.found("192.0.2.99") == {"audit_authors"}
    for service in OTHERS:
        await protection.report(erasure, service)
    assert await protection.found() == await protection.found("192.0.2.99") == set()
    assert (await check.check(world.sessions, vault)).finding is None
    listed = await world.call(
        "AuditService", "ListAuditEntries", audit_pb2.ListAuditEntriesRequest(account_id=account.id)
    )
    assert [entry.actor.display_name for entry in listed.entries] == ["", ""]


@pytest.mark.spec("A-24")
async def test_what_was_erased_does_not_come_back_with_a_late_part(
    world: Any, protection: Protection
) -> None:
    account = await planted(world)
    export = await protection.export(account.id)
    await protection.erase(account.id)
    with pytest.raises(protection.refused) as found:
        await protection.hand_in(export, "orders", json.dumps({"name": CANARY}).encode())
    assert found.value.reason == "DATA_EXPORT_NOT_FOUND"
    await collecting.hand_in(world.sessions, UUID(export.id), UUID(account.id), None)
    assert await protection.found() == set()


@pytest.mark.spec("A-24")
async def test_bad_parts_and_reports_are_refused_with_every_reason(
    world: Any, protection: Protection
) -> None:
    bad = pb.AddExportPartRequest(data_export_id="x", service="elsewhere", content=b"\xff{", part=0)
    with pytest.raises(protection.refused) as found:
        await protection.call("AddExportPart", bad, SERVICE)
    assert set(found.value.violations) == {"data_export_id", "service", "content", "part"}
    deep = pb.AddExportPartRequest(
        data_export_id=str(new_id()), service="orders", content=b"[" * 100_000, part=1, last=True
    )
    with pytest.raises(protection.refused) as found:
        await protection.call("AddExportPart", deep, SERVICE)
    assert set(found.value.violations) == {"content"}
    large = pb.AddExportPartRequest(
        data_export_id=str(new_id()), service="orders", content=b" " * 3_200_000, part=1
    )
    with pytest.raises(protection.refused) as found:
        await protection.call("AddExportPart", large, SERVICE)
    assert set(found.value.violations) == {"content"}
    item = accounts_pb2.ErasureReceipt.Item(subject="\x00", count=-1)
    report = pb.ReportErasureRequest(erasure_id=str(new_id()), service="orders", erased=[item], kept=[item])
    with pytest.raises(protection.refused) as found:
        await protection.call("ReportErasure", report, SERVICE)
    assert {"erased[0].subject", "erased[0].count", "kept[0].kept_because"} <= set(found.value.violations)
    unknown = pb.ReportErasureRequest(erasure_id=str(new_id()), service="orders")
    with pytest.raises(protection.refused) as found:
        await protection.call("ReportErasure", unknown, SERVICE)
    assert found.value.reason == "ERASURE_NOT_FOUND"
    for method, request in (("AddExportPart", bad), ("ReportErasure", report)):
        with pytest.raises(protection.refused) as found:
            await protection.call(method, request)
        assert found.value.code == "PERMISSION_DENIED"
