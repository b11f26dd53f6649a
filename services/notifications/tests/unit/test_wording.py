"""The four languages: same keys, nothing left unrendered, amounts and dates as each language writes them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2

from chassis.ids import new_id
from notifications.mails.contents import AMENDED, PLACED
from notifications.mails.store import Draft
from notifications.wording.catalogue import KINDS, texts
from notifications.wording.languages import LANGUAGES
from services.notifications.tests.factories import FakeCustomers, a_line, a_link, an_order, contents, eur
from services.notifications.tests.linkfactories import FakePaymentLinks, a_payment_link
from services.notifications.tests.newsfactories import every_news
from services.notifications.tests.noticefactories import every_notice
from services.notifications.tests.sheetfactories import every_sheet_mail

GOLDEN = Path(__file__).parents[1] / "golden"
UNRENDERED = re.compile(r"\{\{|\}\}|\{%|\[\[|\]\]|\{\w+\}|\bNone\b|Undefined")
NBSP, THIN = "\u00a0", "\u202f"


async def drafts(language: str, order: orders_pb2.Order | None = None) -> dict[str, Draft]:
    links = FakePaymentLinks(a_payment_link(language=language))
    made = contents(FakeCustomers(a_link(language=language)), vendor_language=language, links=links)
    found = []
    for kinds in (PLACED, AMENDED):
        found += made.of_order(new_id(), order or an_order(language), kinds)
    for template in ("activation", "password_reset"):
        found += await made.of_credential(new_id(), template, new_id())
    found += await made.of_payment_link(new_id(), new_id(), new_id())
    found += [*await every_notice(language), *await every_news(language)]
    found += await every_sheet_mail(language)
    return {draft.template: draft for draft in found}


@pytest.mark.spec("M-01")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", KINDS)
async def test_mails_read_as_they_were_approved(language: str, template: str) -> None:
    draft = (await drafts(language))[template]
    assert draft.language == language
    approved = (GOLDEN / f"{template}.{language}.txt").read_text("utf-8")
    assert f"{draft.subject}\n\n{draft.text}" == approved


@pytest.mark.spec("M-01")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_is_left_unrendered(language: str) -> None:
    for draft in (await drafts(language)).values():
        css = re.sub(r"<style>.*?</style>", "", draft.html, flags=re.DOTALL)
        for part in (draft.subject, draft.text, css):
            assert not UNRENDERED.search(part), part
        if draft.html:
            assert f'<html lang="{language}">' in draft.html


@pytest.mark.spec("M-01")
@pytest.mark.parametrize(
    ("language", "total", "unit", "rate", "day", "said"),
    [
        ("fr", f"14{THIN}157,95{NBSP}€", f"12,3456{NBSP}€", f"6{NBSP}%", "1 décembre 2026", "Bonjour"),
        ("nl", f"€{NBSP}14.157,95", f"€{NBSP}12,3456", "6%", "1 december 2026", "Beste"),
        ("it", f"14.157,95{NBSP}€", f"12,3456{NBSP}€", "6%", "1 dicembre 2026", "Gentile"),
        ("en", "€14,157.95", "€12.3456", "6%", "1 December 2026", "Dear"),
    ],
)
async def test_amounts_and_dates_are_local(
    language: str, total: str, unit: str, rate: str, day: str, said: str
) -> None:
    draft = (await drafts(language))["order_confirmation"]
    for part in (draft.text, draft.html):
        for expected in (total, unit, rate, day, said):
            assert expected in part


@pytest.mark.spec("M-01")
async def test_the_confirmation_names_everything_that_was_agreed() -> None:
    draft = (await drafts("en"))["order_confirmation"]
    for part in (draft.text, draft.html):
        for expected in (
            "2026-000123",
            "Jan Peeters",
            "Librairie du Parc",
            "Groupe Parc SA",
            "BK-9789401",
            "KAST-7",
            "1,200",
            "€13,333.25",
            "VAT 6% on €13,333.25",
            "VAT 21% on €21.45",
            "€4.50",
            "€9.95",
            "Rue de la Loi 16",
            "1000 Bruxelles",
            "Belgium",
            "BPOST",
            "On invoice",
            "Version 2026-01",
            "PO-2026-17",
        ):
            assert expected in part, expected
    assert "Representative" not in draft.text
    assert "Representative code: R07" in (await drafts("en"))["new_order"].text


@pytest.mark.spec("H-10", "M-01")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fr",
            (
                "Bonjour Rosa Maes",
                f"Commandé par{NBSP}: An Carer",
                f"Résidence ou soins à domicile{NBSP}: Zonnebloem",
            ),
        ),
        ("nl", ("Beste Rosa Maes", "Besteld door: An Carer", "Woonzorgcentrum of thuiszorg: Zonnebloem")),
        (
            "it",
            (
                "Gentile Rosa Maes",
                "Ordinato da: An Carer",
                "Residenza o assistenza domiciliare: Zonnebloem",
            ),
        ),
        ("en", ("Dear Rosa Maes", "Ordered by: An Carer", "Residence or home care: Zonnebloem")),
    ],
)
async def test_an_assisted_order_is_confirmed_to_its_contact_in_the_clients_language(
    language: str, said: tuple[str, ...]
) -> None:
    order = an_assisted_order(language)
    made = contents(vendor_language="fr").of_order(new_id(), order)
    (draft,) = [one for one in made if one.template == "order_confirmation"]
    assert (draft.recipient, draft.language) == ("reception@zonnebloem.example", language)
    for part in (draft.text, draft.html.replace("</th><td>", texts(language)["colon"])):
        for expected in (
            *said,
            "Rosa Maes",
            texts(language)["payment"]["MONTHLY_RESIDENCE"],
            "Zonnebloem vzw",
        ):
            assert expected in part, expected


def an_assisted_order(language: str) -> orders_pb2.Order:
    """For Rosa, by a care worker, billed to the residence; confirmed to the residence, as Rosa has no e-mail."""
    order = an_order(language, payment_method=orders_pb2.PAYMENT_METHOD_MONTHLY_RESIDENCE)
    parties = order.parties
    parties.channel = common_pb2.CHANNEL_ASSISTED
    parties.actor.kind = common_pb2.PARTY_KIND_CARE_WORKER
    parties.actor.display_name = "An Carer"
    parties.customer.display_name = order.contact.name = "Rosa Maes"
    parties.payer.display_name = "Zonnebloem vzw"
    parties.community_name = "Zonnebloem"
    order.contact.email = "reception@zonnebloem.example"
    order.terms_acceptance.accepted_by.display_name = "An Carer"
    return order


async def test_the_day_is_that_of_the_vendor() -> None:
    """Placed at 23:30 UTC: already tomorrow in Brussels."""
    assert "Order date: 21 November 2026" in (await drafts("en"))["order_confirmation"].text


async def test_prices_with_tax_are_called_so() -> None:
    order = an_order("en")
    order.totals.tax_inclusive = True
    assert "Unit price incl. VAT" in (await drafts("en", order))["order_confirmation"].html
    assert "Unit price excl. VAT" in (await drafts("en"))["order_confirmation"].html


async def test_an_unknown_language_is_answered_in_english() -> None:
    made = contents(vendor_language="nl").of_order(new_id(), an_order("de"))
    assert {draft.template: draft.language for draft in made} == {
        "new_order": "nl",
        "order_confirmation": "en",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    def shape(table: dict[str, object]) -> dict[str, object]:
        return {
            key: shape(value) if isinstance(value, dict) else sorted(re.findall(r"\{(\w+)\}", str(value)))
            for key, value in table.items()
        }

    assert shape(dict(texts(language))) == shape(dict(texts("en")))
    methods = {name.removeprefix("PAYMENT_METHOD_") for name in orders_pb2.PaymentMethod.keys()[1:]}
    assert set(texts(language)["payment"]) == methods
    channels = {name.removeprefix("CHANNEL_") for name in common_pb2.Channel.keys()[1:]}
    assert set(texts(language)["channel"]) == channels


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;{{ 7*7 }}[[body]]{name}%s"


@pytest.mark.spec("M-01")
async def test_hostile_names_stay_text() -> None:
    order = an_order("en", note=HOSTILE, order_reference=HOSTILE)
    order.contact.name = order.parties.customer.display_name = HOSTILE
    order.lines[0].description = order.delivery_address.city = order.lines[0].note = HOSTILE
    made = contents(FakeCustomers(a_link(display_name=HOSTILE, language="en")), vendor_language="en")
    for draft in made.of_order(new_id(), order):
        tags = Tags()
        tags.feed(draft.html)
        assert not tags.seen & {"script", "img"}
        assert HOSTILE in draft.text
        assert "49" not in draft.subject
    credential = (await made.of_credential(new_id(), "activation", new_id()))[0]
    assert HOSTILE in credential.text


async def test_subjects_are_one_line_whatever_is_in_a_name() -> None:
    order = an_order("en")
    order.parties.customer.display_name = "Shop\r\nBcc: victim@example.com\u2028\x00" + "x" * 500
    for draft in (await drafts("en", order)).values():
        assert draft.subject.isprintable()
        assert len(draft.subject) <= 200


async def test_an_order_without_the_optional_parts() -> None:
    order = orders_pb2.Order(id=str(new_id()), number="2026-1", currency_code="EUR", language_code="it")
    order.parties.customer.id = str(new_id())
    order.contact.email = "a@b.example"
    order.lines.append(orders_pb2.OrderLine(position=1, sku="X", quantity=1))
    order.totals.total.CopyFrom(eur("1"))
    for draft in contents().of_order(new_id(), order):
        assert "2026-1" in draft.text
        assert not UNRENDERED.search(draft.text)


async def test_two_thousand_lines_fit() -> None:
    order = an_order("en")
    for position in range(3, 2_001):
        order.lines.append(a_line(position))
    draft = (await drafts("en", order))["order_confirmation"]
    assert draft.text.count("BK-9789401") == 1_999
