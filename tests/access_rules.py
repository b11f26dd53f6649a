"""Who may call what: one row per RPC, which is also the row of its route. The access matrix tests every row.

The callers (columns) are those of ``CALLERS``; the objects in curly brackets belong to account X, or to the own
care platform, unless they say otherwise. ``ok`` names the callers who get through: read RPCs answer, others answer
or refuse for a reason of the content (the etags here are stale, so that nothing is destroyed). ``empty`` names those
who are answered a list in which nothing of account X appears; ``sees`` those who may see the object but not do this
(403, or the 404 of a part of it; the answer for an absent object is another 404).
Everybody else is refused exactly as when the objects did not exist: 403, 404, and 401 for the anonymous.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

CALLERS = {
    "anonymous": "no token",
    "user": "a USER of account X",
    "administrator": "an ADMINISTRATOR of account X",
    "neighbour": "an ADMINISTRATOR of account Y",
    "rep": "a representative of account X, signed in",
    "ordering": "that representative in an ordering session for account X",
    "stranger": "a representative of account Y, signed in",
    "carer": "a care worker in an assisted session for a client",
    "platform": "the own care platform's token",
    "rival": "another care platform's token",
    "admin": "staff, ADMIN",
    "desk": "staff, ORDER_DESK",
    "catalogue": "staff, CATALOGUE",
    "finance": "staff, FINANCE",
    "service": "the service orders, with its own scopes",
}
SIGNED_IN = " ".join(name for name in CALLERS if name != "anonymous")
EVERYBODY = "anonymous " + SIGNED_IN
STAFF = "admin desk catalogue finance"
KEEPERS = "admin desk finance"
REP_KEEPERS = "admin desk"
PRICERS = "admin catalogue finance"
STOCKERS = "admin catalogue desk"
X = "user administrator rep ordering"


@dataclass(frozen=True)
class Row:
    """`request` is the RPC's request as protobuf JSON with field names as in the contract."""

    request: dict[str, Any] = field(default_factory=dict)
    ok: str = ""
    empty: str = ""
    sees: str = ""


STALE = '"999999"'
MONEY = {"currency_code": "EUR", "units": "1"}
PLACE = {"street_lines": ["Kerkstraat 12"], "postal_code": "1000", "city": "Brussel", "region_code": "BE"}
KEY = "{key}"  # a request id of its own for every call

ACCOUNT, ORDER, LINE = "{account}", "{order}", "{line}"
ORDER_LINES = [{"sku": "SKU-00001", "quantity": 1}]
ENTRY = base64.b64encode(b"SKU-00001;1").decode()
PERSON_FIELDS = {"first_name": "Ann", "last_name": "Maes", "email": "{email}", "language_code": "nl"}
PROFILE = {"company_name": "Boekhandel Maes", "vat_number": "BE0403170701"}
READS_ORDERS = f"{X} admin desk finance"
CHANGES_ORDERS = f"{X} admin desk"
DAY = {"year": 2026, "month": 11, "day": 21}
ASSERTION = "e30.e30.c2ln"

