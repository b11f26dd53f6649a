"""Two hundred made-up customers, five representatives and the back office, in the words of the public API.

Every postal code belongs to its town and every VAT number has right check digits. None is meant to be real:
Belgian numbers are from a range that was never given out, mail goes to the reserved domain ``example``.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stdnum import luhn

from local.data import tables
from local.data.names import (
    FIRST_NAMES,
    LAST_NAMES,
    LEGAL_FORMS,
    LIBRARIES,
    PLACES,
    RESIDENCES,
    SCHOOLS,
    SHOPS,
    STREETS,
    Place,
)

Json = dict[str, Any]
_COUNTS = {"shop": 118, "library": 12, "residence": 4, "school": 6, "consumer": 60}
_PREFIXES = {"BE": "+32", "FR": "+33", "NL": "+31", "IT": "+39"}
_INSTITUTIONS = {"library": LIBRARIES, "residence": RESIDENCES, "school": SCHOOLS}
_CLASSES = {
    "shop": ("BUSINESS", ["TRADE"]),
    "library": ("PUBLIC_LIBRARY", ["LIBRARY"]),
    "residence": ("BUSINESS", ["CARE"]),
    "school": ("EDUCATION", ["EDUCATION"]),
    "consumer": ("CONSUMER", []),
}

# Code, first name, last name, language, and whom the rep visits: (country, language) pairs.
_REPS = (
    ("R01", "Claire", "Delmotte", "fr", {("BE", "fr")}),
    ("R02", "Tom", "Verhaegen", "nl", {("BE", "nl")}),
    ("R03", "Antoine", "Roussel", "fr", {("FR", "fr")}),
    ("R04", "Femke", "de Boer", "nl", {("NL", "nl"), ("BE", "nl")}),
    ("R05", "Giorgia", "Bellini", "it", {("IT", "it")}),
)
_STAFF = (
    ("Isabelle", "Maréchal", "fr", "order-desk", ["ORDER_DESK"]),
    ("Bart", "Wouters", "nl", "catalogue", ["CATALOGUE"]),
    ("Silvia", "Marchetti", "it", "finance", ["FINANCE"]),
)


def prepare(target: Path) -> None:
    """Write everybody into one file."""
    kinds = [kind for kind, count in _COUNTS.items() for _ in range(count)]
    accounts = [_account(kind, number) for number, kind in enumerate(kinds)]
    content = {
        "representatives": [_rep(*rep[:4]) for rep in _REPS],
        "staff": [_staff_member(*member) for member in _STAFF],
        "accounts": accounts,
    }
    target.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _account(kind: str, number: int) -> Json:
    """An account as it is created, and the codes of the reps it is assigned to."""
    dice = tables.dice("account", str(number))
    place = PLACES[number % len(PLACES)]
    first = dice.choice(FIRST_NAMES[place.language].split())
    last = dice.choice(LAST_NAMES[place.language].split())
    phone = f"{_PREFIXES[place.country]} {dice.randrange(20, 90)} {dice.randrange(100, 999)} {number:03}"
    buyer_class, groups = _CLASSES[kind]
    account: Json = {
        "first_name": first,
        "last_name": last,
        "email": f"{_ascii(first)}.{_ascii(last)}.{number:03}@{kind}.example",
        "language_code": place.language,
        "phone": phone,
        "groups": groups,
        "buyer_class": buyer_class,
    }
    company = ""
    if kind != "consumer":
        company = _company(kind, last, place)
        account["business_profile"] = _profile(kind, company, place, number, dice)
    account["addresses"] = _addresses(f"{first} {last}", company, place, phone, dice)
    visited = [code for code, *_, region in _REPS if (place.country, place.language) in region]
    return {"representatives": [] if kind == "consumer" and number % 2 else visited, "account": account}


def _company(kind: str, last_name: str, place: Place) -> str:
    if kind == "shop":
        pattern = tables.dice("shop", last_name, place.city).choice(SHOPS[place.language].split("|"))
        return f"{pattern.format(last_name)} {LEGAL_FORMS[f'{place.country}-{place.language}']}"
    return _INSTITUTIONS[kind][place.language].format(place.city)


def _profile(kind: str, company: str, place: Place, number: int, dice: random.Random) -> Json:
    return {
        "company_name": company,
        "vat_number": _VAT_NUMBERS[place.country](number),
        "chamber_of_commerce_number": f"{61000000 + number * 7919:08}" if place.country == "NL" else "",
        "department": "Collections" if kind == "library" else "",
        "b2b_active": True,
        "pay_later_allowed": kind != "shop" or dice.random() < 0.75,
    }


def _addresses(person: str, company: str, place: Place, phone: str, dice: random.Random) -> list[Json]:
    """One address for both purposes, or in every fifth case a second one for deliveries."""

    def address(label: str, *, billing: bool, delivery: bool) -> Json:
        street = dice.choice(STREETS[place.language].split("|"))
        house = dice.randrange(1, 180)
        line = f"{house} {street}" if place.country == "FR" else f"{street} {house}"
        postal = {
            "recipient": person,
            "company": company,
            "street_lines": [line],
            "postal_code": place.postal_code,
            "city": place.city,
            "administrative_area": place.area,
            "region_code": place.country,
            "phone": phone,
        }
        return {"label": label, "address": postal, "default_billing": billing, "default_delivery": delivery}

    if dice.random() < 0.2:
        return [
            address("Office", billing=True, delivery=False),
            address("Warehouse", billing=False, delivery=True),
        ]
    return [address("Main", billing=True, delivery=True)]


def _belgian(number: int) -> str:
    body = 9_900_000 + number * 311
    return f"BE0{body:07}{97 - body % 97:02}"


def _french(number: int) -> str:
    head = f"{38_000_000 + number * 4241:08}"
    siren = head + luhn.calc_check_digit(head)
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"


def _dutch(number: int) -> str:
    """The elfproef of a BSN-like number: weights 9 to 2, and -1 for the last digit."""
    for body in range(85_000_000 + number * 1013, 99_999_999):
        check = (
            sum(int(digit) * weight for digit, weight in zip(f"{body:08}", range(9, 1, -1), strict=True)) % 11
        )
        if check < 10:
            return f"NL{body:08}{check}B01"
    raise ValueError("no number left")


def _italian(number: int) -> str:
    body = f"{9_100_000 + number * 97:07}015"
    return f"IT{body}{luhn.calc_check_digit(body)}"


_VAT_NUMBERS: dict[str, Callable[[int], str]] = {
    "BE": _belgian,
    "FR": _french,
    "NL": _dutch,
    "IT": _italian,
}


def _rep(code: str, first: str, last: str, language: str) -> Json:
    return {
        "rep_code": code,
        "first_name": first,
        "last_name": last,
        "email": f"{_ascii(first)}.{_ascii(last)}@reps.example",
        "language_code": language,
    }


def _staff_member(first: str, last: str, language: str, mail: str, roles: list[str]) -> Json:
    return {
        "first_name": first,
        "last_name": last,
        "email": f"{mail}@commis.example",
        "language_code": language,
        "roles": roles,
    }


def _ascii(name: str) -> str:
    """The name as people write it in mail addresses."""
    plain = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in plain if letter.isalnum() and letter.isascii())
