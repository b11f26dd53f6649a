"""The mail box takes mail over SMTP and shows it over HTTP."""

import asyncio
import smtplib
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from email.message import EmailMessage

import httpx
import pytest

from local.mailbox import Mailbox
from local.ports import HOST, Ports


@pytest.fixture(scope="module")
def addresses() -> Ports:
    return Ports.free()


@pytest.fixture(scope="module")
async def client(addresses: Ports) -> AsyncIterator[httpx.AsyncClient]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.mailbox",
        "--smtp-port", str(addresses.smtp), "--http-port", str(addresses.mailbox),
    )  # fmt: skip
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{addresses.mailbox}") as reader:
        while True:
            with suppress(httpx.TransportError):
                await reader.get("/stats")
                break
            await asyncio.sleep(0.05)
        yield reader
    process.terminate()
    await process.wait()


def a_mail(to: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "vendor@commis.example", to, subject
    mail.set_content("Bonjour Zoé,\nhttps://shop.example/set-password#token=abc.def-1\nÀ bientôt.")
    mail.add_alternative("<p>Bonjour <b>Zoé</b>", subtype="html")
    return mail


async def send(addresses: Ports, *mails: EmailMessage) -> None:
    def work() -> None:
        with smtplib.SMTP(HOST, addresses.smtp) as server:
            for mail in mails:
                server.send_message(mail)

    await asyncio.to_thread(work)


async def test_mails_are_found_by_recipient_and_subject(client: httpx.AsyncClient, addresses: Ports) -> None:
    await send(addresses, a_mail("zoe@shop.example", "Commande 7 confirmée"), a_mail("a@b.example", "Other"))

    found = (await client.get("/messages", params={"to": "ZOE@", "subject": "confirmée"})).json()["messages"]

    assert [mail["to"] for mail in found] == [["zoe@shop.example"]]
    read = (await client.get(f"/messages/{found[0]['id']}")).json()
    assert "À bientôt" in read["text"]
    assert "<b>Zoé</b>" in read["html"]
    assert read["links"] == ["https://shop.example/set-password#token=abc.def-1"]
    assert ["Subject", "Commande 7 confirmée"] in read["headers"]


async def test_emptying_the_box_keeps_the_count_of_what_came(
    client: httpx.AsyncClient, addresses: Ports
) -> None:
    await send(addresses, a_mail("x@y.example", "one"))
    before = (await client.get("/stats")).json()

    assert (await client.delete("/messages")).status_code == 204

    assert (await client.get("/stats")).json() == {"count": 0, "received": before["received"]}


async def test_the_page_shows_markup_of_a_mail_as_text(client: httpx.AsyncClient, addresses: Ports) -> None:
    await send(addresses, a_mail("x@y.example", "<script>alert(1)</script>"))

    page = (await client.get("/")).text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(("domain", "status"), [("refused.example", 550), ("deferred.example", 451)])
async def test_two_domains_are_refused(
    client: httpx.AsyncClient, addresses: Ports, domain: str, status: int
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        await send(addresses, a_mail(f"x@{domain}", "never"))

    assert [code for code, _ in refusal.value.recipients.values()] == [status]


async def test_unknown_mails_and_addresses_are_not_found(client: httpx.AsyncClient) -> None:
    assert [(await client.get(path)).status_code for path in ("/messages/none", "/nothing")] == [404, 404]


async def test_a_mail_in_pieces_with_dots_and_commands_sent_together(
    client: httpx.AsyncClient, addresses: Ports
) -> None:
    reader, writer = await asyncio.open_connection(HOST, addresses.smtp)
    await reader.readline()
    writer.write(b"EHLO me\r\n")
    while not (line := await reader.readline()).startswith(b"250 "):
        assert line.startswith(b"250-")
    writer.write(b"MAIL FROM:<a@b.example> SIZE=1\r\nRCPT TO:<x@refused.example>\r\n")
    writer.write(b"RCPT TO:<dots@b.example>\r\nDATA\r\n")
    codes = [(await reader.readline())[:3] for _ in range(4)]
    for piece in (b"Subject: dots\r\n\r\n..one\r", b"\ntwo\r\n.", b"\r\nNOOP\r\nQUIT\r\n"):
        writer.write(piece)
        await asyncio.sleep(0.02)
    codes += [line[:3] for line in (await reader.read()).splitlines()]
    writer.close()

    assert codes == [b"250", b"550", b"250", b"354", b"250", b"250", b"221"]
    (found,) = (await client.get("/messages", params={"to": "dots@"})).json()["messages"]
    assert (await client.get(f"/messages/{found['id']}")).json()["text"].split() == [".one", "two"]


async def test_the_oldest_mails_leave_a_full_box() -> None:
    box = Mailbox(capacity=2)
    for number in range(3):
        box.keep("a@b.example", ("c@d.example",), f"Subject: {number}\r\n\r\n".encode())

    assert [mail["subject"] for mail in box.find()] == ["2", "1"]
    assert box.received == 3
