"""Selections: titles that staff put together for customers."""

from gateway.operation import Body, Routes
from gateway.query import Query

_selections = Routes("catalog.v1.SelectionService", "Selections")
_ONE = "/v1/selections/{selection_id:id}"
_MISSING = "SELECTION_NOT_FOUND"
_FOR = Query("account_id", description="As this account sees it; the token's account when absent.")

OPERATIONS = (
    _selections.get(
        "/v1/selections",
        "ListSelections",
        "List selections",
        description="Newest first. Staff see all; others those that are valid today and meant for them.",
        query=(_FOR,),
        errors="INVALID_FIELDS ACCOUNT_NOT_FOUND",
    ),
    _selections.get(
        f"{_ONE}/rows",
        "ListSelectionRows",
        "List the titles of a selection",
        description="Each with price and availability for one copy, and where the library system files it.",
        query=(
            Query("account_id", description="Prices and availability for this account; else the token's."),
            Query("language", "language_code", "Texts of the products in this language only."),
        ),
        errors=_MISSING + " ACCOUNT_NOT_FOUND INVALID_FIELDS",
    ),
    _selections.get(
        _ONE,
        "GetSelection",
        "Get a selection",
        query=(_FOR,),
        errors=_MISSING + " ACCOUNT_NOT_FOUND",
    ),
    _selections.post(
        "/v1/selections",
        "CreateSelection",
        "Create a selection",
        description="Seen by nobody but staff until it is visible to all, to groups or to accounts.",
        body=Body(),
        status=201,
        location="/v1/selections/{id}",
        errors="INVALID_FIELDS VARIANT_NOT_FOUND",
    ),
    _selections.patch(
        _ONE,
        "UpdateSelection",
        "selection",
        "Change a selection",
        description="Its titles change by `PUT` of its entries.",
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS",
    ),
    _selections.put(
        f"{_ONE}/entries",
        "SetSelectionEntries",
        "Set the titles of a selection, in order",
        description="The whole set, at most 2 000; each variant once.",
        body=Body(),
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS VARIANT_NOT_FOUND",
    ),
)
