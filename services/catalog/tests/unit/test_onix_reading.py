"""Bytes of ONIX messages into records: whatever the encoding, wherever they are cut, whatever somebody hid in them."""

from __future__ import annotations

import codecs
import random
import tracemalloc
from pathlib import Path

import pytest

from catalog.imports.domain import Record, Unreadable
from catalog.onix.reading import codes, splitter
from catalog.onix.reading.message import OnixRecord, Territory
from catalog.onix.reading.reader import OnixReader
from catalog.onix.reading.supply import includes
from catalog.onix.reading.tags import REFERENCE

from .. import onix

SAMPLES = Path(__file__).parents[1] / "data/onix"


def read(
    content: bytes | str, *, piece: int = 1 << 20, country: str = "BE"
) -> tuple[list[Record], OnixReader]:
    body = content.encode() if isinstance(content, str) else content
    reader = OnixReader(done=0, language="en", country=country)
    found: list[Record] = []
    for start in range(0, len(body), piece):
        found += reader.feed(body[start : start + piece])
    found += reader.feed(b"", last=True)
    reader.finish()
    return found, reader


def content(record: Record) -> OnixRecord:
    assert isinstance(record.content, OnixRecord)
    return record.content


def rules(record: Record) -> list[str]:
    found = [*content(record).findings, *([record.broken] if record.broken else [])]
    return [finding.rule.split(":")[0].split(";")[0] for finding in found]


@pytest.mark.spec("C-04")
def test_short_and_reference_tags_say_the_same() -> None:
    reference, _ = read((SAMPLES / "Onix3.1-single-ref.xml").read_bytes())
    short, _ = read((SAMPLES / "Onix3.1-single-short.xml").read_bytes())
    assert content(reference[0]) == content(short[0])
    found = content(reference[0])
    assert (found.ref, found.isbn, found.gtin) == (
        "com.globalbookinfo.onix.01734529", "9780007232833", "9780007232833",
    )  # fmt: skip
    assert found.descriptive is not None
    assert found.descriptive.names == {"en": "Roseanna"}
    assert found.descriptive.authors == ["Maj Sjöwall", "Per Wahlöö"]
    assert found.descriptive.weight_grams == 195
    assert ["translator", "Lois Roth"] in found.descriptive.characteristics
    assert ["series", "The Martin Beck series; 1"] in found.descriptive.characteristics
    assert found.supply is not None
    assert [(price.type, str(price.amount), price.currency) for price in found.supply.prices] == [
        ("02", "7.99", "GBP"), ("01", "8.99", "EUR"), ("01", "7.99", "GBP"),
    ]  # fmt: skip


@pytest.mark.spec("C-04")
def test_onix_3_0_without_a_namespace_and_with_escaped_markup() -> None:
    (record,), _ = read((SAMPLES / "onix3-single.xml").read_bytes(), country="AU")
    found = content(record)
    assert found.collateral is not None
    text = found.collateral.descriptions["en"]
    assert text.startswith("Widely recognized as the among the greatest")
    assert "<" not in text
    assert "\n\nRoseanna begins" in text
    assert found.supply is not None
    assert [str(price.amount) for price in found.supply.prices] == ["26.99"]


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("encoding", "declared", "mark"),
    [
        ("utf-8", None, b""), ("utf-8", "UTF-8", codecs.BOM_UTF8), ("iso-8859-1", "ISO-8859-1", b""),
        ("iso-8859-15", "iso-8859-15", b""), ("cp1252", "windows-1252", b""),
        ("utf-16-le", "UTF-16", codecs.BOM_UTF16_LE),
        ("utf-16-be", "UTF-16", codecs.BOM_UTF16_BE), ("utf-16-le", "utf-16", b""), ("utf-16-be", None, b""),
        ("utf-32", None, b""), ("koi8-r", "koi8-r", b""), ("shift_jis", "Shift_JIS", b""), ("euc-jp", "EUC-JP", b""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [1 << 20, 7])
def test_every_declared_encoding(encoding: str, declared: str | None, mark: bytes, piece: int) -> None:
    names = {"koi8-r": "Война и мир", "shift_jis": "吾輩は猫", "euc-jp": "吾輩は猫"}
    name = names.get(
        encoding, "L’œuvre à l’été" if encoding not in ("iso-8859-1", "iso-8859-15") else "Été à l'île"
    )
    opening = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = onix.message(onix.product("r", onix.descriptive(name)), opening=opening)
    (record,), _ = read(mark + text.encode(encoding), piece=piece)
    found = content(record).descriptive
    assert found is not None
    assert found.names == {"en": name}


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    "name", ["utf-7", "unicode_escape", "rot13", "punycode", "nonsense", "cp037", "idna"]
)
def test_encodings_that_no_xml_file_has(name: str) -> None:
    text = onix.message(opening=f'<?xml version="1.0" encoding="{name}"?>')
    with pytest.raises(Unreadable, match="declares the encoding"):
        read(text)


