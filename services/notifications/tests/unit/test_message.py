"""The bytes of a mail, read back by the standard library."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest

from chassis.ids import new_id
from notifications.mails.addresses import envelope_address
from notifications.mails.message import compose
from notifications.wording.rendering import Content

TEXT = "Déjà vu : 1\u202f234,50\u00a0€\n.\n..\nFrom here\n" + "x" * 2_000 + " \n=3D "


def read(sender: tuple[str, str], content: Content) -> EmailMessage:
    raw = compose(MAIL, sender, "marie@parc.example", "fr", content)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.replace(b"\r\n", b"").count(b"\n") == 0
    raw.decode("ascii")
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


MAIL = new_id()


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize("name", ["Boek & Zoon", 'Quote " and \\', "Éditions à la carte", ""])
@pytest.mark.parametrize(
    "subject", ["Plain", "Bestätigung – 2026-000123 " + "é" * 150, "=?utf-8?q?spoof?=", "€" * 70]
)
def test_what_is_written_is_read(name: str, subject: str) -> None:
    message = read((name, "orders@vendor.example"), Content(subject, TEXT, f"<p>{TEXT}</p>"))
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == name
    assert message["From"].addresses[0].addr_spec == "orders@vendor.example"
    assert message["To"] == "<marie@parc.example>" or "marie@parc.example" in message["To"]
    assert message["Message-ID"] == f"<{MAIL}@vendor.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert body(message, "plain") == TEXT
    assert body(message, "html") == f"<p>{TEXT}</p>"
    assert not message.defects


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b\r\nRCPT TO:<x@y>",
        "a b@c.example",
        "a@b@c.example",
        "<a@b.example>",
        "a@" + "b" * 64 + ".example",
        "x" * 65 + "@b.example",
        "a@b..example",
        "a\x00@b.example",
        'a"@b.example',
    ],
)
def test_what_is_no_address(address: str) -> None:
    assert envelope_address(address) is None


def test_international_domains_become_ascii() -> None:
    assert envelope_address("info@müller.example") == "info@xn--mller-kva.example"
    assert envelope_address("käthe@b.example") == "käthe@b.example"
