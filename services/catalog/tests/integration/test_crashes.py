"""A process killed at the named points of a reservation leaves all of it or nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.reservations.use_cases import reserve_stock
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a

SCRIPT = """
import asyncio
import sys
from uuid import UUID
from chassis import db
sys.path.insert(0, sys.argv[5])
from tests import factories as a
from catalog.reservations.use_cases import reserve_stock
from catalog.pricing.quote import Line
async def main():
    sessions = db.sessions(db.engine_for(sys.argv[1]))
    line = Line("1", UUID(sys.argv[2]), "", 3)
    command = a.a_reservation([line], order_id=UUID(sys.argv[3]), attempt_id=UUID(sys.argv[4]), content="same")
    await reserve_stock(a.reserving(sessions), command)
asyncio.run(main())
"""


@pytest.mark.spec("C-21")
@pytest.mark.parametrize(("point", "reserved"), [("reserve_before_commit", 0), ("reserve_after_commit", 3)])
async def test_a_crash_and_a_retry(
    engine: AsyncEngine, sessions: Sessions, point: str, reserved: int
) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order, attempt = new_id(), new_id()
    url = engine.url.render_as_string(hide_password=False)
    folder = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, url, str(chair.id), str(order), str(attempt), folder,
        env=os.environ | {"COMMIS_CRASH_AT": point},
    )  # fmt: skip
    assert await process.wait() == -signal.SIGKILL
    assert await a.level(sessions, chair) == (10, reserved)
    again = a.a_reservation(
        [a.Line("1", chair.id, "", 3)], order_id=order, attempt_id=attempt, content="same"
    )
    await reserve_stock(a.reserving(sessions), again)
    assert await a.level(sessions, chair) == (10, 3)
    await a.assert_ledger_holds(sessions)