@pytest.mark.spec("C-04")
def test_wherever_the_file_is_cut_the_records_are_the_same() -> None:
    products = [
        onix.product("a", "<!-- </Product> <Product> -->", onix.descriptive("A")),
        onix.product("b", onix.descriptive("<![CDATA[B </Product> & <Product>]]>"), number=2),
        "<!-- <Product> between </Product> --><?pi <Product> ?>",
        onix.product("c", onix.descriptive("C"), number=3).replace("</Product>", "</Product  >"),
        "<Product/>",
        onix.product("d", onix.descriptive("D"), number=4).replace(
            "<Product>", '<Product datestamp="20200101">'
        ),
    ]
    body = onix.message(*products, opening='<?xml version="1.0"?>\n<!-- x -->').encode()
    whole, _ = read(body)
    names = [content(record).descriptive for record in whole if record.broken is None]
    assert [found.names["en"] for found in names if found] == ["A", "B </Product> & <Product>", "C", "D"]
    for piece in (1, 2, 3, 5, 17, 64, 1000):
        assert read(body, piece=piece)[0] == whole


@pytest.mark.spec("C-04")
def test_a_record_that_is_broken_spoils_itself_alone() -> None:
    good = onix.product("good", onix.descriptive("Good"))
    broken = [
        "<Product><RecordReference>open</RecordReference><a>",  # never closed: the next one begins
        onix.product("amp", onix.descriptive("Salt & pepper")),
        onix.product("nest", "<a><b></a></b>"),
        onix.product("entity", onix.descriptive("&nbsp;")),
        onix.product("control", onix.descriptive("&#1;")),
        "<Product><RecordReference>comment</RecordReference><!-- never closed </Product>",
    ]
    for bad in broken:
        records, _ = read(
            onix.message(good, bad, good.replace("good", "after"), good.replace("good", "last"))
        )
        ok = [content(record).ref for record in records if record.broken is None]
        if (
            "<!--" in bad
        ):  # as XML has it, all the rest is a comment; from the next Product on it is read again
            assert ok == ["good", "after", "last"]
            continue
        assert ok == ["good", "after", "last"], bad
        (wrong,) = [record for record in records if record.broken is not None]
        assert rules(wrong) == ["MALFORMED"]
        assert content(wrong).ref in bad
        assert wrong.number == 2
    (record, wrong), _ = read(onix.message(good, onix.product("bytes", onix.descriptive("x")), "").encode().replace(
        b"<TitleText>x", b"<TitleText>\xff\xfe"))  # fmt: skip
    assert record.broken is None
    assert rules(wrong) == ["UNSTORABLE_CHARACTER"]


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<!DOCTYPE ONIXMessage [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>", "declares entities"),
        ('<!DOCTYPE ONIXMessage [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "declares entities"),
        ('<!DOCTYPE ONIXMessage [<!ENTITY % p SYSTEM "http://169.254.169.254/"> %p;]>', "declares entities"),
        ('<!DOCTYPE ONIXMessage SYSTEM "x" [<!ATTLIST a b CDATA "c">]>', "declares entities"),
    ],
)
def test_a_document_type_of_its_own_is_refused(text: str, error: str) -> None:
    product = onix.product("r", onix.descriptive("&b;&x;"))
    with pytest.raises(Unreadable, match=error):
        read(onix.message(product, opening=f'<?xml version="1.0"?>{text}'))