CUSTOMERS_ROWS = {
    # Accounts and their addresses
    "CreateAccount": Row({"request_id": KEY, **PERSON_FIELDS}, KEEPERS),
    "GetAccount": Row({"account_id": ACCOUNT}, f"{STAFF} {X}"),
    "UpdateAccount": Row(
        {"account": {"id": ACCOUNT, "language_code": "nl", "etag": STALE}, "update_mask": "language_code"},
        f"{KEEPERS} administrator",
        sees="user ordering",
    ),
    "ListAccounts": Row({"query": "linde"}, f"{STAFF} rep", empty="stranger"),
    "SendActivation": Row(
        {"account_id": ACCOUNT, "person_id": "{member}"}, f"{KEEPERS} administrator", sees="user ordering"
    ),
    "CreateAddress": Row(
        {"account_id": ACCOUNT, "address": {"label": "matrix", "address": PLACE}},
        f"{KEEPERS} administrator ordering",
        sees="user rep",
    ),
    "ListAddresses": Row({"account_id": ACCOUNT}, f"{STAFF} {X}"),
    "UpdateAddress": Row(
        {
            "account_id": ACCOUNT,
            "address": {"id": "{address}", "label": "x", "address": PLACE, "etag": STALE},
        },
        f"{KEEPERS} administrator ordering",
        sees="user rep",
    ),
    "DeleteAddress": Row(
        {"account_id": ACCOUNT, "address_id": "{address}", "etag": STALE},
        f"{KEEPERS} administrator ordering",
        sees="user rep",
    ),
    # Business profiles and members
    "RequestBusinessProfile": Row(
        {"request_id": KEY, "profile": PROFILE}, "anonymous administrator neighbour"
    ),
    "ListBusinessRequests": Row(
        {}, "user administrator admin desk finance", empty="neighbour carer ordering"
    ),
    "GetBusinessRequest": Row({"business_request_id": "{request}"}, STAFF),
    "ApproveBusinessRequest": Row({"business_request_id": "{request}", "etag": STALE}, "admin desk finance"),
    "RejectBusinessRequest": Row(
        {"business_request_id": "{request}", "message": "no", "etag": STALE}, "admin desk finance"
    ),
    "AskBusinessRequest": Row(
        {"business_request_id": "{request}", "message": "why?", "etag": STALE}, "admin desk finance"
    ),
    "AnswerBusinessRequest": Row({"business_request_id": "{request}", "message": "so", "etag": STALE}, ""),
    "RemoveBusinessProfile": Row(
        {"account_id": ACCOUNT, "etag": STALE}, "administrator admin", sees="user ordering"
    ),
    "InvitePerson": Row(
        {"account_id": ACCOUNT, "role": "ROLE_USER", **PERSON_FIELDS},
        f"{KEEPERS} administrator",
        sees="user ordering",
    ),
    "ListMembers": Row({"account_id": ACCOUNT}, f"{STAFF} {X}"),
    "UpdateMember": Row(
        {
            "account_id": ACCOUNT,
            "person": {"id": "{member}", "role": "ROLE_USER", "etag": STALE},
            "update_mask": "role",
        },
        f"{KEEPERS} administrator",
        sees="user ordering",
    ),
    "RemoveMember": Row(
        {"account_id": ACCOUNT, "person_id": "{member}", "etag": STALE},
        f"{KEEPERS} administrator",
        sees="user ordering",
    ),
    # Representatives, staff, audit
    "CreateRepresentative": Row({"representative": {"rep_code": "{code}", **PERSON_FIELDS}}, REP_KEEPERS),
    "GetRepresentative": Row({"representative_id": "{rep}"}, f"{STAFF} rep"),
    "UpdateRepresentative": Row(
        {
            "representative": {"id": "{rep}", "first_name": "Robin", "etag": STALE},
            "update_mask": "first_name",
        },
        REP_KEEPERS,
    ),
    "ListRepresentatives": Row({}, STAFF),
    "AssignAccount": Row({"representative_id": "{rep}", "account_id": ACCOUNT}, REP_KEEPERS),
    "UnassignAccount": Row({"representative_id": "{idle_rep}", "account_id": ACCOUNT}, REP_KEEPERS),
    "CreateStaffMember": Row({"staff_member": {"roles": ["STAFF_ROLE_FINANCE"], **PERSON_FIELDS}}, "admin"),
    "UpdateStaffMember": Row(
        {"staff_member": {"id": "{staff}", "first_name": "Ann", "etag": STALE}, "update_mask": "first_name"},
        "admin",
    ),
    "ListStaffMembers": Row({}, STAFF),
    "ListAuditEntries": Row({"account_id": ACCOUNT}, f"{STAFF} {X}"),
    # Sessions, passwords, tokens
    "SignIn": Row({"email": "nobody@nowhere.example", "password": "wrong"}, EVERYBODY),
    "RefreshSession": Row({"refresh_token": "nonsense"}, EVERYBODY),
    "SignOut": Row({}, SIGNED_IN),
    "ChooseIdentity": Row({"identity_id": ACCOUNT}, "user administrator"),
    "OpenOrderingSession": Row({"account_id": ACCOUNT}, "rep"),
    "RequestPasswordReset": Row({"email": "nobody@nowhere.example"}, EVERYBODY),
    "SetPassword": Row({"token": "nonsense", "password": "correct horse battery staple 8"}, EVERYBODY),
    "GetSession": Row({}, SIGNED_IN),
    "CreateFeedTicket": Row({}, f"{STAFF} {X} neighbour stranger carer"),
    "RedeemFeedTicket": Row({"ticket": "nonsense"}, EVERYBODY),
    "GetJwks": Row({}, EVERYBODY),
    "IssueServiceToken": Row({"client_id": "nobody", "client_secret": "wrong"}, EVERYBODY),
    # Care platforms; {platform}, {community} and {subscription} are the own platform's
    "CreateHandoff": Row({"assertion": ASSERTION}, EVERYBODY),
    "ExchangeHandoff": Row({"code": "nonsense"}, EVERYBODY),
    "CreateCarePlatform": Row(
        {
            "care_platform": {
                "display_name": "New",
                "issuer": "https://{code}.example",
                "audience": "a",
                "jwks_json": "{jwks}",
            }
        },
        "admin",
    ),
    "GetCarePlatform": Row({"care_platform_id": "{platform}"}, "admin desk finance"),
    "UpdateCarePlatform": Row(
        {
            "care_platform": {"id": "{platform}", "display_name": "x", "etag": STALE},
            "update_mask": "display_name",
        },
        "admin",
    ),
    "ListCarePlatforms": Row({}, "admin desk finance"),
    "CreateCommunity": Row(
        {
            "community": {
                "platform_id": "{platform}",
                "external_id": "{code}",
                "display_name": "New",
                "language_code": "nl",
                "payment_methods": ["PAY_LATER"],
            }
        },
        "admin",
    ),
    "UpdateCommunity": Row(
        {
            "community": {"id": "{community}", "display_name": "x", "etag": STALE},
            "update_mask": "display_name",
        },
        "admin",
    ),
    "ListCommunities": Row({}, "platform admin desk finance", empty="rival"),
    "UpdateClient": Row({"account_id": "{client}", "payment_methods": ["PAY_LATER"]}, "admin desk finance"),
    "CloseClient": Row(
        {"platform_id": "{platform}", "external_id": "{spare_client}"}, "platform admin desk finance"
    ),
    "EndAssistedSessions": Row(
        {"platform_id": "{platform}", "care_worker_subject": "nobody"}, "platform admin desk finance"
    ),
    "ListHandoffRefusals": Row({}, "platform admin desk finance", empty="rival"),
    # Data protection
    "StartDataExport": Row(
        {"account_id": ACCOUNT, "person_id": "{member}"}, "admin user", sees="administrator ordering"
    ),
    "GetDataExport": Row({"data_export_id": "{export}"}, "admin administrator"),
    "DownloadDataExport": Row({"data_export_id": "{export}"}, "admin administrator"),
    "StartErasure": Row(
        {"account_id": ACCOUNT, "person_id": "{nobody}"}, "", sees="admin administrator user ordering"
    ),
    "GetErasure": Row({"erasure_id": "{erasure}"}, "admin"),
    # Between services, by scope
    "AddExportPart": Row(
        {"data_export_id": "{export}", "service": "orders", "content": "e30=", "part": 1}, "service"
    ),
    "ReportErasure": Row({"erasure_id": "{erasure}", "service": "orders"}, "service"),
    "GetErasureSubjects": Row({"erasure_id": "{erasure}"}, "service"),
    "GetOrderingContext": Row({"account_id": ACCOUNT}, "service"),
    "AuthorizeOrder": Row(
        {"account_id": ACCOUNT, "order_id": ORDER, "payment_method": "PAY_LATER"}, "service"
    ),
    "ListVisibleAccounts": Row({}, "service"),
    "GetPlatformAccess": Row({}, ""),
    "GetRecipient": Row({"party": {"kind": "PARTY_KIND_ACCOUNT", "id": ACCOUNT}}, ""),
    "GetCredentialLink": Row({"credential_request_id": "{nobody}"}, ""),
    "GetBusinessRequestMail": Row({"business_request_id": "{request}"}, ""),
    "GetReceiptMail": Row({"receipt_id": "{erasure}"}, ""),
    "ListAdministrators": Row({"account_id": ACCOUNT}, ""),
}

