"""Pure checks: VAT numbers, e-mail addresses, folding, passwords, network addresses, masks."""

import re
import unicodedata

import pytest
from commis.customers.v1 import accounts_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Violations
from customers import client_address, folding, masks
from customers.accounts import vat
from customers.people import emails, passwords
from customers.vault import SealBroken, Vault


@pytest.mark.spec("A-01")
@pytest.mark.parametrize(
    ("typed", "region", "stored"),
    [
        ("BE 0403.170.701", "", "BE0403170701"),
        ("be403170701", "", "BE0403170701"),
        ("0403.170.701", "BE", "BE0403170701"),
        ("NL4495445B01", "", "NL004495445B01"),
        ("IT 00743110157", "", "IT00743110157"),
        ("00743110157", "IT", "IT00743110157"),
        ("FR 40 303 265 045", "", "FR40303265045"),
        ("GR094259216", "", "EL094259216"),
        ("EL 094259216", "", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("XI 980 7806 84", "", "XI980780684"),
        ("GB 980 7806 84", "", "GB980780684"),
        ("ESB58378431", "", "ESB58378431"),
        ("ATU13585627", "", "ATU13585627"),
        ("CHE-107.787.577 IVA", "", "CHE107787577IVA"),
        ("NO 995525828 MVA", "", "NO995525828MVA"),
        ("BE0403170702", "", None),
        ("0403170701", "", None),
        ("0403170701", "NL", None),
        ("ZZ123456", "", None),
        ("", "BE", None),
        ("BE", "", None),
        ("١٢٣", "BE", None),
        ("BE0403170701; DROP TABLE", "", None),
    ],
)
def test_vat_numbers(typed: str, region: str, stored: str | None) -> None:
    assert vat.normalise(typed, region) == stored


@given(st.text(max_size=30), st.sampled_from(["", "BE", "GR", "ZZ", "XI", "CH"]))
def test_no_text_breaks_the_vat_check(text: str, region: str) -> None:
    found = vat.normalise(text, region)
    assert found is None or re.fullmatch(r"[A-Z0-9]{4,20}", found)


@pytest.mark.spec("A-20")
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Jan.Vermeer@Example.BE ", "jan.vermeer@example.be"),
        ("jan@Exämple.be", "jan@xn--exmple-cua.be"),
        ("ÜNÏ@example.org", "ünï@example.org"),
        ("rehearsal@shop.test", "rehearsal@shop.test"),
        ("a+b@example.com", "a+b@example.com"),
        ("nobody", None),
        ("a@localhost", None),
        ("a@b", None),
        ('"q q"@example.be', None),
        ("a@[192.0.2.1]", None),
        ("a\x00@example.be", None),
        ("a@example.be\nBcc: b@example.be", None),
        ("x" * 65 + "@example.be", None),
        ("", None),
    ],
)
def test_email_addresses(typed: str, stored: str | None) -> None:
    assert emails.normalise(typed) == stored


@given(st.text(max_size=40))
def test_no_text_breaks_the_email_check(text: str) -> None:
    found = emails.normalise(text)
    assert found is None or emails.normalise(found) == found


@given(st.text(max_size=60))
def test_every_prefix_of_an_indexed_word_is_found_again(text: str) -> None:
    indexed = folding.index_words([text])
    for word in folding.query_words(text):
        assert any(other.startswith(word) for other in indexed), (word, indexed)


@given(st.text(max_size=60))
def test_folded_words_need_no_quoting(text: str) -> None:
    for word in [*folding.index_words([text]), *folding.query_words(text)]:
        assert word
        assert not set(word) & set("'\\&|!():* \x00")
        assert not any(unicodedata.combining(character) for character in word)


@pytest.mark.spec("A-20")
@pytest.mark.parametrize(
    "password",
    [
        "password1234", "P@ssw0rd2024!", "Welcome12345", "wachtwoord!!!", "motdepasse2026", "123456789012",
        "abcdefghijkl", "qwertyuiop12", "aaaaaaaaaaaa", "abababababab", "letmeinletmein", "Bienvenue2026!",
        "0987654321098", "Azertyuiop!!", "COMMIScommis", "!!!password!!!", "1q2w3e4r5t6y",
    ],
)  # fmt: skip
def test_common_passwords_are_refused(password: str) -> None:
    found = Violations()
    passwords.check(found, "password", password)
    assert [violation.reason for violation in found] == ["TOO_COMMON"]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple 7", "Kerkstraat-12-boven", "tr0ub4dor&3 en meer", "blauwe fiets regen",
        "éléphant rose au café", "7f3c9a1be2d84c55",
    ],
)  # fmt: skip
def test_long_unusual_passwords_pass(password: str) -> None:
    found = Violations()
    assert passwords.check(found, "password", password)
    assert not found


def test_the_same_password_typed_on_another_keyboard_is_the_same() -> None:
    assert passwords.prepare("cafe\u0301 ligne bleue") == passwords.prepare("caf\u00e9 ligne bleue")


@pytest.mark.parametrize(
    ("peer", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("ipv4:10.0.0.7:4711", "10.0.0.7", "10.0.0.7"),
        ("ipv6:%5B2001:db8:1:2::7%5D:4711", "2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::8", "2001:db8:1:2::8", "2001:db8:1:2::/64"),
        ("unix:", "", ""),
        ("", "", ""),
        ("nonsense'; --", "", ""),
    ],
)
def test_network_addresses(peer: str, address: str, network: str) -> None:
    assert client_address.parse(peer) == address
    assert client_address.network(address) == network


def test_masks() -> None:
    writable = ("last_name", "business_profile.department", "business_profile.b2b_active")
    account = accounts_pb2.Account(last_name="X", business_profile={"b2b_active": True})

    def paths(*mask: str) -> tuple[list[str], bool]:
        found = Violations()
        return masks.paths(found, FieldMask(paths=mask), account, writable, ("number",)), bool(found)

    assert paths() == (["last_name", "business_profile.b2b_active"], False)
    assert paths("*") == (list(writable), False)
    assert paths("business_profile") == (list(writable[1:]), False)
    assert paths("number", "last_name") == (["last_name"], False)
    assert paths("last_nam") == ([], True)
    assert paths("last_name.x") == ([], True)
    assert paths("") == ([], True)


def test_what_is_sealed_opens_with_its_label_and_secret_only() -> None:
    vault = Vault("x" * 40)
    sealed = vault.seal(b"private", "key 1")
    assert vault.open(sealed, "key 1") == b"private"
    assert b"private" not in sealed
    for other, data, label in (
        (vault, sealed, "key 2"),
        (Vault("y" * 40), sealed, "key 1"),
        (vault, sealed[:-1] + bytes([sealed[-1] ^ 1]), "key 1"),
        (vault, b"", "key 1"),
    ):
        with pytest.raises(SealBroken):
            other.open(data, label)
    assert vault.mac("a", b"x") != vault.mac("b", b"x")