@pytest.mark.spec("C-04")
def test_the_dtd_of_onix_is_named_and_never_read() -> None:
    """No address is followed (it would not resolve); its named characters are known, its other entities are not."""
    doctype = '<!DOCTYPE ONIXMessage SYSTEM "http://no.such.host.invalid/ONIX_BookProduct_3.0_reference.dtd">'
    fine = onix.product("fine", onix.descriptive("Caf&eacute; &amp; cr&egrave;me"))
    bad = onix.product("bad", onix.descriptive("&external;"), number=2)
    (first, second), _ = read(onix.message(fine, bad, opening=doctype))
    found = content(first).descriptive
    assert found is not None
    assert found.names == {"en": "Café & crème"}
    assert rules(first) == ["NAMED_CHARACTER", "NAMED_CHARACTER"]
    assert rules(second) == ["MALFORMED"]
    inside = onix.product("r", '<!DOCTYPE a [<!ENTITY b "c">]>' + onix.descriptive("&b;"))
    (record,), _ = read(onix.message(inside))
    assert rules(record) == ["MALFORMED"]


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "not an ONIX message"),
        ("<html><Product/></html>", "not an ONIX message"),
        ('<ONIXMessage release="2.1"><Product></Product></ONIXMessage>', "release 2.1"),
        ("<ONIXMessage><Product></Product></ONIXMessage>", "release unknown"),
        ("<!-- never closed", "never closed"),
        (onix.message(onix.product("r", onix.descriptive()))[:-14], "cut off"),
        (onix.message()[:-20], "cut off"),
    ],
)
def test_files_that_are_no_messages(body: str, error: str) -> None:
    with pytest.raises(Unreadable, match=error):
        read(body)


@pytest.mark.spec("C-04")
def test_prefixed_names_and_defaults_of_the_header() -> None:
    body = onix.message(
        onix.product(
            "r",
            onix.descriptive().replace("eng", ""),
            onix.supply(onix.price("12", "", currency="", countries="")),
        ),
        header="<DefaultLanguageOfText>fre</DefaultLanguageOfText><DefaultPriceType>04</DefaultPriceType>"
        "<DefaultCurrencyCode>EUR</DefaultCurrencyCode>",
    )  # fmt: skip
    body = body.replace("<LanguageRole>01</LanguageRole><LanguageCode></LanguageCode>", "")
    plain, _ = read(body)
    prefixed = (
        body.replace("xmlns=", "xmlns:o=").replace("</", "\x00").replace("<", "<o:").replace("\x00", "</o:")
    )
    found, _ = read(prefixed)
    assert content(found[0]) == content(plain[0])
    record = content(plain[0])
    assert record.descriptive is not None
    assert record.descriptive.names == {"fr": "Roseanna"}
    assert record.supply is not None
    assert [(p.type, p.currency) for p in record.supply.prices] == [("04", "EUR")]


@pytest.mark.spec("C-04")
def test_identifiers_are_verified_by_their_check_digits() -> None:
    def found(*ids: tuple[str, str]) -> tuple[str | None, str | None, list[str]]:
        names = "".join(onix.identifier(kind, value) for kind, value in ids)
        (record,), _ = read(onix.message(onix.product("r", onix.descriptive(), ids=names)))
        return content(record).isbn, content(record).gtin, rules(record)

    good = "9780439023481"
    assert found(("15", good)) == (good, None, [])
    assert found(("02", "0439023483")) == (good, None, [])
    assert found(("03", good), ("15", "978-0-439-02348-1")) == (good, good, [])
    assert found(("15", "9780439023482")) == (None, None, ["ISBN_CHECK_DIGIT"])
    assert found(("15", "9780439023482"), ("02", "0439023483")) == (good, None, ["ISBN_CHECK_DIGIT"])
    assert found(("15", good), ("02", "0316769487"))[2] == ["IDENTIFIERS_DISAGREE"] * 2
    assert found(("15", good), ("15", "9780007232833"))[2] == ["IDENTIFIERS_DISAGREE"] * 2
    assert found(("03", "4006381333931"), ("14", "10614141000415")) == (None, "4006381333931", [])