CATALOG_ROWS = {
    "UploadImport": Row(
        {"header": {"kind": "KIND_STOCK", "format": "FORMAT_CSV", "file_name": "x.csv"}}, "admin catalogue"
    ),
    "FetchImport": Row(
        {"kind": "KIND_STOCK", "format": "FORMAT_CSV", "file_name": "x.csv", "source_address": "nowhere"},
        "admin catalogue",
    ),
    "ExportCatalog": Row({"kind": "KIND_STOCK", "format": "FORMAT_CSV"}, "admin catalogue"),
    "GetOnixMapping": Row({}, "admin catalogue"),
    "SetOnixMapping": Row({"mapping": {"etag": STALE}}, "admin catalogue"),
    "GetImport": Row({"import_id": "{import}"}, "admin catalogue"),
    "ListImports": Row({}, "admin catalogue"),
    "ListImportVerdicts": Row({"import_id": "{import}"}, "admin catalogue"),
    "CancelImport": Row({"import_id": "{import}"}, "admin catalogue"),
    "QuoteLines": Row({"account_id": ACCOUNT, "lines": ORDER_LINES}, f"{STAFF} {X}"),
    "CreatePriceList": Row(
        {"price_list": {"code": "{code}", "display_name": "x", "currency_code": "EUR"}}, PRICERS
    ),
    "GetPriceList": Row({"price_list_id": "{price_list}"}, PRICERS),
    "UpdatePriceList": Row(
        {
            "price_list": {"id": "{price_list}", "display_name": "x", "etag": STALE},
            "update_mask": "display_name",
        },
        PRICERS,
    ),
    "ListPriceLists": Row({}, PRICERS),
    "SetPrices": Row(
        {
            "price_list_id": "{price_list}",
            "prices": [
                {"sku": "SKU-00059", "valid_from": DAY, "ladder": [{"min_quantity": 1, "unit_price": MONEY}]}
            ],
        },
        PRICERS,
    ),
    "ListPrices": Row({"price_list_id": "{price_list}"}, PRICERS),
    "SetPriceListOrder": Row({"account_id": ACCOUNT, "price_list_ids": ["{price_list}"]}, PRICERS),
    "GetPriceListOrder": Row({"account_id": ACCOUNT}, PRICERS),
    "CreateDiscountRow": Row(
        {
            "discount_row": {
                "account_id": ACCOUNT,
                "brand": "Nobody",
                "percent": {"value": "1"},
                "valid_from": DAY,
            }
        },
        PRICERS,
    ),
    "EndDiscountRow": Row(
        {"discount_row_id": "{discount_row}", "valid_to": {"year": 2030, "month": 1, "day": 1}}, PRICERS
    ),
    "ListDiscountRows": Row({"account_id": ACCOUNT}, PRICERS),
    "CreateLegalCap": Row(
        {
            "legal_cap": {
                "jurisdiction": "BR",
                "buyer_class": "CONSUMER",
                "max_discount_percent": {"value": "10"},
                "valid_from": DAY,
                "source": "x",
                "certainty": "CERTAINTY_SECONDARY",
            }
        },
        PRICERS,
    ),
    "EndLegalCap": Row(
        {"legal_cap_id": "{legal_cap}", "valid_to": {"year": 2030, "month": 1, "day": 1}}, PRICERS
    ),
    "ListLegalCaps": Row({"jurisdiction": "BE-VLG"}, PRICERS),
    "CreateProduct": Row(
        {
            "product": {
                "product_ref": "{code}",
                "name": {"texts": {"en": "x"}},
                "vat_class": "STANDARD",
                "variants": [{"sku": "{code}"}],
            }
        },
        "admin catalogue",
    ),
    "GetProduct": Row({"product_id": "{product}", "account_id": ACCOUNT}, f"{STAFF} {X}"),
    "UpdateProduct": Row(
        {"product": {"id": "{product}", "brand": "x", "etag": STALE}, "update_mask": "brand"},
        "admin catalogue",
    ),
    "ListProducts": Row({}, SIGNED_IN),
    "BatchGetVariants": Row({"skus": ["SKU-00001"]}, SIGNED_IN),
    "ResolveCodes": Row({"codes": ["SKU-00001"]}, SIGNED_IN),
    "CreateCategory": Row({"category": {"name": {"texts": {"en": "{code}"}}}}, "admin catalogue"),
    "ListCategories": Row({}, SIGNED_IN),
    "SearchProducts": Row({"query": "chair", "account_id": ACCOUNT}, f"{STAFF} {X}"),
    # Selections; {selection} is for account X and for the care worker's own client
    "CreateSelection": Row(
        {"request_id": KEY, "selection": {"title": {"texts": {"en": "x"}}, "valid_from": DAY}},
        "admin catalogue",
    ),
    "GetSelection": Row({"selection_id": "{selection}", "account_id": ACCOUNT}, f"{STAFF} {X}"),
    "UpdateSelection": Row(
        {
            "selection": {"id": "{selection}", "title": {"texts": {"en": "x"}}, "etag": STALE},
            "update_mask": "title",
        },
        "admin catalogue",
    ),
    "ListSelections": Row({"account_id": ACCOUNT}, f"{STAFF} {X}"),
    "SetSelectionEntries": Row(
        {"selection_id": "{selection}", "entries": [{"sku": "SKU-00001"}], "etag": STALE}, "admin catalogue"
    ),
    "ListSelectionRows": Row({"selection_id": "{selection}", "account_id": ACCOUNT}, f"{STAFF} {X}"),
    "CreateWarehouse": Row(
        {"warehouse": {"code": "{code}", "display_name": "x", "region_code": "BE"}}, STOCKERS
    ),
    "ListWarehouses": Row({}, STOCKERS),
    "ListStock": Row({"sku": "SKU-00001"}, STOCKERS),
    "MoveStock": Row(
        {
            "sku": "SKU-00059",
            "warehouse_id": "{warehouse}",
            "kind": "KIND_RECEIPT",
            "quantity": 1,
            "reason": "x",
        },
        STOCKERS,
    ),
    "TransferStock": Row(
        {
            "sku": "SKU-00059",
            "from_warehouse_id": "{warehouse}",
            "to_warehouse_id": "{warehouse}",
            "quantity": 1,
            "reason": "x",
        },
        STOCKERS,
    ),
    "CountStock": Row(
        {
            "warehouse_id": "{warehouse}",
            "reason": "x",
            "counts": [{"sku": "SKU-00059", "counted_quantity": -1}],
        },
        STOCKERS,
    ),
    "ListBackorders": Row({}, STOCKERS),
    "ListStockMovements": Row({}, STOCKERS),
    "ReserveStock": Row({"order_id": "{nobody}", "attempt_id": "{nobody}"}, "service"),
    "ReleaseStock": Row({"order_id": "{nobody}", "reason": "x"}, "service"),
}

