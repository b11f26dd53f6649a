"""What descriptors do not say: which members clients may not send, which they must, and examples.

`REQUIRED` is documentation: the owning service refuses what is missing, together with all other findings.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

_ALWAYS_READ_ONLY = frozenset(("id", "create_time", "update_time", "etag"))
_READ_ONLY: dict[str, frozenset[str]] = {
    "commis.customers.v1.Account": frozenset(
        ("number", "kind", "display_name", "addresses", "persons", "client_link", "erase_time")
    ),
    "commis.customers.v1.BusinessProfile": frozenset(("state",)),
    "commis.customers.v1.Representative": frozenset(("assigned_account_count",)),
    "commis.catalog.v1.Variant": frozenset(("product_id", "product_name", "vat_class")),
    "commis.catalog.v1.Category": frozenset(("path",)),
    "commis.catalog.v1.Price": frozenset(("price_list_id",)),
    "commis.catalog.v1.Selection": frozenset(("entry_count",)),
    # Facts about the customer come from other services, never from a client.
    "commis.catalog.v1.QuoteLinesRequest": frozenset(("customer",)),
    # In the path.
    "commis.catalog.v1.SetPriceListOrderRequest": frozenset(("account_id", "group")),
    "commis.library.v1.Budget": frozenset(("held", "committed", "credited", "adjusted", "remaining")),
    "commis.orders.v1.Order": frozenset(
        {"number", "state", "payment_state", "fulfilment_state", "cart", "parties", "currency_code", "lines"}
        | {"language_code", "totals", "terms_acceptance", "place_time", "allowed_verbs", "map_link"}
        | {"approval", "activity", "not_undone", "shared"}
    ),
    "commis.orders.v1.Shipment": frozenset(("order_id", "position", "lines", "ship_time", "deliver_time")),
    "commis.orders.v1.ShipmentLine": frozenset(("sku", "description")),
    "commis.notifications.v1.WebhookSubscription": frozenset(("last_error", "disable_time")),
}


def is_read_only(field: FieldDescriptor) -> bool:
    """Shown, never accepted."""
    if field.name in _ALWAYS_READ_ONLY:
        return True
    owner = field.containing_type
    return owner is not None and field.name in _READ_ONLY.get(owner.full_name, ())


REQUIRED: dict[str, tuple[str, ...]] = {
    "commis.common.v1.Address": ("street_lines", "city", "region_code"),
    "commis.customers.v1.CreateAccountRequest": ("first_name", "last_name", "email", "language_code"),
    "commis.customers.v1.AccountAddress": ("address",),
    "commis.customers.v1.BusinessProfile": ("company_name", "vat_number"),
    "commis.customers.v1.Representative": ("rep_code", "first_name", "last_name", "email", "language_code"),
    "commis.customers.v1.StaffMember": ("first_name", "last_name", "email", "language_code", "roles"),
    "commis.customers.v1.SignInRequest": ("email", "password"),
    "commis.customers.v1.RefreshSessionRequest": ("refresh_token",),
    "commis.customers.v1.ChooseIdentityRequest": ("identity_id",),
    "commis.customers.v1.RequestPasswordResetRequest": ("email",),
    "commis.customers.v1.SetPasswordRequest": ("token", "password"),
    "commis.customers.v1.StartDataExportRequest": ("account_id",),
    "commis.customers.v1.StartErasureRequest": ("account_id",),
    "commis.customers.v1.InvitePersonRequest": ("first_name", "last_name", "email", "language_code", "role"),
    "commis.customers.v1.RequestBusinessProfileRequest": ("profile",),
    "commis.customers.v1.AskBusinessRequestRequest": ("message",),
    "commis.customers.v1.AnswerBusinessRequestRequest": ("message",),
    "commis.customers.v1.CarePlatform": ("display_name", "issuer", "audience"),
    "commis.customers.v1.Community": ("platform_id", "external_id", "display_name", "payment_methods"),
    "commis.customers.v1.CreateHandoffRequest": ("assertion",),
    "commis.customers.v1.ExchangeHandoffRequest": ("code",),
    "commis.customers.v1.CloseClientRequest": ("external_id",),
    "commis.orders.v1.StartPaymentRequest": ("return_address",),
    "commis.orders.v1.RefundPaymentRequest": ("reason",),
    "commis.customers.v1.EndAssistedSessionsRequest": ("care_worker_subject",),
    "commis.notifications.v1.WebhookSubscription": ("target_address",),
    "commis.catalog.v1.FetchImportRequest": ("kind", "format", "source_address"),
    "commis.catalog.v1.OnixPriceRule": ("price_type", "currency_code", "price_list_id"),
    "commis.catalog.v1.OnixSubjectRule": ("scheme", "code", "category_id"),
    "commis.catalog.v1.Product": ("name", "vat_class", "variants"),
    "commis.catalog.v1.Variant": ("sku",),
    "commis.catalog.v1.Characteristic": ("name", "value"),
    "commis.catalog.v1.Category": ("name",),
    "commis.catalog.v1.PriceList": ("code", "display_name", "currency_code"),
    "commis.catalog.v1.Price": ("valid_from", "ladder"),
    "commis.catalog.v1.LadderStep": ("min_quantity", "unit_price"),
    "commis.catalog.v1.SetPricesRequest": ("prices",),
    "commis.catalog.v1.SetPriceListOrderRequest": ("price_list_ids",),
    "commis.catalog.v1.DiscountRow": ("percent", "valid_from"),
    "commis.catalog.v1.EndDiscountRowRequest": ("valid_to",),
    "commis.catalog.v1.LegalCap": (
        *("jurisdiction", "buyer_class", "max_discount_percent", "valid_from", "source", "certainty"),
    ),
    "commis.catalog.v1.EndLegalCapRequest": ("valid_to",),
    "commis.catalog.v1.QuoteLinesRequest": ("lines",),
    "commis.catalog.v1.QuoteLine": ("quantity",),
    "commis.catalog.v1.Selection": ("title", "valid_from"),
    "commis.catalog.v1.CreateSelectionRequest": ("selection",),
    "commis.catalog.v1.Warehouse": ("code", "display_name", "region_code"),
    "commis.catalog.v1.MoveStockRequest": ("warehouse_id", "kind", "quantity"),
    "commis.orders.v1.LineInput": ("quantity",),
    "commis.orders.v1.AddOrderLinesRequest": ("lines",),
    "commis.orders.v1.UploadOrdersRequest": ("orders",),
    "commis.orders.v1.OfflineOrder": ("order_id", "account_id", "lines"),
    "commis.orders.v1.OfflineLine": ("line",),
    "commis.orders.v1.PlaceOrderRequest": ("terms_version", "terms_hash"),
    "commis.orders.v1.StartSharedOrderRequest": ("order_id",),
    "commis.orders.v1.AcceptedTerms": ("line_id", "hash"),
    "commis.orders.v1.ShippingMethod": ("code", "name", "currency_code"),
    "commis.orders.v1.ShipmentLine": ("line_id", "quantity"),
    "commis.orders.v1.WriteOrderMessageRequest": ("text",),
    "commis.orders.v1.CannedMessage": ("name", "text"),
    "commis.orders.v1.FillCannedMessageRequest": ("order_id",),
    "commis.orders.v1.ShippingBand": ("price",),
    "commis.orders.v1.PublishTermsRequest": ("version", "text"),
    "commis.library.v1.Budget": ("account_id", "code", "period_start_date", "period_end_date", "total"),
    "commis.library.v1.AllocateBudgetRequest": ("amount",),
    "commis.library.v1.AdjustBudgetRequest": ("amount", "reason"),
}

_ID = "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e01"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
# Of a string by the name of its field; "Message.field" wins over "field".
EXAMPLES: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk5In0.c2ln",
    "action": "placed",
    "address": "https://shop.example.org/products#handoff=b25lLXRpbWUtY29kZQ",
    "administrative_area": "",
    "allowed_verbs": "cancel",
    "assertion": "eyJhbGciOiJFZERTQSIsInR5cCI6ImNvbW1pcy1oYW5kb2ZmK2p3dCJ9.eyJpc3MiOiJodHRwcyJ9.c2ln",
    "audience": "https://shop.example.org",
    "authors": "Colette",
    "brand": "Folio",
    "budget_code": "FICTION",
    "CannedMessage.name": "Delay",
    "care_worker_name": "Emma Claes",
    "carrier": "bpost",
    "carriers": "bpost",
    "care_worker_subject": "worker-17",
    "category": "S",
    "cause": "EXPIRED",
    "chamber_of_commerce_number": "0403170701",
    "city": "Bruxelles",
    "client_address": "192.0.2.17",
    "client_external_id": "client-4711",
    "client_name": "Maria Janssens",
    "Budget.code": "FICTION",
    "code": "STANDARD",
    "ExchangeHandoffRequest.code": "b25lLXRpbWUtY29kZQ",
    "community_external_id": "residence-3",
    "community_name": "Residentie De Linde",
    "company": "Bibliothèque de Bruxelles",
    "company_name": "Bibliothèque de Bruxelles",
    "cost_centre": "CC-12",
    "currency_code": "EUR",
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
    "jwks_uri": "https://care.example.org/.well-known/jwks.json",
    "kept_because": "Fiscal documents are kept for ten years.",
    "language_code": "fr",
    "last_name": "Peeters",
    "line_id": "1",
    "line_reference": "A-17",
    "map_link": "https://www.openstreetmap.org/search?query=Rue%20Neuve%201%2C%201000%20Bruxelles",
    "message": "Please send us your VAT certificate.",
    "message_id": "msg_2mZkXq8bVn",
    "Facet.name": "brand",
    "name": "Size",
    "next_page_token": "eyJ2IjoxfQ",
    "not_undone": "MAILS_SENT",
    "number": "2026-000123",
    "order_reference": "PO-2026-17",
    "password": "correct horse battery staple",
    "path": "Livres/Romans",
    "payload_json": '{"type":"order.placed","data":{}}',
    "Community.payment_methods": "MONTHLY_RESIDENCE",
    "UpdateClientRequest.payment_methods": "PAY_LATER",
    "phone": "+3225551234",
    "picture_urls": "https://pictures.example.org/9782070409341.jpg",
    "platform_name": "Zorgwijzer",
    "postal_code": "1000",
    "product_form": "BC",
    "product_ref": "9782070409341",
    "publication_date": "2025-03",
    "reason": "Ordered by mistake",
    "recipient": "Anna Peeters",
    "record_ref": "9782070409341",
    "refresh_token": "cmVmcmVzaC10b2tlbi1leGFtcGxl",
    "region_code": "BE",
    "rep_code": "R07",
    "request_id": "0199f3c2-7a10-7b3e-9c55-51d2a7f0aa10",
    "return_address": "https://care.example.org/back",
    "return_addresses": "https://care.example.org/back",
    "roles": "ORDER_DESK",
    "rule": "GTIN_CHECK_DIGIT",
    "secret": "whsec_c2VjcmV0LW9mLXRoZS1zdWJzY3JpcHRpb24",
    "shipping_method": "STANDARD",
    "sku": "9782070409341-BC",
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
    "token": "one-time-token-from-the-mail",
    "tracking_address": "https://track.example.org/3SABC123456789",
    "tracking_number": "3SABC123456789",
    "vat_class": "BOOK",
    "vat_number": "BE0403170701",
    "version": "2026-01",
}
BY_TYPE: dict[str, Any] = {
    "google.type.Money": {"amount": "12.34", "currency": "EUR"},
    "google.type.Decimal": "12.5",
    "google.type.Date": "2026-11-21",
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


_NOT_UUIDS = frozenset(
    {"line_id", "reference_id", "subject_id", "actor_id", "cause_id", "line_ids", "message_id"}
    | {"external_id", "client_external_id", "community_external_id"}
)


def is_identifier(field: FieldDescriptor) -> bool:
    """Named like an id that Commis made (others, such as a client's own line_id, may be any text)."""
    named = field.name == "id" or field.name.endswith(("_id", "_ids"))
    return named and field.name not in _NOT_UUIDS
