"""The search over accounts: what is found, in which order, and that no plan walks the table."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import accounts_pb2 as pb

from chassis.paging import Page
from chassis.testing import as_rep
from customers.accounts import search
from customers.accounts.search import Wanted


async def found(world: Any, query: str, as_: Any = None, **fields: Any) -> list[str]:
    request = pb.ListAccountsRequest(query=query, **fields)
    return [a.number for a in (await world.call("AccountService", "ListAccounts", request, as_)).accounts]


@pytest.mark.spec("A-09")
async def test_every_word_is_a_prefix_without_accents_and_case(world: Any) -> None:
    account = await world.business(
        "noel.ozdemir@Café-Éclair.example",
        first_name="Noël",
        last_name="D'Haese-Özdemir",
        profile={"company_name": "Librairie L'Éléphant & Søn"},
    )
    await world.account(last_name="Somebody", first_name="Else")
    hits = [
        "noel", "NOË", "d'haese", "dhaese", "haese", "ozd", "özdemir", "lib ele", "ele lib",
        "l'elephant", "son", "SØN", "noel.ozdemir@", "cafe", "xn", "bruss", "brus noel",
        "100001", "C-100001", "c-1000", "c100001", "&  noel",
    ]  # fmt: skip
    for query in hits:
        assert account.number in await found(world, query), query
    for query in ("oel", "noel else", "zzz", "&", "---", "noelx", "100002 noel", "' | 'else", "a" * 200):
        assert account.number not in await found(world, query), query


@pytest.mark.spec("A-09")
async def test_what_changes_is_found_at_once_and_what_was_is_not(world: Any) -> None:
    account = await world.business(last_name="Peeters")
    request = pb.UpdateAccountRequest(
        account=pb.Account(id=account.id, last_name="Janssens", email="j@x.example")
    )
    await world.call("AccountService", "UpdateAccount", request)
    assert (await found(world, "janssens"), await found(world, "peeters")) == ([account.number], [])
    assert await found(world, "j@x") == [account.number]
    address = pb.AccountAddress(
        address={
            "street_lines": ["Dam 1"],
            "postal_code": "1012 JS",
            "city": "Amsterdam",
            "region_code": "NL",
        }
    )
    create = pb.CreateAddressRequest(account_id=account.id, address=address)
    made = (await world.call("AccountService", "CreateAddress", create)).address
    assert await found(world, "amst") == [account.number]
    delete = pb.DeleteAddressRequest(account_id=account.id, address_id=made.id)
    await world.call("AccountService", "DeleteAddress", delete)
    assert await found(world, "amst") == []


@pytest.mark.spec("A-09")
async def test_pages_follow_the_names_and_lose_nothing(world: Any) -> None:
    names = ["Éa", "eb", "Ec", "ÈD", "ee", "Ef", "eg"]
    for name in reversed(names):
        await world.account(first_name=name, last_name="Zoeker")
    for query in ("", "zoek", "z e"):
        seen, token = [], ""
        while True:
            request = pb.ListAccountsRequest(query=query, page_size=2, page_token=token)
            answer = await world.call("AccountService", "ListAccounts", request)
            seen += [account.first_name for account in answer.accounts]
            token = answer.next_page_token
            if not token:
                break
            assert "zoek" not in token.lower()
        assert seen == names


async def test_a_page_token_belongs_to_its_query(world: Any, refused: Any) -> None:
    for _ in range(2):
        await world.account()
    request = pb.ListAccountsRequest(query="lies", page_size=1)
    token = (await world.call("AccountService", "ListAccounts", request)).next_page_token
    for query, page_token in (("peeters", token), ("lies", token[:-1]), ("lies", "x"), ("lies", "\x00")):
        wrong = pb.ListAccountsRequest(query=query, page_token=page_token)
        with pytest.raises(refused) as error:
            await world.call("AccountService", "ListAccounts", wrong)
        assert error.value.violations == {"page_token": "INVALID"}
    with pytest.raises(refused) as error:
        await world.call("AccountService", "ListAccounts", pb.ListAccountsRequest(page_size=-1))
    assert error.value.violations == {"page_size": "OUT_OF_RANGE"}


async def test_filters_by_kind_and_rep(world: Any) -> None:
    consumer, business = await world.account(), await world.business()
    rep = await world.rep("R1", business.id)
    assert await found(world, "", kind=pb.Account.KIND_BUSINESS) == [business.number]
    assert await found(world, "lies", kind=pb.Account.KIND_CONSUMER) == [consumer.number]
    assert await found(world, "lies", representative_id=rep.id) == [business.number]
    assert await found(world, "lies", as_rep(UUID(rep.id))) == [business.number]
    await world.execute("UPDATE representatives SET active = false")
    assert await found(world, "", representative_id=rep.id) == [business.number]
    assert await found(world, "", as_rep(UUID(rep.id))) == []


async def test_common_and_rare_words_give_the_same_answer_either_way(
    world: Any, sessions: Any, monkeypatch: Any
) -> None:
    """More matches than a walk covers: the second way must continue where the first gave up."""
    for number in range(12):
        await world.account(first_name=f"A{number:02d}", last_name="Rare" if number % 5 == 4 else "Common")
    async with sessions.begin() as session:
        expected = await search.find(session, Wanted(["rare"]), Page(2))
        monkeypatch.setattr(search, "WALK", 3)
        assert await search.find(session, Wanted(["rare"]), Page(2)) == expected
        assert len(await search.find(session, Wanted(["a", "comm"]), Page(50))) == 10
        after = await search.find(session, Wanted(["rare"]), Page(2, (expected[0],)))
        assert after == expected[1:]


@pytest.mark.spec("A-09")
async def test_no_plan_reads_the_whole_table(world: Any, engine: Any) -> None:
    """With 20 000 rows PostgreSQL has a reason to choose; a sequential scan of account_search would show."""
    await world.execute(
        "INSERT INTO persons (id, email, first_name, last_name, language_code)"
        " SELECT gen_random_uuid(), n || '@x.example', 'F' || n, 'L' || n, 'nl'"
        " FROM generate_series(1, 20000) n"
    )
    await world.execute(
        "INSERT INTO accounts (id, holder_id, kind, buyer_class)"
        " SELECT id, id, 'CONSUMER', 'CONSUMER' FROM persons"
    )
    await world.execute(
        "INSERT INTO account_search (account_id, kind, sort_name, words)"
        " SELECT id, 'CONSUMER', lower(first_name),"
        " array_to_tsvector(ARRAY[lower(first_name), lower(last_name), 'common']) FROM persons"
    )
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(sa.text("ANALYZE"))
    plans = [
        sa.select(search._names(Wanted(), Page(50)).c.account_id),
        search._walk(search._names(Wanted(), Page(50)), Wanted(["common"]), Page(50)),
        search._by_words(Wanted(["f123"]), Page(50)),
        search._by_words(Wanted(["f1", "l12"]), Page(50)),
    ]
    async with engine.connect() as connection:
        for statement in plans:
            compiled = statement.compile(engine.sync_engine, compile_kwargs={"render_postcompile": True})
            given = tuple(compiled.params[name] for name in compiled.positiontup)
            rows = (await connection.exec_driver_sql(f"EXPLAIN {compiled}", given)).scalars().all()
            assert "Seq Scan on account_search" not in "\n".join(rows), rows
