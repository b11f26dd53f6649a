"""Fixed book prices."""

from gateway.operation import Body, Routes
from gateway.query import Query

_caps = Routes("catalog.v1.LegalCapService", "Fixed book prices")

OPERATIONS = (
    _caps.post(
        "/v1/legal-caps",
        "CreateLegalCap",
        "Add a legal cap",
        description="At most this discount on the publisher's price of a book, for this class of buyer.",
        body=Body("legal_cap"),
        status=201,
        errors="INVALID_FIELDS LEGAL_CAP_OVERLAP",
    ),
    _caps.get(
        "/v1/legal-caps",
        "ListLegalCaps",
        "List legal caps",
        description="All ever valid, by jurisdiction, the newest first.",
        query=(Query("jurisdiction"),),
        errors="INVALID_FIELDS",
    ),
    _caps.post(
        "/v1/legal-caps/{legal_cap_id:id}:end",
        "EndLegalCap",
        "End a legal cap",
        description="Legal caps are never changed or deleted.",
        body=Body(),
        errors="LEGAL_CAP_NOT_FOUND LEGAL_CAP_ENDED INVALID_FIELDS",
    ),
)
