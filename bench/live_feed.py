"""Live shared orders: from a change of a sheet to the last of those who look at it.

``python -m bench.live_feed [--sheets 1000] [--changes 50] [--seconds 60] [--clients 2] [--kill]`` starts the whole
suite with two gateways on free ports in a temporary folder and makes so many shared orders. So many clients follow
each: the representative at one gateway, people of the account at the other, and so on in turn. Then the representative
changes quantities, a sheet at a time, at a steady rate whatever comes back. The database notes when the transaction of
a change began; the latency is from there to the last client, so that it holds the commit itself as well. Checked: each
client was told every number once. Beside it two floors of the same machine under the same load: a message stored by
JetStream and pushed to a consumer, and a frame over a bare WebSocket. ``--kill`` kills one gateway in the middle; its
clients resume at the other, and what they were told is checked all the same.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import floor, live_floor, processes
from bench.live_world import Sheet, Sheets
from local.ports import HOST, Ports
from local.suite import Suite
from tests.follower import Follower

GOAL_P99_MS = 100
# Nobody changes anything in this time after the kill of a gateway counts as slow: clients are on their way.
SETTLE_SECONDS = 30


def percentile(values: list[float], share: float) -> float:
    """In milliseconds; of an empty list it is not a number."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


@dataclass
class Measured:
    """(sheet, number) -> when the change was asked for, and when each client heard of it."""

    asked: dict[tuple[str, int], float] = field(default_factory=dict)
    heard: dict[tuple[str, int], list[float]] = field(default_factory=lambda: defaultdict(list))

    def hear(self, order_id: str, said: dict[str, Any]) -> None:
        if said["type"] != "changes":
            return
        now = time.time()
        for change in said["changes"]:
            self.heard[order_id, change["sequence"]].append(now)

    def latencies(self, clients: int, since: dict[tuple[str, int], float]) -> list[float]:
        """Until the last client; in seconds."""
        return [
            max(times) - since[key]
            for key, times in self.heard.items()
            if len(times) == clients and key in since
        ]


def followers(suite: Suite, made: Sheets, clients: int, measured: Measured) -> list[Follower]:
    both = [suite.gateway_url, f"http://{HOST}:{suite.ports.gateway2}"]
    found = []
    for sheet in made.sheets:
        for number in range(clients):
            addresses = both if number % 2 == 0 else both[::-1]
            token = sheet.vendor_token if number % 2 == 0 else sheet.customer_token
            path = f"/v1/shared-orders/{sheet.order_id}/feed"
            seen = lambda said, order_id=sheet.order_id: measured.hear(order_id, said)  # noqa: E731
            found.append(Follower(addresses, path, token, seen))
    return found


async def open_all(group: asyncio.TaskGroup, found: list[Follower]) -> list[asyncio.Task[None]]:
    """Forty at a time, as a balancer would let them in."""
    tasks = []
    for batch in _batched(found, 40):
        tasks += [group.create_task(one.run()) for one in batch]
        await asyncio.gather(*(one.opened.wait() for one in batch))
    return tasks


