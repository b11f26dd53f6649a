"""One Product of a message as a record."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from catalog.imports.domain import Finding, Refused
from catalog.imports.identifiers import identifiers_of
from catalog.onix.reading import blocks, codes, descriptive, supply
from catalog.onix.reading.message import Defaults, OnixRecord
from catalog.onix.reading.text import child, children
from catalog.products import domain

OWN_SCHEME = "Commis SKU"
_KINDS = {"15": "isbn13", "02": "isbn10", "03": "gtin", "04": "gtin", "14": "gtin"}


def reference(product: Element) -> str:
    return child(product, "RecordReference")


def read(product: Element, defaults: Defaults, language: str, country: str) -> OnixRecord:
    """`language` and `country` are the vendor's. Raises Refused with every finding."""
    ref, notification = reference(product), child(product, "NotificationType")
    wrong: list[Finding] = []
    if not ref or len(ref) > domain.MAX_CODE:
        wrong.append(Finding("RecordReference", ref, f"REQUIRED: up to {domain.MAX_CODE} characters"))
    if notification not in (*codes.FULL, *codes.UPDATE, *codes.DELETE, *codes.TEST):
        wrong.append(Finding("NotificationType", notification, "ONIX_LIST_1"))
    record = OnixRecord(ref, notification)
    if notification not in codes.TEST:
        for part in (_identify, _blocks):
            try:
                part(product, record, defaults, language, country)
            except Refused as refused:
                wrong += refused.findings
    if wrong:
        raise Refused(*wrong)
    return record


def _identify(
    product: Element, record: OnixRecord, _defaults: Defaults, _language: str, _country: str
) -> None:
    """Codes that name goods, each with its check digit; several of a kind must agree."""
    by_kind: dict[str, str] = {}
    for identifier in product.iterfind("ProductIdentifier"):
        kind, written = child(identifier, "ProductIDType"), child(identifier, "IDValue")
        if kind == "01" and child(identifier, "IDTypeName") == OWN_SCHEME:
            record.sku = written[: domain.MAX_CODE]
        elif kind in _KINDS and written and by_kind.setdefault(kind, written) != written:
            both = (by_kind[kind], written)
            raise Refused(*(Finding(_KINDS[kind], value, "IDENTIFIERS_DISAGREE") for value in both))
    # A UPC or a GTIN-14, which may be that of a trade pack, counts only where there is no GTIN-13.
    values = {_KINDS[kind]: by_kind[kind] for kind in ("14", "04", "03", "02", "15") if kind in by_kind}
    found = identifiers_of(values)
    record.isbn, record.gtin = found.isbn, found.gtin
    record.findings += found.findings


def _blocks(product: Element, record: OnixRecord, defaults: Defaults, language: str, country: str) -> None:
    if record.notification in codes.DELETE:
        return
    findings = record.findings
    block = product.find("DescriptiveDetail")
    if block is not None:
        record.descriptive = descriptive.read(block, defaults, language, findings)
    own = record.descriptive.language if record.descriptive is not None else ""
    block = product.find("CollateralDetail")
    if block is not None:
        home = own if own in domain.LANGUAGES else language
        record.collateral = blocks.collateral(block, home, findings)
    block = product.find("PublishingDetail")
    if block is not None:
        record.publishing = blocks.publishing(block, findings)
    supplies = product.findall("ProductSupply")
    if supplies:
        record.supply = supply.read(supplies, defaults, country, findings)


def defaults_of(header: Element) -> Defaults:
    language = next(iter(children(header, "DefaultLanguageOfText")), "")
    return Defaults(language, child(header, "DefaultPriceType"), child(header, "DefaultCurrencyCode"))
