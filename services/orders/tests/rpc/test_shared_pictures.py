"""Past revisions in the middle of a command: what a change of several left behind."""

import pytest
from commis.orders.v1 import shared_orders_pb2 as pb

from services.orders.tests.negotiating import a_sent_table, day
from services.orders.tests.shop import Shop


@pytest.mark.spec("N-10")
async def test_every_revision_shows_every_line(shop: Shop) -> None:
    """A command that changes two fields of a line makes two revisions; the line is there at the first of them, too."""
    table = await a_sent_table(shop)
    before = table.vendor.seen.revision
    await table.vendor.change(0, quantity=7, delivery_date=day("2027-03-01"))
    assert table.vendor.seen.revision == before + 2
    for revision in range(before, before + 3):
        past: pb.SharedOrder = await table.vendor.look(revision=revision)
        assert [line.id for line in past.lines] == [line.id for line in table.vendor.seen.lines], revision
