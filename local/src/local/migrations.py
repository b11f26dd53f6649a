"""Bring the database of every service up to date, side by side, and skip those whose code did not change."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from local.problems import explain_exit
from local.process import Process, Watchdog


async def run(
    services: Iterable[str],
    data_dir: Path,
    environment: Callable[[str], Mapping[str, str]],
    log: Callable[[str], Path],
    watchdog: Watchdog,
    say: Callable[[str], None],
) -> None:
    """Run ``python -m SERVICE migrate`` where needed; StartProblem when one fails.

    What was applied is remembered beside the data, so that a start without changes does not pay for it.
    """
    memory = data_dir / "migrated.json"
    applied: dict[str, str] = json.loads(memory.read_text()) if memory.exists() else {}
    wanted = {name: fingerprint(name) for name in services}
    outdated = [name for name, value in wanted.items() if applied.get(name) != value]
    if not outdated:
        return
    say(f"migrating the databases of {', '.join(outdated)}")
    processes = [
        Process(f"{name}-migrate", [sys.executable, "-m", name, "migrate"], log(f"{name}-migrate"), watchdog)
        for name in outdated
    ]
    try:
        for name, process in zip(outdated, processes, strict=True):
            await process.start(environment(name))
        statuses = await asyncio.gather(*(process.wait() for process in processes))
    finally:
        for process in processes:
            await process.kill()
    for process, status in zip(processes, statuses, strict=True):
        if status != 0:
            raise explain_exit(
                f"the migration of {process.name.removesuffix('-migrate')}", status, process.log
            )
    memory.write_text(json.dumps(applied | wanted, indent=2))


def fingerprint(service: str) -> str:
    """A digest of the code that decides what a service's migration does: its own and the chassis'."""
    digest = hashlib.sha256()
    for package in (service, "chassis"):
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            continue
        source = Path(found.origin).parent
        # In a checkout the migrations lie beside src; in a wheel they are part of the package.
        for directory in (source, source.parent.parent / "migrations"):
            for path in sorted(directory.rglob("*.py")):
                digest.update(path.read_bytes())
    return digest.hexdigest()