ORDERS_ROWS = {
    "OpenCart": Row({"account_id": ACCOUNT}, CHANGES_ORDERS),
    "CreateOrder": Row({"account_id": ACCOUNT, "lines": ORDER_LINES}, CHANGES_ORDERS),
    "GetOrder": Row({"order_id": ORDER}, READS_ORDERS),
    "BatchGetOrders": Row({"order_ids": [ORDER]}, ""),
    "ListOrders": Row({}, READS_ORDERS, empty="neighbour stranger carer"),
    "UpdateOrder": Row(
        {"order": {"id": ORDER, "note": "x", "etag": STALE}, "update_mask": "note"}, CHANGES_ORDERS
    ),
    "AddOrderLines": Row({"order_id": ORDER, "lines": ORDER_LINES, "etag": STALE}, CHANGES_ORDERS),
    "UpdateOrderLine": Row(
        {
            "order_id": ORDER,
            "line_id": LINE,
            "line": {"quantity": 2},
            "update_mask": "quantity",
            "etag": STALE,
        },
        CHANGES_ORDERS,
    ),
    "RemoveOrderLine": Row({"order_id": ORDER, "line_id": LINE, "etag": STALE}, CHANGES_ORDERS),
    "GetCheckout": Row({"order_id": ORDER}, READS_ORDERS),
    "PlaceOrder": Row(
        {"request_id": KEY, "order_id": ORDER, "terms_version": "1", "terms_hash": "0", "etag": STALE},
        CHANGES_ORDERS,
    ),
    "ApproveOrder": Row(
        {"request_id": KEY, "order_id": ORDER, "etag": STALE}, "administrator", sees="user ordering"
    ),
    "RejectOrder": Row(
        {"order_id": ORDER, "reason": "x", "etag": STALE}, "administrator", sees="user ordering"
    ),
    "StartSharedOrder": Row({"order_id": ORDER, "etag": STALE}, CHANGES_ORDERS),
    "GetSharedOrder": Row({"order_id": "{shared_order}"}, READS_ORDERS),
    "ListSharedOrders": Row({}, READS_ORDERS, empty="neighbour stranger carer"),
    "ProposeChanges": Row(
        {"order_id": "{shared_order}", "revision": 999999, "header": {"note": "x"}}, CHANGES_ORDERS
    ),
    "WithdrawChanges": Row({"order_id": "{shared_order}", "revision": 999999}, CHANGES_ORDERS),
    "SendSharedOrder": Row(
        {"order_id": "{shared_order}", "expire_date": {"year": 2020, "month": 1, "day": 1}}, CHANGES_ORDERS
    ),
    "AcceptChanges": Row({"order_id": "{shared_order}", "revision": 999999, "hash": "0"}, CHANGES_ORDERS),
    "DeclineChanges": Row({"order_id": "{shared_order}", "revision": 999999}, CHANGES_ORDERS),
    "EndSharedOrder": Row({"order_id": "{ended_order}", "reason": "x"}, CHANGES_ORDERS),
    "ListSheetChanges": Row({"order_id": "{shared_order}"}, READS_ORDERS),
    "MarkSheetSeen": Row({"order_id": "{shared_order}", "sequence": 999999}, CHANGES_ORDERS),
    "CheckEntry": Row({"order_id": ORDER, "format": "ENTRY_FORMAT_TEXT", "content": ENTRY}, CHANGES_ORDERS),
    "AddEntry": Row(
        {"order_id": ORDER, "format": "ENTRY_FORMAT_TEXT", "content": ENTRY, "etag": STALE}, CHANGES_ORDERS
    ),
    "CheckReorder": Row({"order_id": ORDER, "past_order_id": "{past_order}"}, CHANGES_ORDERS),
    "AddReorder": Row({"order_id": ORDER, "past_order_id": "{past_order}", "etag": STALE}, CHANGES_ORDERS),
    # Each order has its own answer, which is the same for a foreign account as for one that does not exist.
    "UploadOrders": Row(
        {"orders": [{"order_id": "{nobody}", "account_id": ACCOUNT, "lines": [{"line": ORDER_LINES[0]}]}]},
        "rep stranger admin desk",
    ),
    "ExportOrders": Row({"format": "FORMAT_CSV"}, f"{READS_ORDERS} neighbour stranger carer"),
    "GetRepresentativeStatistics": Row(
        {"representative_id": "{rep}", "from_date": DAY, "to_date": DAY}, "rep admin desk finance"
    ),
    "ListRepresentativeFigures": Row(
        {"representative_id": "{rep}", "from_date": DAY, "to_date": DAY, "by": "BY_ACCOUNT"},
        "rep admin desk finance",
    ),
    "CancelOrder": Row({"order_id": ORDER, "reason": "x", "etag": STALE}, CHANGES_ORDERS),
    "ProcessOrder": Row({"order_id": ORDER, "etag": STALE}, "admin desk"),
    "ShipOrder": Row({"order_id": ORDER, "etag": STALE}, "admin desk"),
    "DeliverOrder": Row({"order_id": ORDER, "etag": STALE}, "admin desk"),
    "CloseOrder": Row({"order_id": ORDER, "etag": STALE}, "admin desk"),
    "ListOrderHistory": Row({"order_id": ORDER}, READS_ORDERS),
    "AddAttachment": Row({"order_id": ORDER, "file_name": "stock.txt"}, CHANGES_ORDERS),
    "ListAttachments": Row({"order_id": ORDER}, READS_ORDERS),
    "ReadAttachment": Row({"order_id": ORDER, "attachment_id": "{attachment}"}, READS_ORDERS),
    # Of none, so that nothing is destroyed: who may remove what is tested in orders.
    "RemoveAttachment": Row({"order_id": ORDER, "attachment_id": "{nobody}"}, ""),
    "CreateShipment": Row({"order_id": ORDER, "etag": STALE}, "admin desk"),
    "UpdateShipment": Row(
        {"order_id": "{shipped_order}", "shipment": {"id": "{shipment}", "carrier": "x", "etag": STALE}},
        "admin desk",
    ),
    "DeliverShipment": Row({"order_id": "{shipped_order}", "shipment_id": "{shipment}"}, "admin desk"),
    "ListShipments": Row({"order_id": ORDER}, READS_ORDERS),
    "WriteOrderMessage": Row({"request_id": KEY, "order_id": ORDER, "text": "x"}, CHANGES_ORDERS),
    "ListOrderMessages": Row({"order_id": ORDER}, READS_ORDERS),
    "GetOrderMessage": Row({"order_message_id": "{order_message}"}, ""),
    "CreateCannedMessage": Row(
        {"canned_message": {"name": "{code}", "text": {"texts": {"en": "x"}}}}, "admin desk"
    ),
    "UpdateCannedMessage": Row(
        {"canned_message": {"id": "{canned_message}", "name": "Delay", "etag": STALE}}, "admin desk"
    ),
    "DeleteCannedMessage": Row({"canned_message_id": "{canned_message}", "etag": STALE}, "admin desk"),
    "ListCannedMessages": Row({}, "admin desk"),
    "FillCannedMessage": Row({"canned_message_id": "{canned_message}", "order_id": ORDER}, "admin desk"),
    "GetCommunityStatistics": Row(
        {"community_id": "{community}", "from_date": DAY, "to_date": DAY}, "platform admin desk finance"
    ),
    "GetPlacements": Row({"order_ids": [ORDER]}, ""),
    "CreateShippingMethod": Row(
        {"shipping_method": {"code": "{code}", "name": {"texts": {"en": "x"}}, "currency_code": "EUR"}},
        "admin desk",
    ),
    "UpdateShippingMethod": Row(
        {
            "shipping_method": {"id": "{shipping_method}", "active": True, "etag": STALE},
            "update_mask": "active",
        },
        "admin desk",
    ),
    "ListShippingMethods": Row({}, SIGNED_IN),
    "PublishTerms": Row({"version": "2026-01", "text": {"texts": {"en": "other"}}}, "admin"),
    "GetTerms": Row({}, EVERYBODY),
    # Payments: who acts for a customer never pays, who pays needs no link; a link's token alone opens it
    "StartPayment": Row(
        {"order_id": ORDER, "return_address": "https://elsewhere.example/"},
        "user administrator",
        sees="ordering",
    ),
    "ListPayments": Row({"order_id": ORDER}, READS_ORDERS),
    "SendPaymentLink": Row({"order_id": ORDER}, "rep ordering admin desk finance", sees="user administrator"),
    "GetPaymentLink": Row({"token": "x"}, ""),
    "PayByLink": Row({"token": "x"}, ""),
    "NotifyPayment": Row({"provider": "mollie", "provider_payment_id": "tr_x"}, EVERYBODY),
    "RefundPayment": Row({"payment_id": "{nobody}"}, "admin finance"),
    "GetPaymentLinkMail": Row({"payment_link_id": "{nobody}"}, ""),
}

