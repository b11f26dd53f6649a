"""Stored answers that can be forgotten, and rows as JSON in pieces."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue

from chassis import idempotency
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.pieces import Collecting, JsonPieces


async def stored(sessions: Sessions, *answers: str) -> list[str]:
    """The request ids of commands that were answered so."""
    made = []
    for answer in answers:
        key: dict[str, Any] = {"caller": "somebody", "method": "Do", "request_id": str(new_id())}
        async with sessions.begin() as session:
            asked = {"request": StringValue(value="x"), "response_type": StringValue}
            assert await idempotency.once(session, **key, **asked) is None
            await idempotency.remember(session, **key, response=StringValue(value=answer))
        made.append(key["request_id"])
    return made


async def left(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        rows = await session.execute(sa.text("SELECT request_id::text FROM idempotency ORDER BY request_id"))
        return list(rows.scalars().all())


@pytest.mark.spec("A-24")
async def test_answers_with_a_needle_are_forgotten_whatever_their_age(sessions: Sessions) -> None:
    first, second, third, other = await stored(
        sessions, "an id-1 inside", "id-2", "zoë@mail.example", "nothing"
    )
    async with sessions.begin() as session:
        for request_id, age in ((first, "0 hours"), (second, "30 hours"), (third, "48 hours 10 minutes")):
            await session.execute(
                sa.text(
                    "UPDATE idempotency SET create_time = now() - CAST(:age AS text)::interval WHERE request_id = :id"
                ),
                {"age": age, "id": request_id},
            )
    async with sessions.begin() as session:
        assert await idempotency.forget(session, ["id-1", "id-2", "zoë@mail.example", "absent"]) == 3
    assert await left(sessions) == [other]


async def test_no_needle_forgets_nothing(sessions: Sessions) -> None:
    kept = await stored(sessions, "an answer")
    async with sessions.begin() as session:
        assert await idempotency.forget(session, ["", ""]) == 0
        assert await idempotency.forget(session, ["%", "_", "an%answer"]) == 0
    assert await left(sessions) == kept


async def test_pieces_are_bounded_and_lose_nothing() -> None:
    sent: list[tuple[bytes, int, bool]] = []

    async def send(content: bytes, number: int, last: bool) -> None:
        sent.append((content, number, last))

    pieces = JsonPieces(send, "rows", "empty", limit=1000)
    for number in range(100):
        await pieces.add("rows", {"number": number, "text": "é" * 20})
    await pieces.add("exact", '{"price": 1.1000}')
    await pieces.close()
    assert [number for _, number, _ in sent] == list(range(1, len(sent) + 1))
    assert [last for _, _, last in sent] == [False] * (len(sent) - 1) + [True]
    assert len(sent) > 5
    assert all(len(content) < 1400 for content, _, _ in sent)
    documents = [json.loads(content) for content, _, _ in sent]
    assert [row["number"] for each in documents for row in each.get("rows", ())] == list(range(100))
    assert set(documents[0]) == {"rows", "empty"}
    assert b'{"price": 1.1000}' in sent[-1][0]


async def test_nothing_at_all_is_one_piece_with_empty_sections() -> None:
    sent: list[bytes] = []

    async def send(content: bytes, _number: int, _last: bool) -> None:
        sent.append(content)

    await JsonPieces(send, "rows").close()
    assert [json.loads(content) for content in sent] == [{"rows": []}]


async def test_long_work_outlives_a_delivery_and_is_waited_for_by_the_next() -> None:
    collecting, key, release, begun = Collecting(), new_id(), asyncio.Event(), []

    async def work() -> None:
        begun.append(1)
        await release.wait()
        if len(begun) == 2:
            raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await collecting.run(key, work)
    assert len(begun) == 1
    release.set()
    await collecting.run(key, work)
    assert len(begun) == 1
    with pytest.raises(ValueError, match="broken"):
        await collecting.run(key, work)
    await collecting.run(key, work)
    assert len(begun) == 3
