"""The mapping as it goes over the wire, and a request about it turned into rules."""

from __future__ import annotations

import re

from commis.catalog.v1 import onix_pb2 as pb

from catalog.onix.mapping.domain import (
    KEYWORDS,
    MAX_PRICE_RULES,
    MAX_SUBJECT_RULES,
    PriceRule,
    Rules,
    SubjectRule,
)
from catalog.onix.reading import codes
from catalog.pricing import list_wire
from chassis import etag, fields
from chassis.errors import Violations
from chassis.ids import new_id

_TWO = re.compile(r"[0-9A-Z]{2}", re.ASCII)
_REGION = re.compile(r"[A-Z]{2}", re.ASCII)


def to_proto(rules: Rules) -> pb.OnixMapping:
    return pb.OnixMapping(
        price_rules=[
            pb.OnixPriceRule(
                price_type=rule.price_type,
                price_qualifier=rule.qualifier,
                currency_code=rule.currency,
                region_code=rule.region,
                price_list_id=str(rule.list_id),
            )
            for rule in rules.prices
        ],
        subject_rules=[
            pb.OnixSubjectRule(scheme=scheme, code=code, category_id=str(category_id))
            for (scheme, code), category_id in rules.subjects.items()
        ],
        etag=etag.format(rules.version),
    )


def price_rules(v: Violations, sent: pb.OnixMapping, country: str) -> list[PriceRule]:
    """`country` is the vendor's."""
    path = "mapping.price_rules"
    if len(sent.price_rules) > MAX_PRICE_RULES:
        v.add(path, f"must have at most {MAX_PRICE_RULES} entries", "TOO_LONG")
        return []
    rules = [_price_rule(v, f"{path}[{n}]", rule, country) for n, rule in enumerate(sent.price_rules)]
    seen: set[tuple[str, ...]] = set()
    for number, rule in enumerate(rules):
        key = (rule.price_type, rule.qualifier, rule.currency, rule.region)
        if key in seen:
            v.add(f"{path}[{number}]", "says the same prices as one before it", "DUPLICATE")
        seen.add(key)
    return rules


def _price_rule(v: Violations, path: str, sent: pb.OnixPriceRule, country: str) -> PriceRule:
    kind = fields.text(v, f"{path}.price_type", sent.price_type, required=True)
    if kind and kind not in codes.PRICE_TYPES:
        v.add(f"{path}.price_type", "must be a code of ONIX list 58, e.g. 02")
    qualifier = fields.text(v, f"{path}.price_qualifier", sent.price_qualifier).removeprefix("00")
    if qualifier and not _TWO.fullmatch(qualifier):
        v.add(f"{path}.price_qualifier", "must be a code of ONIX list 59, e.g. 10")
    region = fields.text(v, f"{path}.region_code", sent.region_code) or country
    if not _REGION.fullmatch(region):
        v.add(f"{path}.region_code", "must be an ISO 3166-1 alpha-2 code")
    currency = list_wire.currency(v, f"{path}.currency_code", sent.currency_code)
    list_id = fields.identifier(v, f"{path}.price_list_id", sent.price_list_id)
    return PriceRule(kind, qualifier, currency, region, list_id or new_id())


def subject_rules(v: Violations, sent: pb.OnixMapping) -> list[SubjectRule]:
    path = "mapping.subject_rules"
    if len(sent.subject_rules) > MAX_SUBJECT_RULES:
        v.add(path, f"must have at most {MAX_SUBJECT_RULES} entries", "TOO_LONG")
        return []
    rules: dict[tuple[str, str], SubjectRule] = {}
    for number, rule in enumerate(sent.subject_rules):
        scheme = fields.text(v, f"{path}[{number}].scheme", rule.scheme, required=True)
        if scheme and (not _TWO.fullmatch(scheme) or scheme == KEYWORDS):
            v.add(f"{path}[{number}].scheme", "must be a code of ONIX list 27 other than 20, e.g. 93")
        code = fields.text(v, f"{path}[{number}].code", rule.code, required=True, max_length=20)
        category_id = fields.identifier(v, f"{path}[{number}].category_id", rule.category_id)
        if (scheme, code) in rules:
            v.add(f"{path}[{number}]", "says the same subjects as one before it", "DUPLICATE")
        rules[scheme, code] = SubjectRule(scheme, code, category_id or new_id())
    return list(rules.values())
