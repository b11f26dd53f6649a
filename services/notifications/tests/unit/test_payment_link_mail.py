"""The mail with a payment link: its link is in the message that leaves, and nowhere else."""

import pytest
from commis.orders.v1 import events_pb2

from chassis.ids import new_id
from notifications.mails.contents import NoLongerNeeded
from notifications.mails.store import Draft, Mail
from services.notifications.tests.factories import contents
from services.notifications.tests.linkfactories import FakePaymentLinks, a_payment_link


def as_mail(draft: Draft) -> Mail:
    return Mail(
        new_id(),
        draft.template,
        draft.recipient,
        draft.language,
        draft.subject,
        draft.text,
        draft.html,
        draft.credential_request_id,
        0,
    )


@pytest.mark.spec("M-01", "O-12")
async def test_the_link_is_only_in_what_leaves() -> None:
    links = FakePaymentLinks(a_payment_link())
    made = contents(links=links)
    link_id = new_id()
    [draft] = await made.of_payment_link(new_id(), link_id, new_id())
    assert (draft.template, draft.recipient, draft.language) == ("payment_link", "marie@parc.example", "fr")
    assert draft.credential_request_id == link_id
    assert "SECRET-TOKEN" not in draft.subject + draft.text + draft.html
    left = (await made.message(as_mail(draft))).decode()
    assert "SECRET-TOKEN" in left.replace("=\r\n", "").replace("=\n", "")
    assert "2026-000123" in left


@pytest.mark.spec("M-01", "O-12")
async def test_a_link_that_ended_is_not_mailed() -> None:
    links = FakePaymentLinks(a_payment_link())
    made = contents(links=links)
    [draft] = await made.of_payment_link(new_id(), new_id(), new_id())
    links.link = None
    with pytest.raises(NoLongerNeeded):
        await made.message(as_mail(draft))
    assert await made.of_payment_link(new_id(), new_id(), new_id()) == []
    assert "token" not in events_pb2.PaymentLinkRequested.DESCRIPTOR.fields_by_name