LIBRARY_ROWS = {
    "CreateBudget": Row(
        {
            "budget": {
                "account_id": ACCOUNT,
                "code": "{code}",
                "period_start_date": DAY,
                "period_end_date": DAY,
                "total": MONEY,
            }
        },
        "admin finance desk",
    ),
    "GetBudget": Row({"budget_id": "{budget}"}, f"{STAFF} {X} service"),
    "ListBudgets": Row({"account_id": ACCOUNT}, f"{STAFF} {X} service"),
    "UpdateBudget": Row(
        {"budget": {"id": "{budget}", "display_name": "x", "etag": STALE}, "update_mask": "display_name"},
        "admin desk finance",
    ),
    "AllocateBudget": Row({"budget_id": "{budget}", "amount": MONEY, "reason": "x"}, "admin desk finance"),
    "AdjustBudget": Row({"budget_id": "{budget}", "amount": MONEY, "reason": "x"}, "admin desk finance"),
    "ListBudgetEntries": Row({"budget_id": "{budget}"}, f"{STAFF} {X} service"),
    "HoldBudgets": Row({"order_id": "{nobody}", "account_id": ACCOUNT, "attempt_id": "{nobody}"}, "service"),
    "CommitBudgets": Row({"order_id": "{nobody}", "commit_id": "{nobody}"}, "service"),
    "ReleaseBudgets": Row({"order_id": "{nobody}", "reason": "x"}, "service"),
    "CreditBudgets": Row({"order_id": "{nobody}", "credit_id": "{nobody}"}, "service"),
}

