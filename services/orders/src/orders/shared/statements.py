# ruff: noqa: S608  # built from constants of this package only, once, at import
"""The statements that read and write a whole sheet: one round trip each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orders import direct
from orders.shared.domain.sheet import Change

FIND = direct.statement(
    "SELECT s.*, (SELECT jsonb_agg(l.item ORDER BY l.position) FROM shared_order_lines l"
    " WHERE l.order_id = s.order_id) AS items FROM shared_orders s WHERE s.order_id = :id"
)


# Columns of the log: their type, and what a change has there.
LOG: dict[str, tuple[str, Callable[[Change], Any]]] = {
    "sequence": ("bigint", lambda each: each.sequence),
    "occur_time": ("timestamptz", lambda each: each.time),
    "side": ("text", lambda each: each.actor.side),
    "actor_kind": ("text", lambda each: each.actor.party.kind),
    "actor_id": ("text", lambda each: each.actor.party.id),
    "actor_name": ("text", lambda each: each.actor.party.name),
    "kind": ("text", lambda each: each.kind),
    "item": ("text", lambda each: each.item),
    "field": ("text", lambda each: each.field),
    "from_value": ("text", lambda each: each.before),
    "to_value": ("text", lambda each: each.after),
    "text": ("text", lambda each: each.text),
    "picture": ("jsonb", lambda each: each.picture),
    "gone": ("boolean", lambda each: each.gone),
}
ROW = {
    **dict.fromkeys(("revision", "sent", "total"), "bigint"),
    **dict.fromkeys(("next_position", "line_count"), "int"),
    **dict.fromkeys(("open", "expired"), "boolean"),
    **dict.fromkeys(("send_time", "update_time"), "timestamptz"),
    **dict.fromkeys(("waiting_for", "expire_side", "vendor_colour", "customer_colour", "currency"), "text"),
    **dict.fromkeys(("header", "acceptance", "spender", "obstacles"), "jsonb"),
    "expire_date": "date",
}


def _unnest(columns: Mapping[str, str], prefix: str) -> str:
    return ", ".join(f"CAST(:{prefix}{name} AS {kind}[])" for name, kind in columns.items())


_LINES_AND_LOG = f"""
    removed AS (
        DELETE FROM shared_order_lines
        WHERE order_id = CAST(:order_id AS uuid) AND id = ANY(CAST(:gone AS uuid[]))
    ), written AS (
        INSERT INTO shared_order_lines (order_id, id, position, item)
        SELECT CAST(:order_id AS uuid), x.*
        FROM unnest({_unnest({"id": "uuid", "position": "int", "item": "jsonb"}, "line_")}) AS x
        ON CONFLICT (order_id, id) DO UPDATE SET item = excluded.item
    )
    INSERT INTO shared_order_changes (order_id, {", ".join(LOG)})
    SELECT CAST(:order_id AS uuid), x.*
    FROM unnest({_unnest({name: kind for name, (kind, _) in LOG.items()}, "log_")}) AS x
"""
FILL = direct.statement(f"WITH {_LINES_AND_LOG}")
SAVE = direct.statement(
    f"""
    WITH saved AS (
        UPDATE shared_orders SET {", ".join(f"{name} = CAST(:{name} AS {kind})" for name, kind in ROW.items())},
            reminded_waiting = reminded_waiting AND NOT CAST(:handed_over AS boolean),
            reminded_expiring = reminded_expiring AND NOT CAST(:handed_over AS boolean)
        WHERE order_id = CAST(:order_id AS uuid)
    ), {_LINES_AND_LOG}"""
)