def _batched(items: list[Follower], size: int) -> list[list[Follower]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


async def change_on(made: Sheets, rate: float, seconds: float, measured: Measured) -> int:
    """At that rate, whatever comes back; how many."""
    begin, sent = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        for sheet in itertools.cycle(made.sheets):
            due = begin + sent / rate
            if due > begin + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(_change(made, sheet, 2 + sent % 7, measured))
            sent += 1
    return sent


async def _change(made: Sheets, sheet: Sheet, quantity: int, measured: Measured) -> None:
    async with sheet.turn:
        asked = time.time()
        revision = await made.change(sheet, quantity)
    measured.asked[sheet.order_id, revision] = asked


async def begun(suite: Suite) -> dict[tuple[str, int], float]:
    """When the transaction of each revision began, as the database says."""
    connection = await asyncpg.connect(floor.plain(suite.database_url("orders")))
    rows = await connection.fetch(
        "SELECT headers->>'ce-subject' AS id, (headers->>'ce-aggregateversion')::bigint AS revision,"
        " extract(epoch FROM create_time)::float8 AS begun FROM outbox WHERE subject LIKE 'commis.orders.v1.sheets.%'"
    )
    await connection.close()
    return {(row["id"], row["revision"]): row["begun"] for row in rows}


async def run(suite: Suite, made: Sheets, options: argparse.Namespace) -> dict[str, Any]:
    measured = Measured()
    found = followers(suite, made, options.clients, measured)
    async with asyncio.TaskGroup() as group:
        begin = time.monotonic()
        tasks = await open_all(group, found)
        opening = time.monotonic() - begin
        await change_on(made, options.changes, options.warm_up, Measured())
        await _caught_up(made, found, options.clients)
        measured.heard.clear()
        before = processes.sample(suite)
        killing = group.create_task(_kill(suite, options.seconds / 2)) if options.kill else None
        floors = group.create_task(live_floor.measure(suite.nats_url, options.changes, options.seconds))
        sent = await change_on(made, options.changes, options.seconds, measured)
        used = processes.sample(suite)
        await _caught_up(made, found, options.clients)
        if killing is not None:
            await killing
        beneath = await floors
        for task in tasks:
            task.cancel()
    wrong = [one for one in found if one.missed_or_doubled]
    from_begin = measured.latencies(options.clients, await begun(suite))
    from_asking = measured.latencies(options.clients, measured.asked)
    return {
        "sheets": len(made.sheets),
        "lines": len(found),
        "opened_per_second": len(found) / opening,
        "changes": sent,
        "complete": len(from_begin),
        "lost_or_doubled": len(wrong),
        "resumed": sum(one.lines - 1 for one in found),
        "from_transaction_ms": {"p50": percentile(from_begin, 0.5), "p99": percentile(from_begin, 0.99),
                                "max": percentile(from_begin, 1)},
        "from_asking_ms": {"p50": percentile(from_asking, 0.5), "p99": percentile(from_asking, 0.99)},
        "floor_ms": beneath,
        "cpu_ms_per_change": {name: 1000 * (used[name].cpu - before[name].cpu) / sent
                              for name in used if name in before},
    }  # fmt: skip


async def _kill(suite: Suite, after: float) -> None:
    await asyncio.sleep(after)
    await suite.kill("gateway")


async def _caught_up(made: Sheets, found: list[Follower], clients: int) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        for number, one in enumerate(found):
            await one.until(made.sheets[number // clients].revision)


def show(row: dict[str, Any]) -> None:
    began, asking = row["from_transaction_ms"], row["from_asking_ms"]
    print(f"\n{row['sheets']} sheets, {row['lines']} lines (opened at {row['opened_per_second']:.0f}/s), "
          f"{row['changes']} changes, {row['resumed']} resumed elsewhere, "
          f"lost or doubled at {row['lost_or_doubled']} of {row['lines']}")  # fmt: skip
    print(f"  to the last client, from the change's transaction: p50 {began['p50']:.1f} ms, p99 {began['p99']:.1f} ms, "
          f"max {began['max']:.1f} ms (goal: p99 < {GOAL_P99_MS} ms); from asking for it: "
          f"p50 {asking['p50']:.1f} ms, p99 {asking['p99']:.1f} ms")  # fmt: skip
    for name, values in row["floor_ms"].items():
        print(f"  floor, {name}: p50 {values['p50']:.1f} ms, p99 {values['p99']:.1f} ms")
    used = ", ".join(f"{name} {value:.2f}" for name, value in row["cpu_ms_per_change"].items())
    print(f"  CPU per change: {used} ms")


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sheets", type=int, default=1000)
    parser.add_argument("--changes", type=float, default=50, help="per second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=5)
    parser.add_argument("--clients", type=int, default=2, help="per sheet")
    parser.add_argument("--kill", action="store_true", help="kill one gateway in the middle")
    parser.add_argument("--json", type=Path, help="also write the report here")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix="commis-bench-") as folder:
        suite = Suite(Path(folder), ports=Ports.free(), gateways=2, say=print)
        for gateway in ("gateway", "gateway2"):
            suite.env[gateway]["GATEWAY_RATE_LIMIT_PER_MINUTE"] = "0"
            suite.env[gateway]["GATEWAY_FEEDS_PER_CALLER"] = "100000"
        async with suite:
            made = await Sheets.make(suite, options.sheets)
            row = await run(suite, made, options)
            await made.close()
    show(row)
    if options.json:
        options.json.write_text(json.dumps(row, indent=2))
    if row["lost_or_doubled"]:
        raise SystemExit("something was lost or doubled")


if __name__ == "__main__":
    uvloop.run(main())