NOTIFICATIONS_ROWS = {
    "ListFeedEntries": Row({"after_sequence": "0"}, "user administrator ordering", empty="neighbour carer"),
    "ListMails": Row({}, STAFF),
    "GetMail": Row({"mail_id": "{mail}"}, STAFF),
    "ResendMail": Row({"mail_id": "{mail}"}, STAFF),
    "CreateWebhookSubscription": Row(
        {"subscription": {"platform_id": "{platform}", "target_address": "http://127.0.0.1:9/{code}"}},
        "admin",
    ),
    "GetWebhookSubscription": Row({"subscription_id": "{subscription}"}, "platform admin"),
    "UpdateWebhookSubscription": Row(
        {
            "subscription": {"id": "{subscription}", "state": "STATE_ACTIVE", "etag": STALE},
            "update_mask": "state",
        },
        "platform admin",
    ),
    "ListWebhookSubscriptions": Row({}, "platform admin", empty="rival"),
    "RotateWebhookSecret": Row({"subscription_id": "{subscription}"}, "platform admin"),
    "ListWebhookDeliveries": Row({"subscription_id": "{subscription}"}, "platform admin"),
    "RedeliverWebhook": Row({"delivery_id": "{delivery}"}, "platform admin"),
    "ListWebhookEvents": Row({"platform_id": "{platform}"}, "platform admin", empty="rival"),
}

