"""Data exports and erasures; the archive itself is in `gateway.download`, because it streams."""

from gateway.operation import Body, Routes

_protection = Routes("customers.v1.DataProtectionService", "Data protection")

OPERATIONS = (
    _protection.post(
        "/v1/data-exports",
        "StartDataExport",
        "Export what is held on an account or a person",
        description="Collected from every service; the archive is ready when the state is READY, for seven days. "
        "With `person_id` only what is held on that person of the account.",
        body=Body(),
        status=202,
        location="/v1/data-exports/{id}",
        errors="ACCOUNT_NOT_FOUND MEMBER_NOT_FOUND CHANGE_NOT_ALLOWED",
    ),
    _protection.get(
        "/v1/data-exports/{data_export_id:id}",
        "GetDataExport",
        "Get a data export's state",
        errors="DATA_EXPORT_NOT_FOUND",
    ),
    _protection.post(
        "/v1/erasures",
        "StartErasure",
        "Erase an account or a person",
        description="At once and for good. What a law makes us keep, and which law, is in the receipt. With "
        "`person_id` only that person of an account that goes on.",
        body=Body(),
        status=202,
        location="/v1/erasures/{id}",
        errors="ACCOUNT_NOT_FOUND MEMBER_NOT_FOUND CHANGE_NOT_ALLOWED LAST_ADMINISTRATOR",
    ),
    _protection.get(
        "/v1/erasures/{erasure_id:id}",
        "GetErasure",
        "Get an erasure's state and receipt",
        errors="ERASURE_NOT_FOUND",
    ),
)
