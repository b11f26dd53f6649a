"""``python -m local run|demo|reset``: the whole suite on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from local import exclusive
from local.demo import people, run
from local.demo.site import Site
from local.problems import StartProblem
from local.secrets_file import ADMIN_EMAIL
from local.suite import Suite
from local.upkeep import keep_running


def main() -> int:
    """Run one command; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local", description="The whole suite on this machine.")
    parser.add_argument(
        "--data-dir", type=Path, default=Path(os.environ.get("COMMIS_DATA_DIR", ".local-data"))
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="start everything, order once, stay up until Ctrl-C")
    running.add_argument("--empty", action="store_true", help="do not load the demo data")
    commands.add_parser("demo", help="start everything, load the demo data, place an order, stop")
    commands.add_parser("reset", help="delete all data of the suite on this machine")
    arguments = parser.parse_args()
    try:
        if arguments.command == "reset":
            return reset(arguments.data_dir)
        if arguments.command == "demo":
            return asyncio.run(until_stopped(arguments.data_dir, demo))
        return asyncio.run(
            until_stopped(arguments.data_dir, stay if arguments.empty else stay_with_demo_data)
        )
    except StartProblem as problem:
        print(f"commis: {problem}", file=sys.stderr)
        return 1


async def until_stopped(data_dir: Path, action: Callable[[Suite], Awaitable[int]]) -> int:
    """Start the suite, do something with it and stop it, also when a signal or our parent's end says so."""
    suite = Suite(data_dir, say=lambda line: print(f"commis: {line}", flush=True))
    work = asyncio.ensure_future(_within(suite, action))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, work.cancel)
    if os.environ.get("COMMIS_STOP_WITH_PARENT"):  # set by make, not by somebody who uses nohup
        orphaned = asyncio.ensure_future(_parent_ended())
        orphaned.add_done_callback(lambda _task: work.cancel())
    try:
        return await work
    except asyncio.CancelledError:
        print("commis: stopped", flush=True)
        return 0 if action in (stay, stay_with_demo_data) else 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def _within(suite: Suite, action: Callable[[Suite], Awaitable[int]]) -> int:
    async with suite:
        return await action(suite)


async def _parent_ended() -> None:
    """Return when the process that started this one is gone; nothing else tells a process so everywhere."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.5)


async def stay(suite: Suite) -> int:
    """Print where everything is and keep it running; a service that ends is started again."""
    print_addresses(suite)
    await keep_running(suite)
    return 0


async def stay_with_demo_data(suite: Suite) -> int:
    """Load the demo data and order once, then stay."""
    status = await run.whole(site_of(suite), once=True)
    if status:
        print("commis: the demonstration did not end well; the suite runs all the same", flush=True)
    return await stay(suite)


async def demo(suite: Suite) -> int:
    """Load the demo data and order as a representative."""
    return await run.whole(site_of(suite))


def site_of(suite: Suite) -> Site:
    """The suite as the demonstration sees it: from outside."""
    secrets = suite.secrets
    return Site(
        suite.gateway_url,
        suite.mailbox_url,
        suite.careplatform_url,
        ADMIN_EMAIL,
        secrets.admin_password,
        secrets.demo_password,
    )


def print_addresses(suite: Suite) -> None:
    """Where to point a browser or a client at."""
    print(
        f"\n  public API   {suite.gateway_url}      OpenAPI page {suite.gateway_url}/docs"
        f"\n  mail box     {suite.mailbox_url}      care platform {suite.careplatform_url}"
        f"\n  payments     {suite.payprovider_url}"
        f"\n  gRPC         {'  '.join(f'{name} {suite.grpc_target(name)}' for name in suite.services)}"
        f"\n  logs         {suite.data_dir}/logs"
        f"\n\n  sign in      {ADMIN_EMAIL} with {suite.secrets.admin_password}"
        f"\n               with {suite.secrets.demo_password}, once the demo data is loaded:"
        f"\n               {(chr(10) + ' ' * 15).join(people.who_signs_in())}"
        "\n\n  Ctrl-C stops everything; the data is kept (make reset deletes it).\n",
        flush=True,
    )


def reset(data_dir: Path) -> int:
    """Delete the data directory, unless a suite runs from it."""
    if not data_dir.exists():
        print(f"commis: there is no data in {data_dir}")
        return 0
    if not (data_dir / "secrets.json").exists():
        raise StartProblem(f"{data_dir} is no data directory of the suite, so it is not deleted.")
    with exclusive.lock(data_dir):
        shutil.rmtree(data_dir)
    print(f"commis: deleted {data_dir}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
