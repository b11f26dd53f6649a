"""The routes that take pasted text and files for an order, as OpenAPI."""

from __future__ import annotations

from typing import Any

from gateway import entry, openapi_problems
from gateway.wire import schema
from gateway.wire.schema import Schemas

_CHECKING = """\
At most 2 000 rows; text 1 MiB, XLSX 5 MiB. Each row is a SKU, ISBN or EAN and a quantity, apart by tabs, semicolons,
commas or spaces (`9782070360024;3`, `3 x AB-1`), with a header in English, French, Dutch or Italian or none. With a
header: line reference, cost centre, note, delivery date (day first) and budget too; without: a reference and a date.
The encoding is found in the text: UTF-8, UTF-16 or Windows-1252.

Every row is answered: `OK`, `UNKNOWN`, `AMBIGUOUS`, `NOT_AVAILABLE`, `BAD_QUANTITY` (also a `1.000` that may be 1 or
1000) or `BAD_REFERENCE`, with why, or with what was assumed."""
_ERRORS = "\n\nReasons of errors: `ORDER_NOT_FOUND`, `INVALID_FIELDS`, `WORKBOOKS_BUSY`"
_ADDING_ERRORS = ", `ETAG_MISMATCH`, `ORDER_NOT_EDITABLE`, `PLACEMENT_IN_PROGRESS`, `REQUEST_ID_REUSED`"
_EXAMPLE = "9782070360024;3\nAB-1;12\n"


def add_to(paths: dict[str, dict[str, Any]], schemas: Schemas) -> None:
    """Adds them to the paths of the document."""
    paths[entry.CHECK_PATH.replace(":id}", "}")] = {
        "post": _operation(schemas, entry.CHECK, "Check pasted or uploaded lines", _CHECKING + _ERRORS + ".")
    }
    adding = "Adds the rows that are OK, in one change of the sheet; the others are told. " + _CHECKING
    adds = _operation(
        schemas, entry.ADD, "Add pasted or uploaded lines", adding + _ERRORS + _ADDING_ERRORS + "."
    )
    adds["parameters"] += [openapi_problems.key_parameter(required=False), openapi_problems.MATCH_PARAMETER]
    adds["responses"]["200"]["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    adds["responses"] |= openapi_problems.listed(409, 412, 422)
    paths[entry.ADD_PATH.replace(":id}", "}")] = {"post": adds}


def _operation(schemas: Schemas, rpc: Any, summary: str, description: str) -> dict[str, Any]:
    shape = schemas.shown(rpc.output_type)
    fields = {item.name: item for item in rpc.output_type.fields}
    text = {"schema": {"type": "string"}, "example": _EXAMPLE}
    binary = {"schema": {"type": "string", "format": "binary"}}
    kinds = {kind: text if kind.startswith("text/") else binary for kind in entry.FORMATS}
    order_id = {"type": "string", "format": "uuid"}
    return {
        "operationId": f"{rpc.name[0].lower()}{rpc.name[1:]}",
        "tags": ["Orders"],
        "summary": summary,
        "description": description,
        "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": order_id}],
        "requestBody": {"required": True, "content": kinds},
        "responses": {
            "200": {
                "description": "Done.",
                "content": {
                    "application/json": {
                        "schema": shape,
                        "example": schema.example(fields, accepted=False),
                    }
                },
            },
            **openapi_problems.listed(400, 401, 403, 404, 408, 413, 415, 429, 431, 500, 503, 504),
        },
    }