@pytest.mark.spec("C-04")
def test_values_that_cannot_be_taken() -> None:
    def found(*blocks: str, notification: str = "03", ref: str = "r") -> list[str]:
        (record,), _ = read(onix.message(onix.product(ref, *blocks, notification=notification)))
        return rules(record)

    assert found(ref="") == ["REQUIRED"]
    assert found(ref="x" * 101) == ["REQUIRED"]
    assert found(notification="77") == ["ONIX_LIST_1"]
    assert found(onix.supply(onix.price("12,50"))) == ["DECIMAL_COMMA"]
    assert found(onix.supply(onix.price("free"))) == ["DECIMAL_NUMBER"]
    assert found(onix.supply(onix.price("-1"))) == ["PRICE"]
    assert found(onix.supply(onix.price("1.23456"))) == ["PRICE"]
    assert found(onix.supply(onix.price("1", currency="euro"))) == ["ISO_4217"]
    assert found(onix.supply(onix.price("1", begin="20261301"))) == ["DATE"]
    assert found(onix.supply(onix.price("1", begin="20270101", end="20261231"))) == ["DATE"]
    assert found(onix.supply(onix.price("1", quantity=99999999))) == ["WHOLE_NUMBER"]
    assert found(onix.supply(onix.price("1"), market="AU NZ")) == ["OTHER_MARKETS"]
    assert found(onix.publishing(date="99999999")) == ["DATE"]
    assert found(onix.publishing(status="x")) == ["ONIX_LIST_64"]
    assert found(onix.descriptive(form="12X")) == ["ONIX_LIST_150"]
    assert found(onix.descriptive(language="mul")) == ["NO_ISO_639_1_CODE"]
    assert found(onix.descriptive("x" * 501)) == ["TOO_LONG"]
    assert found(onix.descriptive(more=contributor_without_end())) == ["TOO_LONG"]


def contributor_without_end() -> str:
    return onix.contributor(1, "A01", "x" * 1001)


@pytest.mark.spec("C-04")
def test_territories() -> None:
    def territory(countries: str = "", regions: str = "", without: str = "") -> Territory:
        return Territory(*(frozenset(words.split()) for words in (countries, regions, without)))

    assert includes(territory(), "BE")
    assert includes(territory("FR BE"), "BE")
    assert not includes(territory("FR"), "BE")
    assert includes(territory("", "WORLD"), "BE")
    assert not includes(territory("", "WORLD", "BE"), "BE")
    assert not includes(territory("", "WORLD", "BE-VLG"), "BE")
    assert includes(territory("", "ECZ"), "BE")
    assert not includes(territory("", "ECZ"), "GB")
    assert not includes(territory("", "BE-WAL"), "BE")


@pytest.mark.spec("C-04")
def test_a_record_without_end_and_one_as_deep_as_it_likes_take_little_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(splitter, "MAX_RECORD", 200_000)
    endless = "<Product><RecordReference>endless</RecordReference>" + "<a>text</a>" * 300_000
    deep = onix.product("deep", "<a>" * 20_000 + "</a>" * 20_000)
    body = onix.message(deep, endless, onix.product("after", onix.descriptive("After"))).encode()
    tracemalloc.start()
    records, _ = read(body, piece=50_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [content(record).ref for record in records] == ["deep", "endless", "after"]
    assert rules(records[1]) == ["TOO_LARGE"]
    assert peak < 20_000_000


@pytest.mark.spec("C-04")
def test_nothing_that_is_fed_breaks_the_reader() -> None:
    """Random damage to a message: every record is read or refused, and nothing else happens."""
    chance = random.Random(7)
    products = [
        onix.product(f"r{n}", onix.descriptive(f"T{n}"), onix.supply(onix.price("1")), number=n)
        for n in range(6)
    ]
    whole = onix.message(*products).encode()
    for _ in range(400):
        body = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            start = chance.randrange(len(body))
            body[start : start + chance.randrange(12)] = chance.choice(
                [
                    b"",
                    b"<",
                    b">",
                    b"&",
                    b"\x00",
                    b"\xff",
                    b"<!--",
                    b"]]>",
                    b"<Product>",
                    b"</Product>",
                    b"<![CDATA[",
                ]
            )
        try:
            records, _ = read(bytes(body), piece=chance.choice([13, 500, 1 << 20]))
        except Unreadable:
            continue
        assert [record.number for record in records] == list(range(1, len(records) + 1))


def test_tags_and_languages_go_both_ways() -> None:
    assert len(set(REFERENCE.values())) == len(REFERENCE)
    for language, code in (
        ("fr", "fre"),
        ("nl", "dut"),
        ("en", "eng"),
        ("it", "ita"),
        ("de", "ger"),
        ("sv", "swe"),
    ):
        assert codes.three_letters(language) == code
        assert codes.language_of(code) == language
    assert codes.language_of("fra") == "fr"
