"""Legal caps as they go over the wire, and requests turned into values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence

from commis.catalog.v1 import legal_caps_pb2 as pb

from catalog.legal_caps.domain import BUYER_CLASSES, PARTS
from catalog.legal_caps.store import CapView, NewCap
from catalog.pricing.list_wire import FIRST_DAY, validity
from catalog.pricing.requests import MAX_QUANTITY
from catalog.pricing.wire import date_to_proto, decimal_to_proto
from catalog.products.domain import valid_text_language
from chassis import fields
from chassis.errors import Violations

MAX_MONTHS = 1200
MAX_CODES = 50
_FORM = re.compile("[A-Z]{1,2}", re.ASCII)
_CERTAINTIES = {name.removeprefix("CERTAINTY_"): number for name, number in pb.LegalCap.Certainty.items()}


def to_proto(view: CapView) -> pb.LegalCap:
    built = pb.LegalCap(
        id=str(view.id),
        jurisdiction=view.jurisdiction,
        text_language_codes=view.text_language_codes,
        product_forms=view.product_forms,
        buyer_class=view.buyer_class,
        months=view.months,
        min_quantity=view.min_quantity,
        max_discount_percent=decimal_to_proto(view.max_discount_percent),
        valid_from=date_to_proto(view.valid_from),
        valid_to=date_to_proto(view.valid_to),
        source=view.source,
        certainty=_CERTAINTIES[view.certainty],
        note=view.note,
    )
    built.create_time.FromDatetime(view.create_time)
    return built


def new_cap(v: Violations, sent: pb.LegalCap, today: datetime.date) -> NewCap:
    """Rules begin today at the earliest: what was sold before was priced without them."""
    path = "legal_cap."
    begin = fields.date(v, f"{path}valid_from", sent.valid_from)
    end = fields.date(v, f"{path}valid_to", sent.valid_to)
    valid_from, valid_to = validity(v, path, begin, end)
    if begin is not None and FIRST_DAY <= begin < today:
        v.add(
            f"{path}valid_from", "must not be in the past: those days were priced without it", "OUT_OF_RANGE"
        )
    if sent.buyer_class not in BUYER_CLASSES:
        v.add(f"{path}buyer_class", f"must be one of {', '.join(BUYER_CLASSES)}")
    certainty = fields.enum(v, f"{path}certainty", sent.certainty, pb.LegalCap.Certainty)
    languages = (sent.text_language_codes, valid_text_language, "an ISO 639-1 code")
    forms = (sent.product_forms, _valid_form, "the beginning of a code of ONIX list 150, e.g. B or BC")
    return NewCap(
        jurisdiction=jurisdiction(v, f"{path}jurisdiction", sent.jurisdiction),
        text_language_codes=_codes(v, f"{path}text_language_codes", *languages),
        product_forms=_codes(v, f"{path}product_forms", *forms),
        buyer_class=sent.buyer_class,
        months=fields.integer(v, f"{path}months", sent.months, minimum=0, maximum=MAX_MONTHS),
        min_quantity=fields.integer(
            v, f"{path}min_quantity", sent.min_quantity or 1, minimum=1, maximum=MAX_QUANTITY
        ),
        max_discount_percent=fields.decimal(
            v, f"{path}max_discount_percent", sent.max_discount_percent, minimum=0, maximum=100, places=4
        ),
        valid_from=valid_from,
        valid_to=valid_to,
        source=fields.text(v, f"{path}source", sent.source, required=True, max_length=2000),
        certainty=certainty.removeprefix("CERTAINTY_"),
        note=fields.text(v, f"{path}note", sent.note, max_length=2000),
    )


def jurisdiction(v: Violations, field: str, sent: str) -> str:
    """A country, or a part of Belgium: of other countries a postal code does not tell the part."""
    if sent in PARTS:
        return sent
    if not sent:
        v.add(field, "is required", "REQUIRED")
        return ""
    found = Violations()
    if not fields.country(found, field, sent):
        v.add(
            field, f"must be an ISO 3166-1 alpha-2 country code in upper case, or one of {', '.join(PARTS)}"
        )
    return sent


def _valid_form(code: str) -> bool:
    return _FORM.fullmatch(code) is not None


def _codes(
    v: Violations, field: str, sent: Sequence[str], valid: Callable[[str], bool], kind: str
) -> list[str]:
    """Sorted, so that the same codes are the same rule."""
    if len(sent) > MAX_CODES or len(set(sent)) < len(sent):
        v.add(field, f"must be at most {MAX_CODES}, all different")
        return []
    for number, code in enumerate(sent):
        if not valid(code):
            v.add(f"{field}[{number}]", f"must be {kind}")
    return sorted(sent)
