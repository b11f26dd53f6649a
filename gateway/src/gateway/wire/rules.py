"""What descriptors do not say: which members clients may not send, and which they must.

`REQUIRED` is documentation: the owning service refuses what is missing, together with all other findings.
"""

from __future__ import annotations

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

_NOT_UUIDS = frozenset(
    {"line_id", "reference_id", "subject_id", "actor_id", "cause_id", "line_ids", "message_id"}
    | {"external_id", "client_external_id", "community_external_id"}
)


def is_identifier(field: FieldDescriptor) -> bool:
    """Named like an id that Commis made (others, such as a client's own line_id, may be any text)."""
    named = field.name == "id" or field.name.endswith(("_id", "_ids"))
    return named and field.name not in _NOT_UUIDS
