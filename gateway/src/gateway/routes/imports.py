"""Bulk imports; the upload itself is in `gateway.upload`, because it streams."""

from gateway.operation import Body, Routes
from gateway.query import Query

_imports = Routes("catalog.v1.ImportService", "Imports")
_MISSING = "IMPORT_NOT_FOUND"

OPERATIONS = (
    _imports.get("/v1/imports", "ListImports", "List imports"),
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
)
