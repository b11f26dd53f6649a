"""Keep a running suite running: start a part again when its process ended by itself."""

from __future__ import annotations

import asyncio

from local.problems import StartProblem
from local.suite import Suite

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 30.0


async def keep_running(suite: Suite) -> None:
    """Watch every part until cancelled; one that keeps ending is started ever more slowly."""
    async with asyncio.TaskGroup() as group:
        for part in suite.parts:
            group.create_task(_keep(suite, part))


async def _keep(suite: Suite, part: str) -> None:
    loop = asyncio.get_running_loop()
    delay = _FIRST_DELAY
    while True:
        started = loop.time()
        status = await suite.wait(part)
        delay = _FIRST_DELAY if loop.time() - started > 60 else min(_LONGEST_DELAY, delay * 2)
        print(f"commis: {part} ended with status {status}, starting it again in {delay:.0f} s", flush=True)
        await asyncio.sleep(delay)
        try:
            await suite.start(part)
        except StartProblem as problem:
            print(f"commis: {problem}", flush=True)
