"""Bulk imports; the upload itself is in `gateway.upload`, because it streams."""

from gateway.operation import Body, Routes
from gateway.query import Query

_imports = Routes("catalog.v1.ImportService", "Imports")
_mapping = Routes("catalog.v1.OnixMappingService", "Imports")
_MISSING = "IMPORT_NOT_FOUND"

OPERATIONS = (
    _imports.get("/v1/imports", "ListImports", "List imports"),
    _imports.post(
        "/v1/imports:fetch",
        "FetchImport",
        "Import from an address",
        description="The job first fetches the file: https, no internal network, no redirects, 2 GiB, one hour.",
        body=Body(),
        status=202,
        location="/v1/imports/{id}",
        errors="INVALID_FIELDS",
    ),
    _imports.get("/v1/imports/{import_id:id}", "GetImport", "Get an import's state", errors=_MISSING),
    _imports.get(
        "/v1/imports/{import_id:id}/verdicts",
        "ListImportVerdicts",
        "List the verdict per record",
        query=(Query("outcome"),),
        errors=_MISSING,
    ),
    _imports.post(
        "/v1/imports/{import_id:id}:cancel",
        "CancelImport",
        "Stop an import",
        description="After the current batch; what was applied stays.",
        body=Body(),
        errors=_MISSING + " IMPORT_ENDED",
    ),
    _mapping.get("/v1/onix-mapping", "GetOnixMapping", "Get which ONIX prices and subjects go where"),
    _mapping.put(
        "/v1/onix-mapping",
        "SetOnixMapping",
        "Set which ONIX prices and subjects go where",
        description="Replaces all rules; what no rule takes is left out of the prices with a finding, and becomes a "
        "characteristic of the subjects.",
        body=Body("mapping"),
        errors="INVALID_FIELDS PRICE_LIST_NOT_FOUND CATEGORY_NOT_FOUND ETAG_MISMATCH",
    ),
)
