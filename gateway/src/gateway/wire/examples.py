"""Examples of values, by the name of a field or the type of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from gateway.wire.rules import is_identifier

_ID = "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e01"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
# Of a string by the name of its field; "Message.field" wins over "field".
EXAMPLES: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk5In0.c2ln",
    "action": "placed",
    "address": "https://shop.example.org/products#handoff=b25lLXRpbWUtY29kZQ",
    "administrative_area": "Bruxelles-Capitale",
    "allowed_verbs": "cancel",
    "assertion": "eyJhbGciOiJFZERTQSIsInR5cCI6ImNvbW1pcy1oYW5kb2ZmK2p3dCJ9.eyJpc3MiOiJodHRwcyJ9.c2ln",
    "audience": "https://shop.example.org",
    "authors": "Colette",
    "brand": "Folio",
    "budget_code": "FICTION",
    "buyer_class": "CONSUMER",
    "care_worker_name": "Emma Claes",
    "care_worker_subject": "worker-17",
    "carrier": "bpost",
    "carriers": "bpost",
    "category": "S",
    "cause": "EXPIRED",
    "chamber_of_commerce_number": "0403170701",
    "city": "Bruxelles",
    "client_address": "192.0.2.17",
    "client_external_id": "client-4711",
    "client_name": "Maria Janssens",
    "Budget.code": "FICTION",
    "ExchangeHandoffRequest.code": "b25lLXRpbWUtY29kZQ",
    "OnixSubjectRule.code": "FBA",
    "code": "STANDARD",
    "community_external_id": "residence-3",
    "community_name": "Residentie De Linde",
    "company": "Bibliothèque de Bruxelles",
    "company_name": "Bibliothèque de Bruxelles",
    "cost_centre": "CC-12",
    "currency_code": "EUR",
    "department": "Acquisitions",
    "description": "Le blé en herbe, broché",
    "display_name": "Anna Peeters",
    "email": "anna.peeters@example.org",
    "event_type": "order.placed",
    "event_types": "order.placed",
    "external_id": "residence-3",
    "field": "delivery_address.postal_code",
    "file_name": "prices-2026.csv",
    "first_name": "Anna",
    "group": "LIBRARY",
    "groups": "LIBRARY",
    "gtin": "9782070409341",
    "hash": _HASH,
    "isbn": "9782070409341",
    "issuer": "https://care.example.org",
    "jurisdiction": "FR",
    "jwks_uri": "https://care.example.org/.well-known/jwks.json",
    "kept_because": "Fiscal documents are kept for ten years.",
    "label": "Main library",
    "language_code": "fr",
    "last_name": "Peeters",
    "QuoteLine.line_id": "1",
    "line_id": _ID,
    "line_ids": _ID,
    "line_reference": "A-17",
    "map_link": "https://www.openstreetmap.org/search?query=Rue%20Neuve%201%2C%201000%20Bruxelles",
    "message": "Please send us your VAT certificate.",
    "message_id": "msg_2mZkXq8bVn",
    "CannedMessage.name": "Delay",
    "Contact.name": "Anna Peeters",
    "Facet.name": "brand",
    "name": "Size",
    "next_page_token": "eyJ2IjoxfQ",
    "not_undone": "MAILS_SENT",
    "LegalCap.note": "Books of less than two years.",
    "note": "Deliver at the back door.",
    "number": "2026-000123",
    "order_reference": "PO-2026-17",
    "password": "correct horse battery staple",
    "path": "Livres/Romans",
    "payload_json": '{"type":"order.placed","data":{}}',
    "Community.payment_methods": "MONTHLY_RESIDENCE",
    "UpdateClientRequest.payment_methods": "PAY_LATER",
    "phone": "+3225551234",
    "pick_up_postal_code": "1000",
    "pick_up_region_code": "BE",
    "picture_urls": "https://pictures.example.org/9782070409341.jpg",
    "platform_name": "Zorgwijzer",
    "postal_code": "1000",
    "postal_prefixes": "10",
    "price_qualifier": "05",
    "price_type": "04",
    "product_form": "BC",
    "product_forms": "BC",
    "product_ref": "9782070409341",
    "publication_date": "2025-03",
    "publisher_region_code": "FR",
    "reason": "Ordered by mistake",
    "recipient": "Anna Peeters",
    "record_ref": "9782070409341",
    "refresh_token": "cmVmcmVzaC10b2tlbi1leGFtcGxl",
    "region_code": "BE",
    "region_codes": "BE",
    "rep_code": "R07",
    "request_id": "0199f3c2-7a10-7b3e-9c55-51d2a7f0aa10",
    "return_address": "https://care.example.org/back",
    "return_addresses": "https://care.example.org/back",
    "roles": "ORDER_DESK",
    "rule": "GTIN_CHECK_DIGIT",
    "scheme": "93",
    "secret": "whsec_c2VjcmV0LW9mLXRoZS1zdWJzY3JpcHRpb24",
    "shipping_method": "STANDARD",
    "sku": "9782070409341-BC",
    "source": "Loi n° 81-766 du 10 août 1981",
    "source_address": "https://files.example.org/prices-2026.csv",
    "storefront_address": "https://shop.example.org/products",
    "street_lines": "Rue Neuve 1",
    "subject": "Votre commande 2026-000123",
    "target_address": "https://care.example.org/webhooks/commis",
    "tax_category": "S",
    "template": "order_confirmation",
    "terms_hash": _HASH,
    "terms_text": "Conditions générales de vente ...",
    "terms_version": "2026-01",
    "text": "Bonjour Anna, merci pour votre commande.",
    "text_language_code": "fr",
    "text_language_codes": "fr",
    "to_warehouse_id": "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e02",
    "token": "one-time-token-from-the-mail",
    "tracking_address": "https://track.example.org/3SABC123456789",
    "tracking_number": "3SABC123456789",
    "Characteristic.value": "XS",
    "vat_class": "BOOK",
    "vat_number": "BE0403170701",
    "version": "2026-01",
}
NUMBERS = {
    "fixed_price_months": 24,
    "max_weight_grams": 30_000,
    "min_quantity": 1,  # where a ladder begins
    "min_weight_grams": 0,
    "months": 24,
    "session_minutes": 480,
    "weight_grams": 350,
}
FLAGS = {"discontinued": False, "pick_up": False, "removed": False}
_DATE, _END_DATE = "2030-01-01", "2031-01-01"
_END_DATES = ("valid_to", "end_date", "to_date")
# Of these a request names one.
EITHER = (
    ("variant_id", "sku"),
    ("variant_id", "product_id", "category_id", "brand"),
    ("account_id", "group"),
    ("terms", "hash"),
    ("unit_price", "list_price"),
    ("jwks_uri", "jwks_json"),
    ("zones", "pick_up_region_code"),
    ("zones", "pick_up_postal_code"),
)
# What only our own services may send.
INTERNAL = frozenset(("negotiated_unit_price",))
BY_TYPE: dict[str, Any] = {
    "google.type.Money": {"amount": "12.34", "currency": "EUR"},
    "google.type.Decimal": "12.5",
    "google.type.Date": _DATE,
    "google.protobuf.Timestamp": "2026-11-21T10:00:00Z",
    "commis.common.v1.LocalizedText": {"fr": "Livre", "en": "Book"},
}


def example_text(field: FieldDescriptor) -> str:
    """A plausible value of this string field; identifiers are UUIDs."""
    owner = field.containing_type.name if field.containing_type is not None else ""
    for name in (f"{owner}.{field.name}", field.name):
        if name in EXAMPLES:
            return str(EXAMPLES[name])
    return _ID if is_identifier(field) else ""


def example_of_type(field: FieldDescriptor) -> Any:
    """Of a message that JSON shows as one value, or None; what ends is above or after what begins."""
    kind = field.message_type.full_name if field.message_type is not None else ""
    if kind == "google.type.Date" and field.name.endswith(_END_DATES):
        return _END_DATE
    if kind == "google.type.Money" and field.name.startswith("max_"):
        return {"amount": "50.00", "currency": "EUR"}
    return BY_TYPE.get(kind)


def without_alternatives(fields: Mapping[str, FieldDescriptor]) -> dict[str, FieldDescriptor]:
    """Of fields that exclude each other only the first, and none that clients may not send."""
    names = {field.name for field in fields.values()}
    left_out = INTERNAL | {name for group in EITHER for name in [each for each in group if each in names][1:]}
    return {name: field for name, field in fields.items() if field.name not in left_out}
