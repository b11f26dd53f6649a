"""What 50 sign-ins at once do to everybody else: p95 of another endpoint, quiet and during such rushes.

    python -m bench.sign_in [--seconds 10] [--people 50]

A sign-in costs about 50 ms of one processor by design (Argon2id); it must not cost the others their answer. So many
people sign in at the same moment, again and again; who is told to wait, waits as long as the answer says. The last
line is the ratio of the two p95.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.http_client import Connection
from local.ports import Ports
from local.secrets_file import ADMIN_EMAIL
from local.suite import Suite
from tests.api import Api, sign_in
from tests.world import PASSWORD, Mailbox, activate

PER_SECOND = 50


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def watch(url: str, token: str, seconds: float) -> list[float]:
    """Times of GET /v1/accounts, in seconds, each from the moment at which it was due: who comes while another
    still waits, waits as well. As many in every phase, so that the phases can be compared."""
    connection = Connection(url, token)
    times: list[float] = []
    start = time.perf_counter()
    for number in range(int(seconds * PER_SECOND)):
        begin = start + number / PER_SECOND
        await asyncio.sleep(max(0.0, begin - time.perf_counter()))
        status, body = await connection.request("GET", "/v1/accounts?page_size=1")
        if status != 200:
            raise SystemExit(f"GET /v1/accounts answered {status}: {body[:300]!r}")
        times.append(time.perf_counter() - begin)
    await connection.close()
    return times


async def hire(admin: Api, mailbox: Mailbox, number: int) -> str:
    """A rep with a password; answers the e-mail address."""
    email = f"rep{number}@reps.example"
    body = {"rep_code": f"S{number}", "first_name": "Robin", "last_name": "Spits", "email": email}
    await admin.post("/v1/representatives", body | {"language_code": "nl"})
    await activate(admin.as_(""), mailbox, email)
    return email


async def sign_in_once(url: str, email: str, counts: dict[int, int]) -> None:
    """Until it succeeded; waits a second when told that too many passwords are being checked."""
    connection = Connection(url, "")
    status = 0
    while status != 200:
        status, answer = await connection.request(
            "POST", "/v1/sign-in", {"email": email, "password": PASSWORD}
        )
        if status not in counts:
            raise SystemExit(f"POST /v1/sign-in answered {status}: {answer[:300]!r}")
        counts[status] += 1
        if status == 429:
            await asyncio.sleep(1)
    await connection.close()


async def rushes(url: str, people: list[str], until: asyncio.Event, counts: dict[int, int]) -> list[float]:
    """Everybody at the same moment, and again when all are in; the seconds each rush took."""
    times: list[float] = []
    while not until.is_set():
        begin = time.perf_counter()
        await asyncio.gather(*(sign_in_once(url, email, counts) for email in people))
        times.append(time.perf_counter() - begin)
    return times


async def measure(seconds: float, clients: int) -> None:
    with tempfile.TemporaryDirectory(prefix="commis-bench-", ignore_cleanup_errors=True) as folder:
        suite = Suite(Path(folder), ports=Ports.free())
        suite.env["gateway"]["GATEWAY_RATE_LIMIT_PER_MINUTE"] = "0"
        async with suite:
            api = Api(suite.gateway_url)
            admin = await sign_in(api, ADMIN_EMAIL, suite.secrets.admin_password)
            mailbox, counts = Mailbox(suite.mailbox_url), {200: 0, 429: 0}
            people = [await hire(admin, mailbox, number) for number in range(clients)]
            token = admin.token
            await watch(suite.gateway_url, token, 2)
            quiet = await watch(suite.gateway_url, token, seconds)
            until = asyncio.Event()
            rush = asyncio.create_task(rushes(suite.gateway_url, people, until, counts))
            busy = await watch(suite.gateway_url, token, seconds)
            until.set()
            took = await rush
            await mailbox.close()
            await api.close()
    show("quiet", quiet)
    show(f"{clients} sign-ins at once", busy)
    print(f"sign-ins: {counts[200]} answered 200, {counts[429]} answered 429 (try again)")
    print(f"{len(took)} rushes, the longest took {max(took):.1f} s until everybody was in")
    print(f"ratio of the p95: {percentile(busy, 0.95) / percentile(quiet, 0.95):.1f}")


def show(name: str, times: list[float]) -> None:
    p50, p95 = (percentile(times, share) * 1000 for share in (0.5, 0.95))
    print(f"{name:<22} GET /v1/accounts  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  {len(times)} requests")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--people", type=int, default=50, help="who sign in at the same moment")
    given = parser.parse_args()
    asyncio.run(measure(given.seconds, given.people))