ROWS = CUSTOMERS_ROWS | CATALOG_ROWS | ORDERS_ROWS | LIBRARY_ROWS | NOTIFICATIONS_ROWS
# What a care worker may do in a session for this very client: everything else is refused, or not there.
CARERS_OWN = {
    *("ListShipments", "WriteOrderMessage", "ListOrderMessages"),
    *("GetAccount", "ListAddresses", "ListMembers", "OpenCart", "CreateOrder", "GetOrder", "ListOrders"),
    *(
        "UpdateOrder",
        "AddOrderLines",
        "CheckEntry",
        "AddEntry",
        "AddReorder",
        "StartSharedOrder",
        "UpdateOrderLine",
        "RemoveOrderLine",
        "GetCheckout",
        "PlaceOrder",
        "CancelOrder",
    ),
    *("ListPayments", "SendPaymentLink"),
    *(
        "ListOrderHistory",
        "AddAttachment",
        "ListAttachments",
        "ReadAttachment",
        "QuoteLines",
        "GetProduct",
        "SearchProducts",
        "GetSelection",
        "ListSelections",
        "ListSelectionRows",
        "ListAuditEntries",
        "ListBusinessRequests",
        "ListBudgets",
    ),
}
# Routes that are not one RPC each, by operation id: the row they share.
ALIASES = {
    "createHandoffInBrowser": "CreateHandoff",
    "followSharedOrder": "GetSharedOrder",
    "followFeed": "ListFeedEntries",
    "issueToken": "IssueServiceToken",
    "getKeys": "GetJwks",
    "setAccountPriceLists": "SetPriceListOrder",
    "getAccountPriceLists": "GetPriceListOrder",
    "setGroupPriceLists": "SetPriceListOrder",
    "getGroupPriceLists": "GetPriceListOrder",
}
